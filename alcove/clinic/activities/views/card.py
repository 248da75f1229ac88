"""A client's tasks on their card."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.activities.forms import TaskForm
from alcove.clinic.activities.policy import Tasks
from alcove.clinic.activities.queries import seen
from alcove.clinic.activities.views.lists import add
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding
from alcove.security.access.guards import guard


@guard(GET=Tasks.VIEW, opens="client_id")
def tasks(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """What is to be done about this client, by whomever, and what was done."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    page = {
        "frame": card_of.frame(actor, client, "tasks"),
        "rows": seen.of_client(actor, client),
        "ended": seen.of_client(actor, client, "ended"),
        "may_add": actor.holds(Tasks.CREATE),
    }
    return render(request, "activities/client_tasks.html", page)


@guard(GET=Tasks.CREATE, POST=Tasks.CREATE, opens="client_id")
def new(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """A new task about this client."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    form = TaskForm(request.POST if request.method == "POST" else None, me=actor.id)
    if form.is_bound and form.is_valid() and add(actor, form, client_id):
        address = reverse("client_tasks:tasks", kwargs={"client_id": client_id})
        return HttpResponseRedirect(f"{address}?done=task_added")
    page = {"frame": card_of.frame(actor, client, "tasks"), "form": form}
    return render(request, "activities/client_new.html", page, status=422 if form.is_bound else 200)
