"""The few primitives Alcove uses, each a thin layer over pyca/cryptography.

Sealed value, in bytes: ``01 | key version (2, big endian) | nonce (12) | AES-256-GCM ciphertext and tag (16)``.
Associated data: ``label | 00 | row id (16)``. So a value moved to another row or column does not open; one moved to
another client or practice meets another key. Nonces are random: a client key seals far fewer than 2^32 values, the
limit of NIST SP 800-38D section 8.3 for random nonces.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from alcove.security.vault.errors import SealBroken

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
FORMAT = 1
HEADER_BYTES = 3
OVERHEAD = HEADER_BYTES + NONCE_BYTES + TAG_BYTES
_FORMAT_BYTE = bytes([FORMAT])
_HASH_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ mask for byte in range(256)) for mask in (0x36, 0x5C))
"""What HMAC turns each byte of a key into, for its inner and its outer hash (RFC 2104)."""


def new_key() -> bytes:
    """Return 32 random bytes."""
    return os.urandom(KEY_BYTES)


def derive(key: bytes, info: bytes) -> bytes:
    """Return the 32-byte subkey of ``key`` for one purpose (HKDF-SHA-256, RFC 5869, no salt)."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


def derive_for(info: bytes) -> Callable[[bytes], bytes]:
    """Return ``derive`` for very many keys and one purpose, three times faster; the same vectors prove both.

    RFC 5869 without a salt is HMAC under a block of zeros, then one block of 32 bytes.
    """
    extracted, message = mac_under(bytes(KEY_BYTES)), info + b"\x01"

    def derived(key: bytes) -> bytes:
        block = extracted(key).ljust(_HASH_BLOCK, b"\0")
        inner = hashlib.sha256(block.translate(_INNER) + message).digest()
        return hashlib.sha256(block.translate(_OUTER) + inner).digest()

    return derived


def mac(key: bytes, message: bytes) -> bytes:
    """Return the 32-byte HMAC-SHA-256 of ``message``."""
    return hmac.digest(key, message, hashlib.sha256)


def mac_under(key: bytes) -> Callable[[bytes], bytes]:
    """Return ``mac`` for many messages under one key, three times faster for short ones.

    HMAC (RFC 2104) with the key's two blocks hashed once; the same vectors prove it as ``mac``.
    """
    block = (hashlib.sha256(key).digest() if len(key) > _HASH_BLOCK else key).ljust(_HASH_BLOCK, b"\0")
    inner, outer = (hashlib.sha256(block.translate(table)) for table in (_INNER, _OUTER))

    def made(message: bytes) -> bytes:
        first = inner.copy()
        first.update(message)
        second = outer.copy()
        second.update(first.digest())
        return second.digest()

    return made


def check_mac(key: bytes, message: bytes, tag: bytes) -> None:
    """Raise ``SealBroken`` unless ``tag`` is the HMAC-SHA-256 of ``message``; compares in constant time."""
    if not hmac.compare_digest(mac(key, message), tag):
        raise SealBroken("the authentication code does not hold")


def wrap(key: bytes, secret: bytes) -> bytes:
    """Return ``secret`` wrapped under ``key`` (AES-KW, RFC 3394): 8 bytes longer."""
    return aes_key_wrap(key, secret)


def unwrap(key: bytes, blob: bytes) -> bytes:
    """Return the secret inside ``blob``; raise ``SealBroken`` if this key did not wrap it."""
    try:
        return aes_key_unwrap(key, blob)
    except (InvalidUnwrap, ValueError):
        raise SealBroken("the wrapped key does not open") from None


def binding(label: str, row_id: UUID) -> bytes:
    """Return the associated data that ties a value to its column and row."""
    return label.encode() + b"\0" + row_id.bytes


def cipher(key: bytes) -> AESGCM:
    """Return a cipher object to keep: making one costs as much as opening a value."""
    return AESGCM(key)


def seal(aead: AESGCM, version: int, plaintext: bytes, bound_to: bytes) -> bytes:
    """Seal one value; see the module's docstring for the layout. ``version`` is 0 to 65535."""
    nonce = os.urandom(NONCE_BYTES)
    return head(version) + nonce + aead.encrypt(nonce, plaintext, bound_to)


def head(version: int) -> bytes:
    """Return how every value sealed under this key version begins."""
    return _FORMAT_BYTE + version.to_bytes(2, "big")


def sealed_version(blob: bytes) -> int:
    """Return the key version a sealed value names; raise ``SealBroken`` if it is no sealed value."""
    if len(blob) < OVERHEAD or blob[0] != FORMAT:
        raise SealBroken("this is not a sealed value")
    return blob[1] << 8 | blob[2]


def open_sealed(aead: AESGCM, blob: bytes, bound_to: bytes) -> bytes:
    """Open one value; raise ``SealBroken`` if anything about it was changed or moved."""
    try:
        return aead.decrypt(blob[3:15], blob[15:], bound_to)  # the layout above, written out for speed
    except (InvalidTag, ValueError):
        raise SealBroken("a sealed value was changed or moved") from None


def encrypt(key: bytes, nonce: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    """AES-256-GCM as such, for file segments whose nonces are counted."""
    return AESGCM(key).encrypt(nonce, plaintext, bound_to)


def pad(plaintext: bytes, multiple: int) -> bytes:
    """Pad with 0x80 and zeros (ISO/IEC 7816-4) to a multiple of ``multiple`` bytes, so lengths tell nothing."""
    length = (len(plaintext) + 1 + multiple - 1) // multiple * multiple
    return (plaintext + b"\x80").ljust(length, b"\0")


def unpad(padded: bytes) -> bytes:
    """Undo ``pad``; raise ``SealBroken`` if the padding is not one."""
    plaintext, mark, _ = padded.rpartition(b"\x80")
    if not mark:
        raise SealBroken("a padded value has no end")
    return plaintext


def public_key(seed: bytes) -> bytes:
    """Return the 32-byte Ed25519 public key of a 32-byte seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, message: bytes) -> bytes:
    """Return the 64-byte Ed25519 signature of ``message``."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def check_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Raise ``SealBroken`` unless the signature holds."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise SealBroken("the signature does not hold") from None
