"""Use that looks shared is a finding, and so is an owner who stands alone (IDN-01, ACC-05)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from alcove.security.access.actors import Actor
from alcove.security.access.writes import writing
from alcove.security.audit import pen
from alcove.security.identity import actions, tokens
from alcove.security.identity.models import Device, Session
from alcove.security.identity.queries import staying

NOW = timedelta(0)


@pytest.fixture
def desk(practice):
    return a_device("Front desk 1")


@pytest.fixture
def room(practice):
    return a_device("Room 2")


def a_device(name):
    with writing("a test"):
        return Device.objects.create(key_digest=tokens.digest(name), name=name, state=Device.State.APPROVED)


def used(person, device, began, touched, address="203.0.113.7"):
    """A session that began and was last touched so long ago."""
    now = timezone.now()
    Session.objects.create(
        person=person, digest=tokens.new_token()[1], method="test", device=device,
        origin_id=pen.origin_id(address, "A browser"), started_at=now - began, seen_at=now - touched,
    )  # fmt: skip


def minutes(number):
    return timedelta(minutes=number)


def test_one_login_on_two_devices_at_once_is_listed(practice, desk, room):
    person = practice.person("front_desk")
    used(person, desk, minutes(60), timedelta(seconds=5))
    used(person, room, minutes(30), timedelta(seconds=40))
    (found,) = staying.shared_use()
    assert found.person_id == person.id
    assert "Front desk 1" in found.sentence
    assert "Room 2" in found.sentence
    owner = practice.signed_in("owner")
    for url in ("/setup/people/", f"/setup/people/{person.id}/"):
        assert b"at work on two browsers" in owner.get(url).content


def test_two_networks_side_by_side_are_listed_with_both(practice, desk, room):
    person = practice.person("front_desk")
    used(person, desk, minutes(90), minutes(20), "203.0.113.7")
    used(person, room, minutes(60), minutes(50), "198.51.100.9")
    (found,) = staying.shared_use()
    assert "198.51.100.9 and 203.0.113.7" in found.sentence


def test_one_after_the_other_the_same_browser_and_two_people_are_not(practice, desk, room):
    nurse, other = practice.person("practitioner"), practice.person("prescriber")
    used(nurse, desk, minutes(90), minutes(60))
    used(nurse, room, minutes(50), minutes(10))
    used(other, desk, minutes(30), NOW)
    used(other, desk, minutes(20), NOW)
    long_ago = practice.person("manager")
    used(long_ago, desk, timedelta(days=40), timedelta(days=40))
    used(long_ago, room, timedelta(days=40), timedelta(days=40))
    assert staying.shared_use() == []


def test_an_owner_alone_is_a_finding_until_there_is_a_lasting_second(practice):
    assert [one.kind for one in staying.owner_alone()] == ["owner_alone"]
    owner = practice.signed_in("owner")
    assert b"There is only one owner" in owner.get("/setup/people/").content
    second, console = practice.person("manager"), Actor.operator("test")
    actions.lend_role(console, second, practice.roles["owner"], ends_at=timezone.now() + minutes(60))
    assert staying.owner_alone()
    actions.set_roles(console, second, [practice.roles["owner"]])
    assert staying.owner_alone() == []
