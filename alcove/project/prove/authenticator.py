"""An authenticator in software, for promises and tests.

It makes passkeys and answers challenges as a phone would, or badly on purpose.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT: Final = 0x01
VERIFIED: Final = 0x04
ATTESTED: Final = 0x40


def text(raw: bytes) -> str:
    """Return bytes as unpadded base64url."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(words: str) -> bytes:
    """Return the bytes of unpadded base64url."""
    return urlsafe_b64decode(words + "=" * (-len(words) % 4))


@dataclass
class Authenticator:
    """One passkey on one device. What is given to ``make`` and ``answer`` by name overrides what a good one does."""

    origin: str = "http://localhost"
    rp_id: str = "localhost"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    key_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes | None = None
    count: int = 0

    def _client_data(self, kind: str, options: dict[str, Any], over: dict[str, Any]) -> bytes:
        told = {
            "type": kind,
            "challenge": over.get("challenge", options["challenge"]),
            "origin": over.get("origin", self.origin),
            "crossOrigin": over.get("cross_origin", False),
        }
        return json.dumps(told).encode()

    def _head(self, flags: int, over: dict[str, Any]) -> bytes:
        rp_id = over.get("rp_id", self.rp_id)
        count = over.get("count", self.count)
        return (
            hashlib.sha256(rp_id.encode()).digest()
            + bytes([int(over.get("flags", flags))])
            + int(count).to_bytes(4, "big")
        )

    def make(self, options: str, **over: Any) -> str:
        """Return the JSON of a new passkey for creation options (JSON)."""
        asked = json.loads(options)
        self.handle = raw(asked["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        )
        head = self._head(PRESENT | VERIFIED | ATTESTED, over)
        data = head + bytes(16) + len(self.key_id).to_bytes(2, "big") + self.key_id + cose
        response = {
            "clientDataJSON": text(self._client_data(over.get("kind", "webauthn.create"), asked, over)),
            "attestationObject": text(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal", "hybrid", "made-up"],
        }
        return self._credential(response)

    def answer(self, options: str, **over: Any) -> str:
        """Return the JSON of the answer to request options (JSON)."""
        asked = json.loads(options)
        self.count += 1
        client_data = self._client_data(over.get("kind", "webauthn.get"), asked, over)
        data = self._head(PRESENT | VERIFIED, over)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": text(client_data),
            "authenticatorData": text(data),
            "signature": text(over.get("signature", signature)),
        }
        handle = over.get("handle", self.handle)
        if handle is not None:
            response["userHandle"] = text(handle)
        return self._credential(response)

    def _credential(self, response: dict[str, Any]) -> str:
        return json.dumps(
            {
                "id": text(self.key_id),
                "rawId": text(self.key_id),
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )


class BrowserKey:
    """A browser's own key that no script reads: ``point`` is its public half, base64url."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.point = text(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))

    def marked(self, words: str) -> tuple[str, str]:
        """Return (point, signature of these words), both base64url, as WebCrypto gives them."""
        r, s = decode_dss_signature(self.key.sign(words.encode(), ec.ECDSA(SHA256())))
        return self.point, text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
