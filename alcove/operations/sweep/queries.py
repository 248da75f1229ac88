"""Comparing rows with their marks, batch by batch; and what the officer's page shows. Opens nothing of any client."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import models

from alcove.operations.sweep.models import Finding, Sweep
from alcove.operations.sweep.policy import Did, Sweeps
from alcove.security.access import marks
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.models import RowMark
from alcove.security.audit.models import Entry
from alcove.security.identity.queries.explain import names
from alcove.security.vault import crypto
from alcove.security.vault.house import house

BATCH: Final = 500
_LOOKS, _BETWEEN = 3, 0.1
"""How often a row that does not fit is looked at again, and seconds between: somebody may be writing it just now."""
_MODULUS: Final = 1 << 128
SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A row that does not fit its mark."""

    kind: str
    table: str
    object_id: UUID | None
    client_id: UUID | None


@dataclass(frozen=True, slots=True)
class Step:
    """One batch of one table: how many rows were compared, the last of them (None at the end), what does not fit."""

    compared: int
    last: UUID | None
    found: list[Found]


# Comparing ------------------------------------------------------------------------------------------------------------


def compare(label: str, after: UUID | None, limit: int = BATCH) -> Step:
    """Compare the next rows and marks of a table beyond ``after``."""
    model = marks.tables()[label]
    rows = _ids(models.QuerySet(model), "pk", after, limit)
    marked = _ids(RowMark.objects.filter(model=label), "object_id", after, limit)
    # Where one of the two lists was cut off, nothing is known beyond its end.
    ends = [one[-1] for one in (rows, marked) if len(one) == limit]
    last = min(ends) if ends else None
    ids = sorted(one for one in {*rows, *marked} if last is None or one <= last)
    return Step(len(ids), last, _unfit(label, ids))


def _ids(rows: models.QuerySet[Any], key: str, after: UUID | None, limit: int) -> list[UUID]:
    if after is not None:
        rows = rows.filter(**{f"{key}__gt": after})
    return list(rows.order_by(key).values_list(key, flat=True)[:limit])


def _unfit(label: str, ids: list[UUID]) -> list[Found]:
    for look in range(_LOOKS):
        held = RowMark.objects.in_bulk(ids)
        ids = [one for one in ids if one not in held] + marks.unsound(label, ids, held)
        if not ids or look == _LOOKS - 1:
            break
        time.sleep(_BETWEEN)
    if not ids:
        return []
    model = marks.tables()[label]
    owner = "pk" if getattr(model, "is_client", False) else "client_id"
    there = dict(models.QuerySet(model).filter(pk__in=ids).values_list("pk", owner))
    held = RowMark.objects.in_bulk(ids)
    return [found for one in ids if (found := _named(label, one, there, held)) is not None]


def _named(label: str, one: UUID, there: dict[UUID, Any], held: dict[Any, RowMark]) -> Found | None:
    if one not in there and one not in held:
        return None
    kind = (
        Finding.Kind.ADDED
        if one not in held
        else Finding.Kind.CHANGED
        if one in there
        else Finding.Kind.REMOVED
    )
    client_id = there[one] if one in there else held[one].client_id
    return Found(kind.value, label, one, client_id)


def unmarked(label: str, limit: int) -> list[tuple[UUID, UUID | None]]:
    """Return (row, client) of rows of a table that have no mark."""
    model = marks.tables()[label]
    owner = "pk" if getattr(model, "is_client", False) else "client_id"
    bare: models.QuerySet[Any] = models.QuerySet(model).exclude(
        pk__in=RowMark.objects.filter(model=label).values("object_id")
    )
    return list(bare.values_list("pk", owner)[:limit])


ALL: Final = "all"
"""What the entry that ends the first marking says."""


def is_based() -> bool:
    """Whether every row was given its first mark, as the log says: a practice older than marks does so once."""
    return Entry.objects.filter(event=Did.BASED.key, fields=ALL).exists()


def without_mark(since: datetime) -> list[Found]:
    """Return rows the log speaks of since a moment that have no mark any more, though every deed leaves one."""
    found = []
    at_us = int(since.timestamp() * 1_000_000)
    for label in marks.tables():
        said = Entry.objects.filter(at_us__gt=at_us, result="done", object__startswith=f"{label} ")
        pairs = said.order_by().values_list("object", "client_id").distinct()
        by_id = {UUID(text.rpartition(" ")[2]): client for text, client in pairs}
        held = RowMark.objects.in_bulk(list(by_id))
        found += [
            Found(Finding.Kind.REMOVED.value, label, one, by_id[one]) for one in by_id if one not in held
        ]
    return found


# Counting marks -------------------------------------------------------------------------------------------------------


def tally(before: Iterable[datetime]) -> list[dict[str, Any]]:
    """Return count and sum of the marks made before each of these moments."""
    moments = list(before)
    coded = crypto.mac_under(_tally_key())
    counts, sums = [0] * len(moments), [0] * len(moments)
    for object_id, since in RowMark.objects.values_list("object_id", "since").iterator(chunk_size=2000):
        value = int.from_bytes(coded(object_id.bytes)[:16], "big")
        for at, moment in enumerate(moments):
            if since < moment:
                counts[at] += 1
                sums[at] = (sums[at] + value) % _MODULUS
    return [{"count": count, "sum": f"{total:032x}"} for count, total in zip(counts, sums, strict=True)]


def _tally_key() -> bytes:
    """The first version of the key: sums of two days must be comparable."""
    versions = house().versions("audit")
    return crypto.mac(versions[min(versions.keys)], b"alcove row marks, counted")


def newest() -> Sweep | None:
    """Return the newest sweep, ended or not."""
    return Sweep.objects.order_by("-began_at").first()


def last_ended() -> Sweep | None:
    """Return the newest sweep that came to its end."""
    return Sweep.objects.filter(ended_at__isnull=False).order_by("-began_at").first()


def has_ended_before() -> bool:
    """Whether the log says that a sweep ended, whatever the table of sweeps holds."""
    return Entry.objects.filter(event=Did.ENDED.key).exists()


# The officer's page ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A finding as it is shown."""

    finding: Finding
    thing: str
    closed_by: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows: open findings, closed ones, and how the sweep stands."""

    open: list[Line]
    closed: list[Line]
    last: Sweep | None
    is_running: bool


def overview(actor: Actor) -> Overview:
    """Return findings and the newest sweep."""
    actor.must(Sweeps.VIEW)
    rows = list(Finding.objects.order_by("-found_at", "-id")[:SHOWN])
    people = names(one.closed_by_id for one in rows if one.closed_by_id)
    lines = [_line(one, people) for one in rows]
    running = newest()
    return Overview(
        open=[one for one in lines if one.finding.closed_at is None],
        closed=[one for one in lines if one.finding.closed_at is not None],
        last=last_ended(),
        is_running=running is not None and running.ended_at is None,
    )


def finding(actor: Actor, finding_id: UUID) -> Line:
    """Return one finding; raise ``NotFound``."""
    actor.must(Sweeps.VIEW)
    found = Finding.objects.filter(pk=finding_id).first()
    if found is None:
        raise NotFound("there is no such finding")
    return _line(found, names([found.closed_by_id]) if found.closed_by_id else {})


def _line(one: Finding, people: dict[UUID, str]) -> Line:
    kind = marks.tables().get(one.table)
    thing = str(getattr(kind, "marked_as", "")) or one.table or "Rows nobody can name"
    return Line(one, thing, people.get(one.closed_by_id, "") if one.closed_by_id else "")
