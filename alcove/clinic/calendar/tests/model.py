"""Double booking told as simply as possible: lists of stretches, compared one by one. What the calendar is held against.

Knows nothing of locks, masks or tables. Times are minutes of one day by the location's clock.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.actions import OutsideHours, SlotTaken, Unworkable
from alcove.clinic.calendar.models import Booking, Occupancy
from alcove.clinic.calendar.queries import Wish, free
from alcove.clinic.calendar.tests.make import MONDAY, NINE, SIX, Clinic

Stretch = tuple[int, int]


def meets(one: Stretch, other: Stretch) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def busy_hands(service: Any, start: int) -> list[Stretch]:
    """Return when the practitioner is needed, minute by minute, made into stretches."""
    needed = [
        minute
        for minute in range(start - service.buffer_before, start + service.minutes + service.buffer_after)
        if not start + service.hands_free_from
        <= minute
        < start + service.hands_free_from + service.hands_free_minutes
    ]
    found: list[Stretch] = []
    for minute in needed:
        if found and found[-1][1] == minute:
            found[-1] = (found[-1][0], minute + 1)
        else:
            found.append((minute, minute + 1))
    return found


def whole(service: Any, start: int) -> Stretch:
    return start - service.buffer_before, start + service.minutes + service.buffer_after


@dataclass
class Model:
    """What is taken of each resource, by booking."""

    clinic: Clinic
    taken: dict[UUID, dict[UUID, list[Stretch]]] = field(default_factory=dict)

    def of(self, resource: UUID, *, but: UUID | None = None) -> list[Stretch]:
        return [
            one
            for booking, by_resource in self.taken.items()
            if booking != but
            for one in by_resource.get(resource, [])
        ]

    def is_free(self, resource: UUID, stretches: list[Stretch], *, but: UUID | None = None) -> bool:
        return not any(meets(one, other) for one in stretches for other in self.of(resource, but=but))

    def would(self, service: Any, person: UUID, start: int, *, but: UUID | None = None) -> bool:
        """Whether one service can be booked with one person at that minute."""
        span = whole(service, start)
        if span[0] < NINE or span[1] > SIX:
            return False
        return (
            self.is_free(person, busy_hands(service, start), but=but)
            and any(self.is_free(room.pk, [span], but=but) for room in self.clinic.rooms.values())
            and all(
                any(self.is_free(unit.pk, [span], but=but) for unit in row.kind.units.all())
                for row in service.equipment.all()
            )
        )

    def note(self, booking: UUID) -> None:
        """Take over what the calendar took for a booking, after comparing it with what it has to take."""
        found: dict[UUID, list[Stretch]] = {}
        zero = self.clinic.at(0)
        for row in Occupancy.objects.filter(booking_id=booking):
            stretch = tuple(int((one - zero) / timedelta(minutes=1)) for one in (row.starts_at, row.ends_at))
            assert self.is_free(row.resource_id, [stretch], but=booking), "taken twice"  # type: ignore[list-item]
            found.setdefault(row.resource_id, []).append(stretch)  # type: ignore[arg-type]
        self.taken[booking] = found


def play(clinic: Clinic, actor: Any, client_id: UUID, seed: int, operations: int) -> Iterator[str]:
    """Do random things to one day and compare each outcome with the model's; yield what was done.

    Raises ``AssertionError`` at the first disagreement.
    """
    rng, model = random.Random(seed), Model(clinic)
    living: dict[UUID, tuple[Any, UUID, int]] = {}
    for number in range(operations):
        service = rng.choice(list(clinic.services.values()))
        person = rng.choice(list(clinic.people.values()))
        start = rng.randrange(NINE - 30, SIX + 30, 5)
        deed = rng.choices(("book", "move", "cancel", "look"), (5, 3, 3 if len(living) > 12 else 1, 1))[0]
        if deed == "look":
            _compare_free(model, service, person)
        elif deed == "book" or not living:
            can = model.would(service, person.pk, start)
            wish = Wish(service, person, clinic.at(0) + timedelta(minutes=start), service.minutes)
            done = _try(lambda wish=wish: clinic.book(actor, client_id, wish))
            assert (done is not None) == can, (number, deed, service.name, start)
            if done is not None:
                living[done.pk] = (service, person.pk, start)
                model.note(done.pk)
        else:
            pk = rng.choice(list(living))
            its, whose, _ = living[pk]
            booking = Booking.objects.get(pk=pk)
            if deed == "cancel":
                actions.cancel(actor, booking)
                del living[pk], model.taken[pk]
            else:
                can = model.would(its, whose, start, but=pk)
                to = clinic.at(0) + timedelta(minutes=start)
                done = _try(lambda booking=booking, to=to: actions.move(actor, booking, starts_at=to))
                assert (done is not None) == can, (number, deed, its.name, start)
                if done is not None:
                    living[pk] = (its, whose, start)
                    model.note(pk)
        yield deed


def _try(deed: Any) -> Booking | None:
    try:
        return deed()  # type: ignore[no-any-return]
    except (SlotTaken, OutsideHours, Unworkable):
        return None


def _compare_free(model: Model, service: Any, person: Any) -> None:
    clinic = model.clinic
    step = clinic.location.slot_minutes
    shown = {
        one.starts_at for one in free(clinic.location, MONDAY, [clinic.ask(service.name, person.shown_name)])
    }
    told = {
        clinic.at(0) + timedelta(minutes=start)
        for start in range(0, 1440, step)
        if model.would(service, person.pk, start)
    }
    assert shown == told, (service.name, sorted(shown ^ told))
