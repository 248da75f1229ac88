"""What a task says, as forms and other areas give it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class What:
    """``due_on``: the practice's local day by whose end it should be done."""

    title: str
    text: str = ""
    due_on: date | None = None
    is_urgent: bool = False
