"""How a task comes again, by local days: every so many days, weeks or months from a first day on."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models


class Unit(models.TextChoices):
    DAY = "day", "days"
    WEEK = "week", "weeks"
    MONTH = "month", "months"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """``every`` units from ``starts_on`` on; a month that is too short for the day has its last one instead."""

    starts_on: date
    every: int
    unit: Unit

    def period(self, number: int) -> date:
        """Return the day of an occurrence, the first one being number 0; raise ``OverflowError`` past year 9999."""
        steps = self.every * number
        if self.unit != Unit.MONTH:
            return self.starts_on + timedelta(days=steps * (7 if self.unit == Unit.WEEK else 1))
        # Counted from the first day each time, so that the 31st comes back after a short month.
        years, month = divmod(self.starts_on.month - 1 + steps, 12)
        year = self.starts_on.year + years
        if year > date.max.year:
            raise OverflowError("no such year")
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(self.starts_on.day, last))

    @property
    def words(self) -> str:
        """Return such as "every 2 weeks"."""
        return f"every {self.unit.value}" if self.every == 1 else f"every {self.every} {self.unit.label}"
