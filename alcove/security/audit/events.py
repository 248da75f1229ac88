"""The words of the log: each area declares what can have happened in it."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Self

_known: dict[str, Event] = {}


class Result(StrEnum):
    """How a deed ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Event(Enum):
    """Base of every area's ``Did``: key ``area.noun.past`` and a sentence for the *Access log* tab.

    ``NOTE_ADDED = "records.note.added", "added a note"``
    """

    key: str
    words: str

    def __new__(cls, key: str, words: str) -> Self:
        member = object.__new__(cls)
        member._value_ = key
        member.key, member.words = key, words
        if key in _known:
            raise TypeError(f"two events are called {key}")
        _known[key] = member
        return member


def words(key: str) -> str:
    """Return what an event means in plain words; the key itself for one that no code knows any more."""
    event = _known.get(key)
    return event.words if event else key


def areas() -> list[str]:
    """Return every area that has events, sorted."""
    return sorted({key.partition(".")[0] for key in _known})


def known() -> dict[str, str]:
    """Return all events: key to words."""
    return {key: event.words for key, event in sorted(_known.items())}


class Did(Event):
    """What the log records about itself."""

    LOG_VIEWED = "audit.log.viewed", "looked at the audit log"
    LOG_EXPORTED = "audit.log.exported", "exported the audit log"
    LOG_VERIFIED = "audit.log.verified", "verified the audit log"
    ADDRESSES_DROPPED = "audit.address.dropped", "dropped network addresses that were old enough"
    CHECKPOINT_MADE = "audit.checkpoint.made", "made a checkpoint of the audit log"
