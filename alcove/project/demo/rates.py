"""How appointments of an outpatient practice go, as small tables.

How full hours and days are, how long ahead people book, how many do not come or cancel, how early they are: counted
from a synthetic set of 2,254 appointments.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, TypeVar

FILLED_BY_WEEKDAY: Final = (0.88, 0.88, 0.88, 0.84, 0.79, 0.79, 0.79)
"""Which share of the time is booked, Monday first."""
FILLED_BY_HOUR: Final = {
    8: 0.85,
    9: 0.82,
    10: 0.85,
    11: 0.84,
    12: 0.88,
    13: 0.83,
    14: 0.83,
    15: 0.86,
    16: 0.81,
    17: 0.83,
}
FILLED: Final = 0.84
LEAD_DAYS: Final = (
    (1, 3, 476), (4, 7, 430), (8, 14, 531), (15, 21, 340), (22, 30, 294), (31, 84, 170),
)  # fmt: skip
"""How many book so many days ahead; the last row is those who book the next visit as they leave."""
MISSED_BY_LEAD: Final = ((3, 0.036), (7, 0.053), (14, 0.051), (21, 0.071), (999, 0.051))
"""Up to so many days ahead, which share does not come."""
CANCELLED: Final = 0.176
EARLY: Final = (-27, -23, -20, -18, -17, -15, -14, -13, -11, -10, -9, -7, -6, -5, -3, -1, 0, 2, 6, 11)
"""Minutes between the time agreed and the check-in, one for each twentieth of those who come."""
WAITED: Final = (0, 1, 2, 3, 4, 5, 6, 8, 11, 16)
"""Minutes from whichever is later, the time agreed or the check-in, to the room."""
_LENGTH: Final = 2.3
"""Quarters of an hour that a booking takes on average, for turning a share of time into a chance to begin."""

Choice = TypeVar("Choice")


def begins(weekday: int, hour: int, share: float) -> float:
    """Return how likely a booking begins at a free quarter of an hour, so that the time fills as the tables say."""
    filled = FILLED_BY_WEEKDAY[weekday] * FILLED_BY_HOUR.get(hour, FILLED) / FILLED
    filled = min(filled, 0.95) * share
    return filled / (filled + (1 - filled) * _LENGTH)


def lead(rng: Random, least: int = 1) -> int:
    """Return how many days ahead somebody books, at least ``least``."""
    rows = [(max(first, least), last, many) for first, last, many in LEAD_DAYS if last >= least]
    if not rows:
        return least
    first, last, _ = rng.choices(rows, [row[2] for row in rows])[0]
    return rng.randint(first, last)


def booked_already(ahead: int) -> float:
    """Return which share of the visits so many days ahead is booked by now."""
    whole = sum(many for _, _, many in LEAD_DAYS)
    found = 0.0
    for first, last, many in LEAD_DAYS:
        days = last - first + 1
        found += many * min(max(last - max(ahead, first) + 1, 0), days) / days
    return found / whole


def missed(days: int) -> float:
    """Return how likely somebody who booked so many days ahead does not come."""
    return next(share for most, share in MISSED_BY_LEAD if days <= most)


def one_of(rng: Random, weighted: Sequence[tuple[Choice, float]]) -> Choice:
    """Return one of these by weight."""
    return rng.choices([item for item, _ in weighted], [weight for _, weight in weighted])[0]
