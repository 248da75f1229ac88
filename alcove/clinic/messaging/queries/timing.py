"""When a message may leave: never in the client's quiet hours, but by one rule.

What falls into quiet hours waits for their end. Where that is too late, it leaves shortly before they begin. Where that
is past as well, news without which somebody would come for nothing (``Kind.pierces``) leaves at once, and all else not
at all. Clocks go forward and back: an hour that there is twice is quiet both times, and quiet hours that begin or end
in an hour there is not take the longer reading.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alcove.clinic.messaging.models.kinds import KINDS
from alcove.clinic.messaging.queries.choosing import Choice, clock
from alcove.security import policy_defaults as policy

_TURNS = 4
"""Quiet hours that touch each other: no more days in a row are looked at."""


def readings(day: date, at: time, zone: ZoneInfo) -> list[datetime]:
    """Return the moments (UTC) that a clock time may mean on a day, the earlier first; mostly both are one."""
    return sorted(datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def quiet(at: datetime, chosen: Choice, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Return from when until when it is quiet around this moment; None if it is not quiet then."""
    if not chosen.has_quiet_hours:
        return None
    begins, ends = clock(chosen.quiet_from), clock(chosen.quiet_to)
    today = at.astimezone(zone).date()
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        first = readings(day, begins, zone)[0]
        last = readings(day if ends > begins else day + timedelta(days=1), ends, zone)[1]
        if first <= at < last:
            return first, last
    return None


def moment(
    kind: str, wanted: datetime, ends_at: datetime, chosen: Choice, zone: ZoneInfo, *, now: datetime
) -> datetime | None:
    """Return when a message may leave, at ``now`` at the earliest; None if there is no such time before ``ends_at``."""
    at = max(wanted, now)
    if at >= ends_at:
        return None
    span = quiet(at, chosen, zone)
    if span is None:
        return at
    later = _after(span, chosen, zone)
    if later < ends_at:
        return later
    earlier = _before(span, chosen, zone)
    if earlier is not None and earlier >= now:
        return earlier
    return at if KINDS[kind].pierces else None


def _after(span: tuple[datetime, datetime], chosen: Choice, zone: ZoneInfo) -> datetime:
    found: tuple[datetime, datetime] | None = span
    end = span[1]
    for _ in range(_TURNS):
        if found is None:
            break
        end = found[1]
        found = quiet(end, chosen, zone)
    return end


def _before(span: tuple[datetime, datetime], chosen: Choice, zone: ZoneInfo) -> datetime | None:
    at = span[0] - policy.BEFORE_QUIET
    found = quiet(at, chosen, zone)
    return at if found is None else None
