"""The set-up guide: at most twelve screens, resumable, and every safeguard as on as before (FND-02)."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from alcove.clinic.practice.models import Category, Location, Practice, Service, StaffProfile
from alcove.clinic.practice.queries.starter import MOST_SCREENS, STEPS
from alcove.clinic.practice.queries.weeks import opening_week
from alcove.security.access.models import Role
from alcove.security.access.policy import RoleKey
from alcove.security.access.rules import RULES
from alcove.security.identity.models import Device, Factor, Person, Session
from alcove.security.identity.queries import clearing

ALONE = {
    "practice": {"name": "Fern Aesthetics", "country": "GB"},
    "money": {"currency": "GBP", "time_zone": "Europe/London"},
    "location": {"name": "Leeds", "city": "Leeds", "country": "GB", "region": "ENG"},
    "hours": {"days": ["1", "2", "3"], "opens": "10:00", "closes": "19:00", "pause_from": "13:00", "pause_until": "14:00"},
    "rooms": {"names": "Front room\nBack room"},
    "services": {"is_consultation": "on", "is_toxin": "on", "price_toxin": "240"},
    "team": {"treats": "on"},
    "data": {"data_from": "paper"},
    "laws": {"years": "10"},
    "safety": {},
    "finish": {},
}  # fmt: skip
TEAM = ALONE["team"] | {
    "name_0": "Rosa Delgado", "email_0": "Rosa@fern.example", "role_0": "manager",
    "name_1": "Lily Tran", "email_1": "lily@fern.example", "role_1": "practitioner",
}  # fmt: skip


def walk(browser, given):
    """Go through the guide as a person does: open, fill in, press, follow. Return the screens that were shown."""
    shown, url = [], reverse("practice:guide")
    while True:
        answer = browser.get(url, secure=True, follow=True)
        assert answer.status_code == 200
        shown.append(answer.request["PATH_INFO"])
        step = answer.context["step"]
        sent = browser.post(answer.request["PATH_INFO"], given[step], secure=True)
        if sent.status_code == 200:
            shown.append(f"links after {step}")
            url = sent.context["ahead"]
            continue
        assert sent.status_code == 302, (step, sent.context["form"].errors)
        url = sent.headers["Location"]
        if "set_up" in url:
            return shown


def safeguards():
    """Return everything that protects a practice and that a set-up could have touched."""
    return {
        "rules": {key: rule.chosen for key, rule in RULES.items()},
        "rights": {role.key: frozenset(role.rights) for role in Role.objects.all()},
        "owner": frozenset(Person.objects.get(email="owner@clinic.example").memberships.values_list("role__key", flat=True)),
        "passwords": Person.objects.exclude(password="").count() if hasattr(Person, "password") else 0,
        "factors": Factor.objects.count(),
        "devices": sorted(Device.objects.values_list("state", "kind")),
        "vouched": Person.objects.exclude(vouched_at=None).count(),
    }  # fmt: skip


def test_a_sole_practitioner_is_set_up_in_at_most_twelve_screens_with_every_safeguard_on(practice):
    browser = practice.signed_in("owner")
    before = safeguards()
    shown = walk(browser, ALONE)
    assert len(shown) == len(STEPS) <= MOST_SCREENS == 12
    assert safeguards() == before
    found = Practice.objects.get()
    assert found.set_up_at is not None
    assert (found.name, found.country, found.currency) == ("Fern Aesthetics", "GB", "GBP")
    assert (found.time_zone, found.data_from) == ("Europe/London", "paper")
    place = Location.objects.get()
    assert (place.name, place.region, place.time_zone) == ("Leeds", "ENG", "Europe/London")
    assert opening_week(place) == {day: [(600, 780), (840, 1140)] for day in (1, 2, 3)}
    assert place.rooms.count() == 2
    toxin = Service.objects.get(name="Botulinum toxin")
    assert toxin.price_minor == 24_000
    assert toxin.alternative.name == "Consultation"
    assert set(toxin.prerequisites.values_list("kind", flat=True)) == {"age", "earlier"}
    profile = StaffProfile.objects.get()
    assert (profile.person, profile.services.count(), profile.hours.count()) == (practice.owner, 2, 6)


def test_a_team_takes_one_screen_more_and_nobody_gets_more_than_their_work_needs(practice):
    browser = practice.signed_in("owner")
    before = safeguards()
    shown = walk(browser, ALONE | {"team": TEAM})
    assert len(shown) == len(STEPS) + 1 <= MOST_SCREENS
    assert safeguards() == before
    for email, key in (("rosa@fern.example", RoleKey.MANAGER), ("lily@fern.example", RoleKey.PRACTITIONER)):
        person = Person.objects.get(email=email)
        assert [membership.role.key for membership in person.memberships.all()] == [key]
        # No password, no factor, no client before a second person has looked.
        assert not Session.objects.filter(person=person).exists()
        assert clearing.missing(person)
    assert StaffProfile.objects.count() == 2


def test_whoever_stops_goes_on_where_they_stopped(practice):
    browser = practice.signed_in("owner")
    for step in ("practice", "money", "location"):
        browser.post(reverse("practice:guide_step", args=[step]), ALONE[step], secure=True)
    answer = browser.get(reverse("practice:guide"), secure=True)
    assert answer.headers["Location"] == reverse("practice:guide_step", args=["hours"])
    assert Practice.objects.get().set_up_at is None
    assert b"Go on with the set-up guide" in browser.get(reverse("practice:practice"), secure=True).content


def test_a_screen_sent_twice_does_nothing_the_second_time(practice):
    browser = practice.signed_in("owner")
    for step in ("rooms", "services", "team"):
        url = reverse("practice:guide_step", args=[step])
        given = TEAM if step == "team" else ALONE[step]
        first, second = (browser.post(url, given, secure=True).status_code for _ in range(2))
        assert (first in {200, 302}, second) == (True, 302)
    assert Location.objects.get().rooms.count() == 2
    assert (Service.objects.count(), Category.objects.count()) == (2, 2)
    assert Person.objects.filter(email__endswith="fern.example").count() == 2


@pytest.mark.parametrize(
    ("step", "given", "field"),
    [
        ("practice", {"name": "", "country": "GB"}, "name"),
        ("practice", {"name": "Fern", "country": "XX"}, "country"),
        ("location", {"name": "Main", "country": "US", "region": ""}, "region"),
        ("hours", ALONE["hours"] | {"closes": "09:00"}, "closes"),
        ("hours", ALONE["hours"] | {"pause_until": "20:00"}, "pause_until"),
        ("rooms", {"names": " \n "}, "names"),
        ("services", {}, "__all__"),
        ("team", {"name_0": "Rosa Delgado"}, "email_0"),
        ("team", TEAM | {"email_1": "rosa@fern.example"}, "email_1"),
        ("team", TEAM | {"role_1": "owner"}, "role_1"),
        ("laws", {"years": "1"}, "years"),
    ],
)
def test_bad_input_is_said_beside_its_field(practice, step, given, field):
    answer = practice.signed_in("owner").post(reverse("practice:guide_step", args=[step]), given, secure=True)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert Practice.objects.get().set_up_step == 0


def test_a_manager_may_fill_it_in_but_says_nothing_about_keeping_records_and_makes_no_owner(practice):
    browser = practice.signed_in("manager")
    url = reverse("practice:guide_step", args=["laws"])
    assert not re.search(r'name="years"', browser.get(url, secure=True).content.decode())
    assert browser.post(url, {"years": "20"}, secure=True).status_code == 302
    assert RULES["records.years"].chosen == RULES["records.years"].default
    for role in ("front_desk", "practitioner"):
        assert practice.signed_in(role).get(reverse("practice:guide"), secure=True).status_code == 403
