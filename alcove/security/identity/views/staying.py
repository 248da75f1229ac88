"""Setup: until when someone stays, what they hold for a while, and from where and when a role signs in."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.guards import guard
from alcove.security.access.models import Role
from alcove.security.access.policy import Access
from alcove.security.identity.actions import door_rules as rules
from alcove.security.identity.actions import leaving
from alcove.security.identity.actions import roles as deeds
from alcove.security.identity.forms import DoorRuleForm, MomentForm, TemporaryRoleForm
from alcove.security.identity.models import Person
from alcove.security.identity.policy import People
from alcove.security.identity.views.clearing import back_to, refused_on
from alcove.security.identity.views.people import page_of, person_of, role_of, role_page


@guard(GET=People.SUSPEND, POST=People.SUSPEND)
def leave(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Set when someone leaves: now, at a moment ahead, or not after all."""
    found = person_of(person_id)
    when = request.POST.get("when", "")
    form = MomentForm(request.POST if request.method == "POST" and when == "then" else None)
    if request.method == "POST" and (when in {"now", "stays"} or form.is_valid()):
        moment = {"now": timezone.now(), "stays": None}.get(when) if when != "then" else None
        if when == "then":
            moment = form.cleaned_data["moment"]
        try:
            leaving.set_leaving(request.actor, found, leaves_at=moment)  # type: ignore[attr-defined]  # middleware
        except (Refused, Conflict) as refused:
            found.refresh_from_db()
            return _leave_page(request, found, form, str(refused), 409)
        if when == "now":
            # No need to wait for the worker.
            leaving.end_leaver(request.actor, found)  # type: ignore[attr-defined]  # set by the middleware
        return back_to(found, "leaving")
    return _leave_page(request, found, form, "", 422 if request.method == "POST" else 200)


def _leave_page(
    request: HttpRequest, found: Person, form: MomentForm, refused: str, status: int
) -> HttpResponse:
    page = {"form": form, "person": found, "refused": refused}
    return render(request, "identity/leave.html", page, status=status)


@guard(POST=Access.EDIT_ROLES)
def lend(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Give a role until a moment, or take it back before."""
    found = person_of(person_id)
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = TemporaryRoleForm(request.POST)
    try:
        if "end" in request.POST:
            deeds.end_loan(actor, found, role_of(_id(request.POST["end"])))
            return back_to(found, "roles")
        if form.is_valid():
            deeds.lend_role(actor, found, form.cleaned_data["role"], ends_at=form.cleaned_data["moment"])
            return back_to(found, "roles")
    except Refused as refused:
        return refused_on(request, found, refused)
    page = page_of(request, found) | {"lend_form": form}
    return render(request, "identity/person.html", page, status=422)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


@guard(POST=Access.EDIT_ROLES)
def door_rule(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Set where and when a role may sign in."""
    found: Role = role_of(role_id)
    form = DoorRuleForm(request.POST)
    if form.is_valid():
        try:
            rules.set_door_rule(request.actor, found, **form.cleaned_data)  # type: ignore[attr-defined]  # middleware
        except rules.LocksOneselfOut as locked:
            form.add_error(None, str(locked))
        else:
            return HttpResponseRedirect(reverse("identity:role", args=[found.id]) + "?done=door_rule")
    return role_page(request, found, door_form=form, status=422)
