"""Changing root, house and client keys (VLT-09); killing it is in ``test_killed``."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from alcove.clinic.clients.actions import change_client, create_client
from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Document, Note
from alcove.security import policy_defaults as policy
from alcove.security.access import commands, keys
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import Version
from alcove.security.access.opening import open_client
from alcove.security.access.writes import writing
from alcove.security.audit import chain
from alcove.security.audit.models import Entry
from alcove.security.identity import passwords
from alcove.security.identity.models import Factor
from alcove.security.vault import crypto, files, house, keyring, rotation
from alcove.security.vault.errors import KeyReplaced, SealBroken, VaultShut
from alcove.security.vault.ids import uuid7
from alcove.security.vault.models import ClientKey, House, HouseKey
from alcove.security.vault.providers import provider
from alcove.security.vault.tests import make


@pytest.fixture(autouse=True)
def _of_its_own(monkeypatch, settings, tmp_path):
    """A root key file of the test's own; nobody else is at work, so nobody has to be waited for."""
    settings.ALCOVE = replace(settings.ALCOVE, root_key_file=tmp_path / "root.key")
    monkeypatch.setattr(house, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(keys, "MARGIN_SECONDS", 0.0)


@pytest.fixture
def filled(practice):
    return make.fill(make.OPERATOR)


def words():
    with keyring.keyring():
        return make.everything()


def log_holds():
    chain.Sequencer().link()
    return chain.verify().holds


# The root -------------------------------------------------------------------------------------------------------


def test_a_new_root_takes_every_house_key_and_the_old_one_opens_nothing(filled, settings):
    before, old = words(), settings.ALCOVE.root_keys.read_text()
    root_id = keys.rotate_root(make.OPERATOR)
    assert set(HouseKey.objects.values_list("root_id", flat=True)) == {root_id}
    house.forget()
    assert words() == before
    make.destroy_roots()
    assert list(json.loads(settings.ALCOVE.root_keys.read_text())["keys"]) == [root_id]
    house.forget()
    house.unlock()
    assert not rotation.is_root_pending()
    new = settings.ALCOVE.root_keys.read_text()
    try:
        settings.ALCOVE.root_keys.write_text(old)
        house.forget()
        with pytest.raises(VaultShut, match="key provider file"):
            house.unlock()
    finally:
        settings.ALCOVE.root_keys.write_text(new)
        house.forget()
    assert Entry.objects.filter(event="access.root.changed").count() == 1
    assert log_holds()


def test_a_root_that_was_made_and_never_used_is_the_next_one(filled):
    holder = provider(house.configured(), house.house().id.hex)
    orphan = holder.create_root()
    assert rotation.is_root_pending()
    assert rotation.replaced_roots() == []
    assert keys.rotate_root(make.OPERATOR) == orphan
    make.destroy_roots()
    assert holder.roots() == [orphan]


def test_old_roots_are_not_destroyed_while_a_key_is_under_one(filled):
    holder = provider(house.configured(), house.house().id.hex)
    first = holder.root_id()
    holder.create_root()
    with writing("test"):
        moved = HouseKey.objects.filter(purpose="wrap").get()
        row = House.objects.get()
        root_id = holder.root_id()
        secret = holder.unwrap(bytes(moved.wrapped), house.context(row, "wrap", 1), first)
        moved.wrapped, moved.root_id = holder.wrap(secret, house.context(row, "wrap", 1), root_id), root_id
        moved.save()
        with pytest.raises(VaultShut, match="nothing was destroyed"):
            rotation.retire_old_roots()
    assert first in holder.roots()


def test_a_provider_that_does_not_give_back_what_it_took_changes_nothing(filled, monkeypatch):
    before = list(HouseKey.objects.order_by("id").values_list("wrapped", "root_id"))
    from alcove.security.vault.providers.file import FileProvider

    wrap = FileProvider.wrap
    monkeypatch.setattr(
        FileProvider, "wrap", lambda self, secret, context, root: wrap(self, bytes(32), context, root)
    )
    with pytest.raises(VaultShut, match="does not give back"):
        keys.rotate_root(make.OPERATOR)
    assert list(HouseKey.objects.order_by("id").values_list("wrapped", "root_id")) == before


# House keys -----------------------------------------------------------------------------------------------------


def test_everything_moves_to_the_new_house_keys(filled):
    before = words()
    password = passwords.hashed("a long enough password")
    told = {}
    broken = keys.rotate_house(
        make.OPERATOR, lambda what, done: told.update({what: told.get(what, 0) + done})
    )
    assert broken == []
    assert told["client keys"] == len(filled)
    assert told["sealed values"] == 4  # two factors and two versions that belong to no client
    assert words() == before
    assert set(ClientKey.objects.values_list("wrap_version", flat=True)) == {2}
    assert [
        tuple(row) for row in HouseKey.objects.filter(purpose="wrap").values_list("version", "retired_at")
    ] == [(2, None)]
    for blob in Factor.objects.values_list("secret", flat=True):
        assert crypto.sealed_version(bytes(blob)) == 2
    for blob in Version.objects.filter(client_id=None).values_list("before", flat=True):
        assert crypto.sealed_version(bytes(blob)) == 2
    # What cannot be made anew stays readable: the log's codes, reasons and peppered passwords.
    assert log_holds()
    passwords.check("a long enough password", password)
    assert {key.version for key in HouseKey.objects.filter(purpose="audit")} == {1, 2}
    assert list(
        HouseKey.objects.filter(purpose__in=("pepper", "marks")).values_list("version", flat=True)
    ) == [1, 1]
    assert [
        tuple(row) for row in HouseKey.objects.filter(purpose="index").values_list("version", "retired_at")
    ] == [(2, None)]


def test_each_step_leaves_an_entry_and_no_value(filled):
    keys.rotate_house(make.OPERATOR)
    events = set(Entry.objects.filter(event__startswith="access.").values_list("event", flat=True))
    assert {
        "access.keys.added",
        "access.keys.wrapped",
        "access.values.sealed",
        "access.keys.destroyed",
    } <= events
    assert (
        Entry.objects.get(event="access.keys.added").fields == "wrap 2,seal 2,audit 2,sign 2,backup 2,index 2"
    )


def test_a_checkpoint_and_head_of_an_older_key_still_prove_the_log(filled, tmp_path):
    sequencer = chain.Sequencer(head_file=tmp_path / "head")
    sequencer.link()
    checkpoint = chain.checkpoint([tmp_path])[0]
    keys.rotate_house(make.OPERATOR)
    assert chain.verify(head_file=tmp_path / "head", against=checkpoint).holds


def test_an_interrupted_rotation_is_gone_on_with_not_begun_again(filled, monkeypatch):
    monkeypatch.setattr(keys, "_everything", lambda actor, tell: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        keys.rotate_house(make.OPERATOR)
    monkeypatch.undo()
    assert rotation.is_house_pending()
    assert rotation.state().clients_behind == len(filled)
    monkeypatch.setattr(keys, "MARGIN_SECONDS", 0.0)
    monkeypatch.setattr(house, "REFRESH_SECONDS", 0.0)
    keys.rotate_house(make.OPERATOR)
    assert HouseKey.objects.get(purpose="wrap").version == 2
    assert not rotation.is_house_pending()


def test_what_does_not_open_is_named_and_stays(filled):
    bad = Factor.objects.first()
    with writing("test"):
        ClientKey.objects.filter(client_id=filled[1]).update(wrapped=b"\x01\x00\x01" + bytes(60))
        cell = next(cell for cell in make.cells() if cell.row == bad.pk)
        cell.store(cell.blob[:-1] + bytes([cell.blob[-1] ^ 1]))
    broken = keys.rotate_house(make.OPERATOR)
    assert sorted(broken) == sorted([f"key of client {filled[1]}", f"identity.factor.secret of {bad.pk}"])
    # The key it may still need is not destroyed.
    assert rotation.is_house_pending()
    assert {key.version for key in HouseKey.objects.filter(purpose="wrap")} == {1, 2}


def test_the_index_key_changes_only_where_someone_rewrites_its_values(filled, monkeypatch, settings):
    rewritten = []

    def rewrite(change, limit):
        found = [client_id for client_id in filled if client_id not in rewritten][:2]
        if found:
            keys.open_directories_to_rekey(change, found)
            rewritten.extend(client.id for client in Client.objects.filter(id__in=found) if client.given)
        return len(found)

    monkeypatch.setattr(settings, "ALCOVE_KEYED_VALUES", ["some.path"], raising=False)
    monkeypatch.setattr(keys, "import_string", lambda path: rewrite)
    keys.rotate_house(make.OPERATOR)
    assert sorted(rewritten) == sorted(filled)
    assert list(HouseKey.objects.filter(purpose="index").values_list("version", flat=True)) == [2]
    shown = [entry for entry in Entry.objects.filter(event="access.values.keyed") if entry.clients]
    assert {
        bytes(entry.clients)[at : at + 16]
        for entry in shown
        for at in range(0, len(bytes(entry.clients)), 16)
    } == {c.bytes for c in filled}


@pytest.mark.parametrize("role", ["front_desk", "practitioner", "manager", "officer", "auditor"])
def test_only_owner_and_it_provider_change_keys(practice, filled, role):
    before = list(HouseKey.objects.order_by("id").values_list("wrapped", flat=True))
    actor = practice.actor(role)
    for deed in (
        keys.rotate_root,
        keys.rotate_house,
        keys.destroy_roots,
        keys.export_root,
        lambda who: keys.ask_for_root(who, keys.EXPORT, "to have it"),
        lambda who: keys.move_to_provider(who, "file"),
        lambda who: keys.replace_client_key(who, filled[0]),
    ):
        with pytest.raises(Refused):
            deed(actor)
    assert list(HouseKey.objects.order_by("id").values_list("wrapped", flat=True)) == before


def test_an_it_provider_changes_keys_and_sees_no_client(practice, filled):
    actor = practice.actor("it_provider")
    keys.rotate_house(actor)
    keys.replace_client_key(actor, filled[0])
    with keyring.keyring(), pytest.raises(Refused):
        open_client(actor, filled[0])


# A running process notices --------------------------------------------------------------------------------------


def _as_another_process_left_it(before):
    """Put the keys back into memory as a process holds them that has not looked since."""
    before.looked_at = time.monotonic() + 3600
    house._open = before


@pytest.mark.parametrize("is_finished", [False, True])
def test_a_process_that_has_not_heard_yet_never_wraps_under_a_retired_key(filled, is_finished):
    before = house.house()
    (keys.rotate_house if is_finished else keys._add_versions)(make.OPERATOR)
    _as_another_process_left_it(before)
    made = create_client(make.OPERATOR, directory={"given": "New"})
    assert ClientKey.objects.get(client_id=made.id).wrap_version == 2


def test_a_process_that_has_not_heard_yet_reads_what_is_under_the_new_keys(filled):
    before, said = house.house(), words()
    keys.rotate_house(make.OPERATOR)
    for look in (lambda: Factor.objects.first().secret, words):
        _as_another_process_left_it(before)
        assert look()
    _as_another_process_left_it(before)
    assert words() == said


def test_a_process_looks_again_by_itself(filled, monkeypatch):
    before = house.house()
    keys.rotate_house(make.OPERATOR)
    house._open = before
    before.looked_at = time.monotonic()
    monkeypatch.setattr(house, "REFRESH_SECONDS", 60.0)
    assert house.house().versions("seal").current == 1
    before.looked_at -= 61
    monkeypatch.setattr(house, "connection", SimpleNamespace(in_atomic_block=False))
    assert house.house().versions("seal").current == 2


def test_inside_a_transaction_nobody_looks(filled, monkeypatch):
    """The transaction may be the one that adds the keys, and may yet be rolled back."""
    before = house.house()
    keys.rotate_house(make.OPERATOR)
    house._open = before
    before.looked_at = 0.0
    assert house.connection.in_atomic_block
    assert house.house().versions("seal").current == 1


def test_a_provider_that_is_away_does_not_stop_a_running_process(filled, monkeypatch, settings):
    before = house.house()
    keys.rotate_house(make.OPERATOR)
    house._open = before
    before.looked_at = 0.0
    monkeypatch.setattr(house, "connection", SimpleNamespace(in_atomic_block=False))
    root = settings.ALCOVE.root_keys
    aside = root.rename(root.with_suffix(".aside"))
    try:
        assert house.house().versions("seal").current == 1
    finally:
        aside.rename(root)
    before.looked_at = 0.0
    assert house.house().versions("seal").current == 2


# One client -----------------------------------------------------------------------------------------------------


def test_a_client_gets_a_new_key_and_everything_moves_to_it(filled):
    before, old = words(), ClientKey.objects.get(client_id=filled[0])
    values = keys.replace_client_key(make.OPERATOR, filled[0])
    assert values == sum(1 for cell in make.cells() if cell.owner == filled[0]) >= 16
    assert words() == before
    new = ClientKey.objects.get(client_id=filled[0])
    assert (old.generation, new.generation) == (1, 2)
    assert all(crypto.sealed_version(cell.blob) == 2 for cell in make.cells() if cell.owner == filled[0])
    assert all(crypto.sealed_version(cell.blob) == 1 for cell in make.cells() if cell.owner == filled[1])
    # The old key opens nothing of what is stored now.
    with keyring.keyring():
        keyring.put(old, tuple(keyring.Part))
        ring = keyring.current()
        for cell in make.cells():
            if cell.owner == filled[0]:
                with pytest.raises(SealBroken):
                    crypto.open_sealed(
                        ring.held(cell.field.part, cell.owner)[0],
                        cell.blob,
                        crypto.binding(cell.field.label, cell.row),
                    )


def test_files_stay_as_they_are_and_open(filled):
    document = Document.objects.get(client_id=filled[0])
    keys.replace_client_key(make.OPERATOR, filled[0])
    with keyring.keyring():
        make.open_all()
        again = Document.objects.get(pk=document.pk)
        assert again.object_name == document.object_name
        key = bytes.fromhex(again.file_key)
        assert b"".join(files.fetch(key, again.object_name, again.pk, make.FILE_LABEL)) == make.FILE


def test_work_that_opened_the_client_before_goes_on_reading(filled):
    with keyring.keyring():
        open_client(make.OPERATOR, filled[0])
        early = Note.objects.get(client_id=filled[0])
        keys.replace_client_key(make.OPERATOR, filled[0])
        assert early.title == "words of client 0"
        assert Note.objects.get(client_id=filled[0]).title == "words of client 0"


def test_nothing_is_saved_under_a_key_that_was_replaced(filled):
    with keyring.keyring():
        open_client(make.OPERATOR, filled[0])
        client = Client.objects.get(pk=filled[0])
        _ = client.directory, client.details
        keys.replace_client_key(make.OPERATOR, filled[0])
        stored = bytes(Client.objects.filter(pk=filled[0]).values_list("details", flat=True).get())
        with pytest.raises(Conflict, match="load the page again"):
            change_client(make.OPERATOR, client, details={"note": "lost?"})
        assert bytes(Client.objects.filter(pk=filled[0]).values_list("details", flat=True).get()) == stored
    with keyring.keyring():
        open_client(make.OPERATOR, filled[0])
        change_client(make.OPERATOR, Client.objects.get(pk=filled[0]), details={"note": "kept"})
        assert Client.objects.get(pk=filled[0]).details == {"note": "kept"}


def test_what_was_loaded_and_never_opened_is_not_saved_under_the_old_key_either(filled):
    with keyring.keyring(), writing("test"):
        open_client(make.OPERATOR, filled[0])
        note = Note.objects.get(client_id=filled[0])
        keys.replace_client_key(make.OPERATOR, filled[0])
        note.save()
        with pytest.raises(KeyReplaced):
            keyring.confirm()


def test_nothing_is_saved_for_a_client_whose_key_was_destroyed(filled):
    with keyring.keyring():
        open_client(make.OPERATOR, filled[0])
        client = Client.objects.get(pk=filled[0])
        with writing("test"):
            ClientKey.objects.filter(client_id=filled[0]).delete()
        with pytest.raises(Conflict):
            change_client(make.OPERATOR, client, details={"note": "after the end"})


def test_a_value_that_does_not_open_stops_the_replacement_and_is_named(filled):
    cell = next(
        cell
        for cell in make.cells()
        if cell.field.label == "records.item.content" and cell.owner == filled[0]
    )
    cell.store(cell.blob[:-1] + bytes([cell.blob[-1] ^ 1]))
    before = {str(each): each.blob for each in make.cells()}
    with pytest.raises(SealBroken, match=f"records.item.content of {cell.row}"):
        keys.replace_client_key(make.OPERATOR, filled[0])
    assert {str(each): each.blob for each in make.cells()} == before
    assert ClientKey.objects.get(client_id=filled[0]).generation == 1


def test_a_stranger_to_the_practice_has_no_key_to_replace(filled):
    with pytest.raises(NotFound):
        keys.replace_client_key(make.OPERATOR, uuid7())


def test_a_key_row_read_before_the_rotation_still_opens_the_client(filled):
    early = ClientKey.objects.get(client_id=filled[0])
    keys.rotate_house(make.OPERATOR)
    with keyring.keyring():
        keyring.put(early, tuple(keyring.Part))
        assert Client.objects.get(pk=filled[0]).given == "words of client 0"


# The console ----------------------------------------------------------------------------------------------------


def run(verb, *arguments, capsys):
    import argparse

    from alcove.console import Console

    command = next(each for each in commands.COMMANDS if each.words == verb)
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    code = command.run(parser.parse_args(arguments), Console(as_json=True))
    out = capsys.readouterr()
    return code, json.loads(out.out), out


def test_status_tells_versions_clients_and_when_it_is_due_and_no_key(filled, capsys):
    code, told, out = run(("keys", "status"), capsys=capsys)
    assert code == 0
    assert (told["provider"], told["house_pending"], told["root_pending"]) == ("file", False, False)
    assert next(key for key in told["keys"] if key["purpose"] == "wrap")["clients"] == len(filled)
    secrets = [secret for versions in house.house()._keys.values() for secret in versions.keys.values()]
    assert not any(secret.hex() in out.out for secret in secrets)
    founded = House.objects.get().created_at
    assert told["due"] == {"root": str(founded + policy.KEY_LIFE), "house": str(founded + policy.KEY_LIFE)}
    assert timedelta(days=365) == policy.KEY_LIFE


def test_rotate_does_root_and_house_unless_told_otherwise(filled, capsys):
    first = rotation.state().root_id
    code, told, _ = run(("keys", "rotate"), capsys=capsys)
    assert (code, told["broken"]) == (0, [])
    assert told["root_id"] != first
    assert rotation.state().keys[0].version == 2
    code, told, _ = run(("keys", "rotate"), "--client", str(filled[0]), capsys=capsys)
    assert told == {"values": sum(1 for cell in make.cells() if cell.owner == filled[0])}
    assert HouseKey.objects.get(purpose="wrap").version == 2


def test_rotate_says_what_stays_behind(filled, capsys):
    with writing("test"):
        ClientKey.objects.filter(client_id=filled[1]).update(wrapped=b"\x01\x00\x01" + bytes(60))
    code, told, out = run(("keys", "rotate"), "--house", capsys=capsys)
    assert (code, told["broken"]) == (1, [f"key of client {filled[1]}"])
    assert str(filled[1]) in out.err
