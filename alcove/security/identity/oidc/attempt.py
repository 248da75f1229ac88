"""What a browser remembers while it is at the directory's.

The cookie holds 32 random bytes and the moment they end. State, nonce and PKCE verifier are MACs of it by a key of the
house, bound to issuer and client: nothing is stored for whoever only leaves, nobody can make a fitting pair of cookie
and state, and whoever sees the state in an address learns neither nonce nor verifier.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from alcove.security import policy_defaults as policy
from alcove.security.vault import crypto
from alcove.security.vault.house import house

COOKIE: Final = "__Host-directory"
_RANDOM, _MOMENT = 32, 8


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in by the directory. ``ends_at``: an answer that comes later does not count."""

    issuer: str
    client_id: str
    ends_at: datetime
    seed: bytes = field(repr=False)

    @property
    def cookie(self) -> str:
        return _text(self.seed)

    @property
    def state(self) -> str:
        return self._derived("state")

    @property
    def nonce(self) -> str:
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Return the PKCE verifier: 43 characters (RFC 7636 4.1)."""
        return self._derived("verifier")

    @property
    def code_challenge(self) -> str:
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    def fits(self, state: str) -> bool:
        """Whether an answer's state is this attempt's."""
        return hmac.compare_digest(self.state.encode(), state.encode("utf-8", "replace"))

    def _derived(self, purpose: str) -> str:
        bound = f"oidc\0{purpose}\0{self.issuer}\0{self.client_id}\0".encode()
        return _text(crypto.mac(house().key("pepper"), bound + self.seed))


def begun(issuer: str, client_id: str, now: datetime) -> Attempt:
    """Return a new attempt."""
    ends = int((now + policy.SIGN_IN_STAGE_LIFE).timestamp() * 1_000_000)
    return _of(issuer, client_id, secrets.token_bytes(_RANDOM) + ends.to_bytes(_MOMENT, "big"))


def remembered(issuer: str, client_id: str, cookie: str, now: datetime) -> Attempt | None:
    """Return the attempt of a browser that comes back; None without a cookie, or with one that is too old."""
    try:
        seed = base64.urlsafe_b64decode(cookie.encode() + b"=" * (-len(cookie) % 4))
        attempt = _of(issuer, client_id, seed) if len(seed) == _RANDOM + _MOMENT else None
    except (binascii.Error, ValueError, OverflowError):
        return None
    return attempt if attempt is not None and attempt.ends_at > now else None


def _of(issuer: str, client_id: str, seed: bytes) -> Attempt:
    ends = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int.from_bytes(seed[_RANDOM:], "big"))
    return Attempt(issuer, client_id, ends, seed)
