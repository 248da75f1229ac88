"""Identity numbers: covered everywhere until someone with the right says why, and covered again after 30 seconds."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import identifiers
from alcove.clinic.clients.tests.need import at
from alcove.security.access.opening import open_client
from alcove.security.audit.models import Entry
from alcove.security.vault.keyring import keyring

SSN, WHY = "078-05-1120", "Insurance form to be filled in"


@pytest.fixture
def known(practice):
    return actions.create_client(
        practice.actor("owner"),
        directory={
            "given": "Nora",
            "family": "Numbers",
            "born": "1980-05-06",
            "phones": ["+14155550177"],
            "numbers": [
                {"kind": "Social security number", "value": SSN},
                {"kind": "Client number", "value": "J-100233"},
            ],
        },
    )


def page(known, number="number-0"):
    return at("identity", client_id=known.id, number=number)


def held(practice, known):
    with keyring():
        open_client(practice.actor("owner"), known.id)
        return Client.objects.get(pk=known.id).numbers


def form_of(browser, known):
    """What the edit form sends back untouched."""
    form = browser.get(at("edit", client_id=known.id)).context["form"]
    return {name: form[name].value() or "" for name in form.fields}


@pytest.mark.parametrize(
    ("kind", "is_identity"),
    [
        ("Social security number", True), ("SSN", True), ("Passport", True), ("National ID", True),
        ("NHS number", True), ("Driver's license", True), ("Driving licence", True), ("Medicare card number", True),
        ("Health number", True), ("", True), ("Something nobody thought of", True),
        ("Client number", False), ("Medical record number", False), ("MR", False), ("Loyalty card", False),
        ("Patient number", False), ("file", False),
    ],
)  # fmt: skip
def test_a_number_counts_as_identity_unless_it_is_plainly_the_practices_own(kind, is_identity):
    assert identifiers.is_identity(kind) is is_identity


def test_only_the_last_four_signs_stay_and_of_a_short_number_none():
    assert identifiers.masked(SSN) == "•••1120"
    assert identifiers.masked("12345") == "•••"


def test_no_page_about_the_client_holds_the_number(practice, known):
    browser = practice.signed_in("owner")
    browser.post(at("edit", client_id=known.id), {**form_of(browser, known), "given": "Norah"})
    pages = [at(name, client_id=known.id) for name in ("card", "about", "edit", "versions", "access_log")]
    pages += [page(known), at("list")]
    pages += [reverse(f"records:{name}", kwargs={"client_id": known.id}) for name in ("print", "chart")]
    for url in pages:
        answer = browser.get(url)
        assert answer.status_code == 200, url
        assert SSN not in answer.content.decode(), url
    assert "•••1120" in browser.get(at("about", client_id=known.id)).content.decode()


def test_versions_hold_the_cover_when_the_number_itself_changes(practice, known):
    browser = practice.signed_in("owner")
    answer = browser.post(
        at("edit", client_id=known.id), {**form_of(browser, known), "number_0": "219-09-9999"}
    )
    assert answer.status_code == 302
    page_of = browser.get(at("versions", client_id=known.id)).content.decode()
    # The page marks what differs sign by sign: compared without its marks and blanks.
    shown = re.sub(r"<[^>]+>|end (?:removed|added)|removed:|added:|\s+", "", page_of)
    assert "078-05" not in shown and "219-09" not in shown
    assert "•••11209999" in shown


def test_it_is_shown_to_whoever_says_why_with_an_entry_and_leaves_by_itself_after_30_seconds(practice, known):
    browser = practice.signed_in("owner")
    assert browser.post(page(known), {"reason": "short"}).status_code == 422
    assert not Entry.objects.filter(event="clients.identity.shown").exists()
    answer = browser.post(page(known), {"reason": WHY})
    assert SSN in answer.content.decode()
    assert answer["Refresh"] == f"30; url={at('about', client_id=known.id)}"
    assert "no-store" in answer["Cache-Control"]
    entry = Entry.objects.get(event="clients.identity.shown")
    assert entry.client_id == known.id


def test_no_other_road_uncovers_it(practice, known):
    owner = practice.signed_in("owner")
    assert owner.post(at("reveal", client_id=known.id, what="number-0")).status_code == 404
    assert owner.post(at("reveal", client_id=known.id, what="number-1")).status_code == 200
    assert owner.get(page(known, "number-1")).status_code == 404
    assert owner.get(page(known, "number-9")).status_code == 404
    assert owner.get(page(known, "phone-0")).status_code == 404
    for role in ("front_desk", "practitioner"):
        answer = practice.signed_in(role).post(page(known), {"reason": WHY})
        assert answer.status_code == 403 and SSN not in answer.content.decode()


def test_the_form_sends_the_cover_back_and_the_number_stays(practice, known):
    browser = practice.signed_in("front_desk")
    typed = form_of(browser, known)
    assert typed["number_0"] == "•••1120"
    assert browser.post(at("edit", client_id=known.id), {**typed, "given": "Norah"}).status_code == 302
    assert held(practice, known)[0]["value"] == SSN


def test_calling_it_a_client_number_does_not_uncover_it(practice, known):
    browser = practice.signed_in("front_desk")
    typed = form_of(browser, known) | {"number_kind_0": "Client number"}
    answer = browser.post(at("edit", client_id=known.id), typed)
    assert answer.status_code == 422 and "type the whole of it again" in answer.content.decode()
    answer = browser.post(at("edit", client_id=known.id), {**form_of(browser, known), "number_1": "•••999"})
    assert answer.status_code == 422
    assert held(practice, known)[0] == {"kind": "Social security number", "value": SSN}
