"""Setup: which version runs, what is newer, what it is made of and what of that is weak."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alcove.operations.releases import queries
from alcove.operations.releases.policy import Releases
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.guards import guard


@guard(GET=Releases.VIEW)
def releases(request: HttpRequest) -> HttpResponse:
    """Version, newer releases, open weaknesses, and every component."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "all": queries.overview(actor),
        "stale_days": policy.NEWS_STALE.days,
        "old_days": policy.WEAKNESS_OLD.days,
    }
    return render(request, "releases/releases.html", page)


@guard(GET=Releases.VIEW)
def bill(request: HttpRequest) -> HttpResponse:
    """Give out the bill of materials of this installation, as CycloneDX."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    text = json.dumps(queries.bill(actor), indent=1) + "\n"
    response = HttpResponse(text, content_type="application/vnd.cyclonedx+json")
    response["Content-Disposition"] = 'attachment; filename="alcove-bom.cdx.json"'
    return response
