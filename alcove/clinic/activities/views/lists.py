"""The list of tasks with its quick entry, a new task, and the team in numbers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.activities import actions
from alcove.clinic.activities.forms import TaskForm, WhoseForm
from alcove.clinic.activities.policy import Tasks
from alcove.clinic.activities.queries import days, one, seen, staff
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.guards import guard

_MOST_DIGITS = 5


@guard(GET=Tasks.VIEW, POST=Tasks.CREATE)
def tasks(request: HttpRequest) -> HttpResponse:
    """Tasks by whose they are and how they stand; what is typed above the list is added to it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = WhoseForm(request.POST if request.method == "POST" else None, me=actor.id)
    if form.is_bound and form.is_valid():
        add(actor, form)
        return HttpResponseRedirect(
            f"{reverse('activities:tasks')}?{_query(*_look(request))}&done=task_added"
        )
    return render(
        request, "activities/tasks.html", _page(request, form), status=422 if form.is_bound else 200
    )


def add(actor: Actor, form: WhoseForm, client_id: UUID | None = None) -> bool:
    """Add what a form says, once however often it is sent; False with the reason beside the field if refused."""
    more: dict[str, Any] = {}
    if isinstance(form, TaskForm):
        more = {"lines": form.cleaned_data["lines"], "rhythm": form.rhythm()}
    try:
        actions.add_task(
            actor, form.what(), whose=form.chosen(), client_id=client_id, task_id=form.row_id(), **more
        )
    except actions.CannotOpen as wrong:
        form.add_error("whose", str(wrong))
        return False
    except actions.Again:
        return True
    return True


def _look(request: HttpRequest) -> tuple[str, str]:
    """Return the scope and the state that the address asks for."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    scope, state = request.GET.get("show", ""), request.GET.get("state", "")
    may_all = actor.holds(Tasks.TEAM)
    scope = scope if scope in seen.SCOPES and (may_all or scope != seen.ALL) else seen.MINE
    return scope, state if state in seen.STATES else ""


def _query(scope: str, state: str, page: int = 1) -> str:
    return urlencode({"show": scope, "state": state} | ({"page": page} if page > 1 else {}))


def _page(request: HttpRequest, form: WhoseForm) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    scope, state = _look(request)
    asked = request.GET.get("page", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= _MOST_DIGITS else 1
    found = seen.page(actor, scope, state, number)
    here, first = reverse("activities:tasks"), (found.number - 1) * policy.LIST_PAGE
    scopes = {key: name for key, name in seen.SCOPES.items() if key != seen.ALL or actor.holds(Tasks.TEAM)}
    return {
        "page": found,
        "form": form,
        "today": days.today(),
        "scope": scope,
        "state": state,
        "scopes": [
            {"name": name, "url": f"{here}?{_query(key, state)}", "current": key == scope}
            for key, name in scopes.items()
        ],
        "states": [
            {"name": name, "url": f"{here}?{_query(scope, key)}", "current": key == state}
            for key, name in seen.STATES.items()
        ],
        "pager": {
            "first": first + 1 if found.count else 0,
            "last": min(first + policy.LIST_PAGE, found.count),
            "total": found.count,
            "previous_url": f"{here}?{_query(scope, state, found.number - 1)}" if found.number > 1 else None,
            "next_url": f"{here}?{_query(scope, state, found.number + 1)}"
            if first + policy.LIST_PAGE < found.count
            else None,
        },
        "just_ended": one.just_ended(actor),
        "back": f"{here}?{_query(scope, state, found.number)}",
        "may_add": actor.holds(Tasks.CREATE),
        "may_edit": actor.holds(Tasks.EDIT),
        "may_team": actor.holds(Tasks.TEAM),
    }


@guard(GET=Tasks.CREATE, POST=Tasks.CREATE)
def new(request: HttpRequest) -> HttpResponse:
    """A task about no client, with everything it can have."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = TaskForm(request.POST if request.method == "POST" else None, me=actor.id)
    if form.is_bound and form.is_valid() and add(actor, form):
        return HttpResponseRedirect(reverse("activities:tasks") + "?done=task_added")
    return render(request, "activities/new.html", {"form": form}, status=422 if form.is_bound else 200)


@guard(GET=Tasks.TEAM)
def team(request: HttpRequest) -> HttpResponse:
    """Everybody's open tasks in numbers."""
    return render(request, "activities/team.html", {"loads": staff.team(request.actor)})  # type: ignore[attr-defined]  # middleware
