"""Setup: the menu. A service has a page with its facts, who does it, what it needs, and what it requires."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.practice import actions
from alcove.clinic.practice.forms.menu import (
    AgeForm,
    CategoryForm,
    DoesForm,
    EarlierForm,
    FormForm,
    NeedsForm,
    ServiceForm,
)
from alcove.clinic.practice.forms.sheet import Sheet
from alcove.clinic.practice.models import Category, Prerequisite, Service
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.clinic.practice.queries import money
from alcove.clinic.practice.queries.menu import mark_of_does, mark_of_needs, offered, rules_of
from alcove.clinic.practice.views.saving import CLASH, actor_of, done, may_edit, row_of, saved, sent, sheet
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard


@guard(GET=PracticeRight.VIEW)
def menu(request: HttpRequest) -> HttpResponse:
    """The menu by category, in the order in which it is shown."""
    page = {"categories": offered(), "may_edit": may_edit(request), "refused": ""}
    return render(request, "practice/menu.html", page)


# Categories --------------------------------------------------------------------------------------------------------


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def new_category(request: HttpRequest) -> HttpResponse:
    """Add a heading."""
    form, status = CategoryForm(sent(request)), 200
    if request.method == "POST":
        status = saved(form, partial(actions.add_category, actor_of(request)))
        if not status:
            return done("practice:menu", word="created")
    return _menu_sheet(request, form, "Add a category", status, verb="Add")


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def category(request: HttpRequest, category_id: UUID) -> HttpResponse:
    """Rename a heading or take it off the online menu."""
    row = row_of(Category, category_id)
    form, status = CategoryForm(sent(request), row=row), 200
    if request.method == "POST":
        status = saved(form, partial(actions.change_category, actor_of(request), row), row=row)
        if not status:
            return done("practice:menu")
    more = {} if row.services.exists() else {"remove": reverse("practice:category_remove", args=[row.pk])}
    return _menu_sheet(request, form, "Category", status, remove_verb="Remove it", **more)


def _menu_sheet(request: HttpRequest, form: Sheet, title: str, status: int, **more: Any) -> HttpResponse:
    back = reverse("practice:menu")
    return sheet(request, form, title=title, back=back, crumbs=[("Menu", back)], status=status, **more)


@guard(POST=PracticeRight.EDIT)
def remove_category(request: HttpRequest, category_id: UUID) -> HttpResponse:
    """Remove a heading that holds nothing."""
    row = row_of(Category, category_id)
    try:
        actions.remove_category(actor_of(request), row)
    except Conflict as conflict:
        page = {"categories": offered(), "may_edit": True, "refused": str(conflict)}
        return render(request, "practice/menu.html", page, status=409)
    return done("practice:menu", word="removed")


@guard(POST=PracticeRight.EDIT)
def move_category(request: HttpRequest, category_id: UUID) -> HttpResponse:
    """Move a heading one place."""
    return _move(request, actions.move_category, row_of(Category, category_id))


@guard(POST=PracticeRight.EDIT)
def move_service(request: HttpRequest, service_id: UUID) -> HttpResponse:
    """Move a service one place within its category."""
    return _move(request, actions.move_service, row_of(Service, service_id))


def _move(request: HttpRequest, deed: Any, row: Category | Service) -> HttpResponse:
    try:
        deed(actor_of(request), row, steps=-1 if request.POST.get("to") == "up" else 1)
    except actions.Unchanged:
        # The first cannot go further up, the last not further down.
        return done("practice:menu")
    return done("practice:menu")


# Services ----------------------------------------------------------------------------------------------------------


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def new_service(request: HttpRequest) -> HttpResponse:
    """Add a service."""
    form = ServiceForm(sent(request), initial={"category": request.GET.get("in")})
    status = 200
    if request.method == "POST":
        made: list[Service] = []
        status = saved(form, partial(_add_service, request, made))
        if not status:
            return done("practice:service", made[0].pk, word="created")
    if not Category.objects.exists():
        return done("practice:new_category")
    return _menu_sheet(request, form, "Add a service", status, verb="Add")


def _add_service(request: HttpRequest, made: list[Service], *, category: Category, **values: Any) -> None:
    made.append(actions.add_service(actor_of(request), category, **values))


@guard(GET=PracticeRight.VIEW, POST=PracticeRight.EDIT)
def service(request: HttpRequest, service_id: UUID) -> HttpResponse:
    """One service: its facts, who does it, what it needs and requires."""
    row = row_of(Service, service_id, "category", "alternative")
    form, status = ServiceForm(sent(request), row=row), 200
    if request.method == "POST":
        status = saved(form, partial(actions.change_service, actor_of(request), row), row=row)
        if not status:
            return done("practice:service", row.pk, word="fits")
    return _service(request, row, status, form=form)


def _service(request: HttpRequest, row: Service, status: int = 200, **forms: Any) -> HttpResponse:
    page: dict[str, Any] = {
        "service": row, "form": ServiceForm(row=row), "does_form": DoesForm(service=row),
        "needs_form": NeedsForm(service=row), "rules": rules_of(row),
        "price": money.said(row.price_minor, money.currency()), "may_edit": may_edit(request),
    }  # fmt: skip
    return render(request, "practice/service.html", page | forms, status=status)


@guard(POST=PracticeRight.EDIT)
def does(request: HttpRequest, service_id: UUID) -> HttpResponse:
    """Say who does a service."""
    row = row_of(Service, service_id, "category")
    form = DoesForm(request.POST, service=row)
    status = saved(form, partial(actions.set_does, actor_of(request), row))
    if status == CLASH:
        form.show_anew(mark_of_does(row))
    return (
        _service(request, row, status, does_form=form)
        if status
        else done("practice:service", row.pk, word="fits")
    )


@guard(POST=PracticeRight.EDIT)
def needs(request: HttpRequest, service_id: UUID) -> HttpResponse:
    """Say where a service is done and with what."""
    row = row_of(Service, service_id, "category")
    form = NeedsForm(request.POST, service=row)
    status = saved(form, partial(actions.set_needs, actor_of(request), row))
    if status == CLASH:
        form.show_anew(mark_of_needs(row))
    return (
        _service(request, row, status, needs_form=form)
        if status
        else done("practice:service", row.pk, word="fits")
    )


RULES = {"age": "Require an age", "earlier": "Require an earlier service", "form": "Require a form"}


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def new_rule(request: HttpRequest, service_id: UUID, rule: str) -> HttpResponse:
    """Require something before a service is booked online."""
    row = row_of(Service, service_id)
    if rule not in RULES:
        raise NotFound("there is no such kind of rule")
    form, deed = _rule(request, row, rule)
    status, back = 200, reverse("practice:service", args=[row.pk])
    if request.method == "POST":
        status = saved(form, deed)
        if not status:
            return done("practice:service", row.pk, word="created")
    crumbs = [("Menu", reverse("practice:menu")), (row.name, back)]
    fact = f"Before {row.name} is booked online. Staff are told, and may book it all the same."
    return sheet(
        request, form, title=RULES[rule], back=back, crumbs=crumbs, status=status, fact=fact,
        verb="Require it",
    )  # fmt: skip


def _rule(request: HttpRequest, row: Service, rule: str) -> tuple[Sheet, Any]:
    data, actor = sent(request), actor_of(request)
    if rule == Prerequisite.Kind.AGE:
        return AgeForm(data), partial(actions.require_age, actor, row)
    if rule == Prerequisite.Kind.FORM:
        return FormForm(data), partial(actions.require_form, actor, row)
    return EarlierForm(data, service=row), partial(_require_earlier, actor, row)


def _require_earlier(actor: Any, row: Service, *, earlier: Service, **values: Any) -> None:
    actions.require_earlier(actor, row, earlier, **values)


@guard(POST=PracticeRight.EDIT)
def remove_rule(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Require something no more."""
    row = row_of(Prerequisite, rule_id)
    try:
        actions.remove_prerequisite(actor_of(request), row)
    except Conflict:
        # Somebody else removed it a moment ago: what was wanted is so.
        return done("practice:service", row.service_id)
    return done("practice:service", row.service_id, word="removed")
