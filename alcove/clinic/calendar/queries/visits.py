"""What the link of a visit opens: time and place, and the times it may be moved to. Never whose visit it is.

An unknown, altered, used or outlived link is one and the same: ``Gone`` (410) in the same words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Max

from alcove.clinic.calendar.models import Appointment, Booking, VisitLink, WaitlistOffer
from alcove.clinic.calendar.queries import ical
from alcove.clinic.calendar.queries.minutes import MINUTE
from alcove.clinic.calendar.queries.slots import Ask, Free, free, next_free
from alcove.clinic.practice.models import Location, Practice, Service
from alcove.security.access.errors import Gone
from alcove.security.audit import clock
from alcove.security.identity import tokens

GONE: Final = "This link was used already or is no longer valid. Please call the practice if you need help."
OPEN_STATES: Final = frozenset({Booking.State.BOOKED, Booking.State.CONFIRMED})


def link(token: str) -> VisitLink:
    """Return what a token stands for, booking and location with it; raise ``Gone``."""
    rows = VisitLink.objects.select_related("booking", "booking__location")
    found = rows.filter(digest=tokens.digest(token), used_at=None).first()
    if found is None or not is_living(found.booking, now=clock.now()):
        raise Gone(GONE)
    return found


def is_living(booking: Booking, *, now: datetime) -> bool:
    """Whether a link of this booking still opens: it is to come, or it is held for somebody who waits."""
    if booking.state == Booking.State.HELD:
        return not booking.is_let_go(now)
    return booking.state in OPEN_STATES and booking.starts_at > now


def offer_of(found: VisitLink) -> WaitlistOffer | None:
    """Return the offer behind a link, None where it is about a visit; raise ``Gone`` for one that is over."""
    if found.booking.state != Booking.State.HELD:
        return None
    offer = WaitlistOffer.objects.filter(booking=found.booking, ended_at=None).first()
    if offer is None or offer.ends_at <= clock.now():
        raise Gone(GONE)
    return offer


@dataclass(frozen=True, slots=True)
class Shown:
    """All that a page behind a link shows, moments in the location's own time."""

    starts_at: datetime
    ends_at: datetime
    place: Location
    until: datetime
    is_confirmed: bool

    @property
    def is_changeable(self) -> bool:
        return clock.now() <= self.until


def shown(booking: Booking) -> Shown:
    """Return time and place of a visit."""
    zone = booking.location.zone
    return Shown(
        booking.starts_at.astimezone(zone), booking.ends_at.astimezone(zone), booking.location,
        changeable_until(booking).astimezone(zone), booking.state == Booking.State.CONFIRMED,
    )  # fmt: skip


def changeable_until(booking: Booking) -> datetime:
    """Return until when it may be changed or cancelled online: the strictest of its services decides."""
    rows = Appointment.objects.filter(booking=booking)
    minutes = rows.aggregate(most=Max("service__cutoff_minutes"))["most"] or 0
    return booking.starts_at - timedelta(minutes=minutes)


def _asks(booking: Booking) -> tuple[list[Ask], list[Service]]:
    rows = Appointment.objects.filter(booking=booking).select_related("service")
    found = list(rows.prefetch_related("service__rooms", "service__equipment"))
    asks = [
        Ask(row.service, frozenset({row.profile_id}), (row.starts_at - booking.starts_at) // MINUTE)
        for row in found
    ]
    return asks, [row.service for row in found]


def bounds(services: Iterable[Service], *, now: datetime) -> tuple[datetime, datetime]:
    """Return from when until when these services may begin by their lead times and horizons."""
    held = list(services)
    lead = max((service.lead_minutes for service in held), default=0)
    horizon = min((service.horizon_days for service in held), default=0)
    return now + timedelta(minutes=lead), now + timedelta(days=horizon)


def times(booking: Booking, day: date, *, now: datetime) -> list[Free]:
    """Return to when on a day a visit may be moved online, with the same people."""
    asks, services = _asks(booking)
    first, last = bounds(services, now=now)
    found = free(booking.location, day, asks, not_before=first, ignoring=booking.pk)
    return [one for one in found if one.starts_at <= last and one.starts_at != booking.starts_at]


def next_times(booking: Booking, after: datetime, *, now: datetime) -> list[Free]:
    """Return the next three times a visit may be moved to."""
    asks, services = _asks(booking)
    first, last = bounds(services, now=now)
    found = next_free(booking.location, asks, max(after, first), ignoring=booking.pk)
    return [one for one in found if one.starts_at <= last]


def is_offered(booking: Booking, starts_at: datetime, *, now: datetime) -> bool:
    """Whether this is one of the times a visit may be moved to."""
    day = starts_at.astimezone(booking.location.zone).date()
    return any(one.starts_at == starts_at for one in times(booking, day, now=now))


def address(place: Location) -> str:
    """Return a location's address in one line."""
    return ", ".join(part for part in (place.street, place.city, place.postal_code) if part)


def entry(booking: Booking) -> bytes:
    """Return a visit as a calendar's entry: practice, time and place, and nothing of what it is for."""
    practice = Practice.objects.values_list("name", flat=True).first() or booking.location.name
    host = settings.ALCOVE.public_address.partition("//")[2].partition(":")[0]
    place = ", ".join(part for part in (booking.location.name, address(booking.location)) if part)
    event = ical.Event(
        # Another id than the booking's own: an entry in somebody's calendar is no key to anything here.
        uid=f"{tokens.digest(booking.pk.hex)[:32]}@{host}", starts_at=booking.starts_at, ends_at=booking.ends_at,
        summary=practice, place=place, changed_at=booking.created_at, sequence=booking.version,
        is_cancelled=booking.state == Booking.State.CANCELLED,
    )  # fmt: skip
    return ical.calendar("", [event])
