"""One booking of the demo as it is planned: what it takes, how it came about and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from alcove.clinic.calendar.models import Booking
from alcove.project.demo import rates
from alcove.project.demo.diary import Blocked, Diary, Planned
from alcove.project.demo.luck import chance
from alcove.project.demo.people import STAFF
from alcove.project.demo.stage import BY_KEY, ZONE, Card, Stage, moment
from alcove.security.access.policy import RoleKey

S = Booking.State
_SUNDAY: Final = 6


@dataclass
class Life:
    """What the plan knows as it goes on. ``last``: when each card came last; ``had``: which service on which day.

    ``offered``: the time held for somebody who waits.
    """

    stage: Stage
    rng: Random
    diary: Diary
    share: float
    behind: int
    ahead: int
    bookings: list[Planned] = field(default_factory=list)
    blocks: list[Blocked] = field(default_factory=list)
    courses: list[tuple[Card, int]] = field(default_factory=list)
    last: dict[int, list[date]] = field(default_factory=dict)
    had: dict[tuple[int, str], list[date]] = field(default_factory=dict)
    due: dict[str, list[tuple[date, int, Card, str]]] = field(default_factory=dict)
    regulars: list[Card] = field(default_factory=list)
    offered: Planned | None = None

    def desk_of(self, place: str) -> str:
        """Return who is at the front desk of a place."""
        return next(one.key for one in STAFF if one.place == place and RoleKey.FRONT_DESK in one.roles)


def book(
    life: Life, card: Card, parts: Sequence[tuple[str, str]], starts_at: datetime, *, outside: bool = False,
    state: str = "", days: int | None = None, course: int = 0,
) -> Planned | None:  # fmt: skip
    """Plan a booking of ``[(service, key), …]`` if all it needs is free; ``state`` is drawn where none is given."""
    diary, stage = life.diary, life.stage
    wishes = diary.wishes(parts, starts_at, outside=outside)
    place = diary.place_of(parts[0][1])
    found = diary.needs(place, wishes) if wishes else None
    if found is None:
        return None
    takes, rooms = found
    ends_at = max(wish.ends_at for wish in wishes)
    days = days if days is not None else rates.lead(life.rng, days_ahead(stage, starts_at))
    state = state or _state(life, starts_at, ends_at, days)
    row = Booking(location=diary.places[place], state=state, starts_at=starts_at, ends_at=ends_at)
    _came_about(life, row, card, days)
    _went(life, row)
    desk = life.desk_of(place) if row.came_from == "staff" else ""
    planned = Planned(row, card, wishes, rooms, [] if state == S.CANCELLED else takes, desk, course)
    diary.take(planned.takes)
    life.bookings.append(planned)
    day = starts_at.astimezone(ZONE).date()
    if state not in {S.CANCELLED, S.NO_SHOW}:
        life.last.setdefault(id(card), []).append(day)
        for name, _ in parts:
            life.had.setdefault((id(card), name), []).append(day)
    return planned


def days_ahead(stage: Stage, starts_at: datetime) -> int:
    """Return how many days ahead it must have been booked to be in the diary by now."""
    return max((starts_at.astimezone(ZONE).date() - stage.today).days, 0) + 1


def _state(life: Life, starts_at: datetime, ends_at: datetime, days: int) -> str:
    rng, until = life.rng, life.stage.until
    if chance(rng, rates.CANCELLED * (100 if ends_at < until else 45)):
        return S.CANCELLED
    if ends_at + timedelta(minutes=8) < until:
        return S.NO_SHOW if chance(rng, rates.missed(days) * 100) else S.DONE
    if starts_at <= until:
        return S.IN_ROOM
    ahead = (starts_at - until).total_seconds() / 86_400
    return S.CONFIRMED if chance(rng, 72 if ahead < 2 else 22 if ahead < 8 else 3) else S.BOOKED  # noqa: PLR2004 - days ahead and chances in percent


def _came_about(life: Life, row: Booking, card: Card, days: int) -> None:
    """Say when and on which way it was booked: never before the client's card was made, never after now."""
    rng, stage = life.rng, life.stage
    row.came_from = rates.one_of(rng, (("staff", 66), ("online", 31), ("waitlist", 3)))
    day = row.starts_at.astimezone(ZONE).date() - timedelta(days=days)
    minutes = (
        rng.uniform(9 * 60 + 5, 17 * 60 + 20) if row.came_from == "staff" else rng.uniform(7 * 60, 22.5 * 60)
    )
    if row.came_from == "staff" and day.weekday() == _SUNDAY:  # nobody is at the desk
        day -= timedelta(days=1)
    made = stage.workday(BY_KEY[life.desk_of(card.invented.place)], card.invented.since)
    earliest = moment(made, 9 * 60 + 10)
    latest = min(stage.until, row.starts_at) - timedelta(minutes=rng.uniform(20, 90))
    row.created_at = min(max(moment(day, minutes), earliest), latest)
    if row.state == S.CONFIRMED or (row.state in {S.DONE, S.ARRIVED, S.IN_ROOM} and chance(rng, 60)):
        room = min(row.starts_at, stage.until) - row.created_at
        row.confirmed_at = row.created_at + room * rng.uniform(0.7, 0.98)


def _went(life: Life, row: Booking) -> None:
    """Fill in the moments of what became of it; all lie before now."""
    rng, until = life.rng, life.stage.until
    if row.state == S.CANCELLED:
        row.cancelled_at = row.created_at + (min(row.starts_at, until) - row.created_at) * rng.uniform(
            0.5, 0.97
        )
        row.cancelled_by = "client" if chance(rng, 85) else "practice"
    if row.state in {S.DONE, S.IN_ROOM}:
        arrived = row.starts_at + timedelta(minutes=rng.choice(rates.EARLY) + rng.random())
        row.arrived_at = min(arrived, until - timedelta(minutes=2))
        in_room = max(row.starts_at, row.arrived_at) + timedelta(minutes=rng.choice(rates.WAITED))
        row.in_room_at = min(in_room, until - timedelta(minutes=1))
    if row.state == S.DONE and row.in_room_at is not None:
        left = max(row.ends_at, row.in_room_at + timedelta(minutes=8)) + timedelta(minutes=rng.uniform(-4, 7))
        row.left_at = min(left, until)
