"""Uncovering what needs a reason."""

from __future__ import annotations

from alcove.clinic.clients.actions.glass import worded
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients, Did
from alcove.security.access.change import Change, action


@action(Clients.IDENTITY)
def show_identity(change: Change, client: Client, *, reason: str) -> None:
    """Record that an identity number was uncovered, and why; raises ``ReasonTooShort``."""
    reason = worded(reason)
    change.record(Did.IDENTITY_SHOWN, client_id=client.id, on=client, fields=("numbers",), reason=reason)
