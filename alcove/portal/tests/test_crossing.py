"""A patient's session answers in the portal and nowhere else; a member of staff's never there; nobody in another's."""

from __future__ import annotations

import dataclasses

import pytest

from alcove.portal.tests.patients import PASSWORD, confirmed
from alcove.security.access import rules
from alcove.security.access.actors import Actor
from alcove.security.access.checks import routes
from alcove.security.access.errors import NotFound, Refused
from alcove.security.access.opening import open_client
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import sessions, tokens
from alcove.security.identity.models import Membership, Person, Session
from alcove.security.vault.keyring import keyring
from tests.house.test_walk import VARYING, doors, undone

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


def actor_of(client):
    person = Person.objects.get(patient__client_id=client.id)
    return sessions.actor_of(Session.objects.select_related("person").get(person=person), "test")


def answers_to(browser, found):
    """Return (method, pattern, status) of every door and method."""
    for door in found:
        for method in ("GET", "POST"):
            with undone():
                answer = browser.generic(method, door.url(), secure=True)
                if answer.streaming:
                    answer.close()
            yield method, door.pattern, answer.status_code


def test_no_page_of_the_staff_answers_a_patient(practice, patient):
    found = [
        door for door in doors(practice) if not door.pattern.startswith(("/portal/", "/book/", "/health/"))
    ]
    assert len(found) > 60
    wrong = [one for one in answers_to(patient, found) if one[2] != 403]
    assert wrong == []


def test_a_patient_is_refused_alike_where_there_is_nothing(patient):
    there, nowhere = (patient.get(url, secure=True) for url in ("/clients/", "/clients/no/such/page/"))
    assert (there.status_code, nowhere.status_code) == (403, 403)
    assert VARYING.sub(b"", there.content) == VARYING.sub(b"", nowhere.content)


def test_a_patient_who_was_given_a_role_by_mistake_still_holds_nothing(practice, client_card, patient):
    person = Person.objects.get(patient__client_id=client_card.id)
    with writing("test"):
        Membership.objects.create(person=person, role=practice.roles["owner"])
    assert actor_of(client_card).rights == sessions.PATIENT_RIGHTS
    assert patient.get("/clients/", secure=True).status_code == 403
    assert patient.get("/setup/people/", secure=True).status_code == 403


def test_even_behind_the_middleware_a_guard_refuses_a_patient(practice, client_card, patient, monkeypatch):
    monkeypatch.setattr("alcove.security.identity.middleware._kept_in_portal", lambda request: None)
    monkeypatch.setattr(sessions, "PATIENT_RIGHTS", practice.actor("owner").rights | sessions.PATIENT_RIGHTS)
    for url in ("/", "/clients/", f"/clients/{client_card.id}/", "/setup/people/", "/account/"):
        assert patient.get(url, secure=True).status_code == 403, url


def test_no_guarded_page_of_the_portal_answers_the_staff(practice):
    owner = practice.signed_in("owner")
    found = [door for door in doors(practice, "/portal/") if door.guard.kind == "own"]
    assert {door.pattern for door in found} == {
        "/portal/", "/portal/password/", "/portal/sessions/<uuid:session_id>/end/",
        "/portal/passkeys/", "/portal/passkeys/new/", "/portal/passkeys/<uuid:passkey_id>/name/",
        "/portal/passkeys/<uuid:passkey_id>/remove/", "/portal/prove-it-is-you/", "/portal/prove-it-is-you/code/", "/portal/codes/",
        "/portal/opened/",
    }  # fmt: skip
    for method, pattern, status in answers_to(owner, found):
        assert status in {403, 405}, (method, pattern, status)
    for pattern, _, view in routes():
        if pattern.startswith("/portal/"):
            assert view.guard.kind in {"own", "public", "signed"}, pattern


def test_an_owner_who_ticked_the_patients_rights_does_not_come_in_either(practice, monkeypatch):
    actor = practice.actor("owner")
    with writing("test"):
        role = practice.roles["owner"]
        role.rights = sorted({*actor.rights, *sessions.PATIENT_RIGHTS})
        role.save()
    assert practice.signed_in("owner").get("/portal/", secure=True).status_code == 403


def test_a_patient_opens_nobody_but_themselves(practice, client_card, patient):
    other = practice.client("Other", "Person", born="1999-09-09")
    actor = actor_of(client_card)
    with keyring():
        open_client(actor, client_card.id)
    with keyring(), pytest.raises(NotFound):
        open_client(actor, other.id)


def test_a_patient_ends_no_session_of_somebody_else(practice, patient):
    other = Session.objects.create(
        person=practice.person("marketing"), digest=tokens.new_token()[1], method="test"
    )
    assert patient.post(f"/portal/sessions/{other.id}/end/", secure=True).status_code == 404
    other.refresh_from_db()
    assert other.ended_at is None


def test_a_half_finished_sign_in_counts_at_its_own_door_only(practice, client_card, patient):
    browser = practice.stranger()
    given = {"email": "cat@example.org", "password": PASSWORD}
    assert browser.post("/portal/sign-in/", given, secure=True).status_code == 302
    assert browser.get("/sign-in/code/", secure=True)["Location"] == "/sign-in/"
    assert practice.stranger().post("/sign-in/", given, secure=True).status_code == 422


def test_staff_do_not_come_in_by_the_patients_door(practice):
    person = practice.person("practitioner")
    with writing("test"):
        Person.objects.filter(pk=person.pk).update(password="")
    answer = practice.stranger().post(
        "/portal/sign-in/", {"email": person.email, "password": "seven tall herons wade"}, secure=True
    )
    assert answer.status_code == 422


def test_a_stranger_is_sent_to_the_patients_door(practice):
    assert practice.stranger().get("/portal/", secure=True)["Location"] == "/portal/sign-in/"


def test_a_patient_is_not_among_the_staff(practice, client_card, patient):
    person = Person.objects.get(patient__client_id=client_card.id)
    owner = practice.signed_in("owner")
    assert b"A client" not in owner.get("/setup/people/", secure=True).content
    assert owner.get(f"/setup/people/{person.id}/", secure=True).status_code == 404


def test_what_a_patient_looks_at_stands_on_their_own_access_log(client_card, patient):
    patient.get("/portal/", secure=True)
    entry = Entry.objects.filter(event="identity.patient.looked").latest("at_us")
    assert (entry.client_id, entry.actor_kind) == (client_card.id, "patient")


def test_signing_out_ends_the_session_and_clears_the_browser(client_card, patient):
    answer = patient.post("/portal/sign-out/", secure=True)
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert patient.get("/portal/", secure=True)["Location"] == "/portal/sign-in/"


def test_a_patients_actor_without_a_client_is_refused(practice):
    with keyring(), pytest.raises(Refused):
        open_client(Actor("patient", rights=sessions.PATIENT_RIGHTS), practice.client("A", "B").id)
