"""What these tests are made of: tasks of somebody, for somebody, about somebody."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

from alcove.clinic.activities import actions
from alcove.clinic.activities.models import What
from alcove.clinic.activities.queries import days
from alcove.clinic.activities.queries.staff import Whose
from alcove.security.access.opening import open_client
from alcove.security.vault.keyring import keyring


@contextmanager
def opened(practice, client, role="front_desk"):
    """Open one client, or none, as a page does; yield the actor."""
    with keyring():
        actor = practice.actor(role)
        if client is not None:
            open_client(actor, client.id)
        yield actor


def added(
    practice, title="Order cannulas", *, by="front_desk", to="", role="", client=None, due=None, **more
):
    """Add a task by somebody; ``to`` a person of a role, or ``role``; ``due`` in days from today."""
    whose = Whose(role=practice.roles[role]) if role else Whose(person=practice.person(to or by))
    due_on = None if due is None else days.today() + timedelta(days=due)
    what = What(title, more.pop("text", ""), due_on, more.pop("is_urgent", False))
    with opened(practice, client, by) as actor:
        return actions.add_task(actor, what, whose=whose, client_id=client.id if client else None, **more)


def fresh(task):
    """Return a task as it is now."""
    return type(task).objects.get(pk=task.pk)
