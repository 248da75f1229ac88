"""One booking for its page, and the bookings of one client for the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from alcove.clinic.calendar.models import Appointment, Booking, Move
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries.boards import WORDS
from alcove.clinic.calendar.queries.faces import Face, Faces
from alcove.clinic.calendar.queries.looks import seen
from alcove.clinic.clients.queries.history import people
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.models import Version
from alcove.security.audit import clock, events
from alcove.security.vault import rows
from alcove.ui.moments import clock as said
from alcove.ui.moments import plain_day

CLIENT_LIST = 50
S = Booking.State


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done to a booking: when, by whom, in words."""

    at: datetime
    who: str
    words: str


def booking(actor: Actor, booking_id: UUID) -> Booking:
    """Return a booking this actor may see; raise ``NotFound`` alike for none, a hidden client's and a colleague's.

    Nobody's keys are opened for it.
    """
    actor.must(Calendar.VIEW)
    found = Booking.objects.select_related("location", "series").filter(pk=booking_id).first()
    if found is None or found.client_id is None or found.client_id in need.hidden_from(actor):
        raise NotFound("there is no such appointment")
    if not seen(actor, Appointment.objects.filter(booking=found)).exists():
        raise NotFound("there is no such appointment")
    return found


def parts(found: Booking) -> list[Appointment]:
    """Return the appointments of a booking with service, practitioner and room."""
    return list(found.appointments.select_related("service", "profile", "room"))


def face(actor: Actor, found: Booking, appointments: Sequence[Appointment]) -> Face:
    """Return whose booking it is, as far as this actor may know; opens the client's directory part, on the log."""
    return Faces(actor, [found.client_id]).of(
        found.client_id, [one.profile.person_id for one in appointments]
    )


def deeds(found: Booking) -> list[Deed]:
    """Return what was done to a booking, newest first."""
    kept = Version.objects.filter(model=Booking._meta.label_lower, object_id=found.pk).order_by("-at")
    done = list(kept.values_list("at", "actor_id", "actor_name", "event")[:CLIENT_LIST])
    names = people({one for one in (*(row[1] for row in done), found.created_by_id) if one})

    def who(person_id: UUID | None, otherwise: str) -> str:
        return (names.get(person_id) if person_id else None) or otherwise or "Alcove"

    later = [Deed(at, who(person_id, name), events.words(key)) for at, person_id, name, key in done]
    return [*later, Deed(found.created_at, who(found.created_by_id, ""), "booked an appointment")]


def undoable(found: Booking) -> Move | None:
    """Return the move or cancellation that can still be undone, None if there is none."""
    last = Move.objects.filter(booking=found, undone_at=None).first()
    if last is None or last.version != found.version or clock.now() - last.at > policy.UNDO_LIFE:
        return None
    return last


@dataclass(frozen=True, slots=True)
class Line:
    """A booking in a list of one client's. ``what``: services and practitioners in words."""

    id: UUID
    when: str
    what: str
    word: str
    icon: str


_LINES = """
SELECT b.id, b.starts_at, b.state, l.time_zone FROM calendar_booking b JOIN practice_location l ON l.id = b.location_id
 WHERE b.client_id = %s AND b.state <> 'held' """
_WITH = """AND EXISTS (SELECT 1 FROM calendar_appointment a JOIN practice_staffprofile p ON p.id = a.profile_id
 WHERE a.booking_id = b.id AND p.person_id = %s) """
_AHEAD = """AND b.ends_at >= %s AND b.state NOT IN ('done', 'no_show', 'cancelled')
 ORDER BY b.starts_at, b.id LIMIT %s"""
_PAST = """AND (b.ends_at < %s OR b.state IN ('done', 'no_show', 'cancelled'))
 ORDER BY b.starts_at DESC, b.id DESC LIMIT %s"""
_PARTS = """
SELECT a.booking_id, s.name, p.shown_name FROM calendar_appointment a JOIN practice_service s ON s.id = a.service_id
  JOIN practice_staffprofile p ON p.id = a.profile_id WHERE {which} ORDER BY a.starts_at, a.id"""
_MISSED = """SELECT client_id, COUNT(*) FROM calendar_booking WHERE state = 'no_show' AND {which}
 GROUP BY client_id"""


def of_client(actor: Actor, client_id: UUID, *, count: int = CLIENT_LIST) -> tuple[list[Line], list[Line]]:
    """Return a client's appointments: those to come, soonest first, and those that were, newest first.

    Plain statements, for every card asks; the guard has decided that this actor sees this client.
    """
    select, given = _LINES, [client_id]
    if not actor.holds(Calendar.SEE_ALL):
        select, given = _LINES + _WITH, [client_id, actor.id or need.NOBODY]
    now = connection.ops.adapt_datetimefield_value(clock.now())
    ahead, past = (rows.read(select + rest, *given, now, count) for rest in (_AHEAD, _PAST))
    words = _words([rows.uuid(one[0]) for one in (*ahead, *past)])
    return [_line(one, words) for one in ahead], [_line(one, words) for one in past]


def _words(booking_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return services and practitioners of bookings, in the order in which they follow each other."""
    words: dict[UUID, list[str]] = {one: [] for one in booking_ids}
    if booking_ids:
        which = rows.among("a.booking_id", booking_ids)
        for booking_id, service, shown_name in rows.read(_PARTS.format(which=which), *booking_ids):
            words[rows.uuid(booking_id)].append(f"{service} with {shown_name}")
    return words


def _line(read: tuple[Any, ...], words: dict[UUID, list[str]]) -> Line:
    booking_id, starts_at, state, zone = read
    own = rows.uuid(booking_id)
    return Line(own, _when(rows.moment(starts_at), zone), ", ".join(words[own]), *WORDS[S(state)])


def _when(begin: datetime, zone: str) -> str:
    here = begin.astimezone(ZoneInfo(zone))
    return f"{plain_day(here)}, {said(here)}"


def missed(client_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how often each of these clients did not come; those who always came are not in it."""
    if not client_ids:
        return {}
    found = rows.read(_MISSED.format(which=rows.among("client_id", client_ids)), *client_ids)
    return {rows.uuid(client_id): count for client_id, count in found}
