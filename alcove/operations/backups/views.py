"""Setup: backups, and the recovery key's shares."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.operations.backups import actions, queries
from alcove.operations.backups.forms import SharesForm
from alcove.operations.backups.policy import Backups
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard
from alcove.security.vault.shares import WrongShare


@guard(GET=Backups.VIEW)
def backups(request: HttpRequest) -> HttpResponse:
    """Where backups lie, how old they are, how the last rehearsals went, and whether the recovery key was tried."""
    return _page(request)


def _page(
    request: HttpRequest, *, form: SharesForm | None = None, problem: str = "", status: int = 200
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "all": queries.overview(actor),
        "late_hours": policy.BACKUP_LATE // timedelta(hours=1),
        "offline_days": settings.ALCOVE.offline_days,
        "kept_days": policy.BACKUP_KEPT.days,
        "key_days": policy.KEY_COPY_LIFE.days,
        "may_recover": actor.holds(Backups.RECOVERY),
        "form": form or SharesForm(),
        "problem": problem,
    }
    return render(request, "backups/backups.html", page, status=status)


@guard(GET=Backups.RECOVERY, POST=Backups.RECOVERY, fresh=True)
def shares(request: HttpRequest) -> HttpResponse:
    """Ask before a recovery key is made; POST makes it and shows its three shares, once."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    if request.method != "POST":
        return render(request, "backups/shares_ask.html", {"key": queries.recovery()})
    key, texts = actions.make_recovery(actor)
    numbered = list(enumerate(texts, 1))
    return render(request, "backups/shares.html", {"key": key, "shares": numbered})


@guard(POST=Backups.RECOVERY)
def try_shares(request: HttpRequest) -> HttpResponse:
    """Try two shares; what was typed is neither kept nor shown again where it was right."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = SharesForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        actions.try_recovery(actor, [form.cleaned_data["first"], form.cleaned_data["second"]])
    except WrongShare as wrong:
        form.add_error("second", str(wrong))
        return _page(request, form=form, status=422)
    except Conflict as conflict:
        return _page(request, form=form, problem=str(conflict), status=409)
    return HttpResponseRedirect(reverse("backups:backups") + "?done=shares_tried")
