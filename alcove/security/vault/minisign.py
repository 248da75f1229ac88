"""Signatures in minisign's format: whoever does not trust Alcove to check itself takes minisign for it.

A public key is ``base64("Ed" | key id (8) | Ed25519 key (32))``. A signature has four lines: a comment nobody signed,
``base64("ED" | key id | Ed25519 over BLAKE2b-512 of the file)``, a trusted comment, and ``base64(Ed25519 over the first
signature and the trusted comment)``. The older kind without the hash ("Ed") is refused.

Invariant: what ``verify`` returns was signed by a key of the list it was given. What must never happen: an answer where
either signature does not hold (``tests/test_minisign.py``, with vectors published elsewhere).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken, VaultError

_PURE, _HASHED = b"Ed", b"ED"
_TRUSTED: Final = "trusted comment: "
_ID: Final = slice(2, 10)
_LINES: Final = 4
_PUBLIC_BYTES, _SIGNATURE_BYTES, _SIGNED_BYTES, _SECRET_BYTES = 42, 74, 64, 158
_NO_PASSWORD: Final = bytes(2)


class WrongSignature(VaultError):
    """It is no signature of this file by this key, or it is malformed; the text ends a sentence."""


class UnknownKey(WrongSignature):
    """A key signed that is not on the list."""


class NoSecret(VaultError):
    """This is no secret key of minisign's without a password; the text ends a sentence."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Which key signed, written as minisign writes it, and the comment it signed along."""

    key: str
    comment: str


def _bytes(text: str, size: int, what: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error):
        raise WrongSignature(f"{what} is not base64") from None
    if len(raw) != size:
        raise WrongSignature(f"{what} has {len(raw)} bytes instead of {size}")
    return raw


def _shown(key_id: bytes) -> str:
    return key_id[::-1].hex().upper()


def name(public: str) -> str:
    """Return the name of a public key as minisign writes it; raise ``WrongSignature``."""
    raw = _bytes(public, _PUBLIC_BYTES, "a public key")
    if raw[:2] != _PURE:
        raise WrongSignature("a public key of another kind")
    return _shown(raw[_ID])


def verify(message: bytes, signature: str, trusted: Iterable[str]) -> Signed:
    """Return which trusted key signed a message; raise ``UnknownKey`` or ``WrongSignature``."""
    lines = signature.strip().splitlines()
    if len(lines) != _LINES or not lines[2].startswith(_TRUSTED):
        raise WrongSignature("it is not written as minisign writes one")
    raw = _bytes(lines[1], _SIGNATURE_BYTES, "it")
    overall = _bytes(lines[3], _SIGNED_BYTES, "its second part")
    comment = lines[2].removeprefix(_TRUSTED)
    if raw[:2] != _HASHED:
        raise WrongSignature("it is of another kind")
    keys = [_bytes(one, _PUBLIC_BYTES, "a public key") for one in trusted]
    public = next((one[10:] for one in keys if one[:2] == _PURE and one[_ID] == raw[_ID]), None)
    if public is None:
        raise UnknownKey(f"the key {_shown(raw[_ID])} signed it")
    try:
        crypto.check_signature(public, hashlib.blake2b(message).digest(), raw[10:])
        crypto.check_signature(public, raw[10:] + comment.encode(), overall)
    except SealBroken:
        raise WrongSignature("it does not hold") from None
    return Signed(_shown(raw[_ID]), comment)


def sign(message: bytes, secret: str, comment: str) -> str:
    """Return the signature file of a message; raise ``NoSecret``. ``secret``: what a secret key file holds."""
    key_id, seed = _opened(secret)
    signed = crypto.sign(seed, hashlib.blake2b(message).digest())
    overall = crypto.sign(seed, signed + comment.encode())
    first = base64.b64encode(_HASHED + key_id + signed).decode()
    second = base64.b64encode(overall).decode()
    return f"untrusted comment: signature of Alcove's release\n{first}\n{_TRUSTED}{comment}\n{second}\n"


def public_of(secret: str) -> str:
    """Return the public key of a secret one, as minisign's option -P takes it; raise ``NoSecret``."""
    key_id, seed = _opened(secret)
    return base64.b64encode(_PURE + key_id + crypto.public_key(seed)).decode()


def _opened(secret: str) -> tuple[bytes, bytes]:
    """Return id and seed. ``Ed | password kind | B2 | salt (32), limits (16) | id | seed | public | checksum (32)``."""
    lines = [line for line in secret.splitlines() if line and not line.startswith("untrusted comment:")]
    try:
        raw = _bytes(lines[0] if lines else "", _SECRET_BYTES, "it")
    except WrongSignature as wrong:
        raise NoSecret(f"is no secret key of minisign's: {wrong}") from None
    if raw[2:4] != _NO_PASSWORD:
        raise NoSecret("has a password: sign with minisign itself")
    key_id, seed, public = raw[54:62], raw[62:94], raw[94:126]
    if raw[:2] != _PURE or crypto.public_key(seed) != public:
        raise NoSecret("is damaged")
    return key_id, seed


def written(seed: bytes, key_id: bytes) -> str:
    """Return a secret key without a password, as ``minisign -G -W`` writes one: of a demo and of tests."""
    pair = seed + crypto.public_key(seed)
    checksum = hashlib.blake2b(_PURE + key_id + pair, digest_size=32).digest()
    raw = _PURE + _NO_PASSWORD + b"B2" + bytes(48) + key_id + pair + checksum
    return f"untrusted comment: minisign secret key\n{base64.b64encode(raw).decode()}\n"
