"""Where and when a role may sign in: asked of every way in, on the log, and never instead of a factor (IDN-18)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyotp
import pytest
from django.utils import timezone

from alcove.security.access.actors import Actor
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions
from alcove.security.identity.actions import door_rules as rules
from alcove.security.identity.models import Session, SignInRule
from alcove.security.identity.queries import door_rules
from alcove.security.identity.tests.test_door import PASSWORD, enrol, give_password
from alcove.security.identity.tests.test_passkeys import enter, new_passkey, question

ANY = {"networks": [], "weekdays": [], "from_hour": 0, "to_hour": 24}


@pytest.fixture
def nurse(practice):
    person = practice.person("practitioner")
    actions.set_password(Actor.operator("test"), person, password=PASSWORD)
    person.refresh_from_db()
    return person


def limit(practice, role="practitioner", **values):
    rules.set_door_rule(practice.actor("owner"), practice.roles[role], **ANY | values)


def test_from_another_network_both_right_factors_open_nothing_and_the_log_says_so(practice, nurse):
    secret, _ = enrol(nurse)
    limit(practice, networks=["198.51.100.0/24"])
    browser = practice.stranger()
    give_password(browser)
    before = Session.objects.count()
    answer = browser.post("/sign-in/code/", {"code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 403
    assert b"does not sign in from this network" in answer.content
    assert Session.objects.count() == before
    entry = Entry.objects.get(event="identity.door_rule.refused")
    assert (entry.actor_id, entry.result) == (nurse.id, "refused")
    inside = practice.stranger()
    inside.defaults["REMOTE_ADDR"] = "198.51.100.7"
    give_password(inside)
    # The refused sign-in took nothing: the same code is still good from the right place.
    assert inside.post("/sign-in/code/", {"code": pyotp.TOTP(secret).now()}).headers["Location"] == "/"


def test_the_right_network_waives_no_factor(practice, nurse):
    enrol(nurse)
    limit(practice, networks=["127.0.0.0/8"])
    with writing("a test"):
        Session.objects.all().delete()
    browser = practice.stranger()
    assert give_password(browser).headers["Location"] == "/sign-in/code/"
    assert browser.get("/").headers["Location"] == "/sign-in/"
    assert Session.objects.count() == 0


def test_a_passkey_stands_before_the_same_rule(practice, nurse):
    authenticator = new_passkey(nurse)
    limit(practice, networks=["198.51.100.0/24"])
    with pytest.raises(door_rules.TurnedAway):
        enter(authenticator.answer(question()))


@pytest.mark.parametrize(
    ("address", "networks", "may"),
    [
        ("203.0.113.9", ["203.0.113.0/24"], True),
        ("::ffff:203.0.113.9", ["203.0.113.0/24"], True),
        ("203.0.114.1", ["203.0.113.0/24", "2001:db8::/32"], False),
        ("2001:db8::1", ["203.0.113.0/24", "2001:db8::/32"], True),
        ("", ["203.0.113.0/24"], False),
        ("nonsense", ["203.0.113.0/24"], False),
    ],
)
def test_networks(practice, address, networks, may):
    person = practice.person("practitioner")
    limit(practice, networks=networks)
    assert (door_rules.why_not(person, address, timezone.now()) == "") == may


def test_hours_and_days_are_those_of_the_practice(practice):
    person = practice.person("practitioner")
    limit(practice, weekdays=[0, 1, 2, 3, 4], from_hour=8, to_hour=18)
    with timezone.override(ZoneInfo("America/Los_Angeles")):
        # Monday 07:59, 08:00, 17:59 and 18:00, and Saturday noon, at the practice.
        moments = {
            datetime(2026, 6, 1, 14, 59, tzinfo=UTC): False,
            datetime(2026, 6, 1, 15, 0, tzinfo=UTC): True,
            datetime(2026, 6, 2, 0, 59, tzinfo=UTC): True,
            datetime(2026, 6, 2, 1, 0, tzinfo=UTC): False,
            datetime(2026, 6, 6, 19, 0, tzinfo=UTC): False,
        }
        for moment, may in moments.items():
            assert (door_rules.why_not(person, "", moment) == "") == may, moment


def test_every_role_counts_and_a_lent_one_only_while_it_runs(practice):
    person = practice.person("marketing")
    limit(practice, role="front_desk", networks=["198.51.100.0/24"])
    assert door_rules.why_not(person, "203.0.113.1", timezone.now()) == ""
    ends = timezone.now() + timedelta(hours=1)
    actions.lend_role(practice.actor("owner"), person, practice.roles["front_desk"], ends_at=ends)
    assert door_rules.why_not(person, "203.0.113.1", timezone.now())
    assert door_rules.why_not(person, "203.0.113.1", ends + timedelta(seconds=1)) == ""


def test_nobody_locks_themself_out(practice):
    owner = practice.signed_in("owner")
    url = f"/setup/roles/{practice.roles['owner'].id}/door/"
    answer = owner.post(url, {"networks": "198.51.100.0/24", "from_hour": 0, "to_hour": 24})
    assert answer.status_code == 422
    assert b"you could not sign in from here" in answer.content
    assert b"198.51.100.0/24" in answer.content
    assert SignInRule.objects.count() == 0


def test_the_roles_page_sets_a_rule_and_refuses_what_is_no_network(practice):
    owner = practice.signed_in("owner")
    role = practice.roles["front_desk"]
    url = f"/setup/roles/{role.id}/door/"
    bad = owner.post(url, {"networks": "203.0.113.0/24\nour desk", "from_hour": 9, "to_hour": 8})
    assert bad.status_code == 422
    assert "“our” is no network".encode() in bad.content
    assert b"Must be later" in bad.content
    good = {"networks": "203.0.113.7/24", "weekdays": ["0", "4"], "from_hour": 8, "to_hour": 19}
    assert owner.post(url, good).status_code == 302
    rule = SignInRule.objects.get(role=role)
    assert (rule.networks, rule.weekdays, rule.from_hour, rule.to_hour) == (["203.0.113.0/24"], [0, 4], 8, 19)
    assert (
        b"Only from 203.0.113.0/24, Mon, Fri, 8:00 to 19:00." in owner.get(f"/setup/roles/{role.id}/").content
    )
    assert Entry.objects.filter(event="identity.door_rule.changed").count() == 1
