"""One object for each argument of this area's URLs, for the walk over all routes."""

from __future__ import annotations

from typing import Any

from alcove.clinic.activities import actions
from alcove.clinic.activities.models import Line, Rhythm, Unit, What
from alcove.clinic.activities.queries import days
from alcove.clinic.activities.queries.staff import Whose


def samples(practice: Any) -> dict[str, Any]:
    """Return a task everybody sees, that repeats and has a step: each role has one of its own."""
    owner = practice.actor("owner")
    what = What("Check the emergency kit", "Every drug by its date.", days.today())
    rhythm = Rhythm(days.today(), 1, Unit.MONTH)
    task = actions.add_task(
        owner, what, whose=Whose(person=practice.person("owner")), lines=["Adrenaline"], rhythm=rhythm
    )
    return {"task_id": task.pk, "line_id": Line.objects.get(task=task).pk}
