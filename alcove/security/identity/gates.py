"""What stands between a session and its pages: each gate has one page, and nothing else is answered before it.

A session that is locked, whose browser is not approved, or whose person still owes a passkey is a session without an
actor. ``standing`` names the first gate that is shut; the middleware sends every request to that gate's page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alcove.security import policy_defaults as policy
from alcove.security.identity.models import Device, Person, Session
from alcove.security.vault.house import house


@dataclass(frozen=True, slots=True)
class Gate:
    """A page that must be passed first, and the routes that are answered before it is."""

    page: str
    open_routes: frozenset[str]


LOCKED: Final = Gate(
    "identity:locked",
    frozenset({"identity:locked", "identity:lock", "identity:unlock_by_passkey"}),
)
DEVICE: Final = Gate(
    "identity:device",
    frozenset({"identity:device", "identity:device_key", "identity:device_plain", "identity:device_code"}),
)
OWED: Final = Gate("identity:owed_passkey", frozenset({"identity:owed_passkey"}))
ALWAYS_OPEN: Final = frozenset({"identity:sign_out"})


def standing(session: Session, now: datetime) -> Gate | None:
    """Return the first gate this session has not passed; None if it may work."""
    if session.locked_at is not None:
        return LOCKED
    if session.person.kind == Person.Kind.STAFF and not _device_is_proved(session, now):
        return DEVICE
    return None


def is_owing(session: Session, owed_at: datetime | None, now: datetime) -> bool:
    """Whether the time in which this session's person must add a passkey is over; demo links bring no such duty."""
    by_demo_link = session.device is not None and session.device.kind == Device.Kind.DEMO and house().is_demo
    return owed_at is not None and owed_at <= now and not by_demo_link


def _device_is_proved(session: Session, now: datetime) -> bool:
    """Whether the browser is approved and has shown lately that it holds its key."""
    device = session.device
    if device is None or device.state != Device.State.APPROVED:
        return False
    if device.holder_id is not None and device.holder_id != session.person_id:
        return False
    if not device.has_key:
        # Its cookie is compared with every request (``sessions.find``); demo links bring a browser without either.
        return session.device_proved_at is not None and (device.kind != "demo" or house().is_demo)
    proved = session.device_proved_at
    return proved is not None and now - proved <= policy.DEVICE_PROOF_LIFE + policy.SESSION_TOUCH
