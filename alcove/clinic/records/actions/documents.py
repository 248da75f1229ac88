"""Documents: looked into, sealed under a key of their own, never changed, struck when wrong."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.records.actions.sensitive import begun
from alcove.clinic.records.models import Document
from alcove.clinic.records.models.media import media_type
from alcove.clinic.records.policy import Did, Records
from alcove.clinic.records.queries.documents import LABEL
from alcove.security.access.actors import Actor
from alcove.security.access.audiences import Mark
from alcove.security.access.change import Change, action, allow
from alcove.security.access.errors import Conflict
from alcove.security.vault import crypto, files
from alcove.security.vault.ids import uuid7


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file that lies sealed in the store: for which row, under which key and name, and what it is."""

    id: UUID
    key: bytes
    object_name: str
    content: dict[str, Any]


def add_document(
    who: Actor | Change,
    client: Client,
    *,
    data: bytes,
    name: str,
    title: str = "",
    dated: date | None = None,
    source: str = "staff",
    sensitive: Mark | None = None,
) -> Document:
    """Seal a file into the record. Raises ``MediaRefused`` for a kind of file that is not taken, by its bytes.

    ``name`` is what the file was called; it is sealed and never used as a file name again. Raises ``StoreAway`` if the
    store cannot be reached; nothing is saved then.
    """
    content = {
        "title": title, "name": name, "media_type": media_type(data, name), "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(), "dated": dated.isoformat() if dated else "",
    }  # fmt: skip
    if isinstance(who, Actor):
        allow(who, Records.CREATE, "clinic.records.actions.documents.add_document")
    # Before the transaction: a store elsewhere may take its time, and on SQLite every other writer would wait for it.
    document_id, key = uuid7(), crypto.new_key()
    stored = _Stored(document_id, key, files.store(key, [data], document_id, LABEL), content)
    try:
        return _note_document(who, client, stored, source, sensitive)
    except BaseException:
        # Without its row the object is unreadable for ever; it need not lie there.
        files.discard(stored.object_name)
        raise


@action(Records.CREATE)
def _note_document(
    change: Change, client: Client, stored: _Stored, source: str, sensitive: Mark | None
) -> Document:
    head = Document(id=stored.id, client_id=client.id, author_id=change.actor.id)
    return change.create(
        Document, Did.DOCUMENT_ADDED, id=stored.id, client=client, object_name=stored.object_name,
        audience_id=begun(change, head, sensitive),
        file_key=base64.b64encode(stored.key).decode("ascii"), source=source, author_id=change.actor.id,
        content=stored.content,
    )  # fmt: skip


@action(Records.DELETE)
def strike_document(change: Change, document: Document, *, reason: str = "") -> None:
    """Strike a document: it leaves the list's first place and stays readable as struck."""
    if document.struck_at is not None:
        raise Conflict("This document was struck already.")
    change.update(document, Did.DOCUMENT_STRUCK, reason=reason, struck_at=change.now)
