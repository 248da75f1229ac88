"""What the continuity page and the page for the wall show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Max, QuerySet
from django.utils import timezone

from alcove.compliance.continuity.models import Contact, Entrant, Listed, Printing, Step, Trial
from alcove.compliance.continuity.policy import Continuity
from alcove.compliance.continuity.queries import standing
from alcove.compliance.continuity.queries.standing import Standing
from alcove.operations.backups.models import Drill
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.identity.queries.explain import names

Row = TypeVar("Row", bound=Listed)
SHOWN = 30
"""Tests of each sort on the page; the rest is in the database and on the log."""
_ASKED_FOR = (Contact.Kind.IT, Contact.Kind.LINE, Contact.Kind.BUILDING, Contact.Kind.INSURER)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may enter. ``amiss``: why they should not be listed any more, "" if nothing is wrong."""

    row: Entrant
    amiss: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A test that was withdrawn, and by whom."""

    row: Trial
    by: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page for the wall: when it was last printed, by whom, and whether it is out of date since."""

    at: datetime | None
    by: str
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page shows; ``entrants`` to ``withdrawn`` are empty for whoever may not see them."""

    steps: list[Step]
    contacts: list[Contact]
    wanting: list[str]
    sheet: Sheet
    entrants: list[Person]
    standings: list[Standing]
    trials: list[Trial]
    drills: list[Drill]
    withdrawn: list[Taken]


def overview(actor: Actor) -> Overview:
    """Return the lists for everybody on staff, and those about the site for whoever may see them."""
    actor.must(Continuity.VIEW)
    found = contacts()
    kinds = {one.kind for one in found}
    wanting = [kind.label for kind in _ASKED_FOR if kind not in kinds]
    more = _site() if actor.holds(Continuity.SITE) else ([], [], [], [], [])
    return Overview(steps(), found, wanting, sheet(), *more)


def _site() -> tuple[list[Person], list[Standing], list[Trial], list[Drill], list[Taken]]:
    people = [Person(one, standing.amiss(one)) for one in standing.entrants()]
    rows = Trial.objects.select_related("location").order_by("-on", "-id")
    gone = list(rows.filter(ended_at__isnull=False)[:SHOWN])
    by = names(one.ended_by_id for one in gone)
    withdrawn = [Taken(one, by.get(one.ended_by_id, "") if one.ended_by_id else "") for one in gone]
    trials = list(rows.filter(ended_at__isnull=True)[:SHOWN])
    return people, standing.standings(), trials, list(Drill.objects.order_by("-ended_at")[:3]), withdrawn


def red(actor: Actor) -> list[Standing]:
    """Return tests that are overdue, failed or were never made, for whoever may see them."""
    return standing.red() if actor.holds(Continuity.SITE) else []


def steps() -> list[Step]:
    """Return the recovery order, first things first."""
    return list(Step.objects.filter(ended_at__isnull=True))


def contacts() -> list[Contact]:
    """Return whom to ring, in the order of their kinds."""
    order = {kind: number for number, kind in enumerate(Contact.Kind.values)}
    live = Contact.objects.filter(ended_at__isnull=True)
    return sorted(live, key=lambda one: (order.get(one.kind, len(order)), one.name.casefold(), one.pk))


def live(model: type[Row], row_id: UUID) -> Row:
    """Return a row that still counts; raise ``NotFound``."""
    rows: QuerySet[Row] = model._default_manager.filter(pk=row_id, ended_at__isnull=True)
    found = rows.first()
    if found is None:
        raise NotFound("there is no such line any more")
    return found


def sheet() -> Sheet:
    """Return when the page for the wall was last printed, and whether what it says has changed since."""
    newest = Printing.objects.order_by("-at").first()
    if newest is None:
        return Sheet(None, "", is_stale=True)
    by = names([newest.by_id]).get(newest.by_id, "") if newest.by_id else ""
    is_old = timezone.now() - newest.at > policy.SHEET_EVERY
    return Sheet(newest.at, by, is_stale=is_old or _changed_after(newest.at))


def _changed_after(at: datetime) -> bool:
    for model in (Step, Contact, Entrant):
        newest = model.objects.aggregate(at=Max("changed_at"))["at"]
        if newest is not None and newest > at:
            return True
    return False
