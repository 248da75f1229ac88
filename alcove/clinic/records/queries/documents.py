"""Documents: what there is, and the bytes of one."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Document, media
from alcove.clinic.records.queries import readers
from alcove.clinic.records.queries.words import day_of, legible
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.policy import Open
from alcove.security.vault import files

LABEL = "records.document.file"
"""What a file's segments are bound to together with the row's id."""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document in the list; ``size`` in bytes; ``readers``: who reads it, if it is sensitive."""

    id: UUID
    title: str
    name: str
    kind: str
    size: int
    dated: date | None
    created_at: datetime
    is_struck: bool
    source: str
    readers: str = ""


def documents(actor: Actor, client: Client) -> list[DocumentLine]:
    """Return the client's documents, newest first, struck ones last."""
    actor.must(Open.RECORD)
    held = list(Document.objects.filter(client=client).order_by("-created_at"))
    read_by = readers.words(one.audience_id for one in held)
    found = [line(one, read_by[one.audience_id] if one.audience_id else "") for one in held]
    return sorted(found, key=lambda one: one.is_struck)


def line(document: Document, read_by: str = "") -> DocumentLine:
    """Return a document as a line of a list."""
    held = document.content
    return DocumentLine(
        id=document.id,
        title=legible(held.get("title") or held.get("name") or "Document"),
        name=legible(held.get("name", "")),
        kind=media.shown(held.get("media_type", "")),
        size=int(held.get("bytes", 0)),
        dated=day_of(held.get("dated", "")),
        created_at=document.created_at,
        is_struck=document.struck_at is not None,
        source={"import": "imported", "patient": "from the client"}.get(document.source, ""),
        readers=read_by,
    )


def document(actor: Actor, client: Client, document_id: UUID) -> Document:
    """Return a document of this client; raise ``NotFound``."""
    actor.must(Open.RECORD)
    found = Document.objects.filter(pk=document_id, client=client).first()
    if found is None:
        raise NotFound("there is no such document")
    return found


def opened(document: Document) -> bytes:
    """Return the bytes of a document, opened in memory and whole, so that a broken one answers nothing at all."""
    key = base64.b64decode(document.file_key)
    return b"".join(files.fetch(key, document.object_name, document.id, LABEL))
