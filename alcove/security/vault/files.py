"""Sealed files: random object names, streaming AES-256-GCM in segments, never plaintext on disk.

Each file has a random 32-byte key of its own, which its row keeps sealed under the client's key. Layout: ``02 | nonce
prefix (7)``, then segments of 64 KiB plaintext, each with nonce ``prefix | counter (4) | last (1)`` and a 16-byte
tag: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar 2015), so a cut, swapped or repeated segment does
not open. The bytes go through Django's storage interface, so a folder and a bucket look alike (``stores``).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.base import File
from django.core.files.storage import storages

from alcove.security.vault import crypto
from alcove.security.vault.errors import FileBroken, FileLost, SealBroken, StoreAway

FILE_FORMAT = b"\x02"
PREFIX_BYTES = 7
SEGMENT = 64 * 1024


def _nonce(prefix: bytes, counter: int, *, last: bool) -> bytes:
    return prefix + counter.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _segments(source: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield (segment, is last) of exactly SEGMENT bytes but for the last; an empty source gives one empty last."""
    held = bytearray()
    for chunk in source:
        held += chunk
        while len(held) > SEGMENT:
            yield bytes(held[:SEGMENT]), False
            del held[:SEGMENT]
    yield bytes(held), True


def sealed_stream(key: bytes, source: Iterable[bytes], bound_to: bytes) -> Iterator[bytes]:
    """Yield the sealed form of ``source``, one segment in memory at a time."""
    aead, prefix = AESGCM(key), os.urandom(PREFIX_BYTES)
    yield FILE_FORMAT + prefix
    for counter, (segment, last) in enumerate(_segments(source)):
        yield aead.encrypt(_nonce(prefix, counter, last=last), segment, bound_to)


def opened_stream(key: bytes, source: Any, bound_to: bytes) -> Iterator[bytes]:
    """Yield the plaintext of a sealed file object; raise ``SealBroken`` at the first segment that is not right."""
    aead, head = AESGCM(key), source.read(1 + PREFIX_BYTES)
    if len(head) != 1 + PREFIX_BYTES or head[:1] != FILE_FORMAT:
        raise SealBroken("this is not a sealed file")
    segment, counter = source.read(SEGMENT + crypto.TAG_BYTES), 0
    while True:
        following = source.read(SEGMENT + crypto.TAG_BYTES)
        try:
            yield aead.decrypt(_nonce(head[1:], counter, last=not following), segment, bound_to)
        except (InvalidTag, ValueError):
            raise SealBroken("a sealed file was changed or cut short") from None
        if not following:
            return
        segment, counter = following, counter + 1


class Stream(File):  # type: ignore[type-arg]  # Django's File is generic only in its stubs
    """What a storage saves: chunks made while it reads them."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__(None, name="sealed")
        self._chunks = chunks

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:  # noqa: ARG002 - Django's signature
        return self._chunks

    def __bool__(self) -> bool:
        return True


def store(key: bytes, source: Iterable[bytes], row_id: UUID, label: str) -> str:
    """Seal ``source`` into the store; return its random object name. Peak memory: two segments, of a bucket two parts.

    Raises ``StoreAway`` if the bucket cannot be reached; nothing lies there then that opens.
    """
    name = secrets.token_hex(16)
    name = f"{name[:2]}/{name}"
    storages["sealed"].save(name, Stream(sealed_stream(key, source, crypto.binding(label, row_id))))
    return name


def fetch(key: bytes, name: str, row_id: UUID, label: str) -> Iterator[bytes]:
    """Yield the plaintext of a stored file in segments; raise ``FileLost``, ``FileBroken`` or ``StoreAway``."""
    try:
        with storages["sealed"].open(name) as source:
            yield from opened_stream(key, source, crypto.binding(label, row_id))
    except FileNotFoundError:
        raise FileLost("a sealed file is not in the store") from None
    except SealBroken as broken:
        raise FileBroken(str(broken)) from None


def look(name: str) -> None:
    """Raise ``FileLost`` or ``StoreAway`` unless a file is there; before something is used up that hangs on it."""
    if not storages["sealed"].exists(name):
        raise FileLost("a sealed file is not in the store")


def remove(name: str) -> None:
    """Remove a stored file for good; raise ``StoreAway`` if that cannot be done now."""
    storages["sealed"].delete(name)


def discard(name: str) -> None:
    """Take away a file that got no row. One that has to stay, because the store is away, opens for nobody."""
    with suppress(StoreAway):
        remove(name)
