"""Time that nobody can book."""

from __future__ import annotations

from datetime import datetime

from alcove.clinic.calendar.actions import taking
from alcove.clinic.calendar.models import Block
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.practice.models import Location, Room, StaffProfile
from alcove.security.access.change import Change, action


@action(Calendar.CREATE)
def block(
    change: Change,
    location: Location,
    *,
    of: StaffProfile | Room,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
) -> Block:
    """Block a practitioner's or a room's time; raise ``SlotTaken`` if something is booked there, ``Unworkable``."""
    if ends_at <= starts_at:
        raise taking.Unworkable("The end comes after the beginning.")
    whose = {"profile": of} if isinstance(of, StaffProfile) else {"room": of}
    made = change.create(
        Block, Did.BLOCKED, location=location, title=title.strip(), starts_at=taking.moment(starts_at),
        ends_at=taking.moment(ends_at), created_by_id=change.actor.id, **whose,
    )  # fmt: skip
    taking.take_for_block(made)
    return made


@action(Calendar.CREATE)
def unblock(change: Change, made: Block) -> None:
    """Free blocked time."""
    change.delete(made, Did.UNBLOCKED, fields=["title", "starts_at", "ends_at", "profile_id", "room_id"])
