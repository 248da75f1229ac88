"""Passing tasks on: overdue ones to the team's managers, then the owners; those of leavers to the managers' role."""

from __future__ import annotations

from collections import Counter
from datetime import date

from alcove.clinic.activities.actions import telling
from alcove.clinic.activities.models import Task
from alcove.clinic.activities.policy import Did, Round
from alcove.clinic.activities.queries import coming, staff
from alcove.security.access.change import Change, action
from alcove.security.identity.models import Person

AT_ONCE = 200


@action(Round.RUN)
def escalate(change: Change, today: date) -> int:
    """Pass on what is overdue and was not yet; return how many tasks. Whoever hears of several is told once.

    It stays with whom it was given to: what changes is who else looks after it. Where nobody answers for the team but
    the one whose task it is, it goes to the owners at once.
    """
    rows = list(coming.late(today).select_for_update().order_by("due_on", "id")[:AT_ONCE])
    deputies, owners = staff.deputies(), staff.owners()
    told: Counter[Person] = Counter()
    for row in rows:
        others = [one for one in staff.who_may_hear(deputies, row) if one.pk != row.assignee_id]
        is_first = row.escalation == Task.NOBODY_TOLD and bool(others)
        row.escalation = Task.TEAM_TOLD if is_first else Task.OWNERS_TOLD
        row.save(update_fields=["escalation"])
        change.record(Did.ESCALATED, client_id=row.client_id, on=row)
        told.update(others if is_first else staff.who_may_hear(owners, row))
    for person, count in told.items():
        telling.late(change, person, count)
    return len(rows)


@action(Round.RUN)
def move_from_leavers(change: Change) -> int:
    """Give the open tasks of people who left to the managers' role, or the owners' (IDN-16); return how many.

    What repeats goes on for that role. The words of a task stay sealed: whose it is lies beside them.
    """
    tasks, repeats = coming.orphaned(change.now)
    role = staff.answering_role()
    rows = list(tasks.select_for_update(of=("self",)).order_by("id")[:AT_ONCE])
    for row in rows:
        row.assignee, row.role, row.assigned_by_id, row.version = None, role, None, row.version + 1
        row.save(update_fields=["assignee", "role", "assigned_by_id", "version"])
        change.record(Did.MOVED, client_id=row.client_id, on=row)
    for repeat in repeats.select_for_update(of=("self",)).order_by("id")[:AT_ONCE]:
        repeat.assignee, repeat.role = None, role
        repeat.save(update_fields=["assignee", "role"])
        change.record(Did.MOVED, client_id=repeat.client_id, on=repeat)
    return len(rows)
