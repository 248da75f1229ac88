"""What people are told outside the product about tasks: that there is one. Never its words, never a client."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings

from alcove.security.access.change import Change
from alcove.security.identity.actions import notices
from alcove.security.identity.models import Notice, Person

GIVEN, LATE = "task_given", "task_late"
"""What notices of tasks are called."""
TOLD_EVERY: Final = timedelta(hours=1)
"""Whoever is given ten tasks in a row is told once."""


def given(change: Change, person: Person | None) -> None:
    """Tell somebody that they were given a task by somebody else; at most once an hour."""
    if person is None or person.id == change.actor.id:
        return
    lately = Notice.objects.filter(person=person, kind=GIVEN, created_at__gt=change.now - TOLD_EVERY)
    if not lately.exists():
        notices.tell(
            change, person, GIVEN, "You have a task",
            f"Somebody at the practice gave you a task. What it is stands in Alcove only:\n\n{_address()}",
        )  # fmt: skip


def late(change: Change, person: Person, count: int) -> None:
    """Tell somebody who answers for the team that tasks are overdue."""
    tasks = "A task is" if count == 1 else f"{count} tasks are"
    notices.tell(
        change, person, LATE, f"{tasks} overdue",
        f"{tasks} overdue and now yours to look after. Who was to do what stands in Alcove only:\n\n"
        f"{_address()}?show=all&state=overdue",
    )  # fmt: skip


def _address() -> str:
    return f"{settings.ALCOVE.public_address}/tasks/"
