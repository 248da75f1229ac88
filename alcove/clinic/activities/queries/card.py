"""What tasks add to a client's card: a tab, and those that are open."""

from __future__ import annotations

from alcove.clinic.activities.policy import Tasks
from alcove.clinic.activities.queries import seen
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.card import SIDE, CardPart, Context, Section, Tab
from alcove.security.access.actors import Actor

SHOWN = 4


def card(actor: Actor, client: Client) -> CardPart:
    """Return nothing for whoever sees no tasks; the list waits until it is drawn."""
    if not actor.holds(Tasks.VIEW):
        return CardPart()
    url = page_url("client_tasks:tasks", client_id=client.id)

    def tasks() -> Context:
        return {"rows": seen.of_client(actor, client, limit=SHOWN)}

    section = Section("Tasks", "activities/card/tasks.html", tasks, SIDE, 7, url, "All tasks")
    return CardPart(tabs=[Tab("tasks", "Tasks", url, 78)], sections=[section])
