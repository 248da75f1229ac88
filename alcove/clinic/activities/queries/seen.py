"""Which tasks somebody sees, as rows of a list.

One's own, those of one's roles and those one gave to others; with ``Tasks.TEAM`` everybody's. A task about a client who
does not exist for this person (a care team, no right to the client list) is in no list and no count, with one
exception: given to this very person, it stands there without its words, so that it is not lost (``Shut``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When, prefetch_related_objects
from django.utils import timezone

from alcove.clinic.activities.models import Line, Task
from alcove.clinic.activities.policy import Tasks
from alcove.clinic.activities.queries import days
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import finding
from alcove.clinic.clients.queries.addresses import page_url
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.need import NOBODY
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.security.vault.rows import instances, read

MINE, ROLES, GIVEN, ALL = "mine", "roles", "given", "all"
SCOPES: Final = {MINE: "Mine", ROLES: "My roles’", GIVEN: "Given by me", ALL: "Everybody’s"}
"""Whose tasks a list shows; ``ALL`` only with ``Tasks.TEAM``."""
STATES: Final = {"": "Open", "overdue": "Overdue", "ended": "Done and dropped"}


@dataclass(frozen=True, slots=True)
class Row:
    """A task in a list. ``ticked`` of ``lines`` steps are done; ``whose``: a person's or a role's name."""

    task: Task
    title: str
    client: Client | None
    whose: str
    is_overdue: bool
    lines: int
    ticked: int

    @property
    def url(self) -> str:
        return page_url("activities:task", task_id=self.task.pk)


@dataclass(frozen=True, slots=True)
class Shut:
    """A task of one's own about a client whom one does not look after (any more): no words, no link."""

    due_on: date | None
    is_overdue: bool


def _own(actor: Actor) -> Q:
    mine = Q(assignee_id=actor.id or NOBODY) | Q(created_by_id=actor.id or NOBODY)
    return mine | Q(role_id__in=list(actor.role_ids))


def open_to(actor: Actor, rows: QuerySet[Task]) -> QuerySet[Task]:
    """Leave out tasks about clients who do not exist for this actor."""
    if not actor.holds(Open.DIRECTORY):
        return rows.filter(client_id__isnull=True)
    hidden = need.hidden_from(actor)
    return rows.exclude(client_id__in=list(hidden)) if hidden else rows


def listed(actor: Actor) -> QuerySet[Task]:
    """Return the tasks this actor may see in lists."""
    actor.must(Tasks.VIEW)
    rows = Task.objects.all() if actor.holds(Tasks.TEAM) else Task.objects.filter(_own(actor))
    return open_to(actor, rows)


def may_see(actor: Actor, task: Task) -> bool:
    """Whether this is a house task of one's own, or of the team for those who answer for it."""
    if actor.holds(Tasks.TEAM):
        return True
    is_ones = actor.id is not None and actor.id in {task.assignee_id, task.created_by_id}
    return is_ones or task.role_id in actor.role_ids


def within(actor: Actor, scope: str) -> QuerySet[Task]:
    """Return the tasks of one scope; an unknown one is ``MINE``."""
    rows = listed(actor)
    if scope == ALL and actor.holds(Tasks.TEAM):
        return rows
    if scope == ROLES:
        return rows.filter(role_id__in=list(actor.role_ids))
    if scope == GIVEN:
        return rows.filter(created_by_id=actor.id or NOBODY).exclude(assignee_id=actor.id or NOBODY)
    return rows.filter(assignee_id=actor.id or NOBODY)


def in_state(rows: QuerySet[Task], state: str, today: date) -> QuerySet[Task]:
    """Return those in a state of ``STATES``, in the order they are shown: overdue, urgent, then by their day."""
    if state == "ended":
        return rows.exclude(state=Task.State.OPEN).order_by("-ended_at", "-id")
    rows = rows.filter(state=Task.State.OPEN)
    if state == "overdue":
        rows = rows.filter(due_on__lt=today)
    late = Case(When(due_on__lt=today, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.order_by(late, "-is_urgent", F("due_on").asc(nulls_last=True), "created_at", "id")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. ``number`` is the page shown, ``count`` how many tasks there are on all pages."""

    rows: list[Row]
    shut: list[Shut]
    number: int
    count: int


def page(actor: Actor, scope: str, state: str, number: int) -> Page:
    """Return a page of tasks; one entry of the log names the clients of those shown."""
    today = days.today()
    found = in_state(within(actor, scope), state, today)
    count = found.count()
    number = min(max(number, 1), max(-(-count // policy.LIST_PAGE), 1))
    begin = (number - 1) * policy.LIST_PAGE
    shown = list(found.select_related("assignee", "role")[begin : begin + policy.LIST_PAGE])
    is_first = scope == MINE and state != "ended" and number == 1
    return Page(rows(actor, shown, today), shut(actor, today) if is_first else [], number, count)


def rows(actor: Actor, tasks: Sequence[Task], today: date) -> list[Row]:
    """Open the clients of these tasks, with one entry, and return the tasks as rows."""
    ids = client_ids(tasks)
    clients = {one.id: one for one in finding.opened(actor, ids)} if ids else {}
    return rows_of(tasks, clients, today)


def client_ids(tasks: Iterable[Task]) -> list[UUID]:
    """Return the clients whom these tasks are about, each once."""
    return list(dict.fromkeys(one.client_id for one in tasks if one.client_id is not None))


def rows_of(tasks: Sequence[Task], clients: Mapping[UUID, Client], today: date) -> list[Row]:
    """Return tasks as rows; those of clients who are not among the opened ones are left out."""
    kept = [one for one in tasks if one.client_id is None or one.client_id in clients]
    steps = _steps(kept)
    return [
        Row(
            one, one.title, clients.get(one.client_id) if one.client_id else None, whose(one),
            one.is_overdue(today), *steps.get(one.pk, (0, 0)),
        )
        for one in kept
    ]  # fmt: skip


def whose(task: Task) -> str:
    """Return by whom it is to be done, in words."""
    if task.assignee is not None:
        return task.assignee.name
    return task.role.name if task.role is not None else "Nobody"


def _steps(tasks: Sequence[Task]) -> dict[UUID, tuple[int, int]]:
    if not tasks:
        return {}
    lines = Line.objects.filter(task_id__in=[one.pk for one in tasks]).order_by()
    counted = lines.values("task_id").annotate(all=Count("pk"), ticked=Count("ticked_at"))
    return {one["task_id"]: (one["all"], one["ticked"]) for one in counted}


def shut(actor: Actor, today: date) -> list[Shut]:
    """Return one's own open tasks about clients whom one may not open."""
    own = Task.objects.filter(assignee_id=actor.id or NOBODY, state=Task.State.OPEN, client_id__isnull=False)
    if actor.holds(Open.DIRECTORY):
        hidden = need.hidden_from(actor)
        own = own.filter(client_id__in=list(hidden)) if hidden else own.none()
    found = own.order_by("due_on", "id").values_list("due_on", flat=True)
    return [Shut(due_on, due_on is not None and due_on < today) for due_on in found]


_OVERDUE = "SELECT COUNT(*) FROM activities_task WHERE assignee_id = %s AND state = 'open' AND due_on < %s"


def overdue(actor: Actor) -> int:
    """Return how many of one's own tasks are overdue: one small statement, for the rail of every page.

    A page runs in the practice's time zone already (``project.zone``), so its day need not be asked for.
    """
    if actor.id is None:
        return 0
    return int(read(_OVERDUE, actor.id, timezone.localdate(clock.now()))[0][0])


_OPEN_OF_CLIENT = """WHERE client_id = %s AND state = 'open' ORDER BY CASE WHEN due_on < %s THEN 0 ELSE 1 END,
 is_urgent DESC, CASE WHEN due_on IS NULL THEN 1 ELSE 0 END, due_on, created_at, id LIMIT %s"""


def of_client(actor: Actor, client: Client, state: str = "", limit: int = policy.LIST_PAGE) -> list[Row]:
    """Return a client's tasks, whoever is to do them: the guard has opened the client for this actor."""
    actor.must(Tasks.VIEW)
    today = timezone.localdate(clock.now())  # of the practice, as above
    if state:
        tasks = list(in_state(Task.objects.filter(client_id=client.id), state, today)[:limit])
    else:
        # Every card asks, and most clients have none: in the order of ``in_state``, by a plain statement.
        tasks = instances(Task, _OPEN_OF_CLIENT, client.id, today, limit)
    prefetch_related_objects(tasks, "assignee", "role")
    return rows_of(tasks, {client.id: client}, today)
