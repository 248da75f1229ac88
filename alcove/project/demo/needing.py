# ruff: noqa: E501 - a table of texts is read line by line
"""Need-to-know in the demo: a colleague who is a client, the care team of two, and two uses of emergency access."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alcove.clinic.clients import actions as clients
from alcove.clinic.records import actions as records
from alcove.project.demo.stage import BY_KEY, Card, Stage, moment
from alcove.security.access.models import GlassBreak

DOCTOR, NURSE, FAR_DOCTOR, FAR_NURSE = "nadia.rahimi", "lily.tran", "grace.okonkwo", "daniel.brandt"
OFFICER: Final = "ingrid.solheim"
COLLEAGUE: Final = {
    "given": "Rosa", "family": "Delgado", "born": "1979-08-14", "phones": ["+14155550144"],
    "emails": ["rosa.delgado@example.org"],
}  # fmt: skip
"""The practice manager, as a client: none of her colleagues' business but two."""
_REASON_THEN: Final = (
    "Called the Oakland desk with swelling around the eyes after yesterday's treatment; her own team was off."
)
_REASON_NOW: Final = "Came in without an appointment, dizzy, and could not say what she had been given."
_FINDING: Final = "The call is in the phone list, only the last treatment was opened, and access was given back after six minutes."


def plan(stage: Stage) -> None:
    """Plan the colleague's record, in place of one of the clients, and what happened around it."""
    if not stage.cards:
        return
    card = stage.cards.pop()
    first = stage.workday(BY_KEY[DOCTOR], stage.today - timedelta(days=48))
    card.invented = replace(card.invented, directory=COLLEAGUE, details={"pronouns": "she, her"}, since=first)
    stage.limited = card
    made = moment(first, 17 * 60 + 5)
    stage.at(made, DOCTOR, partial(_make, stage, card))
    stage.at(made + timedelta(minutes=2), DOCTOR, partial(_limit, stage, card))
    treated = moment(stage.workday(BY_KEY[NURSE], first + timedelta(days=6)), 8 * 60 + 20)
    stage.at(treated, NURSE, partial(_treat, stage, card, treated))
    then = moment(stage.workday(BY_KEY[FAR_DOCTOR], stage.today - timedelta(days=14)), 10 * 60 + 20)
    _emergency(stage, card, FAR_DOCTOR, then, _REASON_THEN)
    reviewed = stage.workday(BY_KEY[OFFICER], then.date() + timedelta(days=1))
    stage.at(moment(reviewed, 9 * 60 + 40), OFFICER, partial(_review, stage, card))
    _emergency(stage, card, FAR_NURSE, stage.until - timedelta(hours=21), _REASON_NOW)


def _emergency(stage: Stage, card: Card, key: str, when: datetime, reason: str) -> None:
    stage.at(when, key, partial(_break, stage, card, key, reason))
    stage.at(when + timedelta(minutes=1), key, partial(_look, stage, card, key))
    stage.at(when + timedelta(minutes=6), key, partial(_give_back, stage, card, key))


def _make(stage: Stage, card: Card) -> None:
    one = card.invented
    card.row = clients.create_client(stage.actor(DOCTOR), directory=one.directory, details=one.details)


def _limit(stage: Stage, card: Card) -> None:
    with stage.opened(DOCTOR, card) as actor:
        clients.limit_client(actor, card.client)
        clients.add_to_team(actor, card.client, stage.people[NURSE].id)


def _treat(stage: Stage, card: Card, when: datetime) -> None:
    with stage.opened(NURSE, card, record=True) as actor:
        visit = records.add_visit(
            actor, card.client, starts_at=when, content={"type": "Treatment", "practitioner": "Lily Tran"}
        )
        note = records.begin_note(
            actor, card.client, template="treatment", visit=visit, title="Lower lids, first session"
        )
        body = {
            "done": "Mesotherapy of both lower lids, 0.5 ml each side.",
            "response": "Light redness, gone at leaving.",
        }
        records.keep_draft(actor, note, title=note.title, body=body)
        records.sign_note(actor, note)


def _break(stage: Stage, card: Card, key: str, reason: str) -> None:
    clients.break_glass(stage.actor(key), card.client.id, reason=reason)


def _look(stage: Stage, card: Card, key: str) -> None:
    with stage.opened(key, card, record=True):
        """The look itself is the deed."""


def _give_back(stage: Stage, card: Card, key: str) -> None:
    clients.return_glass(stage.actor(key), card.client.id)


def _review(stage: Stage, card: Card) -> None:
    glass = GlassBreak.objects.filter(client_id=card.client.id, reviewed_at__isnull=True).earliest("began_at")
    clients.review_glass(stage.actor(OFFICER), glass.id, is_justified=True, finding=_FINDING)
