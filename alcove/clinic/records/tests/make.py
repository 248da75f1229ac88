"""What the tests of this area make: a clinician, entries, a signed note, a document."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from alcove.clinic.clients.actions import add_alert
from alcove.clinic.records import actions
from alcove.clinic.records.models import PatientEntry
from alcove.clinic.records.models.content import KINDS
from alcove.security.access.opening import open_client
from alcove.security.access.writes import writing
from alcove.security.vault.keyring import keyring

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


@contextmanager
def opened(actor, client):
    """The client's keys open for a block of a test."""
    with keyring():
        open_client(actor, client.id, record=False)
        yield client


def item(actor, client, kind="allergy", source="staff", visit=None, **fields: Any):
    fields.setdefault("name", "Lidocaine")
    return actions.add_item(actor, client, kind=kind, entry=KINDS[kind](**fields), source=source, visit=visit)


def draft(actor, client, body=None, template="free", title="Follow-up", visit=None):
    note = actions.begin_note(actor, client, template=template, title=title, visit=visit)
    if body is None:
        body = {"text": "Skin calm, no swelling."}
    if body:
        actions.keep_draft(actor, note, title=title, body=body)
    return note


def signed(actor, client, **options):
    note = draft(actor, client, **options)
    actions.sign_note(actor, note)
    return note


def visit(actor, client, days_ago=1, **content):
    content = {"type": "Consultation", "practitioner": "Dr Amara Osei"} | content
    when: datetime = timezone.now() - timedelta(days=days_ago)
    return actions.add_visit(actor, client, starts_at=when, content=content)


def told(client, what="preferred", said="Cat"):
    """A correction of the card that a client sent, with the client's keys open."""
    with writing("a correction for a test"):
        return PatientEntry.objects.create(
            client=client, kind="contact", contact={"what": what, "before": None, "said": said}
        )


def critical_alert(actor, client, text="Anaphylaxis to lidocaine"):
    return add_alert(actor, client, kind="allergy", severity="critical", text=text)


def document(actor, client, data=PDF, name="lab report.pdf", **options):
    return actions.add_document(
        actor, client, data=data, name=name, title=options.pop("title", "Lab report"), **options
    )
