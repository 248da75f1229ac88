"""The month's report, and its faults as a file."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alcove.clinic.practice.views.saving import actor_of
from alcove.compliance.uptime.policy import Uptime
from alcove.compliance.uptime.queries import months, probes
from alcove.security import policy_defaults as policy
from alcove.security.access.guards import guard


@guard(GET=Uptime.VIEW)
def uptime(request: HttpRequest) -> HttpResponse:
    """The report of ``?month=YYYY-MM``, this month without; ``?of=`` names the place of the chart."""
    actor = actor_of(request)
    first = months.asked(request.GET.get("month", ""))
    page = {
        "month": months.month(actor, first, request.GET.get("of", "")),
        "goal": f"{policy.UPTIME_GOAL / 1000:.2f}",
        "least": policy.UPTIME_MEASURED,
        "silent": probes.silent(actor),
        "has_probes": bool(probes.lines(actor)),
        "may_edit": actor.holds(Uptime.PROBES),
    }
    return render(request, "uptime/uptime.html", page)


@guard(GET=Uptime.VIEW)
def faults(request: HttpRequest) -> HttpResponse:
    """The faults of a month as CSV."""
    first = months.asked(request.GET.get("month", ""))
    found = months.month(actor_of(request), first)
    response = HttpResponse(months.table(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="uptime-{first:%Y-%m}.csv"'
    return response
