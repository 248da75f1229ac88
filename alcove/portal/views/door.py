"""The patients' door: password, then second factor, then a session. Answers tell nothing of who has an account."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.portal.forms import DoorForm
from alcove.security import policy_defaults as policy
from alcove.security.access.guards import public
from alcove.security.access.rules import RULES
from alcove.security.identity import actions, passwords, sessions, throttle, tokens
from alcove.security.identity.actions import notices, sent_codes
from alcove.security.identity.actions.patient_passkeys import DOOR
from alcove.security.identity.actions.patients import finish_patient
from alcove.security.identity.forms import CodeForm
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.models import Person, SentCode, SignIn
from alcove.security.identity.queries import patients
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.views.asking import asked, began, spent
from alcove.security.identity.views.door import CROWDED, WRONG, WRONG_CODE, set_cookie

STAGE_SECONDS = int(policy.SIGN_IN_STAGE_LIFE.total_seconds())


def stage_of(request: HttpRequest) -> SignIn | None:
    """Return the half-finished sign-in of the patient in this browser; a member of staff's does not count here."""
    token = request.COOKIES.get(sessions.STAGE_COOKIE, "")
    since = timezone.now() - policy.SIGN_IN_STAGE_LIFE
    return (
        SignIn.objects.select_related("person")
        .filter(digest=tokens.digest(token), started_at__gt=since, person__kind=Person.Kind.PATIENT)
        .filter(person__suspended_at__isnull=True)
        .first()
    )


def staged(url: str, token: str) -> HttpResponse:
    """Return the answer that goes on with a half-finished sign-in."""
    return set_cookie(HttpResponseRedirect(url), sessions.STAGE_COOKIE, token, seconds=STAGE_SECONDS)


def begun(response: HttpResponse, token: str) -> HttpResponse:
    """Make an answer the one that begins a session in this browser."""
    response.delete_cookie(sessions.STAGE_COOKIE, path="/")
    return set_cookie(response, sessions.COOKIE, token)


@public("sign-in page of the portal", "GET", "POST")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask e-mail and password. Where several share the address, the account is the one whose password fits."""
    form = DoorForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                with passwords.turn():
                    named_origin(request)
                    person = _by_password(request, form.cleaned_data["email"], form.cleaned_data["password"])
            except passwords.Crowded:
                form.add_error(None, CROWDED)
                return _sign_in_page(request, form, status=503)
            if person is not None:
                door = actions.at_the_door(request.actor, person)  # type: ignore[attr-defined]  # middleware
                return staged(
                    reverse("portal:code"), actions.begin_sign_in(door, person, spent=spent(request))
                )
            form.add_error(None, WRONG)
    return _sign_in_page(request, form, status=status)


def _sign_in_page(request: HttpRequest, form: DoorForm, *, status: int) -> HttpResponse:
    page = {"form": form, "passkey": asked(request, DOOR)} | began()
    return render(request, "portal/sign_in.html", page, status=status)


def _by_password(request: HttpRequest, email: str, password: str) -> Person | None:
    door = actions.at_the_door(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    names = [throttle.network(address(request)), throttle.key("patient", email.strip())]
    try:
        for name in names:
            throttle.count(name)
    except throttle.TooMany as flood:
        if flood.is_logged:
            actions.record_failure(door, "too many")
        raise
    person = patients.by_password(email, password)
    if person is None:
        actions.record_failure(door, "password")
        return None
    for name in names:
        throttle.uncount(name)
    if passwords.is_outdated(person.password):
        actions.upgrade_hash(door, person, password)
    return person


@public("second factor of a patient whose password was right", "GET", "POST")
def code(request: HttpRequest) -> HttpResponse:
    """Ask the second factor. A password alone leads to no new one: without any, the practice invites anew."""
    stage = stage_of(request)
    if stage is None:
        return HttpResponseRedirect(reverse("portal:sign_in"))
    if not stage.person.password:
        return HttpResponseRedirect(reverse("portal:first_password"))
    held = ways(stage.person)
    form = CodeForm(request.POST or None)
    question = asked(request, DOOR) if held.passkey else {}
    page = {"ways": held, "form": form, "passkey": question} | _by_sms(stage) | began()
    if request.method != "POST" or not form.is_valid():
        return render(request, "portal/code.html", page, status=422 if form.is_bound else 200)
    named_origin(request)
    names = [throttle.key("factor", stage.person_id.hex), throttle.network(address(request))]
    for name in names:
        throttle.count(name)
    notices.reach(stage.person)
    door = actions.at_the_door(request.actor, stage.person)  # type: ignore[attr-defined]  # set by the middleware
    token = finish_patient(door, stage, form.cleaned_data["code"], spent=spent(request))
    if token is None:
        form.add_error("code", WRONG_CODE)
        return render(request, "portal/code.html", page, status=422)
    for name in names:
        throttle.uncount(name)
    return begun(HttpResponseRedirect(reverse("portal:home")), token)


def _by_sms(stage: SignIn) -> dict[str, Any]:
    sent = SentCode.objects.filter(subject_id=stage.id, used_at__isnull=True, expires_at__gt=timezone.now())
    return {
        "is_sent": sent.filter(tries__lt=policy.SENT_CODE_TRIES).exists(),
        "minutes": RULES["sms.minutes"].chosen,
    }


@public("code by SMS, for a patient whose password was right", "POST")
def send_code(request: HttpRequest) -> HttpResponse:
    """Send a code for this half-finished sign-in."""
    stage = stage_of(request)
    if stage is None or not stage.person.password:
        return HttpResponseRedirect(reverse("portal:sign_in"))
    named_origin(request)
    notices.reach(stage.person)
    try:
        sent_codes.send_sign_in_code(actions.at_the_door(request.actor, stage.person), stage)  # type: ignore[attr-defined]  # middleware
    except throttle.TooMany:
        return HttpResponseRedirect(reverse("portal:code") + "?done=code_wait")
    return HttpResponseRedirect(reverse("portal:code"))


@public("signing out works from wherever one stands", "POST")
def sign_out(request: HttpRequest) -> HttpResponse:
    """End a patient's session and clear what the browser kept."""
    response = HttpResponseRedirect(reverse("portal:sign_in"))
    session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    if session is None or session.person.kind != Person.Kind.PATIENT:
        return response
    actions.sign_out(actions.at_the_door(request.actor, session.person), session)  # type: ignore[attr-defined]  # as above
    response.delete_cookie(sessions.COOKIE, path="/")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
