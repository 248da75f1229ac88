"""From an address of the calendar to a look, and back to addresses."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from alcove.clinic.calendar.forms import LookForm
from alcove.clinic.calendar.queries import looks
from alcove.clinic.calendar.queries.looks import PEOPLE, Look
from alcove.clinic.practice.models import Location
from alcove.security.access.errors import NotFound
from alcove.security.audit import clock


def look(request: HttpRequest) -> tuple[Look, LookForm]:
    """Return what a request asks to see, and its filters; raise ``NotFound`` in a practice without a location."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    places = looks.places()
    if not places:
        raise NotFound("there is no location yet")
    first = LookForm(request.GET, places)
    here = next((one for one in places if one.pk.hex == first.told("location")), places[0])
    form = LookForm(request.GET, places, looks.people(actor, here))
    asked = Look(here, form.on or today(here), form.told("by") or PEOPLE, form.person_id, form.told("state"))
    return asked, shown(form, asked)


def shown(form: LookForm, asked: Look) -> LookForm:
    """Return the form with what is shown chosen in it, whatever the address said."""
    form.is_bound = False
    form.initial = {
        "day": asked.day.isoformat(), "location": asked.location.pk.hex, "by": asked.by,
        "person": asked.profile_id.hex if asked.profile_id else "", "state": asked.state,
    }  # fmt: skip
    return form


def today(location: Location) -> date:
    """Return which day it is at a location."""
    return clock.now().astimezone(location.zone).date()


def query(asked: Look, **changes: object) -> str:
    """Return the query string of a look, changed in some parts; what is usual is left out."""
    parts: dict[str, object] = {
        "day": asked.day.isoformat(),
        "location": asked.location.pk.hex,
        "by": asked.by if asked.by != PEOPLE else "",
        "person": asked.profile_id.hex if asked.profile_id else "",
        "state": asked.state,
    }
    return urlencode({key: value for key, value in {**parts, **changes}.items() if value})


def url(route: str, asked: Look, **changes: object) -> str:
    """Return the address of a page of the calendar for a look."""
    return f"{reverse(f'calendar:{route}')}?{query(asked, **changes)}"
