"""The chart's lists: added, changed, struck, and checked where a patient or an import entered them (REC-08, CLN-08)."""

from __future__ import annotations

from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.records.actions.sensitive import begun
from alcove.clinic.records.models import Item, Visit
from alcove.clinic.records.models.content import KINDS, Entry
from alcove.clinic.records.policy import Did, Records
from alcove.security.access.audiences import Mark
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.vault.ids import uuid7

STRUCK = "This entry was struck from the chart and is kept as it was."
STALE = "Someone else changed this entry meanwhile. Nothing was overwritten: compare, then save again."
STAFF = "staff"


def _must_be_on_the_chart(item: Item, seen: int | None) -> None:
    if item.struck_at is not None:
        raise Conflict(STRUCK)
    if seen is not None and seen != item.version:
        raise Conflict(STALE)


@action(Records.CREATE)
def add_item(
    change: Change,
    client: Client,
    *,
    kind: str,
    entry: Entry,
    visit: Visit | None = None,
    source: str = STAFF,
    row_id: UUID | None = None,
    sensitive: Mark | None = None,
) -> Item:
    """Add an entry to one of the lists. What does not come from staff waits for a clinician's check.

    ``row_id``: the form's, so that a form sent twice adds one entry; the second time raises ``Conflict``.
    """
    if row_id and Item.objects.filter(pk=row_id).exists():
        raise Conflict("This entry was added already.")
    if type(entry) is not KINDS[kind]:
        raise ValueError("the entry is of another kind")
    if row_id is None or Item.everything.filter(pk=row_id).exists():
        # An id that an entry out of sight has is free to this actor, like any other.
        row_id = uuid7()
    head = Item(id=row_id, client_id=client.id, kind=kind, author_id=change.actor.id)
    return change.create(
        Item, Did.ITEM_ADDED, id=row_id, client=client, visit=visit, kind=kind, content=entry.as_content(),
        source=source, author_id=change.actor.id, is_verified=source == STAFF,
        audience_id=begun(change, head, sensitive),
    )  # fmt: skip


@action(Records.EDIT)
def change_item(change: Change, item: Item, *, entry: Entry, seen: int | None = None) -> list[str]:
    """Change what an entry says; return the names of what changed. ``seen``: the version the page showed.

    A clinician who corrects an unverified entry has checked it; what the patient or the import said stays as a
    version. Raises ``Conflict``.
    """
    _must_be_on_the_chart(item, seen)
    before = item.content
    # What a newer version of Alcove keeps in it and this one does not know stays.
    after = {key: value for key, value in before.items() if not hasattr(entry, key)} | entry.as_content()
    if before == after:
        raise Conflict("Nothing was changed: the chart says this already.")
    if item.is_waiting:
        change.actor.must(Records.VERIFY)
        change.update(
            item,
            Did.ITEM_VERIFIED,
            content=after,
            is_verified=True,
            checked_by=change.actor.id,
            checked_at=change.now,
        )
    else:
        change.update(item, Did.ITEM_CHANGED, content=after)
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


@action(Records.VERIFY)
def accept_item(change: Change, item: Item, *, seen: int | None = None) -> None:
    """Accept an unverified entry as it stands."""
    _must_be_waiting(item, seen)
    change.update(
        item, Did.ITEM_VERIFIED, is_verified=True, checked_by=change.actor.id, checked_at=change.now
    )


@action(Records.VERIFY)
def reject_item(change: Change, item: Item, *, reason: str = "", seen: int | None = None) -> None:
    """Reject an unverified entry: it is struck, stays unverified, and stays readable."""
    _must_be_waiting(item, seen)
    change.update(
        item,
        Did.ITEM_VERIFIED,
        reason=reason,
        struck_at=change.now,
        checked_by=change.actor.id,
        checked_at=change.now,
    )


def _must_be_waiting(item: Item, seen: int | None) -> None:
    _must_be_on_the_chart(item, seen)
    if not item.is_waiting:
        raise Conflict("This entry was checked already.")


@action(Records.DELETE)
def strike_item(change: Change, item: Item, *, reason: str = "", seen: int | None = None) -> None:
    """Strike an entry from the chart; it stays readable as struck. ``reason`` goes sealed into the log."""
    _must_be_on_the_chart(item, seen)
    change.update(item, Did.ITEM_STRUCK, reason=reason, struck_at=change.now)
