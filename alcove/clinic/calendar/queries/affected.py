"""Coming bookings that no longer fit what Setup says: hours changed under them, somebody left, a room closed.

They stand: nothing here moves or cancels one. A booking that was put outside hours on purpose is among them too, for
nothing tells it from one that hours were moved away from. Everything is read once and compared in memory, bookings as
bare columns: each page of Setup counts them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from alcove.clinic.calendar.models import Appointment, Booking, Occupancy
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries.minutes import MINUTE
from alcove.clinic.practice.models import (
    Closure,
    Leave,
    Location,
    OpeningHours,
    Room,
    Service,
    ServiceStaff,
    StaffProfile,
    WorkingHours,
)
from alcove.clinic.practice.queries import at
from alcove.clinic.practice.queries.hours import Span
from alcove.clinic.practice.queries.weeks import holds
from alcove.security.access.actors import Actor

STANDING = (Booking.State.BOOKED, Booking.State.CONFIRMED)
"""Bookings that are still to come; one that is held or under way needs no second look."""


@dataclass(frozen=True, slots=True)
class Affected:
    """An appointment and, as sentences without their stop, why it no longer fits."""

    appointment: Appointment
    why: tuple[str, ...]


def affected(now: datetime | None = None) -> list[Affected]:
    """Return coming appointments that no longer fit, the next one first."""
    moment = now or timezone.now()
    coming = Appointment.objects.filter(starts_at__gt=moment, booking__state__in=STANDING)
    rows = [_Row(*row) for row in coming.order_by("starts_at", "id").values_list(*_COLUMNS)]
    if not rows:
        return []
    plan = _Plan(rows)
    found = {row.id: why for row in rows if (why := tuple(plan.why(row)))}
    whole = Appointment.objects.select_related("booking__location", "service", "profile__person", "room")
    shown = whole.in_bulk(list(found))
    return [Affected(shown[row_id], why) for row_id, why in found.items() if row_id in shown]


def affected_for(actor: Actor) -> list[Affected]:
    """Return those that this person may look at: without the right to colleagues' columns, their own."""
    found = affected()
    if actor.holds(Calendar.SEE_ALL):
        return found
    return [one for one in found if one.appointment.profile.person_id == actor.id]


class _Row(NamedTuple):
    """What is compared of one appointment."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    booking_id: UUID
    location_id: UUID
    service_id: UUID
    profile_id: UUID
    room_id: UUID | None


_COLUMNS = (
    "id", "starts_at", "ends_at", "booking_id", "booking__location_id", "service_id", "profile_id", "room_id",
)  # fmt: skip


@dataclass
class _Plan:
    """Hours, closures, leave and what is taken, as Setup has them now."""

    rows: list[_Row]
    opens: dict[UUID, list[OpeningHours]] = field(default_factory=dict)
    closures: list[Closure] = field(default_factory=list)
    works: dict[tuple[UUID, UUID], list[WorkingHours]] = field(default_factory=dict)
    leaves: dict[UUID, list[Leave]] = field(default_factory=dict)
    does: dict[tuple[UUID, UUID], int | None] = field(default_factory=dict)
    days: dict[tuple[UUID, ...], dict[date, list[Span]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first, last = self.rows[0].starts_at, max(row.ends_at for row in self.rows)
        for hours in OpeningHours.objects.all():
            self.opens.setdefault(hours.location_id, []).append(hours)
        day = timedelta(days=1)
        self.closures = list(
            Closure.objects.filter(from_on__lte=(last + day).date(), until_on__gte=(first - day).date())
        )
        for work in WorkingHours.objects.all():
            self.works.setdefault((work.profile_id, work.location_id), []).append(work)
        for leave in Leave.objects.filter(starts_at__lt=last, ends_at__gt=first):
            self.leaves.setdefault(leave.profile_id, []).append(leave)
        pairs = ServiceStaff.objects.values_list("service_id", "profile_id", "minutes")
        self.does = {(service_id, profile_id): minutes for service_id, profile_id, minutes in pairs}
        self.locations, self.services = Location.objects.in_bulk(), Service.objects.in_bulk()
        self.profiles = StaffProfile.objects.select_related("person").in_bulk()
        self.rooms = Room.objects.in_bulk()

    @cached_property
    def taken(self) -> dict[UUID, list[tuple[datetime, UUID | None]]]:
        """When people's time is taken from, and by which booking; asked for only where a service takes longer now."""
        found: dict[UUID, list[tuple[datetime, UUID | None]]] = {}
        spans = Occupancy.objects.filter(kind=Occupancy.Kind.STAFF, ends_at__gt=self.rows[0].starts_at)
        for resource, begin, booking in spans.order_by("starts_at").values_list(
            "resource_id", "starts_at", "booking_id"
        ):
            found.setdefault(resource, []).append((begin, booking))
        return found

    def why(self, row: _Row) -> Iterable[str]:
        """Yield what is no longer so about an appointment."""
        location = self.locations[row.location_id]
        day = row.starts_at.astimezone(location.zone).date()
        yield from self._place(row, location, day)
        yield from self._person(row, location, day)
        yield from self._service(row)

    def _place(self, row: _Row, location: Location, day: date) -> Iterable[str]:
        shut = next((one for one in self.closures if _shuts(one, location, day)), None)
        if not location.is_active:
            yield f"{location.name} is out of use"
        elif shut is not None:
            yield f"{location.name} is closed: {shut.name}"
        elif not _within(row, self._open(location, day)):
            yield "Outside opening hours"
        room = self.rooms.get(row.room_id) if row.room_id else None
        if room is not None and not room.is_active:
            yield f"{room.name} is out of use"

    def _open(self, location: Location, day: date) -> list[Span]:
        known = self.days.setdefault((location.pk,), {})
        if day not in known:
            hours = [(one.weekday, one.opens, one.closes) for one in self.opens.get(location.pk, [])]
            known[day] = _spans(location, day, hours)
        return known[day]

    def _works(self, profile_id: UUID, location: Location, day: date) -> list[Span]:
        known = self.days.setdefault((profile_id, location.pk), {})
        if day not in known:
            held = [one for one in self.works.get((profile_id, location.pk), []) if holds(one, day)]
            known[day] = _spans(location, day, [(one.weekday, one.starts, one.ends) for one in held])
        return known[day]

    def _person(self, row: _Row, location: Location, day: date) -> Iterable[str]:
        profile = self.profiles[row.profile_id]
        person = profile.person
        if not person.is_active or person.has_left(row.starts_at):
            yield f"{profile.shown_name} has left"
            return
        if not profile.is_bookable:
            yield f"{profile.shown_name} is not booked any more"
        if any(
            one.starts_at < row.ends_at and row.starts_at < one.ends_at
            for one in self.leaves.get(profile.pk, [])
        ):
            yield f"{profile.shown_name} is away"
        if not _within(row, self._works(profile.pk, location, day)):
            yield f"Outside {profile.shown_name}’s hours"

    def _service(self, row: _Row) -> Iterable[str]:
        service = self.services[row.service_id]
        if not service.is_active:
            yield "The service is off the menu"
        key = (service.pk, row.profile_id)
        if key not in self.does:
            yield f"{self.profiles[row.profile_id].shown_name} does not do this any more"
            return
        minutes = self.does[key] or service.minutes
        booked = int((row.ends_at - row.starts_at) / MINUTE)
        if minutes <= booked:
            return
        until = row.starts_at + minutes * MINUTE + service.buffer_after * MINUTE
        others = self.taken.get(row.profile_id, [])
        ahead = [
            begin for begin, booking in others if booking != row.booking_id and row.ends_at <= begin < until
        ]
        if ahead:
            left = int((min(ahead) - row.starts_at) / MINUTE)
            yield f"It takes {minutes} minutes now, and {left} are free"


def _shuts(closure: Closure, location: Location, day: date) -> bool:
    return closure.location_id in {None, location.pk} and closure.from_on <= day <= closure.until_on


def _spans(location: Location, day: date, hours: Iterable[tuple[int, int, int]]) -> list[Span]:
    """Return hours of a day as moments, those that touch made one."""
    found: list[Span] = []
    for _, begin, end in sorted(one for one in hours if one[0] == day.weekday()):
        span = (at(day, begin, location.zone), at(day, end, location.zone))
        if found and span[0] <= found[-1][1]:
            span = (found.pop()[0], span[1])
        found.append(span)
    return found


def _within(row: _Row, spans: Iterable[Span]) -> bool:
    begin, end = row.starts_at.astimezone(UTC), row.ends_at.astimezone(UTC)
    return any(first <= begin and end <= last for first, last in spans)


def in_pages(found: list[Affected], number: int, size: int) -> dict[str, Any]:
    """Return one page of them, as the template's pager wants it."""
    pages = max(1, -(-len(found) // size))
    number = min(max(number, 1), pages)
    shown = found[(number - 1) * size : number * size]
    return {
        "rows": shown, "total": len(found), "first": (number - 1) * size + 1, "last": (number - 1) * size + len(shown),
        "previous_url": f"?page={number - 1}" if number > 1 else "",
        "next_url": f"?page={number + 1}" if number < pages else "",
    }  # fmt: skip
