"""Rows in a form that both kinds of database give and take, read from the one and written to the other.

Used by ``moving``. Table and column names come from our own models.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final, Protocol, Self
from uuid import UUID

import psycopg
from django.apps import apps
from psycopg import sql

from alcove.config import Config
from alcove.operations.backups.snapshot import Asked, OnPostgresql, OnSqlite

WHOLE: Final = 2**256
"""Sums of rows' hashes are taken modulo this."""

Reader = Callable[[Any], Any]


class WontMove(Exception):
    """The practice cannot be moved there; the text says why. The source was not touched."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns: name → kind, as Django calls it."""

    name: str
    columns: dict[str, str]


Digest = tuple[int, int]
"""How many rows, and the sum of their hashes, which knows no order."""


# Values ------------------------------------------------------------------------------------------------------------


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _json(value: str) -> str:
    """Return JSON in one form: PostgreSQL forgets the order of names and how a number was written."""
    return json.dumps(json.loads(value, parse_float=_number), sort_keys=True)


def _number(text: str) -> float | int:
    found = float(text)
    return int(found) if found.is_integer() else found


_WORDS: Final[dict[str, Reader]] = {
    "UUIDField": lambda value: value if isinstance(value, UUID) else UUID(value),
    "BooleanField": bool,
    "DateTimeField": _moment,
    "DateField": lambda value: date.fromisoformat(value) if isinstance(value, str) else value,
    "TimeField": lambda value: time.fromisoformat(value) if isinstance(value, str) else value,
    "JSONField": _json,
    "BinaryField": bytes,
    "CharField": str,
    "TextField": str,
    "FloatField": float,
}
_NUMBERS: Final[dict[str, Reader]] = dict.fromkeys(
    ("IntegerField", "SmallIntegerField", "BigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField",
     "PositiveBigIntegerField"),
    int,
)  # fmt: skip
READERS: Final = _WORDS | _NUMBERS
"""Kind of column → from what either database gives to the one form in which values are hashed and written."""


def hashed(row: Iterable[Any]) -> int:
    """Return a row's hash as a number; every value says its kind and length, so none can slip into its neighbour."""
    seen = hashlib.sha256()
    for value in row:
        held = b"" if value is None else value if isinstance(value, bytes) else str(value).encode()
        kind = b"-" if value is None else type(value).__name__.encode()
        seen.update(struct.pack(">BI", len(kind), len(held)) + kind + held)
    return int.from_bytes(seen.digest())


def tables() -> list[Table]:
    """Return every table of ours; raise ``WontMove`` for a kind of column that nobody taught to travel."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        columns = {str(column.column): _kind(column) for column in model._meta.local_concrete_fields}
        for name, kind in columns.items():
            if kind not in READERS:
                raise WontMove(f"{model._meta.db_table}.{name} is a {kind}, which no move knows.")
        found.append(Table(model._meta.db_table, columns))
    return sorted(found, key=lambda table: table.name)


def _kind(column: Any) -> str:
    while column.remote_field is not None:
        column = column.target_field
    return str(column.get_internal_type())


# The two sides -----------------------------------------------------------------------------------------------------


def read(asked: Asked, table: Table) -> Iterator[list[Any]]:
    """Yield a table's rows in the one form."""
    readers = [READERS[kind] for kind in table.columns.values()]
    # PostgreSQL would give JSON as objects already.
    cast = "::text" if isinstance(asked, OnPostgresql) else ""
    names = [f'"{name}"{cast if kind == "JSONField" else ""}' for name, kind in table.columns.items()]
    for row in asked.each(f'SELECT {", ".join(names)} FROM "{table.name}"'):  # noqa: S608 - names of our own tables
        yield [None if value is None else reader(value) for reader, value in zip(readers, row, strict=True)]


class Target(Protocol):
    """Where rows are written: one transaction, ended by ``keep``."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def run(self, text: str) -> None: ...
    def write(self, table: Table, rows: Iterable[list[Any]]) -> None: ...
    def keep(self) -> None: ...


class IntoSqlite:
    """A SQLite file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("BEGIN IMMEDIATE")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def run(self, text: str) -> None:
        self._connection.execute(text)

    def write(self, table: Table, rows: Iterable[list[Any]]) -> None:
        marks = ", ".join("?" for _ in table.columns)
        names = ", ".join(f'"{name}"' for name in table.columns)
        text = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - names of our own tables
        self._connection.executemany(text, ([_as_sqlite(value) for value in row] for row in rows))

    def keep(self) -> None:
        # Foreign keys were off while rows came in any order.
        if self._connection.execute("PRAGMA foreign_key_check").fetchone():
            raise WontMove("A row names another that is not there. Nothing was kept.")
        self._connection.execute("COMMIT")


def _as_sqlite(value: Any) -> Any:
    """Return a value as Django keeps it there."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    return str(value) if isinstance(value, date | time) else value


class IntoPostgresql:
    """A PostgreSQL database, written as the login itself: its role may not write what the log keeps to itself."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def run(self, text: str) -> None:
        self._connection.execute(text.encode())

    def write(self, table: Table, rows: Iterable[list[Any]]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        text = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
        with self._connection.cursor() as cursor, cursor.copy(text) as copy:
            for row in rows:
                copy.write_row(row)

    def keep(self) -> None:
        self._connection.commit()


def asking(config: Config) -> Asked:
    """Return a database to ask, in one snapshot of it, read only."""
    if config.is_postgresql:
        return OnPostgresql(config.database_url)
    asked = OnSqlite(config.sqlite_file)
    asked.query("PRAGMA query_only=ON")
    asked.query("BEGIN")
    return asked


def into(config: Config) -> Target:
    return IntoPostgresql(config.database_url) if config.is_postgresql else IntoSqlite(config.sqlite_file)
