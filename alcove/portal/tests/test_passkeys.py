"""Patients' passkeys: they sign in without password and SMS, at the patients' door only, by the rules of the staff's."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from alcove.portal.tests.patients import (
    PASSWORD,
    confirmed,
    invited,
    newest_code,
    person_of,
    proved,
    totp_of,
)
from alcove.project.prove.authenticator import PRESENT, VERIFIED, Authenticator, text
from alcove.security.access import rules
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import tokens
from alcove.security.identity.actions import at_the_door, begin_sign_in
from alcove.security.identity.actions.patient_passkeys import begin_patient_with_passkey
from alcove.security.identity.models import Factor, Link, Notice, Passkey, SentCode, Session, SignIn
from alcove.security.identity.passkeys import Place
from alcove.security.identity.sessions import COOKIE

BORN = "1984-02-29"


@pytest.fixture(autouse=True)
def messages_leave(settings):
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, sms_url="log://", email_url="log://")
    rules.forget()
    yield
    rules.forget()


@pytest.fixture
def patient(practice, client_card):
    return confirmed(practice, client_card, born=BORN)


def a_browser():
    """Return a browser that has never been here."""
    return Client(headers={"host": "localhost"})


def options_of(page):
    return html.unescape(re.search(r'data-options="([^"]*)"', page.content.decode())[1])


def own_session(client):
    return Session.objects.filter(person=person_of(client), ended_at__isnull=True).latest("started_at")


def age(client, minutes):
    """Let the last factor have been given so long ago."""
    with writing("test"):
        Session.objects.filter(person=person_of(client)).update(
            proved_at=timezone.now() - timedelta(minutes=minutes)
        )


def new_passkey(browser, name="My phone"):
    """Add a passkey by the page; return the authenticator that holds it."""
    page = browser.get("/portal/passkeys/new/", secure=True)
    device = Authenticator("https://localhost", "localhost")
    answer = device.make(options_of(page))
    added = browser.post("/portal/passkeys/new/", {"name": name, "answer": answer}, secure=True)
    assert added["Location"] == "/portal/passkeys/?done=saved", added.content
    return device


def question(browser=None):
    return options_of((browser or a_browser()).get("/portal/sign-in/", secure=True))


def enter(answer, browser=None):
    return (browser or a_browser()).post("/portal/sign-in/passkey/", {"answer": answer}, secure=True)


# Coming in --------------------------------------------------------------------------------------------------------


def test_a_passkey_signs_in_without_password_and_sms(client_card, patient):
    device, codes = new_passkey(patient), SentCode.objects.count()
    browser = a_browser()
    answer = enter(device.answer(question(browser)), browser)
    assert answer["Location"] == "/portal/" and answer.cookies[COOKIE].value
    assert b"Catherine" in browser.get("/portal/", secure=True).content
    assert own_session(client_card).method == "passkey"
    assert SentCode.objects.count() == codes


def test_the_sign_in_page_offers_the_passkey_before_the_password(practice):
    page = a_browser().get("/portal/sign-in/", secure=True).content.decode()
    assert -1 < page.index("Sign in with a passkey") < page.index("Continue with password")
    assert 'autocomplete="username webauthn"' in page


BAD_ANSWERS = {
    "another origin": {"origin": "https://evil.example"},
    "another port": {"origin": "https://localhost:8000"},
    "another scheme": {"origin": "http://localhost"},
    "another relying party": {"rp_id": "evil.example"},
    "a holder who was not checked": {"flags": PRESENT},
    "nobody present": {"flags": VERIFIED},
    "a page in another's frame": {"cross_origin": True},
    "a signature of something else": {"signature": b"0" * 70},
    "a handle of somebody else": {"handle": b"0" * 16},
    "a challenge of one's own": {"challenge": text(b"0" * 56)},
}


@pytest.mark.parametrize("over", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_that_is_wrong_in_one_thing_is_refused_and_on_the_log(patient, over):
    device = new_passkey(patient)
    refused = enter(device.answer(question(), **over))
    assert refused.status_code == 422 and COOKIE not in refused.cookies
    assert b"This passkey could not be used here." in refused.content
    assert Entry.objects.filter(event="identity.passkey.refused").count() == 1


def test_an_answer_counts_once(patient):
    device = new_passkey(patient)
    answer = device.answer(question())
    assert enter(answer).status_code == 302
    with writing("even if the counter were lost"):
        Passkey.objects.update(sign_count=0)
    assert enter(answer).status_code == 422


def test_a_question_of_one_door_is_worth_nothing_at_the_other(practice, patient):
    """A patient's right answer, to the staff's question and to their own, does not open the staff's door."""
    device = new_passkey(patient)
    staffs = options_of(a_browser().get("/sign-in/", secure=True))
    assert enter(device.answer(staffs)).status_code == 422
    browser = a_browser()
    for options in (staffs, question(), options_of(a_browser().get("/sign-in/", secure=True))):
        refused = browser.post("/sign-in/passkey/", {"answer": device.answer(options)}, secure=True)
        assert refused.status_code == 422 and COOKIE not in refused.cookies


def test_a_members_of_staff_passkey_does_not_open_the_patients_door(practice, patient):
    device = new_passkey(patient)
    with writing("test"):
        Passkey.objects.update(person=practice.person("practitioner"))
    refused = enter(device.answer(question(), handle=None))
    assert refused.status_code == 422 and COOKIE not in refused.cookies
    entry = Entry.objects.filter(event="identity.passkey.refused").latest("at_us")
    assert "portal's door" in entry.fields


def test_a_copied_passkey_is_refused_and_the_patient_told(client_card, patient):
    device = new_passkey(patient)
    assert enter(device.answer(question(), count=7)).status_code == 302
    assert enter(device.answer(question(), count=3)).status_code == 422
    told = Notice.objects.get(person=person_of(client_card), kind="factor_failed")
    assert "seems to exist twice" in told.content["text"]


def test_closing_the_account_ends_the_passkey(practice, client_card, patient):
    device = new_passkey(patient)
    practice.signed_in("front_desk").post(f"/clients/{client_card.id}/portal/close/", secure=True)
    assert enter(device.answer(question())).status_code == 422
    assert not Passkey.objects.exists()


def test_after_the_password_the_passkey_is_a_second_factor(client_card, patient):
    device, browser = new_passkey(patient), a_browser()
    given = {"email": "cat@example.org", "password": PASSWORD}
    assert browser.post("/portal/sign-in/", given, secure=True).status_code == 302
    page = browser.get("/portal/sign-in/code/", secure=True)
    assert b"Sign in with your passkey" in page.content
    assert enter(device.answer(options_of(page)), browser)["Location"] == "/portal/"


# A new account -----------------------------------------------------------------------------------------------------


def at_set_up(practice, client):
    browser = practice.stranger()
    proved(browser, client, invited(practice, client), BORN)
    browser.post("/portal/set-up/password/", {"password": PASSWORD}, secure=True)
    return browser


def test_a_new_account_begins_with_a_passkey(practice, client_card):
    browser = at_set_up(practice, client_card)
    set_up = browser.get("/portal/set-up/", secure=True).content.decode()
    assert set_up.index("Set up a passkey") < set_up.index("Or an authenticator app")
    page = browser.get("/portal/set-up/passkey/", secure=True)
    options = json.loads(options_of(page))
    assert (options["user"]["name"], options["user"]["displayName"]) == (
        "cat@example.org",
        "Catherine Müller-Okafor",
    )
    device = Authenticator("https://localhost", "localhost")
    given = {"name": "My phone", "answer": device.make(options_of(page))}
    codes = browser.post("/portal/set-up/passkey/", given, secure=True)
    assert codes.status_code == 200 and b"Your recovery codes" in codes.content
    assert browser.get("/portal/", secure=True).status_code == 200
    assert not Link.objects.filter(person=person_of(client_card), used_at__isnull=True).exists()
    assert enter(device.answer(question())).status_code == 302


def test_a_password_alone_leads_to_no_passkey(client_card, patient):
    browser = a_browser()
    given = {"email": "cat@example.org", "password": PASSWORD}
    assert browser.post("/portal/sign-in/", given, secure=True).status_code == 302
    assert browser.get("/portal/set-up/passkey/", secure=True)["Location"] == "/portal/sign-in/"
    device = Authenticator("https://localhost", "localhost")
    made = device.make('{"challenge": "AA", "user": {"id": "AA"}}')
    given = {"name": "Mine", "answer": made}
    assert browser.post("/portal/set-up/passkey/", given, secure=True)["Location"] == "/portal/sign-in/"
    assert not Passkey.objects.exists()


# One's own ---------------------------------------------------------------------------------------------------------


def test_a_passkey_is_added_renamed_and_removed(client_card, patient):
    new_passkey(patient)
    row = Passkey.objects.get(person=person_of(client_card))
    assert b"My phone" in patient.get("/portal/passkeys/", secure=True).content
    patient.post(f"/portal/passkeys/{row.id}/name/", {"name": "Blue key"}, secure=True)
    row.refresh_from_db()
    assert row.name == "Blue key"
    assert patient.post(f"/portal/passkeys/{row.id}/remove/", secure=True).status_code == 302
    assert not Passkey.objects.exists()


def test_the_last_factor_stays(client_card, patient):
    new_passkey(patient)
    row, person = Passkey.objects.get(), person_of(client_card)
    with writing("test"):
        Factor.objects.filter(person=person).delete()
        type(person).objects.filter(pk=person.pk).update(phone_confirmed_at=None)
    refused = patient.post(f"/portal/passkeys/{row.id}/remove/", secure=True)
    assert refused.status_code == 409 and b"your last second factor" in refused.content
    with writing("test"):
        type(person).objects.filter(pk=person.pk).update(phone_confirmed_at=timezone.now())
    assert patient.post(f"/portal/passkeys/{row.id}/remove/", secure=True).status_code == 302


def test_another_patients_passkey_is_not_there(practice, client_card, patient):
    other = practice.client(
        "Other", "Person", born="1990-01-01", phones=["+14155550177"], emails=["other@example.org"]
    )
    theirs = confirmed(practice, other, born="1990-01-01", password="a lamp of oak")
    new_passkey(theirs)
    row = Passkey.objects.get()
    for url in (f"/portal/passkeys/{row.id}/name/", f"/portal/passkeys/{row.id}/remove/"):
        assert patient.post(url, {"name": "Mine"}, secure=True).status_code == 404
    row.refresh_from_db()
    assert row.name == "My phone"


def test_a_patient_and_the_staff_do_not_reach_each_others_pages(practice, client_card, patient):
    new_passkey(patient)
    row = Passkey.objects.get()
    owner = practice.signed_in("owner")
    assert owner.get("/portal/passkeys/", secure=True).status_code == 403
    assert owner.post(f"/account/passkeys/{row.id}/remove/", secure=True).status_code == 404
    assert patient.get("/account/passkeys/", secure=True).status_code == 403


# A factor given just now -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/portal/passkeys/new/", "/portal/passkeys/{id}/remove/"])
def test_an_open_session_alone_changes_no_passkey(client_card, patient, url):
    new_passkey(patient)
    url = url.format(id=Passkey.objects.get().id)
    age(client_card, 6)
    made = Authenticator("https://localhost", "localhost").make('{"challenge": "AA", "user": {"id": "AA"}}')
    answer = patient.post(url, {"name": "Thief's", "answer": made}, secure=True)
    assert answer["Location"].startswith("/portal/prove-it-is-you/")
    assert Passkey.objects.count() == 1


def test_a_passkey_proves_it_again(client_card, patient):
    device = new_passkey(patient)
    age(client_card, 6)
    page = patient.get("/portal/prove-it-is-you/?next=/portal/passkeys/new/", secure=True)
    given = {"answer": device.answer(options_of(page)), "next": "/portal/passkeys/new/"}
    assert patient.post("/portal/prove-it-is-you/", given, secure=True)["Location"] == "/portal/passkeys/new/"
    assert patient.get("/portal/passkeys/new/", secure=True).status_code == 200


def test_password_and_authenticator_prove_it_again_but_neither_alone(client_card, patient):
    age(client_card, 6)
    with writing("as if half a minute had passed"):
        person_of(client_card).factors.update(last_step=0)
    url = "/portal/prove-it-is-you/"
    code = totp_of(client_card)
    for given in ({"password": "not this otter", "code": code}, {"password": PASSWORD, "code": "000000"}):
        assert patient.post(url, given, secure=True).status_code == 422
        assert patient.get("/portal/passkeys/new/", secure=True).status_code == 302
    given = {"password": PASSWORD, "code": code, "next": "https://evil.example/"}
    assert patient.post(url, given, secure=True)["Location"] == "/portal/"
    assert patient.get("/portal/passkeys/new/", secure=True).status_code == 200


def test_a_code_by_sms_proves_it_again_for_this_session_only(client_card, patient):
    age(client_card, 6)
    sent = patient.post("/portal/prove-it-is-you/code/", {"next": "/portal/passkeys/new/"}, secure=True)
    assert sent["Location"] == "/portal/prove-it-is-you/?next=/portal/passkeys/new/"
    code = newest_code(client_card)
    # The same digits finish no sign-in: they belong to this session.
    thief = a_browser()
    thief.post("/portal/sign-in/", {"email": "cat@example.org", "password": PASSWORD}, secure=True)
    assert thief.post("/portal/sign-in/code/", {"code": code}, secure=True).status_code == 422
    given = {"password": PASSWORD, "code": code, "next": "/portal/passkeys/new/"}
    assert patient.post("/portal/prove-it-is-you/", given, secure=True)["Location"] == given["next"]
    again = patient.post("/portal/prove-it-is-you/", given, secure=True)
    assert again.status_code == 422


def test_even_behind_the_page_a_password_alone_begins_with_no_passkey(client_card, patient):
    person = person_of(client_card)
    with writing("test"):
        Factor.objects.filter(person=person).delete()
    door = at_the_door(Actor.stranger(), person)
    stage = SignIn.objects.get(digest=tokens.digest(begin_sign_in(door, person)))
    with pytest.raises(Conflict):
        begin_patient_with_passkey(
            door, stage, answer="{}", place=Place("https://localhost", "localhost"), name="Mine"
        )
