"""The continuity page, the page for the wall, and the order's own buttons."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.practice.actions import Unchanged
from alcove.clinic.practice.views.saving import actor_of, done
from alcove.compliance.continuity import actions
from alcove.compliance.continuity.forms import MoveForm
from alcove.compliance.continuity.models import Step
from alcove.compliance.continuity.policy import Continuity
from alcove.compliance.continuity.queries import pages, starter
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard

PAGE = "continuity:continuity"


@guard(GET=Continuity.VIEW)
def continuity(request: HttpRequest) -> HttpResponse:
    """What comes back first and whom to ring; for whoever may see it, who may enter, and how tests stand."""
    return _page(request)


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    may_edit = actor.holds(Continuity.EDIT)
    found = pages.overview(actor)
    page = {
        "all": found,
        "may_edit": may_edit,
        "may_site": actor.holds(Continuity.SITE),
        "proposed": list(starter.order()) if may_edit and not found.steps else [],
        "moved": request.GET.get("moved", ""),
        "way": request.GET.get("way", ""),
        "problem": problem,
    }
    return render(request, "continuity/continuity.html", page, status=status)


@guard(GET=Continuity.VIEW, POST=Continuity.EDIT)
def sheet(request: HttpRequest) -> HttpResponse:
    """One page for the wall; POST notes that it was printed."""
    actor = actor_of(request)
    if request.method == "POST":
        actions.note_print(actor)
        return done(PAGE, word="sheet_printed")
    page = {
        "all": pages.overview(actor),
        "now": timezone.now(),
        "may_edit": actor.holds(Continuity.EDIT),
        "may_site": actor.holds(Continuity.SITE),
    }
    return render(request, "continuity/print.html", page)


@guard(POST=Continuity.EDIT)
def proposed(request: HttpRequest) -> HttpResponse:
    """Begin with the proposed order."""
    try:
        actions.take_proposed(actor_of(request))
    except Conflict as conflict:
        return _page(request, problem=str(conflict), status=409)
    return done(PAGE)


@guard(POST=Continuity.EDIT)
def move(request: HttpRequest, step_id: UUID) -> HttpResponse:
    """Move a system one place; the next page keeps the focus on the same button."""
    row, form = pages.live(Step, step_id), MoveForm(request.POST)
    if not form.is_valid():
        return _page(request, problem="It was not said where to.", status=422)
    way = form.cleaned_data["to"]
    try:
        actions.move_step(
            actor_of(request), row, steps=-1 if way == "up" else 1, seen=form.cleaned_data["at"]
        )
    except Unchanged:
        # The first cannot go further up, the last not further down.
        return done(PAGE)
    except Conflict as conflict:
        return _page(request, problem=str(conflict), status=409)
    return HttpResponseRedirect(f"{reverse(PAGE)}?moved={row.pk}&way={way}")
