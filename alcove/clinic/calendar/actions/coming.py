"""What becomes of a booking: confirmed, arrived, in the room, done; or did not come, or cancelled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alcove.clinic.calendar.actions import freed, moving, telling
from alcove.clinic.calendar.actions.taking import Unworkable
from alcove.clinic.calendar.models import Booking, Move, Occupancy
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.practice.models import Room
from alcove.security.access.change import Change, action

S = Booking.State
STEPS = {
    S.CONFIRMED: frozenset({S.BOOKED}),
    S.ARRIVED: frozenset({S.BOOKED, S.CONFIRMED}),
    S.IN_ROOM: frozenset({S.BOOKED, S.CONFIRMED, S.ARRIVED}),
    S.DONE: frozenset({S.ARRIVED, S.IN_ROOM}),
    S.NO_SHOW: frozenset({S.BOOKED, S.CONFIRMED}),
    S.CANCELLED: frozenset({S.BOOKED, S.CONFIRMED, S.HELD}),
}
"""State: from which others it is reached."""
_MOMENT = {S.CONFIRMED: "confirmed_at", S.ARRIVED: "arrived_at", S.IN_ROOM: "in_room_at", S.DONE: "left_at"}


@action(Calendar.EDIT)
def confirm(change: Change, booking: Booking) -> Booking:
    """Note that the client will come."""
    return _step(change, booking, S.CONFIRMED, Did.CONFIRMED)


@action(Calendar.EDIT)
def check_in(change: Change, booking: Booking) -> Booking:
    """Note that the client is here."""
    held = _step(change, booking, S.ARRIVED, Did.ARRIVED)
    telling.arrived(change, held)
    return held


@action(Calendar.EDIT)
def give_room(change: Change, booking: Booking, *, room: Room | None = None) -> Booking:
    """Bring the client into the room that was booked, or another one that is free; raise ``SlotTaken``."""
    held = _step(change, booking, S.IN_ROOM, Did.IN_ROOM)
    telling.arrived(change, held)
    if room is not None:
        appointments = moving.of(held)
        wishes = [
            replace(moving.wish_of(row), room=room) if row.room_id else moving.wish_of(row)
            for row in appointments
        ]
        moving.rewrite(change, held, appointments, wishes, Did.IN_ROOM, is_back=True)
    return held


@action(Calendar.EDIT)
def check_out(change: Change, booking: Booking) -> Booking:
    """Note that the client has left."""
    return _step(change, booking, S.DONE, Did.DONE)


@action(Calendar.EDIT)
def mark_no_show(change: Change, booking: Booking) -> Booking:
    """Note that the client did not come; ``Unworkable`` before the time has come. What is left of the time is free."""
    held = moving.locked(change, booking, None)
    if held.starts_at > change.now:
        raise Unworkable("Whether somebody does not come is known only after the time has begun.")
    missed = _step(change, booking, S.NO_SHOW, Did.NO_SHOW)
    Occupancy.objects.filter(booking=missed).delete()
    freed.note(change, missed.location_id, change.now, missed.ends_at)
    return missed


@action(Calendar.EDIT)
def step_back(change: Change, booking: Booking) -> Booking:
    """Take the last of arrived, in room, done and no-show back; a wrong press is nobody's history.

    Raises ``SlotTaken`` for a no-show whose time somebody else has by now.
    """
    held = moving.locked(change, booking, None)
    before = {S.ARRIVED: S.BOOKED, S.IN_ROOM: S.ARRIVED, S.DONE: S.IN_ROOM, S.NO_SHOW: S.BOOKED}
    to = before.get(S(held.state))
    if to is None:
        raise Unworkable("There is no step to take back.")
    if to == S.BOOKED and held.confirmed_at is not None:
        to = S.CONFIRMED
    if held.state == S.NO_SHOW:
        appointments = moving.of(held)
        wishes = [moving.wish_of(row) for row in appointments]
        moving.rewrite(change, held, appointments, wishes, Did.SET_BACK, is_back=True, state=to)
        return held
    moment: dict[str, Any] = {_MOMENT[S(held.state)]: None} if held.state in _MOMENT else {}
    was = held.state
    change.update(held, Did.SET_BACK, state=to, **moment)
    if was == S.ARRIVED:
        telling.put_back(change, held)
    return held


@action(Calendar.DELETE)
def cancel(change: Change, booking: Booking, *, by: str = "practice", version: int | None = None) -> Booking:
    """Cancel a booking and free all it took. ``by``: client or practice."""
    held = moving.locked(change, booking, version)
    _must_follow(held, S.CANCELLED)
    before = moving.snapshot(held, moving.of(held))
    Occupancy.objects.filter(booking=held).delete()
    change.update(held, Did.CANCELLED, state=S.CANCELLED, cancelled_at=change.now, cancelled_by=by)
    Move.objects.create(booking=held, before=before, version=held.version, at=change.now)
    telling.cancelled(change, held)
    freed.note(change, held.location_id, held.starts_at, held.ends_at)
    return held


def _step(change: Change, booking: Booking, to: str, event: Did) -> Booking:
    held = moving.locked(change, booking, None)
    _must_follow(held, to)
    moment: dict[str, Any] = {_MOMENT[S(to)]: change.now} if to in _MOMENT else {}
    change.update(held, event, state=to, **moment)
    return held


def _must_follow(booking: Booking, to: str) -> None:
    if booking.state not in STEPS[S(to)]:
        raise Unworkable(
            f"An appointment that is {booking.get_state_display().lower()} cannot become {S(to).label.lower()}."
        )
