"""Refusals, one class per way to react. Their texts go to people: plain sentences, no value about a client."""

from __future__ import annotations


class AccessError(Exception):
    """Base of all refusals of access."""


class Refused(AccessError):
    """The actor does not hold the permission (403). ``needed`` is its key; ``sentence``: why, if not for its lack."""

    def __init__(self, needed: str, sentence: str = "") -> None:
        super().__init__(sentence or f"this needs the right {needed}")
        self.needed = needed
        self.sentence = sentence


class ReadOnly(Refused):
    """Whoever looks through a role's eyes changes nothing meanwhile (403)."""

    def __init__(self, needed: str) -> None:
        super().__init__(needed, "You are looking through a role's eyes: nothing is changed meanwhile.")


class NotFound(AccessError):
    """There is no such thing, or its existence is not this actor's to know (404)."""


class Conflict(AccessError):
    """Someone else changed it meanwhile, or it is locked (409). The text says what was kept and what to do."""


class Held(AccessError):
    """Somebody took out as many clients today as anyone may alone (429); an owner or officer releases them."""


class Gone(AccessError):
    """A single-use or dated link was used, ended or revoked (410)."""


class NothingRecorded(AccessError):
    """An action changed something and recorded nothing: a fault of the program; the action is rolled back."""


class WriteRefused(AccessError):
    """SQL tried to write outside an action: a fault of the program."""
