"""Weeks of hours as values: ``{weekday: [(from, until), …]}`` in minutes after local midnight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise

from alcove.clinic.practice.models import Location, StaffProfile, WorkingHours
from alcove.clinic.practice.models.places import DAY_MINUTES

Stretch = tuple[int, int]
Week = Mapping[int, Sequence[Stretch]]
SLOTS = (5, 10, 15, 20, 30, 60)
"""Minutes between two starts that a location may offer."""
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def fault_of(stretches: Sequence[Stretch]) -> str:
    """Return what is wrong with the stretches of one day, as a sentence; "" if nothing is."""
    for begin, end in stretches:
        if not (0 <= begin < DAY_MINUTES and 0 < end <= DAY_MINUTES):
            return "Give times of one day."
        if end <= begin:
            return "This ends before it begins. Hours past midnight belong to the next day."
    if any(later[0] < earlier[1] for earlier, later in pairwise(sorted(stretches))):
        return "These times overlap."
    return ""


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the stretches of a day in order, those that touch made one."""
    found: list[Stretch] = []
    for begin, end in sorted(stretches):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def flat(week: Week) -> list[tuple[int, int, int]]:
    """Return a week as ``(weekday, from, until)``, in order."""
    return [(day, begin, end) for day in sorted(week) for begin, end in joined(week[day])]


def opening_week(location: Location) -> dict[int, list[Stretch]]:
    """Return a location's hours."""
    found: dict[int, list[Stretch]] = {}
    for day, opens, closes in location.hours.values_list("weekday", "opens", "closes"):
        found.setdefault(day, []).append((opens, closes))
    return found


def working_week(profile: StaffProfile, location: Location, day: date) -> dict[int, list[Stretch]]:
    """Return the week somebody works at a location as it is planned for a day."""
    found: dict[int, list[Stretch]] = {}
    for row in WorkingHours.objects.filter(profile=profile, location=location):
        if holds(row, day):
            found.setdefault(row.weekday, []).append((row.starts, row.ends))
    return found


def holds(row: WorkingHours, day: date) -> bool:
    """Whether hours are in force on a day."""
    return (row.from_on is None or row.from_on <= day) and (row.until_on is None or day <= row.until_on)


def clock(minute: int) -> str:
    """Return minutes after midnight as a clock shows them; the end of the day is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def said(stretches: Iterable[Stretch]) -> str:
    """Return a day's hours in words: ``09:00–12:00, 13:00–18:00``."""
    return ", ".join(f"{clock(begin)}–{clock(end)}" for begin, end in joined(stretches))


def mark_of(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as one text, by which a form knows whether they are still as it showed them."""
    return ";".join(sorted(",".join(str(value) for value in row) for row in rows))


def mark_of_opening(location: Location) -> str:
    """Return the mark of a location's hours."""
    return mark_of(location.hours.values_list("weekday", "opens", "closes"))


def mark_of_working(profile: StaffProfile, location: Location) -> str:
    """Return the mark of somebody's hours at a location."""
    rows = WorkingHours.objects.filter(profile=profile, location=location)
    return mark_of(rows.values_list("weekday", "starts", "ends", "from_on", "until_on"))
