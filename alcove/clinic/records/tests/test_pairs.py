"""Two notes of one visit after a downtime: found, shown side by side, decided once, and hidden where one is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.practice.models import Practice
from alcove.clinic.records import actions
from alcove.clinic.records.models import Amendment, Note, NotePair
from alcove.clinic.records.queries import pairs
from alcove.clinic.records.queries.pairs import Told, is_one_visit
from alcove.clinic.records.tests import make
from alcove.clinic.records.tests.hiding import mark, opens_under_the_record
from alcove.security.access.errors import Conflict
from alcove.security.audit.models import Entry

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOGETHER = NotePair.Outcome.TOGETHER


@pytest.fixture
def then():
    return timezone.now() - timedelta(hours=5)


@pytest.fixture
def doctor(practice):
    return practice.actor("prescriber")


def late(who, chart, at, text, *, sign=True, sensitive=None):
    """A late entry of ``at`` that says ``text``."""
    note = actions.begin_note(
        who, chart, template="free", title="On paper", happened_at=at, sensitive=sensitive
    )
    actions.keep_draft(who, note, title=note.title, body={"text": text})
    if sign:
        actions.sign_note(who, note)
    return note


@pytest.fixture
def two(nurse, doctor, chart, then):
    """One visit told by two people."""
    return late(nurse, chart, then, "Two units."), late(doctor, chart, then + timedelta(minutes=20), "Three.")


def at(route, note):
    return reverse(f"records:{route}", kwargs={"client_id": note.client_id, "note_id": note.pk})


def decide(browser, note, outcome="together", reason=""):
    seen = pairs.seen(pairs.open_pairs(note.client_id))
    return browser.post(at("beside", note), {"outcome": outcome, "reason": reason, "seen": seen})


def told(hours, *, is_late=True, visit=None, booking=None):
    return Told(uuid4(), None, NOON + timedelta(hours=hours), is_late, visit, booking)


VISIT, BOOKING = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (told(0), told(4), True),
        (told(0), told(4.1), False),
        (told(0), told(1, is_late=False), True),
        (told(0, is_late=False), told(0, is_late=False), False),
        (told(0, visit=VISIT), told(30, visit=VISIT, is_late=False), True),
        (told(0, visit=VISIT), told(0, visit=uuid4()), False),
        (told(0, booking=BOOKING), told(3, booking=uuid4()), False),
        (told(0, booking=BOOKING), told(9, booking=BOOKING), True),
        (told(0, visit=VISIT, booking=BOOKING), told(2), True),
    ],
)
def test_which_notes_tell_of_one_visit(one, other, expected):
    assert is_one_visit(one, other) is expected
    assert is_one_visit(other, one) is expected


def test_a_moment_falls_into_the_appointment_that_begins_nearest():
    noon, hour, early, later = timezone.now(), timedelta(hours=1), uuid4(), uuid4()
    bookings = [(noon, noon + hour, early), (noon + 2 * hour, noon + 3 * hour, later)]
    assert pairs._booking(bookings, noon + 1.2 * hour) == later
    assert pairs._booking(bookings, noon - hour) == early
    assert pairs._booking(bookings, noon + 4.1 * hour) is None


def test_a_note_written_at_the_time_is_met_by_a_late_entry_of_it(nurse, doctor, chart):
    written = make.signed(nurse, chart)
    assert pairs.open_pairs(chart.pk) == set(), "two ordinary notes, or one, are nothing to ask about"
    other = late(doctor, chart, timezone.now() - timedelta(minutes=10), "From the form.", sign=False)
    assert pairs.open_pairs(chart.pk) == {pairs.pair_of(written.pk, other.pk)}
    actions.discard_note(doctor, other)
    assert pairs.open_pairs(chart.pk) == set(), "what was taken back is no question any more"


def test_the_pages_say_so_and_show_both(practice, two):
    nurse, (mine, _) = practice.signed_in("practitioner"), two
    for page in (at("note", mine), reverse("records:notes", kwargs={"client_id": mine.client_id})):
        assert b"Look at both" in nurse.get(page).content, page
    page = nurse.get(at("beside", mine)).content.decode()
    for words in ("Two units.", "Three.", "Differs", "The same", "Keep both"):
        assert words in page
    day = nurse.get(reverse("dashboard:my_day")).content.decode()
    assert "Compare the notes on" in day
    assert (
        "Compare the notes on"
        not in practice.signed_in("owner").get(reverse("dashboard:my_day")).content.decode()
    )


def test_a_late_entry_is_told_of_its_twin_while_it_is_begun(practice, two):
    doctor, zone = practice.signed_in("prescriber"), Practice.objects.get().time_zone
    typed = two[0].happened_at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
    begun = doctor.post(
        reverse("records:notes", kwargs={"client_id": two[0].client_id}),
        {"template": "free", "happened_at": typed},
    )
    assert b"Another note tells of the same visit" in doctor.get(begun["Location"]).content


def test_both_are_kept_and_each_says_so(practice, two):
    nurse, (mine, theirs) = practice.signed_in("practitioner"), two
    answer = decide(nurse, mine, reason="Two halves of one treatment")
    assert answer.status_code == 302
    [row] = NotePair.objects.all()
    assert (row.outcome, row.reason) == (TOGETHER, "Two halves of one treatment")
    for note in two:
        for page in (at("note", note), at("beside", note), reverse("records:versions", kwargs={"client_id": note.client_id, "what": "note", "row_id": note.pk})):  # fmt: skip
            shown = nurse.get(page).content.decode()
            assert "both stand" in shown, page
            assert "Two halves of one treatment" in shown, page
    assert b"Look at both" not in nurse.get(at("note", mine)).content
    assert {one.body["text"] for one in Note.objects.filter(pk__in=[mine.pk, theirs.pk])} == {
        "Two units.",
        "Three.",
    }
    [entry] = Entry.objects.filter(event="records.note.settled")
    assert "halves" not in str(entry.__dict__)
    assert opens_under_the_record(row) == ["reason", "decided_by_name"], "sealed, under the record's key"


def test_two_visits_are_asked_about_once(practice, two):
    nurse = practice.signed_in("practitioner")
    assert decide(nurse, two[0], "apart").status_code == 302
    assert pairs.open_pairs(two[0].client_id) == set()
    assert b"They tell of two visits" in nurse.get(at("note", two[1])).content


@pytest.mark.parametrize("outcome", ["", "amended", "deleted"])
def test_anything_else_is_no_decision(practice, two, outcome):
    nurse = practice.signed_in("practitioner")
    answer = decide(nurse, two[0], outcome, reason="Typed already")
    assert answer.status_code == 422
    assert "Typed already" in answer.content.decode()
    assert b"Choose one of the two." in answer.content
    assert not NotePair.objects.exists()


def test_of_two_who_decide_the_second_is_told(practice, two, nurse, doctor):
    first, second = practice.signed_in("practitioner"), practice.signed_in("prescriber")
    form = {"outcome": "together", "reason": "", "seen": pairs.seen(pairs.open_pairs(two[0].client_id))}
    assert first.post(at("beside", two[0]), form).status_code == 302
    assert first.post(at("beside", two[0]), form).status_code == 302, "pressed twice"
    answer = second.post(at("beside", two[1]), form | {"outcome": "apart", "reason": "Mine"})
    assert answer.status_code == 409
    assert b"Somebody decided about these notes meanwhile" in answer.content
    with pytest.raises(Conflict, match="meanwhile"):
        actions.settle_pairs(doctor, [two], outcome=NotePair.Outcome.APART)
    assert NotePair.objects.get().outcome == TOGETHER


def test_who_decided_on_an_older_page_looks_again(practice, two, doctor, chart, then):
    nurse = practice.signed_in("practitioner")
    form = {"outcome": "together", "seen": pairs.seen(pairs.open_pairs(chart.pk))}
    late(doctor, chart, then, "A third.")
    answer = nurse.post(at("beside", two[0]), form)
    assert answer.status_code == 409
    assert not NotePair.objects.exists()
    assert decide(nurse, two[0]).status_code == 302
    assert NotePair.objects.count() == 3


def test_a_draft_of_somebody_else_is_neither_read_nor_decided_about(practice, nurse, doctor, chart, then):
    mine, draft = late(nurse, chart, then, "Two units."), late(doctor, chart, then, "Not yet.", sign=False)
    browser = practice.signed_in("practitioner")
    page = browser.get(at("beside", mine)).content
    assert b"Not yet." not in page
    assert b"This waits until" in page
    assert decide(browser, mine).status_code == 409
    with pytest.raises(Conflict, match="not signed"):
        actions.settle_pairs(nurse, [(mine, draft)], outcome=TOGETHER)
    its_author = practice.signed_in("prescriber")
    assert b"Take mine back" in its_author.get(at("beside", draft)).content


def test_one_is_amended_from_the_other_and_that_settles_it(practice, two):
    nurse, (mine, theirs) = practice.signed_in("practitioner"), two
    url = f"{at('amend', mine)}?from={theirs.pk}"
    assert b"Note: Three." in nurse.get(url).content, "it begins with the words that differ"
    answer = nurse.post(url, {"text": "Note: Three.", "reason": "Another note tells of the same visit"})
    assert answer.status_code == 302
    assert Amendment.objects.get(note=mine).text == "Note: Three."
    assert NotePair.objects.get().outcome == NotePair.Outcome.AMENDED
    assert Note.objects.get(pk=mine.pk).body == {"text": "Two units."}


def test_no_words_come_from_a_note_of_another_visit(practice, two, nurse, chart, then):
    other = late(nurse, chart, then - timedelta(days=3), "Another day.")
    browser = practice.signed_in("practitioner")
    for asked in (other.pk, uuid4(), "x"):
        assert browser.get(f"{at('amend', two[0])}?from={asked}").status_code == 404


def test_a_note_out_of_sight_is_no_twin(practice, two, nurse):
    mine, theirs = two
    mark(nurse, mine)
    owner_sees = practice.signed_in("prescriber")
    for page in (at("note", theirs), at("beside", theirs), reverse("records:notes", kwargs={"client_id": mine.client_id})):  # fmt: skip
        content = owner_sees.get(page).content
        assert b"Look at both" not in content, page
        assert b"Two units." not in content, page
    assert "Compare the notes" not in owner_sees.get(reverse("dashboard:my_day")).content.decode()
    assert owner_sees.get(f"{at('amend', theirs)}?from={mine.pk}").status_code == 404
    assert decide(owner_sees, theirs).status_code == 409
    inside = practice.signed_in("practitioner").get(at("beside", mine)).content
    assert b"Two units." in inside
    assert b"Three." in inside
    assert f"{at('amend', theirs)}?from=".encode() not in inside, "sensitive words do not leave their circle"


def test_what_was_decided_goes_out_of_sight_with_its_note(practice, two, nurse, doctor, chart):
    mine, theirs = two
    actions.settle_pairs(nurse, [(mine, theirs)], outcome=TOGETHER, reason="Both were there")
    mark(nurse, mine)
    [row] = NotePair.everything.all()
    assert row.audience_id == Note.everything.get(pk=mine.pk).audience_id
    assert opens_under_the_record(row) == []
    page = practice.signed_in("prescriber").get(at("beside", theirs)).content
    assert b"Both were there" not in page
    assert b"No other note tells" in page
    actions.lift_mark(nurse, pairs_audience(mine))
    assert opens_under_the_record(NotePair.everything.get()) == ["reason", "decided_by_name"]


def pairs_audience(note):
    from alcove.clinic.records.queries.sensitive import audience

    return audience(Note.everything.get(pk=note.pk))


def test_a_sensitive_note_is_decided_about_within_its_circle(practice, two, nurse):
    mine, theirs = two
    mark(nurse, mine)
    mine, theirs = Note.objects.get(pk=mine.pk), Note.objects.get(pk=theirs.pk)
    actions.settle_pairs(nurse, [(mine, theirs)], outcome=TOGETHER, reason="Both were there")
    assert opens_under_the_record(NotePair.everything.get()) == []


def test_two_circles_have_no_reason_in_common(practice, two, nurse, doctor):
    mark(nurse, two[0])
    mark(nurse, two[1], people=[nurse.id])
    rows = [Note.objects.get(pk=one.pk) for one in two]
    page = practice.signed_in("practitioner").get(at("beside", rows[0])).content.decode()
    assert 'name="reason"' not in page
    with pytest.raises(ValueError, match="circles"):
        actions.settle_pairs(nurse, [tuple(rows)], outcome=TOGETHER, reason="Both were there")
    actions.settle_pairs(nurse, [tuple(rows)], outcome=TOGETHER)
    assert opens_under_the_record(NotePair.everything.get()) == []


def test_whoever_may_not_sign_decides_nothing(practice, two):
    assert decide(practice.signed_in("owner"), two[0]).status_code == 403
    assert not NotePair.objects.exists()
