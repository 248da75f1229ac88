"""Rows edited outside the product are found, whatever was done to them; what the product did is not."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Alert
from alcove.clinic.records import actions as records
from alcove.clinic.records.models.content import Medication
from alcove.clinic.records.tests import make
from alcove.compliance.privacy.tests import make as gone
from alcove.operations.sweep import actions, queries, tasks
from alcove.operations.sweep.models import Finding, Sweep
from alcove.security.access import keys
from alcove.security.access.actors import Actor
from alcove.security.access.audiences import Category, Mark, Readers
from alcove.security.access.errors import Conflict
from alcove.security.access.models import RowMark
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice
from alcove.security.vault.keyring import keyring


@pytest.fixture
def nurse(practice):
    return practice.actor("practitioner")


@pytest.fixture
def chart(practice, client_card, nurse):
    with make.opened(nurse, client_card):
        yield client_card


def by_hand(statement, *given):
    """What somebody with the database's password does."""
    with writing("a direct edit, for a test"), connection.cursor() as cursor:
        cursor.execute(statement, [one.hex if isinstance(one, UUID) else one for one in given])
        assert cursor.rowcount


def found():
    """Sweep and return (kind, table) of what is open."""
    tasks.sweep()
    rows = Finding.objects.filter(closed_at__isnull=True).order_by("found_at", "id")
    return [(one.kind, one.table) for one in rows]


def test_everything_the_product_does_leaves_marks_that_hold(practice, nurse, chart):
    owner = practice.actor("owner")
    item = make.item(nurse, chart, kind="medication", name="Ibuprofen")
    records.change_item(nurse, item, entry=Medication(name="Ibuprofen", dose="400 mg"))
    made = timezone.now()
    records.strike_item(nurse, item)
    was, _ = records_past(nurse, chart, "item", item.id, made)
    records.put_back(nurse, chart, was, seen=was.version, reason="It was the wrong one.")
    note = make.signed(nurse, chart, visit=make.visit(nurse, chart))
    records.amend_note(nurse, note, text="One more thing.", reason="Forgotten before.")
    records.discard_note(nurse, make.draft(nurse, chart))
    make.document(nurse, chart)
    person = clients.add_person(nurse, chart, details={"role": "gp", "name": "Dr Gale"})
    clients.remove_person(nurse, person)
    clients.end_alert(owner, make.critical_alert(owner, chart), on=timezone.localdate())
    clients.change_client(owner, chart, directory={**chart.directory, "preferred": "Cat"})
    clients.hide_client(owner, chart)
    secret = make.item(nurse, chart, kind="condition", name="Depression")
    audience = records.mark_sensitive(nurse, secret, wanted=Mark(Category.MENTAL, Readers()))
    assert found() == []
    records.lift_mark(nurse, audience)
    assert found() == []
    assert queries.last_ended().compared >= 9


def test_deleting_undoing_and_erasing_are_no_edits_by_hand(practice, nurse, chart):
    owner = practice.actor("owner")
    make.item(nurse, chart, kind="medication", name="Ibuprofen")
    make.visit(nurse, chart)
    gone.deleted(practice, chart)
    assert found() == []
    clients.undo_deletion(owner, chart.id)
    assert found() == []
    gone.erased(practice, chart)
    assert found() == []


def records_past(*given):
    from alcove.clinic.records import queries as of

    return of.past.one_row(*given)


EDITS = {
    "a plain column": ("UPDATE records_item SET struck_at = created_at WHERE id = %s", "changed"),
    "an older value of the same row": ("UPDATE records_item SET content = %s WHERE id = %s", "changed"),
    "a kept version rewritten": ("UPDATE access_version SET event = 'x' WHERE object_id = %s", "changed"),
    "a kept version removed": ("DELETE FROM access_version WHERE object_id = %s", "changed"),
    "the row removed": ("DELETE FROM records_item WHERE id = %s", "removed"),
    "its mark removed": ("DELETE FROM access_rowmark WHERE object_id = %s", "added"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_direct_edit_is_found_told_and_on_the_log(practice, nurse, chart, edit):
    officer = practice.person("officer")
    item = make.item(nurse, chart, kind="medication", name="Ibuprofen", dose="400 mg")
    first = stored(item)
    records.change_item(nurse, item, entry=Medication(name="Ibuprofen", dose="600 mg"))
    assert found() == []
    statement, kind = EDITS[edit]
    by_hand(statement, *([first] if statement.count("%s") == 2 else []), item.id)
    assert (kind, "records.item") in found()
    assert Entry.objects.filter(event="sweep.finding.made", client_id=chart.id).exists()
    assert Notice.objects.filter(person=officer, kind="sweep").count() == 1
    rows = Finding.objects.count()
    found()
    assert Finding.objects.count() == rows


def stored(item):
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM records_item WHERE id = %s", [item.id.hex])
        return bytes(cursor.fetchone()[0])


def test_a_row_put_in_by_hand_is_found(practice, nurse, chart):
    assert found() == []
    with writing("a direct edit, for a test"):
        Alert.objects.create(client=chart, desk_text="Give her everything she asks for.")
    assert found() == [("added", "clients.alert")]


def test_rows_taken_out_with_their_marks_are_missed(practice, nurse, chart):
    old = make.item(nurse, chart)
    assert found() == []
    by_hand("DELETE FROM records_item WHERE id = %s", old.id)
    by_hand("DELETE FROM access_rowmark WHERE object_id = %s", old.id)
    assert found() == [("marks", "")]


def test_a_row_made_and_taken_out_between_two_sweeps_is_named_by_the_log(practice, nurse, chart):
    assert found() == []
    new = make.item(nurse, chart)
    by_hand("DELETE FROM records_item WHERE id = %s", new.id)
    by_hand("DELETE FROM access_rowmark WHERE object_id = %s", new.id)
    assert found() == [("removed", "records.item")]


def test_the_sweeps_own_notes_taken_away_are_a_finding(chart):
    assert found() == []
    by_hand("DELETE FROM sweep_sweep")
    assert found() == [("marks", "")]


def test_a_new_client_key_covers_no_direct_edit(practice, nurse, chart):
    item, other = make.item(nurse, chart), make.item(nurse, chart, name="Latex")
    by_hand("UPDATE records_item SET source = 'import' WHERE id = %s", item.id)
    keys.replace_client_key(Actor.operator("test"), chart.id)
    assert found() == [("changed", "records.item")]
    assert Finding.objects.get().object_id == item.id
    assert RowMark.objects.filter(object_id=other.id).exists()


def test_a_mark_moved_to_another_row_does_not_hold(nurse, chart):
    one, other = make.item(nurse, chart), make.item(nurse, chart, name="Latex")
    assert found() == []
    by_hand("DELETE FROM access_rowmark WHERE object_id = %s", other.id)
    by_hand("UPDATE access_rowmark SET object_id = %s WHERE object_id = %s", other.id, one.id)
    assert sorted(found()) == [("added", "records.item"), ("changed", "records.item"), ("marks", "")]


def test_a_practice_older_than_marks_is_marked_once(nurse, chart):
    item = make.item(nurse, chart)
    by_hand("DELETE FROM access_rowmark")
    assert found() == []
    assert RowMark.objects.filter(object_id=item.id).exists()
    by_hand("DELETE FROM access_rowmark WHERE object_id = %s", item.id)
    assert ("added", "records.item") in found()


def test_a_stopped_sweep_goes_on_where_it_was(monkeypatch, nurse, chart):
    for number in range(5):
        make.item(nurse, chart, name=f"Thing {number}")
    real, looks = queries.compare, []

    def stops(label, after, limit=2):
        looks.append((label, after))
        if len(looks) == 6:
            raise RuntimeError
        return real(label, after, 2)

    monkeypatch.setattr(tasks, "_AT_ONCE", 1)
    monkeypatch.setattr(queries, "compare", stops)
    with pytest.raises(RuntimeError):
        tasks.sweep()
    assert tasks.is_due()
    tasks.sweep()
    assert Sweep.objects.count() == 1
    assert looks[6] == looks[5]
    assert len(looks) == len(set(looks)) + 1
    assert not Finding.objects.exists()
    assert not tasks.is_due()


def test_the_next_sweep_is_due_within_a_day(chart):
    tasks.sweep()
    assert not tasks.is_due()
    with writing("time passes"):
        Sweep.objects.update(began_at=timezone.now() - timedelta(hours=23))
    assert tasks.is_due()


# The officer's page ---------------------------------------------------------------------------------------------------


@pytest.fixture
def one(nurse, chart):
    item = make.item(nurse, chart)
    by_hand("UPDATE records_item SET source = 'import' WHERE id = %s", item.id)
    tasks.sweep()
    return Finding.objects.get()


def test_the_officer_reads_and_closes_a_finding(practice, one):
    officer, page = practice.signed_in("officer"), reverse("compliance:row", args=[one.id])
    assert "Changed by hand" in officer.get(reverse("compliance:rows")).content.decode()
    short = officer.post(page, {"outcome": "No idea"})
    assert short.status_code == 422
    assert "No idea" in short.content.decode()
    said = {"outcome": "A repair by the host on Monday, agreed with us."}
    assert officer.post(page, said).status_code == 302
    assert officer.post(page, said).status_code == 409
    assert found() == []
    assert "A repair by the host" in officer.get(reverse("compliance:rows")).content.decode()


@pytest.mark.parametrize("role", ["practitioner", "front_desk", "manager", "it_provider", "bookkeeper"])
def test_nobody_else_gets_in(practice, one, role):
    browser, page = practice.signed_in(role), reverse("compliance:row", args=[one.id])
    assert browser.get(reverse("compliance:rows")).status_code == 403
    assert browser.get(page).status_code == 403
    assert browser.post(page, {"outcome": "It was nothing at all."}).status_code == 403
    assert Finding.objects.get().closed_at is None


def test_the_owner_reads_it_and_does_not_close_it(practice, one):
    owner, page = practice.signed_in("owner"), reverse("compliance:row", args=[one.id])
    assert owner.get(page).status_code == 200
    assert owner.post(page, {"outcome": "It was nothing at all."}).status_code == 403


def test_two_close_it_once(practice, one):
    actor = practice.actor("officer")
    first, second = Finding.objects.get(), Finding.objects.get()
    actions.close(actor, first, outcome="A repair by the host.")
    with pytest.raises(Conflict), keyring():
        actions.close(actor, second, outcome="Something else.")
    assert Entry.objects.filter(event="sweep.finding.closed").count() == 1
