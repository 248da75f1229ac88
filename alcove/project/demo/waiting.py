"""The demo's waitlist: some who wait for a time, and one to whom a time that became free is offered."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

from alcove.clinic.calendar.actions import telling, waitlist
from alcove.clinic.calendar.models import WaitlistEntry, WaitlistOffer
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.practice.models import Location, Service, StaffProfile
from alcove.project.demo.booking import Life
from alcove.project.demo.cast import WAITS_FOR
from alcove.project.demo.menu import CONSULTATION
from alcove.project.demo.people import OAKLAND, SAN_FRANCISCO
from alcove.project.demo.stage import Card, Stage, moment
from alcove.security.access import opening
from alcove.security.access.change import Change, action

_DESKS: Final = {SAN_FRANCISCO: "maya.johnson", OAKLAND: "kofi.mensah"}
_WEEKDAYS, _SATURDAYS, _ALL = 0b0011111, 0b0100000, 0b1111111


class Wait(NamedTuple):
    """What somebody waits for, and how many days ago they joined. ``by``: with whom, "" for whoever does it."""

    place: str
    service: str
    by: str
    joined: int
    days: int = _ALL
    hours: tuple[int, int] = (0, 24 * 60)
    came_from: str = "staff"


_WAITS: Final = (
    Wait(SAN_FRANCISCO, CONSULTATION, WAITS_FOR, 16),
    Wait(SAN_FRANCISCO, "Botulinum toxin, one area", "lily.tran", 12, _WEEKDAYS, (16 * 60, 18 * 60)),
    Wait(SAN_FRANCISCO, "Signature facial", "", 9, _SATURDAYS),
    Wait(OAKLAND, "Laser hair removal, legs", "", 8, _ALL, (9 * 60, 13 * 60)),
    Wait(SAN_FRANCISCO, "Lip filler, 0.5 ml", "", 5),
    Wait(OAKLAND, "Skin booster", "grace.okonkwo", 4, _WEEKDAYS),
    Wait(SAN_FRANCISCO, CONSULTATION, "", 1, came_from="walk_in"),
)


def plan(stage: Stage) -> None:
    """Plan how they joined, one after the other, each at their own desk."""
    since = stage.today - timedelta(days=25)
    known = [
        card
        for card in stage.cards
        if card.invented.since < since
        and card.invented.directory.get("emails")
        and not card.invented.details.get("deceased_on")
    ]
    for at, (card, wait) in enumerate(zip(known[3::4], _WAITS, strict=False)):
        when = moment(stage.today - timedelta(days=wait.joined), 14 * 60 + 7 * at)
        stage.at(when, _DESKS[wait.place], partial(_join, stage, card, wait))


def _join(stage: Stage, card: Card, wait: Wait) -> None:
    with stage.opened(_DESKS[wait.place], card) as actor:
        waitlist.join(
            actor, card.client.id, location=Location.objects.get(name=wait.place),
            service=Service.objects.get(name=wait.service), from_on=stage.today - timedelta(days=wait.joined),
            profile=StaffProfile.objects.get(person=stage.people[wait.by]) if wait.by else None, days=wait.days,
            hours=wait.hours, came_from=wait.came_from,
        )  # fmt: skip


@action(Calendar.CREATE)
def offer(change: Change, life: Life) -> None:
    """Offer the time that is held for whoever waits longest. It is held longer than a real one, to be looked at."""
    entry = WaitlistEntry.objects.filter(profile__person=life.stage.people[WAITS_FOR]).first()
    held = life.offered.row if life.offered is not None else None
    if entry is None or held is None:
        change.record(Did.FREED, fields=("nobody waits",))
        return
    opening.open_client(change.actor, entry.client_id, record=False)
    made = change.create(
        WaitlistOffer, Did.OFFERED, client_id=entry.client_id, entry=entry, booking=held, ends_at=held.held_until
    )  # fmt: skip
    change.update(entry, Did.OFFERED, state=WaitlistEntry.State.OFFERED)
    telling.offered(change, made)
