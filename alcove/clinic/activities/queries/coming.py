"""What the worker has to do by itself: repeat, pass on, raise and settle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from alcove.clinic.activities.models import Repeat, Task
from alcove.clinic.activities.queries import days
from alcove.security.access.models import GlassBreak
from alcove.security.audit import clock
from alcove.security.identity.models import Person

OWNERS_AFTER: Final = timedelta(days=2)
"""So long those who answer for the team have before an overdue task goes to the owners."""
RENEWAL: Final = timedelta(days=30)
"""So long before it runs out, the task to renew a registration is raised."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task that should be there for its cause. No client's words: these are about the house."""

    cause: str
    key: str
    title: str
    text: str
    due_on: date
    person: Person | None = None


def repeats_due(today: date) -> list[UUID]:
    """Return the repeating tasks whose next period has begun."""
    rows = Repeat.objects.filter(ended_at__isnull=True, next_on__lte=today).order_by("next_on", "id")
    return list(rows.values_list("id", flat=True))


def late(today: date) -> QuerySet[Task]:
    """Return the overdue tasks that are to be passed on now."""
    rows = Task.objects.filter(state=Task.State.OPEN)
    fresh = Q(escalation=Task.NOBODY_TOLD, due_on__lt=today)
    return rows.filter(fresh | Q(escalation=Task.TEAM_TOLD, due_on__lt=today - OWNERS_AFTER))


def orphaned(now: datetime) -> tuple[QuerySet[Task], QuerySet[Repeat]]:
    """Return what is still to be done by people who have left: open tasks, and what repeats."""
    return (
        Task.objects.filter(state=Task.State.OPEN, assignee__leaves_at__lte=now),
        Repeat.objects.filter(ended_at__isnull=True, assignee__leaves_at__lte=now),
    )


def wanted(today: date) -> list[Wanted]:
    """Return the tasks that the kernel's own state asks for and that are not there yet."""
    found = [*_registrations(today), *_glass()]
    there = Task.objects.filter(cause__in={one.cause for one in found}).values_list("cause", "cause_key")
    held = set(there) if found else set()
    return [one for one in found if (one.cause, one.key) not in held]


def registration_key(person_id: UUID, ends_on: date) -> str:
    return f"{person_id.hex} {ends_on.isoformat()}"


def _registrations(today: date) -> list[Wanted]:
    rows = Person.objects.filter(
        kind=Person.Kind.STAFF, suspended_at__isnull=True, registration_ends_on__lte=today + RENEWAL
    )
    return [
        Wanted(
            "registration", registration_key(one.pk, one.registration_ends_on),
            f"Renew the professional registration of {one.name}",
            "Without a registration in force nobody sees clients. Bring the renewed one to whoever looks after "
            "accounts; they enter it, and a second person looks it up in the register.",
            one.registration_ends_on, one,
        )
        for one in rows
        if one.registration_ends_on is not None and not one.has_left(clock.now())
    ]  # fmt: skip


def _glass() -> list[Wanted]:
    return [
        Wanted(
            "glass", one.pk.hex, "Review an emergency access",
            "Somebody took emergency access to a client’s record. Someone else than them reads why and what was "
            "opened, and notes what they found.",
            days.day_of(one.due_at),
        )
        for one in GlassBreak.objects.filter(reviewed_at__isnull=True)
    ]  # fmt: skip


def settled(today: date) -> list[tuple[str, str]]:
    """Return cause and key of open tasks whose cause is gone."""
    rows = Task.objects.filter(state=Task.State.OPEN, cause__in=["registration", "glass"])
    held = set(rows.values_list("cause", "cause_key"))
    if not held:
        return []
    now = {(one.cause, one.key) for one in (*_registrations(today), *_glass())}
    return sorted(held - now)


def is_raised(cause: str, client_id: UUID | None = None) -> bool:
    """Whether a task of this cause is open, about this client if one is named."""
    rows = Task.objects.filter(state=Task.State.OPEN, cause=cause)
    return (rows.filter(client_id=client_id) if client_id else rows).exists()
