"""Signing in, locking, signing out. A password alone gives a stage, never a session."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.errors import Gone, NotFound
from alcove.security.access.guards import public, signed
from alcove.security.access.rules import RULES
from alcove.security.identity import actions, passwords, sessions, throttle, tokens
from alcove.security.identity.actions import notices
from alcove.security.identity.actions.sent_codes import send_sign_in_code
from alcove.security.identity.forms import CodeForm, NewPasswordForm, SignInForm, UnlockForm, UnlockPinForm
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.models import Device, Factor, Link, Person, SentCode, Session, SignIn
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.views.asking import asked, back_to, began, spent, way_on

WRONG = "E-mail or password is not right."
CROWDED = "Very many are signing in at this moment. Try again in a few seconds, or use a passkey."
WRONG_CODE = "This code is not right, was used already, or is too old. Wait for the next one."


def set_cookie(response: HttpResponse, name: str, token: str, *, seconds: int | None = None) -> HttpResponse:
    """Give a token to this browser alone: no script reads it, no plain HTTP carries it."""
    response.set_cookie(name, token, max_age=seconds, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def begun(token: str) -> HttpResponse:
    """Return the answer that begins a session in this browser."""
    response = HttpResponseRedirect("/")
    response.delete_cookie(sessions.STAGE_COOKIE, path="/")
    return set_cookie(response, sessions.COOKIE, token)


def stage_of(request: HttpRequest) -> SignIn | None:
    """Return the half-finished sign-in of this browser; a patient's is finished in the portal only."""
    token = request.COOKIES.get(sessions.STAGE_COOKIE, "")
    return (
        SignIn.objects.select_related("person")
        .filter(
            digest=tokens.digest(token),
            started_at__gt=timezone.now() - policy.SIGN_IN_STAGE_LIFE,
            person__kind=Person.Kind.STAFF,
        )
        .first()
    )


@public("sign-in page", "GET", "POST")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask e-mail and password. The answer and its time tell nothing of whether an account exists."""
    form = SignInForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _sign_in_page(request, form)
    try:
        with passwords.turn():
            named_origin(request)
            person = by_password(request, form.cleaned_data["email"], form.cleaned_data["password"])
    except passwords.Crowded:
        form.add_error(None, CROWDED)
        return _sign_in_page(request, form, status=503)
    if person is None:
        form.add_error(None, WRONG)
        return _sign_in_page(request, form)
    token = actions.begin_sign_in(actions.at_the_door(request.actor, person), person, spent=spent(request))  # type: ignore[attr-defined]  # middleware
    response = HttpResponseRedirect(reverse("identity:code"))
    return set_cookie(
        response, sessions.STAGE_COOKIE, token, seconds=int(policy.SIGN_IN_STAGE_LIFE.total_seconds())
    )


def _sign_in_page(request: HttpRequest, form: SignInForm, *, status: int = 422) -> HttpResponse:
    has_directory = bool(settings.ALCOVE.oidc_issuer)
    page = {"form": form, "passkey": asked(request, "sign_in"), "has_directory": has_directory} | began()
    return render(request, "identity/sign_in.html", page, status=status if form.is_bound else 200)


def by_password(request: HttpRequest, email: str, password: str) -> Person | None:
    """Return whose password this is, None for a wrong one; raise ``TooMany`` before anything is compared."""
    door = actions.at_the_door(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    names = [throttle.network(address(request)), throttle.key("account", email.strip())]
    try:
        for name in names:
            throttle.count(name)
    except throttle.TooMany as flood:
        if flood.is_logged:
            actions.record_failure(door, "too many")
        raise
    person = Person.objects.filter(
        kind=Person.Kind.STAFF, email=email.strip().lower(), suspended_at__isnull=True
    ).first()
    if person is not None and person.has_left(timezone.now()):
        person = None
    try:
        passwords.check(password, person.password if person else "")
    except passwords.WrongPassword:
        actions.record_failure(door, "password")
        return None
    for name in names:
        throttle.uncount(name)
    if person is not None and passwords.is_leaked(password):
        actions.record_leaked(actions.at_the_door(request.actor, person), person)  # type: ignore[attr-defined]  # as above
    if person is not None and passwords.is_outdated(person.password):
        actions.upgrade_hash(door, person, password)
    return person


@public("second factor of a sign-in whose password was right", "GET", "POST")
def code(request: HttpRequest) -> HttpResponse:
    """Ask the second factor, or set one up at the first sign-in."""
    stage = stage_of(request)
    if stage is None:
        return HttpResponseRedirect(reverse("identity:sign_in"))
    held = ways(stage.person)
    if not held.second:
        return HttpResponseRedirect(reverse("identity:set_up"))
    page = (
        {"ways": held, "passkey": asked(request, "sign_in") if held.passkey else {}}
        | _by_sms(stage)
        | began()
    )
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(
            request, "identity/code.html", page | {"form": form}, status=422 if form.is_bound else 200
        )
    named_origin(request)
    door = actions.at_the_door(request.actor, stage.person)  # type: ignore[attr-defined]  # set by the middleware
    names = [throttle.key("factor", stage.person_id.hex), throttle.network(address(request))]
    for name in names:
        throttle.count(name)
    notices.reach(stage.person)
    token = actions.finish_sign_in(door, stage, form.cleaned_data["code"], spent=spent(request))
    if token is None:
        form.add_error("code", WRONG_CODE)
        return render(request, "identity/code.html", page | {"form": form}, status=422)
    for name in names:
        throttle.uncount(name)
    return begun(token)


def _by_sms(stage: SignIn) -> dict[str, Any]:
    """Return what the page says of a code by SMS: whether one lives, and to which number it went."""
    sent = SentCode.objects.filter(subject_id=stage.id, used_at__isnull=True, expires_at__gt=timezone.now())
    return {
        "is_sent": sent.filter(tries__lt=policy.SENT_CODE_TRIES).exists(),
        "ending": stage.person.phone[-2:],
        "minutes": RULES["sms.minutes"].chosen,
    }


@public("code by SMS, for a sign-in whose password was right", "POST")
def send_code(request: HttpRequest) -> HttpResponse:
    """Send a code for this half-finished sign-in, to whoever may use SMS."""
    stage = stage_of(request)
    if stage is None:
        return HttpResponseRedirect(reverse("identity:sign_in"))
    named_origin(request)
    notices.reach(stage.person)
    try:
        send_sign_in_code(actions.at_the_door(request.actor, stage.person), stage, spent=spent(request))  # type: ignore[attr-defined]  # middleware
    except throttle.TooMany:
        return HttpResponseRedirect(reverse("identity:code") + "?done=code_wait")
    return HttpResponseRedirect(reverse("identity:code"))


@public("first second factor, after the password was right", "GET", "POST")
def set_up(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app: QR code or typed key, confirmed by a first code; then the recovery codes."""
    stage = stage_of(request)
    if stage is None or ways(stage.person).second:
        return HttpResponseRedirect(reverse("identity:sign_in"))
    named_origin(request)
    door = actions.at_the_door(request.actor, stage.person)  # type: ignore[attr-defined]  # set by the middleware
    factor = Factor.objects.filter(person=stage.person, confirmed_at__isnull=True).first()
    if factor is None:
        factor = actions.begin_factor(door, stage.person)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        throttle.count(throttle.key("factor", stage.person_id.hex))
        confirmed = actions.confirm_factor(
            door, stage, factor, form.cleaned_data["code"], spent=spent(request)
        )
        if confirmed is not None:
            token, codes = confirmed
            response = render(request, "identity/recovery_codes.html", {"codes": codes})
            response.delete_cookie(sessions.STAGE_COOKIE, path="/")
            return set_cookie(response, sessions.COOKIE, token)
        form.add_error("code", WRONG_CODE)
    uri = tokens.totp_uri(factor.secret, stage.person.email, "Alcove")
    grouped = " ".join(factor.secret[at : at + 4] for at in range(0, len(factor.secret), 4))
    page = {"form": form, "uri": uri, "secret": grouped}
    return render(request, "identity/set_up.html", page, status=422 if form.is_bound else 200)


@signed("set-up link: one use, 60 minutes", "GET", "POST")
def first_password(request: HttpRequest, token: str) -> HttpResponse:
    """Choose the first password, then go on to the second factor."""
    link = Link.objects.filter(kind="setup", digest=tokens.digest(token)).first()
    if link is None:
        raise NotFound("there is no such link")
    if link.used_at or link.expires_at <= timezone.now():
        raise Gone("This link was used already or is too old. Ask for a new one.")
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        named_origin(request)
        try:
            stage = actions.use_setup_link(
                actions.at_the_door(request.actor),  # type: ignore[attr-defined]  # set by the middleware
                token,
                form.cleaned_data["password"],
            )
        except passwords.WeakPassword as weak:
            form.add_error("password", str(weak))
        else:
            life = int(policy.SIGN_IN_STAGE_LIFE.total_seconds())
            return set_cookie(
                HttpResponseRedirect(reverse("identity:code")), sessions.STAGE_COOKIE, stage, seconds=life
            )
    return render(
        request, "identity/first_password.html", {"form": form}, status=422 if form.is_bound else 200
    )


@signed("one-time demo link; answers 404 in a real practice", "GET")
def demo(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in as a person of the demo."""
    named_origin(request)
    link = Link.objects.select_related("person").filter(kind="demo", digest=tokens.digest(token)).first()
    door = actions.at_the_door(request.actor, link.person if link else None)  # type: ignore[attr-defined]  # middleware
    return begun(actions.use_demo_link(door, token))


@public("locking works whatever role's eyes the session looks through", "POST")
def lock(request: HttpRequest) -> HttpResponse:
    """Lock this screen now."""
    session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    if session is None:
        return HttpResponseRedirect(reverse("identity:sign_in"))
    if session.locked_at is None:
        actions.lock_session(actions.at_the_door(request.actor, session.person), session)  # type: ignore[attr-defined]  # as above
    return HttpResponseRedirect(reverse("identity:locked") + back_to(request.POST.get("next", "")))


@public("lock screen of a session", "GET", "POST")
def locked(request: HttpRequest) -> HttpResponse:
    """Return after a lock: by PIN where this device has one, else by the password, of the session's own person."""
    session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    if session is None:
        return HttpResponseRedirect(reverse("identity:sign_in"))
    on = way_on(request.POST.get("next") or request.GET.get("next", ""))
    if session.locked_at is None:
        return HttpResponseRedirect(on)
    by_pin = actions.pin_of(session) is not None and request.GET.get("by") != "password"
    form = (UnlockPinForm if by_pin else UnlockForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        named_origin(request)
        refused = _unlock(request, session, form.cleaned_data, by_pin=by_pin)
        if refused is None:
            return HttpResponseRedirect(on)
        form.add_error(None, refused)
        session.refresh_from_db(fields=["ended_at"])
        if session.ended_at is not None:
            return render(request, "identity/ended.html", {"by_pin": True}, status=401)
    page: dict[str, Any] = {
        "form": form, "has_password": bool(session.person.password), "by_pin": by_pin, "next": on, **began(),
    }  # fmt: skip
    if session.device is not None and session.device.kind == Device.Kind.DEMO:
        page["demo_pin"] = actions.DEMO_PIN
    if ways(session.person).passkey:
        page["passkey"] = asked(request, "unlock", person_id=session.person_id, session_id=session.id)
    if request.GET.get("passkey") == "refused":
        page["passkey_problem"] = "This passkey could not be used here. Try again, or unlock another way."
    return render(request, "identity/locked.html", page, status=422 if form.is_bound else 200)


def _unlock(request: HttpRequest, session: Session, given: dict[str, str], *, by_pin: bool) -> str | None:
    """Unlock; return the sentence for a wrong PIN or password, None if it was right."""
    door = actions.at_the_door(request.actor, session.person)  # type: ignore[attr-defined]  # set by the middleware
    if by_pin:
        return (
            None
            if actions.unlock_by_pin(door, session, given["pin"], spent=spent(request))
            else "This is not your PIN."
        )
    name = throttle.key("account", session.person.email or session.person_id.hex)
    throttle.count(name)
    try:
        passwords.check(given["password"], session.person.password)
    except passwords.WrongPassword:
        actions.record_unlock_failure(door, session)
        return "This is not your password."
    throttle.uncount(name)
    actions.unlock_session(door, session, spent=spent(request))
    return None


@public("sign-out must work from a locked screen too", "POST")
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session and clear what the browser kept."""
    session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    if session is not None:
        actions.sign_out(actions.at_the_door(request.actor, session.person), session)  # type: ignore[attr-defined]  # middleware
    response = HttpResponseRedirect(reverse("identity:sign_in"))
    response.delete_cookie(sessions.COOKIE, path="/")
    # Not "storage": there lies this browser's own key, and nothing else but how the page looks.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
