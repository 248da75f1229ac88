"""Writing the demo's appointments: the rows in bulk at the end, and the entries of the last weeks at their moments.

Through ``actions.book`` four thousand bookings take minutes. The rows here are the same; that no two of them take
anything twice is seen to while planning, checked by a test on both databases, and refused by PostgreSQL itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alcove.clinic.calendar.models import Appointment, Block, Booking, Occupancy, Series
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.project.demo.booking import Life
from alcove.project.demo.days import LIVELY
from alcove.project.demo.diary import Planned
from alcove.project.demo.stage import Stage
from alcove.security.access import opening
from alcove.security.access.change import Change, action
from alcove.security.audit.events import Event

_BATCH: Final = 500
_CAME: Final = 8
"""Days before today whose arrivals and departures are in the log; bookings go back further."""


# The log ----------------------------------------------------------------------------------------------------------


def tell(stage: Stage, life: Life) -> None:
    """Plan the entries of what the front desk did with bookings of late."""
    since = stage.until - timedelta(days=LIVELY)
    for planned in life.bookings:
        for event, at in _events(planned):
            row = planned.row
            if (
                at is None
                or at < since
                or (event != Did.BOOKED and row.starts_at < stage.until - timedelta(days=_CAME))
            ):
                continue
            desk = planned.by or life.desk_of(row.location.name)
            stage.at(at, desk, partial(_enter, stage, planned, desk, event))


def _events(planned: Planned) -> Iterator[tuple[Event, datetime | None]]:
    row = planned.row
    if planned.by:
        yield Did.BOOKED, row.created_at
    if row.cancelled_by == "practice":
        yield Did.CANCELLED, row.cancelled_at
    yield Did.ARRIVED, row.arrived_at
    yield Did.IN_ROOM, row.in_room_at
    yield Did.DONE, row.left_at
    if row.state == Booking.State.NO_SHOW:
        yield Did.NO_SHOW, row.starts_at + timedelta(minutes=20)


def _enter(stage: Stage, planned: Planned, key: str, event: Event) -> None:
    if planned.card is not None and planned.card.row is not None:
        enter(stage.actor(key), planned, event)


@action(Calendar.EDIT)
def enter(change: Change, planned: Planned, event: Event) -> None:
    """Put down in the log what happened to a booking whose row is written later in the same transaction."""
    client_id = planned.card.client.pk if planned.card is not None else None
    change.record(event, client_id=client_id, on=planned.row, fields=("demo",))


# The rows ---------------------------------------------------------------------------------------------------------


@action(Calendar.CREATE)
def write(change: Change, stage: Stage, life: Life) -> None:
    """Write all bookings of clients who are there, with what they take, and blocked time."""
    courses = _courses(life)
    there = [one for one in life.bookings if one.card is None or one.card.row is not None]
    for planned in there:
        row = planned.row
        row.client = planned.card.row if planned.card is not None else None
        row.created_by_id = stage.people[planned.by].pk if planned.by else None
        row.series = courses.get(planned.course)
        if planned.note and row.client_id is not None:
            opening.open_client(change.actor, row.client_id, record=False)
            row.note = planned.note
    Booking.objects.bulk_create((one.row for one in there), batch_size=_BATCH)
    Appointment.objects.bulk_create((row for one in there for row in _appointments(one)), batch_size=_BATCH)
    Block.objects.bulk_create((one.row for one in life.blocks), batch_size=_BATCH)
    taken = [
        Occupancy(booking=one.row, kind=kind, resource_id=pk, starts_at=begin, ends_at=end)
        for one in there
        for kind, pk, (begin, end) in one.takes
    ]
    taken += [
        Occupancy(block=one.row, kind=kind, resource_id=pk, starts_at=begin, ends_at=end)
        for one in life.blocks
        for kind, pk, (begin, end) in one.takes
    ]
    Occupancy.objects.bulk_create(taken, batch_size=_BATCH)
    change.record(Did.BOOKED, fields=(f"{len(there)} bookings of the demo",))


def _appointments(planned: Planned) -> Iterator[Appointment]:
    for wish, room in zip(planned.wishes, planned.rooms, strict=True):
        yield Appointment(
            booking=planned.row, client_id=planned.row.client_id, service=wish.service, profile=wish.profile,
            room=room, starts_at=wish.starts_at, ends_at=wish.ends_at, price_minor=wish.price_minor,
        )  # fmt: skip


def _courses(life: Life) -> dict[int, Series]:
    found: dict[int, Series] = {}
    for number, (card, weeks) in enumerate(life.courses, 1):
        count = sum(one.course == number for one in life.bookings)
        if card.row is not None and count:
            first = next(one for one in life.bookings if one.course == number)
            found[number] = Series(
                client=card.row,
                every=weeks,
                unit=Series.Unit.WEEKS,
                count=count,
                created_at=first.row.created_at,
            )
    Series.objects.bulk_create(found.values())
    return found
