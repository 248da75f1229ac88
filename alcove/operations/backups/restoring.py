"""From a place and a key back to a practice: into an empty home, checked at every step, resumable after a kill."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from io import BufferedRandom
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from alcove.config import Config
from alcove.operations.backups import points
from alcove.operations.backups.checking import key_copy, key_names
from alcove.operations.backups.copying import unpacked
from alcove.operations.backups.faults import Damaged, PlaceFails, WontRestore
from alcove.operations.backups.places import Place
from alcove.operations.backups.points import Point, object_path
from alcove.operations.backups.reading import right_turn
from alcove.operations.backups.snapshot import CLIENT_KEYS, OnPostgresql, OnSqlite, run_program
from alcove.security.vault import copies
from alcove.security.vault.copies import HouseKeys, KeyCopy, Row, Sealing
from alcove.security.vault.errors import SealBroken, VaultError

MARK: Final = ".restoring"
_HOUSE_KEYS: Final = "vault_housekey"
_CHANGED: Final = frozenset({CLIENT_KEYS, _HOUSE_KEYS})
"""Tables that come from the key copy, so they are compared with that."""

_TOLD: Final = ("tables", "rows", "files", "clients", "entries")

Tell = Callable[[int], None]
Unlock = Callable[[KeyCopy], HouseKeys]


@dataclass(slots=True)
class Restored:
    """What came back, and how it compares; ``faults`` is empty when every row, file and entry is equal."""

    point: Point
    tables: int = 0
    rows: int = 0
    files: int = 0
    clients: int = 0
    entries: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Keys:
    """The opened house keys, and the rows that are to lie in the database."""

    keys: HouseKeys
    house: list[Row]
    clients: list[Row]


def unlocked(place: Place, key_places: Iterable[Place], unlock: Unlock) -> tuple[KeyCopy, HouseKeys]:
    """Return the newest key copy that opens and the house keys in it; raise ``WontRestore`` without one.

    One that does not open is passed over, so that nobody who can add to a place can stand before the right ones.
    """
    found = sorted(((name, one) for one in key_places for name in key_names(one)), key=lambda held: held[0])
    if not found:
        raise WontRestore(f"No key copy was found for {place.name}. Say where they lie with --keys FOLDER.")
    faults: list[Exception] = []
    for name, one in reversed(found):
        try:
            copy = key_copy(one, name)
            return copy, unlock(copy)
        except SealBroken as broken:
            faults.append(WontRestore(f"{one.name}: {broken}."))
        except VaultError as error:
            faults.append(error)
    raise faults[0]


def chosen(place: Place, keys: HouseKeys, wanted: str) -> Point:
    """Return the newest point, or the newest whose name begins with ``wanted``; raise ``WontRestore``, ``Damaged``."""
    found = [name for name in points.names(place) if name.rpartition("/")[2].startswith(wanted)]
    if not found:
        raise WontRestore(
            f"{place.name} holds no point {wanted}." if wanted else f"{place.name} holds no backup."
        )
    return points.read(place, found[-1], keys)


def refuse_unless_fit(point: Point, config: Config, known_migrations: Iterable[str]) -> None:
    """Raise ``WontRestore`` for a point of a newer version, or of the other kind of database."""
    unknown = set(point.migrations) - set(known_migrations)
    if unknown:
        raise WontRestore(
            f"This backup was made by a newer version of Alcove ({point.alcove}): {len(unknown)} changes of its "
            "database are unknown here. Install that version first; nothing was touched."
        )
    if (point.kind == "postgresql") != config.is_postgresql:
        other = "PostgreSQL" if point.kind == "postgresql" else "SQLite"
        raise WontRestore(f"This is a backup of {other}. Restore it onto {other}; nothing was touched.")


def begin(config: Config, point: Point, live: Config) -> None:
    """Take the target, or go on where a killed restore of the same point stopped; raise ``WontRestore``."""
    home = config.home
    if home.resolve() == live.home.resolve():
        raise WontRestore(
            f"{home} is the home in use. Restore into another folder, look at it, then move it there."
        )
    if config.is_postgresql and config.database_url == live.database_url:
        raise WontRestore(
            "This is the database in use. Give an empty one with --database-url; nothing was touched."
        )
    mark = home / MARK
    if home.exists() and any(home.iterdir()) and not _is_ours(mark, point):
        raise WontRestore(f"{home} is not empty. Restore into an empty folder; nothing was touched.")
    if config.is_postgresql and not mark.exists() and _tables(config.database_url):
        raise WontRestore("The database given is not empty. Give an empty one; nothing was touched.")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not mark.exists():
        _write_mark(mark, {"point": point.name, "practice": point.practice})


def _write_mark(mark: Path, held: dict[str, Any]) -> None:
    aside = mark.with_name(mark.name + ".new")
    aside.write_text(json.dumps(held), "ascii")
    aside.replace(mark)


def note_compared(config: Config, restored: Restored) -> None:
    """Note that all was compared and equal: whoever looks at the practice next writes to its log."""
    told = {name: getattr(restored, name) for name in _TOLD}
    point = restored.point
    _write_mark(config.home / MARK, {"point": point.name, "practice": point.practice, "compared": told})


def compared(config: Config, point: Point) -> Restored | None:
    """Return what a restore that was killed later found equal, or None if it did not come so far."""
    held = json.loads((config.home / MARK).read_text("ascii")).get("compared")
    return Restored(point, **held) if held else None


def _is_ours(mark: Path, point: Point) -> bool:
    with suppress(OSError, ValueError, TypeError, KeyError):
        held = json.loads(mark.read_text("ascii"))
        return bool(held["point"] == point.name and held["practice"] == point.practice)
    return False


def _tables(url: str) -> list[str]:
    with OnPostgresql(url) as asked:
        return asked.tables()


def size_of(point: Point) -> int:
    """Return how many bytes ``restore`` tells of."""
    return point.database_bytes + 2 * sum(int(held[1]) for held in point.files)


def restore(
    place: Place, key_places: list[Place], unlock: Unlock, config: Config, point: Point, tell: Tell,
    *, under_root: bool,
) -> Restored:  # fmt: skip
    """Bring a point back into the target ``begin`` took; compare all of it; leave it marked if anything differs.

    ``under_root``: the house keys keep their root, which the caller puts there; else they get a new one. Raises
    ``Damaged`` naming the piece, and ``PlaceFails`` where the target is full.
    """
    copy, keys = unlocked(place, key_places, unlock)
    sealing, restored = Sealing(keys, point.version), Restored(point)
    try:
        _files(place, sealing, config, point, tell)
        held = _keys(copy, keys, key_places, unlock, point, None if under_root else config)
        _database(place, sealing, config, point, held, tell)
        _beside(config, point)
        _compare(sealing, config, point, held, restored, tell)
    except OSError as error:
        raise PlaceFails(
            f"{config.home} could not be written: {error.strerror}. Run it again to go on from here."
        ) from None
    return restored


def finish(config: Config) -> None:
    """Take the mark away: from here on it is a practice like any other."""
    (config.home / MARK).unlink()


# Files -------------------------------------------------------------------------------------------------------------


def _opened(place: Place, sealing: Sealing, name: str, what: str) -> Iterator[bytes]:
    try:
        with place.open(object_path(sealing.version, name), right_turn(place, sealing, name)) as file:
            yield from sealing.opened(name, file)
    except (SealBroken, FileNotFoundError):
        raise Damaged(
            f"{place.name}: the piece {name}, which holds {what}, is missing or was changed."
        ) from None


def _files(place: Place, sealing: Sealing, config: Config, point: Point, tell: Tell) -> None:
    config.files.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, size, mtime, piece in point.files:
        target = config.files / name
        if not (target.exists() and target.stat().st_size == size):
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = target.with_name(target.name + ".part")
            with _private(aside) as file:
                file.writelines(_opened(place, sealing, piece, f"the sealed file {name}"))
            os.utime(aside, ns=(mtime, mtime))
            aside.replace(target)
        tell(size)


def _private(path: Path) -> BufferedRandom:
    """Return a new file, readable by its owner only."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b")


def _beside(config: Config, point: Point) -> None:
    for name, held in point.beside.items():
        target = config.home / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _private(target) as file:
            file.write(base64.b64decode(held))


# Keys --------------------------------------------------------------------------------------------------------------


def _keys(
    copy: KeyCopy, keys: HouseKeys, key_places: list[Place], unlock: Unlock, point: Point, anew: Config | None
) -> _Keys:
    """Return the keys for this point. A client that the newest key copy lacks was erased, and stays so."""
    living = {row["client_id"]: row for row in copy.clients(keys)}
    rows = {(row["purpose"], row["version"]): row for row in copy.house_rows}
    opened = dict(keys.keys)
    own = _own(key_places, point, unlock) if point.at != copy.at else None
    if own is not None:
        # The point's values were sealed under the keys of that day.
        own_copy, own_keys = own
        living = {row["client_id"]: row for row in own_copy.clients(own_keys) if row["client_id"] in living}
        rows = {(row["purpose"], row["version"]): row for row in own_copy.house_rows} | rows
        opened = dict(own_keys.keys) | opened
    keys = HouseKeys(keys.practice, keys.is_demo, opened)
    house = list(rows.values())
    if anew is not None:
        house = copies.under_new_root(keys, house, anew)
    return _Keys(keys, house, list(living.values()))


def _own(key_places: list[Place], point: Point, unlock: Unlock) -> tuple[KeyCopy, HouseKeys] | None:
    for place in key_places:
        with suppress(FileNotFoundError, VaultError):
            copy = key_copy(place, point.keys)
            return copy, unlock(copy)
    return None


# The database ------------------------------------------------------------------------------------------------------


def _database(place: Place, sealing: Sealing, config: Config, point: Point, held: _Keys, tell: Tell) -> None:
    target = config.sqlite_file
    if not config.is_postgresql and target.exists():
        tell(point.database_bytes)
        return
    part = config.home / ("alcove.part")
    part.unlink(missing_ok=True)
    if not (config.is_postgresql and _tables(config.database_url)):
        _assemble(place, sealing, point, part, tell)
    if config.is_postgresql:
        if part.exists():
            # In one transaction: a kill leaves an empty database or a whole one.
            words = [
                "--no-owner",
                "--no-privileges",
                "--no-comments",
                "--exit-on-error",
                "--single-transaction",
            ]
            run_program(config.database_url, "pg_restore", *words, str(part))
            part.unlink()
        with psycopg.connect(config.database_url) as connection:
            _put_on_postgresql(connection, held)
        return
    with closing(sqlite3.connect(part)) as connection:
        _put_on_sqlite(connection, held)
    os.sync()
    part.replace(target)


def _assemble(place: Place, sealing: Sealing, point: Point, part: Path, tell: Tell) -> None:
    """Write every piece where it belongs, each pack read once; compare the whole with its hash."""
    by_pack: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    offset = 0
    for piece in point.pieces:
        by_pack[piece.pack].append((offset, piece.at, piece.length))
        offset += piece.length
    with _private(part) as file:
        for number, wanted in by_pack.items():
            content = unpacked(
                b"".join(_opened(place, sealing, point.packs[number], "a part of the database"))
            )
            for offset, at, length in wanted:
                os.pwrite(file.fileno(), content[at : at + length], offset)
                tell(length)
        file.seek(0)
        if hashlib.file_digest(file, "sha256").hexdigest() != point.database_sha256:
            raise Damaged(f"{place.name}: the database of {point.name} does not fit together.")


def _put_on_sqlite(connection: sqlite3.Connection, held: _Keys) -> None:
    for table, rows in ((_HOUSE_KEYS, held.house), (CLIENT_KEYS, held.clients)):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
        for row in rows:
            names = ", ".join(row)
            marks = ", ".join("?" for _ in row)
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(_stored(row).values()))  # noqa: S608 - signed names
    connection.commit()


def _put_on_postgresql(connection: psycopg.Connection[Any], held: _Keys) -> None:
    for table, rows in ((_HOUSE_KEYS, held.house), (CLIENT_KEYS, held.clients)):
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for row in rows:
            columns = sql.SQL(", ").join(sql.Identifier(name) for name in row)
            marks = sql.SQL(", ").join(sql.Placeholder() for _ in row)
            text = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), columns, marks)
            connection.execute(text, list(_stored(row).values()))


def _stored(row: Row) -> Row:
    return {name: bytes.fromhex(value) if name == "wrapped" else value for name, value in row.items()}


# Comparing ---------------------------------------------------------------------------------------------------------


def _compare(
    sealing: Sealing, config: Config, point: Point, held: _Keys, restored: Restored, tell: Tell
) -> None:
    """Compare what lies in the target, read anew, with what the point says."""
    with OnPostgresql(config.database_url) if config.is_postgresql else OnSqlite(config.sqlite_file) as asked:
        for table, expected in point.rows.items():
            found = asked.digest(table)
            restored.tables += 1
            restored.rows += found[0]
            if table not in _CHANGED and found != expected:
                restored.faults.append(
                    f"table {table}: {found[0]} rows came back of {expected[0]}, or others."
                )
        restored.clients = len(asked.rows(CLIENT_KEYS))
        head = asked.head()
        restored.entries = head["entries"]
        if head != point.audit:
            restored.faults.append("the audit log does not end where it ended when the backup was made.")
        if isinstance(asked, OnSqlite) and not asked.is_whole():
            restored.faults.append("SQLite's own check of the database fails.")
    if restored.clients != len(held.clients):
        restored.faults.append(f"{restored.clients} clients' keys came back of {len(held.clients)}.")
    for name, size, _, piece in point.files:
        if _hash(sealing, config.files / name) != piece:
            restored.faults.append(f"the sealed file {name} differs.")
        restored.files += 1
        tell(size)
    if point.missing:
        restored.faults.append(
            f"{point.missing} files that the records name were not in the store when it was made."
        )


def _hash(sealing: Sealing, path: Path) -> str:
    hasher = sealing.hasher()
    with path.open("rb") as file:
        while block := file.read(2**20):
            hasher.update(block)
    return hasher.hexdigest()
