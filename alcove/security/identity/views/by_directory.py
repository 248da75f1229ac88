"""Signing in by the practice's directory: leaving for it, and coming back. No address is taken from a request."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.errors import NotFound
from alcove.security.access.guards import public
from alcove.security.identity import actions, sessions, throttle
from alcove.security.identity.actions.by_directory import Arrived
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.oidc import attempt as attempts
from alcove.security.identity.oidc import id_token, wire
from alcove.security.identity.oidc.attempt import Attempt
from alcove.security.identity.oidc.id_token import Said, Untrusted
from alcove.security.identity.oidc.wire import DirectoryDown, Provider
from alcove.security.identity.queries.by_directory import person_of
from alcove.security.identity.views.door import begun, set_cookie

REFUSED = "The directory’s answer does not let you in here. Begin again; if it stays so, ask an owner."
DOWN = "The directory does not answer. Try again in a minute, or sign in another way."


@public("the way to the practice's directory", "GET")
def leave(request: HttpRequest) -> HttpResponse:
    """Send the browser to the directory, with a question only this browser can bring the answer to."""
    _refuse_without_directory()
    config = settings.ALCOVE
    try:
        known = wire.provider(config.oidc_issuer)
    except DirectoryDown:
        return _turned_away(request, DOWN, 503)
    asked = attempts.begun(config.oidc_issuer, config.oidc_client_id, timezone.now())
    question = {
        "response_type": "code", "client_id": config.oidc_client_id, "redirect_uri": _way_back(),
        "scope": "openid email", "state": asked.state, "nonce": asked.nonce,
        "code_challenge": asked.code_challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    joined = "&" if urlsplit(known.authorization).query else "?"
    response = HttpResponseRedirect(known.authorization + joined + urlencode(question))
    return set_cookie(
        response, attempts.COOKIE, asked.cookie, seconds=int(policy.SIGN_IN_STAGE_LIFE.total_seconds())
    )


@public("the way back from the practice's directory", "GET")
def back(request: HttpRequest) -> HttpResponse:
    """Take the directory's answer: then the second factor follows, or the session begins if it was given there."""
    _refuse_without_directory()
    named_origin(request)
    name = throttle.network(address(request))
    try:
        throttle.count(name)
    except throttle.TooMany as flood:
        if flood.is_logged:
            actions.record_failure(actions.at_the_door(request.actor), "too many")  # type: ignore[attr-defined]  # middleware
        raise
    config, now = settings.ALCOVE, timezone.now()
    cookie = request.COOKIES.get(attempts.COOKIE, "")
    asked = attempts.remembered(config.oidc_issuer, config.oidc_client_id, cookie, now)
    try:
        response = _entered(_arrived(request, asked))
        throttle.uncount(name)
    except Untrusted as refused:
        response = _refused(request, asked, str(refused), REFUSED, 403)
    except DirectoryDown as down:
        response = _refused(request, asked, down.fault, DOWN, 503)
    response.delete_cookie(attempts.COOKIE, path="/")
    return response


def _arrived(request: HttpRequest, asked: Attempt | None) -> Arrived:
    """Return the session or the stage an answer leads to; raise ``Untrusted`` or ``DirectoryDown``."""
    if asked is None or not asked.fits(request.GET.get("state", "")):
        raise Untrusted("state")
    known = wire.provider(asked.issuer)
    said = _said(request, known, asked)
    person = person_of(said)
    if person is None:
        raise Untrusted("nobody here")
    door = actions.at_the_door(request.actor, person)  # type: ignore[attr-defined]  # set by the middleware
    words = settings.ALCOVE.oidc_second_factor
    return actions.arrive(door, person, said, asked, second_factor=words)


def _said(request: HttpRequest, known: Provider, asked: Attempt) -> Said:
    """Return what the directory says in exchange for the answer's code."""
    named = request.GET.get("iss")
    # A directory that names itself must be the one that was asked (RFC 9207 2.4).
    if named != known.issuer and (named is not None or known.says_issuer):
        raise Untrusted("issuer")
    code = request.GET.get("code", "")
    if "error" in request.GET or not code:
        raise Untrusted("no code")
    token = wire.id_token(
        known, code=code, verifier=asked.verifier, redirect_uri=_way_back(), client_id=asked.client_id,
        secret=_secret(),
    )  # fmt: skip
    return id_token.read(token, known, client_id=asked.client_id, nonce=asked.nonce, now=timezone.now())


def _secret() -> str:
    try:
        return Path(settings.ALCOVE.oidc_secret_file or "").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise DirectoryDown("no secret") from None


def _entered(arrived: Arrived) -> HttpResponse:
    if arrived.is_session:
        return begun(arrived.token)
    response = HttpResponseRedirect(reverse("identity:code"))
    life = int(policy.SIGN_IN_STAGE_LIFE.total_seconds())
    return set_cookie(response, sessions.STAGE_COOKIE, arrived.token, seconds=life)


def _refused(
    request: HttpRequest, asked: Attempt | None, why: str, sentence: str, status: int
) -> HttpResponse:
    actions.refuse_arrival(actions.at_the_door(request.actor), asked, why)  # type: ignore[attr-defined]  # middleware
    return _turned_away(request, sentence, status)


def _turned_away(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    return render(request, "identity/directory_refused.html", {"sentence": sentence}, status=status)


def _way_back() -> str:
    return settings.ALCOVE.public_address + reverse("identity:directory_back")


def _refuse_without_directory() -> None:
    if not settings.ALCOVE.oidc_issuer:
        raise NotFound("this practice signs nobody in by a directory")
