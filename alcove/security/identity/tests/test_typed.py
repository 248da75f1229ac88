"""Text that was typed when the screen locked comes back, sealed meanwhile, to whoever typed it and to nobody else."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.models import Restriction
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import tasks
from alcove.security.identity.models import Session, Typed
from alcove.security.vault.errors import RecordLocked
from alcove.security.vault.keyring import keyring

SECRET = "zimtelbruna the beekeeper"
NEW = "/clients/new/"


def put(browser, page, fields, client=None, **more):
    url = f"/typed/{client.id}/" if client else "/typed/"
    return browser.post(url, {"page": page, "content": json.dumps(fields), **more})


def edit(client):
    return f"/clients/{client.id}/edit/"


def kept_in(answer):
    """Return the fields that stand in a page to be put back; None if there are none."""
    found = re.search(r'data-kept="([^"]*)"', answer.content.decode())
    return json.loads(html.unescape(found[1])) if found else None


def stored():
    """Return all that lies in the table, as bytes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM identity_typed")
        return b"|".join(
            bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
            for row in cursor.fetchall()
            for value in row
        )


# Coming back ------------------------------------------------------------------------------------------------------


def test_what_was_typed_about_a_client_comes_back_on_its_page(practice, client_card):
    browser = practice.signed_in("front_desk")
    page = edit(client_card)
    assert kept_in(browser.get(page)) is None
    assert put(browser, page, {"note": [SECRET], "phones": ["1", "2"]}, client_card).status_code == 200
    assert kept_in(browser.get(page)) == {"note": [SECRET], "phones": ["1", "2"]}
    put(browser, page, {"note": ["newer"]}, client_card)
    assert kept_in(browser.get(page)) == {"note": ["newer"]}
    assert Typed.objects.count() == 1


def test_what_was_typed_about_nobody_yet_comes_back_too(practice):
    browser = practice.signed_in("front_desk")
    assert put(browser, NEW, {"given": [SECRET]}).status_code == 200
    assert kept_in(browser.get(NEW)) == {"given": [SECRET]}


def test_it_survives_the_lock_and_the_session(practice, client_card):
    browser = practice.signed_in("front_desk")
    put(browser, edit(client_card), {"note": [SECRET]}, client_card)
    locked = browser.post("/lock/", {"next": edit(client_card)})
    assert locked.headers["Location"].startswith("/locked/?next=")
    assert SECRET not in browser.get(locked.headers["Location"]).content.decode()
    with writing("test"):
        Session.objects.update(ended_at=timezone.now())
    assert kept_in(practice.signed_in("front_desk").get(edit(client_card))) == {"note": [SECRET]}


def test_unlocking_leads_back_to_the_page_and_nowhere_else(practice, client_card):
    from alcove.security.identity import passwords
    from alcove.security.identity.models import DevicePin

    browser = practice.signed_in("front_desk")
    person = practice.person("front_desk")
    with writing("test"):
        DevicePin.objects.create(device=practice.device(), person=person, digest=passwords.hashed("482915"))
    for path, on in (
        (edit(client_card), edit(client_card)),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
    ):
        locked = browser.post("/lock/", {"next": path}).headers["Location"]
        page = browser.get(locked).content.decode()
        assert f'name="next" value="{on}"' in page
        assert browser.post("/locked/", {"pin": "482915", "next": path}).headers["Location"] == on


# Sealed, and one's own --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["front_desk", "practitioner"])
def test_nothing_of_it_lies_readable_in_the_database_or_the_log(practice, client_card, role):
    put(practice.signed_in(role), edit(client_card), {"note": [SECRET]}, client_card)
    put(practice.signed_in(role), NEW, {"given": [SECRET]})
    assert SECRET.encode() not in stored()
    entries = Entry.objects.filter(event="identity.typed.kept")
    assert {entry.client_id for entry in entries} == {client_card.id, None}
    assert not any("zimtel" in entry.fields + entry.object for entry in entries)


def test_it_opens_by_the_clients_key_only(practice, client_card):
    put(practice.signed_in("practitioner"), edit(client_card), {"note": [SECRET]}, client_card)
    row = Typed.objects.get()
    with keyring(), pytest.raises(RecordLocked):
        assert row.content


def test_what_a_clinician_typed_lies_in_the_records_half(practice, client_card):
    put(practice.signed_in("practitioner"), edit(client_card), {"note": [SECRET]}, client_card)
    put(practice.signed_in("front_desk"), edit(client_card), {"note": [SECRET]}, client_card)
    halves = {
        row.person.name: (row.__dict__["content"] is not None, row.__dict__["directory_content"] is not None)
        for row in Typed.objects.select_related("person")
    }
    assert halves == {"Practitioner Tester": (True, False), "Front Desk Tester": (False, True)}


def test_nobody_elses_text_comes_back(practice, client_card):
    put(practice.signed_in("front_desk"), edit(client_card), {"note": [SECRET]}, client_card)
    assert kept_in(practice.signed_in("manager").get(edit(client_card))) is None
    forgetting = practice.signed_in("manager").post(
        f"/typed/{client_card.id}/", {"page": edit(client_card), "forget": "yes"}
    )
    assert forgetting.status_code == 409 and Typed.objects.count() == 1


def test_who_may_not_open_the_client_keeps_nothing_of_it(practice, client_card):
    assert (
        put(practice.signed_in("marketing"), edit(client_card), {"note": ["x"]}, client_card).status_code
        == 403
    )
    nurse = practice.signed_in("practitioner")
    put(nurse, edit(client_card), {"note": [SECRET]}, client_card)
    with writing("test"):
        Restriction.objects.create(client_id=client_card.id)
    assert nurse.get(edit(client_card)).status_code == 404
    assert put(nurse, edit(client_card), {"note": ["x"]}, client_card).status_code == 404


def test_a_page_of_another_client_or_of_nobody_is_refused(practice, client_card):
    other = practice.client("Other", "Person", born="1990-01-01")
    browser = practice.signed_in("front_desk")
    for page in (edit(other), NEW, "/no/such/page/", "https://evil.example/", "/" + "x" * 300):
        assert put(browser, page, {"note": ["x"]}, client_card).status_code == 404, page
    assert put(browser, edit(client_card), {"note": ["x"]}).status_code == 404
    assert put(browser, "", {"note": ["x"]}).status_code == 422
    assert not Typed.objects.exists()


# Its end ----------------------------------------------------------------------------------------------------------


def test_saving_the_form_ends_it_and_a_refused_form_does_not(practice):
    browser = practice.signed_in("front_desk")
    put(browser, NEW, {"given": [SECRET]})
    assert browser.post(NEW, {"given": ""}).status_code == 422
    assert Typed.objects.count() == 1
    page = browser.get(NEW).content.decode()
    given = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    saved = browser.post(
        NEW,
        given
        | {"given": "Ann", "family": "Other", "born": "1990-01-01", "phone_0": "+14155550142", "anyway": "1"},
    )
    assert saved.status_code == 302
    assert not Typed.objects.exists()


def test_being_sent_to_prove_oneself_is_not_saving(practice):
    browser, person = practice.signed_in("owner"), practice.person("practitioner")
    page = f"/setup/people/{person.id}/untie/"
    put(browser, page, {"note": ["x"]})
    with writing("test"):
        Session.objects.update(proved_at=timezone.now() - timedelta(minutes=6))
    assert browser.post(page).headers["Location"].startswith("/prove-it-is-you/")
    assert Typed.objects.count() == 1


def test_it_is_thrown_away_by_a_press(practice, client_card):
    browser = practice.signed_in("front_desk")
    put(browser, edit(client_card), {"note": [SECRET]}, client_card)
    given = {"page": edit(client_card), "forget": "yes"}
    assert browser.post(f"/typed/{client_card.id}/", given).status_code == 200
    assert kept_in(browser.get(edit(client_card))) is None and not Typed.objects.exists()


def test_after_a_day_it_is_gone(practice):
    browser = practice.signed_in("front_desk")
    put(browser, NEW, {"given": [SECRET]})
    with writing("test"):
        Typed.objects.update(kept_at=timezone.now() - policy.TYPED_LIFE - timedelta(seconds=1))
    assert kept_in(browser.get(NEW)) is None
    tasks.forget_old_drafts()
    assert not Typed.objects.exists()


# Bad input --------------------------------------------------------------------------------------------------------

BAD = [
    "",
    "[]",
    "null",
    "{}",
    '{"a": "b"}',
    '{"a": [1]}',
    '{"a": {"b": []}}',
    "{",
    json.dumps({str(n): [] for n in range(201)}),
]


@pytest.mark.parametrize("content", BAD)
def test_rubbish_is_refused(practice, content):
    browser = practice.signed_in("front_desk")
    assert browser.post("/typed/", {"page": NEW, "content": content}).status_code == 422
    assert not Typed.objects.exists()


def test_too_much_is_refused_and_what_was_there_stays(practice):
    browser = practice.signed_in("front_desk")
    put(browser, NEW, {"given": [SECRET]})
    assert put(browser, NEW, {"given": ["x" * policy.TYPED_LENGTH]}).status_code == 409
    assert kept_in(browser.get(NEW)) == {"given": [SECRET]}


def test_nobody_keeps_more_pages_than_they_have_open(practice, monkeypatch):
    monkeypatch.setattr(policy, "TYPED_PAGES", 2)
    browser = practice.signed_in("owner")
    assert [put(browser, page, {"a": ["b"]}).status_code for page in (NEW, "/", "/clients/", NEW)] == [
        200,
        200,
        409,
        200,
    ]
