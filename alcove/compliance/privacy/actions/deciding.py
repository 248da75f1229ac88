"""Asking for a final erasure, and deciding about it: one asks, another decides, never the same.

Nobody approves what they asked for, the database says so too (``privacy_approved_by_another``). A legal hold stops
every step; whoever places one waits for the client's row, so none slips in between the look and the deed.
"""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.actions.glass import worded
from alcove.clinic.clients.models import Deletion
from alcove.compliance.privacy.actions.deleting import delete
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.policy import Did, Privacy, Round
from alcove.compliance.privacy.queries import care
from alcove.compliance.privacy.queries import check as checking
from alcove.security.access import need
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound, Refused

BY_ITSELF = "Alcove, by the retention rules"
OVER = "Kept as long as the rules ask for."


@action(Privacy.ASK)
def ask(change: Change, client_id: UUID, *, reason: str) -> Erasure:
    """Ask for the final erasure of a deleted client.

    Raises ``ReasonTooShort``, ``OnHold``, ``NotFound`` for a client who is not deleted, ``Conflict`` if it is asked
    for already, or if nothing is left to erase.
    """
    reason = worded(reason)
    clients.held_client(client_id)
    deletion = Deletion.objects.filter(client_id=client_id, undone_at__isnull=True).first()
    if deletion is None or not need.is_deleted(client_id):
        raise NotFound("there is no such deleted client")
    clients.refuse_on_hold(client_id)
    if Erasure.objects.filter(client_id=client_id, state=Erasure.State.DONE).exists():
        raise Conflict("This client is erased. What is kept goes by itself when its time is over.")
    return _made(
        change, client_id, Did.ASKED, state=Erasure.State.ASKED, ground=deletion.ground, reason=reason,
        asked_by_name=change.actor.name[:120],
    )  # fmt: skip


@action(Round.CARRY_OUT)
def propose(change: Change, client_id: UUID) -> Erasure:
    """Propose the removal of what was kept long enough; raise ``OnHold``, or ``Conflict`` if it is proposed already."""
    clients.held_client(client_id)
    clients.refuse_on_hold(client_id)
    return _made(
        change, client_id, Did.PROPOSED, state=Erasure.State.PROPOSED, ground="over", asked_by_name=BY_ITSELF
    )


def _made(change: Change, client_id: UUID, event: Did, **values: object) -> Erasure:
    found = checking.check(client_id)
    try:
        with transaction.atomic():
            return change.create(
                Erasure, event, client_id=client_id, items=[one.as_data() for one in found.items],
                asked_by_id=change.actor.id, keeps_until=found.kept.until if found.kept else None,
                is_whole=found.is_whole, **values,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict("Somebody asked for this erasure already.") from None


def _held(change: Change, erasure_id: UUID, *states: str) -> Erasure:
    """Return a request in one of these states, held with its client; raise ``NotFound``, ``Conflict``, ``Refused``."""
    found = Erasure.objects.filter(pk=erasure_id).first()
    if found is None:
        raise NotFound("there is no such erasure")
    clients.held_client(found.client_id)
    found = Erasure.objects.select_for_update().get(pk=erasure_id)
    if change.actor.kind != "person" or change.actor.id is None:
        raise Refused(Privacy.APPROVE.key, "A person decides this, signed in.")
    if found.state not in states:
        raise Conflict("Somebody decided this meanwhile.")
    return found


def _refuse_own(change: Change, erasure: Erasure) -> None:
    if erasure.asked_by_id is not None and erasure.asked_by_id == change.actor.id:
        raise Refused(Privacy.APPROVE.key, "Nobody approves what they asked for. Somebody else decides.")


@action(Privacy.APPROVE)
def approve(change: Change, erasure_id: UUID) -> Erasure:
    """Approve an erasure: from now on nothing brings the client back. The worker carries it out within seconds.

    What the rules propose about a client who was never deleted is deleted by it. Raises ``Refused`` for one's own,
    ``OnHold``, ``NotFound``, ``Conflict`` if it is decided, or if the client has come again since.
    """
    found = _held(change, erasure_id, Erasure.State.PROPOSED, Erasure.State.ASKED)
    _refuse_own(change, found)
    clients.refuse_on_hold(found.client_id)
    if found.state == Erasure.State.PROPOSED:
        now = checking.check(found.client_id)
        if now.kept is not None or care.coming(found.client_id, change.now):
            raise Conflict("This client has come again, or the rules changed. Refuse this proposal.")
        if not need.is_deleted(found.client_id):
            delete(change, found.client_id, ground="over", reason=OVER)
    _decide(change, found, Did.APPROVED, Erasure.State.APPROVED)
    return found


@action(Privacy.APPROVE)
def refuse(change: Change, erasure_id: UUID) -> Erasure:
    """Refuse an erasure; the client stays deleted, or as they were. Raises as ``approve``."""
    found = _held(change, erasure_id, Erasure.State.PROPOSED, Erasure.State.ASKED)
    _refuse_own(change, found)
    _decide(change, found, Did.REFUSED, Erasure.State.REFUSED)
    return found


@action(Privacy.ASK)
def withdraw(change: Change, erasure_id: UUID) -> Erasure:
    """Take back a request that nobody has decided; raise ``Conflict`` if somebody has."""
    found = _held(change, erasure_id, Erasure.State.ASKED)
    _decide(change, found, Did.WITHDRAWN, Erasure.State.WITHDRAWN)
    return found


def _decide(change: Change, erasure: Erasure, event: Did, state: str) -> None:
    erasure.decide(state, change.actor.id, change.actor.name, change.now)
    erasure.save(update_fields=Erasure.DECISION)
    change.record(event, client_id=erasure.client_id, on=erasure)
