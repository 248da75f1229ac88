"""Actions: permission, transaction, history and audit are one thing."""

from __future__ import annotations

import pytest
from django.db import transaction

from alcove.clinic.clients.actions import change_client, create_client
from alcove.clinic.clients.models import Client
from alcove.security.access.errors import Conflict, Refused, WriteRefused
from alcove.security.access.models import Version
from alcove.security.access.opening import open_client
from alcove.security.audit.models import Entry
from alcove.security.vault.errors import RecordLocked
from alcove.security.vault.keyring import keyring


def test_a_client_is_created_with_an_entry_and_sealed(practice, client_card):
    stored = Client.objects.filter(pk=client_card.pk).values_list("directory", flat=True).get()
    assert b"Catherine" not in bytes(stored)
    entry = Entry.objects.get(event="clients.client.created")
    assert entry.client_id == client_card.pk
    assert entry.fields == "details,directory,id"


def test_nothing_opens_without_opening(practice, client_card):
    with keyring():
        with pytest.raises(RecordLocked):
            _ = Client.objects.get(pk=client_card.pk).given
        open_client(practice.actor("front_desk"), client_card.pk)
        assert Client.objects.get(pk=client_card.pk).given == "Catherine"


def test_a_change_keeps_what_was_there(practice, client_card):
    actor = practice.actor("owner")
    with keyring():
        open_client(actor, client_card.pk)
        client = Client.objects.get(pk=client_card.pk)
        names = change_client(actor, client, directory={**client.directory, "family": "Okafor"})
        assert names == ["family"]
        kept = Version.objects.get(object_id=client.pk)
        assert kept.directory_before["directory"]["family"] == "Müller-Okafor"


def test_two_people_cannot_overwrite_each_other(practice, client_card):
    actor = practice.actor("owner")
    with keyring():
        open_client(actor, client_card.pk)
        first, second = Client.objects.get(pk=client_card.pk), Client.objects.get(pk=client_card.pk)
        change_client(actor, first, details={"pronouns": "they"})
        with pytest.raises(Conflict):
            change_client(actor, second, details={"pronouns": "he"})
        assert Client.objects.get(pk=client_card.pk).details == {"pronouns": "they"}


def test_a_refused_attempt_is_recorded_and_changes_nothing(practice):
    with pytest.raises(Refused):
        create_client(practice.actor("bookkeeper"), directory={"given": "X"})
    assert not Client.objects.exists()
    assert Entry.objects.filter(result="refused", fields="clients.create").count() == 1


def test_writing_outside_an_action_is_refused(practice, client_card):
    for write in (
        lambda: Client.objects.filter(pk=client_card.pk).update(is_hidden=True),
        lambda: Client.objects.filter(pk=client_card.pk).delete(),
    ):
        with pytest.raises(WriteRefused), transaction.atomic():
            write()
