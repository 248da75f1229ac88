"""Downtime in the demo: a visit that two people entered late, a passphrase somebody made, and each location's pack."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alcove.clinic.downtime import actions, tasks
from alcove.clinic.downtime.models import Pack
from alcove.clinic.records import actions as records
from alcove.clinic.records.actions.notes import critical_alerts
from alcove.project.demo.people import OWNER
from alcove.project.demo.stage import BY_KEY, Stage, moment

NURSE: Final = "lily.tran"
DESK: Final = "maya.johnson"
DOCTOR: Final = "tomas.iglesias"
_AGO: Final = timedelta(days=16)
_NOTE: Final = (
    "Came by without an appointment while the internet was down. Small bruise at the left cheek after last week’s "
    "treatment, no swelling, no pain. Explained that it fades within ten days. From the paper form."
)
_SECOND: Final = (
    "Asked by Lily Tran to look at the left cheek: bruise of 2 cm, no swelling, warm, good capillary refill. Arnica "
    "gel twice a day, photo at the next visit. From my own sheet."
)


def plan(stage: Stage) -> None:
    """Plan a morning on paper: the same visit is entered by the nurse that afternoon, by the doctor when next in.

    Nobody has compared the two yet.
    """
    day = stage.workday(BY_KEY[NURSE], stage.today - _AGO)
    after = stage.workday(BY_KEY[DOCTOR], day + timedelta(days=1))
    nurse = partial(_enter, stage, NURSE, "Bruise after treatment", moment(day, 10 * 60 + 10), _NOTE)
    doctor = partial(_enter, stage, DOCTOR, "Bruise, left cheek", moment(day, 10 * 60 + 25), _SECOND)
    stage.at(moment(day, 15 * 60 + 40), NURSE, nurse)
    stage.at(moment(after, 12 * 60 + 5), DOCTOR, doctor)


def _enter(stage: Stage, who: str, title: str, happened_at: datetime, text: str) -> None:
    card = next((one for one in stage.cards if one.row is not None), None)
    if card is None:
        return
    with stage.opened(who, card, record=True) as actor:
        note = records.begin_note(actor, card.client, template="free", title=title, happened_at=happened_at)
        ticked = {one.id for one in critical_alerts(card.client.id)}
        records.sign_note(actor, note, body={"text": text}, acknowledged=ticked)


def make(stage: Stage) -> None:
    """Make the packs; one desk has downloaded its own, the other is overdue.

    Their first passphrase is on nobody's paper: whoever tries the demo makes a new one.
    """
    actions.make_phrase(stage.actor(OWNER.key))
    tasks.make()
    desk = BY_KEY[DESK]
    pack = Pack.objects.filter(location__name=desk.place).first()
    if pack is not None:
        actions.fetch_pack(stage.actor(DESK), pack)
