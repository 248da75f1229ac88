"""Setup: how every part is; and the same as figures for a monitor of one's own."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.operations.monitoring import actions, queries
from alcove.operations.monitoring.models import Part
from alcove.operations.monitoring.policy import Health
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard, public
from alcove.security.identity.middleware import address


@guard(GET=Health.VIEW)
def health(request: HttpRequest) -> HttpResponse:
    """Every part: how it is now, since when, who was told and who looks after it."""
    return _page(request)


def _page(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    lines = queries.health(actor)
    page = {
        "lines": lines,
        "failing": sum(one.look.state == Part.State.BAD for one in lines),
        "may_take": actor.holds(Health.ANSWER),
        "deputy_minutes": int(policy.DEPUTY_AFTER.total_seconds()) // 60,
        "problem": problem,
    }
    return render(request, "monitoring/health.html", page, status=status)


@guard(POST=Health.ANSWER)
def take(request: HttpRequest, part_key: str) -> HttpResponse:
    """Take a failing part upon oneself."""
    if part_key not in queries.TITLES:
        raise NotFound("there is no such part")
    try:
        actions.take(request.actor, part_key)  # type: ignore[attr-defined]  # set by the middleware
    except Conflict as conflict:
        return _page(request, problem=str(conflict), status=409)
    return HttpResponseRedirect(reverse("monitoring:health") + "?done=saved")


@public("figures for a monitor: this machine or a token only, nothing about a person")
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures in Prometheus' text format; 404 to everybody else, as for an address there is none of."""
    if not (_is_this_machine(request) or _has_token(request)):
        raise NotFound("there is nothing here")
    text = "\n".join(queries.metrics()) + "\n"
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _is_this_machine(request: HttpRequest) -> bool:
    """Whether whoever asks sits on this machine. Behind a proxy everybody seems to, so there only a token counts."""
    if settings.ALCOVE.trusted_proxy:
        return False
    try:
        return ip_address(address(request)).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    file = settings.ALCOVE.metrics_token_file
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if file is None or not given:
        return False
    wanted = file.read_text("utf-8").strip()
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())
