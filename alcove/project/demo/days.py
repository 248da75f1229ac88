"""The days of the demo: who signs in, what is looked at, changed and refused, so that the log has life in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Final

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.policy import Did as ClientDid
from alcove.compliance.queries import log as compliance
from alcove.project.demo import effort as demo_effort
from alcove.project.demo.luck import chance
from alcove.project.demo.people import STAFF, Staff
from alcove.project.demo.records import Held
from alcove.project.demo.stage import Card, Stage, moment
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Refused
from alcove.security.access.opening import open_directories, record_refusal
from alcove.security.access.policy import Did, Log, Open, Permission, RoleKey
from alcove.security.audit.events import Event
from alcove.security.identity import tokens
from alcove.security.identity.actions import at_the_door, effort, record_failure, sign_out
from alcove.security.identity.models import Effort, Person, Session
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.policy import Did as IdentityDid
from alcove.security.identity.policy import Door
from alcove.security.vault.keyring import keyring

LIVELY: Final = 25
"""Days before today whose every look is there; earlier days hold what was written and what that opened."""
_DESK, _LAST_HOURS = frozenset({RoleKey.FRONT_DESK}), 3.0


def make_cards(stage: Stage) -> None:
    """Have the front desk make every card on the day of first contact, and move those who moved."""
    for card in stage.cards:
        one = card.invented
        desk = _at_desk(one.place)
        day = stage.workday(desk, one.since)
        made_at = moment(day, stage.rng.uniform(8.6 * 60, 8.95 * 60))
        stage.at(made_at, desk.key, partial(_make, stage, desk.key, card))
        for alert in one.health.alerts:
            if not alert.text:
                stage.at(
                    made_at + timedelta(minutes=2),
                    desk.key,
                    partial(_warn_desk, stage, desk.key, card, alert.desk),
                )
        if one.moves_to:
            day = stage.workday(desk, day + timedelta(days=stage.rng.randint(30, 200)))
            stage.at(
                moment(day, stage.rng.uniform(600, 1000)), desk.key, partial(_move, stage, desk.key, card)
            )


def _at_desk(place: str) -> Staff:
    return next(one for one in STAFF if _DESK & set(one.roles) and one.place == place)


def _make(stage: Stage, key: str, card: Card) -> None:
    one = card.invented
    card.row = clients.create_client(
        stage.actor(key), directory=one.directory, details=one.details, people=one.people
    )


def _warn_desk(stage: Stage, key: str, card: Card, text: str) -> None:
    with stage.opened(key, card) as actor:
        clients.add_desk_alert(actor, card.client, desk_text=text)


def _move(stage: Stage, key: str, card: Card) -> None:
    with stage.opened(key, card, record=True) as actor:
        details = card.client.details | {"address": card.invented.moves_to}
        clients.change_client(actor, card.client, details=details)


# Looks ----------------------------------------------------------------------------------------------------------


def live(stage: Stage, visits: Sequence[Held]) -> None:
    """Plan the looks of the last weeks, the sign-ins of every day that saw a deed, and the attempts that failed."""
    first = stage.today - timedelta(days=LIVELY)
    for at in range(LIVELY):
        day = first + timedelta(days=at)
        coming = [held for held in visits if held.day == day]
        for staff in STAFF:
            if staff.works_on(day):
                _looks(stage, staff, day, coming)
    _attempts(stage, first)
    _last_hours(stage)


def _known(stage: Stage, day: date) -> list[Card]:
    return [card for card in stage.cards if card.invented.since < day - timedelta(days=4)]


def _looks(stage: Stage, staff: Staff, day: date, coming: Sequence[Held]) -> None:
    rng, cards = stage.rng, _known(stage, day)
    if not cards:
        return
    if _DESK & set(staff.roles):
        _desk_looks(
            stage, staff, day, [held for held in coming if held.card.invented.place == staff.place], cards
        )
    elif staff.is_clinician:
        for _ in range(rng.randint(0, 2)):
            _look(stage, staff.key, rng.choice(cards), _when(rng, day))
    elif RoleKey.MANAGER in staff.roles:
        stage.at(
            _when(rng, day), staff.key, partial(_list, stage, staff.key, _page(rng, cards), Did.LIST_SHOWN)
        )
        _look(stage, staff.key, rng.choice(cards), _when(rng, day))
    elif RoleKey.OFFICER in staff.roles:
        for _ in range(3):
            stage.at(
                _when(rng, day),
                staff.key,
                partial(_read_log, stage, staff.key, rng.choice((None, *cards[:40]))),
            )
    if RoleKey.OWNER in staff.roles and chance(rng, 60):
        card = rng.choice(cards)
        when = _when(rng, day)
        stage.at(when, staff.key, partial(_open, stage, staff.key, card, None))
        stage.at(
            when + timedelta(minutes=1),
            staff.key,
            partial(_open, stage, staff.key, card, ClientDid.LOG_VIEWED),
        )


def _desk_looks(stage: Stage, staff: Staff, day: date, coming: Sequence[Held], cards: Sequence[Card]) -> None:
    rng = stage.rng
    for _ in range(2):
        stage.at(
            _when(rng, day), staff.key, partial(_list, stage, staff.key, _page(rng, cards), Did.LIST_SHOWN)
        )
    for _ in range(rng.randint(2, 5)):
        found = rng.sample(cards, min(len(cards), rng.randint(1, 4)))
        when = _when(rng, day)
        stage.at(when, staff.key, partial(_list, stage, staff.key, found, ClientDid.SEARCHED))
        _look(stage, staff.key, found[0], when + timedelta(seconds=20))
    for held in coming:
        _look(stage, staff.key, held.card, held.at - timedelta(minutes=rng.randint(2, 12)))
    if chance(rng, 70):
        card, when = rng.choice(cards), _when(rng, day)
        _look(stage, staff.key, card, when)
        stage.at(when + timedelta(seconds=40), staff.key, partial(_reveal, stage, staff.key, card))


def _when(rng: Random, day: date) -> datetime:
    return moment(day, rng.uniform(9 * 60, 17.75 * 60))


def _page(rng: Random, cards: Sequence[Card]) -> list[Card]:
    """Return a page of the list by family name, as the list page shows it."""
    ordered = sorted(cards, key=lambda card: str(card.invented.directory["family"]).casefold())
    start = rng.choice((0, 0, 0, policy.LIST_PAGE, 2 * policy.LIST_PAGE))
    return ordered[start : start + policy.LIST_PAGE] or ordered[: policy.LIST_PAGE]


def _look(stage: Stage, key: str, card: Card, when: datetime) -> None:
    stage.at(when, key, partial(_open, stage, key, card, None))


def _open(stage: Stage, key: str, card: Card, event: Event | None) -> None:
    if card.row is not None:
        with stage.opened(key, card, record=True, event=event):
            """The look itself is the deed."""


def _list(stage: Stage, key: str, cards: Sequence[Card], event: Event) -> None:
    with keyring():
        open_directories(stage.actor(key), [card.row.id for card in cards if card.row is not None], event)


def _reveal(stage: Stage, key: str, card: Card) -> None:
    with stage.opened(key, card) as actor:
        clients.reveal(actor, card.client, what="phones")


def _read_log(stage: Stage, key: str, card: Card | None) -> None:
    client_id = card.row.id if card is not None and card.row is not None else None
    compliance.log(stage.actor(key), compliance.Filter(client=client_id), 1)


# Attempts -------------------------------------------------------------------------------------------------------


def _attempts(stage: Stage, first: date) -> None:
    rng = stage.rng
    refusals: tuple[tuple[str, Permission, str, bool], ...] = (
        ("maya.johnson", Open.RECORD, "records:notes", True),
        ("kofi.mensah", Open.RECORD, "records:chart", True),
        ("sam.whitaker", Open.DIRECTORY, "clients:list", False),
        ("maya.johnson", Open.RECORD, "records:notes", True),
        ("rosa.delgado", Open.RECORD, "records:chart", True),
        ("kofi.mensah", Log.VIEW, "compliance:log", False),
        ("priya.nair", Clients.DELETE, "clients:hide", True),
    )
    for at, (key, needed, where, one) in enumerate(refusals):
        staff = next(item for item in STAFF if item.key == key)
        day = stage.workday(staff, first + timedelta(days=2 + at * 3))
        cards = _known(stage, day)
        if day < stage.today and cards:
            stage.at(
                _when(rng, day),
                key,
                partial(_try, stage, key, needed, where, rng.choice(cards) if one else None),
            )
    for back in range(1, LIVELY, 2):
        day = stage.today - timedelta(days=back)
        stage.at(
            moment(day, rng.uniform(500, 530)),
            "",
            partial(_wrong_password, stage, "203.0.113.18", "password"),
        )
    # One night somebody outside guessed until the limit stopped them.
    night = moment(stage.today - timedelta(days=9), 2 * 60 + 11)
    for guess in range(policy.ATTEMPTS_IN_WINDOW + 2):
        what = "password" if guess < policy.ATTEMPTS_IN_WINDOW else "too many"
        stage.at(
            night + timedelta(seconds=7 * guess), "", partial(_wrong_password, stage, "198.51.100.77", what)
        )
    evening = stage.today - timedelta(days=6)
    for at, card in enumerate(rng.sample(_known(stage, evening), min(3, len(_known(stage, evening))))):
        _look(stage, "kofi.mensah", card, moment(evening, 21 * 60 + 40 + at * 2))


def _try(stage: Stage, key: str, needed: Permission, where: str, card: Card | None) -> None:
    """Have a person ask for what they may not, as a guard meets it: the refusal is real."""
    actor = stage.actor(key)
    try:
        actor.must(needed)
    except Refused as refusal:
        client_id = card.row.id if card is not None and card.row is not None else None
        record_refusal(actor, refusal.needed, client_id=client_id, where=where)


def _wrong_password(stage: Stage, address: str, what: str) -> None:
    record_failure(at_the_door(Actor.stranger(origin_id=stage.origin(address, "Mozilla/5.0"))), what)


def _last_hours(stage: Stage) -> None:
    """Whatever the hour, somebody was just at work: the dashboard of a demo is never empty."""
    rng, cards = stage.rng, _known(stage, stage.today)
    if not cards:
        return
    clinicians = [one.key for one in STAFF if one.is_clinician]
    for at in range(24):
        when = stage.until - timedelta(hours=_LAST_HOURS * (24 - at) / 24 + 0.02)
        key = ("maya.johnson", "kofi.mensah", rng.choice(clinicians))[at % 3]
        _look(stage, key, rng.choice(cards), when)
    stage.at(stage.until - timedelta(minutes=47), "maya.johnson", partial(_try, stage, "maya.johnson", Open.RECORD, "records:notes", rng.choice(cards)))  # fmt: skip  # noqa: E501


# Sign-ins -------------------------------------------------------------------------------------------------------


def sign_everyone_in(stage: Stage) -> None:
    """Plan a sign-in before each person's first deed of a day and a sign-out after the last."""
    for (key, _), (first, last) in list(stage.spans.items()):
        stage.at(first - timedelta(minutes=stage.rng.uniform(3, 9)), key, partial(_sign_in, stage, key))
        stage.at(last + timedelta(minutes=stage.rng.uniform(6, 14)), key, partial(_sign_out, stage, key))


@action(Door.PASS)
def begin_session(change: Change, person: Person, cost: tuple[str, Spent] | None = None) -> Session:
    """Begin a session of the demo's past; ``cost``: by which way, and what that took.

    Its token is forgotten at once, so nobody can ever come in by it.
    """
    digest = tokens.new_token()[1]
    session = Session.objects.create(
        person=person, digest=digest, method="demo", origin_id=change.actor.origin_id,
        started_at=change.now, seen_at=change.now, proved_at=change.now,
    )  # fmt: skip
    Person.objects.filter(pk=person.pk).update(seen_at=change.now)
    if cost is not None:
        effort.note(change, session, Effort.Kind.SIGN_IN, *cost)
    change.record(IdentityDid.SIGNED_IN, on=person, fields=("demo",))
    return session


def _sign_in(stage: Stage, key: str) -> None:
    person = stage.people[key]
    stage.sessions[key] = begin_session(
        at_the_door(stage.actor(key), person), person, demo_effort.of_sign_in(stage, key)
    )


def _sign_out(stage: Stage, key: str) -> None:
    session = stage.sessions.pop(key, None)
    if session is not None:
        sign_out(at_the_door(stage.actor(key), stage.people[key]), session)
