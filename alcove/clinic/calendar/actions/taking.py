"""Taking practitioners, rooms and equipment for a time, or refusing: the one place where double booking is prevented.

What must never happen: two rows of ``Occupancy`` of one resource overlap unless one is overruled. On PostgreSQL
whoever books locks the practitioners, then rooms, then equipment, each kind in the order of ids, so that two never wait
for each other in a ring; then looks; an exclusion constraint stands behind it. On SQLite there is one writer at a time.
Proved by ``tests/test_contention.py`` and ``tests/test_random.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, models

from alcove.clinic.calendar.models import Block, Booking, Occupancy
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.calendar.queries.needs import (
    Wish,
    by_resource,
    is_at_once,
    joined,
    staff_spans,
    whole_span,
)
from alcove.clinic.calendar.queries.slots import LONGEST, taken
from alcove.clinic.practice.models import Equipment, Location, Room, ServiceStaff, StaffProfile
from alcove.clinic.practice.queries import opening, working
from alcove.clinic.practice.queries.hours import Span
from alcove.security.access.change import Change

STAFF, ROOM, EQUIPMENT = Occupancy.Kind.STAFF, Occupancy.Kind.ROOM, Occupancy.Kind.EQUIPMENT
MOST_MINUTES = 720
WORDS = {STAFF: "practitioner", ROOM: "room", EQUIPMENT: "equipment"}


class SlotTaken(Exception):
    """Somebody else has it: ``kind`` is practitioner, room or equipment. The page offers the next times."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"This time is no longer free ({WORDS[Occupancy.Kind(kind)]}).")
        self.kind = kind


class OutsideHours(Exception):
    """Nobody works or the location is shut then; who may can book it all the same."""


class Unworkable(Exception):
    """What is asked for cannot be done as it is; the text goes beside the field."""


def take(
    change: Change, booking: Booking, wishes: Sequence[Wish], *, overrule: str = "", outside: bool = False,
    again: bool = False,
) -> list[Room | None]:  # fmt: skip
    """Take all that these wishes need for a booking; return the room of each.

    ``overrule``: why a practitioner is booked twice at the same time, by right. ``outside``: outside opening and
    working hours, by right. ``again``: the booking holds something, which it gives back first. Raises ``Unworkable``,
    ``OutsideHours``, ``SlotTaken`` or ``Refused``.
    """
    _must_be_workable(booking.location, wishes)
    if outside:
        change.actor.must(Calendar.OUTSIDE_HOURS)
    else:
        must_be_within_hours(booking.location, wishes)
    staff = by_resource((wish.profile.pk, span) for wish in wishes for span in staff_spans(wish))
    _lock(StaffProfile, staff)
    if again:
        Occupancy.objects.filter(booking=booking).delete()
    is_overruled = _must_be_free(change, staff, overrule)
    chosen = _rooms(booking.location, wishes)
    units = _equipment(booking.location, wishes)
    rooms = by_resource(
        (room.pk, whole_span(wish)) for wish, room in zip(wishes, chosen, strict=True) if room is not None
    )
    _write(
        booking,
        [(STAFF, staff, is_overruled), (ROOM, rooms, False), (EQUIPMENT, units, False)],
    )
    return chosen


def take_for_block(block: Block) -> None:
    """Take a practitioner or a room for a block; raise ``SlotTaken``."""
    kind, resource_id, model = (
        (STAFF, block.profile_id, StaffProfile) if block.profile_id else (ROOM, block.room_id, Room)
    )
    if resource_id is None:
        raise Unworkable("A block is of a practitioner or of a room.")
    if block.ends_at - block.starts_at > LONGEST:
        raise Unworkable("A block ends within a day; longer absences are leave.")
    spans = {resource_id: [(block.starts_at, block.ends_at)]}
    _lock(model, spans)
    if _overlaps(spans):
        raise SlotTaken(kind)
    _write(block, [(kind, spans, False)])


# What is asked for -------------------------------------------------------------------------------------------------


def _must_be_workable(location: Location, wishes: Sequence[Wish]) -> None:
    if not wishes:
        raise Unworkable("Choose at least one service.")
    for wish in wishes:
        if not wish.service.is_active or not wish.profile.is_bookable:
            raise Unworkable("This service or practitioner is not booked any more.")
        if not 0 < wish.minutes <= MOST_MINUTES:
            raise Unworkable("An appointment takes between a minute and twelve hours.")
        if wish.room is not None and wish.room.location_id != location.pk:
            raise Unworkable("This room is at another location.")
    able = set(
        ServiceStaff.objects.filter(
            service__in=[wish.service.pk for wish in wishes], profile__in=[wish.profile.pk for wish in wishes]
        ).values_list("service_id", "profile_id")
    )
    for wish in wishes:
        if (wish.service.pk, wish.profile.pk) not in able:
            raise Unworkable(f"{wish.profile.shown_name} does not do {wish.service.name}.")
        begin, end = whole_span(wish)
        if end - begin > LONGEST:
            raise Unworkable("An appointment with its buffers takes at most a day.")
    if is_at_once(wishes):
        raise Unworkable("One practitioner cannot do two services at the same time.")


def must_be_within_hours(location: Location, wishes: Sequence[Wish]) -> None:
    """Raise ``OutsideHours`` unless the location is open and everybody works, by the day on which each wish begins."""
    for wish in wishes:
        day = wish.starts_at.astimezone(location.zone).date()
        span = whole_span(wish)
        if not _within(span, opening(location, day)):
            raise OutsideHours(f"{location.name} is not open then.")
        if not _within(span, working(location, day, [wish.profile.pk])[wish.profile.pk]):
            raise OutsideHours(f"{wish.profile.shown_name} does not work then.")


def _within(span: Span, spans: Iterable[Span]) -> bool:
    return any(begin <= span[0] and span[1] <= end for begin, end in joined(spans))


def lock_all(location: Location, wishes: Sequence[Wish]) -> None:
    """Hold all that several bookings of these wishes could take, before the first, in the order everyone uses."""
    _lock(StaffProfile, {wish.profile.pk for wish in wishes})
    _lock(Room, Room.objects.filter(location=location).values_list("pk", flat=True))
    kinds = {row.kind_id for wish in wishes for row in wish.service.equipment.all()}
    _lock(Equipment, Equipment.objects.filter(location=location, kind__in=kinds).values_list("pk", flat=True))


# Locks and looks ---------------------------------------------------------------------------------------------------


def _lock(model: type[models.Model], ids: Iterable[UUID]) -> None:
    """Hold these rows to the end of the transaction, in the order of their ids; on SQLite the writer's turn does it."""
    if connection.vendor == "postgresql":
        rows = model._default_manager.filter(pk__in=list(ids)).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk"))


def _overlaps(spans: dict[UUID, list[Span]]) -> set[UUID]:
    """Return which of these resources are taken at one of their spans."""
    if not spans:
        return set()
    begin = min(span[0] for found in spans.values() for span in found)
    end = max(span[1] for found in spans.values() for span in found)
    held = taken(spans, begin, end)
    return {
        resource_id
        for resource_id, wanted in spans.items()
        if any(one[0] < other[1] and other[0] < one[1] for one in wanted for other in held[resource_id])
    }


def _must_be_free(change: Change, staff: dict[UUID, list[Span]], overrule: str) -> bool:
    """Raise ``SlotTaken`` unless these people are free; return whether that was overruled."""
    if not _overlaps(staff):
        return False
    if not overrule:
        raise SlotTaken(STAFF)
    change.actor.must(Calendar.OVERRULE)
    return True


def let_go_of(change: Change, booking: Booking) -> None:
    """End a hold."""
    Occupancy.objects.filter(booking=booking).delete()
    change.update(booking, Did.LET_GO, state=Booking.State.CANCELLED, cancelled_at=change.now)


def _rooms(location: Location, wishes: Sequence[Wish]) -> list[Room | None]:
    """Choose and hold the room of each wish, the named one or the first that is free."""
    open_wishes = [wish for wish in wishes if wish.room is not None or wish.service.needs_room]
    if not open_wishes:
        return [None for _ in wishes]
    here = list(Room.objects.filter(location=location, is_active=True).order_by("pk"))
    if len(open_wishes) == 1:
        only = _one_room(open_wishes[0], here)
        return [only if wish in open_wishes else None for wish in wishes]
    # All are held in the order of their ids before any is chosen.
    _lock(Room, [room.pk for room in here])
    chosen: list[Room | None] = []
    own: list[tuple[UUID, Span]] = []
    for wish in wishes:
        room = _room_of(wish, here, own) if wish in open_wishes else None
        if room is not None:
            own.append((room.pk, whole_span(wish)))
        chosen.append(room)
    return chosen


def _candidates(wish: Wish, here: Sequence[Room]) -> list[Room]:
    if wish.room is not None:
        return [wish.room]
    named = {row.room_id for row in wish.service.rooms.all()}
    return [room for room in here if not named or room.pk in named]


def _one_room(wish: Wish, here: Sequence[Room]) -> Room:
    """Choose and hold the room of a single wish; raise ``SlotTaken``.

    Passing over what others hold keeps bookings at one location from standing in one queue; where nothing is left that
    way, all that suit are waited for. Only what is held is chosen: what others hold looks free until they are done.
    """
    left, may_wait = _candidates(wish, here), True
    while True:
        held = _lock_one_room(wish, left, may_wait=may_wait)
        try:
            return _room_of(wish, held, ())
        except SlotTaken:
            # Somebody took it between the look and the lock; another may be free, and who holds one waits for none.
            left, may_wait = [room for room in left if room not in held], False
            if not held or not left:
                raise


def _lock_one_room(wish: Wish, among: Sequence[Room], *, may_wait: bool) -> list[Room]:
    taken_now = _overlaps({room.pk: [whole_span(wish)] for room in among})
    free = [room for room in among if room.pk not in taken_now]
    rather = [room for room in free if room.pk == wish.rather]
    free = rather or free
    if connection.vendor != "postgresql":
        return free
    if len(free) > 1 or not may_wait:
        rows = Room.objects.filter(pk__in=[room.pk for room in free]).order_by("pk")
        quick = rows.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:1]
        found = [room for room in free if room.pk in set(quick)]
        if found or not may_wait:
            return found
    _lock(Room, [room.pk for room in free])
    return free


def _room_of(wish: Wish, here: Sequence[Room], own: Sequence[tuple[UUID, Span]]) -> Room:
    span = whole_span(wish)
    candidates = _candidates(wish, here)
    taken_now = _overlaps({room.pk: [span] for room in candidates})
    # The client stays in one room where that suits, so what this very booking takes of a room is no obstacle.
    mine = {room_id for room_id, other in own if other[0] <= span[1] and span[0] <= other[1]}
    for room in sorted(candidates, key=lambda room: (room.pk not in mine, room.pk != wish.rather, room.pk)):
        if room.pk not in taken_now:
            return room
    raise SlotTaken(ROOM)


def _equipment(location: Location, wishes: Sequence[Wish]) -> dict[UUID, list[Span]]:
    """Choose and hold a unit of each kind that each wish needs."""
    wanted = [(row.kind_id, whole_span(wish)) for wish in wishes for row in wish.service.equipment.all()]
    if not wanted:
        return {}
    kinds = {kind for kind, _ in wanted}
    units = list(
        Equipment.objects.filter(location=location, is_active=True, kind_id__in=kinds).order_by("pk")
    )
    _lock(Equipment, [unit.pk for unit in units])
    own: dict[UUID, list[Span]] = {}
    for kind, span in wanted:
        suits = [unit.pk for unit in units if unit.kind_id == kind and not _meets(own.get(unit.pk, ()), span)]
        taken_now = _overlaps({pk: [span] for pk in suits})
        left = [pk for pk in suits if pk not in taken_now]
        if not left:
            raise SlotTaken(EQUIPMENT)
        own.setdefault(left[0], []).append(span)
    return {pk: joined(spans) for pk, spans in own.items()}


def _meets(spans: Iterable[Span], span: Span) -> bool:
    return any(begin < span[1] and span[0] < end for begin, end in spans)


def _write(of: Booking | Block, takes: Sequence[tuple[str, dict[UUID, list[Span]], bool]]) -> None:
    owner: dict[str, Any] = {"booking": of} if isinstance(of, Booking) else {"block": of}
    rows = [
        Occupancy(kind=kind, resource_id=pk, starts_at=begin, ends_at=end, is_overruled=is_overruled, **owner)
        for kind, found, is_overruled in takes
        for pk, spans in found.items()
        for begin, end in spans
    ]
    try:
        Occupancy.objects.bulk_create(rows)
    except IntegrityError as fault:
        if "calendar_never_twice" not in str(fault):
            raise
        # The look should have seen it; that the database did is why the constraint is there.
        raise SlotTaken(STAFF) from None


def moment(value: datetime) -> datetime:
    """Return a moment without seconds; raise ``Unworkable`` for one without a zone."""
    if value.tzinfo is None:
        raise Unworkable("A time needs a time zone.")
    return value.replace(second=0, microsecond=0)
