"""Tasks that are raised by themselves: one for each cause and key, however often it is asked for.

Any area above calls ``raise_task`` inside its own deed, or a job does so with ``Round.RUN``.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from alcove.clinic.activities.actions.tasks import written
from alcove.clinic.activities.models import Task
from alcove.clinic.activities.models.causes import CAUSES
from alcove.clinic.activities.policy import Did, Round
from alcove.clinic.activities.queries import days, staff
from alcove.clinic.activities.queries.coming import Wanted
from alcove.security.access.change import Change, action
from alcove.security.access.models import Role
from alcove.security.identity.models import Person


@action(Round.RUN)
def raise_task(
    change: Change, *, cause: str, key: str, title: str, text: str = "", client_id: UUID | None = None,
    person: Person | None = None, due_on: date | None = None,
) -> Task | None:  # fmt: skip
    """Raise the task of a cause of ``CAUSES`` unless there is, or was, one for this ``key``; None where there is.

    ``key``: ids, days, code words. ``title`` and ``text``: fixed sentences of ours, no words of a record. About a
    client, whose directory part must be open. Given to ``person``, where they may open the client, else to the cause's
    role. Raises ``KeyError`` for a cause there is none of: a fault of the caller.
    """
    known = CAUSES[cause]
    if Task.objects.filter(cause=cause, cause_key=key).exists():
        return None
    if person is not None and client_id is not None and not staff.may_open(person, client_id):
        person = None
    due_on = due_on or days.today() + timedelta(days=known.days)
    role = None if person else Role.objects.filter(key=known.role).first()
    try:
        # Another worker may raise the same at this moment; the database lets one of them.
        with transaction.atomic():
            return written(
                change, Did.RAISED, lines=(), client_id=client_id, title=title, text=text, assignee=person,
                role=role, due_on=due_on, cause=cause, cause_key=key,
            )  # fmt: skip
    except IntegrityError:
        return None


@action(Round.RUN)
def raise_wanted(change: Change, wanted: Wanted) -> Task | None:
    """Raise what the kernel's own state asks for."""
    return raise_task(
        change, cause=wanted.cause, key=wanted.key, title=wanted.title, text=wanted.text,
        person=wanted.person, due_on=wanted.due_on,
    )  # fmt: skip


@action(Round.RUN)
def settle(change: Change, cause: str, key: str) -> int:
    """End the open task of a cause that is gone; return how many there were: none or one."""
    return _settle(change, Task.objects.filter(cause=cause, cause_key=key))


@action(Round.RUN)
def settle_all(change: Change, cause: str) -> int:
    """End every open task of a cause that is gone; return how many there were."""
    return _settle(change, Task.objects.filter(cause=cause))


def _settle(change: Change, found: QuerySet[Task]) -> int:
    rows = found.select_for_update().filter(state=Task.State.OPEN)
    ended = 0
    for row in rows:
        change.update(row, Did.SETTLED, state=Task.State.DONE, ended_at=change.now)
        ended += 1
    return ended
