"""One object for every argument of this area's routes, for the walk over all of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alcove.clinic.clients import actions
from alcove.clinic.clients.models import Client
from alcove.security.access.opening import open_client
from alcove.security.vault.keyring import keyring


def samples(practice: Any) -> dict[str, Any]:
    """Return a value for every URL argument, all of one new client of this practice."""
    owner, clinician = practice.actor("owner"), practice.actor("prescriber")
    client: Client = actions.create_client(
        owner,
        directory={
            "given": "Sample",
            "family": "Walker",
            "born": "1990-06-01",
            "phones": ["+14155550199"],
            "emails": ["sample.walker@example.org"],
            "numbers": [{"kind": "Passport", "value": "X12345678"}],
        },
    )
    with keyring():
        open_client(clinician, client.id)
        details = {"role": "gp", "name": "Dr Sample", "phone": "+14155550198"}
        person = actions.add_person(clinician, client, details=details)
        alert = actions.add_alert(
            clinician, client, kind="clinical", severity="warning", text="Sample alert", desk_text="Ask first"
        )
    other = actions.create_client(
        owner, directory={"given": "Limited", "family": "Sample", "phones": ["+14155550197"]}
    )
    nurse = practice.actor("practitioner")
    with keyring():
        open_client(nurse, other.id)
        actions.limit_client(nurse, other)
    glass = actions.break_glass(clinician, other.id, reason="Sample emergency")
    export = actions.ask_export(owner, file_format="csv", purpose="Sample export", chosen=[client.id])
    ids: dict[str, UUID] = {"client_id": client.id, "person_id": person.id, "alert_id": alert.id}
    return {
        **ids,
        "what": "phone-0",
        "contact": "phone",
        "number": "number-0",
        "glass_id": glass.id,
        "export_id": export.id,
    }
