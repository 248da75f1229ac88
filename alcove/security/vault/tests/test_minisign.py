"""Minisign's format: signatures that minisign made hold, and nothing else does."""

from __future__ import annotations

import base64

import pytest

from alcove.security.vault import minisign
from alcove.security.vault.minisign import NoSecret, UnknownKey, WrongSignature

PUBLIC = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
HASHED = (
    "untrusted comment: signature from minisign secret key\n"
    "RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n"
    "trusted comment: timestamp:1556193335\tfile:test\n"
    "y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==\n"
)
NOT_HASHED = (
    "untrusted comment: signature from minisign secret key\n"
    "RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n"
    "trusted comment: timestamp:1555779966\tfile:test\n"
    "QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==\n"
)
"""Published with minisign's own libraries, over the four letters "test"."""
SECRET = minisign.written(bytes(range(32)), b"alcove-1")
OWN = minisign.public_of(SECRET)

pytestmark = pytest.mark.source


def test_a_published_signature_holds_and_names_its_key():
    found = minisign.verify(b"test", HASHED, [OWN, PUBLIC])
    assert found == minisign.Signed("E7620F1842B4E81F", "timestamp:1556193335\tfile:test")
    assert minisign.name(PUBLIC) == "E7620F1842B4E81F"


@pytest.mark.parametrize(
    ("message", "signature", "words"),
    [
        (b"Test", HASHED, "does not hold"),
        (b"test", HASHED.replace("1556193335", "1556193336"), "does not hold"),
        (b"test", HASHED.replace("EBg==", "EBQ=="), "does not hold"),
        (b"test", NOT_HASHED, "of another kind"),
        (b"test", "", "as minisign writes"),
        (b"test", HASHED.replace("RUQf", "RU!f"), "not base64"),
        (b"test", HASHED.replace("RUQf6LRC", ""), "bytes instead of"),
        (b"test", HASHED.replace("trusted comment: t", "comment: t"), "as minisign writes"),
    ],
)
def test_anything_else_does_not(message, signature, words):
    with pytest.raises(WrongSignature, match=words):
        minisign.verify(message, signature, [PUBLIC])


def test_a_key_that_is_not_on_the_list_is_refused_by_name():
    with pytest.raises(UnknownKey, match="E7620F1842B4E81F"):
        minisign.verify(b"test", HASHED, [OWN])
    with pytest.raises(UnknownKey):
        minisign.verify(b"test", HASHED, [])
    # The id of a trusted key with another key's signature.
    raw = bytearray(base64.b64decode(OWN))
    raw[2:10] = base64.b64decode(PUBLIC)[2:10]
    with pytest.raises(WrongSignature, match="does not hold"):
        minisign.verify(b"test", HASHED, [base64.b64encode(raw).decode()])


def test_what_is_signed_here_is_written_as_the_published_one():
    text = minisign.sign(b"test", SECRET, "alcove release 1")
    assert minisign.verify(b"test", text, [OWN]).comment == "alcove release 1"
    ours, theirs = text.splitlines(), HASHED.splitlines()
    assert [ours[1][:2], *map(len, (ours, ours[1], ours[3]))] == [
        "RU",
        *map(len, (theirs, theirs[1], theirs[3])),
    ]
    for other in (b"test ", b""):
        with pytest.raises(WrongSignature, match="does not hold"):
            minisign.verify(other, text, [OWN])


def test_a_secret_with_a_password_or_damaged_signs_nothing():
    line = SECRET.splitlines()[1]
    raw = bytearray(base64.b64decode(line))
    for at, byte, words in ((2, ord("S"), "has a password"), (70, raw[70] ^ 1, "damaged")):
        changed = bytearray(raw)
        changed[at] = byte
        with pytest.raises(NoSecret, match=words):
            minisign.sign(b"test", base64.b64encode(changed).decode(), "x")
    with pytest.raises(NoSecret, match="no secret key"):
        minisign.sign(b"test", PUBLIC, "x")
