"""A keyed mark of each row of the record, made with every change: what a direct edit of the database cannot make.

A mark covers the row as it lies in the table, value by value, and every kept earlier version of it. ``Change`` makes it
as one of the last steps before the commit, so the mark is what the last recorded deed left; the daily sweep
(``operations.sweep``) compares. Tables take part by saying
``marked_as``, what one of their rows is called. The key is derived of the house's ``audit`` key and
is in memory only: whoever may write to the database but not through the program cannot make a mark.

What must never happen: a row that was changed, put in or taken out by hand, or an earlier version of it, whose mark
still holds (``operations/sweep/tests``, promise 22); a mark made anew over a row that did not hold
(``standing`` leaves it out). Columns that say nothing are left out, so a migration that adds an empty one
changes no mark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.apps import apps
from django.db import connection, models

from alcove.security.access.models import RowMark, Version
from alcove.security.vault import crypto
from alcove.security.vault import rows as plain_rows
from alcove.security.vault.house import house

BATCH: Final = 500
_LEFT_OUT: Final = frozenset({"dir_seq"})
"""Columns that are counted up beside the deeds and say nothing of anybody."""
_VERSION_COLUMNS = ", ".join(f'"{one.column}"' for one in Version._meta.concrete_fields)
Rows = dict[UUID, bytes]


def is_marked(model: type[models.Model]) -> bool:
    """Whether rows of this table carry marks."""
    return bool(getattr(model, "marked_as", ""))


@cache
def tables() -> dict[str, type[models.Model]]:
    """Return every table whose rows carry marks, by its label in lower case."""
    found = [one for one in apps.get_models() if is_marked(one)]
    return {one._meta.label_lower: one for one in sorted(found, key=lambda one: one._meta.label_lower)}


# What a row says ------------------------------------------------------------------------------------------------------


def _bytes_of(value: Any) -> bytes:
    """Return a value as it was read in one shape for both databases; b"" for one that says nothing."""
    if isinstance(value, memoryview | bytes):
        return bytes(value)
    if value is None or value is False or value in ("", 0):
        return b""
    if isinstance(value, UUID):
        return value.hex.encode()
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="microseconds").encode()
    if isinstance(value, date):
        return value.isoformat().encode()
    return b"1" if value is True else str(value).encode()


def _packed(names: Sequence[str], values: Sequence[Any]) -> bytes:
    parts = []
    for name, value in zip(names, values, strict=True):
        held = _bytes_of(value)
        if held:
            parts.append(f"{name}:{len(held)}:".encode() + held)
    return b"".join(parts)


@cache
def _columns(model: type[models.Model]) -> tuple[tuple[str, ...], str]:
    names = tuple(str(one.column) for one in model._meta.concrete_fields if one.column not in _LEFT_OUT)
    return names, ", ".join(f'"{name}"' for name in names)


def said(model: type[models.Model], ids: Collection[UUID]) -> Rows:
    """Return what these rows of a table say, those that are there; as bytes, for codes only."""
    names, listed = _columns(model)
    statement = f'SELECT {listed} FROM "{model._meta.db_table}" WHERE "{_key(model)}" IN '  # noqa: S608 - names of ours
    at = names.index(_key(model))
    return {_uuid(row[at]): _packed(names, row) for row in _by_ids(statement, ids)}


def versions_of(ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Return what is kept of these rows' earlier versions, the oldest first."""
    names = [str(one.column) for one in Version._meta.concrete_fields]
    statement = f'SELECT {_VERSION_COLUMNS} FROM "{Version._meta.db_table}" WHERE "object_id" IN '  # noqa: S608 - as above
    found: dict[UUID, list[tuple[str, bytes]]] = defaultdict(list)
    row_at, id_at = names.index("object_id"), names.index("id")
    for row in _by_ids(statement, ids):
        found[_uuid(row[row_at])].append((_uuid(row[id_at]).hex, _packed(names, row)))
    return {key: b"".join(b"\x01" + one for _, one in sorted(kept)) for key, kept in found.items()}


def _by_ids(statement: str, ids: Collection[UUID]) -> Iterable[tuple[Any, ...]]:
    wanted = sorted(one.hex for one in ids)
    for at in range(0, len(wanted), BATCH):
        some = wanted[at : at + BATCH]
        with connection.cursor() as cursor:
            cursor.execute(f"{statement}({', '.join(['%s'] * len(some))})", some)
            yield from cursor.fetchall()


def _key(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


class Mark(NamedTuple):
    """What a code is bound to beside the row itself; a ``RowMark`` without its code."""

    object_id: UUID
    model: str
    key_version: int
    since: datetime


# Codes ----------------------------------------------------------------------------------------------------------------


def code(mark: Mark, row: bytes | None, kept: bytes) -> bytes:
    """Return the code of a row (None: not there) and its versions, under the key version the mark names."""
    key = _key_of(house().versions("audit")[mark.key_version])
    head = f"{house().id.hex} {mark.model} {mark.object_id.hex} {mark.since.astimezone(UTC).isoformat()}"
    state = b"gone" if row is None else b"here" + len(row).to_bytes(8, "big") + row
    return crypto.mac(key, head.encode() + b"\0" + state + b"\0" + kept)


def _key_of(secret: bytes) -> bytes:
    return crypto.mac(secret, b"alcove row marks")


def unsound(label: str, ids: Collection[UUID], marks: Mapping[UUID, RowMark]) -> list[UUID]:
    """Return those of these rows that are not as their marks say; rows without a mark are left out."""
    rows, kept = said(tables()[label], ids), versions_of(ids)
    return [
        one
        for one in ids
        if one in marks
        and code(_of(marks[one]), rows.get(one), kept.get(one, b"")) != bytes(marks[one].digest)
    ]


def _of(row: RowMark) -> Mark:
    return Mark(row.object_id, row.model, row.key_version, row.since)


# Making them ----------------------------------------------------------------------------------------------------------


_HELD = "SELECT object_id, since FROM access_rowmark WHERE object_id IN "
_PUT = (
    "INSERT INTO access_rowmark (object_id, client_id, model, digest, key_version, since) "
    "VALUES (%s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (object_id) DO UPDATE SET digest = excluded.digest, key_version = excluded.key_version"
)


def mark(
    touched: Mapping[str, Mapping[UUID, UUID | None]], now: datetime, new: Collection[UUID] = frozenset()
) -> None:
    """Mark rows as they are now, inside the deed that wrote them: ``{table: {row: client}}``.

    ``new``: those this deed made, which have neither mark nor version yet. In plain statements: this is done at the end
    of every deed, and Django takes ten times as long for it.
    """
    for label, rows in touched.items():
        ids = sorted(rows)
        for at in range(0, len(ids), BATCH):
            _mark_some(label, {one: rows[one] for one in ids[at : at + BATCH]}, now, new)


def _mark_some(label: str, rows: Mapping[UUID, UUID | None], now: datetime, new: Collection[UUID]) -> None:
    older = [one for one in rows if one not in new]
    held = {_uuid(one): plain_rows.moment(since) for one, since in _by_ids(_HELD, older)}
    said_now, kept = said(tables()[label], rows), versions_of(older)
    version = house().versions("audit").current
    made = []
    for one, client_id in rows.items():
        since = held.get(one, now)
        digest = code(Mark(one, label, version, since), said_now.get(one), kept.get(one, b""))
        made.append(
            (
                one.hex, client_id.hex if client_id else None, label, digest, version,
                connection.ops.adapt_datetimefield_value(since),
            )
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(_PUT, made)


def standing(client_id: UUID) -> dict[str, dict[UUID, UUID | None]]:
    """Return the rows of a client whose marks hold, to be marked again by a deed that rewrites or removes them."""
    marks: dict[str, dict[UUID, RowMark]] = defaultdict(dict)
    for one in RowMark.objects.filter(client_id=client_id):
        marks[one.model][one.object_id] = one
    found: dict[str, dict[UUID, UUID | None]] = {}
    for label, held in marks.items():
        broken = set(unsound(label, list(held), held)) if label in tables() else set(held)
        found[label] = {one: client_id for one in held if one not in broken}
    return found
