"""The compliance officer's pages: the audit log, and reviews of emergency access."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import glass as glass_of
from alcove.compliance.forms import FilterForm, ReviewForm
from alcove.compliance.queries import log as log_of
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.guards import guard
from alcove.security.access.opening import entry, record_now, record_refusal
from alcove.security.access.policy import Log
from alcove.security.audit.events import Did


@guard(GET=Log.VIEW)
def log(request: HttpRequest) -> HttpResponse:
    """Show the log, newest first, by person, client, area, action, result and time."""
    form = FilterForm(request.GET or None)
    wanted = log_of.Filter()
    if form.is_bound and form.is_valid():
        given = {**form.cleaned_data}
        person = given.pop("person")
        wanted = log_of.Filter(person=person.id if person else None, **given)
    number = _number(request.GET.get("page", "1"))
    lines, more = log_of.log(request.actor, wanted, number)  # type: ignore[attr-defined]  # set by the middleware
    kept = {key: value for key, value in request.GET.items() if key != "page" and value}
    page = {
        "form": form,
        "lines": lines,
        "chain": log_of.chain_state(),
        "number": number,
        "previous_url": f"?{urlencode({**kept, 'page': number - 1})}" if number > 1 else "",
        "next_url": f"?{urlencode({**kept, 'page': number + 1})}" if more else "",
        "is_filtered": bool(kept),
        "with_from": request.actor.holds(Log.ADDRESSES),  # type: ignore[attr-defined]  # as above
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "compliance/log.html", page, status=status)


def _number(text: str) -> int:
    return max(1, min(int(text), 100_000)) if text.isascii() and text.isdigit() else 1


@guard(GET=Clients.REVIEW_GLASS)
def glass(request: HttpRequest) -> HttpResponse:
    """Every use of emergency access, what waits for a review first."""
    uses = glass_of.uses(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "uses": uses,
        "overdue": sum(one.state == "overdue" for one in uses),
        "review_hours": int(policy.GLASS_REVIEW.total_seconds()) // 3600,
    }
    return render(request, "compliance/glass.html", page)


@guard(GET=Clients.REVIEW_GLASS, POST=Clients.REVIEW_GLASS)
def glass_one(request: HttpRequest, glass_id: UUID) -> HttpResponse:
    """One use: why, what was done meanwhile, and the finding of someone else."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = ReviewForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _glass_page(request, glass_id, form, status=422 if form.is_bound else 200)
    taken = form.cleaned_data
    is_justified = taken["outcome"] == "yes"
    try:
        clients.review_glass(actor, glass_id, is_justified=is_justified, finding=taken["finding"])
    except clients.ReasonTooShort as wrong:
        form.add_error("finding", str(wrong))
        return _glass_page(request, glass_id, form, status=422)
    except Refused as refused:
        record_refusal(actor, refused.needed, where="compliance:glass_one")
        return _glass_page(request, glass_id, form, status=403, problem=str(refused))
    except Conflict as wrong:
        return _glass_page(request, glass_id, form, status=409, problem=str(wrong))
    return HttpResponseRedirect(reverse("compliance:glass") + "?done=reviewed")


def _glass_page(
    request: HttpRequest, glass_id: UUID, form: ReviewForm, *, status: int, problem: str = ""
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    use = glass_of.use(actor, glass_id)
    record_now(entry(actor, Did.LOG_VIEWED, client_id=use.glass.client_id, object="glass review"))
    page = {"use": use, "looks": glass_of.looks(actor, use.glass), "form": form, "problem": problem}
    return render(request, "compliance/glass_one.html", page, status=status)
