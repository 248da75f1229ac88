"""Texts: what may stand in them, how they are filled, and what a stranger sees of them on a locked phone.

What must never happen: a slot that tells of somebody's care in a text that leaves the house (MSG-03). Such slots have
names so that they are refused by name; whatever is not declared is refused as well, here and again when filled.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import Final

from alcove.clinic.messaging.models import Text
from alcove.clinic.messaging.models.kinds import EMAIL, OUTSIDE, SLOTS
from alcove.clinic.messaging.models.texts import SHIPPED
from alcove.security import policy_defaults as policy

_SLOT = re.compile(r"\{([^{}]*)\}")
_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE: Final = frozenset("^{}\\[~]|€\f")
"""The alphabet of GSM 03.38; those of the extension table count twice."""


class Unfit(ValueError):
    """A text that cannot be sent as it stands; the sentence goes beside the field."""


@dataclass(frozen=True, slots=True)
class Words:
    """A subject (e-mail only) and a body, with slots or filled."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Parts:
    """How an SMS travels: ``alphabet`` GSM-7 or UCS-2, ``units`` of it, in so many ``parts``, each paid."""

    alphabet: str
    units: int
    parts: int


def shipped(kind: str, channel: str, language: str) -> Words:
    """Return the text Alcove ships with."""
    return Words(*SHIPPED[language][kind][channel])


def in_force(kind: str, channel: str, language: str) -> Words:
    """Return the practice's own text, or the shipped one."""
    row = Text.objects.filter(kind=kind, channel=channel, language=language, is_own=True).first()
    return Words(row.subject, row.body) if row else shipped(kind, channel, language)


# What may stand in a text ---------------------------------------------------------------------------------------------


def slots_in(text: str) -> list[str]:
    """Return the names in braces, in order."""
    return [found.strip() for found in _SLOT.findall(text)]


def check(channel: str, text: str) -> None:
    """Raise ``Unfit`` for a text that may not leave by this way."""
    if channel not in OUTSIDE:
        raise Unfit("There is no such way for a message.")
    for name in slots_in(text):
        slot = SLOTS.get(name)
        if slot is None:
            known = ", ".join(f"{{{one.name}}}" for one in SLOTS.values() if not one.tells)
            raise Unfit(f"There is no slot {{{name[:40]}}}. There are: {known}.")
        if slot.tells:
            raise Unfit(
                f"{{{name}}} would tell {slot.tells}. Strangers may read {OUTSIDE[channel]}, so it cannot stand here."
            )
    if re.search(r"[{}]", _SLOT.sub("", text)):
        raise Unfit("A brace stands alone. Write slots as {date}; other braces cannot be sent.")
    if any(sign != "\n" and (ord(sign) < ord(" ") or sign == "\x7f") for sign in text):
        raise Unfit("There is a control character in this text. Type it again here.")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Unfit("Part of a character is missing in this text. Type it again here.")
    longest = policy.MESSAGE_LONGEST["email" if channel == EMAIL else "sms"]
    if len(text) > longest:
        raise Unfit(f"This is longer than {longest} characters.")


# Filling --------------------------------------------------------------------------------------------------------------


def filled(words: Words, channel: str, values: dict[str, str]) -> Words:
    """Return the text with its slots filled; raise ``Unfit`` for one that may not leave, whoever stored it.

    A line whose link, address or number there is not is left out; any other slot without a value takes the blank before
    it along.
    """
    for text in (words.subject, words.body):
        check(channel, text)
    lines = [
        line
        for line in words.body.split("\n")
        if all(values.get(name) or not SLOTS[name].needs_line for name in slots_in(line))
    ]
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(_fill(line, values) for line in lines)).strip()
    # A line end in a subject would begin another header.
    return Words(" ".join(_fill(words.subject, values).split()), body)


def _fill(line: str, values: dict[str, str]) -> str:
    for name in slots_in(line):
        if not values.get(name):
            line = re.sub(r" ?\{\s*" + re.escape(name) + r"\s*\}", "", line)
    return _SLOT.sub(lambda found: values[found[1].strip()], line)


# What becomes of it on the way ----------------------------------------------------------------------------------------


def parts(text: str) -> Parts:
    """Return how an SMS travels: one sign outside GSM's alphabet makes all of it UCS-2."""
    if all(sign in _GSM or sign in _GSM_TWICE for sign in text):
        units = sum(2 if sign in _GSM_TWICE else 1 for sign in text)
        return Parts("GSM-7", units, _count(units, 160, 153))
    units = len(text.encode("utf-16-be", "surrogatepass")) // 2
    return Parts("UCS-2", units, _count(units, 70, 67))


def _count(units: int, alone: int, each: int) -> int:
    return 1 if units <= alone else -(-units // each)


_LOCK_LINES: Final = 2
_LOCK_SIGNS: Final = 60


def lock_screen(words: Words, sender: str) -> list[str]:
    """Return what a locked phone shows to whoever looks at it: the sender and the first two lines."""
    wrapped = [
        line
        for text in (words.subject, *words.body.split("\n"))
        for line in textwrap.wrap(text, _LOCK_SIGNS, break_on_hyphens=False)
    ]
    shown = wrapped[:_LOCK_LINES]
    return [sender, *shown[:-1], *(line + ("…" if len(wrapped) > _LOCK_LINES else "") for line in shown[-1:])]
