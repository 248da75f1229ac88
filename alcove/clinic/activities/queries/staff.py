"""To whom a task can be given, and how much everybody has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from alcove.clinic.activities.models import Task
from alcove.clinic.activities.policy import Tasks
from alcove.clinic.activities.queries import days, seen
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.models import Role
from alcove.security.access.policy import Open, RoleKey
from alcove.security.identity.models import Membership, Person
from alcove.security.identity.queries import explain
from alcove.security.identity.sessions import acting


@dataclass(frozen=True, slots=True)
class Whose:
    """To whom a task is given: a person, a role, or nobody."""

    person: Person | None = None
    role: Role | None = None


def people() -> list[Person]:
    """Return the staff who can be given a task, by name."""
    return [person for person, _ in explain.who_can_see(Tasks.VIEW)]


def roles() -> list[Role]:
    """Return the roles that somebody holds and that see tasks."""
    held = Role.objects.filter(memberships__person__suspended_at__isnull=True).distinct()
    return [role for role in held if Tasks.VIEW.key in role.rights]


def may_open(person: Person, client_id: UUID) -> bool:
    """Whether this person could open a task about this client."""
    return explain.sight(person, client_id).sees


def opens_clients(role: Role) -> bool:
    """Whether this role sees clients at all."""
    return Open.DIRECTORY.key in role.rights


def deputies() -> list[Person]:
    """Return those who answer for the team, but for the owners."""
    first = {person.pk for person in owners()}
    return [person for person, _ in explain.who_can_see(Tasks.TEAM) if person.pk not in first]


def owners() -> list[Person]:
    """Return the owners of the practice who are there."""
    now = timezone.now()
    held = Membership.objects.select_related("person").filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now),
        Q(person__leaves_at__isnull=True) | Q(person__leaves_at__gt=now),
        role__key=RoleKey.OWNER, person__suspended_at__isnull=True, person__kind=Person.Kind.STAFF,
    )  # fmt: skip
    return [one.person for one in held.order_by("person__name")]


def answering_role() -> Role:
    """Return the role that tasks fall to when their person is gone: the managers', or the owners' if nobody is one."""
    held = {role.key: role for role in roles()}
    return held.get(RoleKey.MANAGER) or held[RoleKey.OWNER]


def who_may_hear(people: Iterable[Person], task: Task) -> list[Person]:
    """Return those of them for whom the task's client exists: a notice would tell the others that there is one."""
    if task.client_id is None:
        return list(people)
    return [
        person
        for person in people
        if (actor := acting(person)).holds(Open.DIRECTORY) and task.client_id not in need.hidden_from(actor)
    ]


@dataclass(frozen=True, slots=True)
class Load:
    """How many tasks a person or a role has open, how many of them are overdue, and which day is next."""

    name: str
    detail: str
    open: int
    overdue: int
    next_on: date | None
    is_role: bool = False


def team(actor: Actor) -> list[Load]:
    """Return everybody's open tasks in numbers, people first; clients hidden from the actor do not count."""
    actor.must(Tasks.TEAM)
    today = days.today()
    rows = seen.open_to(actor, Task.objects.filter(state=Task.State.OPEN))
    by_person: dict[UUID, list[date | None]] = {}
    by_role: dict[UUID, list[date | None]] = {}
    for person_id, role_id, due_on in rows.values_list("assignee_id", "role_id", "due_on"):
        if person_id is not None:
            by_person.setdefault(person_id, []).append(due_on)
        else:
            by_role.setdefault(need.NOBODY if role_id is None else role_id, []).append(due_on)
    loads = [_load(one.name, one.title, by_person.pop(one.pk, []), today) for one in people()]
    gone = Person.objects.filter(pk__in=list(by_person))
    loads += [_load(one.name, "Works here no more", by_person[one.pk], today) for one in gone]
    named = Role.objects.filter(pk__in=list(by_role))
    loads += [
        _load(one.name, "Whoever holds the role", by_role[one.pk], today, is_role=True) for one in named
    ]
    if need.NOBODY in by_role:
        loads.append(_load("Nobody", "Give these to somebody", by_role[need.NOBODY], today, is_role=True))
    return loads


def _load(name: str, detail: str, due: list[date | None], today: date, *, is_role: bool = False) -> Load:
    known = [one for one in due if one is not None]
    ahead = min((one for one in known if one >= today), default=None)
    return Load(name, detail, len(due), sum(one < today for one in known), ahead, is_role)


def overdue_of_team(actor: Actor) -> int:
    """Return how many tasks are overdue that this actor answers for."""
    if not actor.holds(Tasks.TEAM):
        return 0
    rows = seen.open_to(actor, Task.objects.filter(state=Task.State.OPEN, due_on__lt=days.today()))
    return rows.aggregate(count=Count("pk"))["count"] or 0
