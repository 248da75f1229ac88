"""Passwords: long enough, never leaked, never the practice's own words, never one of the last five (IDN-04)."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest
from argon2 import Type
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access import opening, rules
from alcove.security.access.actors import Actor
from alcove.security.access.models import Setting
from alcove.security.access.writes import writing
from alcove.security.identity import actions, passwords, tokens
from alcove.security.identity.models import Link, OldPassword, PatientAccount, Person
from alcove.security.identity.policy import People
from alcove.security.identity.queries import passwords_due
from alcove.security.identity.queries.words import own_words
from alcove.security.identity.sessions import actor_of
from alcove.security.identity.tests.newcomers import put
from alcove.security.identity.tests.test_passkeys import a_session
from alcove.security.vault.keyring import keyring

WORDS = ("seven tall herons wade", "nine green lamps hum", "four loud gates swing", "two odd kites drift")
MORE = ("six brown owls nap", "ten cold pears fall", "one thin moon sets")


@pytest.fixture
def nurse(practice):
    return practice.person("practitioner")


def change(person, password):
    actions.change_password(actor_of(a_session(person), "test"), person, password=password)


def test_the_last_five_passwords_are_refused_and_the_sixth_before_is_not(nurse):
    used = [*WORDS, *MORE[:2]]
    for one in used:
        change(nurse, one)
    for one in used[-policy.OLD_PASSWORDS :]:
        with pytest.raises(passwords.WeakPassword, match="last passwords"):
            change(nurse, one)
    assert OldPassword.objects.filter(person=nurse).count() == policy.OLD_PASSWORDS - 1
    change(nurse, used[0])


def test_a_set_up_link_refuses_an_old_password_too_and_stays_good(practice, nurse):
    change(nurse, WORDS[0])
    link = actions.make_link(practice.actor("owner"), nurse)
    browser = practice.stranger()
    answer = browser.post(f"/set-up/{link.token}/", {"password": WORDS[0]})
    assert answer.status_code == 422
    assert b"one of your last passwords" in answer.content
    assert WORDS[0].encode() not in answer.content
    assert Link.objects.get(digest=tokens.digest(link.token)).used_at is None
    assert browser.post(f"/set-up/{link.token}/", {"password": WORDS[1]}).status_code == 302


def test_the_practices_own_words_make_no_password(nurse):
    assert "Juniper Skin" in own_words()
    for password in ("Juniper Skin 2026!", "juniperskinjuniper", "practitioner tester", "JuniperSkinAlcove1"):
        with pytest.raises(passwords.WeakPassword):
            change(nurse, password)


def test_staff_need_fifteen_characters_and_patients_twelve(practice, nurse, client_card):
    fourteen, twelve, eleven = "seven herons w", "seven herons", "seven heron"
    with pytest.raises(passwords.WeakPassword, match="at least 15"):
        change(nurse, fourteen)
    put(nurse, kind=Person.Kind.PATIENT)
    with writing("test"), keyring():
        opening.open_client(practice.actor("owner"), client_card.pk)
        account = PatientAccount(person=nurse, client_id=client_card.pk)
        account.email, account.phone = "cat@example.org", ""
        account.save(force_insert=True)
    patient = Actor("patient", id=nurse.id, rights=frozenset({People.OWN.key}))
    with pytest.raises(passwords.WeakPassword, match="at least 12"):
        actions.change_password(patient, nurse, password=eleven)
    actions.change_password(patient, nurse, password=twelve)


def test_the_shipped_hash_has_the_policys_cost_and_the_floor_of_owasp(shipped_hasher):
    cost = (shipped_hasher.time_cost, shipped_hasher.memory_cost, shipped_hasher.parallelism)
    assert cost == (policy.ARGON2_TIME_COST, policy.ARGON2_MEMORY_KIB, policy.ARGON2_PARALLELISM)
    # OWASP's Password Storage Cheat Sheet names these as equal; ours may not lie below all of them.
    floors = [(1, 47104), (2, 19456), (3, 12288), (4, 9216), (5, 7168)]
    assert any(cost[0] >= passes and cost[1] >= memory for passes, memory in floors)
    assert shipped_hasher.type is Type.ID


def test_a_password_of_128_characters_and_of_any_signs_works(nurse):
    long = ("Zwölf Boxkämpfer jagen Viktor 🥊 quer über den großen Sylter Deich; " * 3)[:128]
    assert len(long) == policy.PASSWORD_MAX_LENGTH
    change(nurse, long)
    passwords.check(long, nurse.password)
    with pytest.raises(passwords.WrongPassword):
        passwords.check(long[:-1], nurse.password)
    with pytest.raises(passwords.WeakPassword, match="at most 128"):
        change(nurse, long + "x")


def test_the_first_ten_thousand_leaked_passwords_are_refused_for_staff_and_patients(shared):
    with gzip.open(shared / "passwords/common_passwords_rank_1_20000.txt.gz", "rt", encoding="utf-8") as file:
        leaked = [line.rstrip("\n") for line in file][:10_000]
    assert len(leaked) == 10_000
    for least in (policy.PASSWORD_MIN_LENGTH, policy.PATIENT_PASSWORD_MIN_LENGTH):
        taken = []
        for one in leaked:
            try:
                passwords.refuse_weak(one, least=least)
            except passwords.WeakPassword:
                continue
            taken.append(one)
        assert taken == []


def test_the_list_alone_refuses_what_is_long_enough_to_be_looked_up(shared):
    with gzip.open(shared / "passwords/common_passwords_rank_1_20000.txt.gz", "rt", encoding="utf-8") as file:
        leaked = [word for line in file if len(word := line.rstrip("\n")) >= 10]
    assert len(leaked) > 100
    taken = 0
    for one in leaked:
        try:
            passwords.refuse_weak(one, least=1)
        except passwords.WeakPassword:
            continue
        taken += 1
    assert taken == 0


def test_a_change_is_asked_for_only_where_the_practice_asks_for_it(practice, nurse):
    change(nurse, WORDS[0])
    change(nurse, WORDS[1])
    with writing("a test"):
        OldPassword.objects.update(replaced_at=timezone.now() - timedelta(days=91))
    browser = practice.signed_in("practitioner")
    assert not passwords_due.is_due(nurse.id)
    assert b"due for a change" not in browser.get("/").content
    with writing("a test"):
        Setting.objects.create(key="password.days", value=90)
    rules.forget()
    try:
        assert b"due for a change" in browser.get("/").content
        change(nurse, WORDS[2])
        assert b"due for a change" not in practice.signed_in("practitioner").get("/").content
    finally:
        rules.forget()
