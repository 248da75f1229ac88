"""Deletion in the demo: one waits for approval, one is under a legal hold, one is erased, one was kept long enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from alcove.clinic.clients import actions as clients
from alcove.clinic.records import actions as records
from alcove.compliance.privacy import actions as privacy
from alcove.compliance.privacy.actions import carrying
from alcove.compliance.privacy.models import Erasure
from alcove.project.demo.stage import BY_KEY, Card, Stage, moment

MANAGER, OWNER, OFFICER, NURSE = "rosa.delgado", "nadia.rahimi", "ingrid.solheim", "lily.tran"
LEAST: Final = 20
"""Of fewer clients none is spared for this."""
_LONG_AGO: Final = timedelta(days=12 * 365)
_WAITING: Final = {"given": "Marta", "family": "Lindqvist", "born": "1988-03-17", "phones": ["+14155550161"]}
_HELD: Final = {"given": "Owen", "family": "Castellano", "born": "1971-10-02", "phones": ["+14155550162"]}
_ERASED: Final = {"given": "Test", "family": "Testerson", "phones": ["+14155550163"]}
_OLD: Final = {"given": "Harriet", "family": "Okafor", "born": "1949-06-30", "phones": ["+14155550164"]}
_ASKED: Final = "Wrote by e-mail that she has moved to Sweden and wants everything deleted."
_HOLD: Final = "Letter of Harlan & Reyes of the 3rd: a claim about the treatment in spring. Keep everything."
_MISTAKE: Final = "Made while the tablet was being tried out. There is no such person."


def plan(stage: Stage) -> None:
    """Plan the four, in place of four of the clients."""
    if len(stage.cards) < LEAST:
        return
    waiting, held, erased, old = (
        _card(stage, held, days) for held, days in ((_WAITING, 210), (_HELD, 250), (_ERASED, 24), (_OLD, 300))
    )
    _care(stage, waiting, 180)
    _care(stage, held, 200)
    made = moment(stage.workday(BY_KEY[NURSE], stage.today - timedelta(days=290)), 12 * 60)
    stage.at(made, NURSE, partial(_visit, stage, old, made - _LONG_AGO))
    stage.at(stage.until - timedelta(days=19), OWNER, partial(_hold, stage, held))
    _erase(stage, erased)
    stage.at(stage.until - timedelta(hours=44), MANAGER, partial(_delete, stage, waiting, "asked", _ASKED))
    stage.at(stage.until - timedelta(hours=43), MANAGER, partial(_ask, stage, waiting, _ASKED))
    stage.at(stage.until - timedelta(hours=9), "", partial(_propose, old))


def _card(stage: Stage, directory: dict[str, Any], days: int) -> Card:
    card = stage.cards.pop()
    since = stage.workday(BY_KEY[MANAGER], stage.today - timedelta(days=days))
    card.invented = replace(card.invented, directory=directory, details={}, since=since)
    stage.at(moment(since, 10 * 60 + days % 50), MANAGER, partial(_make, stage, card))
    return card


def _make(stage: Stage, card: Card) -> None:
    card.row = clients.create_client(stage.actor(MANAGER), directory=card.invented.directory)


def _care(stage: Stage, card: Card, days: int) -> None:
    when = moment(stage.workday(BY_KEY[NURSE], stage.today - timedelta(days=days)), 11 * 60)
    stage.at(when, NURSE, partial(_visit, stage, card, when))


def _visit(stage: Stage, card: Card, when: datetime) -> None:
    with stage.opened(NURSE, card, record=True) as actor:
        visit = records.add_visit(
            actor, card.client, starts_at=when, content={"type": "Treatment", "practitioner": "Lily Tran"}
        )
        note = records.begin_note(actor, card.client, template="free", visit=visit, title="Dermal filler")
        records.keep_draft(actor, note, title=note.title, body={"text": "Both cheeks, 0.5 ml each side."})
        records.sign_note(actor, note)


def _hold(stage: Stage, card: Card) -> None:
    clients.place_hold(stage.actor(OWNER), card.client.id, reason=_HOLD)


def _erase(stage: Stage, card: Card) -> None:
    """Deleted and asked for by the manager, approved by the officer when she was next in, carried out at once."""
    asked = moment(stage.workday(BY_KEY[MANAGER], stage.today - timedelta(days=18)), 9 * 60 + 50)
    stage.at(asked, MANAGER, partial(_delete, stage, card, "mistake", _MISTAKE))
    stage.at(asked + timedelta(minutes=4), MANAGER, partial(_ask, stage, card, _MISTAKE))
    decided = moment(stage.workday(BY_KEY[OFFICER], asked.date() + timedelta(days=1)), 10 * 60 + 15)
    stage.at(decided, OFFICER, partial(_approve, stage, card))
    stage.at(decided + timedelta(seconds=4), "", partial(_carry_out, card))


def _delete(stage: Stage, card: Card, ground: str, reason: str) -> None:
    with stage.opened(MANAGER, card, record=True) as actor:
        privacy.delete(actor, card.client.id, ground=ground, reason=reason)


def _ask(stage: Stage, card: Card, reason: str) -> None:
    privacy.ask(stage.actor(MANAGER), card.client.id, reason=reason)


def _open(card: Card) -> Erasure:
    return Erasure.objects.get(client_id=card.client.id, state__in=Erasure.OPEN)


def _approve(stage: Stage, card: Card) -> None:
    privacy.approve(stage.actor(OFFICER), _open(card).id)


def _carry_out(card: Card) -> None:
    privacy.finish(_open(card).id)


def _propose(card: Card) -> None:
    privacy.propose(carrying.worker(), card.client.id)
