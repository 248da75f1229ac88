"""How long the law asks for: the boundary day, leap days, minors, rules by date and place."""

from __future__ import annotations

from datetime import date

import pytest

from alcove.compliance.privacy.queries import rules
from alcove.compliance.privacy.queries.rules import RECORD, Rule, anniversary, in_force, kept_until

CALIFORNIA = in_force(["US-CA"], RECORD, date(2026, 11, 22))


@pytest.mark.parametrize(
    ("day", "years", "later"),
    [
        (date(2019, 11, 22), 7, date(2026, 11, 22)),
        (date(2020, 2, 29), 7, date(2027, 3, 1)),  # there is no 29 February: never a day too early
        (date(2020, 2, 29), 8, date(2028, 2, 29)),
        (date(2019, 2, 28), 7, date(2026, 2, 28)),
        (date(2096, 2, 29), 4, date(2100, 3, 1)),  # 2100 is no leap year
    ],
)
def test_an_anniversary_is_never_a_day_too_early(day, years, later):
    assert anniversary(day, years) == later


@pytest.mark.parametrize(
    ("last_care", "born", "until"),
    [
        (date(2019, 11, 22), date(1980, 1, 1), date(2026, 11, 22)),  # an adult: seven years
        (date(2010, 5, 5), date(2007, 11, 21), date(2026, 11, 21)),  # a child: the nineteenth birthday
        (date(2010, 5, 5), date(2008, 2, 29), date(2027, 3, 1)),  # born on a leap day
        (date(2024, 12, 31), date(2007, 1, 1), date(2031, 12, 31)),  # seventeen then: seven years are longer
        (date(2019, 11, 22), None, date(2038, 11, 22)),  # nobody knows the birth date: as for a newborn
    ],
)
def test_california_keeps_seven_years_and_a_minors_record_until_nineteen(last_care, born, until):
    assert kept_until(CALIFORNIA, 6, last_care, born).until == until


def test_the_practices_own_years_are_never_shortened_by_a_law_and_never_lengthen_in_its_name():
    kept = kept_until(CALIFORNIA, 10, date(2019, 11, 22), date(1980, 1, 1))
    assert (kept.until, kept.law) == (date(2029, 11, 22), rules.OWN)
    same = kept_until(CALIFORNIA, 7, date(2019, 11, 22), date(1980, 1, 1))
    assert same.law != rules.OWN


def test_a_rule_counts_from_its_day_until_its_day_and_only_in_its_place(monkeypatch):
    old = Rule("US-CA", RECORD, 5, None, None, date(2023, 12, 31), "the old one", "a test")
    new = Rule("US-CA", RECORD, 7, None, date(2024, 1, 1), None, "the new one", "a test")
    nation = Rule("US", RECORD, 6, None, None, None, "the nation's", "a test")
    monkeypatch.setattr(rules, "RULES", (old, new, nation))
    assert in_force(["US-CA"], RECORD, date(2023, 12, 31)) == [old, nation]
    assert in_force(["US-CA"], RECORD, date(2024, 1, 1)) == [new, nation]
    assert in_force(["US-NV"], RECORD, date(2024, 1, 1)) == [nation]
    assert in_force(["GB"], RECORD, date(2024, 1, 1)) == []


def test_every_rule_names_its_law_and_its_source():
    assert all(rule.law and rule.source and rule.years > 0 for rule in rules.RULES)
