"""From a chosen time to a booking: hold it, confirm a contact by a code, say who one is. No page here may be framed.

The browser knows its form by one cookie with a random token; no URL names anybody or anything of theirs. What a page
answers is the same whether the practice knows somebody or not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.calendar.actions import OutsideHours, SlotTaken, Unworkable, deposits
from alcove.clinic.calendar.actions import online as actions
from alcove.clinic.calendar.models import Appointment, Booking, OnlineBooking, OnlineForm
from alcove.clinic.calendar.policy import Online
from alcove.clinic.calendar.queries import ical, online, visits
from alcove.clinic.calendar.queries.eligible import NotEligible
from alcove.clinic.calendar.queries.online import Wanted
from alcove.clinic.clients.queries import contacts, finding
from alcove.clinic.practice.models import Service
from alcove.portal.forms import BookingCodeForm, ContactForm, WhoForm
from alcove.portal.views.booking import as_id, link, offered, said, stamped
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import public
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.security.identity import throttle
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.queries.by_sms import is_sent
from alcove.security.identity.views.door import set_cookie

COOKIE = "__Host-book"
WRONG_CODE = "This code is not right, or it is too old. Send a new one and try again."
ENOUGH = "This is often enough for now. Please wait a while, or call the practice."
SHOWN_FOR = policy.HOLD_LIFE * 3
"""For so long the browser that booked is shown time and place again."""


def visitor(request: HttpRequest) -> Actor:
    """Return who acts: a job with no more rights than booking takes, at this address and browser."""
    named_origin(request)
    held: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    job = Actor.job("online booking", Online.BEGIN, Open.DIRECTORY)
    return replace(job, origin_id=held.origin_id, request=held.request)


def _form(request: HttpRequest) -> OnlineForm | None:
    """Return this browser's form while its time is held."""
    found = online.form(request.COOKIES.get(COOKIE, ""))
    if found is None or found.ended_at is not None:
        return None
    is_held = found.booking.state == Booking.State.HELD and not found.booking.is_let_go(clock.now())
    return found if is_held else None


def _ran_out(request: HttpRequest) -> HttpResponse:
    """Say that there is no held time, and lead to the first page; to where it was booked if it was."""
    found = online.form(request.COOKIES.get(COOKIE, ""))
    if found is not None and found.booking.state in visits.OPEN_STATES:
        return HttpResponseRedirect(reverse("book:done"))
    return render(request, "portal/book/ran_out.html", status=409)


def _page(held: OnlineForm, **more: Any) -> dict[str, Any]:
    zone = held.booking.location.zone
    return {
        "when": said(held.booking.starts_at, zone), "until": held.booking.held_until,
        "place": held.booking.location, **more,
    }  # fmt: skip


# A time -------------------------------------------------------------------------------------------------------------


def _wanted(held: OnlineBooking, request: HttpRequest) -> Wanted:
    if not held.is_open:
        raise NotFound("online booking is closed")
    at = online.location(as_id(request.GET.get("at", "")))
    service = online.service(at, as_id(request.GET.get("service", "")))
    return online.wanted(held, at, service, request.GET.get("with", "") or online.ANY)


@public("booking: the chosen time, and holding it while a form is filled in", "GET", "POST")
def time(request: HttpRequest) -> HttpResponse:
    """Show what was chosen; POST holds it for this browser."""
    held = online.settings()
    found = _wanted(held, request)
    starts_at = stamped(request.GET.get("start", ""))
    if request.method == "POST":
        network = throttle.network(address(request))
        throttle.count(throttle.key("booking", network))
        try:
            return _hold(request, found, starts_at, network)
        except (SlotTaken, OutsideHours, Unworkable, NotFound):
            pass
    elif any(one.starts_at == starts_at for one in online.day_times(found, _day_of(found, starts_at))):
        return _chosen(request, held, found, starts_at)
    page = {
        "times": offered(found, online.next_times(found, starts_at)),
        "back": link("choose", at=found.location.pk, service=found.service.pk),
    }  # fmt: skip
    return render(request, "portal/book/taken.html", page, status=409)


def _day_of(found: Wanted, starts_at: Any) -> Any:
    return starts_at.astimezone(found.location.zone).date()


def _chosen(request: HttpRequest, held: OnlineBooking, found: Wanted, starts_at: Any) -> HttpResponse:
    offer = online.offer(held, found.location, found.service)
    [wish] = online.chosen(found, starts_at)
    page = {
        "when": said(starts_at, found.location.zone), "offer": offer, "place": online.place(held, found.location),
        "with_whom": "" if found.is_any or not held.shows("team") else wish.profile.shown_name,
        "price": online.money(wish.price_minor) if held.shows("costs") else "",
        "minutes": wish.minutes if held.shows("durations") else None,
        "life": int(policy.HOLD_LIFE.total_seconds() // 60),
        "back": link("choose", at=found.location.pk, service=found.service.pk),
    }  # fmt: skip
    return render(request, "portal/book/time.html", page)


def _hold(request: HttpRequest, found: Wanted, starts_at: Any, network: str) -> HttpResponse:
    before = online.form(request.COOKIES.get(COOKIE, ""))
    kept = before is not None and before.confirmed_at is not None and before.ended_at is None
    token = actions.begin(
        visitor(request), found.location, online.chosen(found, starts_at), network_key=network,
        before=before if before is not None and before.ended_at is None else None,
    )  # fmt: skip
    answer = HttpResponseRedirect(reverse("book:details" if kept else "book:contact"))
    return set_cookie(answer, COOKIE, token, seconds=int(SHOWN_FOR.total_seconds()))


@public("booking: giving a held time back", "POST")
def stop(request: HttpRequest) -> HttpResponse:
    """Let the held time go and begin again."""
    form = _form(request)
    if form is not None:
        actions.stop(visitor(request), form)
    answer = HttpResponseRedirect(reverse("book:choose"))
    answer.delete_cookie(COOKIE, path="/")
    return answer


# A contact ----------------------------------------------------------------------------------------------------------


@public("booking: the e-mail address or phone number that a code goes to", "GET", "POST")
def contact(request: HttpRequest) -> HttpResponse:
    """Ask how the visitor is reached, and send a code there, whoever it is."""
    form = _form(request)
    if form is None:
        return _ran_out(request)
    typed = ContactForm(request.POST or None, country=finding.country(), by_sms=is_sent("sms"))
    if request.method != "POST" or not typed.is_valid():
        status = 422 if typed.is_bound else 200
        return render(request, "portal/book/contact.html", _page(form, form=typed), status=status)
    network = throttle.network(address(request))
    throttle.count(throttle.key("booking code", network))
    where = typed.cleaned_data["contact"]
    try:
        actions.send_code(
            visitor(request), form, channel=typed.channel, contact=where,
            contact_key=throttle.key("booking contact", where),
        )  # fmt: skip
    except throttle.TooMany:
        typed.add_error("contact", ENOUGH)
        return render(request, "portal/book/contact.html", _page(form, form=typed), status=429)
    except Conflict:
        return _ran_out(request)
    return HttpResponseRedirect(reverse("book:code"))


@public("booking: the code that confirms an address or number", "GET", "POST")
def code(request: HttpRequest) -> HttpResponse:
    """Take the code."""
    form = _form(request)
    if form is None:
        return _ran_out(request)
    if form.confirmed_at is not None:
        return HttpResponseRedirect(reverse("book:details"))
    if not form.asked:
        return HttpResponseRedirect(reverse("book:contact"))
    typed = BookingCodeForm(request.POST or None)
    status = 422 if typed.is_bound else 200
    if request.method == "POST" and typed.is_valid():
        try:
            if actions.confirm_contact(visitor(request), form, typed.cleaned_data["code"]):
                return HttpResponseRedirect(reverse("book:details"))
            typed.add_error("code", WRONG_CODE)
        except throttle.TooMany:
            typed.add_error("code", ENOUGH)
            status = 429
        except Conflict:
            return _ran_out(request)
    page = _page(
        form, form=typed, masked=_masked(form), minutes=int(policy.BOOKING_CODE_LIFE.total_seconds() // 60)
    )
    return render(request, "portal/book/code.html", page, status=status)


def _masked(form: OnlineForm) -> str:
    asked = form.asked
    return str(
        contacts.masked_email(asked["contact"])
        if asked["channel"] == "email"
        else contacts.masked(asked["contact"])
    )


# Who it is ----------------------------------------------------------------------------------------------------------


@public("booking: name and birth date of whoever confirmed a contact", "GET", "POST")
def details(request: HttpRequest) -> HttpResponse:
    """Ask who it is, and book the held time."""
    form = _form(request)
    if form is None:
        return _ran_out(request)
    if form.confirmed_at is None or not form.asked:
        return HttpResponseRedirect(reverse("book:contact"))
    asked = form.asked
    typed = WhoForm(request.POST or None, country=finding.country(), channel=asked["channel"])
    if request.method == "POST" and typed.is_valid():
        actor = visitor(request)
        try:
            booked = _book(actor, form, typed, asked)
        except NotEligible as refused:
            return _not_eligible(request, form, refused)
        except Conflict:
            return _ran_out(request)
        payer = deposits.asked_by()
        return HttpResponseRedirect((payer.page(booked) if payer else None) or reverse("book:done"))
    page = _page(form, form=typed, masked=_masked(form))
    return render(request, "portal/book/details.html", page, status=422 if typed.is_bound else 200)


def _book(actor: Actor, form: OnlineForm, typed: WhoForm, asked: dict[str, str]) -> Booking:
    given, family, born = (typed.cleaned_data[key] for key in ("given", "family", "born"))
    known = online.known(actor, asked["channel"], asked["contact"], given=given, family=family, born=born)
    return actions.finish(
        actor, form, client_id=known, directory=typed.as_directory(asked["contact"]), born=born,
        people=typed.guardians,
    )  # fmt: skip


def _not_eligible(request: HttpRequest, form: OnlineForm, refused: NotEligible) -> HttpResponse:
    row = Appointment.objects.select_related("service__alternative").filter(booking=form.booking).first()
    other = row.service.alternative if row is not None else None
    page = _page(form, reasons=refused.reasons, **_alternative(form, other))
    return render(request, "portal/book/not_eligible.html", page, status=422)


def _alternative(form: OnlineForm, other: Service | None) -> dict[str, Any]:
    """Return what may be booked instead, if that is booked online here."""
    if other is None:
        return {}
    try:
        online.service(form.booking.location, other.pk)
    except NotFound:
        return {}
    return {"other": other.name, "url": link("choose", at=form.booking.location_id, service=other.pk)}


# Booked -------------------------------------------------------------------------------------------------------------


def _booked(request: HttpRequest) -> Booking | None:
    """Return what this browser has just booked."""
    found = online.form(request.COOKIES.get(COOKIE, ""))
    if found is None or found.ended_at is None or clock.now() - found.ended_at > SHOWN_FOR:
        return None
    return found.booking if found.booking.state in visits.OPEN_STATES else None


@public("booking: time and place of what this browser has just booked")
def done(request: HttpRequest) -> HttpResponse:
    """Say that it is booked, in the practice's words and colours."""
    booking = _booked(request)
    if booking is None:
        return HttpResponseRedirect(reverse("book:choose"))
    held = online.settings()
    page = {
        "held": held, "when": said(booking.starts_at, booking.location.zone),
        "place": online.place(held, booking.location), "entry_url": reverse("book:entry"),
    }  # fmt: skip
    return render(request, "portal/book/done.html", page)


@public("booking: the calendar entry of what this browser has just booked")
def entry(request: HttpRequest) -> HttpResponse:
    """Return the visit for a calendar: practice, time and place."""
    booking = _booked(request)
    if booking is None:
        raise NotFound("there is no such visit")
    return as_entry(booking)


def as_entry(booking: Booking) -> HttpResponse:
    headers = {"Content-Disposition": 'attachment; filename="visit.ics"'}
    return HttpResponse(visits.entry(booking), content_type=ical.MEDIA_TYPE, headers=headers)
