"""Every so many days, weeks or months: which dates a course has."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MOST = 52
"""Dates of one course."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """``count`` dates, ``every`` so many ``unit``: days, weeks or months. A month without that day has its last."""

    every: int
    unit: str
    count: int

    def dates(self, first: date) -> list[date]:
        """Return the dates, the first one included; raise ``ValueError`` for none or too many."""
        if not (0 < self.count <= MOST and self.every > 0):
            raise ValueError(f"a course has 1 to {MOST} dates")
        return [self._nth(first, number) for number in range(self.count)]

    def _nth(self, first: date, number: int) -> date:
        steps = self.every * number
        if self.unit != "months":
            return first + timedelta(days=steps * (7 if self.unit == "weeks" else 1))
        years, month = divmod(first.month - 1 + steps, 12)
        year = first.year + years
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(first.day, last))

    def shifts(self, starts_at: datetime, zone: ZoneInfo) -> list[timedelta]:
        """Return how far each date lies from ``starts_at`` so that the location's clock shows the same time."""
        local = starts_at.astimezone(zone)
        wall = local.time()
        return [
            datetime.combine(day, wall, zone).astimezone(UTC) - starts_at.astimezone(UTC)
            for day in self.dates(local.date())
        ]
