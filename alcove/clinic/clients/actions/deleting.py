"""Deleting a client: hidden from everyone at once, undone until they are erased; and legal holds, which stop both.

The areas above see to what is theirs (``compliance.privacy``): coming visits, messages, the portal. What must never
happen: a client deleted who is under a legal hold, or who is only half gone.
"""

from __future__ import annotations

from uuid import UUID

from alcove.clinic.clients.actions.cards import Unchanged, number_directory
from alcove.clinic.clients.actions.exports import end_exports_of
from alcove.clinic.clients.actions.glass import worded
from alcove.clinic.clients.models import Client, Deletion, LegalHold
from alcove.clinic.clients.policy import Clients, Did
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.models import DeletedClient


class OnHold(Conflict):
    """A legal hold is in force: nothing of this client is deleted or erased."""

    def __init__(self) -> None:
        super().__init__(
            "This client is under a legal hold. Nothing of theirs is deleted until it is lifted."
        )


def held_client(client_id: UUID) -> Client:
    """Return a client's row, held to the end of the transaction: whoever deletes, erases or holds waits here.

    Raises ``NotFound``.
    """
    found = Client.objects.select_for_update(no_key=True).filter(pk=client_id).first()
    if found is None:
        raise NotFound("there is no such client")
    return found


def refuse_on_hold(client_id: UUID) -> None:
    """Raise ``OnHold`` while a legal hold is in force; the caller holds the client's row."""
    if LegalHold.objects.filter(client_id=client_id, lifted_at__isnull=True).exists():
        raise OnHold


@action(Clients.REMOVE)
def delete_client(change: Change, client_id: UUID, *, ground: str, reason: str) -> Deletion:
    """Hide a client from everyone, at once. Raises ``ReasonTooShort``, ``OnHold``, ``Conflict`` if it is so already."""
    reason = worded(reason)
    if ground not in Deletion.GROUNDS:
        raise ValueError("there is no such ground")
    client = held_client(client_id)
    refuse_on_hold(client_id)
    if DeletedClient.objects.filter(client_id=client_id).exists():
        raise Unchanged("Somebody deleted this client meanwhile.")
    made = change.create(
        Deletion, Did.DELETED, client_id=client_id, ground=ground, reason=reason, was_hidden=client.is_hidden,
        deleted_by_id=change.actor.id,
    )  # fmt: skip
    DeletedClient(client_id=client_id, since=change.now).save(force_insert=True)
    _put_hidden(change, client, is_hidden=True)
    end_exports_of(change, client_id)
    return made


@action(Clients.REMOVE)
def undo_deletion(change: Change, client_id: UUID) -> Deletion:
    """Bring a deleted client back as they were; raise ``Conflict`` if that was done already."""
    client = held_client(client_id)
    found = Deletion.objects.filter(client_id=client_id, undone_at__isnull=True).first()
    if found is None:
        raise Unchanged("This client is not deleted any more.")
    # No earlier version is kept of it, which would lie under the client's key: nobody here has it open.
    found.undone_at, found.undone_by_id = change.now, change.actor.id
    found.save(update_fields=["undone_at", "undone_by_id"])
    change.record(Did.UNDELETED, client_id=client_id, on=found)
    DeletedClient.objects.filter(client_id=client_id).delete()
    _put_hidden(change, client, is_hidden=found.was_hidden)
    return found


def _put_hidden(change: Change, client: Client, *, is_hidden: bool) -> None:
    client.is_hidden = is_hidden
    client.save(update_fields=["is_hidden"])
    change.touch(client)
    number_directory(change, client.pk)


@action(Clients.HOLD)
def place_hold(change: Change, client_id: UUID, *, reason: str) -> LegalHold:
    """Stop every deletion and erasure of this client. Raises ``ReasonTooShort``, ``Unchanged``, ``NotFound``."""
    reason = worded(reason)
    held_client(client_id)
    if LegalHold.objects.filter(client_id=client_id, lifted_at__isnull=True).exists():
        raise Unchanged("A legal hold is in force already.")
    return change.create(
        LegalHold, Did.HOLD_PLACED, client_id=client_id, reason=reason, placed_by_id=change.actor.id
    )


@action(Clients.HOLD)
def lift_hold(change: Change, client_id: UUID) -> None:
    """Lift the hold in force; raise ``Unchanged`` if there is none."""
    held_client(client_id)
    found = LegalHold.objects.filter(client_id=client_id, lifted_at__isnull=True).first()
    if found is None:
        raise Unchanged("There is no legal hold on this client any more.")
    found.lifted_at, found.lifted_by_id = change.now, change.actor.id
    found.save(update_fields=["lifted_at", "lifted_by_id"])
    change.record(Did.HOLD_LIFTED, client_id=client_id, on=found)
