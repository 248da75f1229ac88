"""The grid of a day: rows of five minutes, and where in them something stands.

A day is drawn by the time that passes, not by what clocks say, so the day on which they change has 23 or 25 hours and
nothing on it lies in the wrong place. A week is drawn by the clock (``by_clock``), so that nine o'clock is one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alcove.clinic.practice.models.places import DAY_MINUTES
from alcove.clinic.practice.queries import at
from alcove.clinic.practice.queries.hours import Span
from alcove.ui.moments import clock as said

MINUTES = 5
ROW = timedelta(minutes=MINUTES)
HOUR = 60 // MINUTES
FIRST, LAST = 8 * 60, 18 * 60
"""Minutes of the day that are shown even if nobody works."""
LANES = (1, 2, 3, 4, 6, 12)
"""How many can stand side by side: what twelve parts divide into."""


@dataclass(frozen=True, slots=True)
class Grid:
    """``rows`` rows from ``begin`` on. Rows are counted from 1, as CSS does."""

    day: date
    begin: datetime
    rows: int
    zone: ZoneInfo
    by_clock: bool = False

    @property
    def end(self) -> datetime:
        return self.begin + self.rows * ROW

    def row(self, moment: datetime) -> int:
        """Return the row in which a moment lies, before the first and after the last as well."""
        if self.by_clock:
            return self._by_clock(moment)
        return (moment - self.begin) // ROW + 1

    def _by_clock(self, moment: datetime) -> int:
        here, first = moment.astimezone(self.zone), self.begin.astimezone(self.zone)
        minutes = (here.date() - self.day).days * DAY_MINUTES + here.hour * 60 + here.minute
        return (minutes - first.hour * 60 - first.minute) // MINUTES + 1

    def place(self, begin: datetime, end: datetime) -> tuple[int, int] | None:
        """Return the first row and how many, cut to the grid; None for what lies outside."""
        first = self.row(begin)
        last = first + max(-(-(end - begin) // ROW), 1)
        first, last = max(first, 1), min(last, self.rows + 1)
        return (first, last - first) if last > first else None

    def hours(self) -> list[tuple[int, str]]:
        """Return a row and what the clock says for every hour; an hour that comes twice names its zone."""
        moments = [(row, self.begin + (row - 1) * ROW) for row in range(1, self.rows + 1, HOUR)]
        if self.by_clock:
            first = self.begin.astimezone(self.zone).hour
            return [(row, f"{(first + at_hour) % 24:02}:00") for at_hour, (row, _) in enumerate(moments)]
        texts = [said(moment.astimezone(self.zone)) for _, moment in moments]
        return [
            (row, f"{text} {moment.astimezone(self.zone):%Z}" if texts.count(text) > 1 else text)
            for (row, moment), text in zip(moments, texts, strict=True)
        ]


def of_day(day: date, zone: ZoneInfo, spans: Iterable[Span]) -> Grid:
    """Return the grid of a day that shows these stretches, in whole hours."""
    midnight, end = at(day, 0, zone), at(day, DAY_MINUTES, zone)
    first, last = at(day, FIRST, zone), at(day, LAST, zone)
    for one in spans:
        first, last = min(first, max(one[0], midnight)), max(last, min(one[1], end))
    skipped = (first - midnight) // (HOUR * ROW)
    begin = midnight + skipped * HOUR * ROW
    hours = -(-(min(last, end) - begin) // (HOUR * ROW))
    return Grid(day, begin, hours * HOUR, zone)


def of_week(days: Sequence[date], zone: ZoneInfo, spans: Iterable[Span]) -> list[Grid]:
    """Return grids of several days with the same clock hours, which show these stretches."""
    first, last = FIRST, LAST
    for begin, end in spans:
        here, until = begin.astimezone(zone), end.astimezone(zone)
        if here.date() != until.date():
            # Over midnight: to the end of one day, and from the beginning of the next.
            first, last = (0 if until.hour or until.minute else first), DAY_MINUTES
        first = min(first, here.hour * 60 + here.minute)
        last = max(last, until.hour * 60 + until.minute)
    first, hours = first // 60 * 60, -(-last // 60) - first // 60
    return [Grid(day, at(day, first, zone), hours * HOUR, zone, by_clock=True) for day in days]


def lanes(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return for each place, in the order they begin, its lane and how many lanes stand beside each other there."""
    found: list[tuple[int, int]] = [(0, 1)] * len(places)
    group: list[int] = []
    ends: list[int] = []
    order = sorted(range(len(places)), key=lambda one: places[one])
    for one in order:
        first, rows = places[one]
        if group and first >= max(ends):
            _close(found, group, len(ends))
            group, ends = [], []
        lane = next((lane for lane, end in enumerate(ends) if end <= first), len(ends))
        lane = min(lane, LANES[-1] - 1)
        if lane == len(ends):
            ends.append(0)
        ends[lane] = max(ends[lane], first + rows)
        found[one] = (lane, 0)
        group.append(one)
    _close(found, group, len(ends))
    return found


def _close(found: list[tuple[int, int]], group: Sequence[int], count: int) -> None:
    count = next((most for most in LANES if most >= count), LANES[-1])
    for one in group:
        found[one] = (found[one][0], count)
