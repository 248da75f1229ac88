"""Bringing a point into a place: pieces it lacks, each read back, then the key copy, then the point itself."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from alcove.operations.backups import points
from alcove.operations.backups.cutting import pieces
from alcove.operations.backups.faults import BackupFault, CannotCopy, PlaceFails
from alcove.operations.backups.places import Place
from alcove.operations.backups.points import Piece, Point, object_path
from alcove.operations.backups.reading import fault_of, in_lanes
from alcove.operations.backups.snapshot import CLIENT_KEYS, Snapshot
from alcove.security import policy_defaults as policy
from alcove.security.vault import copies
from alcove.security.vault.copies import HouseKeys, Sealing
from alcove.security.vault.errors import StoreAway
from alcove.security.vault.stores import Held, Store

KEYS: Final = "keys"
PACK: Final = 2**20
"""Bytes of database pieces that lie together as one object."""
_WHOLE: Final = 8 * 2**20
_BLOCK: Final = 2**20
_RAW, _DEFLATED = b"\x00", b"\x01"

Tell = Callable[[int], None]


@dataclass(slots=True)
class Source:
    """What is copied, and under which keys. ``beside``: small files of the home, read before the snapshot was taken."""

    snapshot: Snapshot
    store: Store
    beside: dict[str, bytes]
    keys: HouseKeys
    recovery: bytes | None
    alcove: str


@dataclass(slots=True)
class Copied:
    """What a run brought into a place."""

    point: Point
    objects: int = 0
    bytes_added: int = 0


@dataclass(slots=True)
class _Run:
    """One run into one place: what it put, and what there was before. Several lanes note in it under ``turn``."""

    place: Place
    sealing: Sealing
    copied: Copied
    tell: Tell
    is_trusted: bool
    put: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    turn: Lock = field(default_factory=Lock)


def copy(
    source: Source,
    place: Place,
    key_places: Iterable[Place],
    at: datetime,
    tell: Tell,
    *,
    is_trusted: bool = True,
    kept: timedelta = policy.BACKUP_KEPT,
) -> Copied:
    """Bring a point of this moment into a place whose ``alone`` the caller holds.

    ``is_trusted``: what lies there since earlier is not read back once more. ``kept``: how long the point is planned to
    live; a write-once place keeps it and its pieces so long whoever asks to remove them. Raises
    ``PlaceFails`` where it cannot be written or does not give back what it was given.
    """
    snapshot, keys = source.snapshot, source.keys
    _refuse_early_clock(place, at)
    point = Point(
        at=at.isoformat(), practice=keys.practice.hex, kind=snapshot.kind, alcove=source.alcove,
        migrations=snapshot.migrations, rows=snapshot.rows, audit=snapshot.audit,
        database_bytes=snapshot.path.stat().st_size, database_sha256=snapshot.sha256(),
        clients=len(snapshot.keys[CLIENT_KEYS]), version=keys.current("backup"),
    )  # fmt: skip
    run = _Run(place, Sealing(keys, point.version), Copied(point), tell, is_trusted)
    before = _last(place, keys) if is_trusted else None
    if before is not None and place.is_write_once:
        # A run that was killed after it put its point did not come to locking it.
        place.lock(before.name, datetime.fromisoformat(before.at) + kept)
    _database(run, source, before)
    _files(run, source, before)
    point.beside = {name: base64.b64encode(held).decode() for name, held in source.beside.items()}
    wanted = {*point.packs, *(held[3] for held in point.files)}
    point.objects = {name: size for name, size in point.objects.items() if name in wanted}
    place.settle()
    _read_back(run)
    if place.is_write_once:
        _lock(run, before, at + kept)
    _keys(source, point, key_places, at + policy.KEY_COPY_LIFE)
    blob = points.blob(point, keys)
    run.copied.bytes_added += place.put(point.name, [blob])
    place.settle()
    if points.read(place, point.name, keys).objects != point.objects:
        raise PlaceFails(f"{place.name} did not give back the point it was given.")
    if place.is_write_once:
        place.lock(point.name, at + kept)
    return run.copied


def _refuse_early_clock(place: Place, at: datetime) -> None:
    """Raise ``PlaceFails`` where the newest point is of a later moment: which of them is newest would be a guess."""
    newest = points.names(place)[-1:]
    if newest and points.moment_of(newest[0]) >= at:
        raise PlaceFails(
            f"{place.name} holds a backup of {points.moment_of(newest[0]):%Y-%m-%d %H:%M} UTC, and the machine's clock "
            f"says {at:%Y-%m-%d %H:%M}. Set the clock right; nothing was changed."
        )


def _last(place: Place, keys: HouseKeys) -> Point | None:
    """Return the newest point of a place that can be read; without one everything is new."""
    for name in reversed(points.names(place)):
        try:
            return points.read(place, name, keys)
        except BackupFault:
            continue
    return None


def _keep(run: _Run, name: str, parts: Iterable[bytes]) -> None:
    """Put an object unless the place has it already, be it from a run that was killed, or another lane brings it."""
    with run.turn:
        if name in run.taken:
            return
        run.taken.add(name)
    path = object_path(run.sealing.version, name)
    size = run.place.size(path)
    # After damage nothing that lies there is believed; what is wrong and locked gets a right one beside it.
    if size is not None and not run.is_trusted and fault_of(run.place, run.sealing, name):
        size = None
    made = size if size is not None else run.place.put(path, run.sealing.sealed(name, parts))
    with run.turn:
        if size is None:
            run.copied.objects += 1
            run.copied.bytes_added += made
        if size is None or name not in run.copied.point.objects:
            run.put.append(name)
        run.copied.point.objects[name] = made


# The database ------------------------------------------------------------------------------------------------------


def _database(run: _Run, source: Source, before: Point | None) -> None:
    """Note where each piece of the copy lies, and bring what no earlier pack holds."""
    for _ in in_lanes(run.place, lambda pack: _keep(run, pack[0], [pack[1]]), _packs(run, source, before)):
        """While one pack is brought, the next one is cut."""


def _packs(run: _Run, source: Source, before: Point | None) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of new packs, with the pieces that no earlier one holds."""
    point, known = run.copied.point, _known(run, before)
    numbers: dict[str, int] = {}
    waiting: list[tuple[int, bytes, bytes]] = []
    held = 0
    for piece in pieces(source.snapshot.path, is_dump=source.snapshot.is_dump):
        short = run.sealing.short(piece)[:16]
        found = known.get(short)
        if found is None:
            # The list keeps its order; where the piece will lie is known when its pack is full.
            waiting.append((len(point.pieces), short, piece))
            point.pieces.append(Piece(short, 0, 0, len(piece)))
            held += len(piece)
            if held >= PACK:
                yield _pack(run, waiting, numbers, known)
                waiting, held = [], 0
        else:
            point.pieces.append(Piece(short, _number(found[0], numbers), found[1], found[2]))
        run.tell(len(piece))
    if waiting:
        yield _pack(run, waiting, numbers, known)
    point.packs = list(numbers)


def _known(run: _Run, before: Point | None) -> dict[bytes, tuple[str, int, int]]:
    """Return where the pieces of the last point lie: short hash → (pack, from where, how long)."""
    if before is None or before.version != run.sealing.version:
        return {}
    there = {pack: run.place.size(object_path(before.version, pack)) for pack in before.packs}
    run.copied.point.objects.update(
        {pack: size for pack, size in there.items() if size is not None and size == before.objects[pack]}
    )
    whole = run.copied.point.objects
    return {
        one.short: (before.packs[one.pack], one.at, one.length)
        for one in before.pieces
        if before.packs[one.pack] in whole
    }


def _number(pack: str, numbers: dict[str, int]) -> int:
    return numbers.setdefault(pack, len(numbers))


def _pack(
    run: _Run,
    waiting: list[tuple[int, bytes, bytes]],
    numbers: dict[str, int],
    known: dict[bytes, tuple[str, int, int]],
) -> tuple[str, bytes]:
    """Return (name, content) of a pack of these pieces, and note where they will lie."""
    content, places = bytearray(), {}
    for _, short, piece in waiting:
        if short not in places:
            places[short] = len(content)
            content += piece
    packed = _packed(bytes(content))
    hasher = run.sealing.hasher()
    hasher.update(packed)
    name = hasher.hexdigest()
    number = _number(name, numbers)
    for index, short, piece in waiting:
        run.copied.point.pieces[index] = Piece(short, number, places[short], len(piece))
        known[short] = (name, places[short], len(piece))
    return name, packed


def _packed(content: bytes) -> bytes:
    """Compress what shrinks: sealed columns do not, and trying costs more than it saves."""
    sample = content[: 64 * 1024]
    if len(zlib.compress(sample, 1)) > 0.6 * len(sample):
        return _RAW + content
    return _DEFLATED + zlib.compress(content, 1)


def unpacked(held: bytes) -> bytes:
    """Return the pieces of a pack, one after the other."""
    return held[1:] if held[:1] == _RAW else zlib.decompress(held[1:])


# Files -------------------------------------------------------------------------------------------------------------


def _files(run: _Run, source: Source, before: Point | None) -> None:
    """Note every file of the sealed store; raise ``CannotCopy`` if the store cannot be reached."""
    try:
        _note_files(run, source, before)
    except StoreAway as away:
        raise CannotCopy(str(away)) from None


def _note_files(run: _Run, source: Source, before: Point | None) -> None:
    """Note every file. They never change, so one that was copied is known, and not read again."""
    point = run.copied.point
    known: dict[str, list[Any]] = {}
    if before is not None and before.version == run.sealing.version:
        known = {held[0]: held for held in before.files}

    def bring(held: Held) -> str:
        found = known.get(held.name, [])
        if _is_known(source.store, held, found) and _still_there(run, before, found[3]):
            return str(found[3])
        try:
            return _file(run, source.store, held)
        except FileNotFoundError:
            return ""  # removed while we looked

    listed = (held for held in source.store.listed() if held.name not in source.snapshot.left_out)
    seen = set()
    for held, piece in in_lanes(run.place, bring, listed):
        if piece:
            point.files.append([held.name, held.size, held.written, piece])
            seen.add(held.name)
            run.tell(held.size)
    point.missing = len(source.snapshot.stored - seen)


def _is_known(store: Store, held: Held, found: list[Any]) -> bool:
    """Whether the last point has this file: by size and time, of a store elsewhere by size alone."""
    is_as_large = found[1:2] == [held.size]
    return is_as_large and (store.is_elsewhere or found[2] == held.written)


def _still_there(run: _Run, before: Point | None, name: str) -> bool:
    if before is None:
        return False
    size = run.place.size(object_path(before.version, name))
    if size is None or size != before.objects.get(name):
        return False
    run.copied.point.objects[name] = size
    return True


def _file(run: _Run, store: Store, held: Held) -> str:
    hasher = run.sealing.hasher()
    if held.size <= _WHOLE:
        with store.open(held.name) as file:
            content = file.read()
        hasher.update(content)
        _keep(run, hasher.hexdigest(), [content])
        return hasher.hexdigest()
    for block in _blocks(store, held.name):
        hasher.update(block)
    _keep(run, hasher.hexdigest(), _blocks(store, held.name))
    return hasher.hexdigest()


def _blocks(store: Store, name: str) -> Iterator[bytes]:
    with store.open(name) as file:
        while block := file.read(_BLOCK):
            yield block


# Reading back ------------------------------------------------------------------------------------------------------


def _read_back(run: _Run) -> None:
    """Read every piece that was put, or found from a killed run, and take away what is not right."""
    faults = dict(in_lanes(run.place, lambda name: fault_of(run.place, run.sealing, name), run.put))
    wrong = {name: fault for name, fault in faults.items() if fault}
    for name in wrong:
        # Out of the way, so that the next run puts it there anew. Nothing new is locked yet.
        run.place.remove(object_path(run.sealing.version, name))
    if wrong:
        name, fault = next(iter(wrong.items()))
        raise PlaceFails(
            f"{run.place.name} did not keep what it was given: {len(wrong)} of {len(faults)} pieces are not right, "
            f"the first {name} {fault}. The next run puts them there anew."
        )


def _holds(place: Place, name: str, blob: bytes) -> bool:
    try:
        with place.open(name) as file:
            return bool(file.read() == blob)
    except FileNotFoundError:
        return False


def _lock(run: _Run, before: Point | None, until: datetime) -> None:
    """Lock every piece of the point at least until its end; what the last point tells to be locked so long stays."""
    point, least = run.copied.point, until.date().isoformat()
    known = before.locks if before is not None and before.version == point.version else {}
    locks = {
        name: known[name] for name in point.objects if known.get(name, "") > least and name not in run.put
    }
    new = [name for name in point.objects if name not in locks]
    ends = until + policy.BACKUP_LOCK_AHEAD

    def lock(name: str) -> str:
        run.place.lock(object_path(point.version, name), ends)
        return ends.date().isoformat()

    point.locks = locks | dict(in_lanes(run.place, lock, new))


def _keys(source: Source, point: Point, places: Iterable[Place], until: datetime) -> None:
    """Put the key copy where key copies go, read it back, and have it kept no longer than an erasure waits."""
    blob = copies.key_copy(
        source.keys, source.snapshot.keys["vault_housekey"], source.snapshot.keys[CLIENT_KEYS],
        recovery=source.recovery, at=point.at,
    )  # fmt: skip
    point.keys = point.name.replace(points.POINTS, KEYS, 1)
    for place in places:
        place.put(point.keys, [blob])
        place.settle()
        if not _holds(place, point.keys, blob):
            raise PlaceFails(f"{place.name} did not keep the key copy it was given.")
        if place.is_write_once:
            place.lock(point.keys, until)
