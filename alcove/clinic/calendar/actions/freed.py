"""Time that became free: a job is left for the waitlist, in the transaction of the deed that freed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from alcove.clinic.calendar.actions import telling
from alcove.clinic.calendar.models import Booking, WaitlistEntry, WaitlistOffer
from alcove.clinic.calendar.policy import Did
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.change import Change
from alcove.security.jobs import queue

FREED_JOB: Final = "calendar.freed"
"""``location``, and ``begins`` and ``ends`` in minutes since 1970, UTC: what became free, or only may have."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)


def note(
    change: Change, location_id: UUID, begin: datetime, end: datetime, *, wait: timedelta = policy.UNDO_LIFE
) -> None:
    """Have the waitlist looked through once the deed can no longer be undone; nothing where nobody waits."""
    waiting = WaitlistEntry.objects.filter(location_id=location_id, state=WaitlistEntry.State.WAITING)
    if end > change.now and waiting.exists():
        queue.later(
            change, FREED_JOB, wait=wait, location=location_id, begins=minutes(begin), ends=minutes(end)
        )


def minutes(moment: datetime) -> int:
    """Return a moment as a job's argument."""
    return (moment - _EPOCH) // _MINUTE


def moment(minutes: int) -> datetime:
    """Return the moment that a job's argument means."""
    return _EPOCH + minutes * _MINUTE


def lapsed(change: Change, booking: Booking) -> None:
    """End the offer behind a held time that was let go unanswered, if there is one; the next one is asked at once."""
    offer = WaitlistOffer.objects.filter(booking=booking, ended_at=None).first()
    if offer is not None:
        end(change, offer, booking, WaitlistOffer.End.LAPSED, Did.OFFER_LAPSED)


def end(change: Change, offer: WaitlistOffer, booking: Booking, how: str, event: Did) -> None:
    """End an offer that was not taken: its client goes on waiting, for other times, and the next one is asked."""
    opening.open_client(change.actor, offer.client_id, record=False)
    telling.not_offered(change, booking)
    change.update(offer, event, ended_at=change.now, end=how)
    entry = WaitlistEntry.objects.select_for_update().get(pk=offer.entry_id)
    if entry.state == WaitlistEntry.State.OFFERED:
        change.update(entry, event, state=WaitlistEntry.State.WAITING)
    note(change, booking.location_id, booking.starts_at, booking.ends_at, wait=timedelta())
