"""Check-in codes: made for one booking, used once."""

from __future__ import annotations

import secrets
from datetime import timedelta

from alcove.clinic.calendar.actions.coming import check_in
from alcove.clinic.calendar.actions.taking import Unworkable
from alcove.clinic.calendar.models import Booking, CheckInCode
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.calendar.queries import codes
from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Gone


@action(Calendar.EDIT)
def issue(
    change: Change, booking: Booking, *, life: timedelta = policy.CHECK_IN_CODE_LIFE
) -> tuple[str, CheckInCode]:
    """Make a code that checks this booking in; return what the QR code carries, which is kept nowhere, and its row.

    ``Unworkable`` for a life outside ``policy.CHECK_IN_CODE_LIVES``. Earlier codes of the booking end.
    """
    shortest, longest = policy.CHECK_IN_CODE_LIVES
    if not shortest <= life <= longest:
        raise Unworkable("A check-in code is good for 5 to 60 minutes.")
    CheckInCode.objects.filter(booking=booking, used_at=None, expires_at__gt=change.now).update(
        expires_at=change.now
    )
    secret = secrets.token_urlsafe(32)
    made = CheckInCode.objects.create(
        booking=booking, digest=codes.digest(secret), expires_at=change.now + life, created_at=change.now,
        created_by_id=change.actor.id,
    )  # fmt: skip
    change.record(Did.CODE_ISSUED, client_id=booking.client_id, on=booking)
    return codes.signed(secret), made


@action(Calendar.EDIT)
def use(change: Change, text: str) -> Booking:
    """Check the client in whose code this is; raise ``Gone`` for one that is used, old, altered or of no use any more.

    Of two at once one comes through: the row is held.
    """
    rows = CheckInCode.objects.select_for_update(of=("self",)).select_related("booking__location")
    found = rows.filter(digest=codes.digest_of(text)).first()
    if found is None or not found.is_good(change.now):
        raise Gone(codes.USED_UP)
    found.used_at = change.now
    found.save(update_fields=["used_at"])
    try:
        return check_in(change, found.booking)
    except Unworkable:
        raise Gone(codes.USED_UP) from None
