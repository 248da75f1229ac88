"""Setup of online booking: what patients see, and how the confirmation looks, with a preview of what is typed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.calendar.actions import online as actions
from alcove.clinic.calendar.forms.online import OnlineForm
from alcove.clinic.calendar.models import OnlineBooking
from alcove.clinic.calendar.models.online import COLOURS, LOOK
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import online as queries
from alcove.clinic.calendar.queries.contrast import is_colour
from alcove.clinic.practice.models import Location
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard, lookup


@guard(GET=Calendar.SET_UP_ONLINE, POST=Calendar.SET_UP_ONLINE)
def online(request: HttpRequest) -> HttpResponse:
    """Show and change the settings; colours that are hard to read are refused."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    held = queries.settings()
    form = OnlineForm(request.POST or None, held=held)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.set_up(actor, version=form.cleaned_data["version"], **form.values())
            except Conflict as clash:
                form.add_error(None, str(clash))
                status = 409
            else:
                return HttpResponseRedirect(reverse("setup_online:online") + "?done=saved")
    page = {"form": form, "held": held, "address": request.build_absolute_uri(reverse("book:choose"))}
    return render(request, "calendar/online.html", page | _preview(held), status=status)


@guard(POST=lookup(Calendar.SET_UP_ONLINE, "shows how it would look; nothing is saved"))
def preview(request: HttpRequest) -> HttpResponse:
    """Return the preview of what is typed; where that cannot be saved, of what is."""
    held = queries.settings()
    form = OnlineForm(request.POST, held=held)
    if form.is_valid():
        for name, value in form.values().items():
            setattr(held, name, value)
    page = {"form": form, "held": held, "is_late": not form.is_valid()} | _preview(held)
    return render(request, "calendar/parts/online_preview.html", page)


def _preview(held: OnlineBooking) -> dict[str, Any]:
    place = Location.objects.filter(is_active=True).first()
    chosen = {key: held.colour(key).removeprefix("#") for key in COLOURS}
    first_service = queries.menu(held, place)[:1] if place else []
    team = queries.team_of(held, place)[:1] if place else []
    return {
        "look": f"{reverse('setup_online:preview_look')}?{urlencode(chosen)}",
        "place": queries.place(held, place) if place else None,
        "when": _sample(),
        "groups": [
            (heading, [(one, _price(one)) for one in offers[:3]]) for heading, offers in first_service
        ],
        "team": team,
    }


def _price(one: queries.Offer) -> str:
    return "" if one.price_minor is None else queries.money(one.price_minor)


def _sample() -> datetime:
    return (timezone.localtime() + timedelta(days=7)).replace(hour=10, minute=0)


@guard(GET=Calendar.SET_UP_ONLINE)
def preview_look(request: HttpRequest) -> HttpResponse:
    """Return the colours that are typed as a style sheet; the Content-Security-Policy takes them no other way."""
    typed = {key: f"#{request.GET.get(key, '')}" for key in COLOURS}
    chosen = {key: text if is_colour(text) else COLOURS[key][1] for key, text in typed.items()}
    return HttpResponse(LOOK.format(**chosen), content_type="text/css")
