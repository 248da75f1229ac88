"""The monthly review, clients watched closely, names not shown to patients, and the scope of a breach."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients.actions import ReasonTooShort
from alcove.compliance.actions import keeping, scopes
from alcove.compliance.forms import BreachForm, ShieldForm, SignForm, WatchForm
from alcove.compliance.policy import Alerts, Breach
from alcove.compliance.queries import alerts as alerts_of
from alcove.compliance.queries import breach as breach_of
from alcove.compliance.queries import reviewing
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard, lookup


@guard(GET=Alerts.VIEW)
def reviews(request: HttpRequest) -> HttpResponse:
    """What happened since the last review, and the signed ones."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page = {"state": reviewing.state(actor), "may_sign": actor.holds(Alerts.SIGN)}
    return render(request, "compliance/reviews.html", page)


@guard(GET=Alerts.SIGN, POST=Alerts.SIGN, fresh=True)
def sign(request: HttpRequest) -> HttpResponse:
    """Sign the review of what happened since the last one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = SignForm(request.POST if request.method == "POST" else None)
    status, problem = 422 if form.is_bound else 200, ""
    if form.is_valid():
        try:
            keeping.sign_review(actor, note=form.cleaned_data["note"])
        except ReasonTooShort as wrong:
            form.add_error("note", str(wrong))
        except Conflict as conflict:
            status, problem = 409, str(conflict)
        else:
            return HttpResponseRedirect(reverse("compliance:reviews") + "?done=review_signed")
    page = {"state": reviewing.state(actor), "form": form, "problem": problem}
    return render(request, "compliance/sign.html", page, status=status)


@guard(GET=Alerts.VIEW, POST=Alerts.WATCH)
def watched(request: HttpRequest) -> HttpResponse:
    """Clients who are watched closely; POST adds one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = WatchForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            keeping.watch(actor, form.cleaned_data["client"], reason=form.cleaned_data["reason"])
        except ReasonTooShort as wrong:
            form.add_error("reason", str(wrong))
        except NotFound:
            form.add_error("client", "There is no client with this ID.")
        except Conflict as conflict:
            form.add_error("client", str(conflict))
        else:
            return HttpResponseRedirect(reverse("compliance:watched") + "?done=watched")
    page = {"rows": alerts_of.watched(actor), "form": form, "may": actor.holds(Alerts.WATCH)}
    return render(request, "compliance/watched.html", page, status=status)


@guard(POST=Alerts.WATCH)
def unwatch(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Stop watching a client closely."""
    keeping.unwatch(request.actor, client_id)  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(reverse("compliance:watched") + "?done=ended")


@guard(GET=Alerts.VIEW, POST=Alerts.SHIELD)
def shields(request: HttpRequest) -> HttpResponse:
    """Of whom patients are shown only the role; POST adds somebody."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = ShieldForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            keeping.shield(actor, form.cleaned_data["person"].id, reason=form.cleaned_data["reason"])
        except ReasonTooShort as wrong:
            form.add_error("reason", str(wrong))
        except Conflict as conflict:
            form.add_error("person", str(conflict))
        else:
            return HttpResponseRedirect(reverse("compliance:shields") + "?done=saved")
    page = {"rows": alerts_of.shields(actor), "form": form, "may": actor.holds(Alerts.SHIELD)}
    return render(request, "compliance/shields.html", page, status=status)


@guard(POST=Alerts.SHIELD)
def unshield(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Show patients this person's name again."""
    keeping.unshield(request.actor, person_id)  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(reverse("compliance:shields") + "?done=ended")


def _wanted(form: BreachForm) -> breach_of.Wanted:
    taken: dict[str, Any] = {**form.cleaned_data}
    person, device = taken.pop("person"), taken.pop("device")
    return breach_of.Wanted(
        **taken, person=person.id if person else None, device=UUID(device) if device else None
    )


@guard(GET=Breach.VIEW, POST=lookup(Breach.VIEW, "addresses of people do not belong into a URL"))
def breach(request: HttpRequest) -> HttpResponse:
    """List whose data somebody touched within a span; the list itself is on the log."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = BreachForm(request.POST if request.method == "POST" else None, devices=breach_of.devices())
    found = None
    if form.is_valid():
        found = breach_of.scope(actor, _wanted(form))
        breach_of.note(actor, found)
    page = {"form": form, "found": found, "how": breach_of.HOW, "may_take": actor.holds(Breach.EXPORT)}
    return render(request, "compliance/breach.html", page, status=422 if form.errors else 200)


@guard(POST=Breach.EXPORT, fresh=True)
def breach_file(request: HttpRequest) -> HttpResponse:
    """The same list as CSV: ids, counts and names of fields."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = BreachForm(request.POST, devices=breach_of.devices())
    if not form.is_valid():
        page = {"form": form, "found": None, "may_take": True}
        return render(request, "compliance/breach.html", page, status=422)
    found = breach_of.scope(actor, _wanted(form))
    scopes.take(actor, len(found.clients))
    response = HttpResponse(breach_of.table(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="breach-scope.csv"'
    return response
