"""Setup: the practice's security settings, and what waits for a second person."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.security.access import approvals as two_people
from alcove.security.access.audiences import Category
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard
from alcove.security.access.models import Approval, ExcludedRegion
from alcove.security.access.policy import Access
from alcove.security.access.rules import RULES, OutOfBounds
from alcove.security.identity import actions
from alcove.security.identity.forms import RegionsForm
from alcove.security.identity.models import Person
from alcove.security.identity.queries import rights_file as rights_files
from alcove.security.identity.queries import support

WORDS = {
    "export": "Export of many clients",
    "root_key": "Export or destroy a root key",
    "recovery": "Recovery of an account without factors",
}
"""What each kind of approval is, in words."""


@guard(GET=Access.VIEW, POST=Access.EDIT_RULES)
def rules(request: HttpRequest) -> HttpResponse:
    """Show every setting with its bounds and source; POST sets one."""
    if request.method != "POST":
        return _rules_page(request)
    rule = RULES.get(request.POST.get("key", ""))
    if rule is None:
        return _rules_page(request, error="There is no such setting.")
    typed = request.POST.get("value", "").strip()[:12]
    try:
        actions.choose(request.actor, rule, int(typed))  # type: ignore[attr-defined]  # set by the middleware
    except ValueError:
        return _rules_page(request, rule.key, typed, "Enter a whole number.")
    except OutOfBounds as bounds:
        return _rules_page(request, rule.key, typed, str(bounds))
    except Conflict:
        return HttpResponseRedirect(reverse("identity:rules"))
    return HttpResponseRedirect(reverse("identity:rules") + "?done=rule")


@guard(POST=Access.EDIT_RULES)
def regions(request: HttpRequest) -> HttpResponse:
    """Choose where sensitive entries are never given out to."""
    form = RegionsForm(request.POST)
    if not form.is_valid():
        return _rules_page(request, regions_form=form)
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    codes = form.cleaned_data["regions"]
    with suppress(Conflict):
        actions.exclude_regions(actor, codes, form.cleaned_data["categories"] if codes else ())
    return HttpResponseRedirect(reverse("identity:rules") + "?done=regions")


def _regions() -> RegionsForm:
    held = list(ExcludedRegion.objects.order_by("code"))
    categories = held[0].categories if held else (Category.REPRODUCTIVE, Category.GENDER)
    lines = "\n".join(row.code for row in held)
    return RegionsForm(initial={"regions": lines, "categories": list(categories)})


def _rules_page(
    request: HttpRequest,
    key: str = "",
    typed: str = "",
    error: str = "",
    regions_form: RegionsForm | None = None,
) -> HttpResponse:
    rows = [
        {
            "rule": rule,
            "value": rule.chosen,
            "typed": typed if rule.key == key else rule.chosen,
            "error": error if rule.key == key else "",
        }
        for rule in RULES.values()
    ]
    may_edit = request.actor.holds(Access.EDIT_RULES)  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "rows": rows,
        "may_edit": may_edit,
        "regions": regions_form or _regions(),
        "excluded": ExcludedRegion.objects.order_by("code"),
    }
    status = 422 if error or regions_form is not None else 200
    return render(request, "identity/rules.html", page, status=status)


@guard(GET=Access.VIEW)
def approvals(request: HttpRequest) -> HttpResponse:
    """List what waits for a second person and what was decided lately."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    decided = Approval.objects.filter(decided_at__isnull=False).order_by("-decided_at")[:20]
    names = Person.objects.in_bulk([row.decided_by_id for row in decided if row.decided_by_id])
    page: dict[str, Any] = {
        "waiting": [
            {"approval": row, "words": WORDS.get(row.kind, row.kind), "is_own": row.asked_by_id == actor.id}
            for row in two_people.waiting()
        ],
        "decided": [
            {"approval": row, "words": WORDS.get(row.kind, row.kind), "decider": names.get(row.decided_by_id)}
            for row in decided
        ],
        "files": list(rights_files.waiting()),
        "support": support.waiting(),
        "may_decide": actor.holds(Access.APPROVE),
    }
    return render(request, "identity/approvals.html", page)


@guard(POST=Access.APPROVE, fresh=True)
def approval(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Approve or refuse what someone else asked for."""
    found = Approval.objects.filter(pk=approval_id).first()
    if found is None:
        raise NotFound("there is no such request")
    two_people.decide(request.actor, found, is_granted=request.POST.get("grant") == "yes")  # type: ignore[attr-defined]  # middleware
    return HttpResponseRedirect(reverse("identity:approvals") + "?done=decided")
