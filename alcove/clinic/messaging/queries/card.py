"""What this area adds to a client's card."""

from __future__ import annotations

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.card import CardPart, Tab
from alcove.clinic.messaging.policy import Messages
from alcove.security.access.actors import Actor


def card(_actor: Actor, client: Client) -> CardPart:
    """Return the tab with what the client was sent, and how they want to be reached."""
    url = page_url("message_card:messages", client_id=client.id)
    return CardPart(tabs=[Tab("messages", "Messages", url, 75, needs=Messages.VIEW)])
