"""The rules of alerts: what each looks for in one person's day, and the one sentence that says why.

A rule is quiet on purpose: an alert nobody has time for protects nobody. Which figures count stands in
``policy_defaults``; ``alcove prove 23`` plays a month of ordinary work against these rules, and each one's pattern.
"""

# ruff: noqa: E501 - a table of sentences is read line by line

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from alcove.clinic.clients.policy import Did as Card
from alcove.compliance.models import Watched
from alcove.compliance.queries import days, ties
from alcove.compliance.queries.days import Day
from alcove.security import policy_defaults as policy
from alcove.security.access.policy import Did as Kernel
from alcove.security.audit.events import Result
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Device, Session
from alcove.security.identity.policy import Did as Identity

MOST_EVIDENCE: Final = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found. ``evidence``: the entries that say so, in order; ``span``: within which it is one thing."""

    evidence: tuple[Entry, ...]
    count: int
    client_id: UUID | None = None
    span: str = ""

    @property
    def at(self) -> datetime:
        return self.evidence[0].at


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``why``: its sentence, with ``{who}``, ``{client}``, ``{count}``, ``{day}``.

    ``waits``: it asks whether anything was done for a client, so it waits until somebody had time to do it.
    ``asks_ties``: it asks how people and clients belong together, for which clients are opened.
    ``tells``: the sentence by which the person is told at once; "" for rules whose alert the officer asks about first.
    """

    key: str
    title: str
    why: str
    judge: Callable[[Day], Iterator[Finding]]
    tells: str = ""
    waits: bool = False
    asks_ties: bool = False


def _all(held: dict[UUID, list[Entry]], wanted: Iterable[UUID]) -> tuple[Entry, ...]:
    found = [one for client in wanted for one in held[client]]
    return tuple(sorted(found, key=lambda one: (one.at_us, one.counter)))


def _many(held: dict[UUID, list[Entry]], wanted: set[UUID], least: int) -> Iterator[Finding]:
    if len(wanted) >= least:
        yield Finding(_all(held, wanted), len(wanted))


def _each(day: Day, wanted: Iterable[UUID]) -> Iterator[Finding]:
    for client in sorted(wanted):
        yield Finding(tuple(day.looks[client]), len(day.looks[client]), client)


# How records are opened -----------------------------------------------------------------------------------------------


def _no_reason(day: Day) -> Iterator[Finding]:
    records = set(day.by_client({Kernel.RECORD_OPENED.key}))
    yield from _many(day.looks, records & day.unreasoned, policy.NO_REASON_CLIENTS)


def _tied(tie: str) -> Callable[[Day], Iterator[Finding]]:
    def judge(day: Day) -> Iterator[Finding]:
        # One's own record is an alert whatever the reason; the others only where nobody's work explains it.
        among = {ties.SELF: day.looks.keys(), ties.SURNAME: day.idle}.get(tie, day.unreasoned)
        yield from _each(
            day, (client for client, kind in day.tied.items() if kind == tie and client in among)
        )

    return judge


def _watched(day: Day) -> Iterator[Finding]:
    watched = Watched.objects.filter(client_id__in=day.unreasoned) if day.unreasoned else ()
    yield from _each(day, (one.client_id for one in watched))


def _former(day: Day) -> Iterator[Finding]:
    records = set(day.by_client({Kernel.RECORD_OPENED.key})) & day.idle
    yield from _each(day, days.former(day.on, records) if records else ())


def _returning(day: Day) -> Iterator[Finding]:
    if not day.idle:
        return
    first, _ = days.bounds(day.on)
    since = first - int(policy.RETURNING_WITHIN.total_seconds() * 1_000_000)
    rows = Entry.objects.filter(
        actor_id=day.person_id,
        event__in=days.OPENED,
        client_id__in=day.idle,
        at_us__gte=since,
        at_us__lt=first,
    )
    held: dict[UUID, dict[object, Entry]] = {}
    for one in rows.order_by("at_us"):
        if one.client_id:
            held.setdefault(one.client_id, {}).setdefault(days.day_of(one.at_us), one)
    for client, before in held.items():
        if len(before) + 1 >= policy.RETURNING_DAYS:
            week = f"{day.on:%G-W%V}"
            yield Finding((*before.values(), *day.looks[client]), len(before) + 1, client, week)


def _bulk(day: Day) -> Iterator[Finding]:
    held = day.by_client(days.OPENED)
    if len(held) > policy.BULK_CLIENTS:
        usual = days.usual(day.person_id, day.on)
        yield from _many(held, set(held), int(usual * policy.BULK_TIMES_USUAL) + 1)


def _night(day: Day) -> Iterator[Finding]:
    held = {
        client: dark
        for client, entries in day.by_client(days.OPENED).items()
        if (dark := [one for one in entries if _is_night(one.at)])
    }
    yield from _many(held, set(held), policy.NIGHT_CLIENTS)


def _is_night(moment: datetime) -> bool:
    hour = timezone.localtime(moment).hour
    return hour >= policy.NIGHT_FROM or hour < policy.NIGHT_TO


def _spree(kinds: Iterable[str], least: int) -> Callable[[Day], Iterator[Finding]]:
    def judge(day: Day) -> Iterator[Finding]:
        held = day.by_client(kinds)
        yield from _many(held, set(held), least)

    return judge


def _refused(day: Day) -> Iterator[Finding]:
    held: dict[UUID, list[Entry]] = {}
    for one in day.entries:
        if one.client_id and one.result == Result.REFUSED:
            held.setdefault(one.client_id, []).append(one)
    yield from _many(held, set(held), policy.REFUSED_CLIENTS)


def _glass(day: Day) -> Iterator[Finding]:
    broken = [
        one for one in day.entries if one.event == Kernel.GLASS_BROKEN.key and one.result == Result.DONE
    ]
    if not broken:
        return
    since = broken[0].at_us - int(policy.GLASS_AGAIN.total_seconds() * 1_000_000)
    before = Entry.objects.filter(
        actor_id=day.person_id, event=Kernel.GLASS_BROKEN.key, at_us__gte=since, at_us__lt=broken[0].at_us
    )
    found = (*before.order_by("at_us"), *broken)
    if len(found) > 1:
        yield Finding(found, len(found))


# How people sign in ---------------------------------------------------------------------------------------------------


def _sign_ins(day: Day) -> list[tuple[Entry, Session]]:
    """Return this day's sign-ins with their sessions, without visitors of the demo."""
    begun = [one for one in day.entries if one.event == Identity.SIGNED_IN.key]
    if not begun:
        return []
    near = timedelta(seconds=5)
    rows = Session.objects.select_related("device").filter(
        person_id=day.person_id, started_at__gte=begun[0].at - near, started_at__lte=begun[-1].at + near
    )
    found = []
    for one in begun:
        session = min(rows, key=lambda row: abs(row.started_at - one.at), default=None)
        if session and session.device and session.device.kind != Device.Kind.DEMO:
            found.append((one, session))
    return found


def _new_device(day: Day) -> Iterator[Finding]:
    for one, session in _sign_ins(day):
        before = Session.objects.filter(person_id=day.person_id, started_at__lt=session.started_at)
        if before.exists() and not before.filter(device=session.device).exists():
            yield Finding((one,), 1, span=str(session.device_id))


def _odd_hour(day: Day) -> Iterator[Finding]:
    dark = tuple(one for one, _ in _sign_ins(day) if _is_night(one.at))
    if dark:
        yield Finding(dark, len(dark))


def _two_places(day: Day) -> Iterator[Finding]:
    moved = days.moves(day)
    within = int(policy.PLACES_APART.total_seconds() * 1_000_000)
    for (first, _), (there, _), (back, _) in zip(moved, moved[1:], moved[2:], strict=False):
        if back.at_us - first.at_us <= within:
            yield Finding((first, there, back), len(moved))
            return


def _guessed(day: Day) -> Iterator[Finding]:
    failed = tuple(one for one in day.entries if one.event == Identity.SIGN_IN_FAILED.key)
    if len(failed) >= policy.GUESSED_CODES:
        yield Finding(failed, len(failed))


def _leaked(day: Day) -> Iterator[Finding]:
    leaked = tuple(one for one in day.entries if one.event == Identity.PASSWORD_LEAKED.key)
    if leaked:
        # Once until the password is another one, which somebody who was told twice knows as well.
        yield Finding(leaked, len(leaked), span=f"{day.on:%Y-%m}")


def _held(day: Day) -> Iterator[Finding]:
    held = tuple(one for one in day.entries if one.event == Kernel.LIMIT_REACHED.key)
    if held:
        yield Finding(held, len(held))


def _nothing(day: Day) -> Iterator[Finding]:  # noqa: ARG001 - the signature of a rule
    """Raised by a patient's own question, never by the log."""
    return iter(())


QUESTION: Final = "question"
LIMIT: Final = "limit"
_TAKEN_OUT: Final = days.TAKEN | {Card.EXPORTED.key}
RULES: Final = {
    rule.key: rule
    for rule in (
        Rule("no_reason", "No reason of care", "{who} opened {count} records on {day} without a visit, a task or a care team that explains it, and did nothing for these clients.", _no_reason, waits=True),
        Rule("own_record", "Own record", "{who} opened their own record on {day}.", _tied(ties.SELF), waits=True, asks_ties=True),
        Rule("colleague", "Record of a colleague", "{who} opened the record of {client}, who works here, on {day} without a reason of care.", _tied(ties.COLLEAGUE), waits=True, asks_ties=True),
        Rule("household", "Same address, phone or e-mail", "{who} opened the record of {client}, who shares an address, phone number or e-mail with them, on {day} without a reason of care.", _tied(ties.HOUSEHOLD), waits=True, asks_ties=True),
        Rule("surname", "Same surname", "{who} opened the record of {client}, who has the same surname, on {day} when nobody here had anything to do with this client.", _tied(ties.SURNAME), waits=True, asks_ties=True),
        Rule("watched", "Watched closely", "{who} opened the record of {client}, who is watched closely, on {day} without a reason of care.", _watched, waits=True),
        Rule("former", "Former patient", "{who} opened the record of {client} on {day}, who was last here more than two years before and has nothing booked.", _former, waits=True),
        Rule("returning", "The same record again and again", "{who} opened the record of {client} on {count} days within two weeks, though nobody here had anything to do with this client.", _returning, waits=True),
        Rule("bulk", "Many clients on one day", "{who} opened {count} clients on {day}, far more than on their usual days.", _bulk),
        Rule("night", "At night", "{who} opened {count} clients in the night hours of {day}.", _night),
        Rule("exports", "Many records taken out", "{who} printed or exported the records of {count} clients on {day}.", _spree(_TAKEN_OUT, policy.SPREE_CLIENTS)),
        Rule("uncovered", "Many contacts uncovered", "{who} uncovered phone numbers, addresses or identity numbers of {count} clients on {day}.", _spree(days.UNCOVERED, policy.UNCOVERED_CLIENTS)),
        Rule("refused", "Turned away repeatedly", "{who} tried to open {count} clients on {day} whom they may not open.", _refused),
        Rule("glass", "Emergency access again", "{who} took emergency access {count} times within a week, last on {day}.", _glass),
        Rule("new_device", "New device", "{who} signed in on {day} on a device they had never used.", _new_device, "Somebody signed in to your account on a device you had not used before."),
        Rule("odd_hour", "Sign-in at night", "{who} signed in during the night hours of {day}.", _odd_hour, "Somebody signed in to your account at night."),
        Rule("two_places", "At two places at once", "{who}'s account was used from two networks in turn within minutes on {day}: a shared login, or somebody else has it.", _two_places, "Your account was used from two networks in turn within minutes. A login belongs to one person: if you shared yours, stop and tell us."),
        Rule("guessed", "Second factor guessed at", "Somebody who knew {who}'s password gave {count} wrong codes on {day}.", _guessed, "Somebody who knows your password gave many wrong codes."),
        Rule("leaked", "Leaked password", "{who} signed in on {day} with a password that is on a list of leaked ones.", _leaked, "Your password is on a list of leaked passwords. Choose another one now."),
        Rule(LIMIT, "Limit of clients taken out", "{who} reached the day's limit of clients taken out on {day} and was stopped.", _held),
        Rule(QUESTION, "A patient's question", "{client} asks about who opened their record.", _nothing),
    )
}  # fmt: skip
"""Every rule by its key, in the order people read them."""
