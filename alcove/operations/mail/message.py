"""What is sent, and the ways in which sending fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

Leaving = Callable[[], None]
"""Called when all is said but the last word, without which the other side takes nothing; what it raises stops it."""


def nothing() -> None:
    """What a sender does who keeps no note of the moment of leaving."""


@dataclass(frozen=True, slots=True)
class Message:
    """One e-mail or SMS. ``life``: seconds until it is worth nothing. ``kind``: a code word, all that logs say."""

    id: UUID
    kind: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    life: int


class NotSent(Exception):
    """It was not sent. ``fault``: a code word, never what the other side said, which may quote address or text.

    ``is_final``: trying again cannot help, or might send it twice. ``is_bounce``: it is the address that is refused.
    ``may_have_left``: the answer was lost after the last word.
    """

    def __init__(
        self, fault: str, *, is_final: bool = False, is_bounce: bool = False, may_have_left: bool = False
    ) -> None:
        super().__init__(fault)
        self.fault, self.is_final = fault, is_final
        self.is_bounce, self.may_have_left = is_bounce, may_have_left


class Transport(Protocol):
    """A road out."""

    @property
    def repeats(self) -> bool:
        """Whether a message that may have left already can be sent again without harm."""

    def send(self, message: Message, leaving: Leaving = nothing) -> str:
        """Send it; return what the other side calls it, "" if nothing; raise ``NotSent``."""

    def fate(self, reference: str) -> str:
        """Return "delivered", "failed" or "" (not known yet) of what was sent; raise ``NotSent``."""
