"""Signing in: a password alone gives nothing; codes work once; limits hold; the clock is the server's."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from django.test import Client as Browser
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions, passwords, sessions, tokens
from alcove.security.identity.models import Factor, Link, RecoveryCode, Session
from alcove.security.vault.errors import VaultShut
from alcove.security.vault.house import forget, house, unlock
from alcove.security.vault.models import House

PASSWORD = "seven tall herons wade"


@pytest.fixture
def nurse(practice):
    person = practice.person("practitioner")
    actions.set_password(Actor.operator("test"), person, password=PASSWORD)
    person.refresh_from_db()
    return person


@pytest.fixture
def visitor(practice):
    return Browser(headers={"host": "localhost"})


def enrol(person):
    factor = actions.begin_factor(actions.at_the_door(Actor.stranger(), person), person)
    token = actions.begin_sign_in(actions.at_the_door(Actor.stranger(), person), person)
    from alcove.security.identity.models import SignIn

    stage = SignIn.objects.get(digest=tokens.digest(token))
    code = pyotp.TOTP(factor.secret).now()
    _, codes = actions.confirm_factor(actions.at_the_door(Actor.stranger(), person), stage, factor, code)
    with writing("as if it were long ago, so that the code of this moment counts"):
        Factor.objects.filter(pk=factor.pk).update(last_step=0)
    return factor.secret, codes


def give_password(visitor, email="practitioner@clinic.example", password=PASSWORD):
    return visitor.post("/sign-in/", {"email": email, "password": password})


def test_a_password_alone_opens_nothing(visitor, nurse):
    enrol(nurse)
    Session.objects.update(ended_at=timezone.now())
    before = Session.objects.count()
    assert give_password(visitor).headers["Location"] == "/sign-in/code/"
    assert Session.objects.count() == before
    assert visitor.get("/").headers["Location"] == "/sign-in/"


def test_both_factors_open_the_door_with_one_entry(visitor, nurse):
    secret, _ = enrol(nurse)
    Session.objects.update(ended_at=timezone.now())
    give_password(visitor)
    before = Entry.objects.filter(event="identity.session.begun").count()
    answer = visitor.post("/sign-in/code/", {"code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    cookie = answer.cookies[sessions.COOKIE]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert Entry.objects.filter(event="identity.session.begun").count() == before + 1
    # The person is known now; this browser is not yet.
    assert visitor.get("/").headers["Location"] == "/device/"


def test_a_code_works_once(visitor, nurse):
    secret, _ = enrol(nurse)
    code = pyotp.TOTP(secret).now()
    give_password(visitor)
    assert visitor.post("/sign-in/code/", {"code": code}).status_code == 302
    again = Browser(headers={"host": "localhost"})
    give_password(again)
    assert again.post("/sign-in/code/", {"code": code}).status_code == 422


def test_a_recovery_code_works_once(visitor, nurse):
    _, codes = enrol(nurse)
    assert len(codes) == policy.RECOVERY_CODES
    give_password(visitor)
    assert visitor.post("/sign-in/code/", {"code": codes[0].upper().replace("-", " ")}).status_code == 302
    again = Browser(headers={"host": "localhost"})
    give_password(again)
    assert again.post("/sign-in/code/", {"code": codes[0]}).status_code == 422
    assert codes[0] not in {row.digest for row in RecoveryCode.objects.all()}


def test_two_steps_old_is_too_old():
    secret = tokens.new_totp_secret()
    at = 1_700_000_000
    code = pyotp.TOTP(secret).at(at)
    assert tokens.totp_step(secret, code, at + 29) is not None
    assert tokens.totp_step(secret, code, at + 61) is None


def test_the_rfc_6238_vectors_hold():
    # Appendix B, SHA-1, last six digits; the secret is ASCII "12345678901234567890".
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for at, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert tokens.totp_step(secret, code, at) == at // 30


def test_a_wrong_password_and_no_such_account_read_alike(visitor, nurse):
    wrong = give_password(visitor, password="seven tall herons waded")
    nobody = give_password(visitor, email="nobody@clinic.example")
    assert wrong.status_code == nobody.status_code == 422
    varies = ("csrf", "Page code", "value=")

    def strip(answer):
        return [
            line for line in answer.content.decode().splitlines() if not any(word in line for word in varies)
        ]

    assert strip(wrong) == strip(nobody)


def test_the_eleventh_guess_is_refused_even_if_right(visitor, nurse):
    for _ in range(policy.ATTEMPTS_IN_WINDOW):
        assert give_password(visitor, password="wrong wrong wrong").status_code == 422
    assert give_password(visitor).status_code == 429
    assert Entry.objects.filter(event="identity.session.failed").count() == policy.ATTEMPTS_IN_WINDOW + 1


def test_a_session_ends_after_its_idle_time(practice):
    visitor = practice.signed_in("practitioner")
    assert visitor.get("/").status_code == 200
    Session.objects.update(seen_at=timezone.now() - policy.SESSION_IDLE - timedelta(seconds=1))
    assert visitor.get("/").status_code == 401
    assert Session.objects.filter(ended_at__isnull=False).count() == 1


def test_a_session_ends_after_twelve_hours_whatever_happens(practice):
    visitor = practice.signed_in("practitioner")
    Session.objects.update(started_at=timezone.now() - policy.SESSION_ABSOLUTE - timedelta(seconds=1))
    assert visitor.get("/").status_code == 401


def test_a_locked_session_opens_nothing_until_the_password_is_given(practice, nurse):
    visitor = practice.signed_in("practitioner")
    assert visitor.post("/lock/").headers["Location"] == "/locked/"
    assert visitor.get("/").headers["Location"] == "/locked/"
    assert visitor.get("/clients/").headers["Location"] == "/locked/"
    assert visitor.post("/locked/", {"password": "no no no no no no"}).status_code == 422
    assert visitor.post("/locked/", {"password": PASSWORD}).status_code == 302
    assert visitor.get("/").status_code == 200


def test_a_suspended_person_is_out_at_the_next_request(practice):
    visitor = practice.signed_in("practitioner")
    actions.suspend(practice.actor("owner"), practice.person("practitioner"))
    assert visitor.get("/").status_code == 401


def test_a_real_practice_has_no_demo_door(practice, visitor):
    with pytest.raises(Exception, match="demo practices only"):
        actions.make_link(practice.actor("owner"), practice.person("practitioner"), "demo")
    token, digest = tokens.new_token()
    with writing("planted fault"):
        Link.objects.create(
            kind="demo", digest=digest, person=practice.owner, expires_at=timezone.now() + timedelta(hours=1)
        )
    assert visitor.get(f"/demo/{token}/").status_code == 404
    assert not Session.objects.exists()


def test_calling_a_real_practice_a_demo_shuts_the_vault(practice):
    with writing("planted fault"):
        House.objects.update(is_demo=True)
    forget()
    with pytest.raises(VaultShut):
        unlock()


def test_a_weak_password_is_refused_with_a_reason():
    for password in (
        "short",
        "a" * 129,
        "password12345678",
        "aaaaaaaaaaaaaaaaaaaa",
        "olive owner olive owner",
    ):
        with pytest.raises(passwords.WeakPassword):
            passwords.refuse_weak(password, "Olive Owner", "owner@clinic.example")
    passwords.refuse_weak(PASSWORD, "Olive Owner")


def test_a_password_table_without_the_pepper_confirms_nothing(practice):
    stored = passwords.hashed(PASSWORD)
    from argon2 import PasswordHasher
    from argon2.exceptions import VerifyMismatchError

    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(stored.partition("$")[2], PASSWORD)
    passwords.check(PASSWORD, stored)


def test_a_factors_secret_lies_sealed(practice, nurse):
    secret, _ = enrol(nurse)
    stored = Factor.objects.values_list("secret", flat=True).get()
    assert secret.encode() not in bytes(stored)
    assert (
        house().open(bytes(stored), b"identity.factor.secret\0" + Factor.objects.get().pk.bytes).decode()
        == secret
    )


def test_a_set_up_link_works_once(practice, visitor):
    person = practice.person("marketing")
    url = f"/set-up/{actions.make_link(practice.actor('owner'), person).token}/"
    assert visitor.post(url, {"password": "short"}).status_code == 422
    assert visitor.post(url, {"password": PASSWORD}).headers["Location"] == "/sign-in/code/"
    assert visitor.get(url).status_code == 410
    assert visitor.post(url, {"password": PASSWORD}).status_code == 410
