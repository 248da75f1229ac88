"""A secret in three shares of which any two give it back: Shamir's scheme over GF(256).

Each byte of the secret is the value at 0 of a random line over the field with the polynomial of AES (x^8 + x^4 + x^3
+ x + 1, FIPS 197 section 4.2); share number n holds its values at n. One share is as good as random bytes: it tells
nothing of the secret, whatever is tried (Shamir, "How to share a secret", 1979). Two different shares are one line.

Written for paper: 16 groups of four signs of Crockford's alphabet, number and checksum with them, so a slip of the pen
is found before anything is tried. Tests: ``tests/test_shares.py``, with FIPS 197's published values.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from alcove.security.vault.errors import VaultError

SECRET_BYTES: Final = 32
NUMBERS: Final = (1, 2, 3)
NEEDED: Final = 2
_NAME_BYTES, _CHECK_BYTES = 3, 4
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SIGNS: Final = (1 + _NAME_BYTES + SECRET_BYTES + _CHECK_BYTES) * 8 // 5
_REDUCING: Final = 0x1B
_TOP: Final = 0x80


class WrongShare(VaultError):
    """What was typed is no share, or the two do not belong together; the text says which, never what was typed."""


@dataclass(frozen=True, slots=True)
class Share:
    """One share: its number, the first bytes of its recovery key's name, and its values."""

    number: int
    name: bytes
    values: bytes = field(repr=False)


def multiply(left: int, right: int) -> int:
    """Return the product of two elements of GF(256); the same steps whatever the elements are."""
    product = 0
    for _ in range(8):
        product ^= left & -(right & 1)
        left = (left << 1 & 0xFF) ^ (_REDUCING & -(left >> 7))
        right >>= 1
    return product


def inverse(element: int) -> int:
    """Return the inverse of an element: its 254th power; 0 for 0."""
    power = 1
    for _ in range(254):
        power = multiply(power, element)
    return power


def split(secret: bytes, name: bytes) -> list[Share]:
    """Return three shares of a 32-byte secret; ``name`` says of which key, in its first bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes")
    slopes = secrets.token_bytes(SECRET_BYTES)
    return [
        Share(
            number,
            name[:_NAME_BYTES],
            bytes(at ^ multiply(slope, number) for at, slope in zip(secret, slopes, strict=True)),
        )
        for number in NUMBERS
    ]


def joined(first: Share, second: Share) -> bytes:
    """Return the secret of two shares; raise ``WrongShare`` if they are the same one or of two keys.

    Whether it is the right secret only its owner can say: two shares of different splits give random bytes.
    """
    if first.number == second.number:
        raise WrongShare("These are the same share twice. Two different ones are needed.")
    if first.name != second.name:
        raise WrongShare("These shares belong to two different recovery keys.")
    # The line through both points, read at 0.
    scale = inverse(first.number ^ second.number)
    weights = multiply(second.number, scale), multiply(first.number, scale)
    return bytes(
        multiply(one, weights[0]) ^ multiply(other, weights[1])
        for one, other in zip(first.values, second.values, strict=True)
    )


# On paper ---------------------------------------------------------------------------------------------------------


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"alcove/share\0" + body).digest()[:_CHECK_BYTES]


def written(share: Share) -> str:
    """Return a share as it is printed: 16 groups of four signs."""
    body = bytes([share.number]) + share.name + share.values
    number = int.from_bytes(body + _check(body), "big")
    signs = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_SIGNS)))
    return " ".join(signs[at : at + 4] for at in range(0, len(signs), 4))


def read(text: str) -> Share:
    """Return the share that was typed, however it is spaced; raise ``WrongShare`` saying what is wrong with it."""
    signs = "".join(text.upper().replace("-", "").split()).translate(_MISREAD)
    if len(signs) != _SIGNS:
        raise WrongShare(f"A share has {_SIGNS} letters and digits; this has {len(signs)}.")
    number = 0
    for sign in signs:
        place = _ALPHABET.find(sign)
        if place < 0:
            raise WrongShare("A share holds letters and digits only, and no U.")
        number = number << 5 | place
    held = number.to_bytes(_SIGNS * 5 // 8, "big")
    body, check = held[:-_CHECK_BYTES], held[-_CHECK_BYTES:]
    if _check(body) != check or body[0] not in NUMBERS:
        raise WrongShare("A letter or digit of this share is wrong: compare it with the paper.")
    return Share(body[0], body[1 : 1 + _NAME_BYTES], body[1 + _NAME_BYTES :])


def pair(texts: Sequence[str]) -> bytes:
    """Return the secret of two typed shares; raise ``WrongShare``."""
    if len(texts) != NEEDED:
        raise WrongShare("Two shares are needed, no more and no fewer.")
    return joined(read(texts[0]), read(texts[1]))
