"""One person's day in the log: what was opened, what was done besides, and for which clients there was a reason."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

from django.utils import timezone

from alcove.clinic.calendar.models import Appointment, Booking
from alcove.clinic.clients.policy import Did as Card
from alcove.clinic.records.models import Visit
from alcove.clinic.records.policy import Did as Record
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.models import GlassBreak, TeamMember
from alcove.security.access.policy import Did as Kernel
from alcove.security.audit.events import Result
from alcove.security.audit.models import Entry, Origin

MOST_ENTRIES: Final = 20_000
TAKEN: Final = frozenset({Card.EXPORTED.key, Card.PRINTED.key, Record.PRINTED.key})
"""A whole record on its way out, one client at a time."""
UNCOVERED: Final = frozenset({Card.REVEALED.key, Card.IDENTITY_SHOWN.key})
OPENED: Final = frozenset({Kernel.RECORD_OPENED.key, Kernel.CARD_OPENED.key})
_VERSIONS: Final = frozenset({Card.VERSIONS_VIEWED.key, Record.VERSIONS_VIEWED.key, Record.DOCUMENT_READ.key})
LOOKS: Final = OPENED | TAKEN | UNCOVERED | _VERSIONS | {Card.LOG_VIEWED.key}
_NO_WORK: Final = LOOKS | {
    Kernel.GLASS_BROKEN.key,
    Kernel.GLASS_RETURNED.key,
    Kernel.REFUSED.key,
    Card.SEARCHED.key,
}
"""Deeds that do nothing for a client: they are no reason to have looked."""


def micros(moment: datetime) -> int:
    """Return a moment as the log counts it."""
    return int(moment.timestamp() * 1_000_000)


def bounds(on: date) -> tuple[int, int]:
    """Return first and last moment of a day at the practice, as the log counts."""
    zone = timezone.get_current_timezone()
    first = datetime.combine(on, time(), zone).astimezone(UTC)
    last = datetime.combine(on + timedelta(days=1), time(), zone).astimezone(UTC)
    return micros(first), micros(last) - 1


@dataclass
class Day:
    """What one person did on one day, in order.

    ``new``: clients whose opening nobody has compared yet; ``tied``: those of them who have a tie with this person.
    """

    person_id: UUID
    on: date
    entries: list[Entry]
    new: set[UUID] = field(default_factory=set)
    tied: dict[UUID, str] = field(default_factory=dict)

    @cached_property
    def looks(self) -> dict[UUID, list[Entry]]:
        """Clients looked at, each with its entries."""
        return self.by_client(LOOKS)

    def by_client(self, kinds: Iterable[str]) -> dict[UUID, list[Entry]]:
        """Return the entries of these events that succeeded, by client."""
        wanted = frozenset(kinds)
        found: dict[UUID, list[Entry]] = {}
        for one in self.entries:
            if one.client_id and one.event in wanted and one.result == Result.DONE:
                found.setdefault(one.client_id, []).append(one)
        return found

    @cached_property
    def worked_for(self) -> set[UUID]:
        """Clients for whom something was done on this day, besides looking."""
        return {
            one.client_id
            for one in self.entries
            if one.client_id and one.result == Result.DONE and one.event not in _NO_WORK
        }

    @cached_property
    def unreasoned(self) -> set[UUID]:
        """Clients looked at without a reason of care, and for whom nothing was done."""
        rest = set(self.looks) - self.worked_for
        return rest - _cared_for(self.person_id, self.on, rest)

    @cached_property
    def idle(self) -> set[UUID]:
        """Of those, clients with whom nobody here had anything to do at the time."""
        return self.unreasoned - _seen_around(self.on, self.unreasoned)


def _cared_for(person_id: UUID, on: date, client_ids: set[UUID]) -> set[UUID]:
    """Return for whom this person has a reason of care: an area knows one, the care team, or emergency access."""
    if not client_ids:
        return set()
    who = Actor("person", id=person_id)
    own = {"person_id": person_id, "client_id__in": client_ids}
    first, last = (datetime.fromtimestamp(at / 1_000_000, UTC) for at in bounds(on))
    glass = GlassBreak.objects.filter(**own, began_at__lte=last, ends_at__gte=first)
    found = need.with_reason(who, list(client_ids))
    found |= set(TeamMember.objects.filter(**own).values_list("client_id", flat=True))
    return found | set(glass.values_list("client_id", flat=True))


def _seen_around(on: date, client_ids: set[UUID]) -> set[UUID]:
    """Return who has a visit or an appointment with anybody so near to that day that work comes of it."""
    first, last = (datetime.fromtimestamp(at / 1_000_000, UTC) for at in bounds(on))
    near = {
        "client_id__in": client_ids,
        "starts_at__gte": first - policy.CARE_REASON_LIFE,
        "starts_at__lte": last + policy.CARE_REASON_LIFE,
    }
    booked = Appointment.objects.filter(**near).exclude(booking__state=Booking.State.CANCELLED)
    found = set(Visit.objects.filter(**near).values_list("client_id", flat=True))
    return found | set(booked.values_list("client_id", flat=True))


def former(on: date, client_ids: set[UUID]) -> set[UUID]:
    """Return who was last seen longer ago than ``FORMER_AFTER``; whoever was never seen is no former client."""
    first, _ = bounds(on)
    since = datetime.fromtimestamp(first / 1_000_000, UTC) - policy.FORMER_AFTER
    own = {"client_id__in": client_ids}
    seen, lately = set(), set()
    for model in (Visit, Appointment):
        rows = model.objects.filter(**own)
        seen |= set(rows.values_list("client_id", flat=True))
        lately |= set(rows.filter(starts_at__gte=since).values_list("client_id", flat=True))
    return seen - lately


def of(person_id: UUID, on: date, new: Iterable[UUID] = ()) -> Day:
    """Return one person's day from the log; ``new``: clients in it that nobody has compared yet."""
    first, last = bounds(on)
    rows = Entry.objects.filter(actor_id=person_id, at_us__gte=first, at_us__lte=last)
    return Day(person_id, on, list(rows.order_by("at_us", "counter")[:MOST_ENTRIES]), set(new))


def moves(day: Day) -> list[tuple[Entry, str]]:
    """Return where this day's entries moved from one network to another: the first entry of each stay, and the network.

    Addresses of one office count as one network: IPv4 by their first three parts, IPv6 by their first half.
    """
    origins = Origin.objects.in_bulk({one.origin_id for one in day.entries if one.origin_id})
    found: list[tuple[Entry, str]] = []
    for one in day.entries:
        origin = origins.get(one.origin_id) if one.origin_id else None
        if origin is not None and (not found or found[-1][1] != _network(origin.address)):
            found.append((one, _network(origin.address)))
    return found


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 64), strict=False))  # noqa: PLR2004 - IPv4


def usual(person_id: UUID, on: date) -> float:
    """Return how many clients this person opened on a usual day of the four weeks before; 0 if they hardly worked."""
    first, _ = bounds(on)
    since = first - int(timedelta(days=28).total_seconds() * 1_000_000)
    rows = Entry.objects.filter(
        actor_id=person_id, event__in=OPENED, at_us__gte=since, at_us__lt=first, client_id__isnull=False
    )
    held: dict[date, set[UUID | None]] = {}
    for client_id, at_us in rows.values_list("client_id", "at_us").iterator():
        held.setdefault(day_of(at_us), set()).add(client_id)
    least = 5
    return sum(map(len, held.values())) / len(held) if len(held) >= least else 0.0


def day_of(at_us: int) -> date:
    """Return on which day at the practice a moment of the log lies."""
    return timezone.localtime(datetime.fromtimestamp(at_us / 1_000_000, UTC)).date()
