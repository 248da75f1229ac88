"""Making the next of a repeating task: one for each period, also after days without a worker, also with two of them.

The rule's row is taken first and moved on in the same transaction; the database refuses a second task of a period.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from alcove.clinic.activities.actions.tasks import Unchanged, written
from alcove.clinic.activities.models import Repeat, Task
from alcove.clinic.activities.policy import Did, Round, Tasks
from alcove.security.access import opening
from alcove.security.access.change import Change, action
from alcove.security.access.errors import NotFound


@action(Round.RUN)
def go_on(change: Change, repeat_id: UUID, today: date) -> Task:
    """Make the task of the next period that has begun; raise ``Unchanged`` where another worker did so already."""
    row = Repeat.objects.select_for_update().filter(pk=repeat_id, ended_at__isnull=True).first()
    if row is None or row.next_on > today:
        raise Unchanged("This one was made already.")
    if row.client_id is not None:
        opening.open_client(change.actor, row.client_id, record=False)
    period = row.next_on
    task = written(
        change, Did.REPEATED, lines=row.lines, client_id=row.client_id, title=row.title, text=row.text,
        assignee=row.assignee, role=row.role, assigned_by_id=row.created_by_id, due_on=period,
        is_urgent=row.is_urgent, repeat=row, period_on=period, created_by_id=row.created_by_id,
    )  # fmt: skip
    row.made += 1
    row.next_on = row.rhythm.period(row.made)
    row.save(update_fields=["made", "next_on"])
    return task


@action(Tasks.EDIT)
def end_repeat(change: Change, task: Task) -> None:
    """Make no more of a repeating task; those that are there stay. Raises ``NotFound``, ``Unchanged``."""
    row = Repeat.objects.select_for_update().filter(pk=task.repeat_id).first() if task.repeat_id else None
    if row is None:
        raise NotFound("this task does not repeat")
    if row.ended_at is not None:
        raise Unchanged("This task repeats no more.")
    change.update(row, Did.REPEAT_ENDED, ended_at=change.now)
