"""Alerts: raised by the worker or by a patient's question, asked about, answered, closed by somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F

from alcove.clinic.clients.actions.glass import worded
from alcove.compliance.models import Alert, Mark
from alcove.compliance.policy import Alerts, Did, Round
from alcove.compliance.queries import rules, watching
from alcove.compliance.queries.watching import Found, Stretch
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.need import NOBODY
from alcove.security.access.writes import write_turn, writing
from alcove.security.identity.actions.notices import tell
from alcove.security.identity.models import Person
from alcove.security.identity.policy import Own
from alcove.security.identity.queries import explain
from alcove.security.vault.ids import uuid7

NOTICE = "record_alert"
SIGN_IN_NOTICE = "sign_in_alert"
NUMBERS = "numbers"
"""The mark that counts alerts."""
_OWN = "Nobody decides on an alert about themselves. Ask another owner or officer."


def begin() -> None:
    """Begin to compare at the end of the log as it is: what lies before was nobody's to answer for."""
    names = {*watching.MARKS, NUMBERS} - set(Mark.objects.values_list("name", flat=True))
    if names:
        with write_turn(), writing("beginning of watching"):
            rows = [Mark(name=name, block=watching.newest()) for name in sorted(names)]
            Mark.objects.bulk_create(rows, ignore_conflicts=True)


def pass_over(name: str, new: Stretch) -> None:
    """Move a mark on over entries in which nothing was found; whoever was quicker has moved it already."""
    with write_turn(), writing("mark of watching"):
        Mark.objects.filter(pk=name, block=new.first).update(block=new.last)


@action(Round.WATCH)
def raise_alerts(change: Change, name: str, new: Stretch, found: Sequence[Found]) -> list[Alert]:
    """Raise what was found and move the mark on, together; raise ``Conflict`` if another worker did."""
    # One statement decides between two workers: only the one who read the mark as it stands moves it.
    if not Mark.objects.filter(pk=name, block=new.first).update(block=new.last):
        raise Conflict("another worker compared this already")
    held = set(Alert.objects.filter(mark__in=[one.mark for one in found]).values_list("mark", flat=True))
    raised = []
    for one in found:
        if one.mark in held:
            continue
        evidence = [entry.id.hex for entry in one.finding.evidence[: rules.MOST_EVIDENCE]]
        raised.append(_raise(
            change, rule=one.rule.key, person_id=one.person_id, client_id=one.finding.client_id, mark=one.mark,
            at=one.finding.at, count=one.finding.count, evidence=evidence,
        ))  # fmt: skip
        _tell_holder(change, one)
    if not raised:
        raise Conflict("another worker raised this already")
    _tell_officers(change, raised)
    return raised


def _raise(change: Change, **facts: Any) -> Alert:
    Mark.objects.filter(pk=NUMBERS).update(number=F("number") + 1)
    number = Mark.objects.values_list("number", flat=True).get(pk=NUMBERS)
    alert = Alert(number=number, raised_at=change.now, **facts)
    alert.save(force_insert=True)
    # No client on the entry: a client's own log is no place to learn that somebody is suspected.
    change.record(Did.RAISED, on=alert, fields=(alert.rule,))
    return alert


def _tell_holder(change: Change, found: Found) -> None:
    if found.rule.tells and (person := Person.objects.filter(pk=found.person_id).first()):
        text = (
            f"{found.rule.tells}\n\nIf that was you, there is nothing to do. If it was not, change your password now, "
            f"end the sessions you do not know, and tell an owner.\n\n{settings.ALCOVE.public_address}/account/"
        )
        tell(change, person, SIGN_IN_NOTICE, "About your sign-in", text)


def _tell_officers(change: Change, raised: Sequence[Alert]) -> None:
    """Tell whoever decides, but nobody of an alert about themselves; no client and no person is named."""
    address = f"{settings.ALCOVE.public_address}/compliance/alerts/"
    for person, _ in explain.who_can_see(Alerts.DECIDE):
        count = sum(one.person_id != person.id for one in raised)
        if count:
            words = "An alert waits" if count == 1 else f"{count} alerts wait"
            tell(change, person, NOTICE, f"{words} for you", f"{words} in the queue.\n\n{address}")


@action(Own.EDIT)
def open_case(change: Change, client_id: UUID, *, told: str) -> Alert:
    """Take a patient's question about who opened their record; return the case with its number.

    Raises ``ReasonTooShort``, ``Refused`` for anybody but that patient.
    """
    told = worded(told)
    if change.actor.client_id != client_id or change.actor.id is None:
        raise Refused(Own.EDIT.key)
    alert = _raise(
        change, rule=rules.QUESTION, client_id=client_id, mark=f"{rules.QUESTION}:{client_id.hex}:{uuid7().hex}",
        at=change.now, told=told,
    )  # fmt: skip
    change.record(Did.CASE_OPENED, client_id=client_id, on=alert)
    _tell_officers(change, [alert])
    return alert


def _held(change: Change, alert_id: UUID) -> Alert:
    """Return the alert as it is now, locked, for somebody who decides on it; raise ``NotFound`` or ``Refused``."""
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise NotFound("there is no such alert")
    if alert.person_id is not None and alert.person_id == change.actor.id:
        raise Refused(Alerts.DECIDE.key, _OWN)
    if alert.state == Alert.State.CLOSED:
        raise Conflict("Somebody closed this alert meanwhile. Their result stands.")
    return alert


def _save(alert: Alert, **values: Any) -> None:
    for name, value in values.items():
        setattr(alert, name, value)
    alert.version += 1
    alert.save(update_fields=[*values, "version"])


@action(Alerts.DECIDE)
def ask(change: Change, alert_id: UUID, *, question: str) -> None:
    """Ask the person concerned, who is told and answers on a page of their own.

    Raises ``ReasonTooShort``, ``Conflict`` if they were asked already or nobody is concerned.
    """
    question = worded(question)
    alert = _held(change, alert_id)
    person = Person.objects.filter(pk=alert.person_id or NOBODY).first()
    if person is None or alert.state != Alert.State.OPEN:
        raise Conflict("Somebody was asked already, or there is nobody to ask.")
    _save(alert, state=Alert.State.ASKED, question=question, asked_at=change.now, asked_by_id=change.actor.id)
    change.record(Did.ASKED, on=alert)
    address = f"{settings.ALCOVE.public_address}/account/questions/"
    text = f"You are asked about how you opened records. Please answer on this page.\n\n{address}"
    tell(change, person, NOTICE, "A question for you", text)


@action(Alerts.ANSWER)
def answer(change: Change, alert_id: UUID, *, text: str) -> None:
    """Answer what one was asked; raise ``ReasonTooShort``, ``NotFound`` for others' alerts, ``Conflict`` twice."""
    text = worded(text)
    alert = Alert.objects.select_for_update().filter(pk=alert_id, person_id=change.actor.id or NOBODY).first()
    if alert is None or alert.asked_at is None:
        raise NotFound("there is no such question")
    if alert.state != Alert.State.ASKED:
        raise Conflict("This was answered already, or the alert was closed meanwhile.")
    _save(alert, state=Alert.State.ANSWERED, answer=text, answered_at=change.now)
    change.record(Did.ANSWERED, on=alert)
    if alert.asked_by_id and (asker := Person.objects.filter(pk=alert.asked_by_id).first()):
        address = f"{settings.ALCOVE.public_address}/compliance/alerts/{alert.id}/"
        tell(
            change,
            asker,
            NOTICE,
            f"Alert {alert.number} was answered",
            f"The answer is on this page.\n\n{address}",
        )


@action(Alerts.DECIDE)
def close(change: Change, alert_id: UUID, *, outcome: str, finding: str) -> None:
    """Close an alert with a result and the reason for it, which it keeps.

    Raises ``ReasonTooShort``, ``Refused`` for one's own, ``Conflict`` if it was closed already.
    """
    finding = worded(finding)
    alert = _held(change, alert_id)
    if outcome not in Alert.Outcome.values:
        raise ValueError("an alert is closed with one of the results")
    _save(
        alert, state=Alert.State.CLOSED, outcome=outcome, finding=finding, closed_at=change.now,
        closed_by_id=change.actor.id,
    )  # fmt: skip
    change.record(Did.CLOSED, on=alert, fields=(outcome,), reason=finding)
