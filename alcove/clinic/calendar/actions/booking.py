"""Booking, and holding a time while somebody fills in a form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from alcove.clinic.calendar.actions import freed, taking, telling
from alcove.clinic.calendar.actions.taking import Unworkable, take
from alcove.clinic.calendar.models import Appointment, Booking, OnlineForm, Series
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.calendar.queries.needs import Wish
from alcove.clinic.practice.models import Location
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NothingRecorded
from alcove.security.access.policy import Open
from alcove.security.audit import clock


@action(Calendar.CREATE)
def book(  # noqa: PLR0913 - what a booking is
    change: Change, client_id: UUID, location: Location, wishes: Sequence[Wish], *, note: str = "",
    came_from: str = "staff", overrule: str = "", outside: bool = False, series: Series | None = None,
    state: str = Booking.State.BOOKED, id: UUID | None = None,
) -> Booking:  # fmt: skip
    """Book a client in for one or more services; see ``taking.take`` for what it raises.

    ``NotFound`` for a client whom the actor does not reach. ``id``: of the booking, so that a form sent twice books
    once: the second raises ``IntegrityError``.
    """
    opening.open_client(change.actor, client_id, record=False)
    booking = _new(
        change, location, wishes, client_id=client_id, state=state, came_from=came_from, series=series
    )
    booking.id = id or booking.id
    if note.strip():
        booking.note = note.strip()
    booking.save(force_insert=True)
    _place(change, booking, wishes, overrule=overrule, outside=outside)
    event = Did.OVERRULED if overrule else Did.BOOKED
    change.record(event, client_id=client_id, on=booking, fields=_fields(wishes, note), reason=overrule)
    telling.booked(change, booking)
    return booking


@action(Calendar.CREATE)
def hold(
    change: Change, location: Location, wishes: Sequence[Wish], *, came_from: str = "online",
    life: timedelta = policy.HOLD_LIFE,
) -> Booking:  # fmt: skip
    """Hold a time for nobody yet, for as long as ``life``."""
    booking = _new(change, location, wishes, client_id=None, state=Booking.State.HELD, came_from=came_from)
    booking.held_until = change.now + life
    booking.save(force_insert=True)
    _place(change, booking, wishes)
    change.record(Did.HELD, on=booking, fields=_fields(wishes, ""))
    return booking


@action(Calendar.CREATE)
def claim_hold(change: Change, booking_id: UUID, client_id: UUID, *, note: str = "") -> Booking:
    """Make a held time this client's; raise ``Conflict`` if it ran out and ``NotFound`` for a client out of reach."""
    opening.open_client(change.actor, client_id, record=False)
    booking = locked_hold(booking_id)
    if booking.state != Booking.State.HELD or booking.is_let_go(change.now):
        raise Conflict("The time was held for you, but not this long. Please choose again.")
    values: dict[str, Any] = {"note": note.strip()} if note.strip() else {}
    booking.client_id = client_id
    booking.save(update_fields=["client"])
    Appointment.objects.filter(booking=booking).update(client_id=client_id)
    change.update(booking, Did.BOOKED, state=Booking.State.BOOKED, held_until=None, **values)
    telling.booked(change, booking)
    return booking


def locked_hold(booking_id: UUID) -> Booking:
    """Return a held booking, held to the end of the transaction, whatever became of it."""
    return Booking.objects.select_for_update(of=("self",)).select_related("location").get(pk=booking_id)


@action(Calendar.CREATE)
def let_go(change: Change, booking: Booking) -> None:
    """Give a held time back before it runs out; nothing for one that is no longer held."""
    held = Booking.objects.select_for_update().get(pk=booking.pk)
    if held.state != Booking.State.HELD:
        raise Conflict("This time is no longer held.")
    taking.let_go_of(change, held)


def sweep_holds() -> int:
    """Let go of holds that ran out; the worker does so every few seconds, and whoever shows free times before that.

    A transaction of its own that waits for nobody: what another process lets go at this moment is passed over.
    """
    run_out = Booking.objects.filter(state=Booking.State.HELD, held_until__lte=clock.now())
    if not run_out.exists():
        return 0
    try:
        return _let_go_of_all(Actor.job("holds", Calendar.CREATE, Open.DIRECTORY))
    except NothingRecorded:
        return 0


@action(Calendar.CREATE)
def _let_go_of_all(change: Change) -> int:
    rows = Booking.objects.filter(state=Booking.State.HELD, held_until__lte=change.now)
    held = list(rows.select_for_update(skip_locked=True)[:200])
    for booking in held:
        taking.let_go_of(change, booking)
        freed.lapsed(change, booking)
        for form in OnlineForm.objects.filter(booking=booking, ended_at=None):
            form.asked, form.ended_at = None, change.now
            form.save(update_fields=["asked", "ended_at"])
    return len(held)


def _new(
    change: Change, location: Location, wishes: Sequence[Wish], *, client_id: UUID | None, state: str,
    came_from: str, series: Series | None = None,
) -> Booking:  # fmt: skip
    if not wishes:
        raise Unworkable("Choose at least one service.")
    starts_at, ends_at = span_of(wishes)
    return Booking(
        client_id=client_id, location=location, series=series, state=state, came_from=came_from,
        starts_at=starts_at, ends_at=ends_at, created_at=change.now, created_by_id=change.actor.id,
    )  # fmt: skip


def span_of(wishes: Sequence[Wish]) -> tuple[datetime, datetime]:
    """Return when the client comes and goes."""
    return min(wish.starts_at for wish in wishes), max(wish.ends_at for wish in wishes)


def _place(
    change: Change, booking: Booking, wishes: Sequence[Wish], *, overrule: str = "", outside: bool = False
) -> None:
    wishes = [replace(wish, starts_at=taking.moment(wish.starts_at)) for wish in wishes]
    rooms = take(change, booking, wishes, overrule=overrule, outside=outside)
    Appointment.objects.bulk_create(
        Appointment(
            booking=booking, client_id=booking.client_id, service=wish.service, profile=wish.profile, room=room,
            starts_at=wish.starts_at, ends_at=wish.ends_at, price_minor=wish.price_minor,
        )
        for wish, room in zip(wishes, rooms, strict=True)
    )  # fmt: skip


def _fields(wishes: Sequence[Wish], note: str) -> list[str]:
    return [f"{len(wishes)} appointment{'s' if len(wishes) > 1 else ''}", *(["note"] if note.strip() else [])]
