"""What the calendar adds to a client's card: a button, the appointments, and how often they did not come."""

from __future__ import annotations

from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import comings
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.card import SIDE, Button, CardPart, Context, Fact, Section, Tab
from alcove.security.access.actors import Actor

SHOWN = 4


def card(actor: Actor, client: Client) -> CardPart:
    """Return nothing for whoever does not see the calendar; everything below the header waits until it is drawn."""
    if not actor.holds(Calendar.VIEW):
        return CardPart()
    url = page_url("client_calendar:appointments", client_id=client.id)

    def appointments() -> Context:
        ahead, past = comings.of_client(actor, client.id, count=SHOWN)
        return {"ahead": ahead, "past": past, "client_id": client.id}

    def missed() -> str:
        return str(comings.missed([client.id]).get(client.id, 0))

    book = Button("Book", page_url("client_calendar:book", client_id=client.id), "calendar-plus", 20)
    return CardPart(
        tabs=[Tab("appointments", "Appointments", url, 15)],
        buttons=[book] if actor.holds(Calendar.CREATE) else [],
        sections=[
            Section(
                "Appointments",
                "calendar/card/appointments.html",
                appointments,
                SIDE,
                5,
                url,
                "All appointments",
            )
        ],
        facts=[Fact("Did not come", missed)],
    )
