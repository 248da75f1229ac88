"""A point: everything there was at one moment, as a sealed and signed list of pieces."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final

from alcove.operations.backups.faults import Damaged, WontRestore
from alcove.operations.backups.places import Place
from alcove.security.vault import copies
from alcove.security.vault.copies import HouseKeys, Sealing
from alcove.security.vault.errors import SealBroken

FORMAT: Final = 1
POINTS: Final = "points"
_MAGIC: Final = b"ALCOVEPOINT1"
_SIGNED: Final = b"alcove/backup-point/1\0"
_PIECE = struct.Struct(">16sIII")
_CLOCK: Final = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the database copy: its short keyed hash, and where it lies: which pack, from where, how long."""

    short: bytes
    pack: int
    at: int
    length: int


@dataclass(slots=True)
class Point:
    """What the list of a point holds.

    ``rows``: table → [count, digest], the digest empty for SQLite, whose whole copy has one (``database_sha256``).
    ``files``: [name in the store, size, mtime in ns, object]. ``beside``: small files of the home by name, base64.
    ``objects``: object → its size as it lies in the place. ``locks``: object → moment until which a write-once place
    keeps it, by day; empty elsewhere. ``missing``: how many files rows name that the store lacks.
    """

    at: str
    practice: str
    kind: str
    alcove: str
    migrations: list[str]
    rows: dict[str, list[Any]]
    audit: dict[str, Any]
    database_bytes: int = 0
    database_sha256: str = ""
    packs: list[str] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    files: list[list[Any]] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    missing: int = 0
    clients: int = 0
    keys: str = ""
    version: int = 1
    format: int = FORMAT

    @property
    def name(self) -> str:
        return f"{POINTS}/{moment(self.at).strftime(_CLOCK)}"

    def encoded(self) -> bytes:
        """Return the list as compressed JSON."""
        held = {one.name: getattr(self, one.name) for one in fields(self)}
        packed = b"".join(_PIECE.pack(one.short, one.pack, one.at, one.length) for one in self.pieces)
        held["pieces"] = base64.b64encode(packed).decode()
        return zlib.compress(json.dumps(held).encode(), 1)

    @classmethod
    def decoded(cls, text: bytes) -> Point:
        """Return a list that was encoded here; raise ``WontRestore`` for a newer form."""
        held = json.loads(zlib.decompress(text))
        if held["format"] != FORMAT:
            raise WontRestore(
                "This backup was made by a newer version of Alcove. Install that version first."
            )
        packed = base64.b64decode(held["pieces"])
        held["pieces"] = [Piece(*one) for one in _PIECE.iter_unpack(packed)]
        return cls(**held)


def object_path(version: int, name: str) -> str:
    """Return where an object lies in a place."""
    return f"objects/{version}/{name[:2]}/{name}"


def moment(text: str) -> datetime:
    """Return the moment of a point or key copy."""
    return datetime.fromisoformat(text)


def moment_of(name: str) -> datetime:
    """Return the moment a point's name tells; raise ``ValueError`` for a name that is none of ours."""
    return datetime.strptime(name.rpartition("/")[2], _CLOCK).replace(tzinfo=UTC)


def names(place: Place) -> list[str]:
    """Return the names of all points of a place, oldest first."""
    found = []
    for name, _, _ in place.names(POINTS):
        try:
            moment_of(name)
        except ValueError:
            continue
        found.append(name)
    return sorted(found)


def blob(point: Point, keys: HouseKeys) -> bytes:
    """Return a point as it lies in a place: magic, version of the key, signature, sealed list."""
    sealed = b"".join(Sealing(keys, point.version).sealed(point.name, [point.encoded()]))
    head = _MAGIC + point.version.to_bytes(4, "big")
    return head + copies.sign(keys, _SIGNED + head + sealed) + sealed


def read(place: Place, name: str, keys: HouseKeys) -> Point:
    """Return a point of a place; raise ``Damaged`` naming it if a byte of it is not right."""
    for turn in range(max(place.turns(name), 1)):
        try:
            with place.open(name, turn) as file:
                return _opened(file.read(), name, keys)
        except FileNotFoundError:
            raise Damaged(f"{place.name}: the point {name} is not there.") from None
        except (SealBroken, ValueError, KeyError, TypeError, zlib.error):
            continue
    raise Damaged(f"{place.name}: the point {name} was changed, cut short or made by another practice.")


def _opened(held: bytes, name: str, keys: HouseKeys) -> Point:
    ends = len(_MAGIC)
    head, signature, sealed = held[: ends + 4], held[ends + 4 : ends + 100], held[ends + 100 :]
    if head[:ends] != _MAGIC:
        raise SealBroken("this is not a point")
    copies.check_signed(keys, signature, _SIGNED + head + sealed)
    sealing = Sealing(keys, int.from_bytes(head[ends:], "big"))
    point = Point.decoded(b"".join(sealing.opened(name, copies.Reader(sealed))))
    if point.name != name:
        raise SealBroken("a point lies under another's name")
    return point


def all_of(place: Place, keys: HouseKeys) -> Iterator[Point]:
    """Yield every point of a place, oldest first; raise ``Damaged``."""
    for name in names(place):
        yield read(place, name, keys)
