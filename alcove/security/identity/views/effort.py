"""Setup: what security costs in seconds and presses, by role (ANA-05)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alcove.security import policy_defaults as policy
from alcove.security.access.guards import guard
from alcove.security.identity.models import Effort
from alcove.security.identity.policy import People
from alcove.security.identity.queries import effort as queries


@guard(GET=People.EFFORT)
def effort(request: HttpRequest) -> HttpResponse:
    """Show the medians of the last month by role and way."""
    found = queries.measured(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    acts = [
        {
            "title": kind.label,
            "kind": kind.value,
            "all": found.overall[kind],
            "lines": found.acts[kind],
            "bars": [(line.role, line.seconds) for line in found.roles[kind] if line.seconds is not None],
        }
        for kind in queries.KINDS
        if kind in found.acts
    ]
    page = {
        "acts": acts,
        "sign_in": found.overall.get(Effort.Kind.SIGN_IN),
        "unlock": found.overall.get(Effort.Kind.UNLOCK),
        "hand_over": found.overall.get(Effort.Kind.HAND_OVER),
        "daily": found.days,
        "locks": [(line.role, line.seconds) for line in found.locks],
        "alerts": [(line.role, line.seconds) for line in found.alerts],
        "days": policy.EFFORT_SHOWN.days,
    }
    return render(request, "identity/effort.html", page)
