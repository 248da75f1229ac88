"""Opening one sealed column of very many clients, one after another: no ring holds them, nothing is kept.

For the directory of names, which a process must have within seconds of its start. The seal and the keys are those of
``keyring`` and ``fields``; only what is the same for every client is worked out once. Only ``access.opening`` calls
this, after its entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast

from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.fields import SealedField
from alcove.security.vault.house import house
from alcove.security.vault.keyring import key_binding, subkey_purpose
from alcove.security.vault.models import ClientKey

CHUNK = 2_000
"""Rows fetched at a time."""


def each_opened(clients: QuerySet[Any], column: SealedField) -> Iterator[tuple[bytes, Any]]:
    """Yield each client's id (16 bytes) and value of ``column``, or None where it does not open.

    ``clients``: rows whose ids are the clients' own. A client without a key is left out. Row and key come from one
    statement, so a key that is replaced meanwhile is seen with the values it sealed.
    """
    practice = house()
    wrapping = cache(lambda version: practice.cipher("wrap", version))
    derived = crypto.derive_for(subkey_purpose(column.part))
    key_bound, value_bound = key_binding(practice), column.label.encode() + b"\0"
    for written_id, wrapped, sealed in _rows(clients, column).iterator(CHUNK):
        if wrapped is None:
            continue
        client = bytes.fromhex(written_id.replace("-", ""))
        try:
            secret = crypto.open_sealed(wrapping(crypto.sealed_version(wrapped)), wrapped, key_bound + client)
            opened = crypto.open_sealed(crypto.cipher(derived(secret)), sealed, value_bound + client)
            value = column.from_plaintext(crypto.unpad(opened) if column.pad else opened)
        except SealBroken:
            value = None
        yield client, value


def _rows(clients: QuerySet[Any], column: SealedField) -> QuerySet[Any, Any]:
    """The written id, the wrapped key and the sealed value of each. Making a UUID costs as much as opening a value."""
    key = ClientKey.objects.filter(client_id=OuterRef("pk")).values("wrapped")
    written = clients.order_by().annotate(written_id=Cast("pk", CharField()), wrapped=Subquery(key))
    rows: QuerySet[Any, Any] = written.values_list("written_id", "wrapped", column.attname)
    return rows
