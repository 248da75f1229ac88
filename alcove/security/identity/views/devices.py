"""The device gate of a session, and Setup: devices."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard, public
from alcove.security.identity import actions, browsers, gates, sessions, throttle, tokens
from alcove.security.identity.forms import DeviceCodeForm, DeviceForm
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.models import Device, Session
from alcove.security.identity.policy import Devices, People
from alcove.security.identity.views.asking import way_on
from alcove.security.vault.signatures import WrongSignature

DEVICE_COOKIE_LIFE = 400 * 24 * 3600
"""Seconds; the longest a browser keeps a cookie."""


def _session(request: HttpRequest) -> Session:
    session: Session | None = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    if session is None:
        raise NotFound("there is no session here")
    return session


def _system(request: HttpRequest) -> str:
    return browsers.named(str(request.META.get("HTTP_USER_AGENT", "")))


@public("device gate: which browser is this, may it be used here", "GET")
def device(request: HttpRequest) -> HttpResponse:
    """Ask the browser for its key, or say that it waits for approval; no data of the practice is on this page."""
    session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    if session is None:
        return HttpResponseRedirect(reverse("identity:sign_in"))
    if gates.standing(session, timezone.now()) is None:
        return HttpResponseRedirect(way_on(request.GET.get("next", "/")))
    return _gate_page(request, session, DeviceCodeForm())


def _gate_page(
    request: HttpRequest, session: Session, form: DeviceCodeForm, status: int = 200
) -> HttpResponse:
    held = session.device
    is_others = (
        held is not None
        and held.state == Device.State.APPROVED
        and held.holder_id not in {None, session.person_id}
    )
    page = {
        "device": held, "is_others": is_others, "form": form, "system": _system(request),
        "must_sign": held is None or (held.has_key and held.state == Device.State.APPROVED and not is_others),
    }  # fmt: skip
    return render(request, "identity/device.html", page, status=status)


@public("challenge for the key of a session's own browser", "GET", "POST")
def device_key(request: HttpRequest) -> HttpResponse:
    """GET: the challenge to sign. POST: ``point`` and ``signature``; answers whether the browser may go on (JSON)."""
    session = _session(request)
    if request.method != "POST":
        return JsonResponse({"session": session.id.hex, "challenge": sessions.challenge(session)})
    point, signature = request.POST.get("point", ""), request.POST.get("signature", "")
    try:
        if session.device is not None and session.device.public_key == point:
            sessions.prove_again(session, point, signature)
            state = session.device.state
        else:
            named_origin(request)
            door = actions.at_the_door(request.actor, session.person)  # type: ignore[attr-defined]  # middleware
            brought = actions.bring_device(
                door, session, point=point, signature=signature, system=_system(request)
            )
            state = brought.state
    except WrongSignature:
        return JsonResponse({"state": "again"}, status=409)
    except Conflict:
        # A session of another browser: asking again helps nobody.
        return JsonResponse({"state": "over"}, status=409)
    return JsonResponse({"state": state})


@public("a browser without scripts asks to be approved", "POST")
def device_plain(request: HttpRequest) -> HttpResponse:
    """Take a browser that keeps no key by a cookie of its own; it is marked so for whoever approves it."""
    session = _session(request)
    named_origin(request)
    held = request.COOKIES.get(sessions.DEVICE_COOKIE, "")
    token = held or tokens.new_token()[0]
    door = actions.at_the_door(request.actor, session.person)  # type: ignore[attr-defined]  # middleware
    actions.bring_plain_device(door, session, token=token, system=_system(request))
    response = HttpResponseRedirect(reverse("identity:device"))
    response.set_cookie(
        sessions.DEVICE_COOKIE, token, max_age=DEVICE_COOKIE_LIFE, path="/", secure=True, httponly=True,
        samesite="Lax",
    )  # fmt: skip
    return response


@public("approval code for a session's own waiting browser", "POST")
def device_code(request: HttpRequest) -> HttpResponse:
    """Take the code an administrator read out."""
    session = _session(request)
    form = DeviceCodeForm(request.POST)
    if form.is_valid():
        named_origin(request)
        names = [
            throttle.key("device", session.person_id.hex),
            throttle.network(address(request)),
        ]
        for name in names:
            throttle.count(name)
        door = actions.at_the_door(request.actor, session.person)  # type: ignore[attr-defined]  # middleware
        if actions.use_device_code(door, session, form.cleaned_data["code"]):
            for name in names:
                throttle.uncount(name)
            return HttpResponseRedirect("/")
        form.add_error("code", "This code is not right, was used already, or is too old. Ask for a new one.")
    session.refresh_from_db()
    return _gate_page(request, session, form, 422)


# Setup ------------------------------------------------------------------------------------------------------------


def _device(device_id: UUID) -> Device:
    found = Device.objects.select_related("holder", "asked_by").filter(pk=device_id).first()
    if found is None:
        raise NotFound("there is no such device")
    return found


@guard(GET=Devices.VIEW)
def devices(request: HttpRequest) -> HttpResponse:
    """List every browser: waiting ones first, with who uses it, its class and when it was last used."""
    rows = Device.objects.select_related("holder", "asked_by").annotate(seen_at=Max("sessions__seen_at"))
    known = [row for row in rows if row.state != Device.State.PENDING and row.kind != Device.Kind.DEMO]
    page = {
        "waiting": [row for row in rows if row.state == Device.State.PENDING],
        "known": known,
    }
    return render(request, "identity/devices.html", page)


@guard(GET=Devices.VIEW, POST=Devices.APPROVE, fresh=True)
def one_device(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Show one device; POST approves a waiting one or changes name and class of a known one."""
    found = _device(device_id)
    start = {"name": found.name, "kind": found.kind}
    form = DeviceForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
        deed = actions.approve_device if found.state == Device.State.PENDING else actions.rename_device
        deed(actor, found, **form.cleaned_data)
        return HttpResponseRedirect(reverse("identity:devices") + "?done=device")
    return _device_page(request, found, form, 422 if form.is_bound else 200)


def _device_page(
    request: HttpRequest, found: Device, form: DeviceForm, status: int = 200, code: str = ""
) -> HttpResponse:
    living = found.sessions.select_related("person").filter(ended_at__isnull=True).order_by("-seen_at")[:20]
    page = {
        "device": found, "form": form, "sessions": living, "code": code,
        "minutes": int(policy.DEVICE_CODE_LIFE.total_seconds() // 60), "tries": policy.DEVICE_CODE_TRIES,
        "is_own": found.asked_by_id == request.actor.id,  # type: ignore[attr-defined]  # set by the middleware
    }  # fmt: skip
    return render(request, "identity/one_device.html", page, status=status)


@guard(POST=Devices.APPROVE, fresh=True)
def make_device_code(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Show, once, a code that approves this waiting browser."""
    found = _device(device_id)
    code = actions.make_device_code(request.actor, found)  # type: ignore[attr-defined]  # set by the middleware
    return _device_page(
        request, found, DeviceForm(initial={"name": found.name, "kind": found.kind}), code=code
    )


@guard(POST=Devices.APPROVE)
def refuse_device(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Turn a waiting browser away."""
    actions.refuse_device(request.actor, _device(device_id))  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(reverse("identity:devices") + "?done=device_refused")


@guard(POST=Devices.APPROVE)
def retire_device(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Take a device out of use."""
    actions.retire_device(request.actor, _device(device_id))  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(reverse("identity:devices") + "?done=device_retired")


@guard(POST=People.OWN)
def lose_device(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Declare a device lost: everything on it is over."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    actions.lose_device(actor, _device(device_id))
    back = "identity:devices" if actor.holds(Devices.VIEW) else "identity:account"
    return HttpResponseRedirect(reverse(back) + "?done=device_lost")
