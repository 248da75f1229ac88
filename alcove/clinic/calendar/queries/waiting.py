"""Who waits, in which order, and which freed time suits whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from alcove.clinic.calendar.models import WaitlistEntry, WaitlistOffer
from alcove.clinic.calendar.models.waitlist import EVERY_DAY
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.calendar.queries.needs import Wish
from alcove.clinic.calendar.queries.slots import Ask, free, wishes
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import finding
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.card import Button, CardPart
from alcove.clinic.messaging.queries import choosing, composing
from alcove.clinic.practice.models import Service
from alcove.clinic.practice.models.places import DAY_MINUTES, Weekday
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound

State = WaitlistEntry.State
LOOKED_AT = 200
"""Entries of one location that are looked through for one freed time, the longest waiting first."""


def in_order(location_id: UUID) -> list[UUID]:
    """Return who waits at a location, the longest waiting first."""
    rows = WaitlistEntry.objects.filter(location_id=location_id, state=State.WAITING)
    return list(rows.values_list("pk", flat=True)[:LOOKED_AT])


def first_time(
    entry: WaitlistEntry, begin: datetime, end: datetime, *, not_before: datetime
) -> tuple[datetime, list[Wish]] | None:
    """Return the first free start that uses what became free and suits this entry, with what to hold; else None.

    Never a time that they were offered before: who let it lapse is not asked again while others wait.
    """
    zone = entry.location.zone
    service = Service.objects.prefetch_related("rooms", "equipment").get(pk=entry.service_id)
    if not service.is_active:
        return None
    asks = [Ask(service, frozenset({entry.profile_id}) if entry.profile_id else None)]
    before = _offered_before(entry)
    day, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        # What begins within it comes first; what only reaches into it leaves a gap where it ends.
        starts = free(entry.location, day, asks, not_before=not_before)
        for found in sorted(starts, key=lambda one: one.starts_at < begin):
            wish = wishes(asks, found.starts_at, [found.profiles[0][0]])
            until = wish[0].ends_at
            if found.starts_at >= end or until <= begin or _meets(before, found.starts_at, until):
                continue
            if entry.suits(found.starts_at.astimezone(zone), until.astimezone(zone)):
                return found.starts_at, wish
        day += timedelta(days=1)
    return None


def _offered_before(entry: WaitlistEntry) -> list[tuple[datetime, datetime]]:
    rows = WaitlistOffer.objects.filter(entry=entry)
    return list(rows.values_list("booking__starts_at", "booking__ends_at"))


def _meets(spans: Iterable[tuple[datetime, datetime]], begin: datetime, end: datetime) -> bool:
    return any(first < end and begin < last for first, last in spans)


def may_hear(entry: WaitlistEntry, starts_at: datetime, ends_at: datetime, *, now: datetime) -> bool:
    """Whether an offer would reach this client in time; their quiet hours may say no. The client must be open."""
    facts = {
        "starts_at": starts_at.astimezone(UTC).isoformat(),
        "location": entry.location_id.hex,
        "token": "",
    }
    chosen = choosing.choice(entry.client_id)
    leaves = composing.may_leave_at("waitlist_offer", facts, chosen, wanted=now, ends_at=ends_at, now=now)
    return leaves is not None and leaves < ends_at


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list, opened for whoever looks. ``offer``: what they are offered now, if anything."""

    entry: WaitlistEntry
    client: Client
    offer: WaitlistOffer | None

    @property
    def days(self) -> str:
        """The days of the week, in words."""
        if self.entry.days == EVERY_DAY:
            return "Any day"
        return ", ".join(Weekday(day).label[:3] for day in self.entry.weekdays)

    @property
    def hours(self) -> str:
        """The hours of the day, in words."""
        first, last = self.entry.from_minute, self.entry.until_minute
        if (first, last) == (0, DAY_MINUTES):
            return "at any time"
        return f"{first // 60}:{first % 60:02} to {last // 60}:{last % 60:02}"


def card(actor: Actor, client: Client) -> CardPart:
    """Return the button by which a client is put on the waitlist."""
    if not actor.holds(Calendar.CREATE):
        return CardPart()
    url = page_url("client_calendar:join", client_id=client.id)
    return CardPart(buttons=[Button("Waitlist", url, "hourglass", 60)])


def listed(actor: Actor) -> list[Row]:
    """Return everybody who waits or was just offered a time, with one entry in the log for the list."""
    actor.must(Calendar.VIEW)
    entries = _of(WaitlistEntry.objects.filter(state__in=(State.WAITING, State.OFFERED)))
    shown = {one.id: one for one in finding.opened(actor, _clients(entries), Did.LIST_SHOWN)}
    offers = {
        row.entry_id: row for row in WaitlistOffer.objects.filter(ended_at=None).select_related("booking")
    }
    return [
        Row(entry, shown[entry.client_id], offers.get(entry.pk))
        for entry in entries
        if entry.client_id in shown
    ]


def _of(rows: QuerySet[WaitlistEntry]) -> list[WaitlistEntry]:
    return list(rows.select_related("service", "profile", "location")[:LOOKED_AT])


def _clients(entries: Sequence[WaitlistEntry]) -> list[UUID]:
    return list(dict.fromkeys(entry.client_id for entry in entries))


def entry(actor: Actor, entry_id: UUID) -> WaitlistEntry:
    """Return an entry whose client this actor reaches; raise ``NotFound``."""
    actor.must(Calendar.VIEW)
    found = WaitlistEntry.objects.select_related("service", "location", "profile").filter(pk=entry_id).first()
    if found is None:
        raise NotFound("there is no such entry")
    need.reach(actor, found.client_id)
    return found
