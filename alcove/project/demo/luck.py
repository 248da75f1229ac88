"""Chance for the demo, always from the seeded generator, so that the same seed gives the same practice."""

from __future__ import annotations

from random import Random


def chance(rng: Random, percent: float) -> bool:
    """Return True in so many of a hundred cases."""
    return rng.random() * 100 < percent
