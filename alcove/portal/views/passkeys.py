"""Patients' passkeys: coming in by one press, and keeping one's own. The rules are the staff's (``identity``)."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.portal import queries
from alcove.portal.forms import DoorForm
from alcove.portal.views.door import begun, stage_of
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import own, public
from alcove.security.identity import actions, throttle
from alcove.security.identity.actions import notices, patient_passkeys
from alcove.security.identity.forms import PasskeyForm, PasskeyNameForm
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.models import Person
from alcove.security.identity.passkeys import MOST_PASSKEYS, PasskeyRefused
from alcove.security.identity.policy import Did, Own
from alcove.security.identity.queries import factors
from alcove.security.identity.queries.patients import PROVED
from alcove.security.identity.views.asking import (
    asked,
    asked_to_make,
    began,
    place_of,
    renewed,
    spent,
    wants_question,
)
from alcove.security.identity.views.passkeys import NOT_MADE, NOT_TAKEN, Wrong, rows

# At the door ------------------------------------------------------------------------------------------------------


@public("passkey instead of a password, at the portal's sign-in page", "GET", "POST")
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Come in by a passkey. GET returns a new question for a page that stood open for long."""
    question = asked(request, patient_passkeys.DOOR)
    if request.method != "POST":
        return renewed(question)
    named_origin(request)
    door = actions.at_the_door(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    network = throttle.network(address(request))
    try:
        throttle.count(network)
    except throttle.TooMany as flood:
        if flood.is_logged:
            actions.record_failure(door, "too many")
        raise
    token = patient_passkeys.sign_in_patient_by_passkey(
        door, answer=request.POST.get("answer", ""), place=place_of(request), spent=spent(request)
    )
    if token is None:
        page = {"form": DoorForm(), "passkey": question, "passkey_problem": NOT_TAKEN} | began()
        return render(request, "portal/sign_in.html", page, status=422)
    throttle.uncount(network)
    return begun(HttpResponseRedirect(reverse("portal:home")), token)


@public("first second factor of a patient who proved an invitation", "GET", "POST")
def first_passkey(request: HttpRequest) -> HttpResponse:
    """Make a passkey the factor of a new account; then show the recovery codes."""
    stage = stage_of(request)
    if stage is None or stage.method != PROVED:
        return HttpResponseRedirect(reverse("portal:sign_in"))
    if not stage.person.password:
        return HttpResponseRedirect(reverse("portal:first_password"))
    named_origin(request)
    notices.reach(stage.person)
    called = queries.called(stage.person)
    question = asked_to_make(request, "first", stage.person, stage.id, called)
    if wants_question(request):
        return renewed(question)
    form = PasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        throttle.count(throttle.key("factor", stage.person_id.hex))
        door = actions.at_the_door(request.actor, stage.person)  # type: ignore[attr-defined]  # set by the middleware
        try:
            token, codes = patient_passkeys.begin_patient_with_passkey(
                door, stage, place=place_of(request), **form.cleaned_data
            )
        except PasskeyRefused:
            form.add_error(None, NOT_MADE)
        else:
            return begun(render(request, "portal/recovery_codes.html", {"codes": codes}), token)
    page = {"form": form, "passkey": question}
    return render(request, "portal/first_passkey.html", page, status=422 if form.is_bound else 200)


# One's own --------------------------------------------------------------------------------------------------------


def _list(request: HttpRequest, *, status: int = 200, problem: str = "", wrong: Wrong = None) -> HttpResponse:
    held = factors.own_passkeys(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "rows": rows(held, wrong),
        "may_add": len(held) < MOST_PASSKEYS,
        "problem": problem,
        "most": MOST_PASSKEYS,
    }
    return render(request, "portal/passkeys.html", page, status=status)


@own(GET=Own.VIEW)
def own_passkeys(request: HttpRequest) -> HttpResponse:
    """List one's passkeys, to rename or remove them."""
    return _list(request)


@own(GET=Own.VIEW, POST=Own.EDIT, opens=True, event=Did.PATIENT_LOOKED, fresh=True)
def new_passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey to one's account."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    person = Person.objects.get(pk=actor.id)
    question = asked_to_make(request, "register", person, actor.session_id, queries.called(person))
    if wants_question(request):
        return renewed(question)
    form = PasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            patient_passkeys.add_patient_passkey(actor, person, place=place_of(request), **form.cleaned_data)
        except PasskeyRefused:
            form.add_error(None, NOT_MADE)
        except Conflict as clash:
            form.add_error(None, str(clash))
        else:
            return HttpResponseRedirect(reverse("portal:passkeys") + "?done=saved")
    page = {"form": form, "passkey": question}
    return render(request, "portal/new_passkey.html", page, status=422 if form.is_bound else 200)


@own(POST=Own.EDIT)
def rename_passkey(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Give one of one's passkeys another name."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    passkey = factors.own_passkey(actor, passkey_id)
    form = PasskeyNameForm(request.POST, auto_id=f"%s-{passkey.id.hex}")
    if not form.is_valid():
        return _list(request, status=422, wrong=(passkey.id, form))
    if form.cleaned_data["name"] != passkey.name:
        patient_passkeys.rename_patient_passkey(actor, passkey, name=form.cleaned_data["name"])
    return HttpResponseRedirect(reverse("portal:passkeys") + "?done=saved")


@own(POST=Own.EDIT, fresh=True)
def remove_passkey(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Remove one of one's passkeys."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    try:
        patient_passkeys.remove_patient_passkey(actor, factors.own_passkey(actor, passkey_id))
    except Conflict as clash:
        return _list(request, status=409, problem=str(clash))
    return HttpResponseRedirect(reverse("portal:passkeys") + "?done=saved")
