"""Carrying an approved erasure out, in steps that may be killed at any moment and go on with what is left.

1. ``approved → cleared``: what goes is removed, what stays is cut down to what must stay. One transaction.
2. ``cleared → ended``: the client's key is destroyed; where something stays, it is replaced instead and what stays is
   sealed anew, so that the old key opens nothing that still counts. One transaction.
3. ``ended → done``: the sealed files are removed, whose keys are gone already.

What must never happen: a key destroyed while a law asks to keep what it opens; anything done while a hold is in force.
Tests: ``tests/test_carrying.py``, and promise 6 of ``alcove prove``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Document, PatientEntry
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.policy import Did, Privacy, Round
from alcove.compliance.privacy.queries import check as checking
from alcove.compliance.privacy.queries.kinds import ANONYMISE, BY_KEY, ERASE
from alcove.security import policy_defaults as policy
from alcove.security.access import keys, marks, opening
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.access.models import GlassBreak, Version
from alcove.security.access.policy import Open
from alcove.security.identity.models import Person
from alcove.security.vault import files
from alcove.security.vault.keyring import keyring

S = Erasure.State
KEPT_OF_CARD = ("given", "family", "born")
"""What of the directory part stays with a record that must be kept: whose it is."""


def worker() -> Actor:
    """Return who carries erasures out."""
    return Actor.job("erasure", Round.CARRY_OUT, Open.DIRECTORY, Privacy.VIEW)


def take_a_step(erasure_id: UUID) -> str:
    """Bring one approved erasure a step further; return its state. Raises ``OnHold``, and whatever hinders it."""
    state = str(Erasure.objects.values_list("state", flat=True).get(pk=erasure_id))
    if state == S.APPROVED:
        with keyring():
            opened = Erasure.objects.values_list("client_id", flat=True).get(pk=erasure_id)
            opening.open_deleted(worker(), [opened], Did.CHECKED, Privacy.VIEW)
            _clear(worker(), erasure_id)
    elif state == S.CLEARED:
        _end_key(worker(), erasure_id)
        _forget_old_pages()
    elif state == S.ENDED:
        for name in Erasure.objects.values_list("files", flat=True).get(pk=erasure_id):
            files.remove(name)
        _finish(worker(), erasure_id)
    return str(Erasure.objects.values_list("state", flat=True).get(pk=erasure_id))


def finish(erasure_id: UUID) -> str:
    """Carry an approved erasure out to its end; return its state."""
    state = ""
    while (state := take_a_step(erasure_id)) in Erasure.RUNNING:
        pass
    return state


def _locked(erasure_id: UUID, state: str) -> Erasure:
    clients.held_client(Erasure.objects.values_list("client_id", flat=True).get(pk=erasure_id))
    found = Erasure.objects.select_for_update().get(pk=erasure_id)
    if found.state != state:
        raise Conflict("Another process has done this step.")
    return found


# 1. What goes -------------------------------------------------------------------------------------------------------


@action(Round.CARRY_OUT)
def _clear(change: Change, erasure_id: UUID) -> None:
    erasure = _locked(erasure_id, S.APPROVED)
    clients.refuse_on_hold(erasure.client_id)
    # The daily sweep is to miss nothing of what goes here, and to go on telling what was edited by hand before.
    stood = marks.standing(erasure.client_id)
    found = checking.check(erasure.client_id)
    erasure.items = [one.as_data() for one in found.items]
    erasure.is_whole, erasure.keeps_until = found.is_whole, found.kept.until if found.kept else None
    if found.is_whole:
        documents = Document.everything.filter(client_id=erasure.client_id)
        erasure.files = list(documents.values_list("object_name", flat=True))
    for item in found.items:
        if item.fate == ERASE and item.kind in BY_KEY:
            _remove(item.kind, erasure.client_id)
        elif item.fate == ANONYMISE:
            _anonymise(item.kind, erasure.client_id)
    if not found.is_whole:
        # What the client said about phones and addresses lies among the record's corrections, and is none.
        contact = PatientEntry.everything.filter(client_id=erasure.client_id, kind="contact")
        contact.delete()
    _remove_versions(erasure.client_id, is_whole=found.is_whole)
    _cut_card(erasure.client_id, is_whole=found.is_whole)
    marks.mark(stood, change.now)
    erasure.state, erasure.reason = S.CLEARED, None
    erasure.save(update_fields=["items", "is_whole", "keeps_until", "files", "state", "reason"])
    change.record(
        Did.CLEARED,
        client_id=erasure.client_id,
        on=erasure,
        fields=[one.kind for one in found.items if one.fate == ERASE],
    )


def _remove(kind: str, client_id: UUID) -> None:
    if kind == "portal":
        # The account takes its password, factors, sessions and unsent notices along.
        Person.objects.filter(patient__client_id=client_id).delete()
    for label in BY_KEY[kind].tables:
        if label != "clients.Client":
            checking.rows(label, client_id).delete()


def _anonymise(kind: str, client_id: UUID) -> None:
    if kind == "visits":
        _put_null("calendar_booking", "note", client_id)
    if kind == "access":
        _put_null("clients_deletion", "reason", client_id)
        _put_null("clients_legalhold", "reason", client_id)
        _put_null("sweep_finding", "outcome", client_id)
        for text in ("told", "question", "answer", "finding"):
            _put_null("compliance_alert", text, client_id)
        for glass in GlassBreak.objects.filter(client_id=client_id):
            glass.reason, glass.finding = "", "" if glass.finding is not None else None
            glass.save(update_fields=["reason", "finding"])


def _put_null(table: str, column: str, client_id: UUID) -> None:
    value: Any = Client._meta.pk.get_db_prep_value(client_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = NULL WHERE client_id = %s", [value])  # noqa: S608 - names of ours


def _remove_versions(client_id: UUID, *, is_whole: bool) -> None:
    """Remove earlier versions, but those of a record that stays: they belong to it."""
    found = Version.everything.filter(client_id=client_id)
    if not is_whole:
        found = found.exclude(model__in=[label.lower() for label in BY_KEY["record"].tables])
    found.delete()


def _cut_card(client_id: UUID, *, is_whole: bool) -> None:
    client = Client.objects.get(pk=client_id)
    held = client.directory
    client.directory = {} if is_whole else {key: held[key] for key in KEPT_OF_CARD if held.get(key)}
    client.details = {}
    client.save(update_fields=["directory", "details"])


# 2. The key ---------------------------------------------------------------------------------------------------------


@action(Round.CARRY_OUT)
def _end_key(change: Change, erasure_id: UUID) -> None:
    erasure = _locked(erasure_id, S.CLEARED)
    clients.refuse_on_hold(erasure.client_id)
    if erasure.is_whole:
        keys.destroy_client_key(change, erasure.client_id)
    else:
        keys.replace_client_key(change, erasure.client_id)
    erasure.state, erasure.erased_at = S.ENDED, change.now
    erasure.last_copy_on = last_copy_on(change.now)
    erasure.save(update_fields=["state", "erased_at", "last_copy_on"])
    change.record(Did.ERASED, client_id=erasure.client_id, on=erasure)


def last_copy_on(erased_at: datetime) -> date:
    """Return the day from which no key copy holds the key: their life, and a day for the round that ends them."""
    return timezone.localdate(erased_at + policy.KEY_COPY_LIFE + policy.BACKUP_EVERY)


def _forget_old_pages() -> None:
    """Have SQLite write its journal back and empty it: pages as they were lie in it until then.

    The removed bytes themselves are overwritten (``secure_delete``). PostgreSQL does the same when it cleans up.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# 3. The files -------------------------------------------------------------------------------------------------------


@action(Round.CARRY_OUT)
def _finish(change: Change, erasure_id: UUID) -> None:
    erasure = _locked(erasure_id, S.ENDED)
    erasure.state, erasure.done_at, erasure.files = S.DONE, change.now, []
    erasure.save(update_fields=["state", "done_at", "files"])
    change.record(Did.FINISHED, client_id=erasure.client_id, on=erasure)
