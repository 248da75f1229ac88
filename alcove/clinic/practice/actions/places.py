"""The practice, its locations, when they are open, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from alcove.clinic.practice.actions.writing import (
    Unfit,
    locked,
    must_be_seen,
    must_record,
    named,
    replace,
    updated,
)
from alcove.clinic.practice.models import (
    Closure,
    Equipment,
    EquipmentKind,
    Location,
    OpeningHours,
    Practice,
    Room,
)
from alcove.clinic.practice.policy import Did
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.clinic.practice.queries import holidays
from alcove.clinic.practice.queries.weeks import DAYS, Week, fault_of, flat, mark_of_opening
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict


@action(PracticeRight.EDIT)
def found(
    change: Change, *, name: str, country: str = "US", time_zone: str = "America/Los_Angeles"
) -> Practice:
    """Store the practice's facts and its first location; keys and roles are founded beside it."""
    practice = change.create(
        Practice, Did.FOUNDED, name=name.strip(), country=country.upper(), time_zone=time_zone
    )
    add_location(change, name=name.strip(), time_zone=time_zone)
    return practice


@action(PracticeRight.EDIT)
def change_practice(change: Change, /, practice: Practice, **values: Any) -> Practice:
    """Change name, country, time zone, currency."""
    change.update(practice, Did.CHANGED, **values)
    must_record(change)
    return practice


@action(PracticeRight.EDIT)
def add_location(
    change: Change, /, *, name: str, city: str = "", time_zone: str = "America/Los_Angeles", **values: Any
) -> Location:
    """Add a place where clients are seen."""
    row = change.create(Location, Did.LOCATION_ADDED, name=name, city=city, time_zone=time_zone, **values)
    _fit_holidays(change, row)
    return row


@action(PracticeRight.EDIT)
def change_location(change: Change, /, location: Location, **values: Any) -> Location:
    """Change a location; its holidays follow country and region. The last one in use stays in use."""
    if values.get("is_active") is False and location.is_active:
        _refuse_last(location)
    where = {"country", "region", "keeps_holidays"} & set(
        change.update(location, Did.LOCATION_CHANGED, **values)
    )
    must_record(change)
    if where:
        _fit_holidays(change, location)
    return location


def _refuse_last(location: Location) -> None:
    # All in one order, so that two people who each close another one wait for each other instead of both closing.
    used = Location.objects.select_for_update().filter(is_active=True).order_by("pk")
    if not [pk for pk in used.values_list("pk", flat=True) if pk != location.pk]:
        raise Unfit("is_active", "This is the last location in use. Add or reopen another one first.")


@action(PracticeRight.EDIT)
def set_hours(change: Change, location: Location, week: Week, *, seen: str | None = None) -> None:
    """Make a location's week exactly this. ``seen``: the mark of the week the page showed."""
    for day, stretches in week.items():
        if fault := fault_of(stretches):
            raise Unfit(DAYS[day].lower(), fault)
    held = locked(location)
    must_be_seen(seen, mark_of_opening(held))
    wanted = [
        {"location_id": held.pk, "weekday": day, "opens": begin, "closes": end}
        for day, begin, end in flat(week)
    ]
    replace(change, held.hours.all(), wanted, Did.HOURS_CHANGED, OpeningHours)
    must_record(change)


# Closures and holidays ---------------------------------------------------------------------------------------------


@action(PracticeRight.EDIT)
def add_closure(
    change: Change, location: Location | None, *, name: str, from_on: date, until_on: date
) -> Closure:
    """Shut a location, or all of them, from one day until another. Bookings on these days stand."""
    _must_end(from_on, until_on)
    return change.create(
        Closure, Did.CLOSURE_ADDED, location=location, name=name, from_on=from_on, until_on=until_on
    )


@action(PracticeRight.EDIT)
def change_closure(change: Change, /, closure: Closure, **values: Any) -> Closure:
    """Change a closure."""
    _must_end(values.get("from_on", closure.from_on), values.get("until_on", closure.until_on))
    change.update(closure, Did.CLOSURE_CHANGED, **values)
    must_record(change)
    return closure


def _must_end(from_on: date, until_on: date) -> None:
    if until_on < from_on:
        raise Unfit("until_on", "The last day is before the first one.")


@action(PracticeRight.EDIT)
def remove_closure(change: Change, closure: Closure) -> None:
    """Open again on these days. A holiday that is removed comes back only if it is put back by hand."""
    row = locked(closure)
    change.delete(
        row, Did.CLOSURE_REMOVED, fields=["from_on", "is_holiday", "location_id", "name", "until_on"]
    )


@action(PracticeRight.EDIT)
def plan_holidays(change: Change, location: Location, years: Iterable[int]) -> None:
    """Put the public holidays of these years in as closures, where the location keeps them and they are not there."""
    _plan(change, locked(location), years)
    must_record(change)


def _fit_holidays(change: Change, location: Location) -> None:
    """Take coming holidays of another place out, and those of this one in."""
    today = change.now.astimezone(location.zone).date()
    for row in Closure.objects.filter(location=location, is_holiday=True, from_on__gte=today):
        change.delete(row, Did.CLOSURE_REMOVED, fields=["from_on", "location_id", "name"])
    if location.keeps_holidays:
        _plan(change, location, (today.year, today.year + 1))


def _plan(change: Change, location: Location, years: Iterable[int]) -> None:
    if not location.keeps_holidays:
        return
    today = change.now.astimezone(location.zone).date()
    there = set(Closure.objects.filter(location=location, is_holiday=True).values_list("from_on", flat=True))
    country = location.country or Practice.objects.values_list("country", flat=True).first() or "US"
    for day, name in holidays.of(country, location.region, years):
        if day >= today and day not in there:
            change.create(
                Closure, Did.CLOSURE_ADDED, location=location, name=name, from_on=day, until_on=day,
                is_holiday=True,
            )  # fmt: skip


# Rooms and equipment -----------------------------------------------------------------------------------------------


@action(PracticeRight.EDIT)
def add_room(change: Change, location: Location, *, name: str) -> Room:
    """Add a room."""
    return named(lambda: change.create(Room, Did.ROOM_ADDED, location=location, name=name))


@action(PracticeRight.EDIT)
def change_room(change: Change, /, room: Room, **values: Any) -> Room:
    """Rename a room, take it out of use or bring it back. Bookings in it stand."""
    found = named(lambda: updated(change, room, Did.ROOM_CHANGED, values))
    must_record(change)
    return found


@action(PracticeRight.EDIT)
def add_kind(change: Change, *, name: str) -> EquipmentKind:
    """Add a kind of equipment."""
    return named(lambda: change.create(EquipmentKind, Did.KIND_ADDED, name=name))


@action(PracticeRight.EDIT)
def rename_kind(change: Change, kind: EquipmentKind, *, name: str) -> EquipmentKind:
    """Rename a kind of equipment."""
    found = named(lambda: updated(change, kind, Did.KIND_CHANGED, {"name": name}))
    must_record(change)
    return found


@action(PracticeRight.EDIT)
def add_equipment(change: Change, kind: EquipmentKind, location: Location, *, name: str) -> Equipment:
    """Add one device of a kind."""
    return change.create(Equipment, Did.EQUIPMENT_ADDED, kind=kind, location=location, name=name)


@action(PracticeRight.EDIT)
def change_equipment(change: Change, /, equipment: Equipment, **values: Any) -> Equipment:
    """Rename a device, take it out of use or bring it back. Bookings that need it stand."""
    change.update(equipment, Did.EQUIPMENT_CHANGED, **values)
    must_record(change)
    return equipment


@action(PracticeRight.EDIT)
def finish_set_up(change: Change, practice: Practice) -> None:
    """End the set-up guide. Pressed twice, the first moment stands."""
    row = locked(practice)
    if row.set_up_at is not None:
        raise Conflict("The set-up guide is finished already.")
    change.update(row, Did.SET_UP, set_up_at=change.now)
