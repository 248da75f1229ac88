"""Every page and every door, asked by outsiders without a sensitive entry and with one: the answers are equal."""

from __future__ import annotations

import json
import random
import re

import pytest
from django.urls import reverse

from alcove.clinic.clients.queries import directory
from alcove.clinic.records import actions
from alcove.clinic.records.models import Item, Note
from alcove.clinic.records.models.content import KINDS
from alcove.clinic.records.tests import make
from alcove.clinic.records.tests.hiding import mark
from alcove.clinic.records.views import typesetting
from alcove.project.prove.walking import doors, samples
from alcove.security.access.audiences import Category, Mark
from alcove.security.access.models import Audience
from alcove.security.vault.ids import uuid7

OUTSIDERS = ("owner", "prescriber", "front_desk")
OWN = re.compile(r"^/(compliance/log/|account/|setup/(people|reviews|devices))")
"""Pages that tell of the asking itself: the officer's log, sessions last used, when somebody was last seen."""
PASSING = re.compile(
    rb'[0-9a-f]{10}|name="csrf[^>]*>|name="(?:row|pen|began)"[^>]*>|value="[\w:=-]{40,}"|<time.*?</time>|\d\d:\d\d'
    rb'|<span class="(?:printed|countdown)".*?</span>|<ul class="traffic">.*?</ul>|/ID \[.*?\]|\(D:[^)]*\)'
    rb"|[0-9a-f]{8}-[0-9a-f-]{27}",
    re.DOTALL,
)
POSTS = ("item", "item_strike", "item_check", "note", "draft", "sign", "amend", "discard", "document_strike")


@pytest.fixture
def record(practice, nurse, client_card):
    """A client with an ordinary record, and everybody's door to it."""
    directory.load_now()
    with make.opened(nurse, client_card):
        visit = make.visit(nurse, client_card)
        make.signed(nurse, client_card, visit=visit)
        for kind in ("allergy", "medication", "condition", "procedure"):
            make.item(nurse, client_card, kind, name=f"Ordinary {kind}", visit=visit)
        for day in (1, 2):
            make.item(
                nurse,
                client_card,
                "observation",
                name="Weight",
                value="61",
                unit="kg",
                start=f"2026-01-0{day}",
            )
        make.document(nurse, client_card)
    return client_card


def hide(nurse, client, seed):
    """Put any number of sensitive entries of every kind into a record, some made so and some marked later."""
    chance = random.Random(seed)
    made = []
    with make.opened(nurse, client):
        from alcove.clinic.records.models import Visit

        visit = Visit.objects.filter(client=client).first()
        for _ in range(chance.randint(2, 5)):
            kind = chance.choice([one for one in KINDS if one != "allergy"])
            values = {"value": str(chance.randint(1, 9)), "unit": "kg"} if kind == "observation" else {}
            name = chance.choice(["Weight", "Ordinary condition", "Termination of pregnancy"])
            later = chance.random() < 0.5
            where = visit if chance.random() < 0.5 else None
            item = actions.add_item(
                nurse, client, kind=kind, visit=where, source=chance.choice(["staff", "import"]),
                entry=KINDS[kind](name=name, start="2026-02-01", **values),
                sensitive=None if later else Mark(Category.REPRODUCTIVE),
            )  # fmt: skip
            if chance.random() < 0.4:
                actions.change_item(
                    nurse, item, entry=item.entry.of({"name": name, "note": "changed", **values})
                )
            if chance.random() < 0.3:
                actions.strike_item(nurse, Item.objects.get(pk=item.pk))
            if later:
                mark(nurse, Item.objects.get(pk=item.pk))
            made.append(item)
        for state in ("draft", "signed", "amended"):
            later = chance.random() < 0.5
            note = actions.begin_note(
                nurse,
                client,
                template="free",
                visit=visit,
                sensitive=None if later else Mark(Category.MENTAL),
            )
            actions.keep_draft(nurse, note, title="Termination", body={"text": "Talked about it"})
            if state != "draft":
                actions.sign_note(nurse, note)
            if state == "amended":
                actions.amend_note(nurse, note, text="And again", reason="She called later")
            if later:
                mark(nurse, Note.objects.get(pk=note.pk))
            made.append(note)
        made.append(make.document(nurse, client, sensitive=Mark(Category.INTIMATE)))
    return made


def urls(practice, client):
    """Every route that answers GET, filled for this client; the officer's log and one's own sessions apart."""
    values = samples(practice) | {"client_id": client.id}
    found = [door for door in doors(values) if door.guard.kind == "guard" and "GET" in door.guard.needs]
    nurse = practice.person("practitioner").id
    extra = [
        reverse("clients:access_log", args=[client.id]) + f"?person={nurse}",
        reverse("clients:access", args=[client.id]) + f"?person={nurse}",
        reverse("records:notes", args=[client.id]) + "?page=2",
        reverse("records:history", args=[client.id]) + "?page=2",
        "/clients/?show=hidden",
    ]
    return [door.url for door in found if not OWN.match(door.url)] + extra


def ask(browser, places):
    found = {}
    for url in places:
        answer = browser.get(url)
        content = b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)
        found[url] = (answer.status_code, PASSING.sub(b"", content))
    return found


def test_every_page_answers_outsiders_as_if_there_were_no_entry(practice, nurse, record, monkeypatch):
    # What is typeset is compared, not the file, which carries the moment it was made in many places.
    monkeypatch.setattr(typesetting, "pdf", lambda *data: json.dumps(data, default=str).encode())
    places = urls(practice, record)
    browsers = {role: practice.signed_in(role) for role in OUTSIDERS}
    for browser in browsers.values():
        ask(browser, places)
    before = {role: ask(browser, places) for role, browser in browsers.items()}
    again = ask(browsers["owner"], places)
    # What differs by itself are the log of the client, and the month's figures of all, in which the asking stands; a
    # bill of materials says when it was made.
    unsteady = {url for url in places if again[url] != before["owner"][url]}
    moving = {reverse("compliance:reviews"), reverse("releases:bill")}
    assert unsteady <= {reverse("clients:access_log", args=[record.id])} | moving
    own = [url for url in places if str(record.id) in url]
    for seed, asked in enumerate((places, own, own)):
        hide(nurse, record, seed)
        for role, browser in browsers.items():
            for url, answer in ask(browser, [one for one in asked if one not in unsteady]).items():
                assert answer == before[role][url], (seed, role, url)
    # The questions are not blind: whoever is of the audience is told.
    inside = ask(practice.signed_in("practitioner"), [reverse("records:notes", args=[record.id])])
    assert all(b"Termination" in content for _, content in inside.values())


@pytest.mark.parametrize("role", ["prescriber", "owner"])
def test_a_hidden_rows_own_addresses_answer_as_those_of_no_row(practice, nurse, record, role):
    made = hide(nurse, record, 7)
    browser = practice.signed_in(role)
    at = {"client_id": record.id}
    for row in made:
        words = {
            "Item": ("item", "item_id"),
            "Note": ("note", "note_id"),
            "Document": ("document", "document_id"),
        }
        what, name = words[type(row).__name__]
        tried = 0
        for row_id, found in ((row.pk, {}), (uuid7(), None)):
            answers = found if found is not None else {}
            for route in ("versions", "audience"):
                answers[route] = browser.get(
                    reverse(f"records:{route}", kwargs=at | {"what": what, "row_id": row_id})
                )
            for route in ("audience", "audience_lift"):
                url = reverse(f"records:{route}", kwargs=at | {"what": what, "row_id": row_id})
                answers[f"post {route}"] = browser.post(url, {"category": "sexual"})
            answers["get"] = browser.get(reverse(f"records:{what}", kwargs=at | {name: row_id}))
            for route in POSTS:
                try:
                    url = reverse(f"records:{route}", kwargs=at | {name: row_id})
                except Exception:
                    continue
                answers[f"post {route}"] = browser.post(url, {"reason": "Because of this", "text": "words"})
            said = {key: (one.status_code, PASSING.sub(b"", one.content)) for key, one in answers.items()}
            if tried:
                assert said == first  # noqa: F821 - made in the first round
            first, tried = said, tried + 1
        assert first["get"][0] == (403 if (role, what) == ("owner", "item") else 404)
    assert Item.everything.filter(pk__in=[one.pk for one in made], version__gt=3).count() == 0


def test_a_form_sent_with_a_hidden_rows_id_adds_an_entry_like_any_other(practice, nurse, doctor, record):
    with make.opened(nurse, record):
        item = make.item(nurse, record, "condition", name="Depression")
        mark(nurse, item)
    browser = practice.signed_in("prescriber")
    url = reverse("records:item_add", kwargs={"client_id": record.id, "kind": "condition"})
    answer = browser.post(url, {"name": "Rosacea", "row": str(item.pk)})
    assert answer.status_code == 302
    with make.opened(doctor, record):
        assert [one.content["name"] for one in Item.objects.filter(kind="condition").order_by("created_at")][
            -1
        ] == "Rosacea"


@pytest.fixture
def doctor(practice):
    return practice.actor("prescriber")


# Pages of the audience ------------------------------------------------------------------------------------------------


def page(browser, route, **ids):
    return browser.get(reverse(f"records:{route}", kwargs=ids))


def test_a_note_begins_sensitive_is_given_readers_and_lifted(practice, nurse, doctor, record):
    browser, other = practice.signed_in("practitioner"), practice.signed_in("prescriber")
    at = {"client_id": record.id}
    answer = browser.post(
        reverse("records:notes", kwargs=at), {"template": "free", "sensitive": "mental_health"}
    )
    note = Note.everything.latest("written_at")
    assert answer.url.startswith(reverse("records:note", kwargs=at | {"note_id": note.id}))
    shown = browser.get(answer.url).content.decode()
    assert "Mental health" in shown and nurse.name in shown and "For everyone else it is not there" in shown
    with make.opened(nurse, record):
        actions.sign_note(nurse, Note.objects.get(pk=note.pk), body={"text": "Talked"})
    url = reverse("records:audience", kwargs=at | {"what": "note", "row_id": note.id})
    assert other.get(url).status_code == 404
    form = browser.get(url)
    assert form.status_code == 200 and doctor.name in form.content.decode()
    said = {"version": "1", "category": "mental_health", "people": [str(doctor.id)]}
    assert browser.post(url, said | {"version": "0"}).status_code == 409
    assert browser.post(url, said | {"category": "weather"}).status_code == 422
    assert browser.post(url, said | {"people": [str(uuid7())]}).status_code == 422
    assert browser.post(url, said).status_code == 302
    assert "Talked" in other.get(reverse("records:note", kwargs=at | {"note_id": note.id})).content.decode()
    listed = other.get(reverse("records:notes", kwargs=at)).content.decode()
    assert f"Read by {nurse.name}, {doctor.name}" in listed
    access = other.get(reverse("clients:access", kwargs=at)).content.decode()
    assert "Sensitive entries that you read" in access
    lift = reverse("records:audience_lift", kwargs=at | {"what": "note", "row_id": note.id})
    assert other.post(lift).status_code == 302
    assert not Audience.everything.exists()
    assert browser.post(lift).status_code == 409


def test_whoever_takes_themselves_off_lands_on_the_list(practice, nurse, doctor, record):
    with make.opened(nurse, record):
        note = make.signed(nurse, record)
        mark(nurse, note, people={doctor.id})
    url = reverse("records:audience", kwargs={"client_id": record.id, "what": "note", "row_id": note.id})
    answer = practice.signed_in("prescriber").post(url, {"version": "1", "category": "sexual"})
    assert answer.url.startswith(reverse("records:notes", kwargs={"client_id": record.id}))


def test_items_and_documents_are_made_sensitive_in_their_forms(practice, nurse, record):
    browser, at = practice.signed_in("practitioner"), {"client_id": record.id}
    url = reverse("records:item_add", kwargs=at | {"kind": "medication"})
    answer = browser.post(url, {"name": "Estradiol", "sensitive": "gender_affirming"})
    item = Item.everything.latest("created_at")
    assert answer.url.startswith(reverse("records:audience", kwargs=at | {"what": "item", "row_id": item.id}))
    assert item.is_sensitive
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("letter.pdf", make.PDF)
    answer = browser.post(reverse("records:documents", kwargs=at), {"file": file, "sensitive": "intimate"})
    assert "/audience/document/" in answer.url
    form = browser.get(reverse("records:item_add", kwargs=at | {"kind": "allergy"})).content.decode()
    assert 'name="sensitive"' not in form
    assert browser.post(url, {"name": "Estradiol", "sensitive": "weather"}).status_code == 422


def test_the_mark_of_an_allergy_is_not_offered(practice, nurse, record):
    item = Item.objects.filter(kind="allergy").first()
    url = reverse("records:audience", kwargs={"client_id": record.id, "what": "item", "row_id": item.id})
    browser = practice.signed_in("practitioner")
    assert "red band" in browser.get(url).content.decode()
    assert browser.post(url, {"category": "sexual"}).status_code == 409


def test_emergency_access_to_an_open_record_is_for_sensitive_entries(practice, nurse, record):
    with make.opened(nurse, record):
        note = make.signed(nurse, record)
        mark(nurse, note)
    browser = practice.signed_in("prescriber")
    url = reverse("clients:break_glass", args=[record.id])
    said = {"reason": "Collapsed, nobody knows of what"}
    assert browser.post(url, said).status_code == 409
    assert page(browser, "note", client_id=record.id, note_id=note.id).status_code == 404
    assert browser.post(url, said | {"sensitive": "on"}).status_code == 302
    assert page(browser, "note", client_id=record.id, note_id=note.id).status_code == 200
