# ruff: noqa: E501 - a table of texts is read line by line
"""Alerts in the demo: some wait, one is asked about, one answered, one closed; a patient's case, and a signed review.

What they are about is in the log as anywhere, and the same rules find it; the worker goes on where the demo ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alcove.clinic.practice.queries import zones
from alcove.clinic.records.policy import Did as Record
from alcove.compliance.actions import alerts, keeping
from alcove.compliance.models import Alert
from alcove.compliance.policy import Round
from alcove.compliance.queries import days, watching
from alcove.compliance.queries.rules import RULES
from alcove.project.demo.stage import BY_KEY, ZONE, Card, Stage, moment
from alcove.security.access.actors import Actor
from alcove.security.access.opening import record_refusal
from alcove.security.access.policy import Open
from alcove.security.audit.events import Event
from alcove.security.identity.models import PatientAccount
from alcove.security.identity.policy import Own

OFFICER: Final = "ingrid.solheim"
NURSE, LASER, DOCTOR, FACIALS, BOOKS = (
    "lily.tran",
    "daniel.brandt",
    "tomas.iglesias",
    "priya.nair",
    "sam.whitaker",
)
_MANY: Final = 8
"""So many clients are printed, and so many opened without a reason."""
_ASKED: Final = {
    "exports": "You printed eight whole records on one afternoon. What were they for?",
    "no_reason": "You opened these records and I find no visit with you. What were you looking for?",
    "night": "These were opened in the middle of the night. Was that you, and why?",
}
_ANSWERED: Final = {
    "exports": "The line was to be cut the next morning for two hours. Dr Rahimi asked me to have the morning's charts on paper. All were shredded the same evening, Maya was there.",
    "no_reason": "I was comparing settings of the laser for the talk on Thursday. I should have asked for a list without names.",
}
_FOUND: Final = "The cut was announced, the eight were that morning's clients, and the shredding is in the book. Next time: the downtime pack."
_NOTE: Final = "Looked through every emergency access, export and refusal. One emergency access was justified. The failed sign-ins at night came from outside and were stopped by the limit."
_WATCHED: Final = "Reads the evening news on television. Half the town knows her."
_CASE: Final = "A neighbour of mine works at your front desk. Has she looked at my record?"


def plan(stage: Stage) -> None:
    """Plan what happened, what the rules found, and what became of it."""
    known = [card for card in stage.cards if card.invented.since < stage.today - timedelta(days=40)]
    if len(known) < _MANY:
        return
    printed_of, looked_at = stage.rng.sample(known, _MANY), stage.rng.sample(known, _MANY)
    famous_one = known[-1]
    stage.at(_officer(stage, 24, 15), OFFICER, partial(_sign, stage))
    printed = moment(stage.workday(BY_KEY[NURSE], stage.today - timedelta(days=22)), 17 * 60 + 10)
    _happens(stage, NURSE, "exports", printed_of, printed, event=Record.PRINTED)
    _follows(stage, "exports", NURSE, printed, 3, _answer, _close)
    looked = moment(stage.workday(BY_KEY[LASER], stage.today - timedelta(days=15)), 12 * 60 + 20)
    _happens(stage, LASER, "no_reason", looked_at, looked)
    _follows(stage, "no_reason", LASER, looked, 2, _answer)
    dark = moment(stage.today - timedelta(days=8), 23 * 60 + 12)
    _happens(stage, DOCTOR, "night", known[:4], dark)
    _follows(stage, "night", DOCTOR, dark, 1)
    refused = stage.until - timedelta(hours=26)
    for minute, card in enumerate(known[:3]):
        stage.at(refused + timedelta(minutes=minute), BOOKS, partial(_turn_away, stage, card))
    stage.at(refused + timedelta(hours=1), "", partial(_judge, stage, BOOKS, "refused", refused))
    famous = stage.until - timedelta(hours=5)
    stage.at(famous - timedelta(days=20), OFFICER, partial(_watch, stage, famous_one))
    _happens(stage, FACIALS, "watched", [famous_one], famous)


def _officer(stage: Stage, back: int, hour: int) -> datetime:
    """Return that hour of the officer's first day at or after so many days ago."""
    return moment(stage.workday(BY_KEY[OFFICER], stage.today - timedelta(days=back)), hour * 60 + 5)


def _happens(
    stage: Stage, key: str, rule: str, cards: list[Card], when: datetime, *, event: Event | None = None
) -> None:
    for minute, card in enumerate(cards):
        stage.at(when + timedelta(minutes=minute), key, partial(_open, stage, key, card, event))
    stage.at(when + timedelta(hours=1), "", partial(_judge, stage, key, rule, when))


def _follows(
    stage: Stage, rule: str, key: str, when: datetime, later: int, *steps: Callable[[Stage, str, str], None]
) -> None:
    """Have the officer ask so many days after it happened, and what follows, each step on a day after the last."""
    day = when.astimezone(ZONE).date() + timedelta(days=later)
    for step in (_ask, *steps):
        who = key if step is _answer else OFFICER
        day = stage.workday(BY_KEY[who], day)
        stage.at(moment(day, 11 * 60 + 40), who, partial(step, stage, rule, key))
        day += timedelta(days=1)


def _open(stage: Stage, key: str, card: Card, event: Event | None) -> None:
    if card.row is not None:
        with stage.opened(key, card, record=True, event=event):
            """The look itself is the deed."""


def _turn_away(stage: Stage, card: Card) -> None:
    if card.row is not None:
        record_refusal(stage.actor(BOOKS), Open.RECORD.key, client_id=card.row.id, where="records:notes")


def _judge(stage: Stage, key: str, rule: str, when: datetime) -> None:
    """Have one rule look at one day, as the worker does with the whole log."""
    alerts.begin()
    with zones.lived_by():
        _raise(stage, key, rule, when)


def _raise(stage: Stage, key: str, rule: str, when: datetime) -> None:
    day = days.of(stage.people[key].id, days.day_of(days.micros(when)))
    found = [watching.Found(RULES[rule], day.person_id, day.on, one) for one in RULES[rule].judge(day)]
    if found:
        new = watching.stretch(watching.AT_ONCE, timedelta()) or watching.Stretch(0, 0, ())
        alerts.raise_alerts(Actor.job("watching", Round.WATCH), watching.AT_ONCE, new, found)


def _alert(rule: str, stage: Stage, key: str) -> Alert | None:
    return Alert.objects.filter(rule=rule, person_id=stage.people[key].id).first()


def _ask(stage: Stage, rule: str, key: str) -> None:
    if alert := _alert(rule, stage, key):
        alerts.ask(stage.actor(OFFICER), alert.id, question=_ASKED[rule])


def _answer(stage: Stage, rule: str, key: str) -> None:
    if alert := _alert(rule, stage, key):
        alerts.answer(stage.actor(key), alert.id, text=_ANSWERED[rule])


def _close(stage: Stage, rule: str, key: str) -> None:
    if alert := _alert(rule, stage, key):
        alerts.close(stage.actor(OFFICER), alert.id, outcome=Alert.Outcome.EXPLAINED, finding=_FOUND)


def _sign(stage: Stage) -> None:
    keeping.sign_review(stage.actor(OFFICER), note=_NOTE)


def _watch(stage: Stage, card: Card) -> None:
    if card.row is not None:
        keeping.watch(stage.actor(OFFICER), card.row.id, reason=_WATCHED)


def ask_as_patient(stage: Stage) -> None:
    """Have the one client with a confirmed account ask about their record."""
    account = PatientAccount.objects.select_related("person").exclude(person__password="").first()
    if account is not None and stage.cards:
        rights = frozenset({Own.EDIT.key, Own.VIEW.key})
        patient = Actor("patient", id=account.person_id, client_id=account.client_id, rights=rights)
        alerts.begin()
        alerts.open_case(patient, account.client_id, told=_CASE)


def settle() -> None:
    """Have the worker begin where the demo's log ends: its years of history were lived through already."""
    alerts.begin()
    for name in watching.MARKS:
        while new := watching.stretch(name, timedelta()):
            alerts.pass_over(name, new)
