"""From an invitation to an account: proof, password, second factor. Nothing is named before the proof."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.portal import queries
from alcove.portal.forms import FirstPasswordForm, ProofForm
from alcove.portal.views.door import begun, stage_of, staged
from alcove.security.access.errors import Gone, NotFound
from alcove.security.access.guards import public, signed
from alcove.security.identity import actions, passwords, throttle, tokens
from alcove.security.identity.actions import notices
from alcove.security.identity.actions.patients import (
    confirm_patient_factor,
    prove_patient,
    send_proof_code,
    set_patient_password,
)
from alcove.security.identity.forms import CodeForm
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.models import Factor, Link, Person
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.queries.patients import LINK, PROVED
from alcove.security.identity.views.asking import asked
from alcove.security.identity.views.door import WRONG_CODE

WRONG_PROOF = "Birth date or code is not right, or the code is too old. Send a new code and try again."


def _person(token: str) -> Person:
    """Return whose open invitation this is; raise ``NotFound`` or ``Gone``."""
    link = Link.objects.select_related("person").filter(kind=LINK, digest=tokens.digest(token)).first()
    if link is None:
        raise NotFound("there is no such link")
    if link.used_at is not None or link.expires_at <= timezone.now() or not link.person.is_active:
        raise Gone("This invitation was used already or is too old. Ask the practice for a new one.")
    return link.person


@signed("invitation to the portal: one account, 24 hours, and worth nothing without the proof", "GET", "POST")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Ask birth date and code. The page is the same whoever the invitation is for."""
    person = _person(token)
    form = ProofForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        named_origin(request)
        names = [throttle.key("proof", person.id.hex), throttle.network(address(request))]
        for name in names:
            throttle.count(name)
        notices.reach(person)
        door = actions.at_the_door(request.actor)  # type: ignore[attr-defined]  # set by the middleware
        is_born_then = queries.is_born(person, form.cleaned_data["born"])
        stage = prove_patient(door, token, code=form.cleaned_data["code"], is_born_then=is_born_then)
        if stage is not None:
            for name in names:
                throttle.uncount(name)
            return staged(reverse("portal:first_password"), stage)
        form.add_error(None, WRONG_PROOF)
    page = {"form": form, "token": token, "is_sent": request.GET.get("sent") == "1"}
    return render(request, "portal/invitation.html", page, status=422 if form.is_bound else 200)


@signed("code for an invitation, sent to the number on the card and shown nowhere", "POST")
def invitation_code(request: HttpRequest, token: str) -> HttpResponse:
    """Send the code of an invitation by SMS."""
    person = _person(token)
    named_origin(request)
    notices.reach(person)
    page = reverse("portal:invitation", kwargs={"token": token})
    try:
        send_proof_code(actions.at_the_door(request.actor), token)  # type: ignore[attr-defined]  # middleware
    except throttle.TooMany:
        return HttpResponseRedirect(page + "?done=code_wait")
    return HttpResponseRedirect(page + "?sent=1")


@public("first password of a patient who proved an invitation", "GET", "POST")
def first_password(request: HttpRequest) -> HttpResponse:
    """Choose the password, then go on to the second factor."""
    stage = stage_of(request)
    if stage is None or stage.method != PROVED:
        return HttpResponseRedirect(reverse("portal:sign_in"))
    if stage.person.password:
        return HttpResponseRedirect(reverse("portal:set_up"))
    form = FirstPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        named_origin(request)
        notices.reach(stage.person)
        door = actions.at_the_door(request.actor, stage.person)  # type: ignore[attr-defined]  # set by the middleware
        words = queries.own_words(stage.person)
        try:
            set_patient_password(door, stage, form.cleaned_data["password"], words)
        except passwords.WeakPassword as weak:
            form.add_error("password", str(weak))
        else:
            return HttpResponseRedirect(reverse("portal:set_up"))
    return render(request, "portal/first_password.html", {"form": form}, status=422 if form.is_bound else 200)


@public("first second factor of a patient who proved an invitation", "GET", "POST")
def set_up(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app, or go on with codes by SMS to the number that was just proved."""
    stage = stage_of(request)
    if stage is None or stage.method != PROVED:
        return HttpResponseRedirect(reverse("portal:sign_in"))
    if not stage.person.password:
        return HttpResponseRedirect(reverse("portal:first_password"))
    named_origin(request)
    door = actions.at_the_door(request.actor, stage.person)  # type: ignore[attr-defined]  # set by the middleware
    factor = Factor.objects.filter(person=stage.person, confirmed_at__isnull=True).first()
    if factor is None:
        factor = actions.begin_factor(door, stage.person)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        throttle.count(throttle.key("factor", stage.person_id.hex))
        confirmed = confirm_patient_factor(door, stage, factor, form.cleaned_data["code"])
        if confirmed is not None:
            token, codes = confirmed
            return begun(render(request, "portal/recovery_codes.html", {"codes": codes}), token)
        form.add_error("code", WRONG_CODE)
    grouped = " ".join(factor.secret[at : at + 4] for at in range(0, len(factor.secret), 4))
    page = {
        "form": form,
        "uri": tokens.totp_uri(factor.secret, "Portal", "Alcove"),
        "secret": grouped,
        "has_sms": ways(stage.person).sms,
        "passkey": asked(request, "first"),
    }
    return render(request, "portal/set_up.html", page, status=422 if form.is_bound else 200)
