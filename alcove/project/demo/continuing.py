"""Continuity in the demo: the order, whom to ring, who may enter both places, and a line nobody tried lately."""

# ruff: noqa: E501 - a table of texts is read line by line

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from django.utils import timezone

from alcove.clinic.practice.models import Location
from alcove.compliance.continuity import actions
from alcove.compliance.continuity.models import Contact, Entrant, Trial
from alcove.project.demo.people import OAKLAND, SAN_FRANCISCO
from alcove.project.demo.stage import BY_KEY, Stage, moment
from alcove.security.audit import clock

OFFICER: Final = "ingrid.solheim"
_K, _H, _T = Contact.Kind, Entrant.How, Trial.Kind
_CONTACTS: Final = (
    (_K.IT, "Bayside IT", "Server, network, Wi-Fi, devices; answers at night", "+1 415 555 0142", "help@bayside-it.example", "Jo Park, +1 415 555 0143"),
    (_K.LINE, "Northbay Fiber", "Line at both places, fault number with the contract number NB-20418", "+1 800 555 0117", "", ""),
    (_K.LINE, "Coastline Mobile", "The LTE line of both routers", "+1 800 555 0164", "", ""),
    (_K.BUILDING, "Market Street Properties", "Power, water and doors in San Francisco", "+1 415 555 0188", "desk@marketstreet.example", "Porter’s desk, +1 415 555 0189"),
    (_K.SUPPLIER, "Lumina Lasers", "Lasers that stop, or show a fault after a power cut", "+1 510 555 0126", "care@lumina.example", ""),
    (_K.OFFICER, "Ingrid Solheim", "Anything that may have shown a client’s data to somebody", "+1 510 555 0131", "ingrid.solheim@juniperskin.example", "Rosa Delgado, +1 415 555 0132"),
    (_K.INSURER, "Harbor Mutual", "Cyber policy: ring before anything is paid or wiped", "+1 800 555 0175", "", ""),
    (_K.COUNSEL, "Ortega & Lind", "Before anybody outside is told of a breach", "+1 415 555 0199", "", ""),
)  # fmt: skip
_STAFF: Final = (
    (SAN_FRANCISCO, "nadia.rahimi", _H.BOTH), (SAN_FRANCISCO, "rosa.delgado", _H.BOTH), (SAN_FRANCISCO, "maya.johnson", _H.CODE),
    (OAKLAND, "grace.okonkwo", _H.BOTH), (OAKLAND, "kofi.mensah", _H.BOTH), (OAKLAND, "ingrid.solheim", _H.CARD),
)  # fmt: skip
_FIRMS: Final = (
    (SAN_FRANCISCO, "Bayside IT", _H.LET_IN, None), (SAN_FRANCISCO, "Clearwater Cleaning", _H.KEY, 120),
    (OAKLAND, "Bright Side Cleaning", _H.KEY, -12),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tried:
    """A test so many days ago; ``learnt`` as the officer wrote it down."""

    ago: int
    kind: str
    place: str
    by: str
    learnt: str
    what: str = ""
    is_passed: bool = True


_TRIALS: Final = (
    _Tried(304, _T.FAILOVER, SAN_FRANCISCO, "Bayside IT", "Line back after 40 seconds, card terminals needed a restart."),
    _Tried(304, _T.FAILOVER, OAKLAND, "Bayside IT", "Line back after 35 seconds."),
    _Tried(221, _T.FAILOVER, SAN_FRANCISCO, "Rosa Delgado", "The LTE card had run out of data. Coastline Mobile changes the plan this week.", is_passed=False),
    _Tried(213, _T.FAILOVER, SAN_FRANCISCO, "Rosa Delgado", "With the new plan the line came up after 50 seconds."),
    _Tried(199, _T.FAILOVER, OAKLAND, "Kofi Mensah", "Phones came back by themselves, the label printer did not."),
    _Tried(96, _T.DOWNTIME, "", "Everybody on shift", "Two hours on paper with the downtime pack. The passphrase lay in the wrong drawer; it is in the safe now."),
    _Tried(61, _T.OTHER, OAKLAND, "Daniel Brandt", "The battery held for four minutes instead of ten. New battery ordered.", "Battery of the laser room", is_passed=False),
    _Tried(47, _T.OTHER, OAKLAND, "Daniel Brandt", "Eleven minutes with the new battery.", "Battery of the laser room"),
    _Tried(26, _T.FAILOVER, SAN_FRANCISCO, "Bayside IT", "Line back after 30 seconds, nobody at reception noticed."),
)  # fmt: skip


def plan(stage: Stage) -> None:
    """Plan the lists of the first weeks, each test on its day, and the page that was hung up."""
    first = stage.workday(BY_KEY[OFFICER], stage.today - timedelta(days=308))
    stage.at(moment(first, 10 * 60), OFFICER, partial(_list, stage))
    for number, one in enumerate(_TRIALS):
        day = stage.workday(BY_KEY[OFFICER], stage.today - timedelta(days=one.ago))
        stage.at(moment(day, 16 * 60 + 10 + number), OFFICER, partial(_enter, stage, one))
    printed = stage.workday(BY_KEY[OFFICER], stage.today - timedelta(days=40))
    stage.at(moment(printed, 11 * 60), OFFICER, partial(_print, stage))


def _list(stage: Stage) -> None:
    actor = stage.actor(OFFICER)
    actions.take_proposed(actor)
    for kind, name, purpose, phone, email, deputy in _CONTACTS:
        actions.add_contact(
            actor, kind=kind, name=name, purpose=purpose, phone=phone, email=email, deputy=deputy
        )
    places = {one.name: one for one in Location.objects.all()}
    for place, key, how in _STAFF:
        person = stage.people[key]
        actions.add_entrant(actor, location=places[place], person=person, firm="", how=how, until_on=None)
    for place, firm, how, days in _FIRMS:
        until = None if days is None else stage.today + timedelta(days=days)
        actions.add_entrant(actor, location=places[place], person=None, firm=firm, how=how, until_on=until)


def _enter(stage: Stage, one: _Tried) -> None:
    place = Location.objects.filter(name=one.place).first() if one.place else None
    actions.add_trial(
        stage.actor(OFFICER), kind=one.kind, location=place, what=one.what, on=timezone.localdate(clock.now()),
        by=one.by, is_passed=one.is_passed, learnt=one.learnt, next_on=None,
    )  # fmt: skip


def _print(stage: Stage) -> None:
    actions.note_print(stage.actor(OFFICER))
