"""The chain: whatever is changed, removed, inserted or moved by direct SQL is found (AUD-03, AUD-04)."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from alcove.security.access.errors import WriteRefused
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Did
from alcove.security.audit import chain, export, pen
from alcove.security.audit.chain import heads, links, proof
from alcove.security.audit.models import Block, Entry
from alcove.security.audit.tests import log
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.tests.make import OPERATOR


@pytest.fixture
def head(tmp_path):
    return tmp_path / "audit.head"


@pytest.fixture
def small(practice, head):
    sequencer = log.small(head_file=head)
    sequencer.link()
    log.drop_triggers()
    assert chain.verify(head_file=head).holds
    return sequencer


@contextmanager
def tampering():
    """Whatever is done in this block is undone after it."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


def forged(value, column):
    """Yield every value that differs from ``value`` in one byte, and NULL or something where the other stood."""
    if value is None:
        yield uuid4().hex if column.endswith("_id") else b"\x01" * 40
        if connection.vendor == "sqlite":
            yield ""
            yield "\x00"
            yield 0
        return
    if isinstance(value, int):
        for byte in range(4 if column == "key_version" else 8):
            yield value ^ (1 << (8 * byte))
        yield -value - 1
    elif isinstance(value, bytes | memoryview):
        raw = bytes(value)
        for at in range(len(raw)):
            changed = bytearray(raw)
            changed[at] ^= 1
            yield bytes(changed)
        yield raw[:-1]
        yield raw + b"\0"
        yield b""
        if connection.vendor == "sqlite":
            yield raw.hex()
    elif isinstance(value, UUID):
        for at in range(16):
            changed = bytearray(value.bytes)
            changed[at] ^= 1
            yield UUID(bytes=bytes(changed))
    else:
        for at, sign in enumerate(value):
            yield value[:at] + chr(ord(sign) ^ 1) + value[at + 1 :]
        yield value + " "
        if value:
            yield value[:-1]
        if connection.vendor == "sqlite":
            yield value.encode()
    if column in {"actor_id", "client_id", "clients", "reason", "origin_id"}:
        yield None


def try_to_set(table, key, row, column, value):
    """Return whether the database took the forged value at all."""
    try:
        with transaction.atomic():
            log.sql(f'UPDATE {table} SET "{column}" = %s WHERE {key} = %s', value, row[key])
    except DatabaseError:
        return False
    return True


def test_every_flipped_byte_of_every_column_of_every_entry_is_found(small):
    tried = refused = 0
    stored = log.rows("audit_entry", "writer, counter")
    for number, row in _one_of_each_kind(stored):
        named = {str(row["id"]).replace("-", "")}
        following = stored[number + 1 : number + 2]
        for column, value in row.items():
            for wrong in forged(value, column):
                with tampering():
                    if not try_to_set("audit_entry", "id", row, column, wrong):
                        refused += 1
                        continue
                    tried += 1
                    verdict = chain.verify()
                    assert not verdict.holds, (column, value, wrong)
                    found = verdict.first.entry
                    if column == "id":
                        named = named | {str(wrong).replace("-", "")}
                    # An entry moved to another place of the row of counts shows at its own place or at the next one.
                    if column in {"writer", "counter"}:
                        place = f"entry {row['counter']} of writer {str(row['writer']).replace('-', '')}"
                        named = named | {place, *(str(each["id"]).replace("-", "") for each in following)}
                    assert found in named, (column, value, wrong, verdict.faults)
    assert tried > 500
    assert chain.verify().holds


def _one_of_each_kind(stored):
    """Yield (place, row) of one entry for each set of columns that hold something: the first that has one after it."""
    seen = set()
    for number, row in enumerate(stored[:-1]):
        kind = tuple(name for name, value in row.items() if value is None)
        if row["event"].startswith(("clients.", "records.", "access.attempt")) and kind not in seen:
            seen.add(kind)
            yield number, row
    assert len(seen) >= 3


def test_every_flipped_byte_of_every_column_of_every_block_is_found(small, head):
    tried = 0
    blocks = log.rows("audit_block", "number")
    for row in (blocks[1], blocks[-1]):
        for column, value in row.items():
            for wrong in forged(value, column):
                with tampering():
                    if not try_to_set("audit_block", "number", row, column, wrong):
                        continue
                    tried += 1
                    verdict = chain.verify(head_file=head)
                    assert not verdict.holds, (column, value, wrong)
                    assert any(fault.entry.startswith("block ") for fault in verdict.faults)
    assert tried > 200
    assert chain.verify(head_file=head).holds


def test_text_that_is_no_text_is_named(small, head):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL stores no such text")
    stored = log.rows("audit_entry", "writer, counter")[-1]
    for column in ("role", "event", "object", "client_id", "writer", "id"):
        with tampering():
            log.sql(f"UPDATE audit_entry SET {column} = CAST(x'41ff42' AS TEXT) WHERE id = %s", stored["id"])
            verdict = chain.verify(head_file=head)
            assert verdict.first.entry in {
                stored["id"],
                "A?B",
                f"entry {stored['counter']} of writer {stored['writer']}",
            }
            str(verdict).encode()
    with tampering():
        log.sql("UPDATE audit_block SET ranges = CAST(x'41ff42' AS TEXT) WHERE number = 1")
        assert chain.verify(head_file=head).first.entry == "block 1"
    assert chain.verify(head_file=head).holds


def test_every_single_removed_entry_is_found_at_its_place(small):
    stored = log.rows("audit_entry", "writer, counter")
    for number, row in enumerate(stored):
        with tampering():
            log.sql("DELETE FROM audit_entry WHERE id = %s", row["id"])
            verdict = chain.verify()
            assert not verdict.holds
            writer = str(row["writer"]).replace("-", "")
            after = stored[number + 1] if number + 1 < len(stored) else None
            if after and after["writer"] == row["writer"]:
                assert any(
                    fault.entry == str(after["id"]).replace("-", "")
                    and f"count {row['counter']}" in fault.what
                    for fault in verdict.faults
                )
            assert any(
                fault.entry == f"entry {row['counter']} of writer {writer}" for fault in verdict.faults
            )


def test_removing_all_entries_of_a_writer_is_found(small):
    for writer in {row["writer"] for row in log.rows("audit_entry", "writer")}:
        with tampering():
            log.sql("DELETE FROM audit_entry WHERE writer = %s", writer)
            verdict = chain.verify()
            assert any("removed after it was linked" in fault.what for fault in verdict.faults)


def test_an_inserted_entry_is_found(small):
    stored = log.rows("audit_entry", "writer, counter")
    last = stored[-1]
    for change in (
        {"counter": last["counter"] + 1},
        {"writer": uuid4(), "counter": 1},
        {"counter": last["counter"] + 1000},
        {"counter": 0},
        {"counter": -5},
        {"counter": 2**60},
    ):
        row = {**last, "id": uuid4(), **change}
        if connection.vendor == "sqlite":
            row = {name: value.hex if isinstance(value, UUID) else value for name, value in row.items()}
        with tampering():
            columns = ", ".join(f'"{name}"' for name in row)
            log.sql(
                f"INSERT INTO audit_entry ({columns}) VALUES ({', '.join(['%s'] * len(row))})", *row.values()
            )
            verdict = chain.verify()
            named = {fault.entry for fault in verdict.faults}
            assert str(row["id"]).replace("-", "") in named


def test_two_entries_whose_contents_change_places_are_found(small):
    stored = log.rows("audit_entry", "writer, counter")
    for first, second in zip(stored, stored[1:], strict=False):
        with tampering():
            keep = {"id", "writer", "counter"}
            for row, other in ((first, second), (second, first)):
                names = [name for name in other if name not in keep]
                log.sql(
                    "UPDATE audit_entry SET " + ", ".join(f'"{name}" = %s' for name in names) + " WHERE id = %s",
                    *[other[name] for name in names], row["id"],
                )  # fmt: skip
            assert not chain.verify().holds


def test_two_entries_whose_counts_change_places_are_found(small):
    stored = log.rows("audit_entry", "writer, counter")
    for first, second in zip(stored, stored[1:], strict=False):
        if first["writer"] != second["writer"]:
            continue
        with tampering():
            log.sql("UPDATE audit_entry SET counter = 9999 WHERE id = %s", first["id"])
            log.sql("UPDATE audit_entry SET counter = %s WHERE id = %s", first["counter"], second["id"])
            log.sql("UPDATE audit_entry SET counter = %s WHERE id = %s", second["counter"], first["id"])
            assert not chain.verify().holds


def test_removed_repeated_and_reordered_blocks_are_found(small, head):
    stored = log.rows("audit_block", "number")
    for row in stored:
        with tampering():
            log.sql("DELETE FROM audit_block WHERE number = %s", row["number"])
            assert not chain.verify(head_file=head).holds
    with tampering():
        log.sql("UPDATE audit_block SET number = number + 100")
        assert not chain.verify(head_file=head).holds
    for first, second in zip(stored, stored[1:], strict=False):
        with tampering():
            log.sql("UPDATE audit_block SET number = 999 WHERE number = %s", first["number"])
            log.sql("UPDATE audit_block SET number = %s WHERE number = %s", first["number"], second["number"])
            log.sql("UPDATE audit_block SET number = %s WHERE number = 999", second["number"])
            assert not chain.verify(head_file=head).holds


def _cut(number, *, entries=True):
    """Take away everything from this block on, as if it had never been."""
    if entries:
        for block in Block.objects.filter(number__gte=number):
            for writer, first, last in json.loads(block.ranges):
                of = writer if connection.vendor == "sqlite" else UUID(writer)
                log.sql(
                    "DELETE FROM audit_entry WHERE writer = %s AND counter BETWEEN %s AND %s", of, first, last
                )
    log.sql("DELETE FROM audit_block WHERE number >= %s", number)


def test_a_cut_tail_is_found_by_the_head_noted_beside_the_database(small, head):
    newest = Block.objects.order_by("-number").first().number
    for number in range(1, newest + 1):
        with tampering():
            _cut(number)
            assert chain.verify().holds  # the database alone cannot know
            verdict = chain.verify(head_file=head)
            assert verdict.first.entry == f"block {newest}"
            assert "cut off" in verdict.first.what


def test_a_cut_tail_is_found_by_a_checkpoint_when_the_head_was_cut_as_well(small, head, tmp_path):
    early = head.read_text()
    checkpoint = chain.checkpoint([tmp_path / "elsewhere"])[0]
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    small.link()
    with tampering():
        newest = Block.objects.order_by("-number").first().number
        _cut(newest)
        head.write_text(early)
        assert chain.verify(
            head_file=head, against=checkpoint
        ).holds  # newer than the checkpoint: not its to say
        _cut(newest - 1)
        head.unlink()
        verdict = chain.verify(head_file=head, against=checkpoint)
        assert not verdict.holds
        assert "checkpoint was cut off" in verdict.first.what
    assert chain.verify(head_file=None, against=checkpoint).holds


def test_a_tail_written_anew_differs_from_the_checkpoint(small, head, tmp_path):
    checkpoint = chain.checkpoint([tmp_path])[0]
    newest = Block.objects.order_by("-number").first().number
    with tampering():
        _cut(newest)
        record_now(entry(OPERATOR, Did.CARD_OPENED))
        chain.Sequencer(head_file=head).link()
        assert chain.verify(head_file=head).holds
        verdict = chain.verify(head_file=head, against=checkpoint)
        assert "checkpoint differs" in verdict.first.what


def test_every_flipped_byte_of_head_and_checkpoint_is_found(small, head, tmp_path):
    checkpoint = chain.checkpoint([tmp_path])[0]
    for path in (head, checkpoint):
        good = path.read_bytes()
        meaning = json.loads(good)
        for at in range(0, len(good), 2):
            changed = bytearray(good)
            changed[at] ^= 1
            path.write_bytes(bytes(changed))
            try:
                if json.loads(bytes(changed)) == meaning:
                    continue  # a letter of a hexadecimal digit or white space that means the same
            except ValueError:
                pass
            if path == head:
                assert not chain.verify(head_file=head).holds
            else:
                with pytest.raises(SealBroken):
                    chain.read_checkpoint(checkpoint)
        path.write_bytes(good)
    assert chain.verify(head_file=head, against=checkpoint).holds


def test_a_checkpoint_of_another_practice_is_refused(small, tmp_path):
    from alcove.security.vault import crypto

    seed = crypto.new_key()
    held = json.loads(chain.checkpoint([tmp_path])[0].read_text())
    held.pop("signature")
    held["public_key"] = crypto.public_key(seed).hex()
    held["signature"] = crypto.sign(seed, heads._signed({k: v for k, v in held.items()})).hex()
    (tmp_path / "forged").write_text(json.dumps(held))
    with pytest.raises(SealBroken, match="another practice or key"):
        chain.read_checkpoint(tmp_path / "forged")


def test_an_entry_left_outside_the_chain_is_reported_after_its_time(practice, monkeypatch):
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    assert chain.verify().holds
    now = proof.time.time_ns
    monkeypatch.setattr(proof.time, "time_ns", lambda: now() + 11 * 60 * 10**9)
    assert "never linked" in chain.verify().first.what


def test_text_cannot_be_shifted_between_columns(practice):
    """The separator never gets into a column, and NULL is not the same as empty."""
    record_now(entry(OPERATOR, Did.CARD_OPENED, object="a\x1fb", fields=("c\x1fd", "e\x00f")))
    stored = Entry.objects.order_by("-at_us").first()
    assert (stored.object, stored.fields) == ("a b", "c d,e f")
    row = [f"c{number}" for number in range(17)]
    assert pen.canonical([*row[:6], None, *row[7:]], b"") != pen.canonical([*row[:6], "", *row[7:]], b"")
    assert pen.canonical([*row[:7], "a\x1fb", *row[8:]], b"") != pen.canonical(
        [*row[:7], "a", "b", *row[9:]], b""
    )


# Linking --------------------------------------------------------------------------------------------------------


def test_every_entry_is_linked_once(practice):
    sequencer = log.small(writers=2, each=6)
    assert sequencer.link() == 0
    ranges = [item for block in Block.objects.all() for item in json.loads(block.ranges)]
    assert sum(last - first + 1 for _, first, last in ranges) == Entry.objects.count()
    assert chain.verify().unlinked == 0


def test_a_new_sequencer_goes_on_where_the_last_one_stood(practice):
    log.small(each=2)
    for _ in range(5):
        record_now(entry(OPERATOR, Did.CARD_OPENED))
        assert chain.Sequencer().link() == 1
    verdict = chain.verify()
    assert verdict.holds
    assert verdict.entries == Block.objects.order_by("-number").first().entries


def test_two_sequencers_take_turns(practice):
    first, second = chain.Sequencer(), chain.Sequencer()
    for number in range(10):
        record_now(entry(OPERATOR, Did.CARD_OPENED))
        (first if number % 2 else second).link()
        assert (second if number % 2 else first).link() == 0
    assert chain.verify().holds


def test_entries_of_a_long_outage_are_linked_all(practice, monkeypatch):
    log.small(each=1)
    now = pen.clock.microseconds
    for hours in (1, 20, 40, 60):
        monkeypatch.setattr(pen.clock, "microseconds", lambda hours=hours: now() + hours * 3600 * 10**6)
        pen.retire()
        record_now(entry(OPERATOR, Did.CARD_OPENED))
    later = chain.Sequencer(_swept=links.time.monotonic())  # without counting them
    assert later.link() == 4
    assert chain.verify().holds


def test_entries_written_while_the_clock_was_set_back_are_linked(practice, monkeypatch):
    sequencer = log.small(each=1)
    sequencer.link()
    now = pen.clock.microseconds
    monkeypatch.setattr(pen.clock, "microseconds", lambda: now() - 90 * 86400 * 10**6)
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    monkeypatch.undo()
    assert sequencer.link() == 0
    assert chain.verify().unlinked == 1
    sequencer._swept -= 301
    assert sequencer.link() == 1
    assert chain.verify().unlinked == 0


def test_an_entry_overtaken_by_the_next_of_its_writer_is_linked(practice, monkeypatch):
    sequencer = log.small(each=1)
    sequencer.link()
    now = pen.clock.microseconds
    monkeypatch.setattr(pen.clock, "microseconds", lambda: now() - 3000 * 10**6)
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    monkeypatch.undo()
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    assert sequencer.link() == 2
    assert chain.verify().unlinked == 0


# Writing --------------------------------------------------------------------------------------------------------


def test_a_rollback_leaves_no_gap_and_no_entry(practice, client_card):
    from alcove.clinic.clients.actions import change_client
    from alcove.clinic.clients.models import Client
    from alcove.security.access.opening import open_client
    from alcove.security.vault.keyring import keyring

    owner = practice.actor("owner")
    for number in range(6):
        with keyring():
            open_client(owner, client_card.pk)
            client = Client.objects.get(pk=client_card.pk)
            change_client(owner, client, details={"title": str(number)})
            entries = Entry.objects.count()
            # Whoever puts deeds into a transaction of their own, and thinks better of it.
            for deeds in (1, 2):
                with suppress(ZeroDivisionError), transaction.atomic():
                    for deed in range(deeds):
                        change_client(
                            owner, Client.objects.get(pk=client_card.pk), details={"title": f"never {deed}"}
                        )
                    raise ZeroDivisionError
            assert Entry.objects.count() == entries
            with transaction.atomic():
                change_client(
                    owner, Client.objects.get(pk=client_card.pk), details={"title": f"kept {number}"}
                )
                change_client(
                    owner, Client.objects.get(pk=client_card.pk), details={"title": f"kept too {number}"}
                )
    chain.Sequencer().link()
    verdict = chain.verify()
    assert verdict.holds, verdict.faults


@pytest.mark.django_db(transaction=True)
def test_a_writer_goes_on_after_the_commit_of_a_transaction_around_it(transactional_db):
    from django.conf import settings

    from alcove.project.founding import found

    found(settings.ALCOVE, practice="Juniper Skin", owner_email="owner@clinic.example")
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    first = pen.writer().id
    with transaction.atomic():
        record_now(entry(OPERATOR, Did.CARD_OPENED))
        record_now(entry(OPERATOR, Did.CARD_OPENED))
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    assert pen.writer().id == first
    with suppress(ZeroDivisionError), transaction.atomic():
        record_now(entry(OPERATOR, Did.CARD_OPENED))
        raise ZeroDivisionError
    with transaction.atomic():
        record_now(entry(OPERATOR, Did.CARD_OPENED))
    assert pen.writer().id != first
    chain.Sequencer().link()
    verdict = chain.verify()
    assert verdict.holds, verdict.faults


def test_a_writer_that_failed_begins_anew(practice, monkeypatch):
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    before = pen.writer().id
    with monkeypatch.context() as patched:
        patched.setattr(pen, "_INSERT", "INSERT INTO nothing ")
        with pytest.raises((DatabaseError, WriteRefused)), transaction.atomic():
            record_now(entry(OPERATOR, Did.CARD_OPENED))
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    assert pen.writer().id != before
    chain.Sequencer().link()
    assert chain.verify().holds


def test_the_database_refuses_to_change_or_delete(practice):
    log.small(each=1)
    for statement in (
        "UPDATE audit_entry SET role = 'x'",
        "DELETE FROM audit_entry",
        "UPDATE audit_block SET entries = 0",
        "DELETE FROM audit_block",
    ):
        with pytest.raises(DatabaseError, match="takes inserts only"), transaction.atomic():
            log.sql(statement)
    assert chain.verify().holds


# Exporting ------------------------------------------------------------------------------------------------------


def test_an_export_is_signed_and_holds_no_reason(small):
    text = "".join(export.lines())
    told = export.check(text)
    assert told["entries"] == Entry.objects.count() == len(text.splitlines()) - 1
    assert "the reason why" not in text
    first = json.loads(text.splitlines()[0])
    assert set(first) >= {"id", "at", "event", "actor_id", "client_id", "clients", "has_reason", "mac"}
    for at in range(0, len(text), 41):
        changed = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
        if changed.rstrip("\n") == text.rstrip("\n"):
            continue
        with pytest.raises(SealBroken):
            export.check(changed)
    lines = text.splitlines(keepends=True)
    for wrong in (
        "".join(lines[1:]),
        "".join(lines[:-1]),
        "".join([lines[1], lines[0], *lines[2:]]),
        "",
        "x",
        "[]",
    ):
        with pytest.raises(SealBroken):
            export.check(wrong)
