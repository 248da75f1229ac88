"""Setup, Roles: rights from a file or from an older version, shown as a difference before an owner decides."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.guards import guard
from alcove.security.access.models import RightsFile
from alcove.security.access.opening import record_refusal
from alcove.security.access.policy import Access
from alcove.security.identity.actions import rights_file as deeds
from alcove.security.identity.forms import RightsFileForm
from alcove.security.identity.queries import rights_file as queries
from alcove.security.identity.queries.explain import names


@guard(GET=Access.VIEW, POST=Access.EDIT_ROLES)
def rights_file(request: HttpRequest) -> HttpResponse:
    """Show what waits with its difference, what counts as none, and the form; POST brings a file."""
    form = RightsFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        deeds.bring_file(request.actor, given["file"], purpose=given["purpose"])  # type: ignore[attr-defined]  # middleware
        return HttpResponseRedirect(reverse("identity:roles_file") + "?done=rights_file")
    return _page(request, form, status=422 if form.is_bound else 200)


def _page(
    request: HttpRequest, form: RightsFileForm | None = None, *, problem: str = "", status: int = 200
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    decided = queries.lately_decided()
    deciders = names(one.decided_by_id for one in decided)
    page = {
        "form": form or RightsFileForm(),
        "waiting": [queries.shown(one) for one in queries.waiting()],
        "unknown": queries.unknown_in_force(),
        "decided": [
            (
                one,
                deciders.get(one.decided_by_id or one.id, ""),
                sum(len(gone) for gone in one.taken.values()),
            )
            for one in decided
        ],
        "problem": problem,
        "own_id": actor.id,
        "may_edit": actor.holds(Access.EDIT_ROLES),
    }
    return render(request, "identity/rights_file.html", page, status=status)


@guard(POST=Access.EDIT_ROLES)
def download(request: HttpRequest) -> HttpResponse:
    """Download the rights of all roles as the file this page reads."""
    data = deeds.export_roles(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    answer = HttpResponse(data, content_type="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="rights-of-roles.json"'
    return answer


@guard(POST=Access.EDIT_ROLES, fresh=True)
def decide(request: HttpRequest, rights_file_id: UUID) -> HttpResponse:
    """Approve a file, as far as it takes away, or put it aside."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    brought = RightsFile.objects.filter(pk=rights_file_id).first()
    if brought is None:
        raise NotFound("there is no such file")
    try:
        if request.POST.get("decide") == "approve":
            deeds.approve_file(actor, brought, seen=request.POST.get("seen", ""))
        else:
            deeds.refuse_file(actor, brought)
    except Refused as refused:
        record_refusal(actor, refused.needed, where="identity:roles_file_decide")
        return _page(request, problem=str(refused), status=403)
    except Conflict as conflict:
        return _page(request, problem=str(conflict), status=409)
    return HttpResponseRedirect(reverse("identity:roles_file") + "?done=decided")


@guard(POST=Access.EDIT_ROLES, fresh=True)
def unknown(request: HttpRequest) -> HttpResponse:
    """Confirm that words no right goes by are taken out of the roles."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    try:
        deeds.drop_unknown(actor)
    except Refused as refused:
        record_refusal(actor, refused.needed, where="identity:roles_unknown")
        return _page(request, problem=str(refused), status=403)
    except Conflict as conflict:
        return _page(request, problem=str(conflict), status=409)
    return HttpResponseRedirect(reverse("identity:roles_file") + "?done=decided")
