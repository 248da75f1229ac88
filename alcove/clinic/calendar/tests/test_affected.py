"""Bookings stand when Setup changes under them, and are listed with the reason."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.calendar.models import Booking, Occupancy
from alcove.clinic.calendar.queries.affected import affected, affected_for
from alcove.clinic.calendar.tests.make import MONDAY, clinic, utc
from alcove.clinic.practice import actions
from alcove.clinic.practice.models import ServiceStaff
from alcove.security.access.writes import writing

NOW = utc(2027, 2, 1, 12)


@pytest.fixture
def made(practice):
    return clinic()


@pytest.fixture
def booked(practice, made):
    client = practice.client("Ana", "Vale")
    return made.book(practice.actor("manager"), client.pk, made.wish("facial", "P0", 10))


def reasons(now=NOW):
    return [one.why for one in affected(now)]


def held():
    """Return everything a booking takes, to see that it is untouched."""
    return sorted(
        Occupancy.objects.values_list("resource_id", "starts_at", "ends_at")
    ), Booking.objects.get().version


def test_what_fits_is_not_listed(booked):
    assert reasons() == []


def change_hours(owner, made):
    actions.set_hours(owner, made.location, {0: [(12 * 60, 18 * 60)]})


def lay_a_closure(owner, made):
    actions.add_closure(owner, None, name="Training", from_on=MONDAY, until_on=MONDAY)


def close_the_location(owner, made):
    actions.add_location(owner, name="Another", time_zone=made.location.time_zone)
    actions.change_location(owner, made.location, is_active=False)


def change_working_hours(owner, made):
    actions.set_working_hours(
        owner, made.people["P0"], made.location, {0: [(11 * 60, 18 * 60)]}, from_on=date(2027, 2, 15)
    )


def go_on_leave(owner, made):
    actions.add_leave(owner, made.people["P0"], starts_at=made.at(9), ends_at=made.at(11), kind="holiday")


def take_out_of_the_calendar(owner, made):
    actions.change_profile(owner, made.people["P0"], is_bookable=False)


def do_it_no_more(owner, made):
    held = ServiceStaff.objects.filter(service=made.services["facial"], profile=made.people["P1"])
    actions.set_does(owner, made.services["facial"], {row.profile_id: (None, None) for row in held})


def close_the_room(owner, made):
    for room in made.rooms.values():
        actions.change_room(owner, room, is_active=False)


def take_off_the_menu(owner, made):
    actions.change_service(owner, made.services["facial"], is_active=False)


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (change_hours, "Outside opening hours"),
        (lay_a_closure, "Main is closed: Training"),
        (close_the_location, "Main is out of use"),
        (change_working_hours, "Outside P0’s hours"),
        (go_on_leave, "P0 is away"),
        (take_out_of_the_calendar, "P0 is not booked any more"),
        (do_it_no_more, "P0 does not do this any more"),
        (close_the_room, " is out of use"),
        (take_off_the_menu, "The service is off the menu"),
    ],
)
def test_a_booking_stands_and_is_listed_with_the_reason(practice, made, booked, deed, words):
    with writing("a name to read"):
        made.location.name = "Main"
        made.location.save(update_fields=["name"])
    before = held()
    deed(practice.actor("owner"), made)
    assert held() == before
    found = reasons()
    assert len(found) == 1
    assert any(words in why for why in found[0]), found
    # Nothing is said about what is over.
    assert reasons(utc(2027, 3, 3, 0)) == []


def test_a_practitioner_whose_account_ends_before_the_day_has_left(practice, made, booked):
    person = made.people["P0"].person
    with writing("a leaving time"):
        person.leaves_at = utc(2027, 2, 20)
        person.save(update_fields=["leaves_at"])
    assert reasons() == [("P0 has left",)]


def test_a_service_made_longer_than_its_gap_is_listed_and_one_with_room_is_not(practice, made, booked):
    owner = practice.actor("owner")
    actions.change_service(owner, made.services["facial"], minutes=60)
    assert reasons() == []
    made.services["facial"].refresh_from_db()
    other = practice.client("Bo", "Lind")
    made.book(practice.actor("manager"), other.pk, made.wish("toxin", "P0", 11))
    actions.change_service(owner, made.services["facial"], minutes=75)
    assert reasons() == [("It takes 75 minutes now, and 60 are free",)]


def test_the_page_names_clients_to_those_who_see_them_and_the_save_leads_to_it(practice, made):
    client = practice.client("Ana", "Vale")
    tomorrow = timezone.localdate() + timedelta(days=1)
    starts = datetime.combine(tomorrow, datetime.min.time())
    day = starts.date()
    made.book(practice.actor("manager"), client.pk, made.wish("facial", "P0", 10, day=day))
    owner = practice.signed_in("owner")
    url = reverse("calendar:affected")
    assert b"Every coming appointment fits." in owner.get(url, secure=True).content
    sent = {"name": "Training", "from_on": day.isoformat()}
    saved = owner.post(reverse("practice:closures"), sent, secure=True, follow=True)
    assert b"1 coming appointment does not fit" in saved.content
    page = owner.get(url, secure=True)
    assert b"is closed: Training" in page.content
    with_name = [line["client"] for line in page.context["lines"]]
    assert with_name
    assert with_name[0]
    assert with_name[0].encode() in page.content
    assert practice.signed_in("bookkeeper").get(url, secure=True).status_code == 403
    assert len(affected_for(practice.actor("front_desk"))) == 1
