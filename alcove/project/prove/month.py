"""A month of ordinary work for eleven people, written straight into the log, different from run to run.

Nobody presses a button: the entries are those the pages would have left, at told moments, by people with the roles of
the demo. Who is treated, by whom, when, who is called back and who looks at a colleague's client is drawn anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from alcove.clinic.calendar.models import Appointment, Booking
from alcove.clinic.calendar.policy import Did as Calendar
from alcove.clinic.clients.actions import create_client
from alcove.clinic.clients.policy import Did as Card
from alcove.clinic.practice.models import Category, Location, Service, StaffProfile
from alcove.clinic.practice.queries import zones
from alcove.clinic.records.policy import Did as Record
from alcove.compliance.actions import alerts
from alcove.compliance.models import Alert
from alcove.compliance.queries import watching
from alcove.compliance.tasks import catch_up
from alcove.project.prove.ground import Practice
from alcove.security.access.actors import Actor
from alcove.security.access.opening import record_now
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import write_turn, writing
from alcove.security.audit import chain, clock, pen
from alcove.security.audit.events import Event
from alcove.security.identity.actions import add_person
from alcove.security.identity.models import Device, Person, Session
from alcove.security.identity.policy import Did as Identity
from alcove.security.vault.ids import uuid7

CLIENTS: Final = 70
DAYS: Final = 28
_ROLES: Final = (
    RoleKey.PRESCRIBER, RoleKey.PRESCRIBER, RoleKey.PRESCRIBER, RoleKey.PRACTITIONER, RoleKey.PRACTITIONER,
    RoleKey.PRACTITIONER, RoleKey.MANAGER, RoleKey.FRONT_DESK, RoleKey.FRONT_DESK, RoleKey.OFFICER,
    RoleKey.BOOKKEEPER,
)  # fmt: skip
_GIVEN: Final = (
    "Ada",
    "Ben",
    "Cleo",
    "Dov",
    "Eve",
    "Finn",
    "Gwen",
    "Hugo",
    "Iris",
    "Juno",
    "Kai",
    "Lena",
    "Milo",
    "Nora",
)
_CLIENTS: Final = (
    "Olga",
    "Paul",
    "Quinn",
    "Rosa",
    "Sven",
    "Tess",
    "Uma",
    "Vera",
    "Will",
    "Xenia",
    "Yuri",
    "Zora",
)
"""Given names of clients: two people of the same full name are rarer than so few names would make them."""
_FAMILY: Final = (
    "Abbott", "Barros", "Castell", "Dunmore", "Ekberg", "Farrow", "Galvan", "Hollis", "Ibarra", "Jansen", "Kessler",
    "Lombard", "Merrick", "Novak", "Ostrow", "Pereira", "Quill", "Rhodes", "Sandoval", "Thorne", "Ulrich", "Vance",
)  # fmt: skip
_SATURDAY: Final = 5
Doing = tuple[datetime, Person, tuple[tuple[Event, UUID | None], ...]]
"""When, who, and what of whom: the entries of one moment."""


@contextmanager
def told_time() -> Iterator[None]:
    """Let the log of a scratch practice be told the time, as a demo's is; what it wrote so is linked at the end.

    An entry of long ago that no block holds is a fault to whoever verifies the log afterwards.
    """
    pen.retire()
    token = clock.told.set(None)
    try:
        with (
            zones.lived_by(),
            mock.patch.object(clock, "house", return_value=SimpleNamespace(is_demo=True)),
        ):
            yield
    finally:
        clock.told.reset(token)
        pen.retire()
        chain.Sequencer(head_file=None).link()


@dataclass
class Played:
    """The people and clients of a month, and what they did. ``seed`` gives the same month again."""

    practice: Practice
    seed: int
    rng: Random = field(init=False)
    people: list[Person] = field(default_factory=list)
    roles: dict[UUID, RoleKey] = field(default_factory=dict)
    clients: list[UUID] = field(default_factory=list)
    devices: dict[UUID, Device] = field(default_factory=dict)
    entries: int = 0

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)  # noqa: S311 - invented people, no secrets

    # Who there is ---------------------------------------------------------------------------------------------------

    def hire(self) -> None:
        """Add eleven people, each with a browser of their own, and the practice's clients."""
        mark = uuid7().hex[-8:]
        families = self.rng.sample(_FAMILY, len(_ROLES))
        for at, (role, family) in enumerate(zip(_ROLES, families, strict=True)):
            person = add_person(
                Actor.operator("prove"), email=f"{family.lower()}.{mark}@clinic.example",
                name=f"{self.rng.choice(_GIVEN)} {family}", roles=[self.practice.roles[role]], is_vouched=True,
            )  # fmt: skip
            phone = f"+1212{self.rng.randrange(10**7):07}"
            with writing("people of a month"):
                Person.objects.filter(pk=person.pk).update(phone=phone)
                self.devices[person.id] = Device.objects.create(
                    key_digest=f"month-{mark}-{at}", name=f"Screen {at}", state=Device.State.APPROVED
                )
            self.people.append(Person.objects.get(pk=person.pk))
            self.roles[person.id] = role
        # Surnames of the staff occur among clients as among all people.
        for at in range(CLIENTS):
            self.clients.append(
                self.client(self.rng.choice(_CLIENTS), self.rng.choice(_FAMILY) if at > 1 else families[at])
            )

    def client(self, given: str, family: str, **more: Any) -> UUID:
        """Return a new client."""
        details = more.pop("details", {})
        held = {"given": given, "family": family, **more}
        return create_client(self.practice.actor(RoleKey.OWNER), directory=held, details=details).id

    def of_role(self, *roles: RoleKey) -> list[Person]:
        return [one for one in self.people if self.roles[one.id] in roles]

    @property
    def clinicians(self) -> list[Person]:
        return self.of_role(RoleKey.PRESCRIBER, RoleKey.PRACTITIONER)

    # What is written ------------------------------------------------------------------------------------------------

    def note(self, at: datetime, person: Person, *deeds: tuple[Event, UUID | None], **more: Any) -> None:
        """Write what one person did at one moment; ``address`` and ``result`` where they are not the usual ones."""
        clock.told.set(at)
        address = more.pop("address", "198.51.100.7")
        origin = pen.origin_id(address, f"browser of {person.id}")
        record_now(*[
            pen.Draft(
                event, "person", actor_id=person.id, role=str(self.roles[person.id]), client_id=client,
                origin_id=origin, **more,
            )
            for event, client in deeds
        ])  # fmt: skip
        self.entries += len(deeds)

    def sign_in(self, at: datetime, person: Person, device: Device | None = None, **more: Any) -> None:
        """Write that somebody signed in, with the session that came of it."""
        with writing("a session of a month"):
            Session.objects.create(
                person=person, digest=uuid7().hex, method="prove", device=device or self.devices[person.id],
                started_at=at, seen_at=at, ended_at=at,
            )  # fmt: skip
        self.note(at, person, (Identity.SIGNED_IN, None), **more)

    def book(self, plan: list[tuple[UUID, Person, datetime]]) -> None:
        """Write appointments: whose, with whom, when."""
        with writing("appointments of a month"):
            place = Location.objects.first()
            category, _ = Category.objects.get_or_create(name="Played")
            service, _ = Service.objects.get_or_create(
                category=category, name="Played", defaults={"minutes": 30}
            )
            half = timedelta(minutes=30)
            bookings, appointments = [], []
            for client, person, at in plan:
                profile, _ = StaffProfile.objects.get_or_create(
                    person=person, defaults={"shown_name": person.name}
                )
                row = Booking(client_id=client, location=place, starts_at=at, ends_at=at + half)
                bookings.append(row)
                appointments.append(Appointment(
                    booking=row, client_id=client, service=service, profile=profile, starts_at=at, ends_at=at + half
                ))  # fmt: skip
            Booking.objects.bulk_create(bookings)
            Appointment.objects.bulk_create(appointments)

    # A month --------------------------------------------------------------------------------------------------------

    def live(self, first: date, enough: int) -> list[Alert]:
        """Live a month from that day on, the rules looking on each evening; return the alerts they raised.

        The month ends early once there are more than ``enough`` of them in a week: more would say nothing new.
        """
        before = set(Alert.objects.values_list("pk", flat=True))
        days = [first + timedelta(days=at) for at in range(DAYS)]
        for on in days:
            if on.weekday() > _SATURDAY:
                continue
            with write_turn(), transaction.atomic():
                self._live_day(on)
            self.look(at(on, 23, 59))
            week = Alert.objects.filter(raised_at__gt=at(on, 23, 59) - timedelta(days=7)).exclude(
                pk__in=before
            )
            if week.count() > enough:
                break
        return list(Alert.objects.exclude(pk__in=before).order_by("at"))

    def _live_day(self, on: date) -> None:
        visits = self._plan_day(on)
        deeds: list[Doing] = []
        for client, person, begins in visits:
            desk = self.rng.choice(self.of_role(RoleKey.FRONT_DESK))
            deeds += [
                (
                    begins - self._minutes(2, 20),
                    desk,
                    ((Kernel.CARD_OPENED, client), (Calendar.ARRIVED, client)),
                ),
                (begins - self._minutes(1, 10), person, ((Kernel.RECORD_OPENED, client),)),
                (
                    begins + self._minutes(15, 90),
                    person,
                    ((Record.NOTE_DRAFTED, client), (Record.NOTE_SIGNED, client)),
                ),
            ]
        deeds += self._besides(on)
        for person in self.people:
            self.sign_in(at(on, 8, self.rng.randint(0, 50)), person)
        for when, person, done in sorted(deeds, key=lambda one: one[0]):
            self.note(when, person, *done)

    def _plan_day(self, on: date) -> list[tuple[UUID, Person, datetime]]:
        plan = []
        for person in self.clinicians:
            if self.rng.random() < 0.2:  # noqa: PLR2004 - a day off
                continue
            hours = self.rng.sample(range(9, 18), self.rng.randint(2, 5))
            plan += [
                (self.rng.choice(self.clients), person, at(on, hour, self.rng.choice((0, 30))))
                for hour in hours
            ]
        self.book(plan)
        return plan

    def _besides(self, on: date) -> list[Doing]:
        """What comes up on any day: calls, a colleague's client, a print, a number uncovered, somebody turned away."""
        rng = self.rng
        found: list[Doing] = []

        def when() -> datetime:
            return at(on, rng.randint(9, 17), rng.randint(0, 59))

        for desk in self.of_role(RoleKey.FRONT_DESK):
            for _ in range(rng.randint(3, 9)):
                client = rng.choice(self.clients)
                uncovered = [(Card.REVEALED, client)] if rng.random() < 0.4 else []  # noqa: PLR2004 - a call
                found.append(
                    (when(), desk, ((Kernel.CARD_OPENED, client), *uncovered, (Calendar.BOOKED, client)))
                )
            # Somebody asks something, and nothing comes of it.
            found += [
                (when(), desk, _opened(rng.choice(self.clients), Kernel.CARD_OPENED))
                for _ in range(rng.randint(0, 2))
            ]
        for person in self.clinicians:
            # A colleague asks over the shoulder.
            found += [
                (when(), person, _opened(rng.choice(self.clients))) for _ in range(rng.choice((0, 0, 1, 2)))
            ]
            if rng.random() < 0.3:  # noqa: PLR2004 - a referral on paper
                found.append((when(), person, ((Record.PRINTED, rng.choice(self.clients)),)))
        [boss] = self.of_role(RoleKey.MANAGER)
        found += [
            (when(), boss, ((Kernel.CARD_OPENED, rng.choice(self.clients)),))
            for _ in range(rng.randint(0, 3))
        ]
        if rng.random() < 0.1:  # noqa: PLR2004 - a late evening
            found.append(
                (
                    at(on, 22, 15),
                    rng.choice(self.clinicians),
                    ((Kernel.RECORD_OPENED, rng.choice(self.clients)),),
                )
            )
        return found

    def _minutes(self, least: int, most: int) -> timedelta:
        return timedelta(minutes=self.rng.randint(least, most))

    # The rules looking on -------------------------------------------------------------------------------------------

    def look(self, when: datetime) -> int:
        """Link what was written and have the rules look at it, as it is at that moment; return how many alerts came."""
        clock.told.set(when)
        chain.Sequencer(head_file=None).link()
        return sum(catch_up(name) for name in watching.MARKS)

    def begin(self) -> None:
        """Have the rules begin at the end of the log as it is."""
        chain.Sequencer(head_file=None).link()
        alerts.begin()
        for name in watching.MARKS:
            while new := watching.stretch(name, timedelta()):
                alerts.pass_over(name, new)


def _opened(client: UUID, event: Event = Kernel.RECORD_OPENED) -> tuple[tuple[Event, UUID | None], ...]:
    return ((event, client),)


def at(on: date, hour: int, minute: int = 0) -> datetime:
    """Return that time of a day at the practice."""
    local = datetime.combine(on, time(hour, minute), timezone.get_current_timezone())
    return local.astimezone(UTC)
