"""Adding a task, giving it to somebody else, finishing, dropping and opening it again.

Every deed takes the task's row first, so of two people who finish it at once one did it and the other hears so.
A task about a client is written under that client's key, which the page or the job has opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from alcove.clinic.activities.actions import telling
from alcove.clinic.activities.models import Line, Repeat, Rhythm, Task, What
from alcove.clinic.activities.policy import Did, Tasks
from alcove.clinic.activities.queries import staff
from alcove.clinic.activities.queries.staff import Whose
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.audit.events import Event
from alcove.security.vault.ids import uuid7

CLASH = (
    "Someone else changed this while you were writing. Nothing of yours was saved yet: "
    "compare with what is there now, then save again."
)


class CannotOpen(Exception):
    """A task about a client was given to somebody who could not open it; the text goes beside the field."""


class Unchanged(Conflict):
    """What was asked for is so already; nothing was written."""


class Again(Conflict):
    """This form was sent before: the task of this id is there."""


@action(Tasks.CREATE)
def add_task(
    change: Change, what: What, *, whose: Whose, client_id: UUID | None = None, lines: Sequence[str] = (),
    rhythm: Rhythm | None = None, task_id: UUID | None = None,
) -> Task:  # fmt: skip
    """Add a task and tell whom it is given to; with a ``rhythm`` it is the first of many.

    ``task_id``: made by the form, so that sending it twice makes it once. Raises ``CannotOpen``, ``Again``.
    """
    task_id = task_id or uuid7()
    if Task.objects.filter(pk=task_id).exists():
        raise Again("This task is there already.")
    must_open(whose, client_id)
    said: dict[str, Any] = {
        "client_id": client_id,
        "title": what.title,
        "text": what.text,
        "is_urgent": what.is_urgent,
    }
    said |= {"assignee": whose.person, "role": whose.role, "created_by_id": change.actor.id}
    repeat = None
    if rhythm is not None:
        repeat = change.create(
            Repeat, Did.REPEAT_BEGUN, **said, lines=list(lines), every=rhythm.every, unit=rhythm.unit,
            starts_on=rhythm.starts_on, made=1, next_on=rhythm.period(1),
        )  # fmt: skip
    try:
        with transaction.atomic():
            return written(
                change, Did.ADDED, lines=lines, id=task_id, **said, assigned_by_id=change.actor.id,
                due_on=what.due_on, repeat=repeat, period_on=rhythm.starts_on if rhythm else None,
            )  # fmt: skip
    except IntegrityError:
        # The same form, sent twice at the same moment: the other one was quicker.
        if Task.objects.filter(pk=task_id).exists():
            raise Again("This task is there already.") from None
        raise


def written(change: Change, event: Event, *, lines: Sequence[str], **values: Any) -> Task:
    """Write a task with its steps, as part of a deed; its assignee is told."""
    task = change.create(Task, event, **values)
    for position, text in enumerate(lines):
        Line(task=task, client_id=task.client_id, text=text, position=position).save(force_insert=True)
    telling.given(change, task.assignee)
    return task


def must_open(whose: Whose, client_id: UUID | None) -> None:
    """Raise ``CannotOpen`` where a client's task would be given to somebody who may not open this client."""
    if client_id is None:
        return
    if whose.person is not None and not staff.may_open(whose.person, client_id):
        raise CannotOpen(f"{whose.person.name} may not open this client. Give it to somebody who may.")
    if whose.role is not None and not staff.opens_clients(whose.role):
        raise CannotOpen(f"The role {whose.role.name} opens no clients. Give it to another one.")


def held(task: Task) -> Task:
    """Return this task as it is now, kept so until the deed ends; raise ``NotFound``."""
    found = Task.objects.select_for_update().filter(pk=task.pk).first()
    if found is None:
        raise NotFound("there is no such task")
    return found


@action(Tasks.EDIT)
def change_task(change: Change, task: Task, what: What, *, whose: Whose, version: int) -> None:
    """Change what a task says, whose it is and by when. ``version``: the one that was read.

    Raises ``CannotOpen``, ``Unchanged``, ``Conflict``.
    """
    row = held(task)
    if row.version != version:
        raise Conflict(CLASH)
    person_id, role_id = (one.pk if one else None for one in (whose.person, whose.role))
    values: dict[str, Any] = asdict(what)
    if (row.assignee_id, row.role_id) != (person_id, role_id):
        must_open(whose, row.client_id)
        values |= {"assignee_id": person_id, "role_id": role_id, "assigned_by_id": change.actor.id}
        if person_id != row.assignee_id:
            telling.given(change, whose.person)
    if what.due_on != row.due_on:
        # A new day begins a new count of who was told.
        values["escalation"] = Task.NOBODY_TOLD
    if not change.update(row, Did.CHANGED, **values):
        raise Unchanged("Nothing was changed.")


@action(Tasks.EDIT)
def finish(change: Change, task: Task) -> None:
    """Note that a task is done; raise ``Unchanged`` if it is, ``Conflict`` if it was dropped meanwhile."""
    _end(change, task, Task.State.DONE, Did.DONE)


@action(Tasks.EDIT)
def drop(change: Change, task: Task) -> None:
    """Note that a task will not be done; raise ``Unchanged`` if that is so, ``Conflict`` if it was done meanwhile."""
    _end(change, task, Task.State.DROPPED, Did.DROPPED)


def _end(change: Change, task: Task, state: str, event: Event) -> None:
    row = held(task)
    if row.state == state:
        raise Unchanged("Somebody did this a moment before you. Nothing was changed.")
    if not row.is_open:
        raise Conflict("Somebody ended this task meanwhile. Open it again first if that was wrong.")
    change.update(row, event, state=state, ended_at=change.now, ended_by_id=change.actor.id)


@action(Tasks.EDIT)
def reopen(change: Change, task: Task) -> None:
    """Open a task again that was done or dropped, a moment ago or long since; raise ``Unchanged``."""
    row = held(task)
    if row.is_open:
        raise Unchanged("This task is open already.")
    change.update(row, Did.REOPENED, state=Task.State.OPEN, ended_at=None, ended_by_id=None)
