"""The chart's lists: typed, checked, struck, never lost."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from alcove.clinic.clients.queries.history import before_version
from alcove.clinic.records import actions, queries
from alcove.clinic.records.models import Item
from alcove.clinic.records.models.content import KINDS, Allergy, Medication
from alcove.clinic.records.queries.observations import number
from alcove.clinic.records.tests import make
from alcove.clinic.records.tests.test_notes import stored
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Version
from alcove.security.audit.models import Entry


def posted(kind, **fields):
    return {"name": "Something", "value": "1"} | fields


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_is_added_and_changed_by_its_form(practice, nurse, chart, at, kind):
    browser = practice.signed_in("practitioner")
    assert browser.get(at("item_add", kind=kind)).status_code == 200
    added = browser.post(at("item_add", kind=kind), posted(kind, name="First name"))
    assert added.status_code == 302, added.content.decode()[-3000:]
    item = Item.objects.get()
    assert (item.kind, item.entry.name, item.is_verified) == (kind, "First name", True)
    page = browser.get(at("item", item_id=item.id))
    assert page.status_code == 200
    changed = browser.post(
        at("item", item_id=item.id), posted(kind, name="Second name", version=item.version)
    )
    assert changed.status_code == 302
    assert Item.objects.get().entry.name == "Second name"
    assert Version.objects.get(object_id=item.pk).before["content"]["name"] == "First name"
    versions = browser.get(at("versions", what="item", row_id=item.id)).content.decode()
    assert "First" in versions
    assert "Second" in versions
    assert b"name" not in stored("records_item", item.pk)


def test_bad_input_is_named_and_nothing_typed_is_lost(practice, nurse, chart, at):
    browser = practice.signed_in("practitioner")
    answer = browser.post(
        at("item_add", kind="medication"),
        {"name": " ", "dose": "Two each evening", "start": "2026-02-01", "end": "2025-01-01"},
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Fill this in." in text
    assert "lies before the first date" in text
    assert "Two each evening" in text
    assert not Item.objects.exists()


def test_a_form_sent_twice_adds_one_entry(practice, nurse, chart, at):
    from alcove.security.vault.ids import uuid7

    browser, row = practice.signed_in("practitioner"), str(uuid7())
    for _ in range(2):
        assert browser.post(at("item_add", kind="allergy"), {"name": "Latex", "row": row}).status_code == 302
    assert Item.objects.count() == 1


def test_a_stale_form_gets_both_texts(practice, nurse, chart, at):
    item = make.item(nurse, chart, kind="medication", name="Ibuprofen", dose="400 mg")
    browser = practice.signed_in("practitioner")
    assert (
        browser.post(
            at("item", item_id=item.id), {"name": "Ibuprofen", "dose": "600 mg", "version": 1}
        ).status_code
        == 302
    )
    stale = browser.post(at("item", item_id=item.id), {"name": "Ibuprofen", "dose": "200 mg", "version": 1})
    assert stale.status_code == 409
    assert "600 mg" in stale.content.decode()
    assert "200 mg" in stale.content.decode()
    assert Item.objects.get().entry.dose == "600 mg"


def test_what_a_form_does_not_show_is_not_lost(practice, nurse, chart, at):
    parts = [
        {"name": "Systolic", "value": "120", "unit": "mm[Hg]"},
        {"name": "Diastolic", "value": "80", "unit": "mm[Hg]"},
    ]
    item = make.item(
        nurse,
        chart,
        kind="observation",
        name="Blood pressure",
        parts=parts,
        start="2020-05-01T10:00:00-04:00",
        flag="H",
        system="urn:odd",
    )
    browser = practice.signed_in("practitioner")
    page = browser.get(at("item", item_id=item.id)).content.decode()
    assert "2020-05-01T10:00:00-04:00" in page
    assert "urn:odd" in page
    typed = {
        "name": "Blood pressure, sitting",
        "start": "2020-05-01T10:00:00-04:00",
        "system": "urn:odd",
        "version": 1,
    }
    assert browser.post(at("item", item_id=item.id), typed).status_code == 302
    entry = Item.objects.get().entry
    assert entry == replace(item.entry, name="Blood pressure, sitting")


def test_a_struck_entry_stays_readable_and_is_not_changed_any_more(practice, nurse, chart, at):
    item = make.item(nurse, chart)
    browser = practice.signed_in("practitioner")
    assert (
        browser.post(
            at("item_strike", item_id=item.id), {"version": 1, "reason": "entered twice"}
        ).status_code
        == 302
    )
    text = browser.get(at("chart")).content.decode()
    assert "1 struck" in text
    assert "Lidocaine" in text
    assert "High-risk" not in text
    for route in ("item_strike", "item"):
        answer = browser.post(at(route, item_id=item.id), {"name": "Else", "version": 2})
        assert answer.status_code == 409
        assert "was struck" in answer.content.decode()
    entry = Entry.objects.get(event="records.item.struck")
    assert entry.fields == "struck_at"
    assert b"entered twice" not in bytes(entry.reason)


# Unverified (CLN-08) ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["patient", "import"])
def test_what_patients_and_imports_enter_is_unverified_until_checked(practice, nurse, chart, at, source):
    item = make.item(nurse, chart, name="Penicillin", source=source)
    assert not item.is_verified
    browser = practice.signed_in("practitioner")
    page = browser.get(at("chart")).content.decode()
    assert "To check" in page
    assert "Unverified" in page
    assert "Penicillin (unverified)" in page
    assert (
        browser.post(at("item_check", item_id=item.id), {"verdict": "accept", "version": 1}).status_code
        == 302
    )
    kept = Item.objects.get()
    assert kept.is_verified
    assert kept.checked_by == nurse.id
    assert "To check" not in browser.get(at("chart")).content.decode()
    again = browser.post(at("item_check", item_id=item.id), {"verdict": "accept"})
    assert again.status_code == 409


def test_a_correction_keeps_both_versions(practice, nurse, chart, at):
    item = make.item(nurse, chart, name="Penicilin", source="patient")
    browser = practice.signed_in("practitioner")
    assert browser.post(at("item", item_id=item.id), {"name": "Penicillin", "version": 1}).status_code == 302
    kept = Item.objects.get()
    assert (kept.entry.name, kept.is_verified, kept.source) == ("Penicillin", True, "patient")
    assert Version.objects.get(object_id=item.pk).before["content"]["name"] == "Penicilin"
    page = browser.get(at("versions", what="item", row_id=item.id)).content.decode()
    assert "Penicilin" in page


def test_a_rejected_entry_is_struck_and_stays_unverified(practice, nurse, chart, at):
    item = make.item(nurse, chart, name="Penicillin", source="patient")
    assert (
        practice.signed_in("practitioner")
        .post(at("item_check", item_id=item.id), {"verdict": "reject"})
        .status_code
        == 302
    )
    kept = Item.objects.get()
    assert kept.struck_at
    assert not kept.is_verified
    assert kept.checked_by == nurse.id
    page = practice.signed_in("practitioner").get(at("chart")).content.decode()
    assert "rejected by Practitioner Tester" in page


def test_checking_needs_its_own_right(practice, nurse, chart):
    from dataclasses import replace as as_other

    from alcove.clinic.records.policy import Records

    item = make.item(nurse, chart, source="patient")
    without = as_other(nurse, rights=nurse.rights - {Records.VERIFY.key})
    with pytest.raises(Refused):
        actions.accept_item(without, item)
    with pytest.raises(Refused):
        actions.change_item(without, item, entry=Allergy(name="Changed"))
    assert not Item.objects.get().is_verified


def test_an_entry_of_another_kind_is_refused(nurse, chart):
    with pytest.raises(ValueError):
        actions.add_item(nurse, chart, kind="allergy", entry=Medication(name="x"))


def test_current_allergies_stand_in_the_band_and_past_ones_do_not(nurse, chart):
    make.item(nurse, chart, name="Lidocaine", criticality="high", reaction="hives")
    make.item(nurse, chart, name="Latex")
    make.item(nurse, chart, name="Milk", end="2001-01-01")
    make.item(nurse, chart, name="Pollen", status="resolved")
    lines = [(line.severity, line.title, line.text) for line in queries.card(nurse, chart).band]
    assert lines == [("critical", "High-risk allergy", "Lidocaine, hives"), ("warning", "Allergy", "Latex")]


# Values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        (" 5.50 ", 5.5),
        ("5,5", 5.5),
        ("-1", -1),
        ("<5", None),
        ("5 mg", None),
        ("1e9", None),
        ("٣", None),
        ("9" * 40, None),
        ("", None),
        ("NaN", None),
    ],
)
def test_only_plain_figures_are_numbers(text, value):
    found = number(text)
    assert found is None if value is None else found == value


def test_repeated_values_of_one_code_and_unit_are_one_line(nurse, chart):
    for on, value, unit in (
        ("2024-01-01", "70", "kg"),
        ("2025-01-01", "71.5", "kg"),
        ("2025-06-01", "155", "[lb_av]"),
    ):
        make.item(
            nurse,
            chart,
            kind="observation",
            name="Weight",
            code="29463-7",
            system="http://loinc.org",
            start=on,
            value=value,
            unit=unit,
        )
    groups = queries.observations.observations(nurse, chart)
    drawn = [panel for group in groups for panel in group.drawn]
    assert [[str(value) for _, value in panel.series[0].points] for panel in drawn] == [["70", "71.5"]]
    assert [panel.last for group in groups for panel in group.single] == ["155 lb_av"]


def test_blood_pressure_is_two_lines_in_one_chart(practice, nurse, chart, at):
    for on, high, low in (("2024-01-01", "120", "80"), ("2025-01-01", "130", "85")):
        parts = [
            {"name": "Systolic", "value": high, "unit": "mm[Hg]", "high": "125"},
            {"name": "Diastolic", "value": low, "unit": "mm[Hg]"},
        ]
        make.item(nurse, chart, kind="observation", name="Blood pressure", start=on, parts=parts)
    (group,) = queries.observations.observations(nurse, chart)
    (panel,) = group.drawn
    assert panel.last == "130 / 85 mmHg"
    (drawing,) = panel.drawings
    assert len(drawing.lines) == 2
    page = practice.signed_in("practitioner").get(at("observations")).content.decode()
    assert "Systolic 130 mmHg" in page
    assert "Diastolic 85 mmHg" in page
    assert "High" in page


def test_values_missing_in_one_part_stay_in_their_row(nurse, chart):
    for on, parts in (
        ("2024-01-01", [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
        ("2025-01-01", [{"name": "B", "value": "4"}]),
    ):
        make.item(nurse, chart, kind="observation", name="Panel", start=on, parts=parts)
    ((panel,),) = [(*group.drawn, *group.single) for group in queries.observations.observations(nurse, chart)]
    assert [[value and value.shown for value in values] for _, values in panel.rows] == [
        [None, "4"],
        ["1", "2"],
    ]


# Versions (AUD-08) ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_random_edits_are_rebuilt_to_any_earlier_state(nurse, chart, seed):
    random.seed(seed)
    item = make.item(nurse, chart, kind="medication", name="A", source="patient")
    states = {item.version: (dict(item.content), item.is_verified, item.struck_at)}
    for _ in range(15):
        fields = {
            name: random.choice(["", "x", "ü\U0001f600", "\udc80", "long " * 50])
            for name in ("dose", "reason", "note", "end")
        }
        try:
            actions.change_item(nurse, item, entry=replace(item.entry, **fields, name=random.choice("ABC")))
        except Conflict:
            continue
        states[item.version] = (dict(item.content), item.is_verified, item.struck_at)
    actions.strike_item(nurse, item)
    now = Item.objects.get()
    for version, (content, is_verified, struck_at) in states.items():
        then = before_version(nurse, now, version)
        assert (then["content"], then["is_verified"], then["struck_at"]) == (
            content,
            is_verified,
            struck_at,
        ), version
    assert len(states) > 5
