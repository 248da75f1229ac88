"""Sensitive entries: a key of their own, a named audience, and nothing of them for anybody else (ACC-09)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from alcove.clinic.clients import actions as clients
from alcove.clinic.records import actions
from alcove.clinic.records.models import Amendment, Document, Item, Note, PatientEntry
from alcove.clinic.records.queries import documents, observations, visits
from alcove.clinic.records.queries import notes as note_queries
from alcove.clinic.records.queries.chart import chart as lists
from alcove.clinic.records.tests import make
from alcove.clinic.records.tests.hiding import everything_of, mark, opens_under_the_record
from alcove.security.access import keys
from alcove.security.access.audiences import Category, Mark, Readers
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import Audience, AudienceMember, GlassBreak, SensitiveRow, Version
from alcove.security.access.opening import open_client
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.vault import crypto, keyring
from alcove.security.vault.errors import RecordLocked, SealBroken
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part
from alcove.security.vault.models import ClientKey, EntryKey
from bench import scratch

SECRET = "Wishes to talk about the miscarriage in May"


@pytest.fixture
def doctor(practice):
    return practice.actor("prescriber")


@pytest.fixture
def hidden(nurse, client_card):
    """A signed note by the nurse, marked sensitive for herself alone, with an earlier version and an amendment."""
    with make.opened(nurse, client_card):
        note = make.draft(nurse, client_card, body={"text": "First words"})
        actions.keep_draft(nurse, note, title="Aftercare", body={"text": SECRET})
        actions.sign_note(nurse, note)
        actions.amend_note(nurse, note, text="She asked again", reason="Asked on the phone")
        mark(nurse, note)
    return note


# The key --------------------------------------------------------------------------------------------------------------


def test_every_value_and_every_earlier_version_lies_under_the_entrys_own_key(client_card, hidden):
    entry = EntryKey.objects.get(client_id=client_card.id)
    rows = everything_of(hidden)
    assert {type(one) for one in rows} == {Note, Amendment, Version}
    assert len([one for one in rows if isinstance(one, Version)]) >= 2
    assert {one.audience_id for one in rows} == {entry.id}
    for row in rows:
        assert opens_under_the_record(row) == []


def test_the_check_itself_sees_what_lies_under_the_records_key(nurse, client_card):
    with make.opened(nurse, client_card):
        note = make.signed(nurse, client_card)
        assert opens_under_the_record(note) == ["title", "body", "author_name"]


def test_a_row_marked_later_leaves_no_earlier_ciphertext_behind(nurse, client_card):
    with make.opened(nurse, client_card):
        item = make.item(nurse, client_card, "condition", name="Endometriosis")
        actions.change_item(nurse, item, entry=item.entry.of({"name": "Endometriosis, treated"}))
        actions.strike_item(nurse, item)
        before = [
            bytes(blob) for blob in _blobs("records_item", "content") + _blobs("access_version", "before")
        ]
        mark(nurse, Item.objects.get(pk=item.pk))
    after = [bytes(blob) for blob in _blobs("records_item", "content") + _blobs("access_version", "before")]
    assert before
    assert not set(before) & set(after)
    # What lay in the directory's half, such as when it was struck, is not left where the front desk's key reaches.
    assert not Version.everything.filter(object_id=item.pk, directory_before__isnull=False).exists()


def _blobs(table, column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
        return [row[0] for row in cursor.fetchall()]


def test_the_entrys_key_opens_with_the_clients_key_alone_and_only_for_its_own_entry(client_card, hidden):
    entry, client = EntryKey.objects.get(), ClientKey.objects.get(client_id=client_card.id)
    secret = keyring.client_secret(client)
    wrapping = keyring.entry_cipher(secret)
    assert len(keyring.entry_secret(entry, wrapping)) == 32
    for part in Part:
        with pytest.raises(SealBroken):
            keyring.entry_secret(entry, crypto.cipher(keyring.subkey(secret, part)))
    entry.id = uuid7()
    with pytest.raises(SealBroken):
        keyring.entry_secret(entry, wrapping)


def test_without_the_clients_key_the_entry_is_gone(nurse, client_card, hidden):
    with writing("the client is erased"):
        ClientKey.objects.filter(client_id=client_card.id).delete()
    with pytest.raises(NotFound), keyring.keyring():
        open_client(nurse, client_card.id)


def test_a_new_client_key_gives_new_entry_keys_and_everything_still_reads(nurse, doctor, client_card, hidden):
    before = bytes(EntryKey.objects.get().wrapped)
    old = keyring.entry_secret(
        EntryKey.objects.get(),
        keyring.entry_cipher(keyring.client_secret(ClientKey.objects.get(client_id=client_card.id))),
    )
    blob = _blobs("records_note", "body")[0]
    keys.replace_client_key(doctor.operator("test"), client_card.id)
    assert (
        EntryKey.objects.get().generation == ClientKey.objects.get(client_id=client_card.id).generation == 2
    )
    assert bytes(EntryKey.objects.get().wrapped) != before
    assert bytes(_blobs("records_note", "body")[0]) != bytes(blob)
    with pytest.raises(SealBroken):
        crypto.open_sealed(
            crypto.cipher(old),
            bytes(_blobs("records_note", "body")[0]),
            crypto.binding("records.note.body", hidden.pk),
        )
    with make.opened(nurse, client_card):
        found = Note.objects.get(pk=hidden.pk)
        assert found.body == {"text": SECRET}
        assert [one.text for one in found.amendments.all()] == ["She asked again"]
        assert all(one.before for one in Version.objects.filter(object_id=hidden.pk))


def test_a_request_that_opened_the_entry_before_the_replacement_reads_on(nurse, client_card, hidden):
    with make.opened(nurse, client_card):
        with keyring.keyring():
            keys.replace_client_key(nurse.operator("test"), client_card.id)
        assert Note.objects.get(pk=hidden.pk).body == {"text": SECRET}


def test_new_house_keys_leave_entries_readable(nurse, client_card, hidden, monkeypatch):
    from alcove.security.vault import house

    monkeypatch.setattr(house, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(keys, "MARGIN_SECONDS", 0.0)
    assert keys.rotate_house(nurse.operator("test")) == []
    with make.opened(nurse, client_card):
        assert Note.objects.get(pk=hidden.pk).body == {"text": SECRET}


# Who ------------------------------------------------------------------------------------------------------------------


def test_nobody_outside_the_audience_holds_the_key_whatever_their_role(practice, nurse, client_card, hidden):
    for role in ("owner", "prescriber", "manager", "front_desk"):
        with make.opened(practice.actor(role), client_card):
            assert keyring.open_entries() == []
            assert not Note.objects.filter(pk=hidden.pk).exists()
            assert not Audience.objects.exists()
            with pytest.raises(RecordLocked):
                _ = Note.everything.get(pk=hidden.pk).body
    with make.opened(nurse, client_card):
        assert keyring.open_entries() == [hidden.audience_id or EntryKey.objects.get().id]


def test_a_person_or_a_role_is_named_and_read_at_the_next_request(
    practice, nurse, doctor, client_card, hidden
):
    with make.opened(nurse, client_card):
        _choose(nurse, people={doctor.id})
    with make.opened(doctor, client_card):
        assert Note.objects.get(pk=hidden.pk).body == {"text": SECRET}
    role = practice.roles["prescriber"]
    with make.opened(nurse, client_card):
        _choose(nurse, roles={role.id})
        assert set(AudienceMember.objects.values_list("person_id", "role_id")) == {
            (nurse.id, None),
            (None, role.id),
        }
    with make.opened(doctor, client_card):
        assert Note.objects.filter(pk=hidden.pk).exists()
    with make.opened(nurse, client_card):
        _choose(nurse)
    with make.opened(doctor, client_card):
        assert not Note.objects.filter(pk=hidden.pk).exists()


def _choose(actor, people=(), roles=(), category=Category.REPRODUCTIVE):
    audience = Audience.objects.get()
    actions.choose_readers(
        actor, audience, wanted=Mark(category, Readers(frozenset(people), frozenset(roles)))
    )


def test_a_role_counts_while_it_is_held_and_not_by_its_name(practice, nurse, doctor, client_card, hidden):
    from dataclasses import replace

    with make.opened(nurse, client_card):
        _choose(nurse, roles={practice.roles["prescriber"].id})
    assert doctor.role_ids == {practice.roles["prescriber"].id}
    with make.opened(replace(doctor, role_ids=frozenset()), client_card):
        assert keyring.open_entries() == []


def test_a_look_through_a_roles_eyes_opens_no_entry(practice, nurse, client_card, hidden):
    from dataclasses import replace

    with make.opened(replace(nurse, is_preview=True), client_card):
        assert keyring.open_entries() == []


def test_the_console_and_jobs_open_none(nurse, client_card, hidden):
    from alcove.security.access.actors import Actor
    from alcove.security.access.policy import Open

    with make.opened(nurse, client_card):
        _choose(
            nurse,
            roles={
                one.id
                for one in __import__(
                    "alcove.clinic.records.queries.sensitive", fromlist=["x"]
                ).reading_roles()
            },
        )
    for actor in (Actor.operator("test"), Actor.job("test", Open.DIRECTORY, Open.RECORD)):
        with make.opened(actor, client_card):
            assert keyring.open_entries() == []


def test_whoever_may_not_open_the_record_opens_no_entry(practice, nurse, client_card, hidden):
    from dataclasses import replace

    from alcove.security.access.policy import Open

    with make.opened(replace(nurse, rights=nurse.rights - {Open.RECORD.key}), client_card):
        assert keyring.open_entries() == []


def test_only_those_who_read_records_can_be_named(practice, nurse, client_card):
    with make.opened(nurse, client_card):
        note = make.signed(nurse, client_card)
        for readers in (
            Readers(people=frozenset({practice.person("front_desk").id})),
            Readers(roles=frozenset({practice.roles["front_desk"].id})),
            Readers(people=frozenset({uuid7()})),
        ):
            with pytest.raises(Conflict, match="may read records"):
                actions.mark_sensitive(nurse, note, wanted=Mark(Category.SEXUAL, readers))
        assert not Note.objects.get(pk=note.pk).is_sensitive


def test_the_author_stays_whoever_marks_and_chooses(nurse, doctor, client_card):
    with make.opened(nurse, client_card):
        note = make.signed(nurse, client_card)
    with make.opened(doctor, client_card):
        mark(doctor, Note.objects.get(pk=note.pk))
        assert set(AudienceMember.objects.values_list("person_id", flat=True)) == {nurse.id, doctor.id}
        _choose(doctor)
        assert set(AudienceMember.objects.values_list("person_id", flat=True)) == {nurse.id}
    with make.opened(nurse, client_card):
        assert Note.objects.filter(pk=note.pk).exists()


def test_an_entry_without_an_author_always_has_somebody(nurse, doctor, client_card):
    with make.opened(nurse, client_card):
        item = make.item(nurse, client_card, "condition", source="import")
        with writing("an import"):
            Item.objects.filter(pk=item.pk).update(author_id=None)
        mark(nurse, Item.objects.get(pk=item.pk))
        with pytest.raises(Conflict, match="Somebody has to be able to read it"):
            _choose(nurse)


def test_another_persons_draft_cannot_be_marked(nurse, doctor, client_card):
    with make.opened(nurse, client_card):
        note = make.draft(nurse, client_card)
    with make.opened(doctor, client_card), pytest.raises(Refused, match="Only its author"):
        mark(doctor, Note.objects.get(pk=note.pk))


def test_nobody_outside_chooses_readers_or_lifts_the_mark(nurse, doctor, client_card, hidden):
    held = Audience.everything.get()
    with make.opened(doctor, client_card):
        for deed in (
            lambda: actions.choose_readers(
                doctor, held, wanted=Mark(Category.SEXUAL, Readers(frozenset({doctor.id})))
            ),
            lambda: actions.lift_mark(doctor, held),
        ):
            with pytest.raises(NotFound):
                deed()
    assert Note.everything.get(pk=hidden.pk).audience_id == held.id


def test_allergies_are_never_out_of_anybodys_sight(nurse, client_card):
    with make.opened(nurse, client_card):
        item = make.item(nurse, client_card, "allergy", name="Latex")
        with pytest.raises(Conflict, match="red band"):
            mark(nurse, item)
        with pytest.raises(Conflict, match="red band"):
            make_marked_item(nurse, client_card, "allergy")
        assert not Item.objects.filter(audience_id__isnull=False).exists()
        assert not EntryKey.objects.exists()


def make_marked_item(actor, client, kind, **fields):
    from alcove.clinic.records.models.content import KINDS

    fields.setdefault("name", "Depression")
    return actions.add_item(
        actor, client, kind=kind, entry=KINDS[kind](**fields), sensitive=Mark(Category.MENTAL)
    )


# Lifting --------------------------------------------------------------------------------------------------------------


def test_lifting_brings_everything_back_and_destroys_the_key(nurse, doctor, client_card, hidden):
    with make.opened(nurse, client_card):
        actions.lift_mark(nurse, Audience.objects.get())
    for model in (EntryKey, Audience, AudienceMember, SensitiveRow):
        assert not model._base_manager.exists(), model
    with make.opened(doctor, client_card):
        found = Note.objects.get(pk=hidden.pk)
        assert found.body == {"text": SECRET}
        assert [one.text for one in found.amendments.all()] == ["She asked again"]
        assert found.author_id == nurse.id
        text = note_queries.text(found)
        assert text.is_sound and all(one.is_sound for one in text.amendments)
        assert Version.objects.filter(object_id=found.pk).count() >= 2
        assert all(one.before for one in Version.objects.filter(object_id=found.pk))


def test_a_group_is_marked_and_lifted_whole(nurse, doctor, client_card):
    with make.opened(nurse, client_card):
        values = [
            make.item(nurse, client_card, "observation", name=f"hCG {n}", value=str(n)) for n in range(3)
        ]
        report = make.item(
            nurse, client_card, "report", name="Pregnancy test", results=[str(one.pk) for one in values[:2]]
        )
        mark(nurse, Item.objects.get(pk=values[0].pk))
    marked = set(Item.everything.filter(audience_id__isnull=False).values_list("pk", flat=True))
    assert marked == {values[0].pk, values[1].pk, report.pk}
    with make.opened(doctor, client_card):
        shown = lists(doctor, client_card)
        assert all("Pregnancy" not in line.name for part in shown.parts for line in part.current)
        assert [one.content["name"] for one in Item.objects.filter(kind="observation")] == ["hCG 2"]
    with make.opened(nurse, client_card):
        # The result loses a value meanwhile, as by an import: lifting finds it all the same.
        with writing("an import"):
            found = Item.objects.get(pk=report.pk)
            found.content = {**found.content, "results": []}
            found.save()
        actions.lift_mark(nurse, Audience.objects.get())
    assert not Item.everything.filter(audience_id__isnull=False).exists()
    with make.opened(doctor, client_card):
        assert Item.objects.filter(pk__in=marked).count() == 3
        assert all(one.content for one in Item.objects.all())


# What hangs on it -----------------------------------------------------------------------------------------------------


def test_what_comes_later_lies_under_the_entrys_key_too(nurse, client_card):
    with make.opened(nurse, client_card):
        note = actions.begin_note(
            nurse, client_card, template="free", title="", sensitive=Mark(Category.MENTAL)
        )
        actions.keep_draft(nurse, note, title="Talk", body={"text": SECRET})
        actions.sign_note(nurse, note)
        actions.amend_note(nurse, note, text="More", reason="She said more later")
        for row in everything_of(note):
            assert row.audience_id == note.audience_id
            assert opens_under_the_record(row) == []
    assert set(SensitiveRow.objects.values_list("object_id", flat=True)) == {
        note.pk,
        Amendment.everything.get().pk,
    }


def test_a_discarded_draft_keeps_its_words_under_the_entrys_key(nurse, doctor, client_card):
    with make.opened(nurse, client_card):
        note = actions.begin_note(nurse, client_card, template="free", sensitive=Mark(Category.MENTAL))
        actions.keep_draft(nurse, note, title="", body={"text": SECRET})
        actions.discard_note(nurse, note)
        assert opens_under_the_record(Version.everything.get(event="records.note.discarded")) == []
    with make.opened(doctor, client_card):
        assert not Version.objects.filter(object_id=note.pk).exists()


def test_a_document_and_its_bytes_open_for_its_audience_only(practice, nurse, doctor, client_card):
    with make.opened(nurse, client_card):
        document = make.document(nurse, client_card, sensitive=Mark(Category.REPRODUCTIVE))
        assert documents.opened(Document.objects.get(pk=document.pk)) == make.PDF
        assert opens_under_the_record(document) == []
    with make.opened(doctor, client_card):
        assert documents.documents(doctor, client_card) == []
        with pytest.raises(NotFound):
            documents.document(doctor, client_card, document.pk)


def test_what_the_client_said_of_an_entry_goes_with_it(nurse, doctor, client_card):
    with make.opened(nurse, client_card):
        item = make.item(nurse, client_card, "medication", name="Estradiol")
        with writing("a tablet"):
            told = PatientEntry.objects.create(
                client=client_card,
                kind="medication",
                content={
                    "what": "gone",
                    "item": str(item.pk),
                    "name": "Estradiol",
                    "before": "Estradiol",
                    "said": "",
                },
            )
        mark(nurse, Item.objects.get(pk=item.pk))
        assert opens_under_the_record(PatientEntry.objects.get(pk=told.pk)) == []
    from alcove.clinic.records.queries import told as told_queries

    with make.opened(doctor, client_card):
        assert told_queries.waiting(doctor, client_card) == []
        assert not told_queries.card_part(doctor, client_card).tabs


# The log --------------------------------------------------------------------------------------------------------------


def test_the_log_names_ids_and_no_category(nurse, doctor, client_card, hidden):
    with make.opened(nurse, client_card):
        _choose(nurse, people={doctor.id}, category=Category.GENDER)
        actions.lift_mark(nurse, Audience.objects.get())
    said = list(Entry.objects.filter(event__startswith="access.").values_list("event", "fields", "object"))
    events = [event for event, *_ in said]
    for event in (
        "access.entry.limited",
        "access.reader.added",
        "access.entry.changed",
        "access.entry.unlimited",
    ):
        assert event in events
    assert ("access.reader.added", f"person {doctor.id.hex}", f"records.note {hidden.pk.hex}") in said
    words = " ".join(" ".join(one) for one in said)
    for category in Category:
        assert category.value not in words
    assert "sensitive" not in words and "category" not in words


# Emergency ------------------------------------------------------------------------------------------------------------


def test_broken_glass_opens_entries_only_if_it_was_broken_for_them(nurse, doctor, client_card, hidden):
    clients.break_glass(doctor, client_card.id, reason="Collapsed in the waiting room")
    with make.opened(doctor, client_card):
        assert keyring.open_entries() == []
    clients.break_glass(doctor, client_card.id, reason="Bleeding, pregnancy possible", with_sensitive=True)
    with make.opened(doctor, client_card):
        assert Note.objects.get(pk=hidden.pk).body == {"text": SECRET}
    with writing("an hour later"):
        GlassBreak.objects.update(ends_at=timezone.now() - timedelta(minutes=1))
    with make.opened(doctor, client_card):
        assert keyring.open_entries() == []


def test_by_broken_glass_nobody_gets_in_for_good_by_their_own_hand(
    practice, nurse, doctor, client_card, hidden
):
    clients.break_glass(doctor, client_card.id, reason="Bleeding, pregnancy possible", with_sensitive=True)
    owner = practice.actor("owner")
    with make.opened(doctor, client_card):
        held = Audience.objects.get()
        for deed in (
            lambda: _choose(doctor, people={nurse.id, doctor.id}),
            lambda: _choose(doctor, people={nurse.id}, category=Category.MENTAL),
            lambda: _choose(doctor, people={nurse.id}, roles={practice.roles["prescriber"].id}),
            lambda: actions.lift_mark(doctor, held),
        ):
            with pytest.raises(Refused, match="Emergency access"):
                deed()
        # Somebody else: an entry whose readers have all left finds new ones that way.
        _choose(doctor, people={nurse.id, owner.id})
    with make.opened(owner, client_card):
        assert Note.objects.filter(pk=hidden.pk).exists()


# Lists ----------------------------------------------------------------------------------------------------------------


def test_the_audience_sees_it_in_lists_with_who_reads_it(nurse, doctor, client_card, hidden):
    with make.opened(nurse, client_card):
        make_marked_item(nurse, client_card, "condition", name="Depression")
        [line], total = note_queries.notes(nurse, client_card)
        assert (total, line.readers) == (1, nurse.name)
        [condition] = next(
            part for part in lists(nurse, client_card).parts if part.kind == "condition"
        ).current
        assert condition.readers == nurse.name
    with make.opened(doctor, client_card):
        assert note_queries.notes(doctor, client_card) == ([], 0)
        assert not any(part.current for part in lists(doctor, client_card).parts)


def test_values_and_visits_leave_it_out_for_others(nurse, doctor, client_card):
    with make.opened(nurse, client_card):
        visit = make.visit(nurse, client_card)
        for number in range(2):
            make_marked_item(
                nurse,
                client_card,
                "observation",
                name="hCG",
                value=str(number),
                start=f"2026-0{number + 1}-01",
            )
        note = actions.begin_note(
            nurse, client_card, template="free", visit=visit, sensitive=Mark(Category.REPRODUCTIVE)
        )
        assert len(observations.observations(nurse, client_card)) == 1
        [[shown], _] = visits.visits(nurse, client_card)
        assert [one.id for one in shown.notes] == [note.pk]
    with make.opened(doctor, client_card):
        assert observations.observations(doctor, client_card) == []
        [[shown], _] = visits.visits(doctor, client_card)
        assert shown.notes == []


def test_what_is_printed_leaves_it_out_even_for_its_audience(nurse, client_card, hidden):
    from alcove.clinic.records.queries.printout import printout

    with make.opened(nurse, client_card):
        assert printout(nurse, client_card).notes == []
        assert keyring.open_entries() != []


def test_an_author_finds_an_unsigned_sensitive_note_on_the_first_page(nurse, client_card):
    from alcove.clinic.dashboard import queries as dashboard

    with make.opened(nurse, client_card):
        actions.begin_note(nurse, client_card, template="free", sensitive=Mark(Category.MENTAL))
    with keyring.keyring():
        assert [count for _, count in dashboard.day(nurse).unsigned] == [1]


# Two at once ----------------------------------------------------------------------------------------------------------


def test_who_read_it_before_it_was_marked_is_told_to_look_again(nurse, doctor, client_card):
    with make.opened(nurse, client_card):
        item = make.item(nurse, client_card, "condition", name="Anxiety")
        note = make.signed(nurse, client_card)
    with make.opened(doctor, client_card):
        read_item, read_note = Item.objects.get(pk=item.pk), Note.objects.get(pk=note.pk)
        with make.opened(nurse, client_card):
            mark(nurse, Item.objects.get(pk=item.pk))
            mark(nurse, Note.objects.get(pk=note.pk))
        with pytest.raises(Conflict):
            actions.change_item(doctor, read_item, entry=read_item.entry.of({"name": "Anxiety, severe"}))
        with pytest.raises(Conflict):
            actions.amend_note(doctor, read_note, text="Words", reason="Forgot to write it")
    assert not Amendment.everything.exists()
    assert not Version.everything.filter(object_id=item.pk, audience_id__isnull=True).exists()


def test_marking_what_was_changed_meanwhile_changes_nothing(nurse, client_card):
    with make.opened(nurse, client_card):
        item = make.item(nurse, client_card, "condition", name="Anxiety")
        read = Item.objects.get(pk=item.pk)
        actions.change_item(nurse, item, entry=item.entry.of({"name": "Anxiety, severe"}))
        with pytest.raises(Conflict):
            mark(nurse, read)
        assert not EntryKey.objects.exists()
        mark(nurse, Item.objects.get(pk=item.pk))
        with pytest.raises(Conflict):
            mark(nurse, Item.objects.get(pk=item.pk))
        assert EntryKey.objects.count() == 1


def test_a_draft_discarded_while_it_is_marked_is_not_kept_for_the_wrong_readers(nurse, client_card):
    with make.opened(nurse, client_card):
        note = make.draft(nurse, client_card)
        read = Note.objects.get(pk=note.pk)
        mark(nurse, Note.objects.get(pk=note.pk))
        with pytest.raises(Conflict, match="Who may read this was changed"):
            actions.discard_note(nurse, read)
    assert Note.everything.filter(pk=note.pk).exists()


def test_the_kernel_never_marks_by_broken_glass(nurse, doctor, practice, client_card):
    with make.opened(nurse, client_card):
        note = make.signed(nurse, client_card)
        clients.limit_client(nurse, client_card)
    clients.break_glass(doctor, client_card.id, reason="Collapsed in the waiting room")
    with make.opened(doctor, client_card), pytest.raises(Refused, match="Emergency access"):
        mark(doctor, Note.objects.get(pk=note.pk))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def crowd(request):
    """What became of several who wrote at one moment (``crowd.py``)."""

    def run(*words):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ALCOVE_", "DJANGO_"))}
        done = subprocess.run(
            [sys.executable, "-m", "alcove.clinic.records.tests.crowd", *words],
            env=kept, cwd=scratch.ROOT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    if request.param == "sqlite":
        return run()
    if not scratch.has_postgresql():
        pytest.skip("PostgreSQL 15 is not here: install Debian's postgresql-15")
    with scratch.postgresql() as url:
        return run(scratch.new_database(url))


def test_at_one_moment_nothing_is_lost_nor_left_under_the_records_key(crowd):
    for what in ("changed", "struck", "amended", "rekeyed"):
        outcomes, left_behind = crowd[what]
        assert left_behind == 0, what
        for pair in outcomes:
            # One of the two at least gets through, and whoever does not is told; nobody stumbles.
            assert pair != ["Conflict", "Conflict"], (what, pair)
            # For the doctor, who is not of the audience, the row may be gone already.
            assert set(pair) <= {"Conflict", "DoesNotExist", "marked", "written"}, (what, pair)
    # Once only. Who opened the record before it was marked may not see the row any more when looking for it after.
    assert crowd["twice"].count("marked") == 1
    assert set(crowd["twice"]) <= {"Conflict", "DoesNotExist", "marked"}
    assert len(crowd["twice"]) == 4
    assert crowd["keys"] == 1
    assert crowd["opens"]
