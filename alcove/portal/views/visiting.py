"""What the links in messages open: time and place of a visit, and confirming, moving or cancelling it (CAL-07).

A GET changes nothing, so whoever looks through mail for bad links uses none up. Used, altered, outlived: 410, one page.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.calendar.actions import OutsideHours, SlotTaken, Unworkable, links
from alcove.clinic.calendar.models import Booking, VisitLink
from alcove.clinic.calendar.policy import Online
from alcove.clinic.calendar.queries import Free, visits
from alcove.portal.views.booking import Said, said, stamped
from alcove.portal.views.holding import as_entry
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Gone
from alcove.security.access.guards import signed
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.security.identity import throttle
from alcove.security.identity.middleware import address, named_origin

DAYS = 14
"""Days that are looked through for times to move to, at once."""


def _link(request: HttpRequest, token: str) -> VisitLink:
    """Return what a link stands for. Wrong ones are counted: nobody tries many."""
    try:
        return visits.link(token)
    except Gone:
        throttle.count(throttle.key("visit link", throttle.network(address(request))))
        raise


def _holder(request: HttpRequest) -> Actor:
    """Return who acts: whoever holds the link, with the rights of this one deed."""
    named_origin(request)
    held: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    job = Actor.job("visit link", Online.LINK, Open.DIRECTORY)
    return replace(job, origin_id=held.origin_id, request=held.request)


def _page(booking: Booking, token: str, **more: Any) -> dict[str, Any]:
    zone = booking.location.zone
    shown = visits.shown(booking)
    return {
        "when": said(booking.starts_at, zone), "place": booking.location, "visit_token": token,
        "address": visits.address(booking.location), "is_changeable": shown.is_changeable,
        "until": said(shown.until, zone), "is_confirmed": shown.is_confirmed, **more,
    }  # fmt: skip


@signed("link in a message: time and place of one visit, and nothing else")
def visit(request: HttpRequest, visit_token: str) -> HttpResponse:
    """Show when and where, with what can be done; for an offer, what confirming shows."""
    found = _link(request, visit_token)
    if visits.offer_of(found) is not None:
        return _offer(request, found, visit_token)
    return render(request, "portal/book/visit.html", _page(found.booking, visit_token))


@signed("link in a message: confirms one visit, or takes one offered time", "GET", "POST")
def confirm(request: HttpRequest, visit_token: str) -> HttpResponse:
    """Ask once, then confirm; an offered time becomes a booking."""
    found = _link(request, visit_token)
    if visits.offer_of(found) is not None:
        if request.method != "POST":
            return _offer(request, found, visit_token)
        booked = links.take_offer(_holder(request), found)
        return _ended(request, booked, "You have the time", "A message with the details follows.")
    if request.method == "POST":
        booked = links.confirm(_holder(request), found)
        page = _page(booked, visit_token, said="Thank you. We know that you are coming.")
        return render(request, "portal/book/visit.html", page)
    return render(request, "portal/book/visit.html", _page(found.booking, visit_token, asks_confirm=True))


def _offer(request: HttpRequest, found: VisitLink, token: str) -> HttpResponse:
    offer = visits.offer_of(found)
    page = _page(found.booking, token, ends_at=offer.ends_at if offer else None)
    return render(request, "portal/book/offer.html", page)


@signed("link in a message: gives one offered time to the next person", "POST")
def decline(request: HttpRequest, visit_token: str) -> HttpResponse:
    """Decline an offer; whoever waits goes on waiting."""
    found = _link(request, visit_token)
    if visits.offer_of(found) is None:
        raise Gone(visits.GONE)
    links.decline_offer(_holder(request), found)
    page = {"title": "Thank you for telling us", "words": "You stay on the waitlist for other times."}
    return render(request, "portal/book/ended.html", page)


@signed("link in a message: cancels one visit, once", "GET", "POST")
def cancel(request: HttpRequest, visit_token: str) -> HttpResponse:
    """Ask once, then cancel."""
    found = _visit(request, visit_token)
    if request.method == "POST":
        try:
            links.cancel(_holder(request), found)
        except Unworkable as late:
            page = _page(found.booking, visit_token, problem=str(late))
            return render(request, "portal/book/visit.html", page, status=409)
        return _ended(request, found.booking, "Your visit is cancelled", "This link has ended.")
    return render(request, "portal/book/cancel.html", _page(found.booking, visit_token))


def _visit(request: HttpRequest, token: str) -> VisitLink:
    """Return the link of a visit; an offer's opens nothing here."""
    found = _link(request, token)
    if found.booking.state == Booking.State.HELD:
        raise Gone(visits.GONE)
    return found


@signed("link in a message: moves one visit, once", "GET", "POST")
def move(request: HttpRequest, visit_token: str) -> HttpResponse:
    """Show the times there are, then move to one of them."""
    found = _visit(request, visit_token)
    booking, now = found.booking, clock.now()
    if request.method == "POST":
        starts_at = stamped(request.POST.get("start", ""))
        try:
            moved = links.move(_holder(request), found, starts_at=starts_at)
        except (SlotTaken, OutsideHours):
            times = _said(booking, visits.next_times(booking, starts_at, now=now))
            page = _page(booking, visit_token, days=[("The next free times", times)], is_taken=True)
            return render(request, "portal/book/move.html", page, status=409)
        except Unworkable as late:
            page = _page(booking, visit_token, problem=str(late))
            return render(request, "portal/book/visit.html", page, status=409)
        return _ended(
            request, moved, "Your visit is moved", "A message with a new link follows. This link has ended."
        )
    return render(request, "portal/book/move.html", _times(request, booking, visit_token, now))


def _times(request: HttpRequest, booking: Booking, token: str, now: datetime) -> dict[str, Any]:
    zone = booking.location.zone
    today = now.astimezone(zone).date()
    try:
        start = max(date.fromisoformat(request.GET.get("from", "")), today)
    except ValueError:
        start = today
    start = min(start, today + timedelta(days=730))
    days = []
    for ahead in range(DAYS):
        day = start + timedelta(days=ahead)
        found = visits.times(booking, day, now=now)
        if found:
            days.append((said(found[0].starts_at, zone).day, _said(booking, found)))
    url = reverse("book:move", kwargs={"visit_token": token})
    return _page(
        booking, token, days=days, later=f"{url}?from={start + timedelta(days=DAYS)}",
        earlier=f"{url}?from={start - timedelta(days=DAYS)}" if start > today else "",
    )  # fmt: skip


def _said(booking: Booking, found: list[Free]) -> list[Said]:
    return [said(one.starts_at, booking.location.zone) for one in found]


def _ended(request: HttpRequest, booking: Booking, title: str, words: str) -> HttpResponse:
    page = {"title": title, "words": words, "when": said(booking.starts_at, booking.location.zone)}
    return render(request, "portal/book/ended.html", page | {"place": booking.location})


@signed("link in a message: one visit as a calendar entry")
def entry(request: HttpRequest, visit_token: str) -> HttpResponse:
    """Return the visit for a calendar: practice, time and place."""
    return as_entry(_visit(request, visit_token).booking)
