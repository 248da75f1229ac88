"""A tablet in a client's hands: giving it back to staff, and saying that somebody is there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.security.access.guards import public
from alcove.security.identity import actions, gates, sessions, tablets, throttle, tokens
from alcove.security.identity.actions import handing
from alcove.security.identity.forms import UnlockPinForm
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.models import Device, HandOver, Session
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.views.asking import asked, began, place_of, renewed, spent
from alcove.security.identity.views.door import set_cookie

SWAPPED = '"cache"'
"""What a browser forgets when it changes hands; not its storage, where its own key lies."""


def handed_over(token: str) -> HttpResponse:
    """Return the answer that puts a hand-over's token in the place of the staff session's cookie."""
    row = HandOver.objects.only("client_id").get(digest=tokens.digest(token))
    response = HttpResponseRedirect(reverse(settings.ALCOVE_TABLET_PAGE, kwargs={"client_id": row.client_id}))
    response.delete_cookie(sessions.COOKIE, path="/")
    response.headers["Clear-Site-Data"] = SWAPPED
    return set_cookie(response, tablets.COOKIE, token)


def _taken_back(row: HandOver, token: str) -> HttpResponse:
    """Return the answer that gives the browser back to its staff session: on to what the client said.

    A device with a key shows it again first, if the hand-over was longer than its last proof counts.
    """
    url = reverse(settings.ALCOVE_TABLET_REVIEW, kwargs={"client_id": row.client_id})
    session = Session.objects.select_related("person", "device").get(pk=row.session_id)
    if gates.standing(session, timezone.now()) is not None:
        url = reverse("identity:device") + "?" + urlencode({"next": url})
    response = HttpResponseRedirect(url)
    response.delete_cookie(tablets.COOKIE, path="/")
    response.headers["Clear-Site-Data"] = SWAPPED
    return set_cookie(response, sessions.COOKIE, token)


def _door(request: HttpRequest, row: HandOver) -> Any:
    named_origin(request)
    return actions.at_the_door(request.actor, row.session.person)  # type: ignore[attr-defined]  # set by the middleware


@public("giving a handed-over tablet back to staff", "GET", "POST")
def hand_over_end(request: HttpRequest) -> HttpResponse:
    """Ask the PIN of whoever handed the tablet over; ``over`` ends their session instead."""
    row: HandOver | None = request.hand_over  # type: ignore[attr-defined]  # set by the middleware
    if row is None:
        return HttpResponseRedirect(reverse("identity:sign_in"))
    if request.method == "POST" and "over" in request.POST:
        handing.give_up(_door(request, row), row)
        return _without_tablet(HttpResponseRedirect(reverse("identity:sign_in")))
    form = UnlockPinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        token = handing.take_back_by_pin(
            _door(request, row), row, form.cleaned_data["pin"], spent=spent(request)
        )
        if token is not None:
            return _taken_back(row, token)
        form.add_error(None, "This is not the PIN.")
        row.session.refresh_from_db(fields=["ended_at"])
        if row.session.ended_at is not None:
            return _without_tablet(render(request, "identity/ended.html", {"by_pin": True}, status=401))
    return _end_page(request, row, form)


def _end_page(request: HttpRequest, row: HandOver, form: UnlockPinForm) -> HttpResponse:
    session = row.session
    page: dict[str, Any] = {
        "form": form, "row": row, "has_pin": actions.pin_of(session) is not None,
        **began(),
        "back": "" if row.ended_at else reverse(settings.ALCOVE_TABLET_PAGE, kwargs={"client_id": row.client_id}),
    }  # fmt: skip
    if session.device is not None and session.device.kind == Device.Kind.DEMO:
        page["demo_pin"] = actions.DEMO_PIN
    if ways(session.person).passkey:
        page["passkey"] = asked(request, "hand_back", person_id=session.person_id, session_id=session.id)
    if request.GET.get("passkey") == "refused":
        page["passkey_problem"] = "This passkey could not be used here. Try again, or use the PIN."
    return render(request, "identity/hand_back.html", page, status=422 if form.is_bound else 200)


def _without_tablet(response: HttpResponse) -> HttpResponse:
    response.delete_cookie(tablets.COOKIE, path="/")
    response.headers["Clear-Site-Data"] = SWAPPED
    return response


@public("passkey of whoever handed this tablet over", "GET", "POST")
def hand_over_passkey(request: HttpRequest) -> HttpResponse:
    """Give a handed-over tablet back by a passkey. GET with ``Accept: application/json`` renews the question."""
    row: HandOver | None = request.hand_over  # type: ignore[attr-defined]  # set by the middleware
    if row is None:
        return HttpResponseRedirect(reverse("identity:sign_in"))
    session = row.session
    if request.method != "POST":
        question = asked(request, "hand_back", person_id=session.person_id, session_id=session.id)
        return renewed(question)
    network = throttle.network(address(request))
    throttle.count(network)
    answer = request.POST.get("answer", "")
    token = handing.take_back_by_passkey(
        _door(request, row), row, answer=answer, place=place_of(request), spent=spent(request)
    )
    if token is None:
        return HttpResponseRedirect(reverse("identity:hand_over_end") + "?passkey=refused")
    throttle.uncount(network)
    return _taken_back(row, token)


@public("says that somebody touches a handed-over tablet", "POST")
def hand_over_here(request: HttpRequest) -> HttpResponse:
    """Answer 204 while the tablet is handed over: the middleware noted the touch. Else 403."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponse(status=204 if actor.kind == "tablet" else 403)
