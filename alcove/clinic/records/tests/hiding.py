"""What tests of sensitive entries share: marking one, and looking at what lies under which key."""

from __future__ import annotations

from typing import Any

from alcove.clinic.records import actions
from alcove.clinic.records.models import Amendment
from alcove.security.access.audiences import Category, Mark, Readers
from alcove.security.access.models import Version
from alcove.security.vault import crypto, keyring
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.fields import SealedField
from alcove.security.vault.keyring import Part
from alcove.security.vault.models import ClientKey


def mark(actor, row, *, category=Category.REPRODUCTIVE, people=(), roles=()):
    """Mark a row for its author, the actor and these; the client is open."""
    wanted = Mark(category, Readers(frozenset(people), frozenset(roles)))
    audience = actions.mark_sensitive(actor, row, wanted=wanted)
    row.refresh_from_db()
    return audience


def everything_of(note) -> list[Any]:
    """Return a note, its amendments and every earlier version of them, whatever is in sight."""
    amendments = list(Amendment.everything.filter(note_id=note.pk))
    ids = [note.pk, *(one.pk for one in amendments)]
    return [type(note).everything.get(pk=note.pk), *amendments, *Version.everything.filter(object_id__in=ids)]


def opens_under_the_record(row) -> list[str]:
    """Return the names of a row's sealed columns that the client's record or directory key opens."""
    held = ClientKey.objects.get(client_id=row.client_id)
    secret = keyring.client_secret(held)
    fresh = type(row)._base_manager.get(pk=row.pk)
    found = []
    for column in fresh._meta.concrete_fields:
        blob = fresh.__dict__[column.attname]
        if not isinstance(column, SealedField) or blob is None:
            continue
        for part in Part:
            try:
                aead = crypto.cipher(keyring.subkey(secret, part))
                crypto.open_sealed(aead, bytes(blob), crypto.binding(column.label, row.pk))
            except SealBroken:
                continue
            found.append(column.attname)
    return found
