"""Compliance, Baseline: where the system is weaker than it should be; and Where data goes: places outside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.compliance.baseline import actions
from alcove.compliance.baseline.forms import AcceptForm, DayForm, HostForm, PlaceForm
from alcove.compliance.baseline.policy import Baseline
from alcove.compliance.baseline.queries import looks, pages
from alcove.compliance.baseline.queries import past as past_of
from alcove.compliance.baseline.queries import places as places_of
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard


@guard(GET=Baseline.VIEW, POST=Baseline.RUN)
def baseline(request: HttpRequest) -> HttpResponse:
    """What is weaker than the baseline; POST compares now."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    if request.method == "POST":
        actions.put_down(actor, looks.look())
        return HttpResponseRedirect(reverse("baseline:baseline") + "?done=compared")
    page = {"all": pages.overview(actor), "may_run": actor.holds(Baseline.RUN)}
    return render(request, "baseline/baseline.html", page)


@guard(GET=Baseline.VIEW, POST=Baseline.ACCEPT)
def weakness(request: HttpRequest, weakness_id: UUID) -> HttpResponse:
    """One weakness: why it matters and how it is mended; POST accepts it until a day."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    line = pages.weakness(actor, weakness_id)
    form = AcceptForm(request.POST if request.method == "POST" else None)
    status, problem = 422 if form.is_bound else 200, ""
    if form.is_valid():
        try:
            actions.accept(actor, line.weakness, **form.cleaned_data)
            return HttpResponseRedirect(reverse("baseline:baseline") + "?done=weakness_accepted")
        except actions.OutOfTime as wrong:
            form.add_error("until", str(wrong))
        except Conflict as conflict:
            status, problem = 409, str(conflict)
    may_accept = actor.holds(Baseline.ACCEPT) and not line.weakness.closed_at and not line.is_accepted
    page = {"one": line, "form": form, "problem": problem, "may_accept": may_accept}
    return render(request, "baseline/weakness.html", page, status=status)


@guard(GET=Baseline.VIEW)
def past(request: HttpRequest) -> HttpResponse:
    """Who might do what on a past day, rebuilt from the log."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = DayForm(request.GET if "on" in request.GET else None, initial={"on": timezone.localdate()})
    is_wrong = form.is_bound and not form.is_valid()
    day = form.cleaned_data["on"] if form.is_bound and not is_wrong else timezone.localdate()
    page = {"form": form, "day": day, "past": None if is_wrong else past_of.on(actor, day)}
    return render(request, "baseline/past.html", page, status=422 if is_wrong else 200)


@guard(GET=Baseline.VIEW, POST=Baseline.REGISTER)
def places(request: HttpRequest) -> HttpResponse:
    """Every place outside that the system calls or may call; POST puts one on the register."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    if request.method != "POST":
        return _places(request, PlaceForm(initial={"host": request.GET.get("host", "")[:253]}))
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return _places(request, form, status=422)
    try:
        actions.register(actor, **form.cleaned_data)
    except Conflict as conflict:
        return _places(request, form, problem=str(conflict), status=409)
    return HttpResponseRedirect(reverse("baseline:places") + "?done=place_registered")


@guard(POST=Baseline.REGISTER)
def take_off(request: HttpRequest) -> HttpResponse:
    """Take a place off the register that somebody entered."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = HostForm(request.POST)
    if not form.is_valid():
        return _places(request, PlaceForm(), problem="There is no such place.", status=422)
    try:
        actions.take_off(actor, form.cleaned_data["host"])
    except Conflict as conflict:
        return _places(request, PlaceForm(), problem=str(conflict), status=409)
    return HttpResponseRedirect(reverse("baseline:places") + "?done=place_removed")


def _places(request: HttpRequest, form: PlaceForm, *, problem: str = "", status: int = 200) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page: dict[str, Any] = {
        "all": places_of.register(actor),
        "form": form,
        "problem": problem,
        "may": actor.holds(Baseline.REGISTER),
    }
    return render(request, "baseline/places.html", page, status=status)
