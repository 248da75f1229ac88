"""Marking entries sensitive, choosing who reads them, and lifting the mark: what every area's actions call.

An area says which rows belong together (a note and its amendments) and who wrote them. Everything else is here: the
key, the audience, the values sealed anew with all their earlier versions in the same transaction, the log. The log
names rows and people by their ids, and never a category.

What must never happen: a value or an earlier version of a marked row left under the record's key
(``records/tests/test_sensitive.py``); someone who writes meanwhile and seals for the wrong readers. Rows are locked and
get a new version number, so whoever read them before is told to look again; who writes *about* a row without changing
it holds it first (``change.hold_audience``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from alcove.security.access import audiences, need
from alcove.security.access.audiences import Category, Mark, Readers
from alcove.security.access.change import Change
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import Audience, AudienceMember, SensitiveRow, Version
from alcove.security.access.policy import Did, Sensitive
from alcove.security.audit.events import Event
from alcove.security.vault import keyring
from alcove.security.vault.entries import Markable, held_at_once, move
from alcove.security.vault.errors import RowsBusy
from alcove.security.vault.models import EntryKey

STALE = "Somebody changed this meanwhile. Nothing was changed by you: look at it again."
BY_GLASS = (
    "Emergency access reads a sensitive entry. It does not change who does, but for naming somebody else."
)
NOBODY_READS = "Somebody has to be able to read it. Name at least one person."

_NO_ONE = Readers()


def locked(rows: Iterable[Markable]) -> list[Any]:
    """Return these rows as they are now, locked; raise ``Conflict`` if one was changed since read, or is just now."""
    found: list[Any] = []
    for row in rows:
        now = _hold(type(row).everything.filter(pk=row.pk))
        if not now or (now[0].audience_id, _version(now[0])) != (row.audience_id, _version(row)):
            raise Conflict(STALE)
        found += now
    return found


def _hold(rows: models.QuerySet[Any]) -> list[Any]:
    try:
        return held_at_once(rows)
    except RowsBusy:
        raise Conflict(STALE) from None


def _version(row: models.Model) -> int:
    return int(getattr(row, "version", 0))


def begin(change: Change, client_id: UUID, head: Markable, wanted: Mark) -> Audience:
    """Make the key and the audience of a row that is about to be made or marked: ``head`` has its id already.

    Whoever does it and whoever wrote the row (``author_id``) are always of the audience.
    """
    change.actor.must(Sensitive.MARK)
    found = need.reach(change.actor, client_id)
    if found.is_limited and found.is_by_glass:
        raise Refused(Sensitive.MARK.key, BY_GLASS)
    author_id = getattr(head, "author_id", None)
    own = {one for one in (author_id, change.actor.id) if one}
    first = Readers(wanted.readers.people | own, wanted.readers.roles)
    if first == _NO_ONE:
        raise Conflict(NOBODY_READS)
    entry = keyring.new_entry_key(client_id)
    entry.save(force_insert=True)
    audience = Audience(
        id=entry.id, audience_id=entry.id, client_id=client_id, head_model=head._meta.label_lower, head_id=head.pk,
        author_id=author_id, category=Category(wanted.category).value, since=change.now,
    )  # fmt: skip
    audience.save(force_insert=True)
    change.record(Did.ENTRY_LIMITED, client_id=client_id, on=head)
    _name(change, audience, head, first, _NO_ONE)
    return audience


def mark(change: Change, client_id: UUID, head: Markable, rows: Sequence[Markable], wanted: Mark) -> Audience:
    """Mark rows that belong together as one sensitive entry; ``rows``: with the head, as ``locked`` returned them."""
    if any(row.audience_id is not None for row in rows):
        raise Conflict(STALE)
    audience = begin(change, client_id, head, wanted)
    _bring(rows, audience.id)
    change.touch(*rows)
    SensitiveRow.objects.bulk_create(
        [SensitiveRow(object_id=row.pk, client_id=client_id, audience_id=audience.id) for row in rows]
    )
    return audience


def choose(change: Change, audience: Audience, head: Markable, wanted: Mark) -> None:
    """Set who reads an entry and of which category it is, from the next request on; raise ``Conflict``, ``Refused``.

    Its author stays. By broken glass one names somebody else and no more: an entry whose readers have all left finds
    new ones that way, and nobody gets in for good by their own hand.
    """
    change.actor.must(Sensitive.MARK)
    held = _held(audience)
    before = audiences.readers(held.id)
    after = Readers(wanted.readers.people | {one for one in (held.author_id,) if one}, wanted.readers.roles)
    is_new_category = held.category != wanted.category
    if not _is_inside(change, held):
        joining = after.people - before.people
        if (
            is_new_category
            or after.roles != before.roles
            or before.people - after.people
            or change.actor.id in joining
        ):
            raise Refused(Sensitive.MARK.key, BY_GLASS)
    if after == _NO_ONE:
        raise Conflict(NOBODY_READS)
    if not is_new_category and before == after:
        raise Conflict("Nothing was changed: it is so already.")
    held.category, held.version = Category(wanted.category).value, held.version + 1
    held.save(update_fields=["category", "version"])
    if is_new_category:
        change.record(Did.CATEGORY_CHANGED, client_id=held.client_id, on=head)
    _name(change, held, head, after, before)


def lift(change: Change, audience: Audience, head: Markable) -> None:
    """Let everyone who reads the record read an entry again; its key is destroyed. Raises ``Conflict``, ``Refused``."""
    # The head stands before its other rows are looked for: whoever adds to an entry holds it (``hold_audience``).
    [head] = locked([head])
    rest = [
        row for kind in _kinds() for row in kind.objects.filter(audience_id=audience.id) if row.pk != head.pk
    ]
    rows = [head, *locked(rest)]
    change.actor.must(Sensitive.MARK)
    held = _held(audience)
    if not _is_inside(change, held):
        raise Refused(Sensitive.MARK.key, BY_GLASS)
    _bring(rows, None)
    change.touch(*rows)
    SensitiveRow.objects.filter(audience_id=held.id).delete()
    AudienceMember.objects.filter(audience_id=held.id).delete()
    left = Version.everything.filter(audience_id=held.id)
    change.touch_kept(left)
    _bring_versions(left, None)
    EntryKey.objects.filter(pk=held.id).delete()
    held.delete()
    change.record(Did.ENTRY_UNLIMITED, client_id=held.client_id, on=head)


def _kinds() -> list[type[Markable]]:
    """Return every table whose rows can be of a sensitive entry; audiences and earlier versions are seen to apart."""
    found = [one for one in apps.get_models() if issubclass(one, Markable)]
    return [one for one in found if one not in {Audience, Version}]


def _held(audience: Audience) -> Audience:
    """Return an audience as it is now, locked; raise ``NotFound`` out of sight, ``Conflict`` if changed since."""
    found = _hold(Audience.objects.filter(pk=audience.pk))
    if not found:
        raise NotFound("there is no such entry")
    if found[0].version != audience.version:
        raise Conflict(STALE)
    held: Audience = found[0]
    return held


def _is_inside(change: Change, audience: Audience) -> bool:
    """Whether whoever acts is of the audience, and here by more than broken glass."""
    found = need.reach(change.actor, audience.client_id)
    return audiences.is_of(change.actor, audience) and not (found.is_limited and found.is_by_glass)


def _name(change: Change, audience: Audience, head: Markable, after: Readers, before: Readers) -> None:
    """Write who joins and who leaves, each with its entry, by ids."""

    def differ(event: Event, people: frozenset[UUID], roles: frozenset[UUID]) -> None:
        for kind, ids in (("person", people), ("role", roles)):
            for one in sorted(ids):
                named = {f"{kind}_id": one}
                rows = AudienceMember.objects.filter(audience_id=audience.id, **named)
                if event is Did.READER_ADDED:
                    AudienceMember(
                        client_id=audience.client_id, audience_id=audience.id, since=change.now, **named
                    ).save(force_insert=True)
                else:
                    rows.delete()
                change.record(event, client_id=audience.client_id, on=head, fields=(f"{kind} {one.hex}",))

    differ(Did.READER_ADDED, after.people - before.people, after.roles - before.roles)
    differ(Did.READER_REMOVED, before.people - after.people, before.roles - after.roles)


def _bring(rows: Sequence[Markable], audience_id: UUID | None) -> None:
    """Seal rows and all their earlier versions under another key."""
    versions = Version.everything.filter(object_id__in=[row.pk for row in rows])
    _bring_versions(versions, audience_id)
    for row in rows:
        columns = move(row, audience_id)
        if hasattr(row, "version"):
            row.version += 1
            columns.append("version")
        row.save(update_fields=columns)


def _bring_versions(versions: models.QuerySet[Version], audience_id: UUID | None) -> None:
    for version in _hold(versions):
        columns = move(version, audience_id)
        # What lay plain in the row was kept in the directory's half; of a sensitive entry nothing lies there.
        if audience_id is not None and version.directory_before:
            version.before = {**version.directory_before, **(version.before or {})}
            version.directory_before = None
        version.save(update_fields=[*columns, "directory_before"])
