"""One task: what it says, its steps and comments, changing it, ending it and opening it again.

Whoever may open the client of a task may work on it; ``queries.one.task`` decides, opens the client and writes the
entry, so these routes carry no client's id.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.activities import actions
from alcove.clinic.activities.forms import EditForm, StepForm, WordsForm
from alcove.clinic.activities.models import Task
from alcove.clinic.activities.policy import Tasks
from alcove.clinic.activities.queries import one, seen
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard


@guard(GET=Tasks.VIEW)
def task(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Everything about one task."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    return _shown(request, one.task(actor, task_id))


def _shown(request: HttpRequest, found: Task, *, status: int = 200, **more: Any) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "whole": one.whole(actor, found),
        "task": found,
        "may_edit": actor.holds(Tasks.EDIT),
        "words": WordsForm(),
        "step": StepForm(),
        "undo_seconds": int(policy.UNDO_LIFE.total_seconds()),
    }
    return render(request, "activities/task.html", page | more, status=status)


@guard(GET=Tasks.EDIT, POST=Tasks.EDIT)
def edit(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """What a task says, whose it is and by when."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = one.task(actor, task_id)
    form = EditForm(request.POST if request.method == "POST" else None, task=found)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            actions.change_task(
                actor, found, form.what(), whose=form.chosen(), version=form.cleaned_data["version"]
            )
        except actions.Unchanged:
            return _back(found)
        except actions.CannotOpen as wrong:
            form.add_error("whose", str(wrong))
        except Conflict as clash:
            # What somebody else wrote stands above the form; sent again, it is compared with that.
            found, status = Task.objects.select_related("assignee", "role").get(pk=task_id), 409
            form.add_error(None, str(clash))
            form.data = {**form.typed(), "version": str(found.version)}
        else:
            return _back(found, "?done=saved")
    page = {"form": form, "task": found, "whole": one.whole(actor, found), "is_clash": status == 409}  # noqa: PLR2004 - HTTP
    return render(request, "activities/edit.html", page, status=status)


@guard(POST=Tasks.EDIT)
def done(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Note that it is done; for a while the page offers to undo it."""
    return _deed(request, task_id, actions.finish)


@guard(POST=Tasks.EDIT)
def drop(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Note that it will not be done."""
    return _deed(request, task_id, actions.drop)


@guard(POST=Tasks.EDIT)
def reopen(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Open it again, a moment later or long since."""
    return _deed(request, task_id, actions.reopen)


@guard(POST=Tasks.EDIT)
def end_repeat(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Make no more of it."""
    return _deed(request, task_id, actions.end_repeat)


def _deed(request: HttpRequest, task_id: UUID, deed: Callable[[Actor, Task], Any]) -> HttpResponse:
    """Do it; pressed twice, or by two people, it is done once and the page says how it stands."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = one.task(actor, task_id)
    try:
        deed(actor, found)
    except actions.Unchanged:
        return _where(request, found)
    except Conflict as clash:
        return _shown(request, one.task(actor, task_id), status=409, problem=str(clash))
    return _where(request, found)


def _where(request: HttpRequest, found: Task) -> HttpResponse:
    """Return to the list if the button stood there, else to the task."""
    if request.POST.get("from") == "list":
        kept = {key: request.GET.get(key, "") for key in ("show", "state")}
        known = {key: word for key, word in kept.items() if word in seen.SCOPES or word in seen.STATES}
        return HttpResponseRedirect(f"{reverse('activities:tasks')}?{urlencode(known)}")
    if request.POST.get("from") == "my_day":
        return HttpResponseRedirect(reverse("dashboard:my_day"))
    return _back(found)


def _back(found: Task, query: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("activities:task", args=[found.pk]) + query)


@guard(POST=Tasks.EDIT)
def comment(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Say something about it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = one.task(actor, task_id)
    form = WordsForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, status=422, words=form)
    actions.comment(actor, found, text=form.cleaned_data["text"])
    return _back(found)


@guard(POST=Tasks.EDIT)
def add_step(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Add a step to the checklist."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = one.task(actor, task_id)
    form = StepForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, status=422, step=form)
    try:
        actions.add_line(actor, found, text=form.cleaned_data["step"])
    except Conflict as clash:
        return _shown(request, found, status=409, problem=str(clash), step=form)
    return _back(found)


@guard(POST=Tasks.EDIT)
def tick(request: HttpRequest, task_id: UUID, line_id: UUID) -> HttpResponse:
    """Tick a step, or take its tick off: the button says which, so two presses do not undo each other."""
    deed = actions.untick if request.POST.get("tick") == "off" else actions.tick
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = one.task(actor, task_id)
    try:
        deed(actor, found, line_id)
    except actions.Unchanged:
        return _back(found)
    return _back(found)
