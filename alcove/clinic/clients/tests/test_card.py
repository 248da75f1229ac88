"""The card and its frame: what each role sees, and what it never sees."""

from __future__ import annotations

import pytest
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.tests.samples import samples
from alcove.security.access.opening import open_client
from alcove.security.audit.models import Entry
from alcove.security.vault.keyring import keyring

SEES_CLIENTS = ("owner", "manager", "practitioner", "prescriber", "front_desk")
SEES_NONE = ("bookkeeper", "marketing", "officer", "it_provider", "auditor")
CLINICAL = "lidocaine-7391"


def at(name: str, **kwargs: object) -> str:
    return reverse(f"clients:{name}", kwargs=kwargs)


@pytest.fixture
def alerted(practice, client_card):
    clinician = practice.actor("practitioner")
    with keyring():
        open_client(clinician, client_card.id)
        client = Client.objects.get(pk=client_card.id)
        actions.add_alert(
            clinician, client, kind="allergy", severity="critical", text=f"Reacts to {CLINICAL}"
        )
        actions.add_alert(
            clinician,
            client,
            kind="access",
            severity="warning",
            text=f"Weak knee, {CLINICAL}",
            desk_text="Needs a ramp",
        )
        actions.add_alert(clinician, client, kind="clinical", severity="note", text=f"Likes tea, {CLINICAL}")
    return client_card


@pytest.mark.parametrize("role", SEES_CLIENTS)
def test_a_card_opens_for_those_who_may_see_clients(practice, client_card, role):
    answer = practice.signed_in(role).get(at("card", client_id=client_card.id))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Catherine Müller-Okafor" in page
    assert "29 Feb 1984" in page
    assert "+14155550123" not in page.replace(" ", "").replace("-", "")
    assert "<title>Client record" in page


@pytest.mark.parametrize("role", SEES_NONE)
def test_a_card_stays_shut_for_the_others_and_the_attempt_is_on_the_log(practice, client_card, role):
    browser = practice.signed_in(role)
    before = Entry.objects.count()
    for name in ("card", "about", "edit", "versions"):
        assert browser.get(at(name, client_id=client_card.id)).status_code == 403
    assert Entry.objects.filter(result="refused").count() == 4
    assert Entry.objects.count() == before + 4


def test_a_stranger_is_sent_to_sign_in(practice, client_card):
    from django.test import Client as Browser

    answer = Browser(headers={"host": "localhost"}).get(at("card", client_id=client_card.id))
    assert answer.status_code == 302
    assert "Catherine" not in answer.content.decode()


def test_an_unknown_client_is_not_there(practice):
    from alcove.security.vault.ids import uuid7

    browser = practice.signed_in("owner")
    for name in ("card", "about", "edit", "access_log", "versions"):
        assert browser.get(at(name, client_id=uuid7())).status_code == 404, name


def test_clinicians_see_the_red_band_on_every_tab(practice, alerted):
    browser = practice.signed_in("practitioner")
    for name in ("card", "about", "access_log", "versions", "edit", "alert_new", "person_new"):
        page = browser.get(at(name, client_id=alerted.id)).content.decode()
        assert f"Reacts to {CLINICAL}" in page, name
        assert f"Weak knee, {CLINICAL}" in page, name
        assert 'class="ban bad"' in page, name


@pytest.mark.parametrize("role", ["front_desk", "manager"])
def test_the_desk_sees_no_clinical_word_on_any_page_but_is_told_whom_to_ask(practice, alerted, role):
    ids = samples(practice) | {"client_id": alerted.id}
    browser = practice.signed_in(role)
    for name in ("card", "about", "edit", "versions", "alert_new", "person_new"):
        answer = browser.get(at(name, client_id=alerted.id))
        assert answer.status_code == 200, name
        page = answer.content.decode()
        assert CLINICAL not in page, name
        assert "See clinician" in page, name
        assert "Needs a ramp" in page, name
    for name in ("alert_end", "alert_resume"):
        alert = alerted.alerts.first()
        answer = browser.post(at(name, client_id=alerted.id, alert_id=alert.id))
        assert answer.status_code == 403
        assert CLINICAL not in answer.content.decode()
    assert CLINICAL not in browser.post(reverse("clients:list"), {"q": CLINICAL}).content.decode().replace(
        f'value="{CLINICAL}"', ""
    )
    assert ids["client_id"] == alerted.id


def test_a_refused_end_of_a_clinical_alert_is_one_entry(practice, alerted):
    browser = practice.signed_in("front_desk")
    before = Entry.objects.count()
    browser.post(at("alert_end", client_id=alerted.id, alert_id=alerted.alerts.first().id))
    entry = Entry.objects.newest_first().first()
    assert Entry.objects.count() == before + 1
    assert (entry.result, entry.client_id, entry.fields) == ("refused", alerted.id, "records.view")


def test_a_reveal_is_its_own_entry_and_shows_one_value(practice, client_card):
    browser = practice.signed_in("front_desk")
    before = Entry.objects.count()
    answer = browser.post(at("reveal", client_id=client_card.id, what="phone-0"))
    assert answer.content.decode() == "+1 415-555-0123"
    entry = Entry.objects.newest_first().first()
    assert Entry.objects.count() == before + 1
    assert (entry.event, entry.client_id, entry.fields) == (
        "clients.contact.revealed",
        client_card.id,
        "phones",
    )
    assert (
        browser.post(at("reveal", client_id=client_card.id, what="email-0")).content.decode()
        == "cat@example.org"
    )
    for nothing in ("phone-1", "email-9", "address-0x", "phone", "born-0", "phone--1"):
        assert browser.post(at("reveal", client_id=client_card.id, what=nothing)).status_code == 404, nothing
    assert browser.get(at("reveal", client_id=client_card.id, what="phone-0")).status_code == 405


def test_what_is_revealed_is_escaped(practice):
    client = actions.create_client(
        practice.actor("owner"),
        directory={"given": "A", "family": "B", "emails": ['"<script>alert(1)</script>"@example.org']},
    )
    answer = practice.signed_in("owner").post(at("reveal", client_id=client.id, what="email-0"))
    assert b"<script>" not in answer.content
    assert b"&lt;script&gt;" in answer.content


def test_a_linked_persons_contacts_are_masked_and_revealed_by_their_own_entry(practice):
    ids = samples(practice)
    browser = practice.signed_in("manager")
    page = browser.get(at("about", client_id=ids["client_id"])).content.decode()
    assert "Dr Sample" in page
    assert "555-0198" not in page
    url = at("reveal_person", client_id=ids["client_id"], person_id=ids["person_id"], contact="phone")
    assert browser.post(url).content.decode() == "+1 415-555-0198"
    assert Entry.objects.newest_first().first().fields == "person_phone"
    other = at("reveal_person", client_id=ids["client_id"], person_id=ids["alert_id"], contact="phone")
    assert browser.post(other).status_code == 404


def test_a_person_of_another_client_is_not_found(practice, client_card):
    ids = samples(practice)
    browser = practice.signed_in("owner")
    assert browser.get(at("person", client_id=client_card.id, person_id=ids["person_id"])).status_code == 404
    assert (
        browser.post(at("alert_end", client_id=client_card.id, alert_id=ids["alert_id"])).status_code == 404
    )


def test_a_minor_without_a_guardian_is_said_in_the_band(practice):
    child = actions.create_client(
        practice.actor("owner"), directory={"given": "Kim", "family": "A", "born": "2020-01-01"}
    )
    browser = practice.signed_in("front_desk")
    page = browser.get(at("card", client_id=child.id)).content.decode()
    assert "No guardian is linked" in page
    assert "Under 18" in page


@pytest.mark.parametrize("role", ["practitioner", "front_desk"])
def test_a_card_takes_few_queries(practice, alerted, role, django_assert_max_num_queries, settings):
    settings.ALCOVE_CARD = []
    browser = practice.signed_in(role)
    browser.get(at("card", client_id=alerted.id))
    with django_assert_max_num_queries(12):
        browser.get(at("card", client_id=alerted.id))


# Hiding ------------------------------------------------------------------------------------------------------------


def test_a_client_is_hidden_and_brought_back(practice, client_card):
    from alcove.clinic.clients.queries import directory

    directory.load_now()
    owner, desk = practice.signed_in("owner"), practice.signed_in("front_desk")
    assert desk.post(at("hide", client_id=client_card.id)).status_code == 403
    assert owner.post(at("hide", client_id=client_card.id)).status_code == 302
    assert "Catherine" not in desk.get(reverse("clients:list")).content.decode()
    assert "Catherine" not in desk.post(reverse("clients:list"), {"q": "cat@example.org"}).content.decode()
    assert desk.get(reverse("clients:list") + "?show=hidden").status_code == 403
    assert "Catherine" in owner.get(reverse("clients:list") + "?show=hidden").content.decode()
    assert "in no list" in owner.get(at("card", client_id=client_card.id)).content.decode()
    assert owner.post(at("hide", client_id=client_card.id)).status_code == 409
    assert owner.post(at("unhide", client_id=client_card.id)).status_code == 302
    assert "Catherine" in desk.get(reverse("clients:list")).content.decode()
