"""What clients are told about their bookings: the one place that plans messages about visits and takes them back.

Part of the deed it tells of. ``policy.MESSAGE_UNDO`` keeps everything back until the deed can no longer be undone, so
what is moved and put back within that time sends nothing, and a moved visit sends only the new reminder (CAL-12).
Messages name time and place only; the link in them is one token for a plan, of which a digest stays (``VisitLink``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from alcove.clinic.calendar.models import Booking, VisitLink, WaitlistOffer
from alcove.clinic.messaging import actions as messages
from alcove.clinic.messaging.actions import Plan
from alcove.clinic.messaging.models import Outgoing
from alcove.security.access.change import Change
from alcove.security.identity import tokens

FAR: Final = timedelta(hours=48)
NEAR: Final = timedelta(hours=2)
"""CAL-12: reminders leave so long before a visit."""
_NEWS: Final = frozenset({"booked", "moved", "cancelled", "reminder_far", "reminder_near"})
_LEFT: Final = ("sent", "delivered", "unsure", "kept")


def booked(change: Change, booking: Booking) -> None:
    """Tell that a visit is booked, and remind of it."""
    _tell(change, booking, "booked")


def moved(change: Change, booking: Booking) -> None:
    """Tell of the new time, and remind of it alone. Who was not yet told of the old one hears of a booking."""
    messages.withdraw(change, booking.pk, kinds=_NEWS)
    _tell(change, booking, "moved" if _knows(booking) else "booked")


def cancelled(change: Change, booking: Booking) -> None:
    """Tell that a visit is cancelled; nothing to whom nobody told that it was booked."""
    messages.withdraw(change, booking.pk, kinds=_NEWS)
    if booking.client_id is not None and _knows(booking) and _is_ahead(change, booking):
        _plan(
            change, booking, booking.client_id, [Plan("cancelled", change.now, booking.starts_at)], token=""
        )


def put_back(change: Change, booking: Booking) -> None:
    """Take back what was to be told of a move or a cancellation that was undone; remind as before."""
    messages.withdraw(change, booking.pk, kinds=_NEWS)
    _tell(change, booking, "" if _knows(booking) else "booked")


def arrived(change: Change, booking: Booking) -> None:
    """Take back what is still to be told of a visit whose client is here: nobody is reminded of where they are."""
    messages.withdraw(change, booking.pk, kinds=_NEWS)


def offered(change: Change, offer: WaitlistOffer) -> None:
    """Tell somebody who waits that a time became free; the link ends with the offer."""
    booking = offer.booking
    token = _link(change, booking, offer.client_id)
    _plan(change, booking, offer.client_id, [Plan("waitlist_offer", change.now, offer.ends_at)], token)


def not_offered(change: Change, booking: Booking) -> None:
    """Take back an offer that has not left, and make its link void."""
    messages.withdraw(change, booking.pk, kinds={"waitlist_offer"})
    VisitLink.objects.filter(booking=booking, used_at=None).update(used_at=change.now)


def _knows(booking: Booking) -> bool:
    """Whether the client was told of this visit already."""
    told = Outgoing.objects.filter(about=booking.pk, kind__in=("booked", "moved"))
    return told.exclude(leaving_at=None, state=Outgoing.State.WAITING).filter(
        state__in=(*_LEFT, Outgoing.State.WAITING)
    ).exists()  # fmt: skip


def _is_ahead(change: Change, booking: Booking) -> bool:
    """Whether there is anything to tell: a demo tells its past, and nobody is reminded of that."""
    return booking.starts_at > max(change.now, timezone.now())


def _tell(change: Change, booking: Booking, kind: str) -> None:
    """Plan news of this kind ("" for none) and the reminders whose time is to come, all with one link."""
    if booking.client_id is None or not _is_ahead(change, booking):
        return
    begin = booking.starts_at
    plans = [Plan(kind, change.now, begin)] if kind else []
    for reminder, before, until in (("reminder_far", FAR, NEAR), ("reminder_near", NEAR, timedelta())):
        # Who books for tomorrow has just been told: no reminder whose time has come before.
        if begin - before > change.now:
            plans.append(Plan(reminder, begin - before, begin - until))
    if plans:
        _plan(change, booking, booking.client_id, plans, _link(change, booking, booking.client_id))


def _plan(change: Change, booking: Booking, client_id: UUID, plans: Sequence[Plan], token: str) -> None:
    messages.plan(change, client_id, plans, about=booking.pk, facts=_facts(booking, token))


def _facts(booking: Booking, token: str) -> dict[str, str]:
    return {
        "starts_at": booking.starts_at.astimezone(UTC).isoformat(),
        "location": booking.location_id.hex,
        "token": token,
    }


def _link(change: Change, booking: Booking, client_id: UUID) -> str:
    token, digest = tokens.new_token()
    VisitLink.objects.create(client_id=client_id, booking=booking, digest=digest, made_at=change.now)
    return token
