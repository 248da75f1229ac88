"""Adding, changing and taking off: one form for each list."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.practice.forms.sheet import Sheet
from alcove.clinic.practice.views.saving import actor_of, done, saved, sent
from alcove.compliance.continuity import actions
from alcove.compliance.continuity.forms import (
    ContactForm,
    EndForm,
    EntrantForm,
    HowForm,
    StepForm,
    TrialForm,
    WithdrawForm,
)
from alcove.compliance.continuity.models import Contact, Entrant, Listed, Step, Trial
from alcove.compliance.continuity.policy import Continuity
from alcove.compliance.continuity.queries import pages
from alcove.compliance.continuity.views.page import PAGE
from alcove.security.access.guards import guard

Deed = Callable[..., Any]


def _draw(
    request: HttpRequest, form: Sheet, title: str, status: int = 200, ending: Sheet | None = None, **more: Any
) -> HttpResponse:
    page = {"form": form, "title": title, "back": reverse(PAGE), "verb": "Save", "ending": ending}
    return render(request, "continuity/sheet.html", page | more, status=status)


def _new(request: HttpRequest, form: Sheet, deed: Deed, title: str) -> HttpResponse:
    status = 200
    if request.method == "POST":
        status = saved(form, partial(deed, actor_of(request)))
        if not status:
            return done(PAGE, word="created")
    return _draw(request, form, title, status, verb="Add")


def _change(
    request: HttpRequest, row: Listed, form: Sheet, deed: Deed, title: str, **more: Any
) -> HttpResponse:
    status = 200
    if request.method == "POST":
        status = saved(form, partial(deed, actor_of(request), row), row=row)
        if not status:
            return done(PAGE)
    return _draw(request, form, title, status, **more)


def _end(
    request: HttpRequest, row: Listed, form: Sheet, deed: Deed, title: str, *, shown: Sheet, **more: Any
) -> HttpResponse:
    """``form`` takes it off; ``shown`` is the one beside it, drawn again where that is refused."""
    status = saved(form, partial(deed, actor_of(request), row), row=row)
    return _draw(request, shown, title, status, form, **more) if status else done(PAGE, word="ended")


# The recovery order ---------------------------------------------------------------------------------------------------


@guard(GET=Continuity.EDIT, POST=Continuity.EDIT)
def new_step(request: HttpRequest) -> HttpResponse:
    """Add a system to the recovery order."""
    return _new(request, StepForm(sent(request)), actions.add_step, "Add a system")


def _of_step(row: Step) -> dict[str, Any]:
    return {"end_url": reverse("continuity:end_step", args=[row.pk]), "end_title": "Take it off the order"}


@guard(GET=Continuity.EDIT, POST=Continuity.EDIT)
def step(request: HttpRequest, step_id: UUID) -> HttpResponse:
    """Change a system of the recovery order."""
    row = pages.live(Step, step_id)
    form = StepForm(sent(request), row=row)
    return _change(
        request, row, form, actions.change_step, row.name, ending=EndForm(row=row), **_of_step(row)
    )


@guard(POST=Continuity.EDIT)
def end_step(request: HttpRequest, step_id: UUID) -> HttpResponse:
    """Take a system off the recovery order."""
    row = pages.live(Step, step_id)
    shown = StepForm(row=row)
    return _end(request, row, EndForm(request.POST), actions.end_step, row.name, shown=shown, **_of_step(row))


# Contacts -------------------------------------------------------------------------------------------------------------


@guard(GET=Continuity.EDIT, POST=Continuity.EDIT)
def new_contact(request: HttpRequest) -> HttpResponse:
    """Add whom to ring."""
    return _new(request, ContactForm(sent(request)), actions.add_contact, "Add a contact")


def _of_contact(row: Contact) -> dict[str, Any]:
    return {
        "end_url": reverse("continuity:end_contact", args=[row.pk]),
        "end_title": "Take them off the list",
    }


@guard(GET=Continuity.EDIT, POST=Continuity.EDIT)
def contact(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Change a contact."""
    row = pages.live(Contact, contact_id)
    form, more = ContactForm(sent(request), row=row), _of_contact(row)
    return _change(request, row, form, actions.change_contact, "Contact", ending=EndForm(row=row), **more)


@guard(POST=Continuity.EDIT)
def end_contact(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Take a contact off the list."""
    row = pages.live(Contact, contact_id)
    shown, more = ContactForm(row=row), _of_contact(row)
    return _end(request, row, EndForm(request.POST), actions.end_contact, "Contact", shown=shown, **more)


# Who may enter --------------------------------------------------------------------------------------------------------


@guard(GET=Continuity.EDIT, POST=Continuity.EDIT)
def new_entrant(request: HttpRequest) -> HttpResponse:
    """List somebody who may enter a location."""
    return _new(request, EntrantForm(sent(request)), actions.add_entrant, "Who may enter")


def _of_entrant(row: Entrant) -> dict[str, Any]:
    return {
        "fact": f"{row.name}, {row.location.name}",
        "end_url": reverse("continuity:end_entrant", args=[row.pk]),
        "end_title": "Take them off the list",
        "end_hint": "When key and card are back and the code is another one.",
    }


@guard(GET=Continuity.EDIT, POST=Continuity.EDIT)
def entrant(request: HttpRequest, entrant_id: UUID) -> HttpResponse:
    """Change how, or until when, somebody may enter."""
    row = pages.live(Entrant, entrant_id)
    form, more = HowForm(sent(request), row=row), _of_entrant(row)
    return _change(
        request, row, form, actions.change_entrant, "Who may enter", ending=EndForm(row=row), **more
    )


@guard(POST=Continuity.EDIT)
def end_entrant(request: HttpRequest, entrant_id: UUID) -> HttpResponse:
    """Take somebody off the list of who may enter."""
    row = pages.live(Entrant, entrant_id)
    shown, more = HowForm(row=row), _of_entrant(row)
    return _end(
        request, row, EndForm(request.POST), actions.end_entrant, "Who may enter", shown=shown, **more
    )


# Tests ----------------------------------------------------------------------------------------------------------------


@guard(GET=Continuity.EDIT, POST=Continuity.EDIT)
def new_trial(request: HttpRequest) -> HttpResponse:
    """Enter a test that was made. ``?location=`` names whose line it was."""
    initial = {"on": timezone.localdate(), "location": request.GET.get("location", "")[:36]}
    return _new(request, TrialForm(sent(request), initial=initial), actions.add_trial, "Enter a test")


def _of_trial(row: Trial) -> dict[str, Any]:
    return {
        "end_url": reverse("continuity:withdraw_trial", args=[row.pk]),
        "end_title": "Withdraw it",
        "end_hint": "If it was entered wrongly. It stays on the page as withdrawn, with your reason.",
    }


@guard(GET=Continuity.EDIT, POST=Continuity.EDIT)
def trial(request: HttpRequest, trial_id: UUID) -> HttpResponse:
    """Correct a test."""
    row = pages.live(Trial, trial_id)
    form, more = TrialForm(sent(request), row=row), _of_trial(row)
    return _change(
        request, row, form, actions.change_trial, "Correct a test", ending=WithdrawForm(row=row), **more
    )


@guard(POST=Continuity.EDIT)
def withdraw_trial(request: HttpRequest, trial_id: UUID) -> HttpResponse:
    """Withdraw a test that was entered wrongly."""
    row = pages.live(Trial, trial_id)
    form, shown = WithdrawForm(request.POST), TrialForm(row=row)
    return _end(request, row, form, actions.withdraw_trial, "Correct a test", shown=shown, **_of_trial(row))
