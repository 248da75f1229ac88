"""The first page, and one's own day."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from alcove.clinic.activities.policy import Tasks
from alcove.clinic.activities.queries import one
from alcove.clinic.clients.queries import glass
from alcove.clinic.dashboard import queries
from alcove.clinic.dashboard.policy import Dashboard
from alcove.security.access.guards import guard


@guard(GET=Dashboard.VIEW)
def home(request: HttpRequest) -> HttpResponse:
    """Show one's own day, and the state of the house to those who answer for it."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "day": queries.day(actor),
        "safety": queries.safety(actor),
        "reviews": glass.waiting(actor),
        "missing": queries.missing(actor),
        "is_password_due": queries.is_password_due(actor),
        "today": timezone.localdate(),
        "first_name": actor.name.removeprefix("Dr ").split(" ")[0],
    }
    return render(request, "dashboard/home.html", page)


@guard(GET=Dashboard.VIEW)
def my_day(request: HttpRequest) -> HttpResponse:
    """One's own tasks, appointments, duties, and what one opened lately."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "day": queries.my_day(actor),
        "may_edit": actor.holds(Tasks.EDIT),
        "just_ended": one.just_ended(actor),
    }
    return render(request, "dashboard/my_day.html", page)
