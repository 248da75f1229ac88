"""The first pages of online booking: where, what, with whom, when. They ask no name; chosen sites may frame them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.calendar.models import OnlineBooking
from alcove.clinic.calendar.queries import Free, online
from alcove.clinic.calendar.queries.online import ANY, WEEK, Wanted
from alcove.clinic.messaging.queries import choosing, composing
from alcove.clinic.practice.models import Location, Service
from alcove.security.access.errors import NotFound
from alcove.security.access.guards import public

_STAMP = "%Y%m%dT%H%MZ"


@dataclass(frozen=True, slots=True)
class Said:
    """A moment as patients read it, by the location's clock. ``stamp``: as it stands in a URL."""

    day: str
    time: str
    stamp: str
    zone: str = ""


def said(moment: datetime, zone: ZoneInfo) -> Said:
    language = choosing.own_language()
    return Said(
        composing.day(moment, zone, language), composing.clock(moment, zone, language),
        moment.astimezone(UTC).strftime(_STAMP), zone.key.rpartition("/")[2].replace("_", " "),
    )  # fmt: skip


def stamped(text: str) -> datetime:
    """Return the moment of a stamp; raise ``NotFound``."""
    try:
        return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise NotFound("there is no such time") from None


def as_id(text: str) -> UUID:
    """Return an id out of a URL; raise ``NotFound``."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("there is no such thing") from None


def link(name: str, **chosen: object) -> str:
    """Return the URL of a step with what was chosen so far; none of it is anybody's."""
    return f"{reverse(f'book:{name}')}?{urlencode({key: str(value) for key, value in chosen.items()})}"


@public("booking: choosing location, service, practitioner and time asks nobody's name")
def choose(request: HttpRequest) -> HttpResponse:
    """Show the first thing that is not chosen yet."""
    held = online.settings()
    if not held.is_open:
        return framed(held, render(request, "portal/book/closed.html", {"places": online.places(held)}))
    places = online.places(held)
    chosen = request.GET.get("at", "")
    if not chosen and len(places) != 1:
        page = {"places": [(one, link("choose", at=one.id)) for one in places], "welcome": held.greeting}
        return framed(held, render(request, "portal/book/places.html", page))
    at = online.location(as_id(chosen) if chosen else places[0].id)
    if not request.GET.get("service"):
        return framed(held, _menu(request, held, at, has_others=len(places) > 1))
    service = online.service(at, as_id(request.GET["service"]))
    whom = request.GET.get("with", "")
    team = online.team(held, at, service)
    if not whom and len(team) > 1:
        return framed(held, _team(request, held, at, service))
    found = online.wanted(held, at, service, whom or (str(team[0].id) if team else ANY))
    return framed(held, _times(request, held, found))


def framed(held: OnlineBooking, answer: HttpResponse) -> HttpResponse:
    """Let the sites that the practice chose show this answer in a frame of theirs."""
    answer.framed_by = tuple(held.sites)  # type: ignore[attr-defined]  # read by identity's middleware
    return answer


def _menu(request: HttpRequest, held: OnlineBooking, at: Location, *, has_others: bool) -> HttpResponse:
    groups = [
        (heading, [(one, _price(one), link("choose", at=at.pk, service=one.id)) for one in offers])
        for heading, offers in online.menu(held, at)
    ]
    page = {
        "place": online.place(held, at), "groups": groups, "welcome": held.greeting,
        "back": reverse("book:choose") if has_others else "",
    }  # fmt: skip
    return render(request, "portal/book/menu.html", page)


def _price(one: online.Offer) -> str:
    return "" if one.price_minor is None else online.money(one.price_minor)


def _team(request: HttpRequest, held: OnlineBooking, at: Location, service: Service) -> HttpResponse:
    chosen: dict[str, Any] = {"at": at.pk, "service": service.pk}
    page = {
        "offer": online.offer(held, at, service), "place": online.place(held, at),
        "team": [
            (one, link("choose", **chosen, **{"with": one.id})) for one in online.team(held, at, service)
        ],
        "anyone": link("choose", **chosen, **{"with": ANY}), "back": link("choose", at=at.pk),
    }  # fmt: skip
    return render(request, "portal/book/team.html", page)


def whom(found: Wanted) -> str:
    """Return how a URL says with whom."""
    return ANY if found.is_any else str(next(iter(found.profile_ids)))


def offered(found: Wanted, times: list[Free]) -> list[tuple[Said, str]]:
    """Return free times with the link that goes on with each."""
    chosen = {"at": found.location.pk, "service": found.service.pk, "with": whom(found)}
    return [
        (shown, link("time", **chosen, start=shown.stamp))
        for shown in (said(one.starts_at, found.location.zone) for one in times)
    ]


def _times(request: HttpRequest, held: OnlineBooking, found: Wanted) -> HttpResponse:
    first, last = online.first_day(found), found.bounds()[1].astimezone(found.location.zone).date()
    start = min(max(_day(request.GET.get("from", ""), first), first), last)
    week = [(day, offered(found, online.day_times(found, day))) for day in online.days(found, start)]
    days = [(_named(day, found), times) for day, times in week if times]
    chosen = {"at": found.location.pk, "service": found.service.pk, "with": whom(found)}
    later, earlier = start + timedelta(days=WEEK), start - timedelta(days=WEEK)
    midnight = datetime.combine(start, datetime.min.time(), found.location.zone)
    page = {
        "offer": online.offer(held, found.location, found.service), "place": online.place(held, found.location),
        "days": days, "zone": said(midnight, found.location.zone).zone,
        "later": link("choose", **chosen, **{"from": later}) if later <= last else "",
        "earlier": link("choose", **chosen, **{"from": max(earlier, first)}) if start > first else "",
        "next_times": [] if days else offered(found, online.next_times(found, midnight)),
        "back": link("choose", at=found.location.pk, service=found.service.pk),
        "with_whom": _with_whom(held, found),
    }  # fmt: skip
    return render(request, "portal/book/times.html", page)


def _with_whom(held: OnlineBooking, found: Wanted) -> str:
    if found.is_any:
        return ""
    team = online.team(held, found.location, found.service)
    return next((one.name for one in team if one.id in found.profile_ids), "")


def _named(day: date, found: Wanted) -> str:
    noon = datetime.combine(day, datetime.min.time().replace(hour=12), found.location.zone)
    return said(noon, found.location.zone).day


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


@public("photo of somebody of the team whom patients may choose")
def photo(request: HttpRequest, profile_id: UUID) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Return the small picture the practice made public."""
    return HttpResponse(online.photo(online.settings(), profile_id), content_type="image/jpeg")


@public("colours of the booking pages")
def look(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Return the practice's colours as a style sheet; the Content-Security-Policy takes them no other way."""
    return HttpResponse(online.settings().look, content_type="text/css")
