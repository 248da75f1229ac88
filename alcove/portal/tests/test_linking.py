"""From an invitation to a portal account: nothing is said before the proof, and no session comes on one factor."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from django.utils import timezone

from alcove.portal.tests.patients import (
    PASSWORD,
    confirmed,
    invited,
    newest,
    newest_code,
    newest_token,
    person_of,
    proved,
    totp_of,
)
from alcove.security.access import rules
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import throttle
from alcove.security.identity.models import Link, Notice, PatientAccount, Person, SentCode, Session, SignIn
from alcove.security.identity.policy import Did
from alcove.security.identity.queries import patients
from alcove.security.identity.sessions import COOKIE

BORN = "1984-02-29"


@pytest.fixture(autouse=True)
def messages_leave(settings):
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, sms_url="log://", email_url="log://")
    rules.forget()
    yield
    rules.forget()


@pytest.fixture
def wife(practice):
    return practice.client(
        "Ada", "Shared", born="1970-03-04", phones=["+14155550111"], emails=["shared@example.org"]
    )


@pytest.fixture
def husband(practice):
    return practice.client(
        "Bob", "Shared", born="1968-07-09", phones=["+14155550112"], emails=["Shared@example.org"]
    )


def sign_in(browser, email, password):
    return browser.post("/portal/sign-in/", {"email": email, "password": password}, secure=True)


def later(seconds=31):
    """Let the wait between two codes be over."""
    with writing("test"):
        for row in SentCode.objects.all():
            SentCode.objects.filter(pk=row.pk).update(sent_at=row.sent_at - timedelta(seconds=seconds))


def new_codes_count(client):
    """Forget that the newest code of the authenticator was used, as if half a minute had passed."""
    with writing("test"):
        person_of(client).factors.update(last_step=0)


# The way in ----------------------------------------------------------------------------------------------------------


def test_a_client_comes_from_the_card_to_an_account_of_their_own(practice, client_card):
    desk = practice.signed_in("front_desk")
    page = f"/clients/{client_card.id}/portal/"
    shown = desk.get(page, secure=True)
    assert shown.status_code == 200 and b"Invite to the portal" in shown.content
    assert b"cat@example.org" not in shown.content and b"5550123" not in shown.content
    assert desk.post(page, {"email": "0", "phone": "0"}, secure=True).status_code == 302
    assert newest(client_card, "email").content["to"] == "cat@example.org"
    browser = practice.stranger()
    token = newest_token(client_card)
    assert proved(browser, client_card, token, BORN)["Location"] == "/portal/set-up/password/"
    assert not Session.objects.filter(person=person_of(client_card)).exists()
    assert browser.post("/portal/set-up/password/", {"password": PASSWORD}, secure=True).status_code == 302
    assert not Session.objects.filter(person=person_of(client_card)).exists()
    browser.get("/portal/set-up/", secure=True)
    done = browser.post("/portal/set-up/", {"code": totp_of(client_card)}, secure=True)
    assert done.status_code == 200 and b"recovery codes" in done.content
    home = browser.get("/portal/", secure=True)
    assert home.status_code == 200
    assert "Catherine Müller-Okafor" in home.content.decode() and b"cat@example.org" in home.content
    assert b"Confirmed" in desk.get(page, secure=True).content
    assert browser.get(f"/portal/invitation/{token}/", secure=True).status_code == 410


def test_codes_by_sms_do_as_second_factor(practice, client_card):
    browser, token = practice.stranger(), invited(practice, client_card)
    proved(browser, client_card, token, BORN)
    browser.post("/portal/set-up/password/", {"password": PASSWORD}, secure=True)
    assert browser.post("/portal/sign-in/code/send/", secure=True)["Location"] == "/portal/sign-in/code/"
    answer = browser.post("/portal/sign-in/code/", {"code": newest_code(client_card)}, secure=True)
    assert answer["Location"] == "/portal/"
    assert browser.get("/portal/", secure=True).status_code == 200
    assert Link.objects.get(person=person_of(client_card)).used_at is not None


def test_the_account_keeps_nothing_of_the_client_in_plain(practice, client_card):
    invited(practice, client_card)
    person = person_of(client_card)
    assert (person.kind, person.name, person.email, person.phone) == ("patient", "A client", "", "")
    row = PatientAccount.objects.values("login").get(client_id=client_card.id)
    assert "cat" not in row["login"] and len(row["login"]) == 64


# Nothing before the proof --------------------------------------------------------------------------------------------


def test_a_forwarded_invitation_names_nobody_and_asks_for_the_code(practice, client_card):
    token = invited(practice, client_card)
    browser = practice.stranger()
    browser.post(f"/portal/invitation/{token}/code/", secure=True)
    for answer in (
        browser.get(f"/portal/invitation/{token}/?sent=1", secure=True),
        browser.post(f"/portal/invitation/{token}/", {"born": "1999-09-09", "code": "000000"}, secure=True),
    ):
        said = answer.content.decode()
        assert not any(word in said for word in ("Catherine", "Müller", "cat@", "5550123", "••", "1984"))
    mail = newest(client_card, "email").content
    assert not any(
        word in mail["subject"] + mail["text"] for word in ("Catherine", "Müller", "Juniper", "1984")
    )


@pytest.mark.parametrize("born", ["1984-02-28", "1901-01-01"])
def test_a_right_code_with_a_wrong_birth_date_proves_nothing(practice, client_card, born):
    token, browser = invited(practice, client_card), practice.stranger()
    answer = proved(browser, client_card, token, born)
    assert answer.status_code == 422 and b"Birth date or code is not right" in answer.content
    assert not SignIn.objects.exists()
    assert Entry.objects.filter(event=Did.PATIENT_REFUSED.key).exists()


def test_a_wrong_code_says_the_same_as_a_wrong_birth_date(practice, client_card):
    token, browser = invited(practice, client_card), practice.stranger()
    by_date = proved(browser, client_card, token, "1984-02-28").content
    by_code = browser.post(
        f"/portal/invitation/{token}/", {"born": BORN, "code": "123456"}, secure=True
    ).content
    sentence = b"Birth date or code is not right, or the code is too old."
    assert sentence in by_date and sentence in by_code


def test_the_code_dies_after_five_tries_even_with_the_right_birth_date(practice, client_card):
    token, browser = invited(practice, client_card), practice.stranger()
    browser.post(f"/portal/invitation/{token}/code/", secure=True)
    code = newest_code(client_card)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        browser.post(f"/portal/invitation/{token}/", {"born": BORN, "code": wrong}, secure=True)
    answer = browser.post(f"/portal/invitation/{token}/", {"born": BORN, "code": code}, secure=True)
    assert answer.status_code == 422
    assert not SignIn.objects.exists()


def test_another_clients_code_and_birth_date_do_not_prove_an_invitation(practice, wife, husband):
    hers, his = invited(practice, wife), invited(practice, husband)
    browser = practice.stranger()
    browser.post(f"/portal/invitation/{his}/code/", secure=True)
    given = {"born": "1968-07-09", "code": newest_code(husband)}
    assert browser.post(f"/portal/invitation/{hers}/", given, secure=True).status_code == 422
    assert not SignIn.objects.exists()


def test_unknown_used_and_old_invitations_open_nothing(practice, client_card):
    browser, token = practice.stranger(), invited(practice, client_card)
    assert browser.get("/portal/invitation/made-up/", secure=True).status_code == 404
    newer = invited(practice, client_card)
    assert browser.get(f"/portal/invitation/{token}/", secure=True).status_code == 410
    with writing("test"):
        Link.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert browser.get(f"/portal/invitation/{newer}/", secure=True).status_code == 410
    assert browser.post(f"/portal/invitation/{newer}/code/", secure=True).status_code == 410


# No path skips a step ------------------------------------------------------------------------------------------------


def test_no_step_opens_before_the_one_in_front_of_it(practice, client_card):
    token, browser = invited(practice, client_card), practice.stranger()
    for page in ("/portal/set-up/password/", "/portal/set-up/", "/portal/sign-in/code/", "/portal/"):
        assert browser.get(page, secure=True)["Location"] == "/portal/sign-in/", page
    proved(browser, client_card, token, BORN)
    for page in ("/portal/set-up/", "/portal/sign-in/code/"):
        assert browser.get(page, secure=True)["Location"] == "/portal/set-up/password/", page
    browser.post("/portal/sign-in/code/send/", secure=True)
    later()
    browser.post(f"/portal/invitation/{token}/code/", secure=True)
    answer = browser.post("/portal/sign-in/code/", {"code": newest_code(client_card)}, secure=True)
    assert answer["Location"] == "/portal/set-up/password/"
    assert not Session.objects.filter(person=person_of(client_card)).exists()


def test_a_password_alone_leads_to_no_new_factor(practice, client_card):
    confirmed(practice, client_card, born=BORN)
    with writing("test"):
        person_of(client_card).factors.all().delete()
        Person.objects.filter(pk=person_of(client_card).pk).update(phone_confirmed_at=None)
    browser = practice.stranger()
    assert sign_in(browser, "cat@example.org", PASSWORD)["Location"] == "/portal/sign-in/code/"
    assert browser.get("/portal/set-up/", secure=True)["Location"] == "/portal/sign-in/"
    assert browser.get("/sign-in/set-up/", secure=True)["Location"] == "/sign-in/"
    assert browser.get("/sign-in/code/", secure=True)["Location"] == "/sign-in/"
    assert COOKIE not in browser.cookies or not browser.cookies[COOKIE].value


@pytest.mark.parametrize(
    "password", ["eleven sign", "catherine-catherine", "passwordpassword", "müller-okafor", "cat@example.org"]
)
def test_weak_passwords_are_refused_and_the_step_stays(practice, client_card, password):
    token, browser = invited(practice, client_card), practice.stranger()
    proved(browser, client_card, token, BORN)
    answer = browser.post("/portal/set-up/password/", {"password": password}, secure=True)
    assert answer.status_code == 422 and b'class="error"' in answer.content
    assert browser.post("/portal/set-up/password/", {"password": PASSWORD}, secure=True).status_code == 302


# Two who share an address --------------------------------------------------------------------------------------------


def test_two_who_share_an_address_stay_apart(practice, wife, husband):
    confirmed(practice, wife, born="1970-03-04", password="her plum otter sky")
    confirmed(practice, husband, born="1968-07-09", password="his teal badger fen")
    for client, password, name in (
        (wife, "her plum otter sky", "Ada"),
        (husband, "his teal badger fen", "Bob"),
    ):
        browser = practice.stranger()
        assert sign_in(browser, "SHARED@example.org", password).status_code == 302
        new_codes_count(client)
        answer = browser.post("/portal/sign-in/code/", {"code": totp_of(client)}, secure=True)
        assert answer["Location"] == "/portal/"
        assert f"{name} Shared" in browser.get("/portal/", secure=True).content.decode()


def test_one_of_them_does_not_come_in_by_the_others_factor(practice, wife, husband):
    confirmed(practice, wife, born="1970-03-04", password="her plum otter sky")
    confirmed(practice, husband, born="1968-07-09", password="his teal badger fen")
    browser = practice.stranger()
    sign_in(browser, "shared@example.org", "her plum otter sky")
    new_codes_count(husband)
    answer = browser.post("/portal/sign-in/code/", {"code": totp_of(husband)}, secure=True)
    assert answer.status_code == 422


def test_they_cannot_choose_the_same_password(practice, wife, husband):
    confirmed(practice, wife, born="1970-03-04")
    token, browser = invited(practice, husband), practice.stranger()
    proved(browser, husband, token, "1968-07-09")
    answer = browser.post("/portal/set-up/password/", {"password": PASSWORD}, secure=True)
    assert answer.status_code == 422 and b"cannot be used here" in answer.content


def test_a_fourth_account_at_one_address_is_refused_with_a_sentence(practice):
    desk = practice.signed_in("front_desk")
    for number in range(4):
        client = practice.client(
            f"N{number}", "Many", born="1990-01-01", phones=["+14155550111"], emails=["many@example.org"]
        )
        answer = desk.post(f"/clients/{client.id}/portal/", {"email": "0", "phone": "0"}, secure=True)
        assert answer.status_code == (302 if number < 3 else 409)
    assert b"use this address for the portal already" in answer.content


# At the door ---------------------------------------------------------------------------------------------------------


def test_the_door_says_the_same_of_unknown_unfinished_closed_and_wrong(practice, client_card, wife):
    invited(practice, wife)
    confirmed(practice, client_card, born=BORN)
    said = set()
    for email, password in (
        ("nobody@example.org", PASSWORD),
        ("shared@example.org", PASSWORD),
        ("cat@example.org", "wrong otter sky"),
    ):
        answer = sign_in(practice.stranger(), email, password)
        said.add((answer.status_code, b"E-mail or password is not right." in answer.content))
    practice.signed_in("front_desk").post(f"/clients/{client_card.id}/portal/close/", secure=True)
    answer = sign_in(practice.stranger(), "cat@example.org", PASSWORD)
    said.add((answer.status_code, b"E-mail or password is not right." in answer.content))
    assert said == {(422, True)}


def test_as_many_hashes_are_compared_whoever_asks(practice, client_card, wife, husband, monkeypatch):
    confirmed(practice, client_card, born=BORN)
    confirmed(practice, wife, born="1970-03-04", password="her plum otter sky")
    confirmed(practice, husband, born="1968-07-09", password="his teal badger fen")
    counted = []
    original = patients.passwords.check
    monkeypatch.setattr(patients.passwords, "check", lambda *given: (counted.append(1), original(*given))[1])
    found = []
    for email in ("nobody@example.org", "cat@example.org", "shared@example.org"):
        counted.clear()
        patients.by_password(email, "no such otter")
        found.append(len(counted))
    assert found == [3, 3, 3]


def test_guesses_at_the_portals_door_are_limited(practice, client_card):
    browser = practice.stranger()
    for _ in range(10):
        throttle.count(throttle.key("patient", "cat@example.org"))
    assert sign_in(browser, "cat@example.org", "plum otter sky").status_code == 429


# Reset and end -------------------------------------------------------------------------------------------------------


def test_a_reset_ends_everything_and_tells_the_old_address(practice, client_card):
    browser = confirmed(practice, client_card, born=BORN)
    desk = practice.signed_in("front_desk")
    again = desk.post(f"/clients/{client_card.id}/portal/", {"email": "0", "phone": "0"}, secure=True)
    assert again.status_code == 409 and browser.get("/portal/", secure=True).status_code == 200
    reset = desk.post(f"/clients/{client_card.id}/portal/reset/", {"email": "0", "phone": "0"}, secure=True)
    assert reset.status_code == 302
    assert browser.get("/portal/", secure=True)["Location"] == "/portal/sign-in/"
    assert sign_in(practice.stranger(), "cat@example.org", PASSWORD).status_code == 422
    assert Notice.objects.filter(kind="portal_reset").count() == 2
    assert not person_of(client_card).factors.exists()


def test_a_reset_asks_for_a_factor_given_just_now(practice, client_card):
    confirmed(practice, client_card, born=BORN)
    desk = practice.signed_in("front_desk")
    with writing("test"):
        Session.objects.filter(person=practice.person("front_desk")).update(
            proved_at=timezone.now() - timedelta(minutes=6)
        )
    answer = desk.post(f"/clients/{client_card.id}/portal/reset/", {"email": "0", "phone": "0"}, secure=True)
    assert answer["Location"].startswith("/prove-it-is-you/")
    assert person_of(client_card).password


def test_closing_ends_the_clients_sessions_at_once(practice, client_card):
    browser = confirmed(practice, client_card, born=BORN)
    desk = practice.signed_in("front_desk")
    assert desk.post(f"/clients/{client_card.id}/portal/close/", secure=True).status_code == 302
    assert browser.get("/portal/", secure=True)["Location"] == "/portal/sign-in/"


def test_a_card_without_what_the_proof_needs_is_not_invited(practice):
    client = practice.client("Bare", "Card", emails=["bare@example.org"])
    desk = practice.signed_in("front_desk")
    answer = desk.post(f"/clients/{client.id}/portal/", {"email": "0", "phone": "0"}, secure=True)
    assert answer.status_code == 422
    assert b"no phone number" in answer.content and b"no birth date" in answer.content
    assert not PatientAccount.objects.exists()


def test_who_lacks_the_right_invites_nobody(practice, client_card):
    for role in ("bookkeeper", "marketing", "auditor", "it_provider"):
        answer = practice.signed_in(role).post(
            f"/clients/{client_card.id}/portal/", {"email": "0", "phone": "0"}, secure=True
        )
        assert answer.status_code == 403
    assert not PatientAccount.objects.exists()


def test_a_patient_changes_the_password_by_the_old_one(practice, client_card):
    browser = confirmed(practice, client_card, born=BORN)
    wrong = browser.post(
        "/portal/password/", {"old": "not this otter", "new": "green otter sky"}, secure=True
    )
    assert wrong.status_code == 422
    right = browser.post("/portal/password/", {"old": PASSWORD, "new": "green otter sky"}, secure=True)
    assert right.status_code == 302
    assert sign_in(practice.stranger(), "cat@example.org", PASSWORD).status_code == 422
    assert sign_in(practice.stranger(), "cat@example.org", "green otter sky").status_code == 302
