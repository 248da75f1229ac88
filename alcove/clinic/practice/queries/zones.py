"""The practice's time zone: what day it is where the practice is.

Moments are kept in UTC; every day that is named, on a page, by the worker or in a command, is the practice's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import DatabaseError
from django.utils import timezone

from alcove.clinic.practice.models import Practice


def named() -> ZoneInfo | None:
    """Return the zone the practice lives by; None before it is founded. Raises ``DatabaseError``."""
    name = Practice.objects.values_list("time_zone", flat=True).first()
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


@contextmanager
def lived_by() -> Iterator[None]:
    """Let whoever works without a request tell days as pages do; in UTC where no database can be asked."""
    try:
        zone = named()
    except DatabaseError:
        zone = None
    with timezone.override(zone):
        yield
