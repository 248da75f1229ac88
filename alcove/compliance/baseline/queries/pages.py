"""What the officer's page shows of weaknesses, and when the next comparison is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from alcove.compliance.baseline.models import Comparison, Weakness
from alcove.compliance.baseline.policy import Baseline
from alcove.compliance.baseline.queries.kinds import KINDS, Kind
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.identity.queries.explain import names

EVERY: Final = timedelta(hours=22)
"""From one comparison to the next: with the worker's own rhythm, each is made within a day."""
SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A weakness with what its kind says of it. ``by``: who accepted it."""

    weakness: Weakness
    kind: Kind
    by: str
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Weaknesses to mend, accepted ones, those that are gone, and when the newest comparison was made."""

    open: list[Line]
    accepted: list[Line]
    closed: list[Line]
    at: datetime | None


def overview(actor: Actor) -> Overview:
    """Return all open weaknesses and the newest closed ones."""
    actor.must(Baseline.VIEW)
    lines = _lines(unclosed().order_by("-found_at", "-id"))
    gone = Weakness.objects.filter(closed_at__isnull=False).order_by("-closed_at", "-id")[:SHOWN]
    newest = Comparison.objects.first()
    return Overview(
        [one for one in lines if not one.is_accepted],
        [one for one in lines if one.is_accepted],
        _lines(gone),
        newest.at if newest else None,
    )


def weakness(actor: Actor, weakness_id: UUID) -> Line:
    """Return one weakness; raise ``NotFound``."""
    actor.must(Baseline.VIEW)
    found = _lines(Weakness.objects.filter(pk=weakness_id))
    if not found:
        raise NotFound("there is no such weakness")
    return found[0]


def unclosed() -> QuerySet[Weakness]:
    """Return what the newest comparison still saw, accepted or not."""
    return Weakness.objects.filter(closed_at__isnull=True)


def is_due() -> bool:
    """Whether the next comparison is due."""
    newest = Comparison.objects.first()
    return newest is None or newest.at is None or timezone.now() - newest.at >= EVERY


def _lines(rows: QuerySet[Weakness]) -> list[Line]:
    found, today = list(rows), timezone.localdate()
    people = names(one.accepted_by_id for one in found if one.accepted_by_id)
    return [
        Line(
            one,
            KINDS[one.kind],
            people.get(one.accepted_by_id, "") if one.accepted_by_id else "",
            one.is_accepted(today),
        )
        for one in found
    ]
