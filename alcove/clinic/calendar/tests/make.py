"""A small clinic to book in: one location, open every day from nine to six, with people, rooms and a menu."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.models import Booking
from alcove.clinic.calendar.queries import Ask, Wish
from alcove.clinic.practice.models import (
    Category,
    Equipment,
    EquipmentKind,
    Location,
    OpeningHours,
    Room,
    Service,
    ServiceEquipment,
    ServiceStaff,
    StaffProfile,
    WorkingHours,
)
from alcove.clinic.practice.queries import at
from alcove.security.access.actors import Actor
from alcove.security.access.writes import writing
from alcove.security.identity.models import Person

MONDAY = date(2027, 3, 1)
NINE, SIX = 9 * 60, 18 * 60


@dataclass
class Clinic:
    """``people``, ``rooms`` and ``services`` by name."""

    location: Location
    category: Category
    people: dict[str, StaffProfile] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)

    def at(self, hour: int, minute: int = 0, *, day: date = MONDAY) -> datetime:
        """Return a moment by the location's clock."""
        return at(day, hour * 60 + minute, self.location.zone)

    def wish(self, service: str, person: str, hour: int, minute: int = 0, **more: Any) -> Wish:
        day = more.pop("day", MONDAY)
        found = self.services[service]
        return Wish(
            found,
            self.people[person],
            self.at(hour, minute, day=day),
            more.pop("minutes", found.minutes),
            **more,
        )

    def ask(self, service: str, *people: str, after: int = 0) -> Ask:
        ids = frozenset(self.people[name].pk for name in people) if people else None
        return Ask(self.services[service], ids, after)

    def book(self, actor: Actor, client_id: UUID, *wishes: Wish, **more: Any) -> Booking:
        return actions.book(actor, client_id, self.location, wishes, **more)


def clinic(*, people: int = 2, rooms: int = 2, slot_minutes: int = 15) -> Clinic:
    """Make the clinic: P0, P1 … do all services, in R0, R1 …; ``facial`` 45 min, ``toxin`` 30, ``laser`` 60.

    A second one in the same practice stands beside the first: other people and rooms at the same location.
    """
    with writing("a clinic for tests"):
        location = Location.objects.first() or Location.objects.create(name="Main")
        location.slot_minutes = slot_minutes
        location.save()
        if not location.hours.exists():
            OpeningHours.objects.bulk_create(
                OpeningHours(location=location, weekday=day, opens=NINE, closes=SIX) for day in range(7)
            )
        before = Category.objects.filter(name__startswith="Face").count()
        nth = f"-{before}" if before else ""
        made = Clinic(location, Category.objects.create(name=f"Face{nth}"))
        for number in range(rooms):
            made.rooms[f"R{number}"] = Room.objects.create(location=location, name=f"R{number}{nth}")
        for number in range(people):
            person = Person.objects.create(email=f"p{number}{nth}@booked.example", name=f"P{number} Person")
            profile = StaffProfile.objects.create(person=person, shown_name=f"P{number}", position=number)
            made.people[f"P{number}"] = profile
            WorkingHours.objects.bulk_create(
                WorkingHours(profile=profile, location=location, weekday=day, starts=NINE, ends=SIX)
                for day in range(7)
            )
        laser, _ = EquipmentKind.objects.get_or_create(name="IPL")
        Equipment.objects.create(kind=laser, location=location, name="IPL 1")
        add_service(made, "facial", minutes=45)
        add_service(made, "toxin", minutes=30)
        service = add_service(made, "laser", minutes=60)
        ServiceEquipment.objects.create(service=service, kind=laser)
    return made


def add_service(made: Clinic, name: str, **values: Any) -> Service:
    """Add a service that everybody does."""
    with writing("a service for tests"):
        service = Service.objects.create(category=made.category, name=name, **values)
        ServiceStaff.objects.bulk_create(
            ServiceStaff(service=service, profile=profile) for profile in made.people.values()
        )
    made.services[name] = service
    return service


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc, arg-type]  # a moment's parts


def soon(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)
