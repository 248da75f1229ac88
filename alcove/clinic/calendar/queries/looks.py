"""What a look at the calendar asks for, and which rows it may see.

Without ``Calendar.SEE_ALL`` there is one's own column and nothing else: every read of appointments passes ``seen``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from alcove.clinic.calendar.models import Appointment, Block, Booking
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries.slots import LONGEST
from alcove.clinic.practice.models import Location, StaffProfile
from alcove.clinic.practice.models.places import DAY_MINUTES
from alcove.clinic.practice.queries import at
from alcove.security.access.actors import Actor
from alcove.security.access.need import NOBODY
from alcove.security.audit import clock

PEOPLE, ROOMS = "people", "rooms"
SHOWN = (
    Booking.State.BOOKED, Booking.State.CONFIRMED, Booking.State.ARRIVED, Booking.State.IN_ROOM, Booking.State.DONE,
    Booking.State.NO_SHOW,
)  # fmt: skip
"""States one can look for; what is cancelled takes no place in the grid."""


@dataclass(frozen=True, slots=True)
class Look:
    """A day (or the week or month around it) at a location. ``by``: a column for each of people or rooms.

    ``profile_id``: this person only; ``state``: bookings in this state only, "" for all.
    """

    location: Location
    day: date
    by: str = PEOPLE
    profile_id: UUID | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment as the grid needs it, with what its booking, service and practitioner say."""

    id: UUID
    booking_id: UUID
    client_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    profile_id: UUID
    room_id: UUID | None
    state: str
    booking_version: int
    version: int
    service: str
    tint: int
    before: int
    after: int
    free_from: int
    free_minutes: int
    person_id: UUID


_COLUMNS = (
    "id", "booking_id", "client_id", "starts_at", "ends_at", "profile_id", "room_id", "booking__state",
    "booking__version", "version", "service__name", "service__tint", "service__buffer_before", "service__buffer_after",
    "service__hands_free_from", "service__hands_free_minutes", "profile__person_id",
)  # fmt: skip


def bounds(location: Location, first: date, days: int = 1) -> tuple[datetime, datetime]:
    """Return the moments at which the location's clocks begin the first day and end the last."""
    return at(first, 0, location.zone), at(first + timedelta(days=days - 1), DAY_MINUTES, location.zone)


def seen(actor: Actor, rows: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Return those of these appointments that this actor may see at all."""
    return rows if actor.holds(Calendar.SEE_ALL) else rows.filter(profile__person_id=actor.id or NOBODY)


def appointments(actor: Actor, location: Location, begin: datetime, end: datetime) -> QuerySet[Appointment]:
    """Return what takes place at a location between two moments, without what is cancelled or was let go."""
    over = Q(booking__state=Booking.State.CANCELLED) | Q(
        booking__state=Booking.State.HELD, booking__held_until__lte=clock.now()
    )
    # An appointment lies within its booking: said of both, SQLite finds the day's bookings by their index.
    rows = Appointment.objects.filter(
        booking__location=location, booking__starts_at__gt=begin - 2 * LONGEST, booking__starts_at__lt=end,
        starts_at__gt=begin - LONGEST, starts_at__lt=end, ends_at__gt=begin,
    )  # fmt: skip
    return seen(actor, rows.exclude(over))


def rows_of(found: QuerySet[Appointment]) -> list[Row]:
    """Return appointments as rows, in the order they begin: one query."""
    return [Row(*one) for one in found.values_list(*_COLUMNS).order_by("starts_at", "id")]


def rows(actor: Actor, look: Look, begin: datetime, end: datetime) -> list[Row]:
    """Return the appointments this look shows between two moments."""
    found = appointments(actor, look.location, begin, end)
    if look.profile_id is not None:
        found = found.filter(profile_id=look.profile_id)
    if look.state:
        found = found.filter(booking__state=look.state)
    return rows_of(found)


def blocks(actor: Actor, location: Location, begin: datetime, end: datetime) -> list[Block]:
    """Return blocked time at a location; of people, one's own where colleagues are not seen."""
    found = Block.objects.filter(
        location=location, starts_at__gt=begin - LONGEST, starts_at__lt=end, ends_at__gt=begin
    )
    if not actor.holds(Calendar.SEE_ALL):
        found = found.filter(profile__person_id=actor.id or NOBODY)
    return list(found)


def people(actor: Actor, location: Location, also: Iterable[UUID] = ()) -> list[StaffProfile]:
    """Return who has a column: whoever ever works there, and ``also`` whoever is booked there all the same."""
    found = StaffProfile.objects.filter(
        Q(hours__location=location, is_bookable=True) | Q(pk__in=list(also))
    ).distinct()
    if not actor.holds(Calendar.SEE_ALL):
        found = found.filter(person_id=actor.id or NOBODY)
    return list(found)


def places() -> list[Location]:
    """Return the locations one can look at."""
    return list(Location.objects.filter(is_active=True))
