"""What a client does by the link in a message: confirm, move or cancel a visit, or answer an offer (CAL-07).

What must never happen: a link that works twice; a link of one visit that reaches another; a change after the cut-off.
Whoever holds a link is nobody in particular, so nothing here tells more than time and place. The booking is locked
before the link is looked at again, so of two presses at one moment one finds it used (410).
"""

from __future__ import annotations

from datetime import datetime

from alcove.clinic.calendar.actions import booking as bookings
from alcove.clinic.calendar.actions import coming, moving, waitlist
from alcove.clinic.calendar.actions.taking import SlotTaken, Unworkable
from alcove.clinic.calendar.models import Booking, VisitLink, WaitlistOffer
from alcove.clinic.calendar.policy import Did, Online
from alcove.clinic.calendar.queries import visits
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Gone

TOO_LATE = "It is too late to change this visit here. Please call the practice."


@action(Online.LINK)
def confirm(change: Change, link: VisitLink) -> Booking:
    """Note that the client will come. Pressed again it says so again: nothing is lost by it."""
    held, mine = _held(change, link)
    if held.state == Booking.State.BOOKED:
        held = coming.confirm(change, held)
    change.update(mine, Did.LINK_USED, confirmed_at=mine.confirmed_at or change.now)
    if not change.drafts:
        change.record(Did.LINK_OPENED, client_id=mine.client_id, on=mine)
    return held


@action(Online.LINK)
def cancel(change: Change, link: VisitLink) -> Booking:
    """Cancel the visit; raise ``Gone``, or ``Unworkable`` after the cut-off."""
    held, mine = _held(change, link)
    _must_be_in_time(change, held)
    _use(change, mine)
    return coming.cancel(change, held, by="client")


@action(Online.LINK)
def move(change: Change, link: VisitLink, *, starts_at: datetime) -> Booking:
    """Move the visit to a time that is offered for it; raise ``Gone``, ``Unworkable`` or ``SlotTaken``."""
    held, mine = _held(change, link)
    _must_be_in_time(change, held)
    if not visits.is_offered(held, starts_at, now=change.now):
        raise SlotTaken("staff")
    _use(change, mine)
    return moving.move(change, held, starts_at=starts_at)


@action(Online.LINK)
def take_offer(change: Change, link: VisitLink) -> Booking:
    """Take the time that was offered; raise ``Gone`` once it went to somebody else."""
    offer, mine = _offer(change, link)
    _use(change, mine)
    try:
        return waitlist.take(change, offer)
    except Conflict:
        raise Gone(visits.GONE) from None


@action(Online.LINK)
def decline_offer(change: Change, link: VisitLink) -> None:
    """Give the offered time to the next person; raise ``Gone``."""
    offer, mine = _offer(change, link)
    _use(change, mine)
    waitlist.decline(change, offer)


def _held(change: Change, link: VisitLink) -> tuple[Booking, VisitLink]:
    """Return booking and link, both held to the end of the transaction; raise ``Gone`` if it opens nothing now."""
    held = moving.locked(change, link.booking, None)
    return held, _again(change, link, held)


def _again(change: Change, link: VisitLink, held: Booking) -> VisitLink:
    mine = VisitLink.objects.select_for_update().filter(pk=link.pk, used_at=None).first()
    if mine is None or not visits.is_living(held, now=change.now):
        raise Gone(visits.GONE)
    return mine


def _offer(change: Change, link: VisitLink) -> tuple[WaitlistOffer, VisitLink]:
    held = bookings.locked_hold(link.booking_id)
    offer = WaitlistOffer.objects.filter(booking=held, ended_at=None).first()
    if offer is None or offer.ends_at <= change.now:
        raise Gone(visits.GONE)
    return offer, _again(change, link, held)


def _must_be_in_time(change: Change, held: Booking) -> None:
    if change.now > visits.changeable_until(held):
        raise Unworkable(TOO_LATE)


def _use(change: Change, mine: VisitLink) -> None:
    """Make every link of the visit void: what follows brings new ones."""
    change.record(Did.LINK_USED, client_id=mine.client_id, on=mine, fields=("used_at",))
    VisitLink.objects.filter(booking_id=mine.booking_id, used_at=None).update(used_at=change.now)
