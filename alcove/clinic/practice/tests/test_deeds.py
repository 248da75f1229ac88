"""What the deeds of Setup keep true: weeks that begin later, one person in one place, holidays, the menu's rings."""

from __future__ import annotations

from datetime import date, timedelta
from unittest import mock

import pytest
from django.utils import timezone

from alcove.clinic.practice import actions, tasks
from alcove.clinic.practice.actions import Unchanged, Unfit
from alcove.clinic.practice.models import Closure, Location, Practice, StaffProfile
from alcove.clinic.practice.queries import at, holidays, money, weeks, working
from alcove.clinic.practice.tests.samples import samples
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.writes import writing

MONDAY = date(2027, 3, 1)
NINE, NOON, SIX = 9 * 60, 12 * 60, 18 * 60


@pytest.fixture
def place(practice):
    samples(practice)
    return Location.objects.get()


@pytest.fixture
def profile(place):
    return StaffProfile.objects.get()


def hours_on(place, profile, day):
    return working(place, day, [profile.pk])[profile.pk]


def test_other_hours_for_a_while_leave_those_before_and_after_as_they_were(practice, place, profile):
    actor = practice.actor("manager")
    actions.set_working_hours(actor, profile, place, {0: [(NINE, SIX)]})
    second, third = MONDAY + timedelta(days=7), MONDAY + timedelta(days=14)
    actions.set_working_hours(actor, profile, place, {0: [(NINE, NOON)]}, from_on=second, until_on=second)
    whole = [(at(MONDAY, NINE, place.zone), at(MONDAY, SIX, place.zone))]
    assert hours_on(place, profile, MONDAY) == whole
    assert hours_on(place, profile, second) == [(at(second, NINE, place.zone), at(second, NOON, place.zone))]
    # The clocks go forward on the night before: nine o'clock stays nine o'clock.
    begin, end = hours_on(place, profile, third)[0]
    assert (begin.astimezone(place.zone).hour, end - begin) == (9, timedelta(hours=9))
    assert begin - whole[0][0] == timedelta(days=14, hours=-1)


def test_nobody_works_in_two_places_at_once(practice, place, profile):
    actor = practice.actor("manager")
    other = actions.add_location(actor, name="Elsewhere", time_zone=place.time_zone)
    actions.set_working_hours(actor, profile, place, {0: [(NINE, NOON)]})
    with pytest.raises(Unfit) as unfit:
        actions.set_working_hours(actor, profile, other, {0: [(NOON - 1, SIX)]})
    assert unfit.value.field == "monday"
    actions.set_working_hours(actor, profile, other, {0: [(NOON, SIX)]})


def test_a_week_saved_over_one_that_changed_meanwhile_is_refused(practice, place, profile):
    actor = practice.actor("manager")
    seen = weeks.mark_of_working(profile, place)
    actions.set_working_hours(actor, profile, place, {0: [(NINE, SIX)]}, seen=seen)
    with pytest.raises(Conflict):
        actions.set_working_hours(actor, profile, place, {1: [(NINE, SIX)]}, seen=seen)


def test_only_owner_and_manager_change_the_practice(practice, place):
    for role in ("front_desk", "practitioner", "prescriber", "bookkeeper", "officer"):
        with pytest.raises(Refused):
            actions.add_room(practice.actor(role), place, name="R")
    for number, role in enumerate(("owner", "manager")):
        actions.add_room(practice.actor(role), place, name=f"R{number}")


def test_a_location_that_keeps_holidays_has_them_as_closures_and_follows_its_state(practice, place):
    actor = practice.actor("owner")
    soon = timezone.localdate() + timedelta(days=40)
    known = {"CA": [(soon, "César Chávez Day")], "NY": [(soon + timedelta(days=1), "Election Day")]}
    with mock.patch.object(holidays, "of", lambda country, region, years: known.get(region, [])):
        actions.change_location(actor, place, region="CA", keeps_holidays=True)
        assert [one.name for one in Closure.objects.filter(is_holiday=True)] == ["César Chávez Day"]
        with pytest.raises(Unchanged):
            actions.plan_holidays(actor, place, (soon.year,))
        place.refresh_from_db()
        actions.change_location(actor, place, region="NY")
        assert [one.name for one in Closure.objects.filter(is_holiday=True)] == ["Election Day"]
        place.refresh_from_db()
        actions.change_location(actor, place, keeps_holidays=False)
        assert not Closure.objects.filter(is_holiday=True).exists()


def test_the_worker_brings_next_years_holidays_once_and_not_one_that_was_taken_out(practice, place):
    actor, year = practice.actor("owner"), timezone.localdate().year
    known = [(date(year + 1, month, 1), f"Day {month}") for month in (1, 5)]

    def of(country, region, years):
        return [one for one in known if one[0].year in years]

    with mock.patch.object(holidays, "of", of):
        actions.change_location(actor, place, keeps_holidays=True)
        assert Closure.objects.count() == 3  # the sample's own, and two
        actions.remove_closure(actor, Closure.objects.get(name="Day 5"))
        tasks.keep_holidays()
        assert sorted(Closure.objects.filter(is_holiday=True).values_list("name", flat=True)) == ["Day 1"]
        actions.remove_closure(actor, Closure.objects.get(name="Day 1"))
        tasks.keep_holidays()
        assert Closure.objects.filter(is_holiday=True).count() == 2


def test_holidays_of_a_real_year_are_known():
    found = dict(holidays.of("US", "CA", [2027]))
    assert found[date(2027, 7, 5)].startswith("Independence Day")
    assert holidays.of("ZZ", "", [2027]) == []


def test_money_is_written_as_its_currency_writes_it(practice):
    assert [money.said(amount, "USD") for amount in (0, 129_000, 4_950)] == ["Free", "$1,290", "$49.50"]
    assert money.said(5_000, "JPY") == "¥5,000"
    assert money.said(5_000, "CHF") == "50 CHF"
    assert money.currency() == Practice.objects.get().currency


def test_a_name_taken_in_the_same_moment_is_refused_by_the_database(practice, place):
    actor = practice.actor("owner")
    actions.add_room(actor, place, name="Blue")
    with pytest.raises(Unfit) as unfit:
        actions.add_room(actor, place, name="Blue")
    assert unfit.value.field == "name"
    with writing("the deed that was refused left the connection usable"):
        assert place.rooms.filter(name="Blue").count() == 1


def test_a_practitioner_who_is_taken_out_of_the_calendar_keeps_profile_and_place(practice, profile):
    actions.change_profile(practice.actor("owner"), profile, is_bookable=False)
    assert StaffProfile.objects.get(pk=profile.pk).is_bookable is False
