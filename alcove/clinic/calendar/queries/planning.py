"""What a booking form asks before it books: who could do it then, and which dates of a course are not free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from alcove.clinic.calendar.queries.minutes import MINUTE
from alcove.clinic.calendar.queries.needs import Wish, whole_span
from alcove.clinic.calendar.queries.rhythm import Rhythm
from alcove.clinic.calendar.queries.slots import Ask, Day, taken, who_does
from alcove.clinic.practice.models import Location, Room, Service
from alcove.ui.moments import clock as said
from alcove.ui.moments import plain_day


@dataclass(frozen=True, slots=True)
class Part:
    """One service asked for. ``profile_id`` None: whoever can; ``room`` None: any.

    ``is_beside``: it begins with the one before instead of after it.
    """

    service: Service
    profile_id: UUID | None = None
    room: Room | None = None
    is_beside: bool = False


def asks_of(parts: Sequence[Part]) -> list[Ask]:
    """Return parts as what is asked of the calendar: one after the other, or beside each other."""
    found: list[Ask] = []
    begin = end = 0
    able = who_does([Ask(part.service) for part in parts])
    for part in parts:
        who = able[part.service.pk]
        begin = begin if part.is_beside and found else end
        chosen = who.get(part.profile_id, (part.service.minutes, 0))[0] if part.profile_id else 0
        minutes = chosen or max((longest for longest, _ in who.values()), default=part.service.minutes)
        found.append(Ask(part.service, frozenset({part.profile_id}) if part.profile_id else None, begin))
        end = max(end, begin + minutes)
    return found


def chosen(
    location: Location, asks: Sequence[Ask], starts_at: datetime, *, ignoring: UUID | None = None
) -> list[UUID]:
    """Return who does each: the one asked for, else whoever is free then and has least to do that day.

    Where nobody is free somebody is named all the same, and booking says what is in the way. [] if nobody does it.
    """
    day = Day(location, starts_at.astimezone(location.zone).date(), asks, ignoring=ignoring)
    minute = int((starts_at - day.scale.begin) / MINUTE)
    found: list[UUID] = []
    for ask in asks:
        if ask.profile_ids is not None:
            found += ask.profile_ids
            continue
        free = day.starts(ask) if day.open else {}
        able = [one for one, mask in free.items() if mask >> (minute + ask.after) & 1]
        anyone = able or list(day.staff[ask.service.pk])
        if not anyone:
            return []
        found.append(min(anyone, key=lambda one: (one in found, day.load(one), one)))
    return found


@dataclass(frozen=True, slots=True)
class Visit:
    """A date of a course. ``why`` it is not free: "" if it is."""

    number: int
    starts_at: datetime
    when: str
    why: str


CLOSED = "outside opening or working hours"
TAKEN = "not free"


def course(location: Location, wishes: Sequence[Wish], rhythm: Rhythm) -> list[Visit]:
    """Return every date of a course, and whether it could be booked as it is now: a look, no promise."""
    shifts = rhythm.shifts(wishes[0].starts_at, location.zone)
    first = min(wish.starts_at for wish in wishes)
    found = []
    for number, shift in enumerate(shifts):
        moved = [replace(one, starts_at=one.starts_at + shift) for one in wishes]
        here = (first + shift).astimezone(location.zone)
        words = f"{here:%a} {plain_day(here)}, {said(here)}"
        found.append(Visit(number, first + shift, words, _why(location, moved)))
    return found


def _why(location: Location, wishes: Sequence[Wish]) -> str:
    start = min(wish.starts_at for wish in wishes)
    asks = [
        Ask(wish.service, frozenset({wish.profile.pk}), int((wish.starts_at - start) / MINUTE))
        for wish in wishes
    ]
    day = Day(location, start.astimezone(location.zone).date(), asks)
    minute = int((start - day.scale.begin) / MINUTE)
    for wish, ask in zip(wishes, asks, strict=True):
        works = day.works.get(wish.profile.pk, 0)
        if not works >> (minute + ask.after) & 1:
            return CLOSED
        if not day.starts(ask).get(wish.profile.pk, 0) >> (minute + ask.after) & 1:
            return TAKEN
        if wish.room is not None and _is_taken(wish, wish.room):
            return TAKEN
    return ""


def _is_taken(wish: Wish, room: Room) -> bool:
    begin, end = whole_span(wish)
    return any(one[0] < end and begin < one[1] for one in taken([room.pk], begin, end)[room.pk])
