"""Clients to delete and erase: with a record of any age, a hold, an erasure at any step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.practice.models import Location
from alcove.clinic.records import actions as records
from alcove.clinic.records.models.content import KINDS
from alcove.compliance.privacy import actions
from alcove.compliance.privacy.actions import carrying
from alcove.compliance.privacy.models import Erasure
from alcove.security.access.opening import open_client
from alcove.security.access.writes import writing
from alcove.security.vault.keyring import keyring

REASON = "They wrote and asked us to."


def in_california() -> None:
    """Put every location into California."""
    with writing("a place for tests"):
        Location.objects.update_or_create(name="Main", defaults={"country": "US", "region": "CA"})
        Location.objects.update(country="US", region="CA")


def cared_for(practice: Any, client: Client, *, years_ago: float = 0.1) -> datetime:
    """Note down a visit, an allergy, a signed note and a document; return when the visit was."""
    nurse, at = practice.actor("prescriber"), timezone.now() - timedelta(days=round(365.25 * years_ago))
    with keyring():
        open_client(nurse, client.id)
        visit = records.add_visit(
            nurse, client, starts_at=at, content={"type": "Visit", "reason": "Zimquavor"}
        )
        entry = KINDS["allergy"](name="Latexvorqua", note="", start="")
        records.add_item(nurse, client, kind="allergy", entry=entry, visit=visit)
        note = records.begin_note(nurse, client, template="free", visit=visit, title="Brunaxpol")
        records.keep_draft(nurse, note, title=note.title, body={"text": "Drifexgul hypjor"})
        records.sign_note(nurse, note)
        records.add_document(nurse, client, data=b"Kivlumtel", name="a.txt", title="Scan")
    return at


def deleted(practice: Any, client: Client, *, ground: str = "asked") -> None:
    """Delete a client, as the owner."""
    with keyring():
        owner = practice.actor("owner")
        open_client(owner, client.id)
        actions.delete(owner, client.id, ground=ground, reason=REASON)


def asked(practice: Any, client: Client) -> Erasure:
    """Delete a client and ask for the erasure, as the owner."""
    deleted(practice, client)
    return actions.ask(practice.actor("owner"), client.id, reason=REASON)


def approved(practice: Any, client: Client) -> Erasure:
    """The same, approved by the officer."""
    return actions.approve(practice.actor("officer"), asked(practice, client).id)


def erased(practice: Any, client: Client) -> Erasure:
    """The same, carried out."""
    made = approved(practice, client)
    assert actions.finish(made.id) == Erasure.State.DONE
    return Erasure.objects.get(pk=made.id)


def proposed(client_id: UUID) -> Erasure:
    """What the retention rules would propose, whatever they say."""
    return actions.propose(carrying.worker(), client_id)


def day(text: str) -> datetime:
    """Return noon of a day."""
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)
