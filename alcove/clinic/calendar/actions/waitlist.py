"""Waiting for a time: joining, leaving, and what became free offered to one person after the other (CAL-11).

What must never happen: one time promised to two; two offers to one person at once; a link that still opens after its
time was offered to the next. An offer is a held booking (``actions.booking.hold``), so nobody else gets it meanwhile.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from alcove.clinic.calendar.actions import booking as bookings
from alcove.clinic.calendar.actions import freed, taking, telling
from alcove.clinic.calendar.actions.taking import OutsideHours, SlotTaken, Unworkable
from alcove.clinic.calendar.models import Booking, WaitlistEntry, WaitlistOffer
from alcove.clinic.calendar.models.waitlist import EVERY_DAY
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.calendar.queries import Wish, waiting
from alcove.clinic.messaging import actions as messages
from alcove.clinic.practice.models import Location, Service, StaffProfile
from alcove.clinic.practice.models.places import DAY_MINUTES
from alcove.security.access import opening
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.rules import RULES


class NothingToOffer(Exception):
    """Nothing of what became free suits this person, or they cannot be told now; the next one is asked."""


@action(Calendar.CREATE)
def join(  # noqa: PLR0913 - for what and when somebody waits
    change: Change, client_id: UUID, *, location: Location, service: Service, from_on: date,
    profile: StaffProfile | None = None, days: int = EVERY_DAY, hours: tuple[int, int] = (0, DAY_MINUTES),
    until_on: date | None = None, came_from: str = "staff",
) -> WaitlistEntry:  # fmt: skip
    """Put a client on the waitlist; raise ``Unworkable`` for what can never suit, ``Conflict`` if they wait already.

    ``hours``: local minutes between which the visit lies. ``NotFound`` for a client whom the actor does not reach.
    """
    opening.open_client(change.actor, client_id, record=False)
    if not 0 < days <= EVERY_DAY:
        raise Unworkable("Choose at least one day of the week.")
    if hours[1] - hours[0] < service.minutes:
        raise Unworkable(f"The visit takes {service.minutes} minutes: choose a longer stretch of the day.")
    if until_on is not None and until_on < from_on:
        raise Unworkable("The last day comes after the first.")
    same = WaitlistEntry.objects.select_for_update().filter(
        client_id=client_id, service=service, location=location
    )
    if same.filter(state__in=(WaitlistEntry.State.WAITING, WaitlistEntry.State.OFFERED)).exists():
        raise Conflict("This client waits for this service already.")
    return change.create(
        WaitlistEntry, Did.WAITING, client_id=client_id, location=location, service=service, profile=profile,
        days=days, from_minute=hours[0], until_minute=hours[1], from_on=from_on, until_on=until_on,
        came_from=came_from, created_by_id=change.actor.id,
    )  # fmt: skip


@action(Calendar.CREATE)
def leave(change: Change, entry: WaitlistEntry) -> None:
    """Take somebody off the list; what they were offered goes to the next. ``Conflict`` if they left meanwhile."""
    held = _locked(entry.pk)
    opening.open_client(change.actor, held.client_id, record=False)
    if held.state not in {WaitlistEntry.State.WAITING, WaitlistEntry.State.OFFERED}:
        raise Conflict("This client is no longer on the list.")
    change.update(held, Did.LEFT_LIST, state=WaitlistEntry.State.LEFT)
    offer = WaitlistOffer.objects.select_related("booking").filter(entry=held, ended_at=None).first()
    if offer is not None:
        _give_back(change, offer)


@action(Calendar.CREATE)
def offer(change: Change, entry_id: UUID, begin: datetime, end: datetime) -> WaitlistOffer:
    """Hold the first time that became free between two moments and suits somebody, and tell them.

    Raises ``NothingToOffer``.
    """
    entry = _locked(entry_id)
    if entry.state != WaitlistEntry.State.WAITING:
        raise NothingToOffer
    life = RULES["waitlist.minutes"].minutes
    start, wishes = _first_that_suits(change, entry, begin, end, life)
    opening.open_client(change.actor, entry.client_id, record=False)
    ends_at = change.now + life
    if not messages.recipient_known(entry.client_id).is_open or not waiting.may_hear(
        entry, start, ends_at, now=change.now
    ):
        raise NothingToOffer
    try:
        with transaction.atomic():
            held = bookings.hold(change, entry.location, wishes, came_from="waitlist", life=life)
            made = change.create(
                WaitlistOffer,
                Did.OFFERED,
                client_id=entry.client_id,
                entry=entry,
                booking=held,
                ends_at=ends_at,
            )
    except (SlotTaken, OutsideHours, Unworkable, IntegrityError):
        raise NothingToOffer from None
    change.update(entry, Did.OFFERED, state=WaitlistEntry.State.OFFERED)
    telling.offered(change, made)
    return made


def _first_that_suits(
    change: Change, entry: WaitlistEntry, begin: datetime, end: datetime, life: timedelta
) -> tuple[datetime, list[Wish]]:
    found = waiting.first_time(entry, begin, end, not_before=change.now + life)
    if found is None:
        raise NothingToOffer
    return found


def take(change: Change, made: WaitlistOffer) -> Booking:
    """Make an offered time this client's; raise ``Conflict`` if it lapsed. Part of the link's deed."""
    entry = _locked(made.entry_id)
    booked = bookings.claim_hold(change, made.booking_id, made.client_id)
    change.update(made, Did.OFFER_TAKEN, ended_at=change.now, end=WaitlistOffer.End.TAKEN)
    change.update(entry, Did.OFFER_TAKEN, state=WaitlistEntry.State.BOOKED)
    return booked


def decline(change: Change, made: WaitlistOffer) -> None:
    """Give an offered time back: the next person is asked. Part of the link's deed."""
    _give_back(change, made)


def _give_back(change: Change, made: WaitlistOffer) -> None:
    held = Booking.objects.select_for_update().get(pk=made.booking_id)
    freed.end(change, made, held, WaitlistOffer.End.DECLINED, Did.OFFER_DECLINED)
    if held.state == Booking.State.HELD:
        taking.let_go_of(change, held)


def _locked(entry_id: UUID) -> WaitlistEntry:
    rows = WaitlistEntry.objects.select_for_update(of=("self",)).select_related(
        "location", "service", "profile"
    )
    found = rows.filter(pk=entry_id).first()
    if found is None:
        raise NotFound("there is no such entry")
    return found
