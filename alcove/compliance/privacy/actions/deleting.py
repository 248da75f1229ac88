"""Deleting a client and undoing it, with what every area has of them: visits, waitlist, messages, the portal."""

from __future__ import annotations

from uuid import UUID

from alcove.clinic.calendar.actions import coming, waitlist
from alcove.clinic.calendar.models import WaitlistEntry
from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Deletion
from alcove.clinic.clients.policy import Clients
from alcove.clinic.downtime.actions import forget_client
from alcove.clinic.messaging import actions as messages
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.policy import Did
from alcove.compliance.privacy.queries import care
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.identity.actions import patients

_WAITS = (WaitlistEntry.State.WAITING, WaitlistEntry.State.OFFERED)


class InTheHouse(Conflict):
    """The client is here at the moment."""

    def __init__(self) -> None:
        super().__init__("This client is in the house. Check them out first, then delete the card.")


@action(Clients.REMOVE)
def delete(change: Change, client_id: UUID, *, ground: str, reason: str) -> Deletion:
    """Delete a client: gone at once from everything, with coming visits cancelled and the portal closed.

    Nothing is told to the client. Raises ``ReasonTooShort``, ``OnHold``, ``InTheHouse``, ``Unchanged``, ``NotFound``.
    """
    clients.held_client(client_id)
    clients.refuse_on_hold(client_id)
    if care.is_here(client_id, change.now):
        raise InTheHouse
    for booking in care.coming(client_id, change.now):
        coming.cancel(change, booking)
    for entry in WaitlistEntry.objects.filter(client_id=client_id, state__in=_WAITS):
        waitlist.leave(change, entry)
    # Last of all: the cancellations have planned messages of their own, and nothing reaches a deleted client.
    made = clients.delete_client(change, client_id, ground=ground, reason=reason)
    messages.withdraw_all(change, client_id)
    patients.shut_out_patient(change, client_id)
    forget_client(change, client_id)
    return made


@action(Clients.REMOVE)
def undo(change: Change, client_id: UUID) -> None:
    """Bring a deleted client back, and take back a request for erasure; cancelled visits stay cancelled.

    Raises ``Unchanged`` if that was done already, ``Conflict`` once an erasure is approved.
    """
    clients.held_client(client_id)
    for erasure in Erasure.objects.select_for_update().filter(client_id=client_id):
        if erasure.is_running or erasure.is_done:
            raise Conflict("The erasure of this client is approved. It cannot be undone any more.")
        if erasure.is_waiting:
            erasure.decide(Erasure.State.WITHDRAWN, change.actor.id, change.actor.name, change.now)
            erasure.save(update_fields=Erasure.DECISION)
            change.record(Did.WITHDRAWN, client_id=client_id, on=erasure)
    clients.undo_deletion(change, client_id)
    patients.let_in_patient(change, client_id)
