"""What a part of a booking takes of whom, in minutes from its start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from alcove.clinic.practice.models import Room, Service, StaffProfile
from alcove.clinic.practice.queries.hours import Span


@dataclass(frozen=True, slots=True)
class Wish:
    """One service of a booking to be: who, when, and where if that matters. ``minutes``: as long as it takes with them.

    ``room`` None: any that suits, where the service needs one, and ``rather`` that one.
    """

    service: Service
    profile: StaffProfile
    starts_at: datetime
    minutes: int
    price_minor: int = 0
    room: Room | None = None
    rather: UUID | None = None

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


def hands_on(service: Service, minutes: int) -> list[tuple[int, int]]:
    """Return the stretches, (from, to) in minutes after the start, in which the practitioner is needed.

    Buffers included. The end moves with a practitioner who takes longer or shorter; the hands-free time does not.
    """
    begin, end = -service.buffer_before, minutes + service.buffer_after
    free_from = service.hands_free_from
    free_to = min(free_from + service.hands_free_minutes, minutes)
    if not service.hands_free_minutes or free_to <= free_from:
        return [(begin, end)]
    first = [(begin, free_from)] if free_from > begin else []
    last = [(free_to, end)] if end > free_to else []
    return first + last


def whole(service: Service, minutes: int) -> tuple[int, int]:
    """Return the stretch in which room and equipment are needed."""
    return -service.buffer_before, minutes + service.buffer_after


def staff_spans(wish: Wish) -> list[Span]:
    """Return when this wish takes its practitioner."""
    return [
        (wish.starts_at + timedelta(minutes=begin), wish.starts_at + timedelta(minutes=end))
        for begin, end in hands_on(wish.service, wish.minutes)
    ]


def whole_span(wish: Wish) -> Span:
    """Return when this wish takes its room and equipment."""
    begin, end = whole(wish.service, wish.minutes)
    return wish.starts_at + timedelta(minutes=begin), wish.starts_at + timedelta(minutes=end)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return spans with those that touch or overlap made one: a client who stays in the room takes it once."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def by_resource(pairs: Iterable[tuple[UUID, Span]]) -> dict[UUID, list[Span]]:
    """Return what is taken of each resource, joined."""
    found: dict[UUID, list[Span]] = {}
    for resource_id, span in pairs:
        found.setdefault(resource_id, []).append(span)
    return {resource_id: joined(spans) for resource_id, spans in found.items()}


def is_at_once(wishes: Sequence[Wish]) -> bool:
    """Whether somebody would have to do two things at once within these wishes, buffers left aside."""
    busy: dict[UUID, list[Span]] = {}
    for wish in wishes:
        service = wish.service
        without_buffers = [
            (max(begin, 0), min(end, wish.minutes)) for begin, end in hands_on(service, wish.minutes)
        ]
        busy.setdefault(wish.profile.pk, []).extend(
            (wish.starts_at + timedelta(minutes=begin), wish.starts_at + timedelta(minutes=end))
            for begin, end in without_buffers
        )
    for spans in busy.values():
        ordered = sorted(spans)
        if any(later[0] < earlier[1] for earlier, later in pairwise(ordered)):
            return True
    return False
