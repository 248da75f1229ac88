"""Scanning raw bytes for planted values, in clear and in the encodings a program might leave them in."""

from __future__ import annotations

import base64
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

WINDOW = 6
"""Bytes compared at once: the first six of a pattern, as a number; hits are then compared whole."""


def encodings(value: str) -> set[bytes]:
    """Return a value as UTF-8, UTF-16, hex, base64 at each alignment, reversed, in lower and upper case."""
    found: set[bytes] = set()
    for text in {value, value.lower(), value.upper(), value[::-1]}:
        raw = text.encode()
        found |= {raw, text.encode("utf-16-le"), text.encode("utf-16-be"), raw.hex().encode()}
        found.add(raw.hex().upper().encode())
    raw = value.encode()
    for shift in range(3):
        # Only the signs that depend on the value alone, whatever stands before and after it.
        coded = base64.b64encode(b"\0" * shift + raw)
        found.add(coded[(0, 2, 3)[shift] : len(coded) - 4])
    return {pattern for pattern in found if len(pattern) >= WINDOW}


class Scanner:
    """Looks for many values in much data at once."""

    def __init__(self, values: Iterable[str]) -> None:
        self._by_start: dict[int, list[tuple[bytes, int]]] = defaultdict(list)
        self.values = list(values)
        for at, value in enumerate(self.values):
            for pattern in encodings(value):
                self._by_start[int.from_bytes(pattern[:WINDOW], "big")].append((pattern, at))
        self._starts = np.array(sorted(self._by_start), dtype=np.uint64)

    def find(self, data: bytes) -> set[int]:
        """Return which values (by their place in the list) stand in ``data``."""
        if len(data) < WINDOW:
            return set()
        raw = np.frombuffer(data, dtype=np.uint8).astype(np.uint64)
        windows = np.zeros(len(raw) - WINDOW + 1, dtype=np.uint64)
        for at in range(WINDOW):
            windows = (windows << np.uint64(8)) | raw[at : len(raw) - WINDOW + 1 + at]
        found: set[int] = set()
        for place in np.nonzero(np.isin(windows, self._starts))[0]:
            for pattern, value in self._by_start[int(windows[place])]:
                if data[place : place + len(pattern)] == pattern:
                    found.add(value)
        return found

    def find_in_files(self, folder: Path) -> dict[str, set[int]]:
        """Return the values found in each file below ``folder``, packed streams inside them opened."""
        found = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                hits = self.find(data)
                for inner in packed(data):
                    hits |= self.find(inner)
                if hits:
                    found[str(path.relative_to(folder))] = hits
        return found


def packed(data: bytes) -> Iterator[bytes]:
    """Yield what zlib and gzip streams inside ``data`` hold; at most 8 MiB of each."""
    for magic, bits in ((b"\x1f\x8b\x08", 31), (b"\x78\x9c", 15), (b"\x78\x01", 15), (b"\x78\xda", 15)):
        at = data.find(magic)
        while at >= 0:
            try:
                inner = zlib.decompressobj(bits).decompress(data[at:], 8 * 2**20)
            except zlib.error:
                inner = b""
            if len(inner) > WINDOW:
                yield inner
            at = data.find(magic, at + 1)
