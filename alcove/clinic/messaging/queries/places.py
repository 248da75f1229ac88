"""Where a visit is, as far as a message says it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from alcove.clinic.clients.queries import contacts
from alcove.clinic.messaging.queries.choosing import zone_named
from alcove.clinic.practice.models import Location, Practice


@dataclass(frozen=True, slots=True)
class Place:
    """A location in words. ``practice``: the practice's name; ``zone``: the clock on its wall."""

    practice: str
    name: str
    address: str
    phone: str
    zone: ZoneInfo


def wall_clock(location: str) -> ZoneInfo:
    """Return the clock on a location's wall by its id (hex); the practice's where there is no such location."""
    found = _location(location)
    return place(location).zone if found is None else zone_named(found.time_zone, ZoneInfo("UTC"))


def place(location: str) -> Place:
    """Return a location by its id (hex); the practice itself where there is none, so that a message still leaves."""
    practice = Practice.objects.first()
    name = practice.name if practice else ""
    own = zone_named(practice.time_zone if practice else "", ZoneInfo("UTC"))
    found = _location(location)
    if found is None:
        return Place(name, name, "", "", own)
    phone = contacts.shown(found.phone) if found.phone else ""
    return Place(name, found.name, _address(found), phone, zone_named(found.time_zone, own))


def _address(location: Location) -> str:
    """Return street, postal code and town in one line; the town alone only where the name does not say it."""
    town = " ".join(word for word in (location.postal_code, location.city) if word)
    if location.street:
        return ", ".join(word for word in (location.street, town) if word)
    return "" if location.city.casefold() in location.name.casefold() else town


def _location(location: str) -> Location | None:
    try:
        return Location.objects.filter(pk=UUID(location)).first()
    except ValueError:
        return None
