"""A downtime pack: words sealed under a passphrase, for a browser without a server (BAK-08).

PBKDF2-HMAC-SHA-256 over the passphrase's bare signs gives the key, once for each passphrase; each pack is AES-256-GCM
under it with a nonce of its own. The header (moments of making and expiry, salt, rounds, nonce) travels in the clear
and is the associated data, so no moment in it can be changed. The plaintext is padded. Both algorithms are what
``crypto.subtle`` of every browser has, and what an independent reader needs three lines for.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from alcove.security import policy_defaults as policy
from alcove.security.vault import crypto, zips

LABEL: Final = b"alcove.downtime.pack.1\0"
"""Begins the associated data; the header's bytes as they stand in the file follow."""
_SALT_BYTES: Final = 16
new_passphrase = zips.new_passphrase


@dataclass(frozen=True, slots=True)
class PackKey:
    """What a passphrase gave, with the salt and rounds that anybody needs to derive it again."""

    salt: bytes
    rounds: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A pack as it stands in its file: the header's exact text, and the ciphertext in base64."""

    header: str
    body: str


def bare(passphrase: str) -> str:
    """Return the signs of a passphrase that count, however it was typed."""
    return "".join(sign for sign in passphrase.lower() if sign in zips.ALPHABET)


def key_of(passphrase: str) -> PackKey:
    """Derive the key of a new passphrase; takes a third of a second."""
    salt, rounds = os.urandom(_SALT_BYTES), policy.DOWNTIME_ROUNDS
    derived = hashlib.pbkdf2_hmac("sha256", bare(passphrase).encode("ascii"), salt, rounds, crypto.KEY_BYTES)
    return PackKey(salt, rounds, derived)


def stored(key: PackKey) -> dict[str, Any]:
    """Return a key as JSON can say it, for a sealed column."""
    return {"salt": _text(key.salt), "rounds": key.rounds, "key": _text(key.key)}


def of_stored(held: dict[str, Any]) -> PackKey:
    """Undo ``stored``."""
    return PackKey(base64.b64decode(held["salt"]), held["rounds"], base64.b64decode(held["key"]))


def sealed_pack(
    key: PackKey, content: dict[str, Any], *, place: str, zone: str, number: int, made_at: datetime
) -> Sealed:
    """Seal what a pack says.

    Readable from outside: ``place``, the location's name, its ``zone``, and which ``number`` of passphrase opens it.
    """
    expires_at = made_at + policy.DOWNTIME_LIFE
    nonce = os.urandom(crypto.NONCE_BYTES)
    moments = {"made_at": _milliseconds(made_at), "expires_at": _milliseconds(expires_at)}
    header = _json(
        {"format": 1, "place": place, "zone": zone, "number": number} | moments
        | {"slip": int(policy.DOWNTIME_CLOCK_SLIP.total_seconds() * 1000), "rounds": key.rounds}
        | {"salt": _text(key.salt), "nonce": _text(nonce)}
    )  # fmt: skip
    plaintext = crypto.pad(_json(content | moments).encode(), policy.DOWNTIME_PADDING)
    return Sealed(header, _text(crypto.encrypt(key.key, nonce, plaintext, LABEL + header.encode("ascii"))))


def _milliseconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _text(held: bytes) -> str:
    return base64.b64encode(held).decode("ascii")


def _json(held: object) -> str:
    """Return JSON in ASCII that can stand in a page: nothing in it ends a script or begins a tag."""
    text = json.dumps(held, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
