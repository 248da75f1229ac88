"""The officer's queue, one alert with its evidence, and what somebody is asked about themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format

from alcove.clinic.clients.queries import finding
from alcove.clinic.clients.queries.access_log import reason
from alcove.compliance.models import Alert, Shield, Watched
from alcove.compliance.policy import Alerts, Did
from alcove.compliance.queries import reviewing
from alcove.compliance.queries.rules import LIMIT, QUESTION, RULES
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.need import NOBODY
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Log, Open
from alcove.security.audit import clock
from alcove.security.audit.models import Entry, Origin
from alcove.security.identity.models import Person
from alcove.security.identity.queries import explain

MOST: Final = 200
LATE: Final = timedelta(days=7)
"""An alert that waits longer is marked."""
SHOWN: Final = {"": "Waiting", "closed": "Closed", "all": "All"}


@dataclass(frozen=True, slots=True)
class Row:
    """One alert as people read it. ``sentence`` is made now, from facts; nothing of it is stored."""

    alert: Alert
    title: str
    sentence: str
    who: str
    is_own: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the evidence."""

    entry: Entry
    client: str
    why: str
    address: str


@dataclass(frozen=True, slots=True)
class Page:
    """One alert with everything around it. ``is_held``: whether the person stands at the day's limit now."""

    row: Row
    evidence: list[Line]
    more: int
    asked_by: str
    closed_by: str
    is_question: bool
    is_held: bool


def code(client_id: UUID) -> str:
    """Return what stands for a client before somebody who may not see their name: the end of the random id."""
    return f"client …{str(client_id)[-12:]}"


def _clients(actor: Actor, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return what this actor may call these clients: a name only for whoever sees clients, with an entry."""
    wanted = sorted({one for one in ids if one})
    called = {one: code(one) for one in wanted}
    if wanted and actor.holds(Open.DIRECTORY):
        called |= {one.id: one.name for one in finding.opened(actor, wanted)}
    return called


def _rows(actor: Actor, alerts: Sequence[Alert], *, with_names: bool) -> list[Row]:
    people = explain.names(one.person_id for one in alerts)
    ids = [one.client_id for one in alerts]
    clients = _clients(actor, ids) if with_names else {one: code(one) for one in ids if one}
    return [_row(actor, one, people, clients) for one in alerts]


def _row(actor: Actor, alert: Alert, people: dict[UUID, str], clients: dict[UUID, str]) -> Row:
    who = people.get(alert.person_id, "A former account") if alert.person_id else ""
    rule = RULES.get(alert.rule)
    client = clients.get(alert.client_id, "") if alert.client_id else ""
    facts = {
        "who": who,
        "client": client,
        "count": alert.count,
        "day": date_format(timezone.localtime(alert.at), "l j F"),
    }
    sentence = (rule.why if rule else "{who}").format(**facts)
    is_open = alert.state != Alert.State.CLOSED
    return Row(
        alert,
        rule.title if rule else alert.rule,
        sentence[:1].upper() + sentence[1:],
        who,
        is_own=alert.person_id is not None and alert.person_id == actor.id,
        is_late=is_open and clock.now() - alert.raised_at > LATE,
    )


def queue(actor: Actor, show: str = "") -> list[Row]:
    """Return the alerts: those that wait, oldest answer first, or the closed ones, newest first."""
    actor.must(Alerts.VIEW)
    found = Alert.objects.order_by("-raised_at", "-number")
    if show == "closed":
        found = found.filter(state=Alert.State.CLOSED).order_by("-closed_at")
    elif show != "all":
        found = found.exclude(state=Alert.State.CLOSED)
    return _rows(actor, list(found[:MOST]), with_names=False)


def page(actor: Actor, alert_id: UUID) -> Page:
    """Return one alert with its evidence; looking is on the log. Raises ``NotFound``."""
    actor.must(Alerts.VIEW)
    alert = Alert.objects.filter(pk=alert_id).first()
    if alert is None:
        raise NotFound("there is no such alert")
    record_now(entry(actor, Did.VIEWED, object=f"{alert._meta.label_lower} {alert.pk.hex}"))
    return _page(actor, alert)


def _page(actor: Actor, alert: Alert) -> Page:
    rows = list(
        Entry.objects.filter(pk__in=[UUID(one) for one in alert.evidence]).order_by("at_us", "counter")
    )
    clients = _clients(actor, [alert.client_id, *(one.client_id for one in rows)])
    asked = {one.origin_id for one in rows if one.origin_id} if actor.holds(Log.ADDRESSES) else set()
    origins = Origin.objects.in_bulk(asked)
    people = explain.names([alert.person_id, alert.asked_by_id, alert.closed_by_id])
    shown = [
        Line(
            one,
            clients.get(one.client_id, "") if one.client_id else "",
            reason(one),
            origins[one.origin_id].address if one.origin_id in origins else "",
        )
        for one in rows
    ]
    is_held = alert.rule == LIMIT and alert.person_id is not None and reviewing.held_today(alert.person_id)
    return Page(
        _row(actor, alert, people, clients),
        shown,
        max(0, alert.count - len(rows)) if alert.rule != "two_places" else 0,
        people.get(alert.asked_by_id, "") if alert.asked_by_id else "",
        people.get(alert.closed_by_id, "") if alert.closed_by_id else "",
        is_question=alert.rule == QUESTION,
        is_held=is_held,
    )


def concerned(actor: Actor, alert_id: UUID) -> UUID:
    """Return whom an alert is about; raise ``NotFound`` where there is nobody."""
    actor.must(Alerts.VIEW)
    found = Alert.objects.filter(pk=alert_id).values_list("person_id", flat=True).first()
    if found is None:
        raise NotFound("there is no such alert")
    return found


# What one is asked --------------------------------------------------------------------------------------------------


def own(actor: Actor) -> list[Row]:
    """Return what this person was asked, unanswered first; never an alert nobody asked them about."""
    actor.must(Alerts.OWN_VIEW)
    found = Alert.objects.filter(person_id=actor.id or NOBODY, asked_at__isnull=False)
    rows = sorted(found.order_by("-asked_at")[:50], key=lambda one: one.state != Alert.State.ASKED)
    return _rows(actor, rows, with_names=False)


def own_page(actor: Actor, alert_id: UUID) -> Page:
    """Return one question to this person with what it is about; raise ``NotFound`` for anything else."""
    actor.must(Alerts.OWN_VIEW)
    alert = Alert.objects.filter(pk=alert_id, person_id=actor.id or NOBODY, asked_at__isnull=False).first()
    if alert is None:
        raise NotFound("there is no such question")
    record_now(entry(actor, Did.VIEWED, object=f"{alert._meta.label_lower} {alert.pk.hex}"))
    return _page(actor, alert)


@dataclass(frozen=True, slots=True)
class Counts:
    """What asks for work: alerts that wait for this officer, and questions to this person."""

    queue: int
    own: int


def waiting() -> list[tuple[UUID | None, str]]:
    """Return of every alert that is not closed whom it is about and its state: few, for the count on every page."""
    return list(Alert.objects.exclude(state=Alert.State.CLOSED).values_list("person_id", "state")[:MOST])


def counts(actor: Actor, rows: Sequence[tuple[UUID | None, str]]) -> Counts:
    """Return what of these asks this person for work."""
    asked = sum(person == actor.id and state == Alert.State.ASKED for person, state in rows)
    decides = actor.holds(Alerts.DECIDE)
    queue = sum(person != actor.id and state != Alert.State.ASKED for person, state in rows) if decides else 0
    return Counts(queue, asked)


# What is kept beside ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A client watched closely, or somebody whose name patients are not shown: who, why, since when, by whom."""

    id: UUID
    called: str
    reason: str
    since: object
    by: str


def watched(actor: Actor) -> list[Kept]:
    """Return the clients who are watched closely."""
    actor.must(Alerts.VIEW)
    rows = list(Watched.objects.order_by("-since")[:MOST])
    clients, people = (
        _clients(actor, [one.client_id for one in rows]),
        explain.names(one.by_id for one in rows),
    )
    return [
        Kept(
            one.client_id,
            clients[one.client_id],
            one.reason,
            one.since,
            people.get(one.by_id, "") if one.by_id else "",
        )
        for one in rows
    ]


def shields(actor: Actor) -> list[Kept]:
    """Return of whom patients are shown the role only."""
    actor.must(Alerts.VIEW)
    rows = list(Shield.objects.order_by("-since")[:MOST])
    people = explain.names([one for row in rows for one in (row.person_id, row.by_id)])
    return [
        Kept(
            one.person_id,
            people.get(one.person_id, "A former account"),
            one.reason,
            one.since,
            people.get(one.by_id, "") if one.by_id else "",
        )
        for one in rows
    ]


def staff() -> list[tuple[str, str]]:
    """Return everybody who works here, for a choice: id and name."""
    rows = Person.objects.filter(kind=Person.Kind.STAFF, suspended_at__isnull=True)
    return [(str(one), name) for one, name in rows.values_list("id", "name")]
