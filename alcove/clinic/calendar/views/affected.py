"""Setup, Bookings to look at: coming appointments that no longer fit the hours, people and rooms as they are now."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import affected as query
from alcove.clinic.clients.queries import finding
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open
from alcove.security.policy_defaults import LIST_PAGE


@guard(GET=Calendar.EDIT)
def affected(request: HttpRequest) -> HttpResponse:
    """List them, the next one first; each stands until somebody moves or cancels it."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page = query.in_pages(query.affected_for(actor), _number(request.GET.get("page", "")), LIST_PAGE)
    rows = page["rows"]
    ids = dict.fromkeys(row.appointment.client_id for row in rows if row.appointment.client_id)
    # Whoever is limited to others' care team is left out of what is opened, and has no name here.
    opened = finding.opened(actor, list(ids)) if actor.holds(Open.DIRECTORY) and ids else []
    names = {client.pk: client.name for client in opened}
    lines = [
        {"row": row.appointment, "why": row.why, "client": names.get(row.appointment.client_id, "")}
        for row in rows
    ]
    context = {"lines": lines, "page": page}
    return render(request, "calendar/affected.html", context)


def _number(typed: str) -> int:
    """Return the page asked for; what is no number is the first."""
    return int(typed) if re.fullmatch(r"[0-9]{1,5}", typed) else 1
