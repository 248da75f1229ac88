"""The steps of a task and what is said about it."""

from __future__ import annotations

from uuid import UUID

from alcove.clinic.activities.actions.tasks import Unchanged, held
from alcove.clinic.activities.models import MOST_LINES, Comment, Line, Task
from alcove.clinic.activities.policy import Did, Tasks
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound


@action(Tasks.EDIT)
def comment(change: Change, task: Task, *, text: str) -> Comment:
    """Say something about a task; the author is the actor."""
    return change.create(
        Comment, Did.COMMENTED, task=task, client_id=task.client_id, text=text, author_id=change.actor.id
    )


@action(Tasks.EDIT)
def add_line(change: Change, task: Task, *, text: str) -> Line:
    """Add a step at the end of the checklist; raise ``Conflict`` where there are enough of them."""
    row = held(task)
    count = Line.objects.filter(task=row).count()
    if count >= MOST_LINES:
        raise Conflict(f"A task has at most {MOST_LINES} steps. Make another task of what is left.")
    return change.create(Line, Did.LINE_ADDED, task=row, client_id=row.client_id, text=text, position=count)


@action(Tasks.EDIT)
def tick(change: Change, task: Task, line_id: UUID) -> None:
    """Tick a step. Of two who do it at once the first one's name stands; raise ``Unchanged`` for the other."""
    line = _line(task, line_id)
    if line.ticked_at is not None:
        raise Unchanged("Somebody ticked this a moment before you.")
    line.ticked_at, line.ticked_by_id = change.now, change.actor.id
    line.save(update_fields=["ticked_at", "ticked_by_id"])
    change.record(Did.TICKED, client_id=line.client_id, on=line)


@action(Tasks.EDIT)
def untick(change: Change, task: Task, line_id: UUID) -> None:
    """Take the tick off a step; raise ``Unchanged`` if there is none."""
    line = _line(task, line_id)
    if line.ticked_at is None:
        raise Unchanged("This step is not ticked.")
    line.ticked_at, line.ticked_by_id = None, None
    line.save(update_fields=["ticked_at", "ticked_by_id"])
    change.record(Did.UNTICKED, client_id=line.client_id, on=line)


def _line(task: Task, line_id: UUID) -> Line:
    found = Line.objects.select_for_update().filter(pk=line_id, task_id=task.pk).first()
    if found is None:
        raise NotFound("there is no such step")
    return found
