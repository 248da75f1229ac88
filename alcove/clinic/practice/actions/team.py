"""Who can be booked: profiles, working hours, leave. Nothing here touches a booking that stands."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from alcove.clinic.practice.actions.writing import (
    Unfit,
    in_order,
    locked,
    moved,
    must_be_seen,
    must_record,
    named,
)
from alcove.clinic.practice.models import Leave, Location, StaffProfile, WorkingHours
from alcove.clinic.practice.policy import Did, Practice
from alcove.clinic.practice.queries.weeks import DAYS, Week, fault_of, flat, mark_of_working
from alcove.security.access.change import Change, action
from alcove.security.identity.models import Person

_DAY = timedelta(days=1)


@action(Practice.EDIT)
def add_profile(change: Change, /, person: Person, **values: Any) -> StaffProfile:
    """Give somebody a column in the calendar."""
    if person.kind != Person.Kind.STAFF:
        raise Unfit("person", "Only somebody of the staff can be booked.")
    last = StaffProfile.objects.count()
    given = {"shown_name": person.name, "title": person.title, "position": last} | values
    return named(
        lambda: change.create(StaffProfile, Did.PROFILE_ADDED, person=person, **given),
        field="person", sentence="This person has a profile already.",
    )  # fmt: skip


@action(Practice.EDIT)
def change_profile(change: Change, /, profile: StaffProfile, **values: Any) -> StaffProfile:
    """Change what is shown of somebody, and whether they are booked. Bookings with them stand."""
    change.update(profile, Did.PROFILE_CHANGED, **values)
    must_record(change)
    return profile


@action(Practice.EDIT)
def set_photo(change: Change, profile: StaffProfile, photo: bytes | None) -> None:
    """Set or remove a photo, made by ``queries.photos``. The earlier one is gone: a face is no history."""
    change.update(profile, Did.PROFILE_CHANGED, photo=photo)
    must_record(change)


@action(Practice.EDIT)
def move_profile(change: Change, profile: StaffProfile, *, steps: int) -> None:
    """Move somebody among the columns."""
    in_order(
        change,
        moved(StaffProfile.objects.all(), profile, steps),
        Did.PROFILE_CHANGED,
    )
    must_record(change)


# Working hours -----------------------------------------------------------------------------------------------------


@action(Practice.EDIT)
def set_working_hours(
    change: Change, profile: StaffProfile, location: Location, week: Week, *,
    from_on: date | None = None, until_on: date | None = None, seen: str | None = None,
) -> None:  # fmt: skip
    """Make somebody's week at a location this one, from a day until another; before and after, what held goes on.

    Without days it holds always. ``seen``: the mark of the hours the page showed.
    """
    for day, stretches in week.items():
        if fault := fault_of(stretches):
            raise Unfit(DAYS[day].lower(), fault)
    if from_on and until_on and until_on < from_on:
        raise Unfit("until_on", "The last day is before the first one.")
    held = locked(profile)
    must_be_seen(seen, mark_of_working(held, location))
    _refuse_two_places(held, location, week, from_on, until_on)
    for row in WorkingHours.objects.filter(profile=held, location=location):
        _cut(change, row, from_on, until_on)
    for day, begin, end in flat(week):
        change.create(
            WorkingHours, Did.WORK_CHANGED, profile=held, location=location, weekday=day, starts=begin, ends=end,
            from_on=from_on, until_on=until_on,
        )  # fmt: skip
    must_record(change)


def _cut(change: Change, row: WorkingHours, from_on: date | None, until_on: date | None) -> None:
    """Take the days from ``from_on`` to ``until_on`` out of a row of hours, which may leave two rows, or none."""
    if not _meet(row, from_on, until_on):
        return
    kept = {
        "profile_id": row.profile_id, "location_id": row.location_id, "weekday": row.weekday,
        "starts": row.starts, "ends": row.ends,
    }  # fmt: skip
    parts: list[tuple[date | None, date | None]] = []
    if from_on is not None and (row.from_on is None or row.from_on < from_on):
        parts.append((row.from_on, from_on - _DAY))
    if until_on is not None and (row.until_on is None or row.until_on > until_on):
        parts.append((until_on + _DAY, row.until_on))
    change.delete(row, Did.WORK_CHANGED, fields=[*sorted(kept), "from_on", "until_on"])
    for begin, end in parts:
        change.create(WorkingHours, Did.WORK_CHANGED, **kept, from_on=begin, until_on=end)


def _meet(row: WorkingHours, from_on: date | None, until_on: date | None) -> bool:
    ends_before = row.until_on is not None and from_on is not None and row.until_on < from_on
    begins_after = row.from_on is not None and until_on is not None and row.from_on > until_on
    return not (ends_before or begins_after)


def _refuse_two_places(
    profile: StaffProfile, location: Location, week: Week, from_on: date | None, until_on: date | None
) -> None:
    """Refuse hours during which somebody works elsewhere, by the clocks of places in one time zone."""
    elsewhere = WorkingHours.objects.filter(profile=profile, location__time_zone=location.time_zone)
    for row in elsewhere.exclude(location=location).select_related("location"):
        if not _meet(row, from_on, until_on):
            continue
        for begin, end in week.get(row.weekday, []):
            if begin < row.ends and row.starts < end:
                raise Unfit(DAYS[row.weekday].lower(), f"Works at {row.location.name} at that time.")


# Leave -------------------------------------------------------------------------------------------------------------


@action(Practice.EDIT)
def add_leave(
    change: Change, profile: StaffProfile, *, starts_at: datetime, ends_at: datetime, kind: str
) -> Leave:
    """Enter when somebody is away. Bookings with them stand and are listed as affected."""
    _must_end(starts_at, ends_at)
    return change.create(
        Leave, Did.LEAVE_ADDED, profile=profile, starts_at=starts_at, ends_at=ends_at, kind=kind
    )


@action(Practice.EDIT)
def change_leave(change: Change, /, leave: Leave, **values: Any) -> Leave:
    """Change leave."""
    _must_end(values.get("starts_at", leave.starts_at), values.get("ends_at", leave.ends_at))
    change.update(leave, Did.LEAVE_CHANGED, **values)
    must_record(change)
    return leave


def _must_end(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise Unfit("until_on", "This ends before it begins.")


@action(Practice.EDIT)
def remove_leave(change: Change, leave: Leave) -> None:
    """Take leave back."""
    change.delete(locked(leave), Did.LEAVE_REMOVED, fields=["ends_at", "kind", "profile_id", "starts_at"])
