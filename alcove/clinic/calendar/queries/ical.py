"""Calendars as other programs read them: the few lines of RFC 5545 that a feed or an invitation needs.

``Event(uid, starts_at, ends_at, summary, place, changed_at, sequence, is_cancelled)`` and
``calendar(name, events) -> bytes``. All times are UTC, so no zone has to be described. What stands in ``summary`` and
``place`` is the caller's choice; whatever it is, it stays inside its line (``tests/test_ical.py`` attacks that).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
LINE_BYTES: Final = 75
"""RFC 5545 3.1: a line has at most 75 octets before its break; a longer one is folded."""
_PRODUCT: Final = "-//Alcove//Calendar//EN"
_ESCAPED: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. ``uid``: the same for as long as it is the same entry; ``sequence`` grows with each change of it."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    place: str = ""
    changed_at: datetime | None = None
    sequence: int = 0
    is_cancelled: bool = False


def calendar(name: str, events: Iterable[Event]) -> bytes:
    """Return a whole calendar, as bytes to be sent as ``MEDIA_TYPE``. ``ValueError`` for a time without a zone."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{_PRODUCT}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    if name:
        lines.append(f"X-WR-CALNAME:{escaped(name)}")
    for event in events:
        lines += _lines(event)
    lines.append("END:VCALENDAR")
    return b"".join(b"\r\n ".join(_folded(line)) + b"\r\n" for line in lines)


def _lines(event: Event) -> list[str]:
    changed_at = event.changed_at or event.starts_at
    found = [
        "BEGIN:VEVENT",
        f"UID:{escaped(event.uid)}",
        f"DTSTAMP:{moment(changed_at)}",
        f"LAST-MODIFIED:{moment(changed_at)}",
        f"SEQUENCE:{event.sequence}",
        f"DTSTART:{moment(event.starts_at)}",
        f"DTEND:{moment(event.ends_at)}",
        f"SUMMARY:{escaped(event.summary)}",
        f"STATUS:{'CANCELLED' if event.is_cancelled else 'CONFIRMED'}",
    ]
    if event.place:
        found.insert(-1, f"LOCATION:{escaped(event.place)}")
    return [*found, "END:VEVENT"]


def moment(value: datetime) -> str:
    """Return a moment as UTC, ``20270301T170000Z``; raise ``ValueError`` for one without a zone."""
    if value.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def escaped(text: str) -> str:
    """Return a text that stays one value: line breaks and the signs that part values escaped, control signs left out.

    RFC 5545 3.3.11. A lone surrogate, which is no text, becomes the sign for what could not be read.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    kept = "".join(one for one in text if one in "\n\t" or unicodedata.category(one) != "Cc")
    return kept.encode("utf-8", "replace").decode("utf-8").translate(_ESCAPED)


def _folded(line: str) -> Iterator[bytes]:
    """Yield the pieces of a line; no sign is cut through. The blank of a folded piece counts as one octet."""
    piece, size, room = bytearray(), 0, LINE_BYTES
    for sign in line:
        octets = sign.encode("utf-8")
        if size + len(octets) > room:
            yield bytes(piece)
            piece, size, room = bytearray(), 0, LINE_BYTES - 1
        piece += octets
        size += len(octets)
    yield bytes(piece)
