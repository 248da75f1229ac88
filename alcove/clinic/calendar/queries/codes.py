"""Reading a check-in code. What was altered, is too old or was used is gone, and nothing tells which."""

from __future__ import annotations

import hashlib
from typing import Final

from django.core.signing import BadSignature, Signer

from alcove.clinic.calendar.models import Booking, CheckInCode
from alcove.security.access.errors import Gone
from alcove.security.audit import clock

USED_UP: Final = "This code was used already, is too old, or is not one of ours. Please ask at the desk."
_SALT: Final = "alcove.calendar.check-in"
COMING: Final = frozenset({Booking.State.BOOKED, Booking.State.CONFIRMED})


def signed(secret: str) -> str:
    """Return what the QR code carries."""
    return Signer(sep=".", salt=_SALT).sign(secret)


def digest(secret: str) -> str:
    """Return how a secret lies in the table."""
    return hashlib.sha256(secret.encode()).hexdigest()


def digest_of(text: str) -> str:
    """Return the digest of a code's secret; raise ``Gone`` for one that we did not sign."""
    try:
        return digest(Signer(sep=".", salt=_SALT).unsign(text))
    except BadSignature:
        raise Gone(USED_UP) from None


def code(text: str) -> CheckInCode:
    """Return a good code with its booking and location; raise ``Gone``. Looking at it uses nothing."""
    found = CheckInCode.objects.select_related("booking__location").filter(digest=digest_of(text)).first()
    if found is None or not found.is_good(clock.now()) or found.booking.state not in COMING:
        raise Gone(USED_UP)
    return found
