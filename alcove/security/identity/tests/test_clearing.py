"""Joiners: nobody opens client data before two people and they themselves have done their part (IDN-01, 02, 16)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from alcove.project.prove.walking import doors, samples
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Version
from alcove.security.audit.models import Entry
from alcove.security.identity.actions import clearing
from alcove.security.identity.models import Person
from alcove.security.identity.queries import generic
from alcove.security.identity.queries.clearing import missing, origin
from alcove.security.identity.tests.newcomers import browser_of, newcomer, put


def clear(practice, person):
    """Do everything that is to be done about a newcomer, each by whom it belongs to."""
    manager, owner = practice.actor("manager"), practice.actor("owner")
    clearing.check_identity(manager, person, seen="passport")
    clearing.record_training(manager, person)
    clearing.note_registration(
        owner, person, registration="RN 4711", body="California BRN", ends_on=None, given_by="paper"
    )
    clearing.check_registration(manager, person)
    put(person, email_confirmed_at=timezone.now(), phone_confirmed_at=timezone.now())
    own = Actor("person", id=person.id, rights=frozenset({"account.own.edit"}))
    clearing.agree(own, person, name=person.name.upper(), text=clearing.AGREEMENT)
    person.refresh_from_db()


def test_an_unverified_account_gets_403_on_every_client_page_and_sees_what_is_missing(practice, client_card):
    person = newcomer(practice)
    browser = browser_of(practice, person)
    values = {**samples(practice), "client_id": client_card.pk}
    found = [door for door in doors(values) if "client_id" in door.arguments and door.guard.kind == "guard"]
    assert len(found) > 15
    for door in found:
        for method in door.needs():
            answer = browser.get(door.url) if method == "GET" else browser.post(door.url, {})
            assert answer.status_code == 403, (method, door.pattern)
    for url in ("/clients/", "/clients/new/"):
        assert browser.get(url).status_code == 403
    page = browser.get("/").content.decode()
    for words in (
        "Identity checked by a second person",
        "Read and sign",
        "First training done",
        "registration",
    ):
        assert words in page


def test_what_was_missing_opens_the_card_once_the_last_of_it_is_done(practice, client_card):
    person = newcomer(practice)
    browser = browser_of(practice, person)
    url = f"/clients/{client_card.pk}/"
    clear(practice, person)
    assert missing(person) == []
    assert browser.get(url).status_code == 200
    assert "Before you see clients" not in browser.get("/").content.decode()
    for column in (
        "identity_checked_at", "email_confirmed_at", "phone_confirmed_at", "agreed_at", "trained_at",
        "registration_checked_at",
    ):  # fmt: skip
        before = getattr(person, column)
        put(person, **{column: None})
        assert browser.get(url).status_code == 403, column
        put(person, **{column: before})
    put(person, registration_ends_on=timezone.localdate() - timedelta(days=2))
    assert browser.get(url).status_code == 403


def test_nobody_checks_themself_or_what_they_typed(practice):
    person = newcomer(practice)
    owner, manager = practice.actor("owner"), practice.actor("manager")
    itself = Actor("person", id=person.id, rights=manager.rights)
    for actor in (owner, itself, Actor.operator("console"), Actor.job("job", *[])):
        with pytest.raises(Refused):
            clearing.check_identity(actor, person, seen="passport")
    with pytest.raises(Refused):
        clearing.record_training(itself, person)
    clearing.note_registration(manager, person, registration="1", body="B", ends_on=None, given_by="self")
    for actor in (manager, itself):
        with pytest.raises(Refused):
            clearing.check_registration(actor, person)
    clearing.check_registration(owner, person)
    # Whoever types it in anew undoes what was verified, and does not verify it themself.
    clearing.note_registration(owner, person, registration="2", body="B", ends_on=None, given_by="self")
    assert person.registration_checked_at is None
    with pytest.raises(Refused):
        clearing.check_registration(owner, person)
    person.refresh_from_db()
    assert person.identity_checked_at is None


def test_a_check_is_on_the_log_with_who_and_what_they_saw(practice):
    person = newcomer(practice)
    clearing.check_identity(practice.actor("manager"), person, seen="passport")
    entry = Entry.objects.get(event="identity.person.checked")
    assert entry.actor_id == practice.person("manager").id
    assert entry.object.endswith(person.id.hex)
    with pytest.raises(Conflict):
        clearing.check_identity(practice.actor("manager"), person, seen="passport")


def test_a_new_name_is_compared_with_a_document_again_by_someone_else(practice):
    person = newcomer(practice)
    clearing.check_identity(practice.actor("manager"), person, seen="passport")
    clearing.rename(practice.actor("manager"), person, name="Nora Other", title="RN")
    assert person.identity_checked_at is None
    with pytest.raises(Refused):
        clearing.check_identity(practice.actor("manager"), person, seen="passport")
    clearing.check_identity(practice.actor("owner"), person, seen="passport")
    assert Version.objects.filter(object_id=person.id, event="identity.person.changed").exists()


def test_the_agreement_is_signed_by_oneself_with_ones_own_name(practice):
    person = newcomer(practice)
    browser = browser_of(practice, person)
    wrong = browser.post("/account/agreement/", {"name": "Somebody Else", "text": clearing.AGREEMENT})
    assert wrong.status_code == 422
    assert b"Somebody Else" in wrong.content
    assert b"Sign with your name" in wrong.content
    outdated = browser.post("/account/agreement/", {"name": person.name, "text": "1999-1"})
    assert outdated.status_code == 409
    done = browser.post("/account/agreement/", {"name": " nora  NEWCOMER ", "text": clearing.AGREEMENT})
    assert done.status_code == 302
    person.refresh_from_db()
    assert person.agreed_text == clearing.AGREEMENT
    with pytest.raises(Refused):
        clearing.agree(practice.actor("owner"), person, name=person.name, text=clearing.AGREEMENT)


def test_the_persons_page_has_a_button_for_each_step_and_keeps_who_typed(practice):
    person = newcomer(practice)
    put(person, typed_by_id=practice.person("manager").id)
    owner = practice.signed_in("owner")
    url = f"/setup/people/{person.id}/"
    page = owner.get(url).content.decode()
    assert "What is still missing" in page
    assert "Typed in by Manager Tester" in page
    assert owner.post(f"{url}identity/", {}).status_code == 422
    assert owner.post(f"{url}identity/", {"seen": "passport"}).status_code == 302
    assert owner.post(f"{url}training/").status_code == 302
    form = {"registration": "RN 1", "body": "BRN", "given_by": "register", "ends_on": "2031-01-31"}
    assert owner.post(f"{url}registration/", form).status_code == 302
    refused = owner.post(f"{url}registration/check/")
    assert refused.status_code == 403
    assert b"You typed this registration in" in refused.content
    assert practice.signed_in("manager").post(f"{url}registration/check/").status_code == 302
    page = owner.get(url).content.decode()
    assert "BRN RN 1" in page
    assert "verified" in page
    assert missing(Person.objects.get(pk=person.id)) == ["email", "phone", "agreement"]


def test_the_whole_of_a_person_goes_into_one_form(practice):
    owner = practice.signed_in("owner")
    form = {
        "name": "Lena Larsen", "email": "lena@clinic.example", "title": "RN", "phone": "+1 415 555 0123",
        "roles": [practice.roles["practitioner"].id], "given_by": "paper", "registration": "RN 99",
        "registration_body": "BRN", "registration_ends_on": "2031-05-31",
    }  # fmt: skip
    assert owner.post("/setup/people/new/", form).status_code == 200
    person = Person.objects.get(email="lena@clinic.example")
    assert (person.phone, person.registration, person.given_by) == ("+14155550123", "RN 99", "paper")
    assert person.phone_confirmed_at is None
    assert person.registration_typed_by_id == practice.owner.id
    assert "From a document they showed" in origin(person)


@pytest.mark.parametrize(
    "email",
    [
        "reception@x.example",
        "front-desk2@x.example",
        "frontdesk@x.example",
        "Nurse1@x.example",
        "info+a@x.example",
    ],
)
def test_mailboxes_of_nobody_are_refused(email):
    assert generic.is_shared_mailbox(email)


@pytest.mark.parametrize(
    "name", ["Front Desk", "Nurse 2", "Reception", "Laser Room", "Admin", "Med Spa Staff"]
)
def test_names_of_nobody_are_refused(name):
    assert generic.is_nobodys_name(name)


@pytest.mark.parametrize(
    "name", ["Will Nurse", "Front Desk Tester", "María Ng", "李雷", "Dr Grace Office-Bell"]
)
def test_names_of_people_are_not_refused(name):
    assert not generic.is_nobodys_name(name)


def test_adding_and_renaming_refuse_a_name_of_nobody_beside_the_field(practice):
    owner = practice.signed_in("owner")
    form = {"name": "Front Desk", "email": "anna@clinic.example", "roles": [practice.roles["marketing"].id]}
    answer = owner.post("/setup/people/new/", form)
    assert answer.status_code == 422
    assert b"names a job or a place" in answer.content
    person = newcomer(practice)
    answer = owner.post(f"/setup/people/{person.id}/name/", {"name": "Reception 1", "title": ""})
    assert answer.status_code == 422
    assert b"names a job or a place" in answer.content
