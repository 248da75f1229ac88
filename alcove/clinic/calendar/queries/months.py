"""A month at a glance: how many come on each day. Counts only, nobody is opened for it."""

from __future__ import annotations

import calendar
from collections import Counter
from dataclasses import dataclass
from datetime import date

from alcove.clinic.calendar.models import Booking
from alcove.clinic.calendar.queries import looks
from alcove.clinic.calendar.queries.looks import Look
from alcove.clinic.practice.models import Closure
from alcove.security.access.actors import Actor


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the month. ``missed``: who did not come; ``closed``: the name of the closure, "" on other days."""

    day: date
    is_this_month: bool
    count: int
    missed: int
    closed: str


def month(actor: Actor, look: Look) -> list[list[Cell]]:
    """Return the weeks around this month with the appointments of each day: three queries."""
    weeks = calendar.Calendar().monthdatescalendar(look.day.year, look.day.month)
    first, last = weeks[0][0], weeks[-1][-1]
    begin, end = looks.bounds(look.location, first, (last - first).days + 1)
    zone = look.location.zone
    counts: Counter[date] = Counter()
    missed: Counter[date] = Counter()
    found = looks.appointments(actor, look.location, begin, end).exclude(booking__state=Booking.State.HELD)
    if look.profile_id is not None:
        found = found.filter(profile_id=look.profile_id)
    if look.state:
        found = found.filter(booking__state=look.state)
    for starts_at, state in found.values_list("starts_at", "booking__state"):
        on = starts_at.astimezone(zone).date()
        counts[on] += 1
        missed[on] += state == Booking.State.NO_SHOW
    shut = _closures(look, first, last)
    return [
        [Cell(one, one.month == look.day.month, counts[one], missed[one], _closed(shut, one)) for one in week]
        for week in weeks
    ]


def _closures(look: Look, first: date, last: date) -> list[Closure]:
    found = Closure.objects.filter(from_on__lte=last, until_on__gte=first)
    return [one for one in found if one.location_id in {None, look.location.pk}]


def _closed(shut: list[Closure], day: date) -> str:
    return next((one.name for one in shut if one.from_on <= day <= one.until_on), "")
