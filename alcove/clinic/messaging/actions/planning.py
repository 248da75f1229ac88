"""Planning what a client is told about a visit, and taking it back before it leaves.

A plan is part of the deed it tells of: rolled back with it. It leaves no sooner than the deed can be undone
(``policy.MESSAGE_UNDO``); taking it back and its leaving are decided by one row's lock, so it is one or the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from alcove.clinic.messaging.models import Outgoing
from alcove.clinic.messaging.models.kinds import ALL, KINDS
from alcove.clinic.messaging.policy import Did, Messages
from alcove.clinic.messaging.queries import choosing, timing
from alcove.clinic.messaging.queries.places import wall_clock
from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound

FAILED_JOB: Final = "messaging.failed"
"""The job left behind for each message that came back or could not leave: ``outgoing``, ``client``, ``about``, ``why``.
``project/wiring.py`` names who follows."""
_FACTS: Final = frozenset({"starts_at", "location", "token"})


@dataclass(frozen=True, slots=True)
class Plan:
    """A message to be: a kind of ``KINDS``, when it should leave, and from when it is worth nothing.

    The undo window and the client's quiet hours may move ``due_at``.
    """

    kind: str
    due_at: datetime
    ends_at: datetime


@action(Messages.EDIT)
def plan(
    change: Change, client_id: UUID, plans: Sequence[Plan], *, about: UUID, facts: dict[str, str]
) -> list[Outgoing]:
    """Plan messages about a booking, in this order; the client's directory part must be open.

    ``facts``: ``{starts_at (ISO, UTC), location (id, hex), token ("" for none)}``. By which way they go is decided when
    they leave, by what the client chose then. Raises ``ValueError`` for a kind or facts there are none of: a fault of
    the caller.
    """
    if any(one.kind not in KINDS for one in plans) or set(facts) != _FACTS:
        raise ValueError("there is no such kind of message, or its facts are not the ones there are")
    if datetime.fromisoformat(facts["starts_at"]).tzinfo is None:
        raise ValueError("the beginning of a visit is a moment, with its zone")
    chosen = choosing.choice(client_id)
    zone = choosing.zone_named(chosen.time_zone, wall_clock(facts["location"]))
    earliest = change.now + policy.MESSAGE_UNDO

    def row(one: Plan) -> dict[str, Any]:
        wanted = max(one.due_at, earliest)
        leaves = timing.moment(one.kind, wanted, one.ends_at, chosen, zone, now=earliest)
        return {
            "client_id": client_id, "about": about, "kind": one.kind, "content": {"facts": facts},
            "wanted_at": wanted, "due_at": leaves or wanted, "ends_at": one.ends_at, "created_at": change.now,
            "fault": "" if leaves else "quiet hours",
        }  # fmt: skip

    return change.create_each(Outgoing, Did.PLANNED, [row(one) for one in plans])


@action(Messages.EDIT)
def withdraw(change: Change, about: UUID, *, kinds: Collection[str] = ALL) -> int:
    """Take back what has not left yet about a booking; return how many. An entry for each."""
    # Whoever is about to send one of them waits here, and finds it gone; what is on its last word stays.
    rows = Outgoing.objects.select_for_update().filter(
        about=about, kind__in=list(kinds), state=Outgoing.State.WAITING, leaving_at__isnull=True
    )
    return sum(_take_back(change, row, "visit") for row in rows)


@action(Messages.EDIT)
def withdraw_all(change: Change, client_id: UUID) -> int:
    """Take back whatever has not left yet to a client; return how many. What is on its last word stays."""
    rows = Outgoing.objects.select_for_update().filter(
        client_id=client_id, state=Outgoing.State.WAITING, leaving_at__isnull=True
    )
    return sum(_take_back(change, row, "deleted") for row in rows)


@action(Messages.EDIT)
def withdraw_one(change: Change, client_id: UUID, outgoing_id: UUID) -> None:
    """Take back one message by hand; raise ``NotFound``, ``Conflict`` if it has left meanwhile."""
    row = Outgoing.objects.select_for_update().filter(pk=outgoing_id, client_id=client_id).first()
    if row is None:
        raise NotFound("there is no such message")
    if not row.is_waiting or row.leaving_at is not None:
        raise Conflict("This message has left or ended meanwhile.")
    _take_back(change, row, "by hand")


def _take_back(change: Change, row: Outgoing, why: str) -> int:
    row.state, row.fault, row.ended_at = Outgoing.State.WITHDRAWN, why, change.now
    row.content, row.milli, row.charged_at = None, 0, None
    row.save(update_fields=["state", "fault", "ended_at", "content", "milli", "charged_at"])
    change.record(Did.WITHDRAWN, client_id=row.client_id, on=row, fields=(row.kind,))
    return 1
