"""A flood of sign-ins by password: whoever is one too many is sent away early, and everyone else goes on."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack

import pytest
from django.test import Client as Browser

from alcove.security.access.actors import Actor
from alcove.security.audit.models import Entry, Origin
from alcove.security.identity import actions, passwords
from alcove.security.identity.models import SignIn, Throttle
from alcove.security.identity.tests.test_passkeys import new_passkey, options_of

PASSWORD = "seven tall herons wade"
FORM = {"email": "practitioner@clinic.example", "password": PASSWORD}


@pytest.fixture
def nurse(practice):
    person = practice.person("practitioner")
    actions.set_password(Actor.operator("test"), person, password=PASSWORD)
    return person


@pytest.fixture
def visitor(practice):
    return Browser(headers={"host": "localhost"})


@pytest.fixture
def crowd():
    """As many at the door as it takes."""
    with ExitStack() as door:
        for _ in range(passwords.WAITING):
            door.enter_context(passwords.turn())
        yield


def counts():
    return Entry.objects.count(), Origin.objects.count(), Throttle.objects.count(), SignIn.objects.count()


def test_one_too_many_is_asked_to_come_back_before_anything_is_written(visitor, nurse, crowd):
    before = counts()
    answer = visitor.post("/sign-in/", FORM)
    assert answer.status_code == 503
    assert b"Try again in a few seconds" in answer.content
    assert FORM["email"].encode() in answer.content
    assert PASSWORD.encode() not in answer.content
    assert counts() == before


def test_a_right_and_a_wrong_password_are_sent_away_alike(visitor, nurse, crowd):
    for form in (FORM, FORM | {"password": "wrong"}, FORM | {"email": "nobody@clinic.example"}):
        assert visitor.post("/sign-in/", form).status_code == 503


def test_places_are_given_back_whether_or_not_the_password_was_right(visitor, nurse):
    for _ in range(passwords.WAITING + 1):
        assert visitor.post("/sign-in/", FORM | {"password": "wrong"}).status_code == 422
    assert visitor.post("/sign-in/", FORM).status_code == 302


def test_passkeys_come_in_through_the_crowd(visitor, nurse, crowd):
    device = new_passkey(nurse)
    answer = device.answer(options_of(visitor.get("/sign-in/")))
    assert visitor.post("/sign-in/passkey/", {"answer": answer}).status_code == 302


@pytest.mark.skipif(
    not hasattr(os, "getpriority"), reason="only Linux gives each thread a priority of its own"
)
def test_a_hash_is_made_in_a_thread_that_yields_and_the_web_thread_keeps_its_place(practice, monkeypatch):
    seen = []

    class Watching:
        def hash(self, word):
            thread = threading.get_native_id()
            seen.append((thread, os.getpriority(os.PRIO_PROCESS, thread)))
            return "hashed"

    monkeypatch.setattr(passwords, "_hasher", Watching())
    own = threading.get_native_id()
    before = os.getpriority(os.PRIO_PROCESS, own)
    passwords.hashed(PASSWORD)
    ((thread, priority),) = seen
    assert thread != own
    assert priority >= max(before, 10)
    assert os.getpriority(os.PRIO_PROCESS, own) == before
