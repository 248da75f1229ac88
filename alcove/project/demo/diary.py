"""The diary in which the demo's appointments are planned: who works when, and what is taken of whom.

The rules are those of ``calendar.queries.needs``; the rest is plain lists, because four thousand bookings through the
action would take minutes. ``tests/test_appointments.py`` checks what comes of it row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from alcove.clinic.calendar.models import Block, Booking, Occupancy
from alcove.clinic.calendar.queries import Wish
from alcove.clinic.calendar.queries.needs import by_resource, is_at_once, staff_spans, whole_span
from alcove.clinic.practice.models import Equipment, Location, Room, Service, StaffProfile, WorkingHours
from alcove.clinic.practice.queries.hours import Span
from alcove.project.demo import menu
from alcove.project.demo.people import STAFF
from alcove.project.demo.stage import ZONE, Card, Stage, moment

Kind = Occupancy.Kind
Takes = list[tuple[Kind, UUID, Span]]
QUARTER: Final = 15


@dataclass
class Planned:
    """A booking as planned. ``card`` is None for a held time; ``by``: the key of whoever of the desk made it, or ""."""

    row: Booking
    card: Card | None
    wishes: list[Wish]
    rooms: list[Room | None]
    takes: Takes
    by: str
    course: int = 0
    note: str = ""


@dataclass
class Diary:
    """Who works when, and what is taken. Clinicians are named by their key."""

    places: dict[str, Location]
    services: dict[str, Service]
    profiles: dict[str, StaffProfile]
    hours: dict[tuple[str, int], list[tuple[int, int]]]
    does: dict[tuple[str, str], tuple[int, int]]
    away: dict[str, list[tuple[date, date]]]
    shut: frozenset[date]
    rooms: dict[str, list[Room]]
    units: dict[tuple[str, UUID], list[UUID]]
    taken: dict[tuple[UUID, date], list[Span]] = field(default_factory=dict)

    def place_of(self, key: str) -> str:
        return next(one.place for one in STAFF if one.key == key)

    def spans(self, key: str, day: date) -> list[tuple[int, int]]:
        """Return when somebody works on a day, in minutes after midnight; nothing on leave and on holidays."""
        if day in self.shut or any(first <= day < last for first, last in self.away.get(key, ())):
            return []
        return self.hours.get((key, day.weekday()), [])

    def is_free(self, resource_id: UUID, span: Span) -> bool:
        day = span[0].astimezone(ZONE).date()
        return all(
            span[1] <= begin or end <= span[0] for begin, end in self.taken.get((resource_id, day), ())
        )

    def take(self, takes: Takes) -> None:
        for _, resource_id, span in takes:
            day = span[0].astimezone(ZONE).date()
            self.taken.setdefault((resource_id, day), []).append(span)

    def wishes(
        self, parts: Sequence[tuple[str, str]], starts_at: datetime, *, outside: bool = False
    ) -> list[Wish]:
        """Return the services of ``[(service, key), …]`` one after the other, or nothing where somebody cannot then."""
        found: list[Wish] = []
        for name, key in parts:
            if (name, key) not in self.does:
                return []
            minutes, price = self.does[name, key]
            wish = Wish(self.services[name], self.profiles[key], starts_at, minutes, price)
            if not outside and not self._works(key, whole_span(wish)):
                return []
            found.append(wish)
            starts_at = wish.ends_at
        return [] if is_at_once(found) else found

    def _works(self, key: str, span: Span) -> bool:
        day = span[0].astimezone(ZONE).date()
        return any(
            moment(day, starts) <= span[0] and span[1] <= moment(day, ends)
            for starts, ends in self.spans(key, day)
        )

    def needs(self, place: str, wishes: Sequence[Wish]) -> tuple[Takes, list[Room | None]] | None:
        """Return what these wishes take and the room of each, or None where something of it is taken."""
        takes: Takes = []
        staff = by_resource((wish.profile.pk, span) for wish in wishes for span in staff_spans(wish))
        for profile_id, spans in staff.items():
            if not all(self.is_free(profile_id, span) for span in spans):
                return None
            takes += [(Kind.STAFF, profile_id, span) for span in spans]
        rooms = self._rooms(place, wishes)
        units = self._units(place, wishes)
        if rooms is None or units is None:
            return None
        used = by_resource(
            (room.pk, whole_span(wish)) for room, wish in zip(rooms, wishes, strict=True) if room is not None
        )
        takes += [(Kind.ROOM, room_id, span) for room_id, spans in used.items() for span in spans]
        takes += [
            (Kind.EQUIPMENT, unit, span) for unit, spans in by_resource(units).items() for span in spans
        ]
        return takes, rooms

    def _rooms(self, place: str, wishes: Sequence[Wish]) -> list[Room | None] | None:
        """Return a free room for each wish, the same one throughout where that suits; None where there is none."""
        found: list[Room | None] = []
        last: Room | None = None
        for wish in wishes:
            if not wish.service.needs_room:
                found.append(None)
                continue
            named = {row.room_id for row in wish.service.rooms.all()}
            suit = [room for room in self.rooms[place] if not named or room.pk in named]
            suit.sort(key=lambda room: room is not last)
            last = next((room for room in suit if self.is_free(room.pk, whole_span(wish))), None)
            if last is None:
                return None
            found.append(last)
        return found

    def _units(self, place: str, wishes: Sequence[Wish]) -> list[tuple[UUID, Span]] | None:
        found: list[tuple[UUID, Span]] = []
        for wish in wishes:
            span = whole_span(wish)
            for row in wish.service.equipment.all():
                suit = self.units.get((place, row.kind_id), [])
                unit = next((one for one in suit if self.is_free(one, span)), None)
                if unit is None:
                    return None
                found.append((unit, span))
        return found


def open_diary(stage: Stage) -> Diary:
    """Read places, people and menu as ``menu.furnish`` put them down."""
    keys = {person.pk: key for key, person in stage.people.items()}
    profiles = {keys[row.person_id]: row for row in StaffProfile.objects.select_related("person")}
    services = {
        row.name: row
        for row in Service.objects.prefetch_related("rooms", "equipment", "staff").order_by(
            "position", "name"
        )
    }
    places = {row.name: row for row in Location.objects.all()}
    return Diary(
        places,
        services,
        profiles,
        _hours(profiles),
        _does(services, profiles),
        _away(stage.today),
        stage.shut,
        {name: list(Room.objects.filter(location=row)) for name, row in places.items()},
        _units(places.values()),
    )


def _hours(profiles: dict[str, StaffProfile]) -> dict[tuple[str, int], list[tuple[int, int]]]:
    keys = {row.pk: key for key, row in profiles.items()}
    found: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for row in WorkingHours.objects.all():
        found.setdefault((keys[row.profile_id], row.weekday), []).append((row.starts, row.ends))
    return found


def _does(
    services: dict[str, Service], profiles: dict[str, StaffProfile]
) -> dict[tuple[str, str], tuple[int, int]]:
    keys = {row.pk: key for key, row in profiles.items()}
    return {
        (name, keys[row.profile_id]): (
            row.minutes or service.minutes,
            service.price_minor if row.price_minor is None else row.price_minor,
        )
        for name, service in services.items()
        for row in service.staff.all()
    }


def _away(today: date) -> dict[str, list[tuple[date, date]]]:
    found: dict[str, list[tuple[date, date]]] = {}
    for one in menu.AWAY:
        first = today + timedelta(days=one.begins)
        found.setdefault(one.key, []).append((first, first + timedelta(days=one.days)))
    return found


def _units(places: Iterable[Location]) -> dict[tuple[str, UUID], list[UUID]]:
    found: dict[tuple[str, UUID], list[UUID]] = {}
    for place in places:
        for unit in Equipment.objects.filter(location=place):
            found.setdefault((place.name, unit.kind_id), []).append(unit.pk)
    return found


@dataclass
class Blocked:
    """Time that nobody can book, as planned."""

    row: Block
    takes: Takes
