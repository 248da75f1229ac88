"""Moving a booking as one, and undoing it for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alcove.clinic.calendar.actions import freed, taking, telling
from alcove.clinic.calendar.actions.booking import span_of
from alcove.clinic.calendar.actions.taking import Unworkable, take
from alcove.clinic.calendar.models import ENDED, Appointment, Booking, Move
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.calendar.queries.needs import Wish
from alcove.clinic.practice.models import Room, StaffProfile
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict


@action(Calendar.EDIT)
def move(
    change: Change, booking: Booking, *, starts_at: datetime, profiles: dict[UUID, StaffProfile] | None = None,
    room: Room | None = None, version: int | None = None, overrule: str = "", outside: bool = False,
) -> Booking:  # fmt: skip
    """Move all appointments of a booking so that it begins at ``starts_at``; raise as ``taking.take`` does.

    ``profiles``: by appointment, who does it now. ``room``: for all of them. ``version``: what the mover saw;
    ``Conflict`` if somebody was quicker.
    """
    held = locked(change, booking, version)
    if held.state in ENDED or held.state == Booking.State.HELD:
        raise Unworkable("What is over or only held is not moved.")
    by = taking.moment(starts_at) - held.starts_at
    appointments = list(of(held))
    wishes = [
        replace(
            wish_of(appointment),
            starts_at=appointment.starts_at + by,
            profile=(profiles or {}).get(appointment.pk, appointment.profile),
            room=room,
            rather=appointment.room_id,
        )
        for appointment in appointments
    ]
    before, was, until = snapshot(held, appointments), held.starts_at, held.ends_at
    rewrite(change, held, appointments, wishes, Did.MOVED, overrule=overrule, outside=outside)
    Move.objects.create(booking=held, before=before, version=held.version, at=change.now)
    if was != held.starts_at:
        telling.moved(change, held)
    freed.note(change, held.location_id, was, until)
    return held


@action(Calendar.EDIT)
def undo(change: Change, booking: Booking) -> Booking:
    """Put a booking back to what it was before its last move or cancellation, within ``policy.UNDO_LIFE``.

    Raises ``Conflict`` if that is too long ago or something else was done to it, ``SlotTaken`` if its time has gone.
    """
    held = locked(change, booking, None)
    last = Move.objects.filter(booking=held, undone_at=None).first()
    if last is None or change.now - last.at > policy.UNDO_LIFE or last.version != held.version:
        raise Conflict("This can no longer be undone here. Move the appointment by hand.")
    before, by_id = last.before, {str(row.pk): row for row in of(held)}
    wishes, appointments = [], []
    for was in before["appointments"]:
        appointment = by_id[was["id"]]
        starts_at = datetime.fromisoformat(was["starts_at"])
        wishes.append(
            replace(
                wish_of(appointment),
                starts_at=starts_at,
                profile=StaffProfile.objects.get(pk=was["profile_id"]),
                room=Room.objects.filter(pk=was["room_id"]).first() if was["room_id"] else None,
            )
        )
        appointments.append(appointment)
    # It stood there before, hours or not.
    more: dict[str, Any] = {"state": before["state"]}
    if held.state == Booking.State.CANCELLED:
        more |= {"cancelled_at": None, "cancelled_by": ""}
    rewrite(change, held, appointments, wishes, Did.UNDONE, is_back=True, **more)
    last.undone_at = change.now
    last.save(update_fields=["undone_at"])
    telling.put_back(change, held)
    return held


def of(booking: Booking) -> Sequence[Appointment]:
    """Return a booking's appointments with all that a wish of each needs."""
    rows = Appointment.objects.filter(booking=booking).select_related("service", "profile", "room")
    return list(rows.prefetch_related("service__rooms", "service__equipment"))


def wish_of(appointment: Appointment) -> Wish:
    """Return an appointment as what it takes."""
    return Wish(
        service=appointment.service,
        profile=appointment.profile,
        starts_at=appointment.starts_at,
        minutes=int((appointment.ends_at - appointment.starts_at).total_seconds() // 60),
        price_minor=appointment.price_minor,
        room=appointment.room,
    )


def snapshot(booking: Booking, appointments: Sequence[Appointment]) -> dict[str, Any]:
    """Return what ``Move.before`` keeps."""
    return {
        "state": booking.state,
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        "appointments": [
            {
                "id": str(row.pk),
                "starts_at": row.starts_at.isoformat(),
                "ends_at": row.ends_at.isoformat(),
                "profile_id": str(row.profile_id),
                "room_id": str(row.room_id) if row.room_id else "",
            }
            for row in appointments
        ],
    }


def locked(change: Change, booking: Booking, version: int | None) -> Booking:
    """Return the booking held to the end of the transaction; raise ``Conflict`` if it is newer than ``version``.

    ``NotFound`` where its client is out of the actor's reach.
    """
    held = Booking.objects.select_for_update(of=("self",)).select_related("location").get(pk=booking.pk)
    if held.client_id is not None:
        opening.open_client(change.actor, held.client_id, record=False)
    if version is not None and held.version != version:
        raise Conflict("Someone else changed this appointment meanwhile. Look at it again, then move it.")
    return held


def rewrite(
    change: Change, booking: Booking, appointments: Sequence[Appointment], wishes: Sequence[Wish], event: Did, *,
    overrule: str = "", outside: bool = False, is_back: bool = False, **more: Any,
) -> None:  # fmt: skip
    """Write a booking as its wishes say, with all they take. ``is_back``: where it once stood, hours or not."""
    rooms = take(change, booking, wishes, overrule=overrule, outside=outside or is_back, again=True)
    for appointment, wish, room in zip(appointments, wishes, rooms, strict=True):
        change.update(
            appointment, event, starts_at=wish.starts_at, ends_at=wish.ends_at, profile_id=wish.profile.pk,
            room_id=room.pk if room else None,
        )  # fmt: skip
    starts_at, ends_at = span_of(wishes)
    changed = change.update(booking, event, reason=overrule, starts_at=starts_at, ends_at=ends_at, **more)
    if not changed:
        change.record(event, client_id=booking.client_id, on=booking, fields=("practitioner or room",))
