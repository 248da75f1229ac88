"""Sealed columns: plaintext gets in by no road, and a value that was changed or moved never comes out (VLT-02, 03)."""

from __future__ import annotations

import io
import itertools
from datetime import date

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Count, F, Max, Min, Q, Value
from django.db.models.functions import Cast, Lower, Upper

from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Note
from alcove.security.access.writes import writing
from alcove.security.identity.models import Factor
from alcove.security.vault import crypto, house, keyring
from alcove.security.vault.errors import PlaintextRefused, RecordLocked, SealBroken, VaultError
from alcove.security.vault.fields import SealedDate, SealedText, plain
from alcove.security.vault.ids import uuid7
from alcove.security.vault.models import ClientKey, House
from alcove.security.vault.tests import make

WORDS = "the client's own words"


@pytest.fixture
def filled(practice):
    return make.fill(make.OPERATOR)


# Moved and changed ----------------------------------------------------------------------------------------------


def test_every_sealed_column_of_the_clinic_is_in_the_sample(filled):
    labels = {cell.field.label for cell in make.cells()}
    assert {"clients.client.directory", "clients.alert.desk_text", "records.note.body", "records.item.content",
            "records.document.file_key", "access.version.before", "identity.factor.secret"} <= labels  # fmt: skip
    assert len(labels) >= 18


def test_every_swap_between_clients_rows_and_columns_is_refused(filled):
    cells, refused = make.cells(), 0
    with keyring.keyring():
        make.open_all()
        for here, there in itertools.permutations(cells, 2):
            row = here.model(pk=here.row, **({here.field.owner: here.owner} if here.owner else {}))
            row.__dict__[here.field.attname] = there.blob
            with pytest.raises(SealBroken):
                getattr(row, here.field.attname)
            refused += 1
    assert refused == len(cells) * (len(cells) - 1) >= 1500


def test_a_swap_in_the_database_itself_is_refused_and_never_shown_as_empty(filled):
    cells = make.cells()
    for here in cells:
        there = next(each for each in cells if each.field is here.field and each.row != here.row)
        here.store(there.blob)
        with keyring.keyring():
            make.open_all()
            with pytest.raises(SealBroken):
                getattr(here.loaded(), here.field.attname)
        here.store(here.blob)
    with keyring.keyring():
        assert len(make.everything()) == len(cells)


def test_every_flipped_byte_is_refused(filled):
    flips = 0
    one_of_each = {cell.field.label: cell for cell in make.cells()}.values()
    with keyring.keyring():
        make.open_all()
        for cell in one_of_each:
            row = cell.loaded()
            for at, bit in itertools.product(range(len(cell.blob)), (0x01, 0x10, 0x80)):
                changed = bytearray(cell.blob)
                changed[at] ^= bit
                row.__dict__[cell.field.attname] = bytes(changed)
                with pytest.raises(SealBroken):
                    getattr(row, cell.field.attname)
                flips += 1
    assert flips > 3000


def test_every_cut_is_refused(filled):
    cell = next(cell for cell in make.cells() if cell.field.label == "records.note.body")
    with keyring.keyring():
        make.open_all()
        row = cell.loaded()
        for length in range(len(cell.blob)):
            row.__dict__[cell.field.attname] = cell.blob[:length]
            with pytest.raises(SealBroken):
                getattr(row, cell.field.attname)


def test_a_value_of_another_practice_is_refused(filled):
    # The same client id, row and column, and even the same wrapping key: only the practice differs.
    client_id = filled[0]
    row = ClientKey.objects.get(client_id=client_id)
    ours = house.house()
    theirs = house.OpenHouse(House(id=uuid7()), ours.rows)
    blob = crypto.seal(theirs.cipher("wrap", 1), 1, crypto.new_key(), keyring._bound(theirs, client_id))
    row.wrapped = blob
    with pytest.raises(SealBroken):
        keyring.client_secret(row)


def test_a_client_key_moved_to_another_client_is_refused(filled):
    first, second = ClientKey.objects.order_by("client_id")[:2]
    with writing("test"):
        ClientKey.objects.filter(pk=first.pk).update(wrapped=second.wrapped)
    with keyring.keyring(), pytest.raises(SealBroken):
        keyring.put(ClientKey.objects.get(pk=first.pk), tuple(keyring.Part))


def test_the_directory_subkey_does_not_open_the_record(filled):
    cell = next(cell for cell in make.cells() if cell.field.label == "records.note.body")
    with keyring.keyring():
        keyring.put(ClientKey.objects.get(client_id=cell.owner), (keyring.Part.DIRECTORY,))
        with pytest.raises(RecordLocked):
            _ = cell.loaded().body
        ring = keyring.current()
        ring.parts["record"][cell.owner.int] = ring.parts["directory"][cell.owner.int]
        with pytest.raises(SealBroken):
            _ = cell.loaded().body


def test_changing_the_demo_mark_or_the_practice_id_shuts_the_vault(practice):
    for change in ({"is_demo": True}, {"id": uuid7()}):
        before = House.objects.values().get()
        with writing("test"):
            House.objects.update(**change)
        house.forget()
        with pytest.raises(VaultError, match="key provider file"):
            house.unlock()
        with writing("test"):
            House.objects.update(**{name: before[name] for name in change})


# Plaintext on any road ------------------------------------------------------------------------------------------


def _note(filled):
    return Note.objects.filter(client_id=filled[0])


@pytest.mark.parametrize(
    "road",
    [
        lambda notes: notes.update(title=WORDS),
        lambda notes: notes.update(title=WORDS.encode()),
        lambda notes: notes.update(body={"text": WORDS}),
        lambda notes: notes.update(title=Value(WORDS)),
        lambda notes: notes.update(title=Value(WORDS, output_field=models.TextField())),
        lambda notes: notes.update(title=Upper(Value(WORDS))),
        lambda notes: notes.update_or_create(defaults={"title": WORDS.encode()}, pk=notes.get().pk),
        lambda notes: Note.objects.bulk_update([_typed(notes.get())], ["title"]),
        lambda notes: Note(pk=notes.get().pk, title=WORDS.encode()).save(update_fields=["title"]),
        lambda notes: _raw("UPDATE records_note SET title = %s", [WORDS]),
        lambda notes: _raw("UPDATE records_note SET title = %s", [WORDS.encode()]),
        lambda notes: _raw("UPDATE records_note SET title = %s", [""]),
        lambda notes: _raw("UPDATE records_note SET title = %s", [b""]),
    ],
)
def test_plaintext_is_refused_on_every_road_and_stores_nothing(filled, road):
    before = bytes(_note(filled).values_list("title", flat=True).get())
    with keyring.keyring():
        make.open_all()
        with pytest.raises((PlaintextRefused, DatabaseError)), writing("test"), transaction.atomic():
            road(_note(filled))
    assert bytes(_note(filled).values_list("title", flat=True).get()) == before
    assert WORDS.encode() not in before


def _typed(note):
    note.title = WORDS
    return note


def _raw(sql, parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def test_plaintext_is_refused_in_a_new_row_as_well(filled):
    columns = "INSERT INTO records_keptresource (id, client_id, resource_type, created_at, content) VALUES (%s, %s, %s, %s, %s)"
    of = Note._meta.pk.get_db_prep_value
    values = [
        of(uuid7(), connection),
        of(filled[0], connection),
        "Claim",
        "2026-01-01 00:00:00+00:00",
        WORDS.encode(),
    ]
    with pytest.raises(DatabaseError), writing("test"), transaction.atomic():
        _raw(columns, values)


def test_bulk_create_seals(filled):
    with keyring.keyring(), writing("test"):
        make.open_all()
        made = Note(client_id=filled[0], title=WORDS, body={}, author_name="")
        Note.objects.bulk_create([made])
        stored = bytes(Note.objects.filter(pk=made.pk).values_list("title", flat=True).get())
        assert WORDS.encode() not in stored
        assert Note.objects.get(pk=made.pk).title == WORDS


@pytest.mark.parametrize(
    "look",
    [
        lambda: Note.objects.filter(title=WORDS),
        lambda: Note.objects.exclude(title=WORDS.encode()),
        lambda: Note.objects.filter(title__in=[WORDS]),
        lambda: Note.objects.filter(title__contains="word"),
        lambda: Note.objects.filter(title__startswith=b"\x01"),
        lambda: Note.objects.filter(Q(body__text=WORDS)),
        lambda: Note.objects.filter(title=F("author_name")),
        lambda: Note.objects.order_by("body__text"),
        lambda: Client.objects.filter(directory__given="x"),
        lambda: Client.objects.filter(notes__title="x"),
        lambda: Factor.objects.filter(secret="x"),
    ],
)
def test_filtering_on_a_sealed_column_is_refused(filled, look):
    with pytest.raises(FieldError):
        list(look())


@pytest.mark.parametrize(
    "look",
    [
        lambda: Note.objects.order_by("title"),
        lambda: Note.objects.order_by("-title", "id"),
        lambda: Note.objects.order_by(F("title").desc()),
        lambda: Note.objects.order_by(Lower("title")),
        lambda: Client.objects.order_by("notes__title"),
        lambda: Note.objects.values("title").order_by("title"),
        lambda: Note.objects.values_list("id", "title").order_by(F("title").asc(nulls_last=True)),
        lambda: Note.objects.annotate(low=F("title")).order_by("low"),
        lambda: Note.objects.annotate(low=Cast("title", models.TextField())),
        lambda: Note.objects.values("title").annotate(count=Count("id")),
        lambda: Note.objects.values("title").distinct(),
        lambda: Note.objects.filter(id=F("title")),
        lambda: Note.objects.filter(signed_at__lt=F("title")),
        lambda: Note.objects.values("title").union(Note.objects.values("title")).order_by("title"),
        lambda: Note.objects.union(Note.objects.all()).order_by("title"),
        lambda: [Note.objects.filter(id=F("title")).exists()],
        lambda: [Note.objects.filter(id=F("title")).count()],
        lambda: [Note.objects.aggregate(Min("title"))],
        lambda: [Note.objects.aggregate(Max("title"))],
        lambda: [Note.objects.order_by("id")[:2].aggregate(Max("title"))],
        lambda: [Note.objects.annotate(count=Count("id")).aggregate(Max("title"))],
        lambda: [Client.objects.aggregate(last=Max("notes__title"))],
        lambda: [Note.objects.earliest("title")],
        lambda: [Note.objects.filter(id=F("title")).update(signed_at=None)],
        lambda: [Note.objects.filter(id=F("title")).delete()],
    ],
)
def test_sorting_grouping_and_comparing_by_a_sealed_column_is_refused(filled, look):
    with writing("test"), pytest.raises(FieldError, match="is sealed"):
        list(look())


@pytest.mark.postgresql
def test_distinct_on_a_sealed_column_is_refused(filled):
    if connection.vendor != "postgresql":
        pytest.skip("DISTINCT ON is PostgreSQL's")
    with pytest.raises(FieldError, match="is sealed"):
        list(Note.objects.distinct("title"))


def test_values_show_ciphertext_only(filled):
    for stored in (
        list(Note.objects.values_list("title", flat=True)),
        [row["title"] for row in Note.objects.order_by("id").values("id", "title")],
        [row[1] for row in Note.objects.union(Note.objects.all()).values_list("id", "title")],
    ):
        assert len(stored) == len(filled)
        assert all(crypto.sealed_version(bytes(blob)) == 1 and b"words" not in bytes(blob) for blob in stored)


@pytest.mark.parametrize("kind", ["json", "xml", "jsonl"])
def test_dumpdata_fails_rather_than_spill(filled, kind):
    out = io.StringIO()
    with keyring.keyring():
        make.open_all()
        with pytest.raises(Exception, match="sealed"):
            call_command("dumpdata", "records", "clients", "identity.factor", format=kind, stdout=out)
    assert "words of client" not in out.getvalue()


def test_a_value_is_never_shown_without_its_key(filled):
    for cell in make.cells():
        if cell.owner is None:
            continue
        with keyring.keyring(), pytest.raises(RecordLocked):
            getattr(cell.loaded(), cell.field.attname)
        with pytest.raises(RecordLocked):
            getattr(cell.loaded(), cell.field.attname)


def test_an_isnull_question_and_a_date_work(filled):
    assert Note.objects.filter(acknowledged__isnull=True).count() == len(filled)
    day = SealedDate(owner="house", label="test.day")
    assert day.from_plaintext(day.to_plaintext(date(1984, 2, 29))) == date(1984, 2, 29)
    for wrong in ("1984-02-29", None, 3):
        with pytest.raises(TypeError):
            day.to_plaintext(wrong)
    with pytest.raises(TypeError):
        SealedText(owner="house", label="test.text").to_plaintext(b"bytes")


@pytest.mark.parametrize("text", ["", "x", "é漢字🙂", "a\x00b", "\ud800 lone", "x" * 100_000])
def test_texts_come_back_exactly_as_typed(filled, text):
    with keyring.keyring(), writing("test"):
        make.open_all()
        note = Note(client_id=filled[0], title=text, body={"text": text}, author_name="")
        note.save(force_insert=True)
        again = Note.objects.get(pk=note.pk)
        assert (again.title, again.body) == (text, {"text": text})


def test_a_reason_to_stay_plain_is_a_sentence():
    with pytest.raises(ValueError, match="sentence"):
        plain("because", models.CharField(max_length=3))
