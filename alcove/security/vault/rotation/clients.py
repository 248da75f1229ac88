"""One client: a new key, new keys of their sensitive entries, and all of it sealed anew, in one transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.db import connection

from alcove.security.vault import crypto, keyring
from alcove.security.vault.errors import KeyReplaced, SealBroken
from alcove.security.vault.fields import HOUSE, SealedField
from alcove.security.vault.keyring import Part
from alcove.security.vault.models import ClientKey, EntryKey
from alcove.security.vault.rotation.columns import pk, put_values, sealed_fields, uuid_of


def replace_client_key(client_id: UUID) -> int:
    """Give a client a new key and seal everything of theirs under it; return how many values.

    The values are sealed first and the key's row is locked last, so that whoever is writing for this client either
    commits before and is found by the second look, or is refused by ``keyring.confirm`` and writes again.
    """
    row = ClientKey.objects.get(client_id=client_id)
    old, new = keyring.client_secret(row), crypto.new_key()
    ciphers = _Pair(client_id, (old, new), row.generation)
    total = _reseal_client(client_id, ciphers)
    locked = (
        ClientKey.objects.select_for_update().filter(client_id=client_id, generation=row.generation).first()
    )
    if locked is None:
        raise KeyReplaced("this client's key was replaced or destroyed meanwhile")
    while more := _reseal_client(client_id, ciphers):
        total += more
    ciphers.store_entry_keys()
    version = keyring.hold_wrap_version()
    locked.generation, locked.wrap_version = ciphers.after, version
    locked.wrapped = keyring.wrapped(client_id, new, version)
    locked.save(update_fields=["generation", "wrapped", "wrap_version"])
    return total


class _Pair:
    """The old and the new ciphers of one client: of each part, and of each sensitive entry by its id."""

    def __init__(self, client_id: UUID, secrets: tuple[bytes, bytes], before: int) -> None:
        self.client_id, self.before, self.after = client_id, before, before + 1
        self._wrapping = tuple(keyring.entry_cipher(secret) for secret in secrets)
        self._old: dict[str | UUID, AESGCM] = {}
        self._new: dict[str | UUID, AESGCM] = {}
        self._entries: dict[UUID, bytes] = {}
        for part in Part:
            self._old[part], self._new[part] = (crypto.cipher(keyring.subkey(one, part)) for one in secrets)

    def learn_entries(self) -> None:
        """Make a new key for each entry that was not met yet."""
        for entry in EntryKey.objects.filter(client_id=self.client_id).exclude(id__in=self._entries):
            key = self._entries[entry.id] = crypto.new_key()
            self._old[entry.id] = crypto.cipher(keyring.entry_secret(entry, self._wrapping[0]))
            self._new[entry.id] = crypto.cipher(key)

    def store_entry_keys(self) -> None:
        """Put the new keys of entries in place, wrapped by the new key of the client."""
        self.learn_entries()
        for entry in EntryKey.objects.filter(client_id=self.client_id):
            entry.generation = self.after
            entry.wrapped = keyring.wrap_entry(entry, self._wrapping[1], self._entries[entry.id])
            entry.save(update_fields=["generation", "wrapped"])

    def reseal(self, blob: bytes, under: str | UUID, bound_to: bytes) -> bytes:
        if under not in self._old:
            # An entry may be marked at any moment of a look.
            self.learn_entries()
        if crypto.sealed_version(blob) != self.before or under not in self._old:
            raise SealBroken(
                "a sealed value names another generation of the client's key, or no key there is"
            )
        plaintext = crypto.open_sealed(self._old[under], blob, bound_to)
        return crypto.seal(self._new[under], self.after, plaintext, bound_to)


def _reseal_client(client_id: UUID, ciphers: _Pair) -> int:
    """Seal what is still under the old keys; return how many values there were."""
    total = 0
    name: Any = connection.ops.quote_name
    version = ciphers.after.to_bytes(2, "big")
    for model in apps.get_models():
        for column in sealed_fields(model):
            if column.owner == HOUSE:
                continue
            owner: Any = model._meta.get_field(column.owner)
            # Rows of sensitive entries are under their entry's key, which is of the same generation.
            audience = name("audience_id") if column.is_markable else "NULL"
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT {name(pk(model).column)}, {name(column.column)}, {audience} "  # noqa: S608 - names of ours
                    f"FROM {name(model._meta.db_table)} "
                    f"WHERE {name(owner.column)} = %s AND {name(column.column)} IS NOT NULL "
                    f"AND substr({name(column.column)}, 2, 2) <> %s",
                    [ClientKey._meta.pk.get_db_prep_value(client_id, connection), version],
                )
                found = cursor.fetchall()
            changes = [
                (
                    key,
                    bytes(blob),
                    _resealed(ciphers, column, key, bytes(blob), uuid_of(entry) if entry else None),
                )
                for key, blob, entry in found
            ]
            put_values(model, column, changes)
            total += len(changes)
    return total


def _resealed(ciphers: _Pair, column: SealedField, key: Any, blob: bytes, entry: UUID | None) -> bytes:
    try:
        return ciphers.reseal(blob, entry or column.part, crypto.binding(column.label, uuid_of(key)))
    except SealBroken as error:
        raise SealBroken(f"{column.label} of {uuid_of(key)}: {error}; nothing was changed") from None
