"""What is known of the packs: which there are, how old they are, and which are due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alcove.clinic.downtime.models import THE_KEY, Fetch, Pack, Phrase
from alcove.clinic.downtime.policy import Downtime
from alcove.clinic.practice.models import Location
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.audit import clock
from alcove.security.identity.queries.explain import names


@dataclass(frozen=True, slots=True)
class Line:
    """A location and its newest pack, None while there is none. ``state``: fresh, late, none.

    ``fetch``: the last download, None if there was none; ``fetched_by`` its name; ``is_overdue``: nobody has
    downloaded one for a day.
    """

    location: Location
    pack: Pack | None
    state: str
    fetch: Fetch | None
    fetched_by: str
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Packs:
    """Everything the page shows. ``phrase``: None while no passphrase was made, and so no pack either."""

    lines: list[Line]
    phrase: Phrase | None
    phrase_by: str
    phrase_is_old: bool


def packs(actor: Actor) -> Packs:
    """Return every location with its newest pack that still opens."""
    actor.must(Downtime.VIEW)
    now = clock.now()
    held = {one.location_id: one for one in Pack.objects.filter(expires_at__gt=now).defer("clients")}
    fetched = {one.location_id: one for one in Fetch.objects.all()}
    who = names(one.by_id for one in fetched.values() if one.by_id)
    lines = [
        _line(one, held.get(one.pk), fetched.get(one.pk), who, now)
        for one in Location.objects.filter(is_active=True)
    ]
    found = phrase()
    by = names([found.made_by_id]).get(found.made_by_id, "") if found and found.made_by_id else ""
    is_old = found is not None and now - found.made_at > policy.DOWNTIME_PHRASE_AGE
    return Packs(lines, found, by, is_old)


def _line(
    location: Location, pack: Pack | None, fetch: Fetch | None, who: Mapping[UUID, str], now: datetime
) -> Line:
    by = who.get(fetch.by_id, "a former account") if fetch and fetch.by_id else ""
    is_overdue = fetch is None or now - fetch.at > policy.DOWNTIME_FETCH_LATE
    return Line(location, pack, _state(pack, now), fetch, by, is_overdue)


def _state(pack: Pack | None, now: datetime) -> str:
    if pack is None:
        return "none"
    return "late" if now - pack.made_at > policy.DOWNTIME_LATE else "fresh"


def phrase() -> Phrase | None:
    """Return what the passphrase in force gave, None while there is none."""
    return Phrase.objects.filter(pk=THE_KEY).first()


def pack(actor: Actor, location_id: UUID) -> Pack:
    """Return the pack of a location; raise ``NotFound`` without such a location, ``Conflict`` without a living pack."""
    actor.must(Downtime.FETCH)
    if not Location.objects.filter(pk=location_id).exists():
        raise NotFound("there is no such location")
    found = Pack.objects.filter(location_id=location_id, expires_at__gt=clock.now()).first()
    if found is None:
        raise Conflict("There is no pack of this location at the moment.")
    return found


def due() -> list[Location]:
    """Return the locations whose pack is missing, an hour old, or of an earlier passphrase."""
    held = phrase()
    if held is None:
        return []
    since = clock.now() - policy.DOWNTIME_EVERY
    newest = Pack.objects.filter(made_at__gt=since, phrase_number=held.number).defer("clients")
    fresh = {one.location_id for one in newest if one.file.exists()}
    return [one for one in Location.objects.filter(is_active=True) if one.pk not in fresh]


def over() -> bool:
    """Whether there is a pack that has to go: too old, or of a location that is out of use."""
    rows = Pack.objects.all()
    return (
        rows.filter(expires_at__lte=clock.now()).exists() or rows.filter(location__is_active=False).exists()
    )
