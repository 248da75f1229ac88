"""What the clinical record adds to a client's card: red lines, tabs, sections, figures.

At most nine queries, and only two of them on pages other than the summary (allergies, and what the client said on a
tablet): everything below the band is fetched when it is drawn. Lists are cut by plain columns in SQL, so a chart of 300
entries opens a few dozen.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from uuid import UUID

from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.card import (
    CRITICAL,
    SIDE,
    WARNING,
    BandLine,
    Button,
    CardPart,
    Fact,
    Section,
    Tab,
)
from alcove.clinic.records.models import Item, Visit
from alcove.clinic.records.policy import Records
from alcove.clinic.records.queries import entries, sensitive, told
from alcove.clinic.records.queries import notes as note_queries
from alcove.clinic.records.queries import visits as visit_queries
from alcove.clinic.records.queries.chart import Line, first_standing, lines
from alcove.clinic.records.queries.observations import Panel, grouped, latest
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open
from alcove.security.identity.policy import Tablet
from alcove.security.vault import rows
from alcove.security.vault.entries import sight
from alcove.ui.moments import plain_day

VISITS, NOTES, VALUES, LISTED = 5, 4, 6, 8
"""How many of each the summary shows."""
LOOKED_AT = 30
"""The newest values opened to find the latest of each kind."""
_FIGURES = """
SELECT (SELECT COUNT(*) FROM records_visit WHERE client_id = %s),
       (SELECT COUNT(*) FROM records_note WHERE client_id = %s AND state = 'draft'{sight}),
       (SELECT COUNT(*) FROM records_item
         WHERE client_id = %s AND NOT is_verified AND checked_at IS NULL AND struck_at IS NULL{sight})
"""


def card(actor: Actor, client: Client) -> CardPart:
    """Return what the record adds to the card; nothing at all for whoever may not read it."""
    said = told.card_part(actor, client)
    at = {"client_id": client.id}
    if actor.holds(Tablet.HAND) and actor.holds(Clients.EDIT):
        hand = Button("Hand to client", page_url("records:hand_over", **at), "tablet-smartphone", 60)
        said = replace(said, buttons=[*said.buttons, hand])
    if not actor.holds(Open.RECORD):
        return said
    held = Summary(actor, client)
    write = Button("Write a note", page_url("records:notes", **at), "pen-line", 10, is_main=True)
    return CardPart(
        buttons=[*said.buttons, *([write] if actor.holds(Records.CREATE) else [])],
        tabs=[
            *said.tabs,
            Tab("notes", "Notes", page_url("records:notes", **at), 20),
            Tab("chart", "Chart", page_url("records:chart", **at), 30),
            Tab("observations", "Values", page_url("records:observations", **at), 40),
            Tab("history", "Visits", page_url("records:history", **at), 50),
            Tab("documents", "Documents", page_url("records:documents", **at), 60),
            Tab("past", "Earlier versions", page_url("records:past", **at), 88),
        ],
        band=[*said.band, *band(client.id)],
        limited=lambda: sensitive.limited(actor, client),
        sections=[
            Section(
                "Treatment history", "records/card/visits.html",
                lambda: {"visits": held.visits, "client_id": client.id},
                order=20, url=page_url("records:history", **at),
            ),
            Section(
                "Notes", "records/card/notes.html", lambda: {"notes": held.notes, "client_id": client.id},
                order=30, url=page_url("records:notes", **at),
            ),
            Section(
                "Latest values", "records/card/values.html", lambda: {"values": held.values},
                order=40, url=page_url("records:observations", **at),
            ),
            Section(
                "Medication and conditions", "records/card/lists.html", lambda: {"lists": held.lists},
                column=SIDE, order=30, url=page_url("records:chart", **at),
            ),
        ],
        facts=[
            Fact("Last visit", lambda: held.last_visit),
            Fact("Visits", lambda: str(held.figures["seen"])),
            Fact("Unsigned notes", lambda: str(held.figures["unsigned"])),
            Fact("To check", lambda: str(held.figures["waiting"])),
        ],
    )  # fmt: skip


def band(client_id: UUID) -> list[BandLine]:
    """Return one line for severe allergies and one for the others; the band of alerts stands beside it."""
    items = entries.of_kinds(client_id, [Item.Kind.ALLERGY])
    standing = [one for one in lines(items) if not one.is_past]
    found = []
    for is_severe, severity, title in ((True, CRITICAL, "High-risk allergy"), (False, WARNING, "Allergy")):
        names = [_allergy(one) for one in standing if one.is_severe == is_severe]
        if names:
            words = title if len(names) == 1 else title.replace("llergy", "llergies")
            found.append(BandLine(severity, words, "; ".join(names)))
    return found


def _allergy(one: Line) -> str:
    reaction = one.words[1] if len(one.words) > 1 else ""
    marked = " (unverified)" if one.is_waiting else ""
    return f"{one.name}{f', {reaction}' if reaction else ''}{marked}"


class Summary:
    """The sections of one card, each fetched when it is first drawn."""

    def __init__(self, actor: Actor, client: Client) -> None:
        self.actor, self.client = actor, client

    @cached_property
    def figures(self) -> dict[str, int]:
        """Counts of the strip over plain columns. In SQL: to have Django write it costs eight times what it takes."""
        counted = rows.read(_FIGURES.format(sight=sight()), *[self.client.id] * 3)[0]
        return dict(zip(("seen", "unsigned", "waiting"), counted, strict=True))

    @cached_property
    def newest_visits(self) -> list[visit_queries.Row]:
        return visit_queries.newest(self.client.id, count=VISITS)

    @property
    def last_visit(self) -> str:
        now, newest = timezone.now(), self.newest_visits
        last = next((one.starts_at for one in newest if one.starts_at <= now), None)
        if last is None and len(newest) == VISITS:  # all of them are still to come
            past = Visit.objects.filter(client=self.client, starts_at__lte=now)
            last = past.order_by("-starts_at").values_list("starts_at", flat=True).first()
        return plain_day(timezone.localtime(last)) if last else "None yet"

    @cached_property
    def visits(self) -> list[visit_queries.VisitLine]:
        return visit_queries.lines(self.actor, self.client.id, self.newest_visits, (Item.Kind.PROCEDURE,))

    @cached_property
    def notes(self) -> list[note_queries.NoteLine]:
        return note_queries.newest(self.actor, self.client.id, count=NOTES)

    @cached_property
    def values(self) -> list[Panel]:
        """The latest values: of the newest ones, each thing once."""
        found = entries.newest(self.client.id, Item.Kind.OBSERVATION, LOOKED_AT)
        panels = [panel for group in grouped(latest(found)) for panel in group.single]
        return panels[:VALUES]

    @cached_property
    def lists(self) -> list[tuple[str, list[Line], int]]:
        """Medication and conditions that stand today: (title, lines shown, how many more)."""
        kinds = (Item.Kind.MEDICATION, Item.Kind.CONDITION)
        found = entries.of_kinds(self.client.id, kinds)
        return [
            (str(kind.label), *first_standing((one for one in found if one.kind == kind), LISTED))
            for kind in kinds
        ]
