"""Encrypted archives for outside: another tool's archive opens by the reader the tests trust, and so does ours."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from alcove.clinic.clients.tests.test_exports import opened_zip
from alcove.security.vault import zips

PYZIPPER = (
    "UEsDBBQAAQBjAPwgdl0AAAAANgAAAD8AAAAIAAsAbm90ZS50eHQBmQcAAgBBRQMIAFMhsexZ+pi62OFADkkxDSgQv5azKo20KXLPCAaY8uGS3JQU"
    "cVwulNAK6wNc7e+JtjmtFesQuFBLAQIUAxQAAQBjAPwgdl0AAAAANgAAAD8AAAAIAAsAAAAAAAAAAACAAQAAAABub3RlLnR4dAGZBwACAEFFAwgA"
    "UEsFBgAAAAABAAEAQQAAAGcAAAAAAA=="
)
"""Made by pyzipper 0.4.0."""


def test_the_reader_of_these_tests_opens_what_another_tool_made():
    found = opened_zip(base64.b64decode(PYZIPPER), "another tool's passphrase")
    assert found == {"note.txt": b"made by another tool\n" * 3}


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 200_000])
def test_what_goes_in_comes_out(length):
    passphrase, content = zips.new_passphrase(), bytes(range(256)) * (length // 256 + 1)
    archive = zips.sealed_zip(
        passphrase, {"a.csv": content[:length], "ä.txt": b"x"}, datetime(2026, 1, 2, tzinfo=UTC)
    )
    assert opened_zip(archive, passphrase) == {"a.csv": content[:length], "ä.txt": b"x"}


def test_another_passphrase_opens_nothing_and_the_content_is_nowhere():
    archive = zips.sealed_zip("right", {"a.csv": b"Catherine" * 3}, datetime(2026, 1, 2, tzinfo=UTC))
    assert b"Catherine" not in archive
    with pytest.raises(AssertionError):
        opened_zip(archive, "wrong")


def test_passphrases_are_long_and_never_the_same():
    made = {zips.new_passphrase() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one.replace("-", "")) == 30 and set(one) <= {*zips.ALPHABET, "-"} for one in made)
