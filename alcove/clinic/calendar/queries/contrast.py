"""How far a text stands out from what lies behind it: the ratio of WCAG 2.2, 1 to 21."""

from __future__ import annotations

import re
from typing import Final

_NEAR_BLACK: Final = 0.04045
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)


def is_colour(text: str) -> bool:
    """Whether a text is a colour as we write it, ``#1f5e57``, and nothing else: it goes into a style sheet."""
    return bool(_COLOUR.fullmatch(text))


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour; raise ``ValueError`` for what is none."""
    if not is_colour(colour):
        raise ValueError("this is no colour")
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= _NEAR_BLACK else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    """Return the contrast between two colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
