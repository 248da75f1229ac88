"""One's own day: what one has to do, whom one sees, what one owes the practice, and what one opened lately.

Everybody's own and nothing else; whoever answers for the team sees besides how much of theirs is overdue. All clients
of the page are opened at once, with one entry that names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from alcove.clinic.activities.models import Task
from alcove.clinic.activities.policy import Tasks
from alcove.clinic.activities.queries import days, seen, staff
from alcove.clinic.calendar.models import Appointment, Booking
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import looks
from alcove.clinic.calendar.queries.boards import WORDS
from alcove.clinic.calendar.queries.looks import Row
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import finding, glass
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.dashboard.queries.home import is_password_due, lately, missing, unsigned
from alcove.clinic.records.queries import pairs as note_pairs
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.need import NOBODY
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.security.identity.models import Person
from alcove.ui.moments import clock as said
from alcove.ui.moments import plain_day

MOST_TASKS: Final = 12
MOST_VISITS: Final = 40
SOON: Final = timedelta(days=60)
"""So long before a registration runs out it is a duty."""


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment of today: ``who`` as far as one may know, and where its page is."""

    when: str
    who: str
    words: str
    state: str
    icon: str
    url: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """Something one owes the practice: what, why or until when, and where it is done ("" if not here)."""

    title: str
    detail: str
    url: str
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class MyDay:
    """``due``: what is overdue, due today or urgent; ``later``: how many own tasks come after them.

    ``to_compare``: clients with how many own notes that tell of a visit another note tells of as well.
    ``team_overdue``: how many tasks of the team are overdue, for those who answer for it.
    """

    today: date
    due: list[seen.Row]
    shut: list[seen.Shut]
    for_roles: int
    later: int
    visits: list[Visit]
    duties: list[Duty]
    opened: list[tuple[Client, datetime]]
    team_overdue: int
    sees_calendar: bool
    sees_tasks: bool
    drafts: list[tuple[Client, int]] = field(default_factory=list)
    to_compare: list[tuple[Client, int]] = field(default_factory=list)


def my_day(actor: Actor) -> MyDay:
    """Return one's own day; writes one entry that names the clients on it."""
    today = days.today()
    sees_tasks, sees_calendar = actor.holds(Tasks.VIEW), actor.holds(Calendar.VIEW)
    tasks, later = _tasks(actor, today) if sees_tasks else ([], 0)
    rows = _rows(actor, today) if sees_calendar else []
    may_name = actor.holds(Open.DIRECTORY)
    away = need.hidden_from(actor) if may_name else frozenset()
    recent = lately(actor, away) if may_name else {}
    drafts = unsigned(actor, away) if actor.holds(Open.RECORD) else {}
    pairs = note_pairs.owed(actor, away) if actor.holds(Open.RECORD) else {}
    booked = (row.client_id for row in rows if row.client_id)
    ids = list(dict.fromkeys([*seen.client_ids(tasks), *booked, *recent, *drafts, *pairs]))
    clients = {one.id: one for one in finding.opened(actor, ids)} if ids and may_name else {}
    return MyDay(
        today=today,
        due=seen.rows_of(tasks, clients, today),
        shut=seen.shut(actor, today) if sees_tasks else [],
        for_roles=seen.within(actor, seen.ROLES).filter(state=Task.State.OPEN).count() if sees_tasks else 0,
        later=later,
        visits=[_visit(row, clients) for row in rows],
        duties=list(_duties(actor, today)),
        opened=[(clients[one], at) for one, at in recent.items() if one in clients],
        team_overdue=staff.overdue_of_team(actor),
        sees_calendar=sees_calendar,
        sees_tasks=sees_tasks,
        drafts=[(clients[one], count) for one, count in drafts.items() if one in clients],
        to_compare=[(clients[one], count) for one, count in pairs.items() if one in clients],
    )


def _tasks(actor: Actor, today: date) -> tuple[list[Task], int]:
    """Return one's own tasks that want something today, and how many come after them."""
    own = seen.in_state(seen.within(actor, seen.MINE), "", today).select_related("assignee", "role")
    found = list(own[: MOST_TASKS * 3])
    due = [one for one in found if one.is_urgent or (one.due_on is not None and one.due_on <= today)]
    due = due[:MOST_TASKS]
    return due, own.count() - len(due)


def _rows(actor: Actor, today: date) -> list[Row]:
    """Return one's own appointments of today, whatever place they are at."""
    begin = clock.now() - timedelta(days=1)
    found = Appointment.objects.filter(
        profile__person_id=actor.id or NOBODY, starts_at__gt=begin, starts_at__lt=begin + timedelta(days=2)
    ).exclude(booking__state__in=[Booking.State.CANCELLED, Booking.State.HELD])
    rows = looks.rows_of(found.select_related(None))
    return [row for row in rows if timezone.localdate(row.starts_at) == today][:MOST_VISITS]


def _visit(row: Row, clients: Mapping[UUID, Client]) -> Visit:
    word, icon = WORDS[Booking.State(row.state)]
    client = clients.get(row.client_id) if row.client_id else None
    when = f"{said(timezone.localtime(row.starts_at))}–{said(timezone.localtime(row.ends_at))}"
    is_over = row.state in {Booking.State.DONE, Booking.State.NO_SHOW}
    if client is None:
        return Visit(when, "Busy", "", "", "", "", is_over)
    url = page_url("calendar:booking", booking_id=row.booking_id)
    return Visit(when, client.name or "Name not known", row.service, word, icon, url, is_over)


def _duties(actor: Actor, today: date) -> Iterator[Duty]:
    """Yield what this person owes: training and policies will join them here."""
    for step in missing(actor):
        if not step.is_done:
            yield Duty(step.title, step.own_way, reverse("dashboard:home"), is_late=True)
    if is_password_due(actor):
        yield Duty(
            "Choose a new password", "It is older than the practice allows.", reverse("identity:account")
        )
    yield from _registration(actor, today)
    waiting = glass.waiting(actor)
    if waiting is not None and waiting.count:
        uses = "use" if waiting.count == 1 else "uses"
        late = f", {waiting.overdue} of them late" if waiting.overdue else ""
        yield Duty(
            "Review emergency access", f"{waiting.count} {uses} to review{late}.", reverse("compliance:glass"),
            is_late=bool(waiting.overdue),
        )  # fmt: skip


def _registration(actor: Actor, today: date) -> Iterator[Duty]:
    ends_on = (
        Person.objects.filter(pk=actor.id or NOBODY).values_list("registration_ends_on", flat=True).first()
    )
    if ends_on is not None and ends_on - today <= SOON:
        words = (
            f"It ran out on {plain_day(ends_on)}." if ends_on < today else f"It ends on {plain_day(ends_on)}."
        )
        yield Duty("Renew your professional registration", words, "", is_late=ends_on < today)
