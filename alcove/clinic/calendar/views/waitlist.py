"""The waitlist: who waits, who was offered a time, and joining it from a client's card."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.calendar.actions import Unworkable
from alcove.clinic.calendar.actions import waitlist as actions
from alcove.clinic.calendar.forms.waitlist import JoinForm
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import waiting
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard
from alcove.security.access.rules import RULES


@guard(GET=Calendar.VIEW)
def waitlist(request: HttpRequest) -> HttpResponse:
    """Show everybody who waits, the longest waiting first."""
    page = {
        "rows": waiting.listed(request.actor),  # type: ignore[attr-defined]  # set by the middleware
        "minutes": RULES["waitlist.minutes"].chosen,
    }
    return render(request, "calendar/waitlist.html", page)


@guard(POST=Calendar.CREATE)
def leave(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Take somebody off the list."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    actions.leave(actor, waiting.entry(actor, entry_id))
    return HttpResponseRedirect(reverse("waitlist:list") + "?done=unwaited")


@guard(GET=Calendar.CREATE, POST=Calendar.CREATE, opens="client_id")
def join(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Ask for what and when a client waits."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.join(actor, client_id, **form.as_entry())
        except (Unworkable, Conflict) as wrong:
            form.add_error(None, str(wrong))
        else:
            return HttpResponseRedirect(reverse("waitlist:list") + "?done=waiting")
    page = {"frame": card_of.frame(actor, client, "waitlist"), "form": form}
    return render(request, "calendar/waitlist_join.html", page, status=422 if form.is_bound else 200)
