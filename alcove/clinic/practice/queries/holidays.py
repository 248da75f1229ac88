"""Public holidays, from the library that follows the laws of some 150 countries.

Its first question takes most of a second, so answers are kept for as long as the process lives; they depend on nothing
but place and year. The library is loaded when somebody first asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import Any


def of(country: str, region: str, years: Iterable[int]) -> list[tuple[date, str]]:
    """Return the holidays of a place in these years: ``[(day, name), …]`` in order. Nothing where none are known."""
    return [found for year in sorted(set(years)) for found in _of_year(country, region, year)]


def are_known(country: str) -> bool:
    """Whether holidays of a country are known."""
    return country in _countries()


@lru_cache(maxsize=256)
def _of_year(country: str, region: str, year: int) -> tuple[tuple[date, str], ...]:
    countries = _countries()
    if country not in countries:
        return ()
    # A region the library does not know keeps its country's holidays.
    subdivision = region if region in countries[country] else None
    found = _library().country_holidays(country, subdiv=subdivision, years=year, language="en_US")
    return tuple(sorted((day, name[:120]) for day, name in found.items() if day.year == year))


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[str]]:
    return dict(_library().list_supported_countries())


def _library() -> Any:
    return import_module("holidays")
