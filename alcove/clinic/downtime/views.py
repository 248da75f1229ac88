"""The downtime packs: how old they are, their download, and their passphrase, shown once."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify

from alcove.clinic.downtime import actions, queries
from alcove.clinic.downtime.policy import Downtime
from alcove.clinic.downtime.queries.forms import FORMS
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard


@guard(GET=Downtime.VIEW)
def packs(request: HttpRequest) -> HttpResponse:
    """The newest pack of each location, with its age, its end and a way to download it."""
    return _page(request)


def _page(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "all": queries.packs(actor),
        "may_fetch": actor.holds(Downtime.FETCH),
        "may_phrase": actor.holds(Downtime.PHRASE),
        "late_hours": int(policy.DOWNTIME_LATE.total_seconds()) // 3600,
        "fetch_hours": int(policy.DOWNTIME_FETCH_LATE.total_seconds()) // 3600,
        "life_hours": int(policy.DOWNTIME_LIFE.total_seconds()) // 3600,
        "phrase_days": policy.DOWNTIME_PHRASE_AGE.days,
        "problem": problem,
    }
    return render(request, "downtime/packs.html", page, status=status)


@guard(GET=Downtime.VIEW)
def forms(request: HttpRequest) -> HttpResponse:
    """The blank forms, a page each, to print before they are needed. Nobody's data is on them."""
    return render(request, "downtime/forms.html", {"forms": FORMS})


@guard(POST=Downtime.PHRASE, fresh=True)
def phrase(request: HttpRequest) -> HttpResponse:
    """Make a new passphrase and show it, this once, on a page to print."""
    words = actions.make_phrase(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    return render(request, "downtime/phrase.html", {"words": words, "phrase": queries.phrase()})


@guard(POST=Downtime.FETCH, fresh=True)
def fetch(request: HttpRequest, location_id: UUID) -> HttpResponse:
    """The encrypted pack as a file; its name says location and day, no client."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    try:
        pack = queries.pack(actor, location_id)
        content = actions.fetch_pack(actor, pack)
    except Conflict as gone:
        return _page(request, str(gone), status=409)
    made = pack.made_at.astimezone(pack.location.zone)
    name = f"downtime-{slugify(pack.location.name) or 'pack'}-{made:%Y-%m-%d-%H%M}.html"
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
