"""A sensitive entry in the demo: two people read it, and for everyone else the record is whole without it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alcove.clinic.clients import actions as clients
from alcove.clinic.records import actions as records
from alcove.clinic.records.models.content import Medication
from alcove.project.demo.stage import BY_KEY, Card, Stage, moment
from alcove.security.access.audiences import Category, Mark, Readers
from alcove.security.access.models import Audience

NURSE, DIRECTOR, DERMATOLOGIST = "lily.tran", "nadia.rahimi", "tomas.iglesias"
CLIENT: Final = {
    "given": "Ellen", "family": "Marsh", "born": "1991-02-03", "phones": ["+14155550146"],
    "emails": ["ellen.marsh@example.org"],
}  # fmt: skip
"""She told the nurse something that the dermatologist need not know."""
TITLE: Final = "What she told before the first treatment"
_BODY: Final = {
    "wishes": "Wants her jaw smaller “so that nobody looks at it”. Checks it in every mirror, several hours a day.",
    "history": "In therapy since spring, after a hard winter; takes sertraline and does not want it on the open list.",
    "advice": "No treatment of the jaw for now. She agreed to speak with her therapist first, and was relieved.",
}
_ORDINARY: Final = {
    "done": "Light peel, glycolic acid 20 %, forehead and cheeks, three minutes.",
    "response": "Mild redness, gone at leaving.",
}


def plan(stage: Stage) -> None:
    """Plan her record, in place of one of the clients."""
    if not stage.cards:
        return
    card = stage.cards.pop()
    card.invented = replace(card.invented, directory=CLIENT, details={"pronouns": "she, her"})
    first = stage.workday(BY_KEY[NURSE], stage.today - timedelta(days=37))
    made = moment(first, 13 * 60 + 10)
    stage.at(made, NURSE, partial(_talk, stage, card, made))
    treated = moment(stage.workday(BY_KEY[DERMATOLOGIST], first + timedelta(days=9)), 15 * 60 + 30)
    stage.at(treated, DERMATOLOGIST, partial(_treat, stage, card, treated))
    named = moment(stage.workday(BY_KEY[NURSE], first + timedelta(days=10)), 8 * 60 + 50)
    stage.at(named, NURSE, partial(_name_director, stage, card))


def _talk(stage: Stage, card: Card, when: datetime) -> None:
    one, nurse = card.invented, stage.actor(NURSE)
    card.row = clients.create_client(nurse, directory=one.directory, details=one.details)
    with stage.opened(NURSE, card, record=True) as actor:
        visit = records.add_visit(
            actor, card.client, starts_at=when, content={"type": "Consultation", "practitioner": "Lily Tran"}
        )
        mark = Mark(Category.MENTAL)
        note = records.begin_note(
            actor, card.client, template="consultation", visit=visit, title=TITLE, sensitive=mark
        )
        records.sign_note(actor, note, body=_BODY)
        entry = Medication(name="Sertraline", dose="50 mg in the morning", status="active")
        records.add_item(actor, card.client, kind="medication", entry=entry, visit=visit, sensitive=mark)


def _treat(stage: Stage, card: Card, when: datetime) -> None:
    with stage.opened(DERMATOLOGIST, card, record=True) as actor:
        visit = records.add_visit(
            actor,
            card.client,
            starts_at=when,
            content={"type": "Treatment", "practitioner": "Dr Tomás Iglesias"},
        )
        note = records.begin_note(
            actor, card.client, template="treatment", visit=visit, title="Light peel, first session"
        )
        records.sign_note(actor, note, body=_ORDINARY)


def _name_director(stage: Stage, card: Card) -> None:
    """The nurse lets the medical director read both entries, and nobody else."""
    with stage.opened(NURSE, card, record=True) as actor:
        readers = Readers(people=frozenset({stage.people[NURSE].id, stage.people[DIRECTOR].id}))
        for audience in Audience.objects.filter(client_id=card.client.id).order_by("since"):
            records.choose_readers(actor, audience, wanted=Mark(Category.MENTAL, readers))
