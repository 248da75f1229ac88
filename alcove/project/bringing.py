"""Bringing the sealed files from one place to another: each copied, read back and compared; the old place only read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

from alcove.operations.backups import runs
from alcove.security.vault.files import Stream
from alcove.security.vault.stores import Held, Store

_BLOCK: Final = 2**20


@dataclass(slots=True)
class Brought:
    """What lies in the new place: files and bytes compared equal, files that were copied now, and what is wrong.

    ``strays``: names there that neither the old place nor any record has: erased since an earlier run, or not ours.
    """

    files: int = 0
    bytes: int = 0
    copied: int = 0
    faults: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)


def named() -> set[str]:
    """Return the names of the files that records name; raise ``DatabaseError`` where that cannot be asked."""
    found: set[str] = set()
    kept, passing = runs.columns()
    with connection.cursor() as cursor:
        for table, column in (*kept, *passing):
            name, of = connection.ops.quote_name(column), connection.ops.quote_name(table)
            cursor.execute(f"SELECT {name} FROM {of} WHERE {name} <> ''")  # noqa: S608 - our own tables
            found.update(row[0] for row in cursor.fetchall())
    return found


def bring(source: Store, target: Store, held: list[Held], tell: Callable[[int], None]) -> Brought:
    """Bring these files of a store to another, and read each back there; what is there and equal stays untouched.

    It may be killed at any moment and run again. Raises ``StoreAway``, or ``OSError`` where a disk is full.
    """
    there = {one.name: one.size for one in target.listed()}
    brought = Brought(strays=sorted(set(there) - {one.name for one in held} - named()))
    for one in held:
        try:
            digest = _digest(source, one.name) if there.get(one.name) == one.size else ""
            if not digest or _digest(target, one.name) != digest:
                digest = _copy(source, target, one.name)
                brought.copied += 1
        except FileNotFoundError:
            continue  # erased while we looked
        if _digest(target, one.name) != digest:
            brought.faults.append(f"{one.name} is not in the new place as it was in the old one.")
        else:
            brought.files += 1
            brought.bytes += one.size
        tell(one.size)
    if not target.is_elsewhere:
        os.sync()
    return brought


def lacking(target: Store) -> int:
    """Return how many files that records name are not in a place."""
    return len(named() - {one.name for one in target.listed()})


def _copy(source: Store, target: Store, name: str) -> str:
    """Copy one file over whatever lies in its place; return the digest of what was read."""
    hasher = hashlib.sha256()
    with source.open(name) as file:
        target.delete(name)
        target.save(name, Stream(_told(file, hasher)))
    return hasher.hexdigest()


def _told(file: Any, hasher: Any) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        hasher.update(block)
        yield block


def _digest(store: Store, name: str) -> str:
    """Return the hash of a file as it lies there, "" for one that does not."""
    hasher = hashlib.sha256()
    try:
        with store.open(name) as file:
            for _ in _told(file, hasher):
                pass
    except FileNotFoundError:
        return ""
    return hasher.hexdigest()
