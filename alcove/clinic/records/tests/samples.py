"""One object for each argument of this area's URLs, for the walk over all routes."""

from __future__ import annotations

from typing import Any

from alcove.clinic.clients.actions import create_client
from alcove.clinic.records.tests import make


def samples(practice: Any) -> dict[str, object]:
    """Return ids by the name of the URL argument. Made by the practitioner, who is the note's author."""
    actor = practice.actor("practitioner")
    client = create_client(
        practice.actor("owner"), directory={"given": "Sample", "family": "Record", "born": "1980-01-01"}
    )
    with make.opened(actor, client):
        visit = make.visit(actor, client)
        note = make.signed(actor, client, visit=visit)
        item = make.item(actor, client, visit=visit)
        document = make.document(actor, client)
        told = make.told(client)
    return {
        "client_id": client.id,
        "note_id": note.id,
        "item_id": item.id,
        "document_id": document.id,
        "visit_id": visit.id,
        "kind": "allergy",
        "what": "item",
        "row_id": item.id,
        "told_id": told.id,
        "step": "contact",
    }
