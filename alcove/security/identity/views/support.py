"""Setup: support access for the host's operator: who asks, who was let in, and what they looked at."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.security import policy_defaults as policy
from alcove.security.access import lockbox
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.guards import guard
from alcove.security.access.models import SupportAccess
from alcove.security.access.opening import record_refusal
from alcove.security.access.policy import Access, Log
from alcove.security.identity.actions import support as deeds
from alcove.security.identity.queries import support as queries


@guard(GET=Access.VIEW)
def support(request: HttpRequest) -> HttpResponse:
    """List requests, what was looked at by each, and attempts without leave."""
    return _page(request)


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "rows": queries.accesses(),
        "attempts": queries.attempts(),
        "is_hosted": lockbox.is_hosted(),
        "hours": int(policy.OPERATOR_ACCESS.total_seconds()) // 3600,
        "may_decide": actor.holds(Access.EDIT_ROLES),
        "may_end": actor.holds(Access.APPROVE),
        "may_read_log": actor.holds(Log.VIEW),
        "problem": problem,
    }
    return render(request, "identity/support.html", page, status=status)


def _found(support_id: UUID) -> SupportAccess:
    found = SupportAccess.objects.filter(pk=support_id).first()
    if found is None:
        raise NotFound("there is no such request")
    return found


@guard(POST=Access.EDIT_ROLES, fresh=True)
def decide(request: HttpRequest, support_id: UUID) -> HttpResponse:
    """Let the operator in, or refuse."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = _found(support_id)
    try:
        deeds.decide(actor, found, is_granted=request.POST.get("decide") == "approve")
    except Refused as refused:
        record_refusal(actor, refused.needed, where="identity:support_decide")
        return _page(request, problem=str(refused), status=403)
    except Conflict as conflict:
        return _page(request, problem=str(conflict), status=409)
    return HttpResponseRedirect(reverse("identity:support") + "?done=decided")


@guard(POST=Access.APPROVE)
def end(request: HttpRequest, support_id: UUID) -> HttpResponse:
    """End an access that is in force: no fresh sign-in, because closing a door is never too early."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = _found(support_id)
    try:
        deeds.end(actor, found)
    except Conflict as conflict:
        return _page(request, problem=str(conflict), status=409)
    return HttpResponseRedirect(reverse("identity:support") + "?done=ended")
