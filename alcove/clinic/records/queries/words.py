"""Sealed texts as they can be shown: days in words, lone surrogates as a replacement mark."""

from __future__ import annotations

import re
from datetime import date, datetime

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from alcove.ui.moments import plain_day

_SURROGATE = re.compile("[\ud800-\udfff]")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d{2})?")
_DAY = len("2024-05-01")


def legible(text: object) -> str:
    """Return text that has an encoding: imports keep lone surrogates as they came, a page cannot send them."""
    return _SURROGATE.sub("\ufffd", str(text or ""))


def moment(text: str) -> date | datetime | None:
    """Return the day or moment an ISO text names, None if it names none; moments in the practice's zone."""
    if _ISO_DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    try:
        # A day alone never has more signs, and to look for one first costs more than to read the moment.
        found = parse_datetime(text) if len(text) > _DAY else None
        day = None if found else parse_date(text)
        found = found or (None if day else parse_datetime(text))
    except ValueError:
        return None
    if found is not None:
        return timezone.localtime(found) if timezone.is_aware(found) else found
    return day


def day_of(text: str) -> date | None:
    """Return the calendar day of an ISO text, None if it names none; a year or month alone counts as its first day."""
    if not text:
        return None
    if len(text) < _DAY and _YEAR_OR_MONTH.fullmatch(text):
        text += "-01-01"[: _DAY - len(text)]
    found = moment(text)
    return found.date() if isinstance(found, datetime) else found


def day(text: str) -> str:
    """Return the day of an ISO text as people read it; a text that is no day comes back as it is."""
    found = moment(text)
    return plain_day(found) if found else legible(text)


def span(start: str, end: str) -> str:
    """Return ``2 Mar 2024 to 1 May 2024``, ``since 2 Mar 2024`` or ``until 1 May 2024``."""
    if start and end:
        first, last = day(start), day(end)
        return first if first == last else f"{first} to {last}"
    return f"since {day(start)}" if start else f"until {day(end)}" if end else ""
