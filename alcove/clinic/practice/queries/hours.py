"""When a location is open and who works there, on one day, as moments.

A time of day means what the location's clock shows: nine o'clock stays nine o'clock when clocks change. A time that a
clock skips in spring counts from where the clock goes on, one that it shows twice in autumn is the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from alcove.clinic.practice.models import Closure, Leave, Location, OpeningHours, WorkingHours
from alcove.clinic.practice.models.places import DAY_MINUTES

Span = tuple[datetime, datetime]
"""From the first moment to the one after the last, both UTC."""


def at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return the moment at which clocks of ``zone`` show ``minute`` (0 to 1440) on ``day``, in UTC."""
    days, minute = divmod(minute, DAY_MINUTES)
    shown = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60), zone)
    return shown.astimezone(UTC)


def opening(location: Location, day: date) -> list[Span]:
    """Return when a location is open on a day: nothing on a closure."""
    shut = Closure.objects.filter(
        Q(location=location) | Q(location=None), from_on__lte=day, until_on__gte=day
    )
    if shut.exists():
        return []
    found = OpeningHours.objects.filter(location=location, weekday=day.weekday())
    return [
        (at(day, opens, location.zone), at(day, closes, location.zone))
        for opens, closes in found.values_list("opens", "closes")
    ]


def working(location: Location, day: date, profile_ids: Iterable[UUID]) -> dict[UUID, list[Span]]:
    """Return when each of these people works at a location on a day, leave taken out; nothing is an empty list."""
    spans: dict[UUID, list[Span]] = {profile_id: [] for profile_id in profile_ids}
    found = WorkingHours.objects.filter(
        Q(from_on=None) | Q(from_on__lte=day),
        Q(until_on=None) | Q(until_on__gte=day),
        location=location, weekday=day.weekday(), profile_id__in=spans,
    )  # fmt: skip
    for profile_id, starts, ends in found.values_list("profile_id", "starts", "ends"):
        spans[profile_id].append((at(day, starts, location.zone), at(day, ends, location.zone)))
    begin, end = at(day, 0, location.zone), at(day, DAY_MINUTES, location.zone)
    away = Leave.objects.filter(profile_id__in=spans, starts_at__lt=end, ends_at__gt=begin)
    for profile_id, starts_at, ends_at in away.values_list("profile_id", "starts_at", "ends_at"):
        spans[profile_id] = without(spans[profile_id], (starts_at, ends_at))
    return {profile_id: sorted(found) for profile_id, found in spans.items()}


def without(spans: Sequence[Span], taken: Span) -> list[Span]:
    """Return what is left of spans when one is taken out of them."""
    left: list[Span] = []
    for begin, end in spans:
        if taken[1] <= begin or taken[0] >= end:
            left.append((begin, end))
            continue
        if begin < taken[0]:
            left.append((begin, taken[0]))
        if taken[1] < end:
            left.append((taken[1], end))
    return left
