"""Reception's today: who is late, who waits and for how long, who is in which room, who is still to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alcove.clinic.calendar.models import Appointment, Booking
from alcove.clinic.calendar.queries import comings, looks
from alcove.clinic.calendar.queries.faces import Face, Faces
from alcove.clinic.calendar.queries.looks import Look
from alcove.clinic.practice.models import Room
from alcove.security.access.actors import Actor
from alcove.security.audit import clock
from alcove.ui.moments import clock as said

S = Booking.State
GROUPS = (
    ("late", "Late", "Nobody is late."),
    ("waiting", "Waiting", "Nobody waits."),
    ("room", "In room", "Nobody is in a room."),
    ("expected", "Expected", "Nobody else is expected today."),
    ("done", "Done", ""),
    ("missed", "Did not come", ""),
)
"""Key, title and what an empty group says; "" leaves an empty group out."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A client's coming today. ``minutes``: how late, or how long they have waited. ``missed``: no-shows so far."""

    booking: Booking
    face: Face
    when: str
    what: str
    rooms: str
    minutes: int
    missed: int


@dataclass(frozen=True, slots=True)
class Group:
    """The guests in one state."""

    key: str
    title: str
    empty: str
    guests: list[Guest]

    @property
    def longest(self) -> int:
        return max((one.minutes for one in self.guests), default=0)


def today(actor: Actor, look: Look) -> list[Group]:
    """Return the bookings of a day at a location by how far they are: a handful of queries whatever their number."""
    begin, end = looks.bounds(look.location, look.day)
    rows = looks.appointments(actor, look.location, begin, end).exclude(booking__state=S.HELD)
    found = list(rows.select_related("booking", "service", "profile", "room"))
    by_booking: dict[UUID, list[Appointment]] = defaultdict(list)
    for row in found:
        by_booking[row.booking_id].append(row)
    client_ids = {row.client_id for row in found if row.client_id}
    faces, missed = Faces(actor, client_ids), comings.missed(list(client_ids))
    now = clock.now()
    guests: dict[str, list[Guest]] = {key: [] for key, *_ in GROUPS}
    for parts in by_booking.values():
        key, guest = _guest(look, parts, faces, missed, now)
        guests[key].append(guest)
    for found_guests in guests.values():
        found_guests.sort(key=lambda one: one.booking.starts_at)
    guests["waiting"].sort(key=lambda one: -one.minutes)
    return [Group(key, title, empty, guests[key]) for key, title, empty in GROUPS if guests[key] or empty]


def _guest(
    look: Look, parts: Sequence[Appointment], faces: Faces, missed: dict[UUID, int], now: datetime
) -> tuple[str, Guest]:
    booking = parts[0].booking
    face = faces.of(booking.client_id, [one.profile.person_id for one in parts])
    key = _group(booking, now)
    since = booking.arrived_at if key == "waiting" else booking.starts_at
    counted = key in {"late", "waiting"} and since is not None
    minutes = int((now - since).total_seconds() // 60) if counted and since else 0
    what = (
        ""
        if face.is_busy
        else ", ".join(f"{one.service.name} with {one.profile.shown_name}" for one in parts)
    )
    rooms = ", ".join(sorted({one.room.name for one in parts if one.room}))
    when = said(booking.starts_at.astimezone(look.location.zone))
    times = missed.get(booking.client_id, 0) if face.client and booking.client_id else 0
    return key, Guest(booking, face, when, what, rooms, minutes, times)


def _group(booking: Booking, now: datetime) -> str:
    if booking.state in {S.BOOKED, S.CONFIRMED}:
        return "late" if booking.starts_at < now else "expected"
    return {S.ARRIVED: "waiting", S.IN_ROOM: "room", S.DONE: "done"}.get(S(booking.state), "missed")


def rooms(look: Look) -> list[Room]:
    """Return the rooms of a location that a client can be brought into."""
    return list(Room.objects.filter(location=look.location, is_active=True))
