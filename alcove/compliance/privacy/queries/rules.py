"""How long the law asks for, as dated data, and the day it comes to.

Nothing here is legal advice: each rule names its law, its source and the day from which it counts, so that a lawyer can
check the table line by line. Where no rule is written down for a place, the practice's own number of years counts alone
(Setup, "Keep a client's record after the last visit for at least"), and it is never shortened by a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

RECORD, LOG = "record", "log"


@dataclass(frozen=True, slots=True)
class Rule:
    """Keep ``what`` for ``years`` after the last care, and a minor's until they are ``minors_to``.

    ``place``: ISO 3166, as US-CA or US. ``from_on`` and ``until_on``: the days between which it counts, None for open.
    """

    place: str
    what: str
    years: int
    minors_to: int | None
    from_on: date | None
    until_on: date | None
    law: str
    source: str


RULES: Final = (
    Rule(
        "US-CA", RECORD, 7, None, date(2024, 1, 1), None,
        "California Business and Professions Code § 2266 (SB 815 of 2023)", "leginfo.legislature.ca.gov",
    ),
    Rule(
        "US-CA", RECORD, 7, 19, None, None,
        "California Health and Safety Code § 123145", "leginfo.legislature.ca.gov",
    ),
    Rule(
        "US", LOG, 6, None, date(2005, 4, 20), None,
        "HIPAA Security Rule, 45 CFR 164.316(b)(2)(i)", "ecfr.gov",
    ),
)  # fmt: skip
"""Every rule there is. A rule that changes gets ``until_on`` and a new line; nothing is overwritten."""

OWN: Final = "the practice’s own rule"


@dataclass(frozen=True, slots=True)
class Kept:
    """Until when, the last day included, and by which law."""

    until: date
    law: str


def in_force(places: Iterable[str], what: str, on: date) -> list[Rule]:
    """Return the rules of these places, and of their countries, that count on a day."""
    wanted = {part for place in places for part in (place, place.partition("-")[0])}
    return [
        rule
        for rule in RULES
        if rule.what == what
        and rule.place in wanted
        and (rule.from_on is None or rule.from_on <= on)
        and (rule.until_on is None or on <= rule.until_on)
    ]


def anniversary(day: date, years: int) -> date:
    """Return the day so many years later; 29 February comes to 1 March where there is none: never a day too early."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def kept_until(rules: Sequence[Rule], own_years: int, last_care: date, born: date | None) -> Kept:
    """Return the longest of what the rules and the practice ask for.

    ``born`` None: nobody knows whether it was a child, so it is kept as long as a newborn's would be.
    """
    found = [Kept(anniversary(last_care, own_years), OWN)]
    for rule in rules:
        found.append(Kept(anniversary(last_care, rule.years), rule.law))
        if rule.minors_to is not None:
            found.append(Kept(anniversary(born or last_care, rule.minors_to), rule.law))
    # A law is the better reason where both come to the same day.
    return max(found, key=lambda one: (one.until, one.law != OWN))
