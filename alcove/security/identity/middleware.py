"""The front door of every request: who acts, the headers of every answer, and what a refusal looks like."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, ResolverMatch, resolve, reverse

from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Gone, Held, NotFound, Refused
from alcove.security.access.guards import FreshNeeded, SignInNeeded
from alcove.security.access.need import NoCareReason
from alcove.security.access.policy import grantable
from alcove.security.audit import pen
from alcove.security.audit.events import Result
from alcove.security.identity import sessions, tablets
from alcove.security.identity.actions.typed import forget_saved
from alcove.security.identity.gates import ALWAYS_OPEN
from alcove.security.identity.policy import Did
from alcove.security.identity.queries.door_rules import TurnedAway
from alcove.security.identity.throttle import TooMany
from alcove.security.vault.errors import FileBroken, FileLost, RecordLocked, SealBroken, StoreAway, VaultShut
from alcove.security.vault.house import house

log = logging.getLogger("alcove.requests")

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types default"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Cache-Control": "no-store",
}


def headers_of(response: HttpResponse) -> dict[str, str]:
    """Return what an answer carries. ``framed_by``: origins that may show this very page in a frame; else nobody."""
    sites: tuple[str, ...] = getattr(response, "framed_by", ())
    if not sites:
        return HEADERS
    policy = CONTENT_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(sites)}")
    # The older header knows no list of sites: browsers that know the policy go by that one.
    kept = {name: value for name, value in HEADERS.items() if name != "X-Frame-Options"}
    return kept | {"Content-Security-Policy": policy}


STATUS: dict[type[Exception], int] = {
    NotFound: 404, Conflict: 409, Gone: 410, TooMany: 429, Held: 429, VaultShut: 503,
}  # fmt: skip
"""What a refusal is over HTTP."""


def address(request: HttpRequest) -> str:
    """Return the client's address; forwarded headers count only from the declared proxy."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    proxy = settings.ALCOVE.trusted_proxy
    if proxy and peer == proxy:
        return str(request.META.get("HTTP_X_FORWARDED_FOR", peer)).split(",")[-1].strip()
    return peer


def named_origin(request: HttpRequest) -> None:
    """Give a stranger's actor its origin, just before something is recorded about them."""
    held: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    if held.origin_id is None:
        browser = str(request.META.get("HTTP_USER_AGENT", ""))
        request.actor = Actor.stranger(  # type: ignore[attr-defined]  # as above
            origin_id=pen.origin_id(address(request), browser), request=held.request
        )


FILES: dict[type[Exception], int] = {StoreAway: 503, FileLost: 424, FileBroken: 424}
"""What a sealed file that cannot be given out is over HTTP."""


class Identity:
    """Sets ``request.actor`` and ``request.session_row``; turns refusals into pages; adds the headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        code = sessions.request_code()
        request.actor = Actor.stranger(request=code)  # type: ignore[attr-defined]  # our own attribute
        request.session_row = None  # type: ignore[attr-defined]  # as above
        request.gate = None  # type: ignore[attr-defined]  # as above
        request.owes_passkey_at = None  # type: ignore[attr-defined]  # as above
        request.hand_over = None  # type: ignore[attr-defined]  # as above
        request.is_htmx = request.headers.get("HX-Request") == "true"  # type: ignore[attr-defined]  # as above
        try:
            if not request.path.startswith("/health/"):
                # Shut means shut: no page is answered while the keys cannot be opened.
                house()
            self._recognise(request, code)
            response = _kept_in_hand(request) or _kept_in_portal(request) or self.get_response(request)
        except VaultShut as shut:
            response = refusal(request, 503, str(shut))
        _forget_saved(request, response)
        for name, value in headers_of(response).items():
            response.headers.setdefault(name, value)
        is_stale = tablets.COOKIE in request.COOKIES and request.hand_over is None  # type: ignore[attr-defined]  # as above
        if is_stale and _is_page(request) and tablets.COOKIE not in response.cookies:
            # A hand-over that is over for good; where a new one began, its cookie takes this one's place.
            response.delete_cookie(tablets.COOKIE, path="/")
        return response

    def _recognise(self, request: HttpRequest, code: str) -> None:
        token = request.COOKIES.get(sessions.COOKIE)
        device = request.COOKIES.get(sessions.DEVICE_COOKIE, "")
        taken = request.COOKIES.get(tablets.COOKIE)
        held = tablets.find(taken, code, device) if taken and _is_page(request) else None
        if held is not None:
            # Whatever else this browser brings does not count while a tablet is in a client's hands.
            request.hand_over = held.row  # type: ignore[attr-defined]  # as above
            request.actor = held.actor or request.actor  # type: ignore[attr-defined]  # as above
            return
        quiet = request.headers.get("X-Alcove-Quiet") == "1"
        found = sessions.find(token, code, device, quiet=quiet) if token else None
        if found is None:
            return
        request.session_row, request.gate = found.session, found.gate  # type: ignore[attr-defined]  # as above
        request.owes_passkey_at = found.owes_passkey_at  # type: ignore[attr-defined]  # as above
        if found.gate is None:
            request.actor = found.actor  # type: ignore[attr-defined]  # as above

    def process_view(self, request: HttpRequest, *_rest: object) -> HttpResponse | None:
        """Send a session that stands before a gate to that gate's page, whatever it asked for."""
        gate, match = request.gate, request.resolver_match  # type: ignore[attr-defined]  # set above
        if gate is None or match is None or match.view_name in gate.open_routes | ALWAYS_OPEN:
            return None
        return _go(request, reverse(gate.page))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a refusal with its page; anything else becomes a page without detail."""
        if isinstance(error, SignInNeeded):
            return _to_sign_in(request)
        if isinstance(error, FreshNeeded):
            return _go(request, _fresh_page(request) + "?" + urlencode({"next": _way_back(request)}))
        if isinstance(error, TurnedAway):
            _record_turned_away(request, error)
        if isinstance(error, Refused):
            return _refused(request, error)
        for kind, status in STATUS.items():
            if isinstance(error, kind):
                # Only sentences meant for people are shown.
                return refusal(request, status, "" if kind in {NotFound, TooMany} else str(error))
        if isinstance(error, StoreAway | FileLost | FileBroken):
            log.error("%s in %s", type(error).__name__, _where(request))
            return refusal(request, FILES[type(error)], error.PAGE)
        if isinstance(error, RecordLocked | SealBroken):
            log.error("%s in %s", type(error).__name__, _where(request))
            return refusal(request, 500, "")
        return None


def _where(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _is_page(request: HttpRequest) -> bool:
    return not request.path.startswith("/health/")


def _kept_in_hand(request: HttpRequest) -> HttpResponse | None:
    """Answer a handed-over tablet that asks for anything but its tasks; None where it may go on.

    Asked before any view is chosen, so that what does not exist is answered like everything else.
    """
    row = request.hand_over  # type: ignore[attr-defined]  # set by the middleware
    if row is None or not _is_page(request):
        return None
    match = _match(request)
    if match is not None and match.view_name in tablets.OPEN_ROUTES:
        return None
    actor: Actor = request.actor  # type: ignore[attr-defined]  # as above
    if actor.kind != "tablet":
        return _go(request, reverse("identity:hand_over_end"))
    if match is not None and getattr(getattr(match.func, "guard", None), "kind", "") == "handed":
        return None
    if match is not None:
        opening.record_refusal(actor, "tablet", client_id=row.client_id, where=match.view_name)
    page = {
        "tasks": tablets.words_of(row),
        "url": reverse(settings.ALCOVE_TABLET_PAGE, kwargs={"client_id": row.client_id}),
        "layout": "ui/part.html" if request.headers.get("HX-Request") == "true" else "",
    }
    return render(request, "identity/in_hand.html", page, status=403)


def _kept_in_portal(request: HttpRequest) -> HttpResponse | None:
    """Answer a patient's session that asks for anything outside the portal; None where it may go on.

    Asked before any view is chosen, so that what does not exist is answered like everything else.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    if actor.kind != "patient" or not _is_page(request):
        return None
    match = _match(request)
    if match is not None and match.namespace in {settings.ALCOVE_PORTAL, settings.ALCOVE_BOOKING}:
        return None
    opening.record_refusal(actor, "patient", where=match.view_name if match else "")
    way = {"url": reverse(f"{settings.ALCOVE_PORTAL}:home"), "button": "To your account"}
    return refusal(
        request, 403, "This page belongs to the practice's staff. Your own account is elsewhere.", way
    )


def _match(request: HttpRequest) -> ResolverMatch | None:
    try:
        return resolve(request.path_info)
    except Resolver404:
        return None


def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """Say why; whoever lacks a reason of care is shown the way in for emergencies."""
    way = None
    if isinstance(error, NoCareReason):
        url = reverse(settings.ALCOVE_GLASS_PAGE, kwargs={"client_id": error.client_id})
        way = {"url": url, "button": "Break the glass"}
    return refusal(request, 403, error.sentence or _why(error), way)


def _why(error: Refused) -> str:
    meaning = grantable().get(error.needed)
    return (
        f"This needs the right “{meaning}”. An owner can grant it under Setup, Roles."
        if meaning
        else str(error)
    )


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send a stranger to the door; tell whoever comes with a dead session that it is over (401)."""
    if request.resolver_match is not None and request.resolver_match.namespace == settings.ALCOVE_PORTAL:
        answer = _go(request, reverse(f"{settings.ALCOVE_PORTAL}:sign_in"))
        answer.delete_cookie(sessions.COOKIE, path="/")
        return answer
    if sessions.COOKIE not in request.COOKIES:
        return _go(request, reverse("identity:sign_in"))
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": reverse("identity:sign_in")})
    answer = render(request, "identity/ended.html", status=401)
    answer.delete_cookie(sessions.COOKIE, path="/")
    return answer


def _fresh_page(request: HttpRequest) -> str:
    """Return where a factor is given again: staff and patients each have a page of their own."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    return reverse(f"{settings.ALCOVE_PORTAL}:fresh" if actor.kind == "patient" else "identity:fresh")


def _way_back(request: HttpRequest) -> str:
    """Return the path to come back to: this page, or for a button the page it stands on; never another site."""
    if request.method in {"GET", "HEAD"}:
        return request.path
    came = urlsplit(request.headers.get("Referer", ""))
    return came.path if came.netloc == request.get_host() else "/"


def _record_turned_away(request: HttpRequest, error: TurnedAway) -> None:
    """Put on the log who was right with every factor, and still came from the wrong place or at the wrong hour."""
    held: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    actor = replace(held, kind="person", id=error.person_id)
    opening.record_now(opening.entry(actor, Did.DOOR_RULE_REFUSED, result=Result.REFUSED))


def _go(request: HttpRequest, url: str) -> HttpResponse:
    """Send somebody elsewhere before their page answers."""
    request.is_detour = True  # type: ignore[attr-defined]  # read by ``_forget_saved``
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _forget_saved(request: HttpRequest, response: HttpResponse) -> None:
    """Forget what was kept of a form that was just saved: its page answered a POST by leading on."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    leads_on = response.status_code in {302, 303} or "HX-Redirect" in response.headers
    if request.method != "POST" or actor.kind != "person" or actor.id is None or not leads_on:
        return
    if not getattr(request, "is_detour", False):
        forget_saved(actor.id, request.path)


def refusal(
    request: HttpRequest, status: int, sentence: str, way: dict[str, str] | None = None
) -> HttpResponse:
    """Return the page for a refusal: what happened, what to do, the code to read out.

    ``way``: url and button of a way on.
    """
    code = request.actor.request  # type: ignore[attr-defined]  # set by the middleware
    page = {"reason": sentence, "code": code, "way": way}
    if request.headers.get("HX-Request") == "true":
        page["layout"] = "ui/part.html"
    return render(request, f"ui/errors/{status}.html", page, status=status)
