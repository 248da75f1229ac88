"""The directory of names: how a process loads it."""

from __future__ import annotations

import logging

import pytest
from django.db import connection

from alcove.clinic.clients.actions import change_client
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import directory
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Refused
from alcove.security.access.opening import each_directory, next_directory_seq, open_client
from alcove.security.access.policy import Open
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.vault.keyring import keyring

LOADER = Actor.job("directory", Open.DIRECTORY)


def column(name):
    return Client._meta.get_field(name)


def erase(client):
    """What erasing leaves: no key, and a new place in the change counter."""
    with writing("erasing"):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM vault_clientkey WHERE client_id = %s", [client.id.hex])
        Client.objects.filter(pk=client.pk).update(dir_seq=next_directory_seq())


def while_loading(monkeypatch, deed):
    """Do something when the rows have been read, and before the index is made of them."""
    read = directory.each_directory

    def rows_then_deed(*arguments):
        yield from list(read(*arguments))
        deed()

    monkeypatch.setattr(directory, "each_directory", rows_then_deed)


def test_a_client_who_does_not_open_hides_nobody_else_and_is_named_to_nobody(practice, caplog):
    damaged, other, third = (practice.client(given, "Abara") for given in ("Amal", "Bea", "Chi"))
    with writing("a fault"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE clients_client SET directory = (SELECT directory FROM clients_client WHERE id = %s) WHERE id = %s",
            [other.id.hex, damaged.id.hex],
        )
    with caplog.at_level(logging.ERROR, "alcove.directory"):
        index = directory.load_now()
    assert set(index.search("abara").ids) == {other.id, third.id}
    assert "does not open: SealBroken" in caplog.text
    assert "Bea" not in caplog.text


def test_hidden_clients_and_those_without_a_key_are_not_loaded(practice):
    shown, hidden, erased = (practice.client(given, "Abara") for given in ("Amal", "Bea", "Chi"))
    with writing("a fault"):
        Client.objects.filter(pk=hidden.pk).update(is_hidden=True)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM vault_clientkey WHERE client_id = %s", [erased.id.hex])
    assert directory.load_now().search("abara").ids == [shown.id]


def test_loading_is_one_entry_whoever_is_in_it(practice):
    for given in ("Amal", "Bea", "Chi"):
        practice.client(given, "Abara")
    before = Entry.objects.count()
    directory.load_now()
    assert Entry.objects.count() == before + 1


def test_what_changes_while_names_load_is_in_the_index(practice, monkeypatch):
    renamed, erased = practice.client("Amal", "Abara"), practice.client("Bea", "Abara")
    owner, made = practice.actor("owner"), []

    def deed():
        made.append(practice.client("Chi", "Abara"))
        with keyring():
            open_client(owner, renamed.id)
            card = Client.objects.get(pk=renamed.pk)
            change_client(owner, card, directory={**card.directory, "family": "Zuniga"})
        erase(erased)

    while_loading(monkeypatch, deed)
    index = directory.load_now()
    assert index.search("abara").ids == [made[0].id]
    assert index.search("zuniga").ids == [renamed.id]
    assert erased.id not in index


def test_a_key_that_did_not_open_is_read_once_more(practice, monkeypatch):
    """As when the wrapping key was rotated while the rows were read."""
    client = practice.client("Amal", "Abara", born="1980-05-17")
    read = directory.each_directory
    monkeypatch.setattr(
        directory, "each_directory", lambda *arguments: [(id, None) for id, _ in read(*arguments)]
    )
    index = directory.load_now()
    assert index.search("abara").ids == [client.id]
    assert index.born_on(client.born_on) == [client.id]


def test_opened_at_once_is_what_each_client_opens_to(practice):
    names = [("Zoë", "van Mann"), ("佐藤", "あすか"), ("", "O’Hara"), ("lone \ud800", "x" * 300)]
    clients = [practice.client(given, family) for given, family in names]
    for name in ("directory", "details"):
        opened = dict(each_directory(LOADER, "test", Client.objects.all(), column(name)))
        with keyring():
            for client in clients:
                open_client(practice.actor("owner"), client.id)
            rows = Client.objects.all()
            assert opened == {row.id.bytes: getattr(row, name) for row in rows}
        assert len(opened) == len(names)


def test_another_clients_key_or_value_opens_nothing(practice):
    keys, value, whole = (practice.client(given, "Abara") for given in ("Amal", "Bea", "Chi"))
    with writing("a fault"), connection.cursor() as cursor:
        for table, name, row in (
            ("vault_clientkey", "wrapped", keys),
            ("clients_client", "directory", value),
        ):
            id_name = "client_id" if table == "vault_clientkey" else "id"
            cursor.execute(
                f"UPDATE {table} SET {name} = (SELECT {name} FROM {table} WHERE {id_name} = %s)"
                f" WHERE {id_name} = %s",
                [whole.id.hex, row.id.hex],
            )
    opened = dict(each_directory(LOADER, "test", Client.objects.all(), column("directory")))
    assert {id for id, held in opened.items() if held is None} == {keys.id.bytes, value.id.bytes}
    assert opened[whole.id.bytes]["given"] == "Chi"


def test_opening_everybody_is_refused_without_the_right_and_for_the_record_half(practice):
    practice.client("Amal", "Abara")
    before = Entry.objects.count()
    with pytest.raises(Refused):
        each_directory(Actor.job("directory"), "test", Client.objects.all(), column("directory"))
    with pytest.raises(Refused):
        each_directory(
            LOADER, "test", Client.objects.all(), column("directory").__class__(owner="id", label="x")
        )
    assert Entry.objects.count() == before
