"""What probes saw, read from the tables into what is judged: places by key, moments in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Max, Min

from alcove.clinic.practice.models import Location
from alcove.compliance.uptime.models import Probe, Stretch
from alcove.compliance.uptime.queries.judging import Seen, Vantage
from alcove.security.audit import clock

OUTSIDE: Final = "outside"
THE_SERVER: Final = "server"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BESIDE: Final = timedelta(days=1)
"""What lies so near beside a span of time is read as well: it says what goes on across the edge."""


def millis(moment: datetime) -> int:
    """Return a moment as milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment(at: int) -> datetime:
    """Return the moment of so many milliseconds since 1970, UTC."""
    return _EPOCH + timedelta(milliseconds=at)


@dataclass(frozen=True, slots=True)
class Place:
    """From where it was looked: a location (its id in hex), outside, or the server itself.

    ``began`` and ``ended``: first try there, and when the last probe of it was ended; None while there is one, or
    nothing was tried yet.
    """

    key: str
    title: str
    began: int | None
    ended: int | None


def key_of(kind: str, location_id: UUID | None) -> str:
    """Return the key of a probe's place."""
    return location_id.hex if location_id else OUTSIDE if kind == Probe.Kind.OUTSIDE else THE_SERVER


def places() -> list[Place]:
    """Return every place that has or had a probe: locations by name, then outside, then the server.

    The server is measured by whoever looks, itself or a probe.
    """
    titles = {one.pk.hex: one.name for one in Location.objects.all()}
    titles |= {OUTSIDE: "From outside", THE_SERVER: "The server"}
    ends = {
        row["probe_id"]: (row["first"], row["last"])
        for row in Stretch.objects.order_by()
        .values("probe_id")
        .annotate(first=Min("from_at"), last=Max("until_at"))
    }
    held: dict[str, list[Probe]] = {}
    for probe in Probe.objects.all():
        held.setdefault(key_of(probe.kind, probe.location_id), []).append(probe)
    found = []
    for key in sorted(held.keys() - {THE_SERVER}, key=list(titles).index):
        began = [millis(ends[one.pk][0]) for one in held[key] if one.pk in ends]
        ended = [millis(one.ended_at) for one in held[key] if one.ended_at]
        is_over = len(ended) == len(held[key])
        found.append(
            Place(key, titles[key], min(began, default=None), max(ended, default=None) if is_over else None)
        )
    if held:
        first = min((millis(first) for first, _ in ends.values()), default=None)
        found.append(Place(THE_SERVER, titles[THE_SERVER], first, None))
    return found


def last_tries() -> dict[UUID, datetime]:
    """Return when each probe last tried, as far as it has told."""
    newest = Stretch.objects.order_by().values("probe_id").annotate(last=Max("until_at"))
    return {row["probe_id"]: row["last"] for row in newest}


def between(began: datetime, ended: datetime) -> tuple[list[Vantage], list[Seen]]:
    """Return what all vantages saw between two moments and a little beside them, and when the server noted it ran."""
    rows = Stretch.objects.filter(until_at__gte=began - _BESIDE, from_at__lte=ended + _BESIDE)
    held: dict[tuple[UUID, str], list[Seen]] = {}
    fields = ("probe_id", "probe__kind", "probe__location_id", "from_at", "until_at", "every_ms", "what")
    for probe_id, kind, location_id, from_at, until_at, every, what in rows.order_by("from_at").values_list(
        *fields
    ):
        one = Seen(millis(from_at), millis(until_at), every, what)
        held.setdefault((probe_id, key_of(kind, location_id)), []).append(one)
    return _parted(held.items())


def _parted(
    held: Iterable[tuple[tuple[UUID, str], list[Seen]]],
) -> tuple[list[Vantage], list[Seen]]:
    vantages: list[Vantage] = []
    server: list[Seen] = []
    for (_, place), seen in held:
        if place == THE_SERVER:
            server = seen
        else:
            vantages.append(Vantage(place, seen))
    return vantages, server


def now() -> int:
    """Return this moment, as the log tells it."""
    return millis(clock.now())
