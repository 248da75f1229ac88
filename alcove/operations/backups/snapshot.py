"""A copy of the database at one moment, made while the practice works, with no client's key in it.

SQLite: its online backup into the home's own temporary folder; keys of clients are then taken out of the copy and what
they left is overwritten. PostgreSQL: ``pg_dump`` on an exported snapshot, without the rows of that table; counts and
digests are taken in the same snapshot.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import psycopg
from psycopg import conninfo, sql
from psycopg.rows import dict_row, tuple_row

from alcove.config import Config
from alcove.operations.backups.faults import CannotCopy
from alcove.security.vault.copies import Row

CLIENT_KEYS: Final = "vault_clientkey"
KEY_TABLES: Final = ("vault_house", "vault_housekey", CLIENT_KEYS)
_BLOCK: Final = 2**20
_ROWS: Final = 2000
_FULL: Final = (
    "The home's disk is too full for a copy of the database. Nothing was changed; make room and try again."
)

Column = tuple[str, str]


@dataclass(slots=True)
class Snapshot:
    """A database at one moment.

    ``stored``: names of sealed files that rows name; ``left_out``: those that are not to be kept.
    """

    path: Path
    kind: str
    rows: dict[str, list[Any]] = field(default_factory=dict)
    keys: dict[str, list[Row]] = field(default_factory=dict)
    migrations: list[str] = field(default_factory=list)
    audit: dict[str, Any] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)

    @property
    def is_dump(self) -> bool:
        return self.kind == "postgresql"

    def sha256(self) -> str:
        """Return the hash of the whole copy."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def taken(config: Config, stored_in: Iterable[Column], left_out: Iterable[Column]) -> Iterator[Snapshot]:
    """Give a copy of the practice's database and take it away; raise ``CannotCopy``.

    ``stored_in``: tables and columns that name sealed files; ``left_out``: those of files no backup may hold.
    """
    config.temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = config.temporary / f"backup-{os.getpid()}"
    # What a killed run left there is a copy of the database: sealed, but large.
    for old in config.temporary.glob("backup-*"):
        if not _lives(old.name.rpartition("-")[2]):
            shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        take = _postgresql if config.is_postgresql else _sqlite
        snapshot, ask = take(config, folder)
        with ask as asked:
            _describe(snapshot, asked, stored_in, left_out)
            asked.dump(config, snapshot.path)
        if not config.is_postgresql:
            _without_client_keys(snapshot.path)
        yield snapshot
    except (sqlite3.Error, psycopg.Error) as error:
        full = isinstance(error, sqlite3.OperationalError) and "full" in str(error)
        raise CannotCopy(
            _FULL if full else f"The database could not be copied ({type(error).__name__})."
        ) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists() and int(pid) != os.getpid()


def _describe(
    snapshot: Snapshot, asked: Asked, stored_in: Iterable[Column], left_out: Iterable[Column]
) -> None:
    for table in asked.tables():
        if table != CLIENT_KEYS:
            snapshot.rows[table] = asked.digest(table)
    for table in KEY_TABLES:
        snapshot.keys[table] = [_plain(row) for row in asked.rows(table)]
    snapshot.migrations = sorted(f"{row['app']}.{row['name']}" for row in asked.rows("django_migrations"))
    snapshot.audit = asked.head()
    snapshot.stored = asked.values(stored_in)
    snapshot.left_out = asked.values(left_out)


def _plain(row: Row) -> Row:
    """Return a row as texts and numbers: bytes and ids as hex, moments in ISO's form."""
    made: Row = {}
    for name, value in row.items():
        if isinstance(value, bytes | memoryview):
            made[name] = bytes(value).hex()
        elif isinstance(value, UUID):
            made[name] = value.hex
        elif value is None or isinstance(value, str | int):
            made[name] = value
        else:
            made[name] = value.isoformat()
    return made


class Asked:
    """Questions about a database, alike for both kinds. Table and column names come from our own models."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        raise NotImplementedError

    def tables(self) -> list[str]:
        raise NotImplementedError

    def digest(self, table: str) -> list[Any]:
        raise NotImplementedError

    def query(self, text: str) -> Sequence[Row]:
        raise NotImplementedError

    def each(self, text: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query one by one, however many there are."""
        raise NotImplementedError

    def dump(self, config: Config, path: Path) -> None:
        """Write what is seen into a file, where the snapshot is not a file already."""

    def rows(self, table: str) -> Sequence[Row]:
        return self.query(f'SELECT * FROM "{table}"')  # noqa: S608 - names of our own tables

    def values(self, columns: Iterable[Column]) -> set[str]:
        found: set[str] = set()
        for table, column in columns:
            rows = self.query(f'SELECT "{column}" AS held FROM "{table}" WHERE "{column}" <> \'\'')  # noqa: S608 - as above
            found.update(row["held"] for row in rows)
        return found

    def head(self) -> dict[str, Any]:
        """Return the newest link of the log and how many entries there are."""
        last = self.query("SELECT number, mac, entries FROM audit_block ORDER BY number DESC LIMIT 1")
        count = self.query("SELECT count(*) AS held FROM audit_entry")[0]["held"]
        if not last:
            return {"block": 0, "mac": "", "linked": 0, "entries": count}
        return {
            "block": last[0]["number"],
            "mac": bytes(last[0]["mac"]).hex(),
            "linked": last[0]["entries"],
            "entries": count,
        }


# SQLite ------------------------------------------------------------------------------------------------------------


class OnSqlite(Asked):
    """A SQLite file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.row_factory = sqlite3.Row

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def query(self, text: str) -> Sequence[Row]:
        return [dict(row) for row in self._connection.execute(text)]

    def each(self, text: str) -> Iterator[tuple[Any, ...]]:
        yield from map(tuple, self._connection.execute(text))

    def tables(self) -> list[str]:
        found = self.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return sorted(row["name"] for row in found)

    def digest(self, table: str) -> list[Any]:
        return [self.query(f'SELECT count(*) AS held FROM "{table}"')[0]["held"], ""]  # noqa: S608 - as above

    def is_whole(self) -> bool:
        """Whether SQLite's own check of the file finds nothing."""
        return bool(self.query("PRAGMA quick_check")[0]["quick_check"] == "ok")


def _sqlite(config: Config, folder: Path) -> tuple[Snapshot, OnSqlite]:
    path = folder / "alcove.sqlite3"
    try:
        with (
            closing(sqlite3.connect(f"file:{config.sqlite_file}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(path)) as target,
        ):
            # In one step: writers go on meanwhile, and the copy is of one moment.
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
    except OSError:
        raise CannotCopy(_FULL) from None
    path.chmod(0o600)
    return Snapshot(path, "sqlite"), OnSqlite(path)


def _without_client_keys(path: Path) -> None:
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA secure_delete=ON")
        copy.execute(f"DELETE FROM {CLIENT_KEYS}")  # noqa: S608 - a constant
        copy.commit()


# PostgreSQL --------------------------------------------------------------------------------------------------------


class OnPostgresql(Asked):
    """A PostgreSQL database, in one snapshot of it."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, row_factory=dict_row)
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True
        # Rows are compared as text, so their text may not hang on who asks.
        for name, value in (("timezone", "UTC"), ("extra_float_digits", "1"), ("bytea_output", "hex")):
            self._connection.execute(sql.SQL("SET {} TO {}").format(sql.Identifier(name), sql.Literal(value)))

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def query(self, text: str) -> Sequence[Row]:
        return self._connection.execute(text).fetchall()

    def each(self, text: str) -> Iterator[tuple[Any, ...]]:
        # A cursor of the server's, so that a large table does not come at once.
        with self._connection.cursor("each", row_factory=tuple_row) as cursor:
            cursor.itersize = _ROWS
            yield from cursor.execute(text)

    def tables(self) -> list[str]:
        found = self.query(
            "SELECT table_name AS name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        return sorted(row["name"] for row in found)

    def digest(self, table: str) -> list[Any]:
        found = self.query(
            "SELECT count(*) AS held, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS digest "  # noqa: S608 - as above
            f'FROM "{table}" AS t'
        )[0]
        return [found["held"], found["digest"]]

    def dump(self, config: Config, path: Path) -> None:
        # The name under which another session sees exactly what this one sees.
        name = str(self.query("SELECT pg_export_snapshot() AS held")[0]["held"])
        run_program(
            config.database_url, "pg_dump",
            "--format=custom", "--compress=0", f"--snapshot={name}", "--no-owner", "--no-privileges",
            f"--exclude-table-data={CLIENT_KEYS}", f"--file={path}",
        )  # fmt: skip
        path.chmod(0o600)


def _postgresql(config: Config, folder: Path) -> tuple[Snapshot, OnPostgresql]:
    return Snapshot(folder / "alcove.dump", "postgresql"), OnPostgresql(config.database_url)


def run_program(url: str, program: str, *words: str) -> None:
    """Run one of PostgreSQL's programs on a database; its password never stands on a command line."""
    found = shutil.which(program)
    if found is None:
        raise CannotCopy(f"{program} is not on this machine. On Debian: apt-get install postgresql-client.")
    parts = conninfo.conninfo_to_dict(url)
    password = str(parts.pop("password", "") or "")
    target = conninfo.make_conninfo("", **parts)
    done = subprocess.run(  # noqa: S603 - our own words
        [found, f"--dbname={target}", *words],
        env=os.environ | {"PGPASSWORD": password}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        # Its words may quote a row; only what is known to be harmless is passed on.
        if "version mismatch" in done.stderr:
            raise CannotCopy(
                f"{program} is older than the PostgreSQL server. Install the client of its version."
            )
        if "No space left" in done.stderr:
            raise CannotCopy(_FULL)
        raise CannotCopy(f"{program} failed with exit code {done.returncode}. Run it by hand to see why.")
