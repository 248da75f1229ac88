"""Setup: people and roles, and the grid of rights."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.security.access import policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound, Refused
from alcove.security.access.guards import guard
from alcove.security.access.models import Role, Version
from alcove.security.access.policy import Access
from alcove.security.identity import actions
from alcove.security.identity.actions import contacts, directory_ties, recovery
from alcove.security.identity.actions.clearing import note_registration
from alcove.security.identity.forms import (
    DoorRuleForm,
    IdentityForm,
    PersonForm,
    RecoveryForm,
    RoleForm,
    RolesForm,
    TemporaryRoleForm,
)
from alcove.security.identity.models import DirectoryAccount, Person
from alcove.security.identity.policy import People
from alcove.security.identity.queries import clearing, door_rules, explain, rights_file, staying


def person_of(person_id: UUID) -> Person:
    """Return one of the staff; raise ``NotFound``."""
    found = (
        Person.objects.filter(pk=person_id, kind=Person.Kind.STAFF)
        .prefetch_related("memberships__role")
        .first()
    )
    if found is None:
        raise NotFound("there is no such person")
    return found


def role_of(role_id: UUID) -> Role:
    """Return a role; raise ``NotFound``."""
    found = Role.objects.filter(pk=role_id).first()
    if found is None:
        raise NotFound("there is no such role")
    return found


@guard(GET=Access.VIEW)
def people(request: HttpRequest) -> HttpResponse:
    """List everyone with an account."""
    rows = Person.objects.filter(kind=Person.Kind.STAFF).order_by(
        F("suspended_at").asc(nulls_first=True), "name"
    )
    people = [
        {"row": row, "missing": clearing.missing(row) if row.is_active else [], "state": _state(row)}
        for row in rows.prefetch_related("memberships__role", "factors", "passkeys")
    ]
    page = {"people": people, "findings": staying.findings()}
    return render(request, "identity/people.html", page)


def _state(row: Person) -> tuple[str, str]:
    """Return (word, tone) of an account's chip."""
    if row.suspended_why == Person.Why.LEFT or row.has_left(timezone.now()):
        return "Left", ""
    return ("Active", "ok") if row.is_active else ("Suspended", "warn")


@guard(GET=People.ADD, POST=People.ADD)
def new_person(request: HttpRequest) -> HttpResponse:
    """Add a staff account; the answer shows its set-up link once."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
        try:
            person = _add(actor, dict(form.cleaned_data))
        except Refused as refused:
            form.add_error("roles", str(refused))
        else:
            link = actions.make_link(actor, person)
            contacts.welcome(actor, person, link.token)
            url = request.build_absolute_uri(reverse("identity:first_password", args=[link.token]))
            return render(request, "identity/person_added.html", {"person": person, "link": link, "url": url})
    return render(request, "identity/new_person.html", {"form": form}, status=422 if form.is_bound else 200)


def _add(actor: Actor, given: dict[str, Any]) -> Person:
    number, body = given.pop("registration"), given.pop("registration_body")
    ends_on = given.pop("registration_ends_on")
    person = actions.add_person(actor, **given)
    if number:
        note_registration(
            actor, person, registration=number, body=body, ends_on=ends_on, given_by=given["given_by"]
        )
    return person


@guard(GET=Access.VIEW, POST=Access.EDIT_ROLES)
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Show one person and what they may do; POST sets their roles."""
    found = person_of(person_id)
    form = RolesForm(
        request.POST or None,
        initial={"roles": [item.role_id for item in found.memberships.all() if item.ends_at is None]},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_roles(request.actor, found, list(form.cleaned_data["roles"]))  # type: ignore[attr-defined]  # middleware
        except Refused as refused:
            form.add_error("roles", str(refused))
            return _person_page(request, found, form, 403)
        return HttpResponseRedirect(reverse("identity:person", args=[found.id]) + "?done=roles")
    return _person_page(request, found, form, 422 if form.is_bound else 200)


def _person_page(request: HttpRequest, found: Person, form: RolesForm, status: int) -> HttpResponse:
    return render(request, "identity/person.html", page_of(request, found) | {"form": form}, status=status)


def page_of(request: HttpRequest, found: Person) -> dict[str, Any]:
    """Return what a person's page shows, but for its forms."""
    now, actor = timezone.now(), request.actor  # type: ignore[attr-defined]  # set by the middleware
    is_self = found.id == actor.id
    roles = RolesForm(
        initial={"roles": [item.role_id for item in found.memberships.all() if item.ends_at is None]}
    )
    return {
        "person": found,
        "form": roles,
        "identity_form": IdentityForm(),
        "tie": DirectoryAccount.objects.filter(person=found).first(),
        "lend_form": TemporaryRoleForm(),
        "recovery_form": RecoveryForm(),
        "recovery_waits": recovery.waiting_for(found),
        "recovery_granted": recovery.granted_to(actor.id, found),
        "steps": clearing.steps(found),
        "missing": clearing.missing(found),
        "origin": clearing.origin(found),
        "lent": [item for item in found.memberships.all() if item.ends_at is not None and item.ends_at > now],
        "has_left": found.has_left(now),
        "state": _state(found),
        "explained": explain.rights_of(found),
        "sessions": found.sessions.filter(ended_at__isnull=True).count(),
        "is_self": is_self,
        "may_add": actor.holds(People.ADD),
        "may_check": actor.holds(People.ADD) and not is_self,
        "may_give": actor.holds(Access.EDIT_ROLES) and not is_self,
        "may_suspend": actor.holds(People.SUSPEND) and not is_self,
        "is_typer": found.typed_by_id == actor.id,
        "is_registration_typer": found.registration_typed_by_id == actor.id,
        "findings": [one for one in staying.shared_use() if one.person_id == found.id],
    }


@guard(POST=People.SUSPEND)
def suspend(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Suspend an account at once, or lift its suspension."""
    found = person_of(person_id)
    deed, done = (actions.suspend, "suspended") if found.is_active else (actions.restore, "restored")
    deed(request.actor, found)  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(reverse("identity:person", args=[found.id]) + f"?done={done}")


@guard(POST=People.SUSPEND, fresh=True)
def untie(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Part somebody's account from the practice's directory."""
    directory_ties.untie_directory(request.actor, person_of(person_id))  # type: ignore[attr-defined]  # middleware
    return HttpResponseRedirect(reverse("identity:person", args=[person_id]) + "?done=untied")


@guard(POST=People.ADD, fresh=True)
def reset_factors(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Ask a second administrator for the recovery of an account; once it is granted, show its set-up link once."""
    found, actor = person_of(person_id), request.actor  # type: ignore[attr-defined]  # set by the middleware
    try:
        if "purpose" in request.POST:
            form = RecoveryForm(request.POST)
            if not form.is_valid():
                page = page_of(request, found) | {"recovery_form": form}
                return render(request, "identity/person.html", page, status=422)
            recovery.ask_two(actor, found, purpose=form.cleaned_data["purpose"])
            return HttpResponseRedirect(reverse("identity:person", args=[found.id]) + "?done=asked")
        link = recovery.recover_by_two(actor, found)
    except Refused as refused:
        page = page_of(request, found) | {"refused": str(refused)}
        return render(request, "identity/person.html", page, status=403)
    url = request.build_absolute_uri(reverse("identity:first_password", args=[link.token]))
    return render(
        request, "identity/person_added.html", {"person": found, "link": link, "url": url, "is_reset": True}
    )


@guard(GET=Access.VIEW, POST=Access.EDIT_ROLES)
def roles(request: HttpRequest) -> HttpResponse:
    """List roles; POST adds one."""
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add_role(request.actor, **form.cleaned_data)  # type: ignore[attr-defined]  # middleware
        except Refused as refused:
            form.add_error("copy_of", str(refused))
        else:
            return HttpResponseRedirect(reverse("identity:role", args=[made.id]))
    rows = Role.objects.prefetch_related("memberships__person")
    page = {
        "roles": rows,
        "form": form,
        "unknown": rights_file.unknown_in_force(),
        "files": rights_file.waiting().exists(),
    }
    return render(request, "identity/roles.html", page, status=422 if form.is_bound else 200)


def _grid(ticked: set[str], *, disabled: bool) -> dict[str, Any]:
    return {
        "legend": "Rights by area",
        "row_title": "Area",
        "columns": [{"title": word} for word in policy.VERBS.values()],
        "rows": [
            {
                "title": title,
                "cells": [
                    {
                        "name": "right",
                        "value": policy.cell(area, verb),
                        "checked": policy.cell(area, verb) in ticked,
                        "disabled": disabled,
                        "label": word,
                    }
                    for verb, word in policy.VERBS.items()
                ],
            }
            for area, title in policy.AREAS.items()
        ],
    }


def _singles() -> list[tuple[str, list[tuple[str, str]]]]:
    cells = {policy.cell(area, verb) for area in policy.AREAS for verb in policy.VERBS}
    hidden = ("identity.door.", "account.")
    by_area: dict[str, list[tuple[str, str]]] = {}
    for key, permission in sorted(policy.known().items()):
        if key not in cells and not key.startswith(hidden):
            title = policy.AREAS.get(key.partition(".")[0], key.partition(".")[0].title())
            by_area.setdefault(title, []).append((key, permission.value.meaning))
    return list(by_area.items())


@guard(GET=Access.VIEW, POST=Access.EDIT_ROLES)
def role(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Show a role's rights; POST ticks exactly those sent."""
    found = role_of(role_id)
    if request.method != "POST":
        return role_page(request, found)
    # What everyone may do with their own account is no tick of the grid: it stays as it is.
    own = {key for key in found.rights if key.startswith("account.")}
    ticked = set(request.POST.getlist("right")) | own
    try:
        actions.set_rights(request.actor, found, ticked)  # type: ignore[attr-defined]  # set by the middleware
    except Refused as refused:
        return role_page(request, found, ticked=ticked, error=str(refused), status=403)
    return HttpResponseRedirect(reverse("identity:role", args=[found.id]) + "?done=rights")


def role_page(
    request: HttpRequest, found: Role, *, ticked: set[str] | None = None, error: str = "",
    door_form: DoorRuleForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Return a role's page, with what was typed and could not be saved."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    may_edit = actor.holds(Access.EDIT_ROLES)
    ticked = set(found.rights) if ticked is None else ticked
    page = {
        "role": found,
        "grid": _grid(ticked, disabled=not may_edit),
        "singles": _singles(),
        "ticked": ticked,
        "error": error,
        "may_edit": may_edit,
        "holders": [item.person for item in found.memberships.select_related("person")],
        "versions": Version.objects.filter(object_id=found.id).order_by("-at")[:10],
        "door_form": door_form or DoorRuleForm(initial=door_rules.of(found)),
        "door_words": door_rules.words(found),
    }
    return render(request, "identity/role.html", page, status=status)


@guard(POST=Access.EDIT_ROLES)
def delete_role(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Delete a role of one's own making that nobody holds."""
    actions.delete_role(request.actor, role_of(role_id))  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(reverse("identity:roles") + "?done=removed")
