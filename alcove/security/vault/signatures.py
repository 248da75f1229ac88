"""Signatures of keys that a browser holds and cannot export: ECDSA over P-256 with SHA-256 (WebCrypto)."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from alcove.security.vault.errors import VaultError

POINT_BYTES: Final = 65
"""An uncompressed point: 04, x, y (SEC 1 section 2.3.3)."""
HALF: Final = 32
"""WebCrypto gives r and s as 32 bytes each (IEEE P1363)."""


class WrongSignature(VaultError):
    """The signature is not this key's over this message, or one of them is malformed."""


def decoded(text: str) -> bytes:
    """Return the bytes of unpadded base64url; raise ``WrongSignature``."""
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raise WrongSignature("this is not base64url") from None


def verify(point: str, message: bytes, signature: str) -> None:
    """Raise ``WrongSignature`` unless ``signature`` is of ``message`` by the key of ``point`` (both base64url)."""
    raw, signed = decoded(point), decoded(signature)
    if len(raw) != POINT_BYTES or len(signed) != 2 * HALF:
        raise WrongSignature("a point has 65 bytes, a signature 64")
    encoded = utils.encode_dss_signature(
        int.from_bytes(signed[:HALF], "big"), int.from_bytes(signed[HALF:], "big")
    )
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
        key.verify(encoded, message, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        raise WrongSignature("the signature does not fit") from None
