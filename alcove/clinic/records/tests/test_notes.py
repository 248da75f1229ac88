"""Notes: drafts are their author's alone, a signature locks, an amendment stands beside it."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from alcove.clinic.records import actions
from alcove.clinic.records.models import Amendment, Note
from alcove.clinic.records.models.signatures import amendment_is_sound, note_is_sound
from alcove.clinic.records.tests import make
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Version
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry


def stored(table, pk):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM {table} WHERE id = %s", [pk.hex if connection.vendor == "sqlite" else str(pk)]
        )
        return b"|".join(
            bytes(x) if isinstance(x, bytes | memoryview) else str(x).encode() for x in cursor.fetchone()
        )


# Drafts -----------------------------------------------------------------------------------------------------------


def test_a_note_is_sealed_in_the_database(nurse, chart):
    note = make.signed(nurse, chart, title="Lip filler", body={"text": "Lidocaine refused"})
    held = stored("records_note", note.pk)
    for word in (b"Lip filler", b"Lidocaine", b"refused", b"Practitioner Tester"):
        assert word not in held
    assert b"signed" in held


def test_a_draft_is_kept_by_the_editor_and_says_when(practice, nurse, chart, at):
    note = make.draft(nurse, chart, template="soap", body={})
    browser = practice.signed_in("practitioner")
    page = browser.get(at("note", note_id=note.id))
    pen = page.content.decode().partition('name="pen" value="')[2].partition('"')[0]
    typed = {
        "title": "Review",
        "version": note.version,
        "pen": pen,
        "text-subjective": "Well",
        "text-plan": "None",
    }
    answer = browser.post(at("draft", note_id=note.id), typed)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.decode().startswith("Draft kept ")
    kept = Note.objects.get(pk=note.pk)
    assert (kept.title, kept.body) == ("Review", {"subjective": "Well", "plan": "None"})
    # The same window goes on without learning the new number; saving nothing new records nothing new.
    again = browser.post(at("draft", note_id=note.id), typed | {"text-plan": "Peel"})
    assert again.status_code == 200
    assert Note.objects.get(pk=note.pk).body["plan"] == "Peel"
    drafted = Entry.objects.filter(event="records.note.drafted").count()
    assert browser.post(at("draft", note_id=note.id), typed | {"text-plan": "Peel"}).status_code == 200
    assert Entry.objects.filter(event="records.note.drafted").count() == drafted


def test_savings_of_one_run_are_one_version(nurse, chart):
    note = make.draft(nurse, chart, body={})
    for text in ("a", "ab", "abc"):
        actions.keep_draft(nurse, note, title="t", body={"text": text})
    (version,) = Version.objects.filter(object_id=note.pk)
    assert version.before["body"] == {}


def test_two_windows_on_one_draft_lose_nothing(practice, nurse, chart, at):
    note = make.draft(nurse, chart, body={"text": "First"})
    browser = practice.signed_in("practitioner")
    typed = {"title": note.title, "version": note.version}
    assert (
        browser.post(
            at("draft", note_id=note.id), typed | {"pen": "one", "text-text": "From window one"}
        ).status_code
        == 200
    )
    stale = browser.post(at("draft", note_id=note.id), typed | {"pen": "two", "text-text": "From window two"})
    assert stale.status_code == 409
    page = browser.post(at("note", note_id=note.id), typed | {"pen": "two", "text-text": "From window two"})
    assert page.status_code == 409
    text = page.content.decode()
    assert "From window one" in text
    assert "From window two" in text
    assert Note.objects.get(pk=note.pk).body == {"text": "From window one"}
    version = text.partition('name="version" value="')[2].partition('"')[0]
    decided = browser.post(
        at("note", note_id=note.id),
        {"title": note.title, "version": version, "pen": "two", "text-text": "Both"},
    )
    assert decided.status_code == 302
    assert Note.objects.get(pk=note.pk).body == {"text": "Both"}


def test_a_draft_is_read_by_its_author_alone(practice, nurse, chart, at):
    note = make.draft(nurse, chart, title="Secret title", body={"text": "Unfinished thought"})
    for role in ("prescriber", "owner"):
        browser = practice.signed_in(role)
        for url in (at("notes"), at("note", note_id=note.id), at("history"), at("print")):
            text = browser.get(url).content.decode()
            assert "Unfinished thought" not in text, (role, url)
            assert "Secret title" not in text, (role, url)
        assert "Unsigned note by Practitioner Tester" in browser.get(at("notes")).content.decode()
        assert browser.get(at("versions", what="note", row_id=note.id)).status_code == 404
        before = Entry.objects.filter(result="refused").count()
        assert browser.post(at("note", note_id=note.id), {"text-text": "x"}).status_code == 403
        assert Entry.objects.filter(result="refused").count() == before + 1
    assert Note.objects.get(pk=note.pk).body == {"text": "Unfinished thought"}


def test_only_the_author_writes_signs_or_discards_a_draft(practice, nurse, chart):
    note, other = make.draft(nurse, chart), practice.actor("prescriber")
    with make.opened(other, chart):
        found = Note.objects.get(pk=note.pk)
        for deed in (
            lambda: actions.keep_draft(other, found, title="", body={"text": "x"}),
            lambda: actions.sign_note(other, found),
            lambda: actions.discard_note(other, found),
        ):
            with pytest.raises(Refused):
                deed()


def test_a_discarded_draft_stays_among_the_versions(nurse, chart):
    note = make.draft(nurse, chart, body={"text": "Not needed"})
    actions.discard_note(nurse, note)
    assert not Note.objects.exists()
    kept = Version.objects.filter(event="records.note.discarded").get()
    assert kept.before["body"] == {"text": "Not needed"}


# Signing ----------------------------------------------------------------------------------------------------------


def test_signing_from_the_editor_signs_what_stands_in_the_form(practice, nurse, chart, at):
    note = make.draft(nurse, chart)
    browser = practice.signed_in("practitioner")
    typed = {"title": "Done", "version": note.version, "pen": "p", "text-text": "Final words"}
    answer = browser.post(at("sign", note_id=note.id), typed)
    assert answer.status_code == 302
    assert answer["Location"].endswith("?done=signed")
    kept = Note.objects.get(pk=note.pk)
    assert kept.is_signed
    assert kept.body == {"text": "Final words"}
    assert note_is_sound(kept)
    page = browser.get(at("note", note_id=note.id)).content.decode()
    assert "Amend" in page
    assert "Final words" in page
    assert "<textarea" not in page


def test_pressing_sign_twice_signs_once(practice, nurse, chart, at):
    note = make.draft(nurse, chart)
    browser = practice.signed_in("practitioner")
    typed = {"title": "Done", "version": note.version, "pen": "p", "text-text": "Final words"}
    first, second = (browser.post(at("sign", note_id=note.id), typed) for _ in range(2))
    assert first.status_code == second.status_code == 302
    assert Entry.objects.filter(event="records.note.signed").count() == 1


def test_a_note_that_says_nothing_is_not_signed(practice, nurse, chart, at):
    note = make.draft(nurse, chart, body={})
    answer = practice.signed_in("practitioner").post(
        at("sign", note_id=note.id), {"title": "Kept title", "text-text": "  "}
    )
    assert answer.status_code == 422
    assert "says nothing yet" in answer.content.decode()
    assert "Kept title" in answer.content.decode()
    with pytest.raises(Conflict):
        actions.sign_note(nurse, note)


def test_signing_needs_every_critical_alert_acknowledged(practice, nurse, chart, at):
    note, alert = make.draft(nurse, chart), make.critical_alert(nurse, chart)
    with pytest.raises(actions.AlertUnacknowledged):
        actions.sign_note(nurse, note)
    browser = practice.signed_in("practitioner")
    assert "Anaphylaxis to lidocaine" in browser.get(at("note", note_id=note.id)).content.decode()
    typed = {"title": "T", "version": note.version, "pen": "p", "text-text": "Nothing typed is lost"}
    refused = browser.post(at("sign", note_id=note.id), typed)
    assert refused.status_code == 422
    assert "Nothing typed is lost" in refused.content.decode()
    assert "tick it before you sign" in refused.content.decode()
    assert not Note.objects.get(pk=note.pk).is_signed
    assert browser.post(at("sign", note_id=note.id), typed | {f"alert-{alert.id}": "on"}).status_code == 302
    kept = Note.objects.get(pk=note.pk)
    assert kept.acknowledged == [{"id": str(alert.id), "kind": "allergy", "text": "Anaphylaxis to lidocaine"}]
    assert "acknowledged" in Entry.objects.get(event="records.note.signed").fields


def test_an_ended_alert_needs_no_tick(nurse, chart):
    from datetime import timedelta

    from django.utils import timezone

    from alcove.clinic.clients.actions import add_alert

    add_alert(
        nurse,
        chart,
        kind="clinical",
        severity="critical",
        text="Old",
        ends_on=timezone.localdate() - timedelta(days=1),
    )
    add_alert(nurse, chart, kind="clinical", severity="warning", text="Mild")
    note = make.draft(nurse, chart)
    actions.sign_note(nurse, note)
    kept = Note.objects.get(pk=note.pk)
    assert kept.is_signed
    assert not kept.acknowledged


@pytest.mark.parametrize("role", ["practitioner", "prescriber", "owner"])
def test_an_edit_of_a_signed_note_is_a_conflict_for_every_role_that_can_read_it(
    practice, nurse, chart, at, role
):
    note = make.signed(nurse, chart)
    before = stored("records_note", note.pk)
    browser = practice.signed_in(role)
    typed = {"title": "Changed", "version": note.version, "pen": "p", "text-text": "Changed"}
    for route in ("note", "draft"):
        answer = browser.post(at(route, note_id=note.id), typed)
        assert answer.status_code == 409, route
        assert "cannot be changed" in answer.content.decode()
    for route in ("sign", "discard"):
        assert browser.post(at(route, note_id=note.id), typed).status_code == (
            403 if role == "owner" else 302 if (route, role) == ("sign", "practitioner") else 409
        )
    assert stored("records_note", note.pk) == before


def test_no_action_changes_a_signed_note(nurse, chart):
    note = make.signed(nurse, chart)
    for deed in (
        lambda: actions.keep_draft(nurse, note, title="", body={"text": "x"}),
        lambda: actions.sign_note(nurse, note, body={"text": "x"}),
        lambda: actions.discard_note(nurse, note),
    ):
        with pytest.raises(Conflict):
            deed()


@pytest.mark.parametrize("change", [
    {"body": {"text": "Forged"}}, {"title": "Forged"}, {"author_name": "Somebody Else"}, {"template": "soap"}, {"acknowledged": [{"id": "x"}]},
])  # fmt: skip
def test_a_signed_note_changed_past_the_program_is_seen(practice, nurse, chart, at, change):
    note = make.signed(nurse, chart)
    assert note_is_sound(Note.objects.get(pk=note.pk))
    with writing("a thief with the keys"), transaction.atomic():
        row = Note.objects.get(pk=note.pk)
        for name, value in change.items():
            setattr(row, name, value)
        row.save(update_fields=list(change))
    assert not note_is_sound(Note.objects.get(pk=note.pk))
    assert (
        "The signature does not hold"
        in practice.signed_in("prescriber").get(at("note", note_id=note.id)).content.decode()
    )


# Amendments -------------------------------------------------------------------------------------------------------


def test_an_amendment_stands_beside_the_note_with_reason_author_and_time(practice, nurse, chart, at):
    note = make.signed(nurse, chart)
    before = stored("records_note", note.pk)
    browser = practice.signed_in("prescriber")
    answer = browser.post(
        at("amend", note_id=note.id), {"text": "Lot is C3814", "reason": "The lot was mistyped"}
    )
    assert answer.status_code == 302
    assert stored("records_note", note.pk) == before
    page = browser.get(at("note", note_id=note.id)).content.decode()
    for words in ("Skin calm, no swelling.", "Lot is C3814", "The lot was mistyped", "Prescriber Tester"):
        assert words in page
    held = stored("records_amendment", Amendment.objects.get().pk)
    assert b"C3814" not in held
    assert b"mistyped" not in held


def test_an_amendment_needs_a_reason(practice, nurse, chart, at):
    note = make.signed(nurse, chart)
    answer = practice.signed_in("practitioner").post(
        at("amend", note_id=note.id), {"text": "Typed words", "reason": "oops"}
    )
    assert answer.status_code == 422
    assert "Typed words" in answer.content.decode()
    assert "at least 10" in answer.content.decode()
    with pytest.raises(ValueError):
        actions.amend_note(nurse, note, text="x", reason="short")
    assert not Amendment.objects.exists()


def test_a_draft_is_not_amended(nurse, chart):
    with pytest.raises(Conflict):
        actions.amend_note(nurse, make.draft(nurse, chart), text="x", reason="long enough reason")


def test_an_amendment_hung_on_another_note_is_seen(nurse, chart):
    one, other = make.signed(nurse, chart), make.signed(nurse, chart)
    amendment = actions.amend_note(nurse, one, text="Added", reason="long enough reason")
    assert amendment_is_sound(amendment, one)
    assert not amendment_is_sound(amendment, other)


def test_an_amendment_sent_twice_is_one(practice, nurse, chart, at):
    note = make.signed(nurse, chart)
    browser = practice.signed_in("practitioner")
    for _ in range(2):
        assert (
            browser.post(
                at("amend", note_id=note.id), {"text": "Added", "reason": "long enough reason"}
            ).status_code
            == 302
        )
    assert Amendment.objects.count() == 1


# All or nothing ---------------------------------------------------------------------------------------------------


def test_a_fault_in_the_middle_of_signing_leaves_neither_signature_nor_entry(nurse, chart, monkeypatch):
    from alcove.security.audit import pen

    note = make.draft(nurse, chart)
    monkeypatch.setattr(pen, "write", lambda drafts: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        actions.sign_note(nurse, note)
    monkeypatch.undo()
    assert not Note.objects.get(pk=note.pk).is_signed
    assert not Version.objects.filter(event="records.note.signed").exists()
    assert not Entry.objects.filter(event="records.note.signed").exists()
