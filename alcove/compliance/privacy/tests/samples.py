"""One object for every argument of this area's routes, for the walk over all of them."""

from __future__ import annotations

from typing import Any

from alcove.clinic.clients import actions as clients
from alcove.compliance.privacy.tests import make


def samples(practice: Any) -> dict[str, Any]:
    """Return a client whose removal is proposed, and a finished erasure of another."""
    owner = practice.actor("owner")
    gone = clients.create_client(owner, directory={"given": "Erased", "family": "Sample"})
    client = clients.create_client(owner, directory={"given": "Proposed", "family": "Sample"})
    make.proposed(client.id)
    return {"client_id": client.id, "erasure_id": make.erased(practice, gone).id}
