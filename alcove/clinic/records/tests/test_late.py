"""Late entries: what happened before it was entered, marked so for good, with nothing overwritten."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from alcove.api.queries.bundle import bundle
from alcove.api.queries.held import held
from alcove.clinic.practice.models import Practice
from alcove.clinic.records import actions
from alcove.clinic.records.models import Note
from alcove.clinic.records.models.signatures import note_is_sound
from alcove.clinic.records.tests import make
from alcove.security.access.writes import writing


@pytest.fixture
def then():
    return (timezone.now() - timedelta(hours=5)).replace(second=0, microsecond=0)


def practice_zone() -> ZoneInfo:
    """The zone in which pages read what is typed."""
    return ZoneInfo(Practice.objects.get().time_zone)


def late(nurse, chart, then, text="On paper: two units."):
    note = actions.begin_note(nurse, chart, template="free", title="From the form", happened_at=then)
    actions.keep_draft(nurse, note, title=note.title, body={"text": text})
    actions.sign_note(nurse, note)
    return note


def test_a_late_entry_begun_on_the_page_says_so_wherever_it_is_shown(practice, client_card, then):
    browser, notes = practice.signed_in("prescriber"), f"/clients/{client_card.pk}/notes/"
    typed = then.astimezone(practice_zone()).strftime("%Y-%m-%dT%H:%M")
    answer = browser.post(notes, {"template": "free", "happened_at": typed})
    note = Note.everything.get(client=client_card)
    assert note.happened_at == then
    assert note.written_at > then + timedelta(hours=4)
    editor = browser.get(answer["Location"]).content
    assert b"Late entry" in editor
    browser.post(f"{notes}{note.pk}/sign/", {"text-text": "On paper.", "version": note.version, "pen": ""})
    for page in (notes, f"{notes}{note.pk}/", f"/clients/{client_card.pk}/"):
        assert b"ate entry" in browser.get(page).content, page
    printed = browser.get(f"/clients/{client_card.pk}/print/").content
    assert b"Late entry: happened" in printed


def test_what_is_still_to_come_is_no_late_entry(practice, client_card):
    browser, notes = practice.signed_in("prescriber"), f"/clients/{client_card.pk}/notes/"
    typed = (timezone.now() + timedelta(days=1)).astimezone(practice_zone()).strftime("%Y-%m-%dT%H:%M")
    answer = browser.post(notes, {"template": "free", "happened_at": typed})
    assert answer.status_code == 422
    assert b"This is still to come" in answer.content
    assert typed.encode() in answer.content, "what was typed stays"
    assert not Note.everything.filter(client=client_card).exists()


def test_the_action_refuses_what_is_still_to_come(nurse, chart):
    with pytest.raises(ValueError, match="past"):
        late(nurse, chart, timezone.now() + timedelta(minutes=1))


def test_the_moment_is_signed_with_the_text(nurse, chart, then):
    note = Note.objects.get(pk=late(nurse, chart, then).pk)
    assert note_is_sound(note)
    note.happened_at = then - timedelta(hours=1)
    assert not note_is_sound(note)
    note.happened_at = None
    assert not note_is_sound(note), "nor can a late entry be made an ordinary one"
    ordinary = Note.objects.get(pk=make.signed(nurse, chart).pk)
    with writing("an edit by hand"):
        Note.objects.filter(pk=ordinary.pk).update(happened_at=then)
    assert not note_is_sound(Note.objects.get(pk=ordinary.pk))


def test_two_late_entries_of_one_moment_stand_side_by_side(practice, nurse, chart, then):
    first, second = late(nurse, chart, then, "Two units."), late(nurse, chart, then, "Three units.")
    found = {one.pk: one.body["text"] for one in Note.objects.filter(happened_at=then)}
    assert found == {first.pk: "Two units.", second.pk: "Three units."}


def test_it_leaves_the_house_as_a_late_entry(practice, nurse, chart, then):
    note = late(nurse, chart, then)
    [entry] = [
        one["resource"]
        for one in bundle(held(practice.actor("owner"), chart.pk))["entry"]
        if one["resource"]["id"] == str(note.pk)
    ]
    assert entry["context"]["period"] == {"start": then.isoformat()}
