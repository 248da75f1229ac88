"""How a client is reached: their choices, and which addresses count as theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.messaging.models import Choices, Outgoing
from alcove.clinic.messaging.policy import Did, Messages
from alcove.clinic.messaging.queries import choosing
from alcove.clinic.messaging.queries.choosing import HOWS, Choice
from alcove.clinic.messaging.queries.composing import may_leave_at
from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.identity.policy import Own


class Unchanged(Conflict):
    """What was asked for is so already; nothing was written."""


WISHES: Final = frozenset(
    {"channel", "language", "quiet_from", "quiet_to", "time_zone", "confidential_email", "confidential_phone"}
)
_CLASH = (
    "Someone else changed this while you were writing. Nothing of yours was saved yet: "
    "compare with what is there now, then save again."
)


@action(Messages.EDIT)
def choose(
    change: Change, client_id: UUID, wishes: Mapping[str, str], *, version: int, is_warned: bool | None = None
) -> Choice:
    """Note what a client chose; ``wishes``: any of ``WISHES``, what is not named stays.

    ``version``: of the row the form was filled from, 0 for none. ``is_warned``: whether the client was told that plain
    e-mail and SMS can be read on the way and wants them nevertheless; None leaves that as it is. Raises ``Conflict``,
    ``Unchanged``.
    """
    if not wishes.keys() <= WISHES:
        raise ValueError("there is no such wish")
    row, before = _held(client_id)
    if (row.version if row else 0) != version:
        raise Conflict(_CLASH)
    asked: dict[str, Any] = dict(wishes)
    after = replace(before, **asked)
    if is_warned is not None and is_warned != bool(before.warned_at):
        at, by = (change.now.isoformat(), change.actor.name) if is_warned else ("", "")
        after = replace(after, warned_at=at, warned_by=by)
    _keep(change, client_id, row, before, after, Did.CHOSEN)
    return after


@action(Own.EDIT)
def choose_own(
    change: Change, *, channel: str, language: str, quiet_from: str, quiet_to: str, time_zone: str
) -> Choice:
    """Let a patient choose for themselves: way, language, quiet hours and clock; not whose addresses are whose.

    The guard has opened the client. Raises ``Unchanged``.
    """
    client_id = change.actor.client_id
    if client_id is None:
        raise NotFound("there is no such client")
    row, before = _held(client_id)
    after = replace(
        before,
        channel=channel,
        language=language,
        quiet_from=quiet_from,
        quiet_to=quiet_to,
        time_zone=time_zone,
    )
    _keep(change, client_id, row, before, after, Did.CHOSEN)
    return after


@action(Messages.EDIT)
def confirm_address(change: Change, client_id: UUID, address: str, *, how: str) -> None:
    """Note that an address is the client's own; ``how``: a code word of ``HOWS``. Clears that it sent something back.

    Raises ``NotFound`` for an address that is not among the client's, ``Unchanged``.
    """
    if how not in HOWS:
        raise ValueError("there is no such way of confirming")
    row, before = _held(client_id)
    client = Client.objects.get(pk=client_id)
    if not any(address in found for found in choosing.addresses(client, before).values()):
        raise NotFound("there is no such address on this card")
    said = {"how": how, "at": change.now.isoformat()}
    if address in before.confirmed and address not in before.bounced:
        raise Unchanged("This address is confirmed already.")
    bounced = {one: at for one, at in before.bounced.items() if one != address}
    after = replace(before, confirmed={**before.confirmed, address: said}, bounced=bounced)
    _keep(change, client_id, row, before, after, Did.CONFIRMED)


@action(Messages.EDIT)
def unconfirm_address(change: Change, client_id: UUID, address: str) -> None:
    """Take back that an address is the client's own; raise ``Unchanged``."""
    row, before = _held(client_id)
    confirmed = {one: said for one, said in before.confirmed.items() if one != address}
    _keep(change, client_id, row, before, replace(before, confirmed=confirmed), Did.UNCONFIRMED)


def note_bounce(change: Change, client_id: UUID, address: str) -> None:
    """Note that an address sent something back: nothing goes there until it is confirmed anew. Part of another deed."""
    row, before = _held(client_id)
    after = replace(before, bounced={**before.bounced, address: change.now.isoformat()})
    _keep(change, client_id, row, before, after, Did.BOUNCED)


def _held(client_id: UUID) -> tuple[Choices | None, Choice]:
    # The client's own row is what two people who choose for the first time have in common.
    if Client.objects.select_for_update().filter(pk=client_id).first() is None:
        raise NotFound("there is no such client")
    row = Choices.objects.select_for_update().filter(client_id=client_id).first()
    return row, choosing.choice_of(row)


def _keep(
    change: Change, client_id: UUID, row: Choices | None, before: Choice, after: Choice, event: Did
) -> None:
    if before == after:
        raise Unchanged("This is so already.")
    held = {key: value for key, value in after.held().items() if value}
    if row is None:
        change.create(Choices, event, client_id=client_id, held=held)
    else:
        change.update(row, event, held=held)
    # Names of what changed say more in the log than the name of the column.
    change.drafts.pop()
    change.record(event, client_id=client_id, fields=_changed(before, after))
    _retime(change, client_id, after)


def _changed(before: Choice, after: Choice) -> Sequence[str]:
    was, now = before.held(), after.held()
    return sorted(key for key in now if now[key] != was[key])


def _retime(change: Change, client_id: UUID, chosen: Choice) -> None:
    """Move what waits to when it may leave by the new choice; a message being sent is left to its round."""
    rows: Any = Outgoing.objects.select_for_update().filter(
        client_id=client_id, state=Outgoing.State.WAITING, leaving_at__isnull=True, tries=0
    )
    for row in rows:
        earliest = max(change.now, row.created_at + policy.MESSAGE_UNDO)
        facts = (row.content or {}).get("facts", {})
        leaves = may_leave_at(
            row.kind, facts, chosen, wanted=row.wanted_at, ends_at=row.ends_at, now=earliest
        )
        row.due_at, row.fault = leaves or row.wanted_at, "" if leaves else "quiet hours"
        row.save(update_fields=["due_at", "fault"])
