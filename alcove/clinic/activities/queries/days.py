"""Which day it is at the practice: tasks are due and repeat by its own clocks, wherever the server stands."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alcove.clinic.practice.models import Practice
from alcove.security.audit import clock


def today() -> date:
    """Return the practice's local day at this moment."""
    return day_of(clock.now())


def day_of(moment: datetime) -> date:
    """Return on which of the practice's days a moment lies."""
    name = Practice.objects.values_list("time_zone", flat=True).first() or "UTC"
    try:
        return moment.astimezone(ZoneInfo(name)).date()
    except (ZoneInfoNotFoundError, ValueError):
        return moment.date()
