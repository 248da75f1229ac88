"""Courses: the same booking again and again, made at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import transaction

from alcove.clinic.calendar.actions import taking
from alcove.clinic.calendar.actions.booking import book
from alcove.clinic.calendar.actions.taking import SlotTaken, Unworkable
from alcove.clinic.calendar.models import Booking, Series
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.calendar.queries.needs import Wish
from alcove.clinic.calendar.queries.rhythm import Rhythm
from alcove.clinic.practice.models import Location
from alcove.security.access.change import Change, action
from alcove.security.vault.ids import uuid7


class Clashes(Exception):
    """Some dates of a course are not free; ``at`` names them by number, the first being 0. Nothing was booked."""

    def __init__(self, at: Sequence[int]) -> None:
        super().__init__(f"{len(at)} of the dates are not free.")
        self.at = tuple(at)


@action(Calendar.CREATE)
def book_series(
    change: Change, client_id: UUID, location: Location, wishes: Sequence[Wish], rhythm: Rhythm, *,
    leaving_out: Collection[int] = (), outside: bool = False, note: str = "", id: UUID | None = None,
) -> list[Booking]:  # fmt: skip
    """Book a course, all dates or none; raise ``Clashes`` naming every date that is not free.

    ``leaving_out``: numbers of dates not to book, as the list of clashes was answered. ``id``: of the series, so that
    a form sent twice books once.
    """
    shifts = rhythm.shifts(wishes[0].starts_at, location.zone)
    left = [number for number in range(len(shifts)) if number not in leaving_out]
    if not left:
        raise Unworkable("Leave at least one date.")
    taking.lock_all(location, wishes)
    series = change.create(
        Series, Did.SERIES_ADDED, id=id or uuid7(), client_id=client_id, every=rhythm.every, unit=rhythm.unit,
        count=len(left), created_by_id=change.actor.id,
    )  # fmt: skip
    booked, clashes = [], []
    for number in left:
        shifted = [replace(wish, starts_at=wish.starts_at + shifts[number]) for wish in wishes]
        try:
            with transaction.atomic():
                booked.append(
                    book(change, client_id, location, shifted, series=series, outside=outside, note=note)
                )
        except SlotTaken:
            clashes.append(number)
    if clashes:
        raise Clashes(clashes)
    return booked
