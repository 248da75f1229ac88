"""Entries of the chart as rows: what lists and drawings need of them, without an instance for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from alcove.clinic.records.models import Item
from alcove.clinic.records.models.content import KINDS, Entry
from alcove.security.vault import rows
from alcove.security.vault.entries import sight
from alcove.security.vault.fields import SealedField

_CONTENT: Any = Item._meta.get_field("content")
_READ = (
    "SELECT i.id, i.kind, i.content, i.source, i.is_verified, NOT i.is_verified AND i.checked_at IS NULL,"
    " i.struck_at IS NOT NULL, i.checked_by, i.version, i.visit_id, i.audience_id FROM records_item i "
)
_OF_KINDS = "WHERE i.client_id = %s AND i.kind IN ({kinds})"
_STANDING = f"{_OF_KINDS} AND i.struck_at IS NULL"
_NEWEST = (
    "LEFT JOIN records_visit v ON v.id = i.visit_id WHERE i.client_id = %s AND i.kind = %s AND i.struck_at IS NULL"
    "{sight} ORDER BY COALESCE(v.starts_at, i.created_at) DESC, i.id DESC LIMIT %s"
)


class Row(NamedTuple):
    """One entry as it lies in the table; ``content`` is opened."""

    id: UUID
    client_id: UUID
    kind: str
    content: dict[str, Any]
    source: str
    is_verified: bool
    is_waiting: bool
    is_struck: bool
    checked_by: UUID | None
    version: int
    audience_id: UUID | None = None

    @property
    def entry(self) -> Entry:
        """What is sealed in it, by kind."""
        return KINDS[self.kind].of(self.content)


def row_of(item: Item) -> Row:
    """Return an instance as a row."""
    states = (item.is_verified, item.is_waiting, item.struck_at is not None)
    return Row(
        item.id, item.client_id, item.kind, item.content, item.source, *states, item.checked_by, item.version,
        item.audience_id,
    )  # fmt: skip


def of_kinds(client_id: UUID, kinds: Sequence[str], *, struck: bool = False) -> list[Row]:
    """Return a client's entries of these kinds, as they were noted; struck ones as well if asked for."""
    where = (_OF_KINDS if struck else _STANDING).format(kinds=_marks(kinds))
    where = f"{where}{sight('i.')} ORDER BY i.created_at, i.id"
    return _rows(client_id, where, client_id, *map(str, kinds))


def waiting(client_id: UUID) -> list[Row]:
    """Return a client's entries that nobody checked yet."""
    where = "WHERE i.client_id = %s AND NOT i.is_verified AND i.checked_at IS NULL AND i.struck_at IS NULL"
    return _rows(client_id, where + sight("i."), client_id)


def newest(client_id: UUID, kind: str, count: int) -> list[Row]:
    """Return the standing entries of one kind that are newest by their visit, or else by when they were noted."""
    return _rows(client_id, _NEWEST.format(sight=sight("i.")), client_id, str(kind), count)


def at_visits(client_id: UUID, visits: Sequence[UUID], kinds: Sequence[str]) -> dict[UUID, list[Row]]:
    """Return what stands of these kinds at these visits of one client, by visit."""
    found: dict[UUID, list[Row]] = defaultdict(list)
    if visits:
        where = f"{_STANDING.format(kinds=_marks(kinds))} AND i.visit_id IN ({_marks(visits)}){sight('i.')}"
        for row, visit in _read(client_id, where, client_id, *map(str, kinds), *visits):
            found[rows.uuid(visit)].append(row)
    return found


def _marks(given: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(given))


def _rows(client_id: UUID, where: str, *given: object) -> list[Row]:
    return [row for row, _ in _read(client_id, where, *given)]


def _read(client_id: UUID, where: str, *given: object) -> Iterator[tuple[Row, Any]]:
    """Yield (row, id of its visit as the database keeps it)."""
    field: SealedField = _CONTENT
    for (
        row_id,
        kind,
        blob,
        source,
        verified,
        is_waiting,
        struck,
        checker,
        version,
        visit,
        audience,
    ) in rows.read(_READ + where, *given):
        entry_id, audience_id = rows.uuid(row_id), rows.uuid_or_none(audience)
        content = field.opened_row(client_id, entry_id, blob, audience_id)
        states = (verified, bool(is_waiting), bool(struck))
        checked_by = rows.uuid_or_none(checker)
        yield (
            Row(entry_id, client_id, kind, content, source, *states, checked_by, version, audience_id),
            visit,
        )
