"""A place, keys and something to copy, without a practice."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from alcove.operations.backups.buckets import Bucket
from alcove.operations.backups.copying import Source
from alcove.operations.backups.places import Folder
from alcove.operations.backups.snapshot import CLIENT_KEYS, Snapshot
from alcove.operations.backups.tests.s3 import Store, bucket
from alcove.security.vault import stores
from alcove.security.vault.copies import HouseKeys

PRACTICE = UUID(int=7)
NOW = datetime.now(UTC).replace(microsecond=0)
"""A store locks against its own clock, so points are made at the real time."""
PARTS = ("objects", "points", "keys")


def keys(practice: UUID = PRACTICE) -> HouseKeys:
    return HouseKeys(practice, False, {("backup", 1): os.urandom(32), ("sign", 1): os.urandom(32)})


def source(folder: Path, held: HouseKeys, *, files: int = 6, database: int = 300_000) -> Source:
    """Something to copy: ``database`` random bytes as a database, ``files`` sealed files of 1 to 3 KB."""
    path, store = folder / "copy.sqlite3", folder / "files"
    path.write_bytes(os.urandom(database))
    for number in range(files):
        name = store / f"{number:02x}" / f"{number:032x}"
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(os.urandom(1000 + 300 * number))
    snapshot = Snapshot(path, "sqlite", rows={"t": [1, ""]}, audit={"block": 0})
    snapshot.keys = {"vault_housekey": [], CLIENT_KEYS: [{"client_id": "00", "wrapped": "ff"}]}
    return Source(snapshot, stores.Folder(store), {"log/audit.head": b"head"}, held, None, "1.0")


class Shelf:
    """A folder as a place, and what lies in it behind everybody's back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "place"

    @property
    def place(self) -> Folder:
        """The place, as a new run opens it."""
        return Folder(self.folder, is_own=True)

    def held(self, *parts: str) -> dict[str, bytes]:
        """Return the bytes of everything that lies there, by name."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for part in parts or PARTS
            for path in sorted((self.folder / part).rglob("*"))
            if path.is_file()
        }

    def spoil(self, name: str, held: bytes) -> None:
        """Change what lies under a name; it need not lie there yet."""
        (self.folder / name).write_bytes(held)

    def lose(self, name: str) -> None:
        (self.folder / name).unlink()


class Crate:
    """The same for a bucket. What lies under a name is what was put there first."""

    def __init__(self, store: Store, folder: Path, *, is_locking: bool = True) -> None:
        self.store, self.url = store, store.new(is_locking=is_locking)
        self.folder = folder

    @property
    def place(self) -> Bucket:
        return bucket(self.url, self.folder)

    def held(self, *parts: str) -> dict[str, bytes]:
        kept = self.store.kept(self.url)
        return {
            name: kept[name][0].value for name in sorted(kept) if name.partition("/")[0] in (parts or PARTS)
        }

    def spoil(self, name: str, held: bytes) -> None:
        kept = self.store.kept(self.url)
        if name in kept:
            kept[name][0].value = held
        else:
            place = self.place
            with place.alone():
                place.put(name, [held])

    def lose(self, name: str) -> None:
        self.store.lose(self.url, name)


def flipped(held: bytes, at: int = -1) -> bytes:
    """Return bytes with one bit changed."""
    changed = bytearray(held)
    changed[at] ^= 1
    return bytes(changed)


def place(folder: Path) -> Folder:
    return Folder(folder / "place", is_own=True)


def objects(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "objects").rglob("*") if path.is_file())


def flip(path: Path, at: int = -1) -> None:
    """Change one bit of a file."""
    held = bytearray(path.read_bytes())
    held[at] ^= 1
    path.write_bytes(held)


def quiet(_: int) -> None:
    """Tells nobody."""
