"""What a pack says: two days of a location, and of each client what reception and practitioners cannot do without.

Name, phones, allergies and current alerts; nothing else of the record. Entries marked sensitive are never in sight of
a job. A client limited to a care team is in no pack, for a pack is read by whoever has the paper: the time stands
there without a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from alcove.clinic.calendar.models import Booking
from alcove.clinic.calendar.queries import looks
from alcove.clinic.calendar.queries.boards import WORDS
from alcove.clinic.calendar.queries.looks import Row
from alcove.clinic.clients.models import Alert, Client
from alcove.clinic.clients.queries import card, contacts
from alcove.clinic.downtime.policy import Did
from alcove.clinic.downtime.queries.forms import FORMS
from alcove.clinic.practice.models import Location, Room, StaffProfile
from alcove.clinic.records.queries import summary, told
from alcove.operations.monitoring.policy import Health
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.opening import open_for_the_house
from alcove.security.access.policy import Permission
from alcove.security.identity.queries.explain import who_can_see
from alcove.ui.moments import clock as said
from alcove.ui.moments import plain_day

DAYS: Final = 2
NAMELESS: Final = "Limited to a care team: ask them"
HELD: Final = "Held for an online booking"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a pack says (see ``pack.js`` for the shape), and who is in it."""

    content: dict[str, Any]
    clients: list[UUID]


def gathered(actor: Actor, location: Location, now: datetime) -> Gathered:
    """Gather today and tomorrow of a location, inside a keyring; writes one entry that names the clients."""
    today = now.astimezone(location.zone).date()
    begin, end = looks.bounds(location, today, DAYS)
    rows = looks.rows_of(looks.appointments(actor, location, begin, end))
    limited = need.hidden_from(Actor.stranger())
    wanted = [row.client_id for row in rows if row.client_id and row.client_id not in limited]
    ids = open_for_the_house(actor, list(dict.fromkeys(wanted)), Did.GATHERED)
    held = Client.objects.in_bulk(ids)
    ids = [one for one in ids if one in held]
    places = {one: at for at, one in enumerate(ids)}
    days = [_day(location, today + timedelta(days=at), rows, places) for at in range(DAYS)]
    content = {
        "made": f"{plain_day(today)}, {said(now.astimezone(location.zone))}",
        "days": days,
        "clients": [said_of(actor, held[one]) for one in ids],
        "calls": _calls(location),
        "forms": [{"title": one.title, "hint": one.hint, "fields": list(one.fields)} for one in FORMS],
    }
    return Gathered(content, ids)


def _day(location: Location, day: date, rows: Sequence[Row], places: dict[UUID, int]) -> dict[str, Any]:
    begin, end = looks.bounds(location, day)
    here = [row for row in rows if row.starts_at < end and row.ends_at > begin]
    profiles = StaffProfile.objects.in_bulk({row.profile_id for row in here})
    rooms = Room.objects.in_bulk({row.room_id for row in here if row.room_id})
    people = sorted(profiles.values(), key=lambda one: (one.position, one.shown_name))
    visits = [
        (row, _visit(row, location, places, profiles[row.profile_id].shown_name, _room(row, rooms)))
        for row in here
    ]
    return {
        "title": f"{day:%A}, {plain_day(day)}",
        "people": [
            {"name": one.shown_name, "visits": [said for row, said in visits if row.profile_id == one.pk]}
            for one in people
        ],
        "rooms": [
            {"name": one.name, "visits": [said for row, said in visits if row.room_id == one.pk]}
            for one in sorted(rooms.values(), key=lambda one: one.name)
        ],
    }


def _room(row: Row, rooms: dict[UUID, Room]) -> str:
    return rooms[row.room_id].name if row.room_id in rooms else ""


def _visit(row: Row, location: Location, places: dict[UUID, int], who: str, room: str) -> dict[str, Any]:
    begin, end = row.starts_at.astimezone(location.zone), row.ends_at.astimezone(location.zone)
    place = places.get(row.client_id) if row.client_id else None
    nameless = HELD if row.client_id is None else NAMELESS
    return {
        "when": f"{said(begin)}–{said(end)}", "client": place, "nameless": "" if place is not None else nameless,
        "what": row.service if place is not None else "", "with": who, "room": room,
        "state": WORDS[Booking.State(row.state)][0],
    }  # fmt: skip


def said_of(actor: Actor, client: Client) -> dict[str, Any]:
    """Return what a pack says of a client who is open here."""
    alerts = list(Alert.objects.filter(client_id=client.id).order_by("created_at"))
    said_by_them = [one for one in told.card_part(actor, client).band if one.severity == card.CRITICAL]
    lines = [*summary.band(client.id), *said_by_them, *card.band(actor, alerts)]
    lines.sort(key=lambda one: one.severity != card.CRITICAL)
    return {
        "name": client.name,
        "phones": [contacts.shown(one) for one in client.phones],
        "lines": [[one.severity, one.title, one.text] for one in lines],
    }


def _calls(location: Location) -> list[dict[str, Any]]:
    here = [{"name": location.name, "phone": contacts.shown(location.phone)}] if location.phone else []
    on_call, deputies = _people(Health.ANSWER), _people(Health.DEPUTY)
    return [
        {"title": "On call for the system", "people": on_call},
        {"title": "Deputy, if nobody answers", "people": [one for one in deputies if one not in on_call]},
        {"title": "This location", "people": here},
    ]


def _people(permission: Permission) -> list[dict[str, str]]:
    return [
        {"name": person.name, "phone": contacts.shown(person.phone) if person.phone else "no number is known"}
        for person, _ in who_can_see(permission)
    ]
