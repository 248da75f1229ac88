"""Random tokens, stored only as hashes, and TOTP codes (RFC 6238)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime
from uuid import UUID

import pyotp

from alcove.security import policy_defaults as policy
from alcove.security.vault import crypto
from alcove.security.vault.house import house


def new_token() -> tuple[str, str]:
    """Return (token for the browser, digest for the table): 256 random bits."""
    token = secrets.token_urlsafe(32)
    return token, digest(token)


def digest(token: str) -> str:
    """Return the stored form of a token that is itself random."""
    return hashlib.sha256(token.encode()).hexdigest()


def code_digest(code: str) -> str:
    """Return the stored form of a recovery code: keyed, so the table alone confirms nothing."""
    plain = code.replace("-", "").replace(" ", "").lower()
    return crypto.mac(house().key("pepper"), b"recovery\0" + plain.encode("utf-8", "replace")).hex()


def sent_digest(code: str, purpose: str, row_id: UUID) -> str:
    """Return the stored form of a code that was sent: keyed, and bound to its purpose and to its own row."""
    message = f"sent\0{purpose}\0{row_id.hex}\0{code}"
    return crypto.mac(house().key("pepper"), message.encode("utf-8", "replace")).hex()


def new_sent_code() -> str:
    """Return a code to type from a phone: six random digits."""
    return f"{secrets.randbelow(10**policy.SENT_CODE_DIGITS):0{policy.SENT_CODE_DIGITS}}"


def address_mark(address: str) -> str:
    """Return 64 bits that say which address a link confirms, without saying the address."""
    return crypto.mac(house().key("pepper"), b"address\0" + address.lower().encode("utf-8", "replace")).hex()[
        :16
    ]


def login_digests(address: str) -> list[str]:
    """Return the keyed hashes under which a patient's e-mail address may stand, that of today's key last."""
    message = b"patient login\0" + address.strip().lower().encode("utf-8", "replace")
    versions = house().versions("pepper")
    return [crypto.mac(versions[number], message).hex() for number in sorted(versions.keys)]


def new_recovery_code() -> str:
    """Return a code of 50 random bits in two groups, easy to copy by hand."""
    text = base64.b32encode(secrets.token_bytes(7)).decode().lower()[:10]
    return f"{text[:5]}-{text[5:]}"


def new_totp_secret() -> str:
    """Return 160 random bits in base32 (RFC 4226 section 4, R6)."""
    return pyotp.random_base32(32)


def totp_uri(secret: str, account: str, issuer: str) -> str:
    """Return the text of the QR code an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def moment_mark(moment: datetime) -> str:
    """Return a moment as a page carries it and nobody else can make it up."""
    text = str(int(moment.timestamp() * 1000))
    return f"{text}.{crypto.mac(house().key('pepper'), b'moment' + text.encode()).hex()[:24]}"


def marked_moment(mark: str) -> datetime | None:
    """Return the moment of a mark; None for anything that is none."""
    text = mark.partition(".")[0]
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004 - milliseconds until the year 33658
        return None
    found = datetime.fromtimestamp(int(text) / 1000, UTC)
    return (
        found if hmac.compare_digest(moment_mark(found).encode(), mark.encode("utf-8", "replace")) else None
    )


def totp_step(secret: str, code: str, at: float | None = None) -> int | None:
    """Return the time step a code belongs to, within one step either side of ``at`` (Unix seconds); else None."""
    code = code.replace(" ", "")
    if len(code) != 6 or not code.isascii() or not code.isdigit():  # noqa: PLR2004 - RFC 6238 digits
        return None
    now = int((time.time() if at is None else at) // policy.TOTP_SECONDS)
    generator = pyotp.TOTP(secret)
    found = None
    for step in range(now - policy.TOTP_DRIFT_STEPS, now + policy.TOTP_DRIFT_STEPS + 1):
        if hmac.compare_digest(generator.generate_otp(step), code):
            found = step
    return found
