"""Reception: today at a location; checking in by a code; and one client's appointments."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alcove.clinic.calendar.actions import codes as code_deeds
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import codes, comings, desk, looks
from alcove.clinic.calendar.views import looking
from alcove.clinic.clients.queries import finding
from alcove.clinic.clients.queries.card import frame
from alcove.security.access.actors import Actor
from alcove.security.access.guards import guard, signed
from alcove.security.access.policy import Open
from alcove.security.identity.middleware import named_origin
from alcove.ui.moments import clock as said
from alcove.ui.moments import plain_day


@guard(GET=Calendar.VIEW)
def today(request: HttpRequest) -> HttpResponse:
    """Who comes today, who is late, who waits; by htmx, the lists alone."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    asked, _ = looking.look(request)
    look = looks.Look(asked.location, looking.today(asked.location))
    groups = desk.today(actor, look)
    first, last = looks.bounds(look.location, look.day)
    context = {
        "groups": groups,
        "rooms": desk.rooms(look),
        "may": actor.holds(Calendar.EDIT),
        "places": looks.places(),
        "location": look.location,
        "day": f"{first.astimezone(look.location.zone):%A}, {plain_day(look.day)}",
        "version": "",
        "version_url": looking.url("version", look),
        "calendar_url": looking.url("day", look),
        "late": next(group for group in groups if group.key == "late"),
        "waiting": next(group for group in groups if group.key == "waiting"),
        "span": (first, last),
    }
    template = "calendar/parts/desk.html" if request.is_htmx else "calendar/desk.html"  # type: ignore[attr-defined]  # middleware's
    return render(request, template, context)


@guard(GET=Calendar.VIEW, opens="client_id")
def appointments(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """All appointments of one client, coming and past."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    ahead, past = comings.of_client(actor, client_id)
    context = {"frame": frame(actor, client, "appointments"), "ahead": ahead, "past": past, "client": client}
    return render(request, "calendar/appointments.html", context)


@signed("check-in code: one use, 5 to 60 minutes; shows time and place only", "GET", "POST")
def check_in(request: HttpRequest, code: str) -> HttpResponse:
    """Show when and where, and check in when the button is pressed: a look alone uses nothing."""
    found = codes.code(code)
    zone = found.booking.location.zone
    begin = found.booking.starts_at.astimezone(zone)
    context = {
        "when": f"{begin:%A}, {plain_day(begin)}, {said(begin)}",
        "place": found.booking.location,
        "is_done": False,
    }
    if request.method == "POST":
        named_origin(request)
        stranger: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
        job = Actor.job("check-in code", Calendar.EDIT, Open.DIRECTORY)
        # What is done is the job's; where it came from is the address that held the code.
        code_deeds.use(replace(job, origin_id=stranger.origin_id, request=stranger.request), code)
        context["is_done"] = True
    return render(request, "calendar/check_in.html", context)
