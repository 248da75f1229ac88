"""Whoever an account belongs to hears of every change to what opens it, staff and patients alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from django.utils import timezone

from alcove.portal.tests.patients import PASSWORD, confirmed, invited, person_of, proved
from alcove.portal.tests.test_passkeys import a_browser, options_of, own_session
from alcove.portal.tests.test_passkeys import new_passkey as patients_passkey
from alcove.project.prove.authenticator import Authenticator
from alcove.project.prove.doors import enrolled
from alcove.security.access import rules
from alcove.security.access.actors import Actor
from alcove.security.access.change import action
from alcove.security.access.errors import Conflict
from alcove.security.access.writes import writing
from alcove.security.identity import actions, tokens
from alcove.security.identity.actions import contacts, directory_ties, sent_codes
from alcove.security.identity.actions.telling import TOLD
from alcove.security.identity.models import (
    Factor,
    Notice,
    Passkey,
    Person,
    RecoveryCode,
    SentCode,
    Session,
    SignIn,
)
from alcove.security.identity.policy import Door
from alcove.security.identity.tests.test_passkeys import new_passkey, own

BORN, NEW = "1984-02-29", "green heron on a tall reed"
PHONE = "+14155550199"


@pytest.fixture(autouse=True)
def messages_leave(settings):
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, sms_url="log://", email_url="log://")
    rules.forget()
    yield
    rules.forget()


@dataclasses.dataclass
class Scene:
    """A member of staff with a confirmed phone, and a client with a card."""

    practice: Any
    nurse: Person
    client: Any


@pytest.fixture
def scene(practice, client_card):
    nurse = practice.person("practitioner")
    with writing("test"):
        Person.objects.filter(pk=nurse.pk).update(phone=PHONE, phone_confirmed_at=timezone.now())
    nurse.refresh_from_db()
    return Scene(practice, nurse, client_card)


# What is done; each returns whom it concerns, and forgets what it had to say on the way there -------------------------


def forget():
    with writing("test"):
        Notice.objects.all().delete()


def a_stage(person):
    token = actions.begin_sign_in(actions.at_the_door(Actor.stranger(), person), person)
    return SignIn.objects.select_related("person").get(digest=tokens.digest(token))


def staff_changes_password(scene):
    actions.change_password(own(scene.nurse), scene.nurse, password=NEW)
    return scene.nurse


def console_sets_password(scene):
    actions.set_password(Actor.operator("test"), scene.nurse, password=NEW)
    return scene.nurse


def staff_sets_up_password(scene):
    link = actions.make_link(Actor.operator("test"), scene.nurse)
    actions.use_setup_link(actions.at_the_door(Actor.stranger()), link.token, NEW)
    return scene.nurse


def staff_adds_authenticator(scene):
    stage = a_stage(scene.nurse)
    door = actions.at_the_door(Actor.stranger(), scene.nurse)
    factor = actions.begin_factor(door, scene.nurse)
    assert actions.confirm_factor(door, stage, factor, pyotp.TOTP(factor.secret).now())
    return scene.nurse


def staff_adds_passkey(scene):
    new_passkey(scene.nurse)
    return scene.nurse


def staff_removes_passkey(scene):
    new_passkey(scene.nurse)
    new_passkey(scene.nurse)
    forget()
    actions.remove_passkey(own(scene.nurse), Passkey.objects.filter(person=scene.nurse)[0])
    return scene.nurse


def staff_renews_codes(scene):
    new_passkey(scene.nurse)
    forget()
    assert len(actions.renew_codes(own(scene.nurse), scene.nurse)) == 10
    return scene.nurse


def staff_uses_a_code(scene):
    person, *_ = enrolled(scene.practice, "practitioner")
    with writing("test"):
        RecoveryCode.objects.create(person=person, digest=tokens.code_digest("abcde-fghij"))
    forget()
    assert actions.finish_sign_in(
        actions.at_the_door(Actor.stranger(), person), a_stage(person), "abcde-fghij"
    )
    return person


def staff_confirms_phone(scene):
    with writing("test"):
        Person.objects.filter(pk=scene.nurse.pk).update(phone_confirmed_at=None)
    scene.nurse.refresh_from_db()
    contacts.change_phone(own(scene.nurse), scene.nurse, phone=PHONE)
    code = Notice.objects.get(channel="sms").content["text"][:6]
    forget()
    assert contacts.confirm_phone(own(scene.nurse), scene.nurse, code=code)
    return scene.nurse


def staff_sets_pin(scene):
    with writing("test"):
        session = Session.objects.create(
            person=scene.nurse, digest=tokens.new_token()[1], method="test", device=scene.practice.device()
        )
    actions.set_pin(own(scene.nurse, session), session, pin="482915")
    return scene.nurse


@action(Door.PASS)
def _tie(change, person):
    directory_ties.tie_directory(change, person, "a" * 64)


def staff_ties_directory(scene):
    _tie(actions.at_the_door(Actor.stranger(), scene.nurse), scene.nurse)
    return scene.nurse


def staff_unties_directory(scene):
    _tie(actions.at_the_door(Actor.stranger(), scene.nurse), scene.nurse)
    forget()
    directory_ties.untie_own_directory(own(scene.nurse), scene.nurse)
    return scene.nurse


def owner_unties_directory(scene):
    _tie(actions.at_the_door(Actor.stranger(), scene.nurse), scene.nurse)
    forget()
    directory_ties.untie_directory(scene.practice.actor("owner"), scene.nurse)
    return scene.nurse


def at_set_up(scene):
    browser = scene.practice.stranger()
    proved(browser, scene.client, invited(scene.practice, scene.client), BORN)
    forget()
    browser.post("/portal/set-up/password/", {"password": PASSWORD}, secure=True)
    return browser


def patient_sets_password(scene):
    at_set_up(scene)
    return person_of(scene.client)


def patient_adds_authenticator(scene):
    browser = at_set_up(scene)
    forget()
    browser.get("/portal/set-up/", secure=True)
    secret = Factor.objects.get(person=person_of(scene.client)).secret
    assert browser.post("/portal/set-up/", {"code": pyotp.TOTP(secret).now()}, secure=True).status_code == 200
    return person_of(scene.client)


def patient_begins_with_passkey(scene):
    browser = at_set_up(scene)
    forget()
    device = Authenticator("https://localhost", "localhost")
    made = device.make(options_of(browser.get("/portal/set-up/passkey/", secure=True)))
    given = {"name": "Phone", "answer": made}
    assert browser.post("/portal/set-up/passkey/", given, secure=True).status_code == 200
    return person_of(scene.client)


def signed_in_patient(scene):
    browser = confirmed(scene.practice, scene.client, born=BORN)
    forget()
    return browser


def patient_changes_password(scene):
    browser = signed_in_patient(scene)
    given = {"old": PASSWORD, "new": NEW}
    assert browser.post("/portal/password/", given, secure=True).status_code == 302
    return person_of(scene.client)


def patient_adds_passkey(scene):
    patients_passkey(signed_in_patient(scene))
    return person_of(scene.client)


def patient_removes_passkey(scene):
    browser = signed_in_patient(scene)
    patients_passkey(browser)
    forget()
    row = Passkey.objects.get()
    assert browser.post(f"/portal/passkeys/{row.id}/remove/", secure=True).status_code == 302
    return person_of(scene.client)


def patient_renews_codes(scene):
    browser = signed_in_patient(scene)
    before = set(RecoveryCode.objects.values_list("digest", flat=True))
    answer = browser.post("/portal/codes/", secure=True)
    assert b"Your recovery codes" in answer.content
    assert not before & set(RecoveryCode.objects.values_list("digest", flat=True))
    return person_of(scene.client)


def patient_uses_a_code(scene):
    signed_in_patient(scene)
    person, browser = person_of(scene.client), a_browser()
    with writing("test"):
        RecoveryCode.objects.create(person=person, digest=tokens.code_digest("abcde-fghij"))
    browser.post("/portal/sign-in/", {"email": "cat@example.org", "password": PASSWORD}, secure=True)
    answer = browser.post("/portal/sign-in/code/", {"code": "abcde-fghij"}, secure=True)
    assert answer["Location"] == "/portal/"
    return person


CASES: list[tuple[Callable[[Scene], Person], str]] = [
    (staff_changes_password, "password changed"),
    (console_sets_password, "password set"),
    (staff_sets_up_password, "password set"),
    (staff_adds_authenticator, "authenticator added"),
    (staff_adds_passkey, "passkey added"),
    (staff_removes_passkey, "passkey removed"),
    (staff_renews_codes, "codes renewed"),
    (staff_uses_a_code, "code used"),
    (staff_confirms_phone, "phone confirmed"),
    (staff_sets_pin, "PIN set"),
    (staff_ties_directory, "directory tied"),
    (staff_unties_directory, "directory untied"),
    (owner_unties_directory, "directory untied"),
    (patient_sets_password, "password set"),
    (patient_adds_authenticator, "authenticator added"),
    (patient_begins_with_passkey, "passkey added"),
    (patient_changes_password, "password changed"),
    (patient_adds_passkey, "passkey added"),
    (patient_removes_passkey, "passkey removed"),
    (patient_renews_codes, "codes renewed"),
    (patient_uses_a_code, "code used"),
]


@pytest.mark.parametrize(("deed", "what"), CASES, ids=[deed.__name__ for deed, _ in CASES])
def test_whoever_it_concerns_is_told(scene, deed, what):
    person = deed(scene)
    words = TOLD[what]
    told = list(Notice.objects.filter(person=person, kind=words.kind))
    assert [row.channel for row in told] == (["email", "sms"] if words.everywhere else ["email"])
    is_patient = person.kind == Person.Kind.PATIENT
    for row in told:
        assert words.text in row.content["text"] and row.content["subject"] == words.subject
        assert ("tell the practice" if is_patient else "tell an owner") in row.content["text"]
        address = ("cat@example.org", "+14155550123") if is_patient else (person.email, PHONE)
        assert row.content["to"] == address[row.channel == "sms"]


def test_every_message_has_a_case():
    assert {what for _, what in CASES} == set(TOLD)


def test_a_deed_that_fails_tells_nobody(scene):
    with writing("test"):
        Person.objects.filter(pk=scene.nurse.pk).update(phone_confirmed_at=None)
    scene.nurse.refresh_from_db()
    forget()
    actor = own(scene.nurse)
    with pytest.raises(Conflict, match="second factor first"):
        actions.renew_codes(actor, scene.nurse)
    assert not Notice.objects.exists()


def test_new_codes_ask_for_a_factor_given_just_now(scene):
    browser = signed_in_patient(scene)
    with writing("test"):
        session = own_session(scene.client)
        Session.objects.filter(pk=session.pk).update(proved_at=timezone.now() - timezone.timedelta(minutes=6))
    answer = browser.post("/portal/codes/", secure=True)
    assert answer["Location"].startswith("/portal/prove-it-is-you/")
    assert not SentCode.objects.filter(purpose=sent_codes.Purpose.FRESH).exists()


def test_staff_make_new_codes_on_their_page_and_the_old_ones_are_void(scene):
    new_passkey(scene.nurse)
    with writing("test"):
        RecoveryCode.objects.create(person=scene.nurse, digest=tokens.code_digest("abcde-fghij"))
    browser = scene.practice.signed_in("practitioner")
    answer = browser.post("/account/codes/")
    assert b"Your recovery codes" in answer.content
    rows = RecoveryCode.objects.filter(person=scene.nurse)
    assert rows.count() == 10 and not rows.filter(digest=tokens.code_digest("abcde-fghij")).exists()
