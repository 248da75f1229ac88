"""The scope of a breach, from the log: whose data somebody viewed, changed, exported or sent within a span (CMP-23).

Ids, code words and names of fields only: the officer opens no client, and neither does the file.
"""

from __future__ import annotations

import csv
import io
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from alcove.clinic.clients.queries.cells import harmless
from alcove.clinic.downtime.policy import Did as Pack
from alcove.compliance.policy import Breach, Did
from alcove.compliance.queries.days import LOOKS, OPENED, TAKEN, micros
from alcove.security.access.actors import Actor
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Did as Kernel
from alcove.security.audit import events
from alcove.security.audit.events import Result
from alcove.security.audit.models import Entry, Origin
from alcove.security.identity.models import Device, Session

MOST: Final = 200_000
SHOWN: Final = 200
SEEN, VIEWED, CHANGED, EXPORTED, SENT = "seen in lists", "viewed", "changed", "exported", "sent"
HOW: Final = (SEEN, VIEWED, CHANGED, EXPORTED, SENT)
_SENDING: Final = ("messaging.message.sent", "messaging.message.delivered", "access.entry.disclosed")
_EXPORTING: Final = TAKEN | {"clients.export.taken", Pack.FETCHED.key}
_QUIET: Final = frozenset({"id", "client", "client_id", "version", "author_id"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; at least one of person, device, address and link besides the span."""

    since: datetime
    until: datetime
    person: UUID | None = None
    device: UUID | None = None
    address: str = ""
    link: UUID | None = None


@dataclass(slots=True)
class Touched:
    """One client in the scope: how often how, which fields, first and last."""

    client_id: UUID
    first: datetime
    last: datetime
    how: dict[str, int] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)

    @property
    def code(self) -> str:
        return str(self.client_id)[-12:]

    @property
    def columns(self) -> list[int]:
        return [self.how.get(word, 0) for word in HOW]

    @property
    def named(self) -> str:
        return ", ".join(sorted(self.fields))


@dataclass(frozen=True, slots=True)
class Scope:
    """The answer. ``entries``: how many of the log it rests on; ``keys``: what happened to keys meanwhile."""

    clients: list[Touched]
    entries: int
    keys: list[Entry]
    is_cut: bool

    @property
    def shown(self) -> list[Touched]:
        return self.clients[:SHOWN]


def scope(actor: Actor, wanted: Wanted) -> Scope:
    """Return whose data was touched, whoever was touched most severely first."""
    actor.must(Breach.VIEW)
    rows = _entries(wanted).filter(result=Result.DONE).order_by("at_us", "counter")
    held: dict[UUID, Touched] = {}
    count = 0
    for one in rows[: MOST + 1].iterator():
        count += 1
        for client_id in _clients_of(one):
            touched = held.setdefault(client_id, Touched(client_id, one.at, one.at))
            touched.last = one.at
            how = _how(one)
            touched.how[how] = touched.how.get(how, 0) + 1
            touched.fields.update(name for name in _fields(one, how) if name not in _QUIET)
    clients = sorted(held.values(), key=lambda one: [-number for number in reversed(one.columns)])
    return Scope(clients, min(count, MOST), _keys(wanted), count > MOST)


def note(actor: Actor, found: Scope) -> None:
    """Put on the log that this list was looked at."""
    record_now(entry(actor, Did.SCOPE_LISTED, fields=(f"{len(found.clients)} clients",)))


def _clients_of(one: Entry) -> Iterator[UUID]:
    if one.client_id:
        yield one.client_id
    packed = bytes(one.clients or b"")
    for at in range(0, len(packed), 16):
        yield UUID(bytes=packed[at : at + 16])


def _how(one: Entry) -> str:
    if one.event in _EXPORTING:
        return EXPORTED
    if one.event in _SENDING:
        return SENT
    if one.clients:
        return SEEN
    return VIEWED if one.event in LOOKS or one.event.endswith((".viewed", ".opened", ".read")) else CHANGED


def _fields(one: Entry, how: str) -> list[str]:
    """Return which fields an entry speaks of: those it names, or for a whole card or record what was open then."""
    if one.event in OPENED or one.event in TAKEN:
        return ["card and record" if one.event != Kernel.CARD_OPENED.key else "card"]
    if how == SEEN:
        return ["name and contacts"]
    return [name for name in one.fields.split(",") if name] or [events.words(one.event)]


def _entries(wanted: Wanted) -> QuerySet[Entry]:
    span = Entry.objects.filter(at_us__gte=micros(wanted.since), at_us__lte=micros(wanted.until))
    if wanted.person:
        span = span.filter(actor_id=wanted.person)
    if wanted.device:
        span = span.filter(_of_device(wanted, wanted.device))
    if wanted.address:
        span = span.filter(origin_id__in=_origins(wanted.address))
    if wanted.link:
        span = span.filter(object__endswith=wanted.link.hex)
    return span


def _of_device(wanted: Wanted, device_id: UUID) -> Q:
    """Return the entries of this device: within each of its sessions, what its person did from the session's origin.

    The log names address and browser, not devices. Somebody who used two alike browsers at one address at the same
    time is listed with both: rather one client too many than one too few.
    """
    found = Q(pk__in=[])
    sessions = Session.objects.filter(device_id=device_id, started_at__lte=wanted.until)
    for one in sessions.filter(seen_at__gte=wanted.since):
        until = micros(one.ended_at or one.seen_at) + 60_000_000
        within = Q(actor_id=one.person_id, at_us__gte=micros(one.started_at), at_us__lte=until)
        begun_from = Origin.objects.filter(pk=one.origin_id) if one.origin_id else Origin.objects.none()
        browser = begun_from.values_list("browser", flat=True).first()
        if browser is not None:
            within &= Q(origin_id__in=Origin.objects.filter(browser=browser).values("id"))
        found |= within
    return found


def _origins(address: str) -> QuerySet[Origin, UUID]:
    """Return the origins of an address, or of a network written as 203.0.113.0/24."""
    if "/" not in address:
        return Origin.objects.filter(address=address).values_list("id", flat=True)
    network = ipaddress.ip_network(address, strict=False)
    within = []
    for origin_id, text in Origin.objects.values_list("id", "address").iterator():
        try:
            if ipaddress.ip_address(text) in network:
                within.append(origin_id)
        except ValueError:
            continue
    return Origin.objects.filter(pk__in=within).values_list("id", flat=True)


def _keys(wanted: Wanted) -> list[Entry]:
    """Return what happened to the practice's keys in the span: whether data was encrypted rests on them."""
    telling = (
        "access.root.exported",
        "access.root.changed",
        "backups.recovery.made",
        "backups.recovery.tried",
    )
    span = Entry.objects.filter(at_us__gte=micros(wanted.since), at_us__lte=micros(wanted.until))
    return list(span.filter(event__in=telling).order_by("at_us")[:20])


def table(found: Scope) -> str:
    """Return the scope as CSV: ids, counts, names of fields, moments."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["client id", *HOW, "fields", "first", "last"])
    for one in found.clients:
        fields = harmless(one.named)
        writer.writerow([one.client_id, *one.columns, fields, one.first.isoformat(), one.last.isoformat()])
    return out.getvalue()


def devices() -> list[tuple[str, str]]:
    """Return every device with its holder, for a choice."""
    rows = Device.objects.exclude(kind=Device.Kind.DEMO).select_related("holder")[:500]
    return [(str(one.id), f"{one.name}{f', {one.holder.name}' if one.holder else ''}") for one in rows]
