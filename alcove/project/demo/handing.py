"""A tablet in the demo: handed to a client yesterday, given back, and two corrections that wait for a decision."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from alcove.clinic.records.actions import told
from alcove.clinic.records.models.told import CONTACT, Said
from alcove.clinic.records.policy import Did as RecordDid
from alcove.project.demo import effort as demo_effort
from alcove.project.demo.stage import BY_KEY, Card, Stage, moment
from alcove.security.access.change import Change, action
from alcove.security.access.opening import open_client
from alcove.security.identity import tablets, tokens
from alcove.security.identity.actions import at_the_door, effort
from alcove.security.identity.models import Effort, HandOver, Session
from alcove.security.identity.policy import Did, Door, Tablet
from alcove.security.vault.keyring import keyring

NURSE: Final = "lily.tran"
_PHONE: Final = "+14155550187"
_MEDICINE: Final = {"what": "new", "item": "", "name": "Ibuprofen", "before": "", "said": "200 mg for headaches, about once a week"}  # fmt: skip  # noqa: E501


def plan(stage: Stage) -> None:
    """Plan the hand-over: a nurse hands it over, the client looks and sends, the nurse takes it back."""
    day = stage.today - timedelta(days=1)
    while not BY_KEY[NURSE].works_on(day):
        day -= timedelta(days=1)
    card = next((one for one in stage.cards if one.invented.since < day - timedelta(days=10)), None)
    if card is None:
        return
    begun, held = moment(day, 10 * 60 + 5), list[HandOver]()
    stage.at(begun, NURSE, partial(_hand, stage, card, held))
    stage.at(begun + timedelta(minutes=3), NURSE, partial(_say, stage, card, held))
    stage.at(begun + timedelta(minutes=4), NURSE, partial(_return, stage, held))


def _hand(stage: Stage, card: Card, held: list[HandOver]) -> None:
    session = stage.sessions.get(NURSE)
    if session is not None:
        with stage.opened(NURSE, card) as actor:
            held.append(_handed(actor, card, session))


@action(Tablet.HAND)
def _handed(change: Change, card: Card, session: Session) -> HandOver:
    """Hand the tablet over as ``identity.actions.hand_over`` does; this session has no browser to lock."""
    tasks = list(tablets.TASKS)
    row = HandOver.objects.create(
        digest=tokens.new_token()[1], client_id=card.client.id, session=session, tasks=tasks,
        started_at=change.now, seen_at=change.now,
    )  # fmt: skip
    effort.note(change, session, Effort.Kind.HAND_OVER, spent=demo_effort.spent(5.2, 3, steps=2))
    change.record(Did.TABLET_HANDED, client_id=card.client.id, fields=tuple(tasks))
    return row


def _say(stage: Stage, card: Card, held: list[HandOver]) -> None:
    for row in held:
        actor = tablets.actor_of(row, stage.actor(NURSE).request)
        with keyring():
            open_client(actor, card.client.id, event=RecordDid.TABLET_OPENED)
            phones = {"what": "phones", "before": card.client.phones, "said": [_PHONE]}
            told.tell(actor, card.client, row, [Said(CONTACT, phones), Said("medication", _MEDICINE)])


def _return(stage: Stage, held: list[HandOver]) -> None:
    for row in held:
        _returned(at_the_door(stage.actor(NURSE), stage.people[NURSE]), row)


@action(Door.PASS)
def _returned(change: Change, row: HandOver) -> None:
    """Take it back; the session it stood for ends with the day, as every session of the demo's past."""
    effort.note(change, row.session, Effort.Kind.TAKE_BACK, "passkey", demo_effort.spent(2.4, 1))
    change.record(Did.TABLET_RETURNED, client_id=row.client_id, on=row)
