"""Passkeys: coming in and unlocking by one, and keeping one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.security import policy_defaults as policy
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard, public
from alcove.security.audit import clock
from alcove.security.identity import actions, browsers, passkeys, sessions, throttle
from alcove.security.identity.forms import PasskeyForm, PasskeyNameForm, SignInForm
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.models import Passkey, Person
from alcove.security.identity.passkeys import PasskeyRefused
from alcove.security.identity.policy import People
from alcove.security.identity.queries import factors
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.views.asking import (
    asked,
    asked_to_make,
    back_to,
    began,
    place_of,
    renewed,
    spent,
    wants_question,
    way_on,
)
from alcove.security.identity.views.door import begun, set_cookie, stage_of

NOT_TAKEN = "This passkey could not be used here. Try again, or choose another way below."
NOT_MADE = "The passkey was not made in time or not for this page. Try again."


# At the door ------------------------------------------------------------------------------------------------------


@public("passkey instead of a password, at the sign-in page", "GET", "POST")
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Come in by a passkey. GET returns a new question for a page that stood open for long."""
    if request.method != "POST":
        return renewed(asked(request, "sign_in"))
    named_origin(request)
    door = actions.at_the_door(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    network = throttle.network(address(request))
    try:
        throttle.count(network)
    except throttle.TooMany as flood:
        if flood.is_logged:
            actions.record_failure(door, "too many")
        raise
    brought = actions.Brought(
        request.POST.get("point", ""),
        request.POST.get("signature", ""),
        browsers.named(request.headers.get("User-Agent", "")),
    )
    answer = request.POST.get("answer", "")
    token = actions.sign_in_by_passkey(
        door, answer=answer, place=place_of(request), brought=brought, spent=spent(request)
    )
    if token is None:
        page = {
            "form": SignInForm(),
            "passkey": asked(request, "sign_in"),
            "passkey_problem": NOT_TAKEN,
        } | began()
        return render(request, "identity/sign_in.html", page, status=422)
    throttle.uncount(network)
    return begun(token)


@public("passkey on the lock screen of a session", "GET", "POST")
def unlock_by_passkey(request: HttpRequest) -> HttpResponse:
    """Return after a lock by a passkey of the session's own person."""
    session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    if session is None or session.locked_at is None:
        return HttpResponseRedirect(reverse("identity:locked"))
    if request.method != "POST":
        return renewed(asked(request, "unlock", person_id=session.person_id, session_id=session.id))
    door = actions.at_the_door(request.actor, session.person)  # type: ignore[attr-defined]  # as above
    network = throttle.network(address(request))
    throttle.count(network)
    answer = request.POST.get("answer", "")
    if actions.unlock_by_passkey(door, session, answer=answer, place=place_of(request), spent=spent(request)):
        throttle.uncount(network)
        return HttpResponseRedirect(way_on(request.POST.get("next", "")))
    back = back_to(request.POST.get("next", "")) or "?"
    return HttpResponseRedirect(reverse("identity:locked") + f"{back}&passkey=refused".replace("?&", "?"))


@public("first second factor, after the password was right", "GET", "POST")
def first_passkey(request: HttpRequest) -> HttpResponse:
    """Make a passkey the first second factor; then show the recovery codes."""
    stage = stage_of(request)
    if stage is None or ways(stage.person).second:
        return HttpResponseRedirect(reverse("identity:sign_in"))
    question = asked_to_make(request, "first", stage.person, stage.id)
    if wants_question(request):
        return renewed(question)
    if request.method != "POST":
        return _first(request, PasskeyForm(), question)
    named_origin(request)
    throttle.count(throttle.key("factor", stage.person_id.hex))
    form = PasskeyForm(request.POST)
    if not form.is_valid():
        return _first(request, form, question)
    door = actions.at_the_door(request.actor, stage.person)  # type: ignore[attr-defined]  # set by the middleware
    try:
        token, codes = actions.begin_with_passkey(door, stage, place=place_of(request), **form.cleaned_data)
    except PasskeyRefused:
        form.add_error(None, NOT_MADE)
        return _first(request, form, question)
    response = render(request, "identity/recovery_codes.html", {"codes": codes})
    response.delete_cookie(sessions.STAGE_COOKIE, path="/")
    return set_cookie(response, sessions.COOKIE, token)


def _first(request: HttpRequest, form: PasskeyForm, question: dict[str, Any]) -> HttpResponse:
    page = {"form": form, "passkey": question}
    return render(request, "identity/first_passkey.html", page, status=422 if form.is_bound else 200)


@public("passkey that this session's person owes before anything else", "GET", "POST")
def owed_passkey(request: HttpRequest) -> HttpResponse:
    """Let an owner or officer whose grace is over add a passkey: the one page their session gets."""
    session, gate = request.session_row, request.gate  # type: ignore[attr-defined]  # set by the middleware
    if gate is None or gate.page != "identity:owed_passkey":
        return HttpResponseRedirect(reverse("identity:passkeys") if session else reverse("identity:sign_in"))
    is_stale = clock.now() - session.proved_at > policy.FRESH_LIFE
    question = asked_to_make(request, "register", session.person, session.id)
    if wants_question(request):
        return renewed(question)
    form = PasskeyForm(request.POST or None)
    if not is_stale and request.method == "POST" and form.is_valid():
        door = actions.at_the_door(request.actor, session.person)  # type: ignore[attr-defined]  # as above
        try:
            actions.add_owed_passkey(door, session, place=place_of(request), **form.cleaned_data)
        except PasskeyRefused:
            form.add_error(None, NOT_MADE)
        else:
            return HttpResponseRedirect("/")
    page = {"form": form, "passkey": question, "is_stale": is_stale}
    return render(request, "identity/owed_passkey.html", page, status=422 if form.is_bound else 200)


# One's own --------------------------------------------------------------------------------------------------------


Wrong = tuple[UUID, PasskeyNameForm] | None


def rows(held: Sequence[Passkey], wrong: Wrong = None) -> list[tuple[Passkey, PasskeyNameForm]]:
    """Return each passkey with the form that renames it. ``wrong``: (id, form) of the one whose name was refused."""
    forms = {
        item.id: PasskeyNameForm(initial={"name": item.name}, auto_id=f"%s-{item.id.hex}") for item in held
    } | dict([wrong] if wrong else [])
    return [(item, forms[item.id]) for item in held]


def _list(request: HttpRequest, *, status: int = 200, problem: str = "", wrong: Wrong = None) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    held = factors.own_passkeys(actor)
    page = {
        "rows": rows(held, wrong),
        "may_add": len(held) < passkeys.MOST_PASSKEYS,
        "is_required": passkeys.required(actor.rights),
        "problem": problem,
        "most": passkeys.MOST_PASSKEYS,
    }
    return render(request, "identity/passkeys.html", page, status=status)


@guard(GET=People.OWN_VIEW)
def own_passkeys(request: HttpRequest) -> HttpResponse:
    """List one's passkeys, to rename or remove them."""
    return _list(request)


@guard(GET=People.OWN_VIEW, POST=People.OWN, fresh=True)
def new_passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey to one's account."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    person = Person.objects.get(pk=actor.id)
    question = asked_to_make(request, "register", person, actor.session_id)
    if wants_question(request):
        return renewed(question)
    form = PasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_passkey(actor, person, place=place_of(request), **form.cleaned_data)
        except PasskeyRefused:
            form.add_error(None, NOT_MADE)
        except Conflict as clash:
            form.add_error(None, str(clash))
        else:
            return HttpResponseRedirect(reverse("identity:passkeys") + "?done=saved")
    page = {"form": form, "passkey": question}
    return render(request, "identity/new_passkey.html", page, status=422 if form.is_bound else 200)


@guard(POST=People.OWN)
def rename_passkey(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Give one of one's passkeys another name."""
    passkey = factors.own_passkey(request.actor, passkey_id)  # type: ignore[attr-defined]  # set by the middleware
    form = PasskeyNameForm(request.POST, auto_id=f"%s-{passkey.id.hex}")
    if not form.is_valid():
        return _list(request, status=422, wrong=(passkey.id, form))
    if form.cleaned_data["name"] != passkey.name:
        actions.rename_passkey(request.actor, passkey, name=form.cleaned_data["name"])  # type: ignore[attr-defined]  # middleware
    return HttpResponseRedirect(reverse("identity:passkeys") + "?done=saved")


@guard(POST=People.OWN, fresh=True)
def remove_passkey(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Remove one of one's passkeys."""
    passkey = factors.own_passkey(request.actor, passkey_id)  # type: ignore[attr-defined]  # set by the middleware
    try:
        actions.remove_passkey(request.actor, passkey)  # type: ignore[attr-defined]  # set by the middleware
    except Conflict as clash:
        return _list(request, status=409, problem=str(clash))
    return HttpResponseRedirect(reverse("identity:passkeys") + "?done=saved")
