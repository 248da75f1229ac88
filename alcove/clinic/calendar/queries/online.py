"""What the booking pages show: locations, menu, team and free times, cut down to what the practice shows (CAL-08).

What is hidden is not in the answer at all: a price that is not shown is None here, so no page can leak it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from alcove.clinic.calendar.models import OnlineBooking, OnlineForm
from alcove.clinic.calendar.queries import eligible, visits
from alcove.clinic.calendar.queries.needs import Wish
from alcove.clinic.calendar.queries.slots import Ask, Free, free, next_free, wishes
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Did as OfClients
from alcove.clinic.clients.queries import contacts, finding
from alcove.clinic.practice.models import Location, Service, ServiceStaff, StaffProfile
from alcove.clinic.practice.queries import money as amounts
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.audit import clock
from alcove.security.identity import tokens

ANY = "any"
WEEK = 7


def settings() -> OnlineBooking:
    """Return how online booking is set up; as at first where nobody has chosen anything."""
    return OnlineBooking.objects.filter(pk=OnlineBooking.THE_ONE).first() or OnlineBooking()


# The menu -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A location as patients see it. Address and phone are "" where they are not shown."""

    id: UUID
    name: str
    address: str
    phone: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as patients see it. ``minutes`` and ``price_minor`` are None where they are not shown."""

    id: UUID
    name: str
    category: str
    description: str
    minutes: int | None
    price_minor: int | None
    is_price_from: bool
    asks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Colleague:
    """A practitioner as patients see them; "" and False for what is not shown."""

    id: UUID
    name: str
    title: str
    about: str
    has_photo: bool


def places(held: OnlineBooking) -> list[Place]:
    """Return the locations in which anything can be booked online."""
    found = _locations().filter(pk__in=_staffed().values("profile__hours__location"))
    return [place(held, one) for one in found]


def place(held: OnlineBooking, one: Location) -> Place:
    return Place(
        one.pk, one.name, visits.address(one) if held.shows("addresses") else "",
        contacts.shown(one.phone) if one.phone and held.shows("phones") else "",
    )  # fmt: skip


def _locations() -> QuerySet[Location]:
    return Location.objects.filter(is_active=True)


def _services() -> QuerySet[Service]:
    shown = Service.objects.filter(is_active=True, is_online=True, category__is_online=True)
    return shown.select_related("category", "alternative").prefetch_related("rooms", "equipment")


def _staffed() -> QuerySet[ServiceStaff]:
    """Return who does what of that which can be booked online."""
    return ServiceStaff.objects.filter(
        service__is_active=True, service__is_online=True, service__category__is_online=True,
        profile__is_bookable=True, profile__is_online=True, profile__person__suspended_at=None,
    )  # fmt: skip


def location(location_id: UUID) -> Location:
    """Return a location that is booked online; raise ``NotFound``."""
    found = _locations().filter(pk=location_id).first()
    if found is None:
        raise NotFound("there is no such location")
    return found


def service(location: Location, service_id: UUID) -> Service:
    """Return a service that is booked online at a location; raise ``NotFound``."""
    found = _services().filter(pk=service_id).first()
    if found is None or not _doing(location, found).exists():
        raise NotFound("there is no such service")
    return found


def _doing(location: Location, service: Service) -> QuerySet[ServiceStaff]:
    return _staffed().filter(service=service, profile__hours__location=location)


def menu(held: OnlineBooking, location: Location) -> list[tuple[str, list[Offer]]]:
    """Return the services of a location by category; without headings where those are not shown."""
    here = _staffed().filter(profile__hours__location=location).values("service")
    found: dict[str, list[Offer]] = {}
    for one in _services().filter(pk__in=here):
        shown = offer(held, location, one)
        found.setdefault(shown.category, []).append(shown)
    return list(found.items())


def offer(held: OnlineBooking, location: Location, one: Service) -> Offer:
    """Return a service cut down to what is shown."""
    price, is_from = _price(one) if held.shows("costs") else (None, False)
    return Offer(
        one.pk, one.name, one.category.name if held.shows("categories") else "",
        one.description if held.shows("descriptions") else "", one.minutes if held.shows("durations") else None,
        price, is_from, eligible.words(one, location) if held.shows("requirements") else [],
    )  # fmt: skip


def _price(one: Service) -> tuple[int, bool]:
    """Return the lowest price of a service, and whether some practitioners ask for more."""
    rows = _staffed().filter(service=one).values_list("price_minor", flat=True)
    prices = {one.price_minor if price is None else price for price in rows} or {one.price_minor}
    return min(prices), len(prices) > 1


def team(held: OnlineBooking, location: Location, service: Service) -> list[Colleague]:
    """Return who does a service at a location and may be chosen; nobody where the team is not shown."""
    if not held.shows("team"):
        return []
    ids = _doing(location, service).values("profile")
    return [colleague(held, one) for one in StaffProfile.objects.filter(pk__in=ids)]


def team_of(held: OnlineBooking, location: Location) -> list[Colleague]:
    """Return everybody whom patients may choose at a location."""
    if not held.shows("team"):
        return []
    ids = _staffed().filter(profile__hours__location=location).values("profile")
    return [colleague(held, one) for one in StaffProfile.objects.filter(pk__in=ids)]


def colleague(held: OnlineBooking, one: StaffProfile) -> Colleague:
    return Colleague(
        one.pk, one.shown_name, one.title if held.shows("titles") else "",
        one.about if held.shows("about") else "", bool(held.shows("photos") and one.photo),
    )  # fmt: skip


def photo(held: OnlineBooking, profile_id: UUID) -> bytes:
    """Return the photo of somebody patients may choose; raise ``NotFound``."""
    shown = held.is_open and held.shows("team") and held.shows("photos")
    here = StaffProfile.objects.filter(pk=profile_id, pk__in=_staffed().values("profile"))
    found = here.first() if shown else None
    if found is None or not found.photo:
        raise NotFound("there is no such photo")
    return bytes(found.photo)


# Free times ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants online: a service at a location, with somebody or with anyone."""

    location: Location
    service: Service
    profile_ids: frozenset[UUID]
    is_any: bool

    @property
    def asks(self) -> list[Ask]:
        return [Ask(self.service, self.profile_ids)]

    def bounds(self) -> tuple[datetime, datetime]:
        """From when until when it may begin."""
        return visits.bounds([self.service], now=clock.now())


def wanted(held: OnlineBooking, location: Location, service: Service, whom: str) -> Wanted:
    """Return what is wanted; ``whom``: "any" or an id. ``NotFound`` for somebody who does not do it there."""
    ids = frozenset(_doing(location, service).values_list("profile_id", flat=True))
    if whom == ANY or not held.shows("team"):
        return Wanted(location, service, ids, is_any=True)
    chosen = frozenset({one for one in ids if str(one) == whom})
    if not chosen:
        raise NotFound("there is no such practitioner")
    return Wanted(location, service, chosen, is_any=False)


def day_times(found: Wanted, day: date) -> list[Free]:
    """Return the free times of a day within lead time and horizon."""
    first, last = found.bounds()
    times = free(found.location, day, found.asks, not_before=first)
    return [one for one in times if one.starts_at <= last]


def next_times(found: Wanted, after: datetime) -> list[Free]:
    """Return the next three free times within lead time and horizon."""
    first, last = found.bounds()
    times = next_free(found.location, found.asks, max(after, first))
    return [one for one in times if one.starts_at <= last]


def days(found: Wanted, first: date) -> list[date]:
    """Return the days of the week that is looked at: seven from a day on, within the horizon."""
    _, last = found.bounds()
    end = last.astimezone(found.location.zone).date()
    return [day for day in (first + timedelta(days=ahead) for ahead in range(WEEK)) if day <= end]


def first_day(found: Wanted) -> date:
    """Return the first day on which it could be booked."""
    return found.bounds()[0].astimezone(found.location.zone).date()


def chosen(found: Wanted, starts_at: datetime) -> list[Wish]:
    """Return what to hold for a time that is offered; raise ``NotFound`` for any other."""
    day = starts_at.astimezone(found.location.zone).date()
    for one in day_times(found, day):
        if one.starts_at == starts_at:
            return wishes(found.asks, starts_at, [one.profiles[0][0]])
    raise NotFound("there is no such time")


# Who it is ----------------------------------------------------------------------------------------------------------


def form(token: str) -> OnlineForm | None:
    """Return the form under way in a browser, booking and all; None for an unknown token."""
    rows = OnlineForm.objects.select_related("booking", "booking__location")
    return rows.filter(digest=tokens.digest(token)).first() if token else None


def known(actor: Actor, channel: str, contact: str, *, given: str, family: str, born: date) -> UUID | None:
    """Return the client who has this confirmed contact, this name and this birth date; None for none or several.

    Only after the contact was confirmed by a code. Whoever matches in part only is a new client to this page.
    """
    if channel not in {"email", "sms"}:
        raise ValueError("there is no such channel")
    sharing = finding.by_contact(contact, frozenset())
    found = finding.opened(actor, sharing, OfClients.SEARCHED) if sharing else []
    same = [one for one in found if not one.is_hidden and _is_same(one, given, family, born)]
    return same[0].id if len(same) == 1 else None


def _is_same(one: Client, given: str, family: str, born: date) -> bool:
    names = {_folded(one.given), _folded(one.preferred)} - {""}
    return one.born_on == born and _folded(family) == _folded(one.family) and _folded(given) in names


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


# Money as it is shown -----------------------------------------------------------------------------------------------


def money(minor: int) -> str:
    """Return an amount of the practice's currency as patients read it; nothing is Free."""
    return amounts.said(minor, amounts.currency())


def living_holds(*, network_key: str = "", contact_key: str = "", but: Collection[UUID] = ()) -> int:
    """Return how many times one network, or one contact, holds at this moment."""
    by = Q(network_key=network_key) if network_key else Q(contact_key=contact_key, confirmed_at__isnull=False)
    rows = OnlineForm.objects.filter(
        by, ended_at=None, booking__state="held", booking__held_until__gt=clock.now()
    )
    return rows.exclude(pk__in=but).count()
