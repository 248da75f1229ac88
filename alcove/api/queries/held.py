"""Everything held on one client, opened: for the export, and for whoever has to compare it with something."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Model

from alcove.clinic.activities.models import Comment, Line, Repeat, Task
from alcove.clinic.calendar.models import Appointment, Booking, Series, WaitlistEntry, WaitlistOffer
from alcove.clinic.clients.models import Alert, Client, ImportedRow, LinkedPerson
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries.finding import client as opened_client
from alcove.clinic.clients.queries.history import people as staff_names
from alcove.clinic.messaging.models import Choices, Outgoing
from alcove.clinic.records.models import Amendment, Document, Item, KeptResource, Note, PatientEntry, Visit
from alcove.security.access.actors import Actor
from alcove.security.access.audiences import hidden_rows
from alcove.security.access.models import Version
from alcove.security.access.policy import Open
from alcove.security.audit import events
from alcove.security.audit.models import Entry

BESIDE: Final[dict[str, type[Model]]] = {
    "told_by_client": PatientEntry,
    "bookings": Booking,
    "appointments": Appointment,
    "courses": Series,
    "waitlist": WaitlistEntry,
    "waitlist_offers": WaitlistOffer,
    "tasks": Task,
    "task_steps": Line,
    "task_comments": Comment,
    "repeating_tasks": Repeat,
}
"""What lies beside card and chart, by its name in the export: corrections, the calendar, tasks."""


@dataclass(frozen=True, slots=True)
class Held:
    """The rows of one client, each kind in the order it was made; their sealed values open at first use.

    ``beside``: rows by the names of ``BESIDE``.
    """

    client: Client
    people: list[LinkedPerson]
    alerts: list[Alert]
    visits: list[Visit]
    notes: list[Note]
    amendments: list[Amendment]
    items: list[Item]
    documents: list[Document]
    kept: list[KeptResource]
    imported_rows: list[ImportedRow]
    message_choices: list[Choices]
    messages: list[Outgoing]
    beside: dict[str, list[Any]]
    versions: list[Version]
    log: list[Entry]

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        names = (
            "people",
            "alerts",
            "visits",
            "notes",
            "amendments",
            "items",
            "documents",
            "kept",
            "imported_rows",
            "message_choices",
            "messages",
            "versions",
            "log",
        )
        beside = {name: len(rows) for name, rows in self.beside.items()}
        return {name: len(getattr(self, name)) for name in names} | beside


def held(actor: Actor, client_id: UUID) -> Held:
    """Return everything held on a client whose keys are open; raise ``Refused`` or ``NotFound``.

    Of sensitive entries only those whose keys are open here: none, unless they were opened to be given out.
    """
    actor.must(Clients.EXPORT)
    actor.must(Open.RECORD)
    client = opened_client(actor, client_id)

    def every(model: type[Model]) -> list[Any]:
        return list(model._default_manager.filter(client_id=client_id).order_by("pk"))

    return Held(
        client=client,
        people=every(LinkedPerson),
        alerts=every(Alert),
        visits=every(Visit),
        notes=every(Note),
        amendments=every(Amendment),
        items=every(Item),
        documents=every(Document),
        kept=every(KeptResource),
        imported_rows=every(ImportedRow),
        message_choices=every(Choices),
        messages=every(Outgoing),
        beside={name: every(model) for name, model in BESIDE.items()},
        versions=list(Version.objects.filter(client_id=client_id).order_by("at", "pk")),
        log=list(
            Entry.objects.filter(client_id=client_id)
            .not_about(hidden_rows(client_id))
            .order_by("at_us", "counter")
        ),
    )


_LEFT_OUT = {"client", "file_key", "object_name", "signature", "pen", "dir_seq", "source_key", "digest"}
"""Columns that are keys, marks of ours or places in our store: they say nothing about the client."""


def as_json(found: Held) -> dict[str, Any]:
    """Return everything as plain JSON values; ``documents`` name their file in the folder."""
    return {
        "format": "alcove-record-1",
        "client": _row(found.client),
        "people": [_row(one) for one in found.people],
        "alerts": [_row(one) for one in found.alerts],
        "visits": [_row(one) for one in found.visits],
        "notes": [_row(one) for one in found.notes],
        "amendments": [_row(one) for one in found.amendments],
        "chart": [_row(one) for one in found.items],
        "documents": [_row(one) | {"file": file_name(one)} for one in found.documents],
        "kept_resources": [_row(one) for one in found.kept],
        "imported_rows": [_row(one) for one in found.imported_rows],
        "message_choices": [_row(one) for one in found.message_choices],
        "messages": [_message(one) for one in found.messages],
        **{name: [_beside(one) for one in rows] for name, rows in found.beside.items()},
        "earlier_versions": [_version(one) for one in found.versions],
        "access_log": access_log(found),
    }


def _row(row: Model) -> dict[str, Any]:
    return {
        field.attname: _plain(getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if field.name not in _LEFT_OUT
    }


def _beside(one: Model) -> dict[str, Any]:
    """Return a row with the names of the service, person and place it is about, which are ids in its columns."""
    said = {
        "service": "name",
        "profile": "shown_name",
        "location": "name",
        "assignee": "name",
        "role": "name",
    }
    about = {name: getattr(one, name, None) for name in said}
    return _row(one) | {name: str(getattr(row, said[name])) for name, row in about.items() if row is not None}


def _message(one: Outgoing) -> dict[str, Any]:
    """Return a message without the secret of its links: whoever reads the file could change the visit with it."""
    row = _row(one)
    facts = (row["content"] or {}).get("facts")
    if facts:
        row["content"] = {"facts": {name: value for name, value in facts.items() if name != "token"}}
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _version(one: Version) -> dict[str, Any]:
    before = {**(one.directory_before or {}), **(one.before or {})}
    before = {name: value for name, value in before.items() if name not in _LEFT_OUT}
    return {
        "of": one.model,
        "row": str(one.object_id),
        "at": one.at.isoformat(),
        "deed": events.words(one.event),
        "by": str(one.actor_id) if one.actor_id else one.actor_name,
        "before": before,
    }


def access_log(found: Held) -> dict[str, Any]:
    """Return who looked at or changed this record: counts by deed, and each entry in order of time."""
    names = staff_names({one.actor_id for one in found.log if one.actor_id})
    return {
        "summary": dict(Counter(one.words for one in found.log)),
        "entries": [
            {
                "at": one.at.isoformat(),
                "who": names.get(one.actor_id, "a former account")
                if one.actor_id
                else one.role or one.actor_kind,
                "did": one.words,
                "result": one.result,
                "fields": [name for name in one.fields.split(",") if name],
            }
            for one in found.log
        ],
    }


_ENDINGS = {
    "application/json": "json", "application/pdf": "pdf", "application/dicom": "dcm", "image/gif": "gif",
    "image/heic": "heic", "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "image/webp": "webp",
    "text/csv": "csv", "text/plain": "txt", "text/rtf": "rtf", "application/xml": "xml", "text/xml": "xml",
}  # fmt: skip


def file_name(document: Document) -> str:
    """Return the neutral name of a document's file in an export: its id, and an ending by its kind.

    A kind that a browser would run (HTML, SVG) gets ``bin``, so that opening the folder runs nothing.
    """
    return f"files/{document.id}.{_ENDINGS.get(document.content.get('media_type', ''), 'bin')}"
