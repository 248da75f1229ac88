"""Cells of a CSV file that a spreadsheet would run as a formula, and how they come back as the text they were.

Rule: a text that begins with ``= + - @``, their full-width twins, a tab, a carriage return or a line feed gets one
apostrophe in front, and so does one that begins with apostrophes before such a sign. To read it back, take one
apostrophe away wherever such a sign follows the apostrophes. Every other text is left alone. (OWASP, CSV Injection.)
"""

from __future__ import annotations

import re

_TWINS = "\uff1d\uff0b\uff0d\uff20"
_RUNS = re.compile(f"'*[=+\\-@\t\r\n{_TWINS}]")
_MADE_HARMLESS = re.compile(f"'+[=+\\-@\t\r\n{_TWINS}]")


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet runs; ``as_typed`` gives the text back."""
    return f"'{text}" if _RUNS.match(text) else text


def as_typed(cell: str) -> str:
    """Return the text that ``harmless`` was given."""
    return cell[1:] if _MADE_HARMLESS.match(cell) else cell
