"""Free times: where a service, or several in a row, can begin on a day, and with whom.

The same rules as in ``actions.taking``, read instead of written: whoever is offered a time gets it unless somebody was
quicker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from alcove.clinic.calendar.models import Occupancy
from alcove.clinic.calendar.queries.minutes import MINUTE, Scale, runs, shifted
from alcove.clinic.calendar.queries.needs import Wish, hands_on, whole
from alcove.clinic.practice.models import Equipment, Location, Room, Service, ServiceStaff, StaffProfile
from alcove.clinic.practice.models.places import DAY_MINUTES
from alcove.clinic.practice.queries import at, opening, working
from alcove.clinic.practice.queries.hours import Span

MARGIN = 720
"""Minutes before and after the day that are looked at, so that what crosses midnight is seen."""
LONGEST = timedelta(days=1)
"""Nothing takes a resource for longer in one stretch, so that an index finds what is still going on."""
AHEAD_DAYS = 60
"""How far the next free times are looked for."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A service that is asked for. ``profile_ids``: with one of these people; None is whoever does it.

    ``after``: minutes after the booking's start at which it begins.
    """

    service: Service
    profile_ids: frozenset[UUID] | None = None
    after: int = 0


@dataclass(frozen=True, slots=True)
class Free:
    """A start that is free, and who could do each of the services asked for, the least busy of that day first."""

    starts_at: datetime
    profiles: tuple[tuple[UUID, ...], ...]


def taken(
    resource_ids: Iterable[UUID], begin: datetime, end: datetime, *, ignoring: UUID | None = None
) -> dict[UUID, list[Span]]:
    """Return what is taken of these resources between two moments.

    ``ignoring``: a booking that is about to be moved.
    """
    found: dict[UUID, list[Span]] = {resource_id: [] for resource_id in resource_ids}
    rows = Occupancy.objects.filter(
        resource_id__in=list(found), starts_at__gt=begin - LONGEST, starts_at__lt=end, ends_at__gt=begin
    )
    if ignoring is not None:
        # Blocks have no booking: "not that booking" would lose them.
        rows = rows.filter(~Q(booking_id=ignoring) | Q(booking_id=None))
    for resource_id, starts_at, ends_at in rows.values_list("resource_id", "starts_at", "ends_at"):
        found[resource_id].append((starts_at, ends_at))
    return found


class Day:
    """One day of a location, loaded once: who works, what is taken, as masks of minutes."""

    def __init__(
        self, location: Location, day: date, asks: Sequence[Ask], *, ignoring: UUID | None = None
    ) -> None:
        self.location, self.day = location, day
        self.begin = at(day, 0, location.zone)
        length = int((at(day, DAY_MINUTES, location.zone) - self.begin) / MINUTE)
        self.scale = Scale(self.begin - MARGIN * MINUTE, length + 2 * MARGIN)
        self.staff = who_does(asks)
        self.rooms = _rooms(location, [ask.service for ask in asks])
        self.equipment = _equipment(location, [ask.service for ask in asks])
        units = [unit for by_kind in self.equipment.values() for found in by_kind for unit in found]
        rooms = [room for found in self.rooms.values() for room in found]
        people = {profile_id for by_profile in self.staff.values() for profile_id in by_profile}
        hours = opening(location, day)
        self.open = self.scale.mask(hours)
        self.works = {
            profile_id: self.scale.mask(spans) & self.open
            for profile_id, spans in working(location, day, people).items()
        }
        resources = {*people, *rooms, *units}
        # All of a booking, buffers too, lies within the hours: what is taken outside them is in nobody's way.
        busy = taken(resources, *_from_to(hours), ignoring=ignoring) if hours else {}
        self.busy = {resource_id: self.scale.mask(spans) for resource_id, spans in busy.items()}

    def starts(self, ask: Ask) -> dict[UUID, int]:
        """Return for each person who does it the minutes at which they could begin it, as masks."""
        here = self._somewhere(ask.service)
        found = {}
        for profile_id, (minutes, _) in self.staff[ask.service.pk].items():
            if ask.profile_ids is not None and profile_id not in ask.profile_ids:
                continue
            free = self.works.get(profile_id, 0) & ~self.busy.get(profile_id, 0)
            could = here(minutes) if free else 0
            # Hands-free minutes need nobody, yet the whole of it lies within the hours somebody works.
            begin, end = whole(ask.service, minutes)
            could &= shifted(runs(self.works.get(profile_id, 0), end - begin), begin)
            for first, last in hands_on(ask.service, minutes):
                could &= shifted(runs(free, last - first), first)
            if could:
                found[profile_id] = could
        return found

    def _somewhere(self, service: Service) -> Callable[[int], int]:
        found: dict[int, int] = {}

        def could(minutes: int) -> int:
            if minutes not in found:
                found[minutes] = self._with_room_and_equipment(service, minutes)
            return found[minutes]

        return could

    def _with_room_and_equipment(self, service: Service, minutes: int) -> int:
        begin, end = whole(service, minutes)
        all_day = (1 << self.scale.length) - 1
        could = all_day
        groups = [self.equipment_of(service, kind) for kind in range(len(self.equipment[service.pk]))]
        if service.needs_room:
            groups.append(self.rooms[service.pk])
        for group in groups:
            any_of = 0
            for resource_id in group:
                free = all_day & ~self.busy.get(resource_id, 0)
                any_of |= shifted(runs(free, end - begin), begin)
            could &= any_of
        return could

    def equipment_of(self, service: Service, kind: int) -> list[UUID]:
        return self.equipment[service.pk][kind]

    def load(self, profile_id: UUID) -> int:
        """Return for how many minutes somebody is taken that day."""
        return self.busy.get(profile_id, 0).bit_count()


def _from_to(hours: Sequence[Span]) -> Span:
    """Return from when to when a place is open; spans may overlap, so the last to begin need not be the last to end."""
    return min(begin for begin, _ in hours), max(end for _, end in hours)


def who_does(asks: Sequence[Ask]) -> dict[UUID, dict[UUID, tuple[int, int]]]:
    """Return by service who does it: ``{profile: (minutes, price_minor)}``."""
    services = {ask.service.pk: ask.service for ask in asks}
    found: dict[UUID, dict[UUID, tuple[int, int]]] = {pk: {} for pk in services}
    rows = ServiceStaff.objects.filter(service_id__in=services, profile__is_bookable=True)
    for row in rows:
        service = services[row.service_id]
        found[row.service_id][row.profile_id] = (
            row.minutes or service.minutes,
            service.price_minor if row.price_minor is None else row.price_minor,
        )
    return found


def _rooms(location: Location, services: Sequence[Service]) -> dict[UUID, list[UUID]]:
    """Return by service the rooms of a location in which it may be done."""
    rooms = list(Room.objects.filter(location=location, is_active=True).values_list("pk", flat=True))
    found = {}
    for service in services:
        named = {row.room_id for row in service.rooms.all()}
        found[service.pk] = [room for room in rooms if not named or room in named]
    return found


def _equipment(location: Location, services: Sequence[Service]) -> dict[UUID, list[list[UUID]]]:
    """Return by service, for each kind it needs, the units of a location."""
    kinds = {service.pk: [row.kind_id for row in service.equipment.all()] for service in services}
    wanted = {kind for found in kinds.values() for kind in found}
    units: dict[UUID, list[UUID]] = {kind: [] for kind in wanted}
    if wanted:
        for unit in Equipment.objects.filter(location=location, is_active=True, kind_id__in=wanted):
            units[unit.kind_id].append(unit.pk)
    return {pk: [units[kind] for kind in found] for pk, found in kinds.items()}


def free(
    location: Location, day: date, asks: Sequence[Ask], *, not_before: datetime | None = None,
    ignoring: UUID | None = None,
) -> list[Free]:  # fmt: skip
    """Return where these services can begin together on a day, each at its ``after``, on the location's grid.

    Services should come with ``rooms`` and ``equipment`` prefetched. Somebody who is asked for two of them is offered
    where both fit them; that nobody does two at once is seen to by the minutes between.
    """
    loaded = Day(location, day, asks, ignoring=ignoring)
    if not loaded.open:
        return []
    per_ask = [loaded.starts(ask) for ask in asks]
    could = ~0
    for ask, found in zip(asks, per_ask, strict=True):
        anyone = 0
        for mask in found.values():
            anyone |= mask
        could &= shifted(anyone, ask.after)
    grid = shifted(loaded.scale.every(location.slot_minutes), -(MARGIN % location.slot_minutes))
    return [
        Free(start, _who(loaded, asks, per_ask, start))
        for start in loaded.scale.moments(could & grid)
        if loaded.begin <= start and (not_before is None or start >= not_before)
    ]


def _who(
    loaded: Day, asks: Sequence[Ask], per_ask: Sequence[Mapping[UUID, int]], start: datetime
) -> tuple[tuple[UUID, ...], ...]:
    found = []
    for ask, by_profile in zip(asks, per_ask, strict=True):
        minute = int((start - loaded.scale.begin) / MINUTE) + ask.after
        able = [profile_id for profile_id, mask in by_profile.items() if mask >> minute & 1]
        found.append(tuple(sorted(able, key=lambda profile_id: (loaded.load(profile_id), profile_id))))
    return tuple(found)


def next_free(
    location: Location, asks: Sequence[Ask], after: datetime, *, count: int = 3, ignoring: UUID | None = None
) -> list[Free]:
    """Return the next free starts from a moment on, at most ``count``, within ``AHEAD_DAYS``."""
    found: list[Free] = []
    first = after.astimezone(location.zone).date()
    for ahead in range(AHEAD_DAYS):
        found += free(location, first + timedelta(days=ahead), asks, not_before=after, ignoring=ignoring)
        if len(found) >= count:
            break
    return found[:count]


def profiles_of(location: Location) -> list[StaffProfile]:
    """Return who has a column at a location: bookable people who ever work there."""
    here = Q(hours__location=location)
    return list(StaffProfile.objects.filter(here, is_bookable=True).select_related("person").distinct())


def wishes(asks: Sequence[Ask], starts_at: datetime, chosen: Sequence[UUID]) -> list[Wish]:
    """Return what to book: each service asked for, from its minute on, with the person chosen for it.

    As long and at the price that person does it for. ``KeyError`` for somebody who does not do it.
    """
    staff = who_does(asks)
    people = StaffProfile.objects.in_bulk(list(chosen))
    found = []
    for ask, profile_id in zip(asks, chosen, strict=True):
        minutes, price_minor = staff[ask.service.pk][profile_id]
        begin = starts_at + ask.after * MINUTE
        found.append(Wish(ask.service, people[profile_id], begin, minutes, price_minor))
    return found
