"""The history: every visit and what happened at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count

from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Item, Visit
from alcove.clinic.records.queries import entries
from alcove.clinic.records.queries import notes as note_queries
from alcove.clinic.records.queries.chart import ONE, words_of
from alcove.clinic.records.queries.words import legible
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.policy import Open
from alcove.security.vault import rows

NAMED = (
    Item.Kind.PROCEDURE,
    Item.Kind.MEDICATION,
    Item.Kind.CONDITION,
    Item.Kind.IMMUNISATION,
    Item.Kind.ALLERGY,
)
"""Kinds whose entries are named in the history; values and reports are only counted."""


HEADLINE = 3
"""How many names of what was done stand in the headline of a visit."""


@dataclass(frozen=True, slots=True)
class VisitLine:
    """A visit as it is shown. ``done``: (kind, name, words) of what happened; ``counted``: how many values."""

    id: UUID
    starts_at: datetime
    title: str
    words: str
    status: str
    done: list[tuple[str, str, str]]
    counted: int
    notes: list[note_queries.NoteLine]

    @property
    def headline(self) -> str:
        """What was done, the first three by name; a visit at which nothing was done says what it was."""
        if not self.done:
            return self.title
        rest = len(self.done) - HEADLINE
        more = f" and {rest} more" if rest > 0 else ""
        return ", ".join(name for _, name, _ in self.done[:HEADLINE]) + more

    @property
    def beneath(self) -> str:
        """What the headline leaves unsaid."""
        return " · ".join(filter(None, (self.title if self.done else "", self.words)))


class Row(NamedTuple):
    """A visit as it lies in the table; ``content`` is opened."""

    id: UUID
    starts_at: datetime
    content: dict[str, Any]


_CONTENT: Any = Visit._meta.get_field("content")
_NEWEST = (
    "SELECT id, starts_at, content FROM records_visit WHERE client_id = %s"
    " ORDER BY starts_at DESC, id DESC LIMIT %s OFFSET %s"
)


def newest(client_id: UUID, *, first: int = 0, count: int) -> list[Row]:
    """Return a client's visits, newest first."""
    found = []
    for row_id, starts_at, blob in rows.read(_NEWEST, client_id, count, first):
        visit_id = rows.uuid(row_id)
        found.append(Row(visit_id, rows.moment(starts_at), _CONTENT.opened_row(client_id, visit_id, blob)))
    return found


def visits(actor: Actor, client: Client, *, first: int = 0, count: int = 50) -> tuple[list[VisitLine], int]:
    """Return one page of visits, newest first, and how many there are: five queries whatever the number."""
    actor.must(Open.RECORD)
    shown = newest(client.id, first=first, count=count)
    return lines(actor, client.id, shown), Visit.objects.filter(client=client).count()


def lines(
    actor: Actor, client_id: UUID, shown: Sequence[Row | Visit], kinds: tuple[Item.Kind, ...] = NAMED
) -> list[VisitLine]:
    """Return these visits with their notes and the entries of these kinds; opens nothing else."""
    ids = [visit.id for visit in shown]
    items = entries.at_visits(client_id, ids, kinds)
    notes = note_queries.at_visits(actor, client_id, ids)
    others: dict[UUID | None, int] = {}
    if kinds == NAMED:
        standing = Item.objects.filter(visit_id__in=ids, struck_at__isnull=True)
        counted = standing.exclude(kind__in=kinds).values("visit_id").annotate(count=Count("id"))
        others = {row["visit_id"]: row["count"] for row in counted}
    return [_line(visit, items[visit.id], notes[visit.id], others.get(visit.id, 0)) for visit in shown]


_ORDER = {str(kind): at for at, kind in enumerate(NAMED)}


def _line(
    visit: Row | Visit, items: list[entries.Row], notes: list[note_queries.NoteLine], counted: int
) -> VisitLine:
    held = visit.content
    found = sorted(
        ((item.kind, item.entry) for item in items), key=lambda pair: (_ORDER[pair[0]], pair[1].name)
    )
    words = [held.get("reason", ""), held.get("practitioner", ""), held.get("place", "")]
    return VisitLine(
        id=visit.id,
        starts_at=visit.starts_at,
        title=legible(held.get("type", "")) or "Visit",
        words=" · ".join(legible(word) for word in words if word),
        status=legible(held.get("status", "")),
        done=[
            (ONE[Item.Kind(kind)], legible(entry.name), " · ".join(legible(w) for w in words_of(entry) if w))
            for kind, entry in found
        ],
        counted=counted,
        notes=notes,
    )


def visit(actor: Actor, client: Client, visit_id: UUID) -> Visit:
    """Return a visit of this client; raise ``NotFound``."""
    actor.must(Open.RECORD)
    found = Visit.objects.filter(pk=visit_id, client=client).first()
    if found is None:
        raise NotFound("there is no such visit")
    return found
