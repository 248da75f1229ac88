"""A client whose card and chart were corrected again and again, once by mistake: what earlier versions are for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Client, LinkedPerson
from alcove.clinic.records import actions as records
from alcove.clinic.records import queries
from alcove.clinic.records.models import Item
from alcove.clinic.records.models.content import Allergy, Condition, Medication
from alcove.project.demo.stage import BY_KEY, Card, Stage, moment

NURSE, DERMATOLOGIST = "lily.tran", "tomas.iglesias"
CLIENT: Final = {
    "given": "June", "family": "Halloran", "born": "1979-06-17", "phones": ["+14155550163"],
    "emails": ["june.halloran@example.org"], "preferred": "Junie",
}  # fmt: skip
_GP: Final = {"role": "gp", "name": "Dr Ruth Castellanos", "phone": "+14155550171"}
_MEDICATION: Final = Medication(
    name="Doxycycline", dose="50 mg once a day", reason="rosacea", status="active"
)
_WHY: Final = "She goes by this name after all; it was changed on the wrong card."


def plan(stage: Stage) -> None:
    """Plan her record, in place of one of the clients."""
    if not stage.cards:
        return
    card = stage.cards.pop()
    card.invented = replace(card.invented, directory=CLIENT, details={"contact_by": "phone"})
    steps = (
        (52, NURSE, 10 * 60, partial(_begin, stage, card)),
        (31, DERMATOLOGIST, 11 * 60 + 20, partial(_change, stage, card)),
        (12, NURSE, 15 * 60 + 5, partial(_remove, stage, card)),
        (4, NURSE, 9 * 60 + 40, partial(_put_back, stage, card)),
    )
    for days_ago, who, minutes, deed in steps:
        day = stage.workday(BY_KEY[who], stage.today - timedelta(days=days_ago))
        stage.at(moment(day, minutes), who, deed)


def _begin(stage: Stage, card: Card) -> None:
    one, nurse = card.invented, stage.actor(NURSE)
    card.row = clients.create_client(nurse, directory=one.directory, details=one.details, people=[_GP])
    with stage.opened(NURSE, card, record=True) as actor:
        records.add_item(actor, card.client, kind="medication", entry=_MEDICATION)
        records.add_item(
            actor, card.client, kind="allergy", entry=Allergy(name="Latex", reaction="itching wheals")
        )
        rosacea = Condition(name="Rosacea", status="active", note="Cheeks, since her thirties.")
        records.add_item(actor, card.client, kind="condition", entry=rosacea)


def _change(stage: Stage, card: Card) -> None:
    """The dose goes up, the phone number is new, and a name meant for another card lands here."""
    with stage.opened(DERMATOLOGIST, card, record=True) as actor:
        item = Item.objects.get(client=card.client, kind="medication")
        records.change_item(actor, item, entry=replace(_MEDICATION, dose="100 mg once a day"))
        client = Client.objects.get(pk=card.client.pk)
        after = {**client.directory, "phones": ["+14155550188"], "preferred": "Jo"}
        clients.change_client(actor, client, directory=after)


def _remove(stage: Stage, card: Card) -> None:
    """The allergy is struck in the wrong record, and her GP has retired."""
    with stage.opened(NURSE, card, record=True) as actor:
        records.strike_item(actor, Item.objects.get(client=card.client, kind="allergy"))
        clients.remove_person(actor, LinkedPerson.objects.get(client=card.client))


def _put_back(stage: Stage, card: Card) -> None:
    """The nurse puts her name back as it was before; the allergy nobody has noticed yet."""
    with stage.opened(NURSE, card, record=True) as actor:
        client = Client.objects.get(pk=card.client.pk)
        was, _ = queries.past.one_row(actor, client, "card", client.id, _before(stage))
        records.put_back(actor, client, was, path="directory.preferred", seen=was.version, reason=_WHY)


def _before(stage: Stage) -> datetime:
    return moment(stage.today - timedelta(days=40), 12 * 60)
