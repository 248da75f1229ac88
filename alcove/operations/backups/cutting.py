"""Cutting a database copy into pieces, so that what did not change since the last backup is known again."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

PAGES: Final = 8 * 1024
"""Bytes of a piece of a SQLite file: two of its pages. Rows stay where they are, so places compare."""
_LEAST, _MOST, _MASK = 4 * 1024, 64 * 1024, np.uint32(0x3FFF << 18)
"""A dump's pieces: 4 to 64 KiB, cut where a hash of the last 32 bytes has 14 bits clear: 20 KiB on average."""
_BLOCK: Final = 4 * 2**20
_WINDOW: Final = 32
_GEAR = np.random.Generator(np.random.PCG64(20_260_101)).integers(0, 2**32, 256, dtype=np.uint32)


def pieces(path: Path, *, is_dump: bool) -> Iterator[bytes]:
    """Yield the pieces of a database copy in order. A dump moves as rows come and go, so it is cut by content."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file:
        if not is_dump:
            while piece := file.read(PAGES):
                yield piece
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
            at = 0
            for end in _ends(held):
                yield held[at:end]
                at = end


def _ends(held: mmap.mmap) -> Iterator[int]:
    """Yield where pieces end. Only the last 32 bytes decide, so cuts fall alike wherever the same bytes lie."""
    last, total = 0, len(held)
    for begin in range(0, total, _BLOCK):
        before = max(begin - _WINDOW, 0)
        hashes = _rolled(np.frombuffer(held[before : begin + _BLOCK], dtype=np.uint8))
        for place in np.flatnonzero((hashes & _MASK) == 0).tolist():
            end = before + place + 1
            if end <= begin or end - last < _LEAST:
                continue
            while end - last > _MOST:
                last += _MOST
                yield last
            if end > last:
                last = end
                yield end
    while total - last > _MOST:
        last += _MOST
        yield last
    if total > last:
        yield total


def _rolled(data: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Return for each place a hash of the 32 bytes that end there: a gear hash, doubled up five times."""
    hashes = _GEAR[data]
    for shift in (1, 2, 4, 8, 16):
        longer = hashes.copy()
        longer[shift:] += hashes[:-shift] << np.uint32(shift)
        hashes = longer
    return hashes
