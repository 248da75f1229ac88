"""The compliance officer's pages of rows that were edited outside the product."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.compliance.forms import OutcomeForm
from alcove.operations.sweep import actions as sweeps
from alcove.operations.sweep import queries as sweep_of
from alcove.operations.sweep.policy import Sweeps
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard


@guard(GET=Sweeps.VIEW)
def rows(request: HttpRequest) -> HttpResponse:
    """Rows that were edited outside the product, as the daily sweep found them."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    return render(request, "compliance/rows.html", {"all": sweep_of.overview(actor)})


@guard(GET=Sweeps.VIEW, POST=Sweeps.CLOSE)
def row(request: HttpRequest, found_id: UUID) -> HttpResponse:
    """One of them: what is known of it, and what it was."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = sweep_of.finding(actor, found_id)
    if request.method != "POST":
        return render(request, "compliance/row.html", {"one": found, "form": OutcomeForm()})
    form = OutcomeForm(request.POST)
    status, problem = 422, ""
    if form.is_valid():
        try:
            sweeps.close(actor, found.finding, outcome=form.cleaned_data["outcome"])
            return HttpResponseRedirect(reverse("compliance:rows") + "?done=reviewed")
        except sweeps.OutcomeTooShort as wrong:
            form.add_error("outcome", str(wrong))
        except Conflict as conflict:
            status, problem = 409, str(conflict)
    page = {"one": found, "form": form, "problem": problem}
    return render(request, "compliance/row.html", page, status=status)
