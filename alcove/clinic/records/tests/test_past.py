"""The client as of any past moment, and one thing put back: what was there, who changed it, and nothing more seen."""

from __future__ import annotations

from datetime import UTC, timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Client, LinkedPerson
from alcove.clinic.records import actions, queries
from alcove.clinic.records.models import Item, Note
from alcove.clinic.records.models.content import Medication
from alcove.clinic.records.tests import make
from alcove.security.access.audiences import Category, Mark, Readers
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import Version
from alcove.security.audit.models import Entry

WHY = "It was changed by mistake."


def now():
    return timezone.now()


def text(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture
def past(nurse, chart):
    return lambda at: queries.past.past(nurse, chart, at)


def named(found):
    return {one.title: one for one in found.differing}


def row(actor, client, what, row_id, at):
    return queries.past.one_row(actor, client, what, row_id, at)[0]


def put_back(actor, client, what, row_id, at, path="", seen=None):
    was = row(actor, client, what, row_id, at)
    actions.put_back(actor, client, was, path=path, seen=was.version if seen is None else seen, reason=WHY)


# As of a past moment --------------------------------------------------------------------------------------------------


def test_what_was_changed_added_and_removed_since_is_told_with_who_and_when(practice, nurse, chart, past):
    first = make.item(nurse, chart, kind="medication", name="Ibuprofen", dose="400 mg")
    gone = make.item(nurse, chart, name="Latex")
    made = now()
    actions.change_item(nurse, first, entry=Medication(name="Ibuprofen", dose="600 mg"))
    actions.strike_item(nurse, gone)
    make.item(nurse, chart, kind="condition", name="Rosacea")
    found = named(past(made))
    assert {title: one.state for title, one in found.items()} == {
        "Ibuprofen": "changed", "Latex": "gone", "Rosacea": "new",
    }  # fmt: skip
    [dose] = found["Ibuprofen"].differences
    assert (dose.then, dose.now) == ("400 mg", "600 mg")
    assert [(one.who, one.words) for one in dose.steps] == [(nurse.name, "changed an entry of the chart")]
    assert found["Latex"].steps[0].words == "struck an entry from the chart"
    assert found["Rosacea"].steps[0].who == nurse.name
    assert not past(now()).differing


def test_each_moment_between_two_changes_has_its_own_words(nurse, chart, past):
    item = make.item(nurse, chart, kind="medication", name="Ibuprofen", dose="1")
    moments = [now()]
    for dose in ("2", "3"):
        actions.change_item(nurse, item, entry=Medication(name="Ibuprofen", dose=dose))
        moments.append(now())
    said = [
        next(fact.then for fact in thing.facts if fact.path == "content.dose")
        for at in moments
        for group in past(at).groups
        for thing in group.things
    ]
    assert said == ["1", "2", "3"]


def test_before_the_card_was_made_there_was_nobody(nurse, chart, past):
    assert past(chart.created_at - timedelta(seconds=1)).card is None


def test_contacts_and_numbers_stay_covered(practice, nurse, chart, past, at):
    owner = practice.actor("owner")
    numbers = [{"kind": "Passport", "value": "X12345678"}]
    clients.change_client(
        owner, chart, directory={**chart.directory, "phones": ["+14155550101"], "numbers": numbers}
    )
    made = now()
    clients.change_client(
        owner, chart, directory={**chart.directory, "phones": ["+14155559901"], "numbers": []}
    )
    page = practice.signed_in("practitioner").get(at("past"), {"at": text(made)}).content.decode()
    assert "•••5678" in page
    for secret in ("+14155550101", "555-0101", "5550101", "5559901", "X12345678"):
        assert secret not in page
    assert {one.path for one in past(made).card.differences} == {"directory.phones", "directory.numbers"}


def test_a_draft_is_its_authors_alone_in_the_past_too(practice, nurse, chart, past):
    note = make.draft(nurse, chart, title="Only mine")
    made = now()
    other = practice.actor("prescriber")
    assert "Only mine" not in {
        one.title for group in queries.past.past(other, chart, made).groups for one in group.things
    }
    actions.discard_note(nurse, note)
    assert "Only mine" in named(past(made))
    assert not named(queries.past.past(other, chart, made))
    with pytest.raises(NotFound):
        row(other, chart, "note", note.id, made)


def test_a_sensitive_entry_is_not_there_for_those_outside(practice, nurse, chart, past):
    item = make.item(nurse, chart, kind="medication", name="Sertraline", dose="50 mg")
    made = now()
    actions.change_item(nurse, item, entry=Medication(name="Sertraline", dose="100 mg"))
    actions.mark_sensitive(nurse, Item.objects.get(pk=item.pk), wanted=Mark(Category.MENTAL, Readers()))
    other = practice.actor("prescriber")
    with make.opened(other, chart):
        assert not named(queries.past.past(other, chart, made))
        with pytest.raises(NotFound):
            row(other, chart, "item", item.id, made)
    with make.opened(nurse, chart):
        assert named(past(made))["Sertraline"].is_sensitive


# Who must not get in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["front_desk", "bookkeeper", "officer", "manager"])
def test_who_may_not_read_the_record_sees_no_past(practice, nurse, chart, at, role):
    item = make.item(nurse, chart, name="Latex")
    browser = practice.signed_in(role)
    assert browser.get(at("past")).status_code == 403
    address = at("put_back", what="item", row_id=item.id)
    assert browser.get(f"{address}?at={text(now())}").status_code == 403
    assert browser.post(f"{address}?at={text(now())}", {"reason": WHY, "version": 1}).status_code == 403


def test_another_clients_row_is_not_found(practice, nurse, chart, at):
    other = practice.client("Other", "Person")
    with make.opened(nurse, other):
        item = make.item(nurse, other, name="Latex")
    browser = practice.signed_in("practitioner")
    answer = browser.get(at("put_back", what="item", row_id=item.id) + f"?at={text(now())}")
    assert answer.status_code == 404


def test_the_owner_may_look_but_not_put_back(practice, nurse, chart):
    item = make.item(nurse, chart, name="Latex")
    made = now()
    actions.strike_item(nurse, item)
    owner = practice.actor("owner")
    with make.opened(owner, chart):
        was, thing = queries.past.one_row(owner, chart, "item", item.id, made)
        assert not thing.may_put_back
        with pytest.raises(Refused):
            actions.put_back(owner, chart, was, seen=was.version, reason=WHY)
    assert Item.objects.get().struck_at is not None


def test_looking_is_on_the_log(practice, chart, at):
    practice.signed_in("practitioner").get(at("past"))
    assert Entry.objects.filter(event="records.past.viewed", client_id=chart.id).count() == 1


# Putting back ---------------------------------------------------------------------------------------------------------


def test_one_field_of_a_card_comes_back_and_nothing_else(practice, nurse, chart):
    owner = practice.actor("owner")
    before = now()
    held = dict(chart.directory)
    clients.change_client(owner, chart, directory={**held, "given": "Wrong", "preferred": "Kept"})
    put_back(nurse, chart, "card", chart.id, before, "directory.given")
    card = Client.objects.get(pk=chart.pk)
    assert (card.given, card.preferred) == (held["given"], "Kept")
    assert (
        Version.objects.filter(object_id=chart.pk).order_by("-at").first().event == "clients.value.put_back"
    )
    assert Entry.objects.filter(event="clients.value.put_back", client_id=chart.id).exists()


def test_one_field_and_a_whole_entry_come_back(nurse, chart):
    item = make.item(nurse, chart, kind="medication", name="Ibuprofen", dose="400 mg", note="At night")
    made = now()
    actions.change_item(nurse, item, entry=Medication(name="Paracetamol", dose="1 g", note="At night"))
    put_back(nurse, chart, "item", item.id, made, "content.dose")
    assert Item.objects.get().entry == Medication(name="Paracetamol", dose="400 mg", note="At night")
    put_back(nurse, chart, "item", item.id, made)
    assert Item.objects.get().entry == Medication(name="Ibuprofen", dose="400 mg", note="At night")
    assert Version.objects.filter(object_id=item.pk).count() == 3


def test_removed_things_come_back_and_their_absence_stays_known(nurse, chart, past):
    person = clients.add_person(
        nurse, chart, details={"role": "gp", "name": "Dr Gale", "phone": "+14155550188"}
    )
    note, item, paper = (
        make.draft(nurse, chart),
        make.item(nurse, chart, name="Latex"),
        make.document(nurse, chart),
    )
    ids, made = {"person": person.id, "note": note.id, "item": item.id, "document": paper.id}, now()
    clients.remove_person(nurse, person)
    actions.discard_note(nurse, note)
    actions.strike_item(nurse, item)
    actions.strike_document(nurse, paper)
    without = now()
    for what, gone_id in ids.items():
        put_back(nurse, chart, what, gone_id, made)
    assert LinkedPerson.objects.get().details["name"] == "Dr Gale"
    assert Note.objects.get().body == {"text": "Skin calm, no swelling."}
    assert not past(made).differing
    assert {one.state for one in past(without).differing} == {"new"}
    assert len(past(without).differing) == 4


def test_a_second_press_and_a_stale_page_change_nothing(nurse, chart):
    person = clients.add_person(nurse, chart, details={"role": "gp", "name": "Dr Gale"})
    item = make.item(nurse, chart, kind="medication", name="Ibuprofen", dose="400 mg")
    ids, made = (person.id, item.id), now()
    clients.remove_person(nurse, person)
    actions.change_item(nurse, item, entry=Medication(name="Ibuprofen", dose="600 mg"))
    gone, changed = row(nurse, chart, "person", ids[0], made), row(nurse, chart, "item", ids[1], made)
    for was, seen in ((gone, 0), (changed, 2)):
        actions.put_back(nurse, chart, was, seen=seen, reason=WHY)
        with pytest.raises(Conflict):
            actions.put_back(nurse, chart, was, seen=seen, reason=WHY)
    with pytest.raises(Conflict, match="meanwhile"):
        put_back(nurse, chart, "item", item.id, made, "content.dose", seen=2)
    assert Version.objects.filter(object_id=item.pk).count() == 2


def test_a_signed_note_is_not_put_back(nurse, chart):
    note = make.draft(nurse, chart, body={"text": "First words of it."})
    made = now()
    actions.sign_note(nurse, note, body={"text": "Signed words."})
    was, thing = queries.past.one_row(nurse, chart, "note", note.id, made)
    assert not any(one.may_put_back for one in thing.facts)
    with pytest.raises(Conflict, match="signed"):
        actions.put_back(nurse, chart, was, path="body.text", seen=was.version, reason=WHY)


def test_a_rejected_entry_put_back_waits_for_its_check_again(nurse, chart):
    item = make.item(nurse, chart, name="Pollen", source="patient")
    made = now()
    actions.reject_item(nurse, item)
    put_back(nurse, chart, "item", item.id, made)
    assert Item.objects.get().is_waiting


# The pages ------------------------------------------------------------------------------------------------------------


def test_the_journey_on_the_pages(practice, nurse, chart, at):
    item = make.item(nurse, chart, kind="medication", name="Ibuprofen", dose="400 mg")
    made = now()
    actions.change_item(nurse, item, entry=Medication(name="Ibuprofen", dose="600 mg"))
    browser = practice.signed_in("practitioner")
    assert "Before this" in browser.get(at("past")).content.decode()
    page = browser.get(at("past"), {"at": text(made)}).content.decode()
    assert "1 thing differs now" in page
    address = (
        at("put_back", what="item", row_id=item.id)
        + "?"
        + urlencode({"at": text(made), "field": "content.dose"})
    )
    assert browser.get(address).status_code == 200
    short = browser.post(address, {"reason": "typo", "version": 2})
    assert short.status_code == 422
    assert "typo" in short.content.decode()
    assert browser.post(address, {"reason": WHY, "version": 2}).status_code == 302
    assert Item.objects.get().entry.dose == "400 mg"
    again = browser.post(address, {"reason": WHY, "version": 2})
    assert again.status_code == 409
    assert Item.objects.get().version == 3


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"day": ""}, "Choose a day."),
        ({"day": "yesterday"}, "Choose a day, such as"),
        ({"day": "2026-01-01", "time": "25:00"}, "Write the time as 14:30."),
        ({"day": "2999-01-01"}, "has not come yet"),
    ],
)
def test_a_moment_that_is_none_is_told_beside_its_field(practice, chart, at, asked, sentence):
    answer = practice.signed_in("practitioner").get(at("past"), asked)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_a_struck_entry_is_put_back_straight_away(practice, nurse, chart, at):
    item = make.item(nurse, chart, name="Latex")
    browser = practice.signed_in("practitioner")
    struck = browser.post(at("item_strike", item_id=item.id), {"version": 1})
    page = browser.get(struck.url).content.decode()
    undo = at("item_put_back", item_id=item.id)
    assert undo in page
    assert "Undo" in page
    assert browser.post(undo).status_code == 302
    assert Item.objects.get().struck_at is None
    assert browser.post(undo).status_code == 409
    assert undo not in browser.get(struck.url).content.decode()
