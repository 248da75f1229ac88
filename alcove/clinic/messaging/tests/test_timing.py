"""Quiet hours: what falls into them waits or leaves before, by one rule, on every day of the year and in every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alcove.clinic.messaging.models.kinds import KINDS
from alcove.clinic.messaging.queries import timing
from alcove.clinic.messaging.queries.choosing import Choice
from alcove.security import policy_defaults as policy

NEW_YORK, BERLIN, LORD_HOWE = (
    ZoneInfo("America/New_York"),
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("Australia/Lord_Howe"),
)
NIGHT = Choice(quiet_from="21:00", quiet_to="08:00")


def local(zone, *when, fold=0):
    return datetime(*when, tzinfo=zone, fold=fold).astimezone(UTC)


def moment(kind, wanted, ends_at, chosen=NIGHT, zone=NEW_YORK, now=None):
    return timing.moment(kind, wanted, ends_at, chosen, zone, now=now or wanted - timedelta(days=7))


def test_by_day_it_leaves_when_it_is_wanted():
    wanted = local(NEW_YORK, 2026, 6, 1, 12, 0)
    assert moment("reminder_far", wanted, wanted + timedelta(days=2)) == wanted


def test_at_night_it_waits_for_the_morning():
    wanted = local(NEW_YORK, 2026, 6, 1, 23, 30)
    assert moment("reminder_far", wanted, wanted + timedelta(days=2)) == local(NEW_YORK, 2026, 6, 2, 8, 0)


def test_where_the_morning_is_too_late_it_leaves_the_evening_before():
    starts = local(NEW_YORK, 2026, 6, 2, 7, 45)
    found = moment("reminder_near", starts - timedelta(hours=2), starts)
    assert found == local(NEW_YORK, 2026, 6, 1, 21, 0) - policy.BEFORE_QUIET


@pytest.mark.parametrize(
    ("kind", "leaves"),
    [
        ("moved", True),
        ("cancelled", True),
        ("booked", False),
        ("reminder_near", False),
        ("waitlist_offer", False),
    ],
)
def test_where_the_evening_is_past_too_only_news_leaves_by_night(kind, leaves):
    now = local(NEW_YORK, 2026, 6, 1, 23, 0)
    found = moment(kind, now, local(NEW_YORK, 2026, 6, 2, 7, 0), now=now)
    assert found == (now if leaves else None)


def test_nothing_leaves_when_it_is_worth_nothing():
    now = local(NEW_YORK, 2026, 6, 1, 12, 0)
    assert moment("cancelled", now, now, now=now) is None


def test_without_quiet_hours_any_hour_will_do():
    wanted = local(NEW_YORK, 2026, 6, 1, 3, 0)
    none = Choice(quiet_from="03:00", quiet_to="03:00")
    assert moment("booked", wanted, wanted + timedelta(hours=1), none) == wanted


# Clocks that change ---------------------------------------------------------------------------------------------------


def test_an_hour_that_there_is_twice_is_quiet_both_times():
    chosen = Choice(quiet_from="21:00", quiet_to="01:30")
    # 1:30 comes twice on 1 November 2026; quiet hours last until the second.
    first, second = (local(NEW_YORK, 2026, 11, 1, 1, 30, fold=fold) for fold in (0, 1))
    assert second - first == timedelta(hours=1)
    found = moment("reminder_far", first + timedelta(minutes=5), second + timedelta(days=1), chosen)
    assert found == second


def test_an_end_in_an_hour_that_there_is_not_takes_the_longer_reading():
    chosen = Choice(quiet_from="21:00", quiet_to="02:30")
    # On 8 March 2026 the clock goes from 2:00 to 3:00.
    found = moment(
        "reminder_far", local(NEW_YORK, 2026, 3, 8, 1, 0), local(NEW_YORK, 2026, 3, 9, 0, 0), chosen
    )
    assert found == local(NEW_YORK, 2026, 3, 8, 3, 30)
    begins = Choice(quiet_from="02:30", quiet_to="08:00")
    assert timing.quiet(local(NEW_YORK, 2026, 3, 8, 1, 45), begins, NEW_YORK) is not None


def test_eight_in_the_morning_stays_eight_across_the_change():
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25)):
        night = local(BERLIN, day.year, day.month, day.day, 5, 0)
        found = moment("reminder_far", night, night + timedelta(days=1), zone=BERLIN)
        assert found.astimezone(BERLIN).time() == time(8, 0)


clocks = st.times().map(lambda at: f"{at.hour:02}:{at.minute:02}")
zones = st.sampled_from(
    [NEW_YORK, BERLIN, LORD_HOWE, ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC"), ZoneInfo("Pacific/Apia")]
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))


@settings(max_examples=300)
@given(
    kind=st.sampled_from(sorted(KINDS)), wanted=moments, life=st.timedeltas(timedelta(0), timedelta(days=3)),
    begins=clocks, ends=clocks, zone=zones, ahead=st.timedeltas(timedelta(-1), timedelta(days=3)),
)  # fmt: skip
def test_never_in_quiet_hours_but_by_the_rule(kind, wanted, life, begins, ends, zone, ahead):
    chosen, now, ends_at = Choice(quiet_from=begins, quiet_to=ends), wanted - ahead, wanted + life
    found = timing.moment(kind, wanted, ends_at, chosen, zone, now=now)
    if found is None:
        return
    assert now <= found < ends_at
    wall = found.astimezone(zone)
    clock = f"{wall:%H:%M}"
    is_quiet = (begins <= clock < ends) if begins < ends else (clock >= begins or clock < ends)
    if begins != ends and is_quiet:
        assert KINDS[kind].pierces
        assert found == max(wanted, now)
    if found < max(wanted, now):
        # Sooner than wanted only because the end of quiet hours is too late.
        span = timing.quiet(max(wanted, now), chosen, zone)
        assert span is not None
        assert span[1] >= ends_at
