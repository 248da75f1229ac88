"""Sealed files: no cut, swap, repeat or flip opens, and no plaintext touches a disk (VLT-01, VLT-03)."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import storages

from alcove.security.vault import crypto, files
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.ids import uuid7

KEY, OTHER = crypto.new_key(), crypto.new_key()
SEALED_SEGMENT = files.SEGMENT + crypto.TAG_BYTES
HEAD = 1 + files.PREFIX_BYTES


def seal(content, bound_to=b"row", key=KEY):
    return b"".join(files.sealed_stream(key, [content], bound_to))


def opened(blob, bound_to=b"row", key=KEY):
    return b"".join(files.opened_stream(key, io.BytesIO(blob), bound_to))


@pytest.mark.parametrize(
    "size", [0, 1, files.SEGMENT - 1, files.SEGMENT, files.SEGMENT + 1, 3 * files.SEGMENT, 200_000]
)
def test_files_come_back_whole(size):
    content = os.urandom(size)
    assert opened(seal(content)) == content
    # However the source is cut into chunks.
    chunks = [content[at : at + 777] for at in range(0, len(content), 777)]
    assert opened(b"".join(files.sealed_stream(KEY, chunks, b"row"))) == content


@pytest.fixture(scope="module")
def sealed():
    """Four segments, the last one short."""
    return seal(os.urandom(3 * files.SEGMENT + 1000))


def segments(blob):
    return [blob[at : at + SEALED_SEGMENT] for at in range(HEAD, len(blob), SEALED_SEGMENT)]


def test_every_cut_is_refused(sealed):
    edges = {
        HEAD + SEALED_SEGMENT * number + off for number in range(4) for off in (-17, -16, -1, 0, 1, 16, 17)
    }
    for length in sorted(edges | set(range(40)) | {len(sealed) - 1, len(sealed) - 16, len(sealed) - 17}):
        if 0 <= length < len(sealed):
            with pytest.raises(SealBroken):
                opened(sealed[:length])


def test_every_order_of_segments_but_the_right_one_is_refused(sealed):
    parts, head = segments(sealed), sealed[:HEAD]
    for order in (
        (1, 0, 2, 3),
        (0, 2, 1, 3),
        (3, 1, 2, 0),
        (0, 0, 1, 2, 3),
        (0, 1, 1, 3),
        (0, 1, 2, 2, 3),
        (1, 2, 3),
        (0, 2, 3),
        (0, 1, 3),
        (0, 1, 2),
        (3,),
    ):
        with pytest.raises(SealBroken):
            opened(head + b"".join(parts[number] for number in order))


def test_segments_of_another_file_under_the_same_key_are_refused(sealed):
    other = seal(os.urandom(3 * files.SEGMENT + 1000))
    for number in range(4):
        mixed = [*segments(sealed)[:number], segments(other)[number], *segments(sealed)[number + 1 :]]
        with pytest.raises(SealBroken):
            opened(sealed[:HEAD] + b"".join(mixed))


def test_every_flip_is_refused_at_the_segment_it_is_in():
    blob = seal(b"x" * 300)
    for at in range(len(blob)):
        changed = bytearray(blob)
        changed[at] ^= 1
        with pytest.raises(SealBroken):
            opened(bytes(changed))


def test_a_flip_in_each_segment_of_a_long_file_is_refused(sealed):
    for number in range(4):
        for off in (0, 500, 999):
            changed = bytearray(sealed)
            changed[HEAD + number * SEALED_SEGMENT + off] ^= 0x80
            with pytest.raises(SealBroken):
                opened(bytes(changed))


@pytest.mark.parametrize("more", [b"\0", b"\0" * 16, b"\0" * SEALED_SEGMENT])
def test_bytes_added_at_the_end_are_refused(sealed, more):
    with pytest.raises(SealBroken):
        opened(sealed + more)


def test_another_row_label_or_key_does_not_open_it():
    row, other = uuid7(), uuid7()
    blob = seal(b"words", crypto.binding("records.document", row))
    for bound_to, key in (
        (crypto.binding("records.document", other), KEY),
        (crypto.binding("records.photo", row), KEY),
        (crypto.binding("records.document", row), OTHER),
    ):
        with pytest.raises(SealBroken):
            opened(blob, bound_to, key)


def test_storing_leaves_no_plaintext_and_no_temporary_file(practice, tmp_path, monkeypatch):
    marker = b"PLAINTEXT-" + os.urandom(8).hex().encode()
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    seen = []

    def source():
        for _ in range(40):
            yield marker * 3000
            seen.extend(scratch.iterdir())

    row = uuid7()
    name = files.store(KEY, source(), row, "test.file")
    assert b"".join(files.fetch(KEY, name, row, "test.file")) == marker * 3000 * 40
    assert seen == []
    assert list(scratch.iterdir()) == []
    for path in Path(settings.ALCOVE.home).rglob("*"):
        if path.is_file():
            assert marker not in path.read_bytes(), path
    assert Path(storages["sealed"].path(name)).stat().st_mode & 0o077 == 0


def test_a_source_that_fails_leaves_no_file_that_opens(practice):
    def source():
        yield b"x" * 200_000
        raise OSError("the upload broke off")

    before = {path for path in Path(settings.ALCOVE.files).rglob("*") if path.is_file()}
    with pytest.raises(OSError, match="broke off"):
        files.store(KEY, source(), uuid7(), "test.file")
    for path in {path for path in Path(settings.ALCOVE.files).rglob("*") if path.is_file()} - before:
        with pytest.raises(SealBroken):
            opened(path.read_bytes())


def test_names_are_random():
    row = uuid7()
    names = {files.store(KEY, [b"same"], row, "test.file") for _ in range(5)}
    assert len(names) == 5
