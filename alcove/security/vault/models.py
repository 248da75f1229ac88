"""Four small tables: the practice as the keys know it, its house keys, its clients' keys, keys of single entries."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from alcove.security.vault.ids import uuid7


class House(models.Model):
    """The practice. Its id and its demo mark are part of every key's context: changing either shuts the vault.

    ``contact_bits``: to how many bits contacts' keyed values are cut; ``contact_bits_before``: to how many others still
    are, 0 when all are cut alike; ``contact_clients``: how many clients there were when the bits were set.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    is_demo = models.BooleanField(default=False)
    contact_bits = models.PositiveSmallIntegerField(default=8)
    contact_bits_before = models.PositiveSmallIntegerField(default=0)
    contact_clients = models.PositiveIntegerField(default=0)
    directory_seq = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "practice keys"


class HouseKey(models.Model):
    """One version of one house key, wrapped by the root key ``root_id`` of ``provider``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    wrapped = models.BinaryField()
    provider = models.CharField(max_length=20)
    root_id = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["purpose", "version"], name="vault_one_version_of_a_key")
        ]


class ClientKey(models.Model):
    """A client's key, wrapped by the house's client-wrapping key. Erasure deletes this row."""

    client_id = models.UUIDField(primary_key=True)
    generation = models.PositiveSmallIntegerField(default=1)
    wrapped = models.BinaryField()
    wrap_version = models.PositiveIntegerField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)


class EntryKey(models.Model):
    """The key of one sensitive entry, wrapped by a subkey of its client's key that opens nothing else.

    ``generation`` is the client key's: the two are replaced together. Without the client's key it opens nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField(db_index=True)
    generation = models.PositiveSmallIntegerField()
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
