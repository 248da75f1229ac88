"""A whole practice from one database into another, empty one: copied in one snapshot, read back, and compared.

Rows travel as their values, not as their bytes: SQLite keeps an id as text and a moment without its zone, PostgreSQL
knows both. Each table is compared by its count and the sum of its rows' hashes, over one form that both kinds give.
The source is only read. Until all was compared equal the target bears a mark, and nothing works on it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import psycopg
from django.db import connection

from alcove.config import Config
from alcove.operations.backups.snapshot import Asked, OnSqlite
from alcove.project import database, restored
from alcove.project.rows import WHOLE, Digest, WontMove, asking, hashed, into, read, tables

MARK: Final = "alcove_moving"
MIGRATIONS: Final = "django_migrations"
HALF_FILLED: Final = (
    "This database was to be filled by 'alcove move', which has not ended well. Do not work with it: set "
    "ALCOVE_DATABASE_URL back to the database that was moved, empty this one, and move again."
)
SAMPLE: Final = 20
_BATCH: Final = 1000

Tell = Callable[[int], None]


@dataclass(slots=True)
class Moved:
    """What was moved, and how it compares; ``faults`` is empty when all is equal."""

    tables: int = 0
    rows: int = 0
    entries: int = 0
    opened: int = 0
    faults: list[str] = field(default_factory=list)


# Moving ------------------------------------------------------------------------------------------------------------


def is_half_filled() -> bool:
    """Whether the practice's own database is the target of a move that has not ended."""
    return MARK in connection.introspection.table_names()


def target_of(source: Config, url: str) -> Config:
    """Return the settings of the same home on the other database."""
    return replace(source, database_url=url)


def refuse_unless_fit(source: Config, target: Config) -> None:
    """Raise ``WontMove`` for the same database, one that is not empty, or a source that is of another version."""
    if _is_same(source, target):
        raise WontMove("This is the database in use. Name another one, which is empty; nothing was touched.")
    if database.unknown() or database.pending():
        raise WontMove(
            "The practice is not of this version. Run 'alcove upgrade', or the newer version; nothing was touched."
        )
    if not target.is_postgresql and not target.sqlite_file.exists():
        return
    with asking(target) as asked:
        if target.is_postgresql and asked.query("SHOW server_encoding")[0]["server_encoding"] != "UTF8":
            raise WontMove(
                "This database is not in UTF-8. Make it with ENCODING 'UTF8' TEMPLATE template0; nothing was touched."
            )
        held = asked.tables()
        if MARK in held:
            raise WontMove(
                "This database is half filled: a move into it was stopped. The practice you moved from is as it was. "
                "Empty this one (drop the database and make it anew, or remove the file), then run this again."
            )
        if held:
            raise WontMove(
                f"This database is not empty: {_told(asked, held)} Name an empty one; nothing was touched."
            )


def _is_same(source: Config, target: Config) -> bool:
    if source.is_postgresql != target.is_postgresql:
        return False
    if not source.is_postgresql:
        return source.sqlite_file.resolve() == target.sqlite_file.resolve()
    return _place(source.database_url) == _place(target.database_url)


def _place(url: str) -> tuple[Any, ...]:
    with psycopg.connect(url) as asked:
        found = asked.execute(
            "SELECT current_database(), coalesce(host(inet_server_addr()), ''), inet_server_port(), "
            "pg_postmaster_start_time()"
        ).fetchone()
    # One server is reached by several addresses; when it started tells it from others.
    return (found[0], found[2], found[3]) if found else ()


def _told(asked: Asked, held: list[str]) -> str:
    """Say what lies in a database that is not empty."""
    if MIGRATIONS not in held:
        return f"{len(held)} tables of something else lie in it."
    theirs = {f"{row['app']}.{row['name']}" for row in asked.rows(MIGRATIONS)}
    ours = {f"{app}.{name}" for app, name in database.known()}
    if theirs - ours:
        return "it holds an Alcove of a newer version, or another program."
    return "it holds an Alcove of an older version." if ours - theirs else "it holds an Alcove already."


def move(source: Config, target: Config, operator: str, bar: Callable[[int], Tell]) -> Moved:
    """Fill an empty database with the practice and compare every row; raise ``WontMove``.

    The caller works alone on the home. A target that is not equal, or whose log does not hold, keeps its mark.
    """
    with into(target) as there:
        there.run(f"CREATE TABLE {MARK} (begun text)")
        there.keep()
    _child(target, "migrate")
    moved = Moved()
    with asking(source) as asked:
        _refuse_other_tables(asked)
        total = sum(asked.query(f'SELECT count(*) AS held FROM "{one.name}"')[0]["held"] for one in tables())  # noqa: S608 - as above
        tell = bar(2 * total)
        wanted, head = _copied(asked, target, tell), asked.head()
    _compare(target, wanted, moved, tell)
    with asking(source) as asked:
        # A machine that was forgotten, at the same server, may have begun to work meanwhile.
        if asked.head() != head:
            moved.faults.append("somebody worked with the practice meanwhile: stop Alcove on every machine.")
    if not moved.faults:
        note = f"{moved.tables} tables, {moved.rows} rows"
        found = _child(target, "look", str(SAMPLE), "moved", operator, note)
        moved.faults += found["faults"]
        moved.entries, moved.opened = found["entries"], found["opened"]
        if found["opened"] < found["sample"]:
            moved.faults.append(f"only {found['opened']} records of the sample opened.")
    if not moved.faults:
        with into(target) as there:
            there.run(f"DROP TABLE {MARK}")
            there.keep()
    return moved


def _refuse_other_tables(asked: Asked) -> None:
    known = {table.name for table in tables()} | {MIGRATIONS}
    if strange := sorted(set(asked.tables()) - known):
        raise WontMove(
            f"The practice's database holds tables that are not Alcove's ({', '.join(strange[:3])})."
        )


def _copied(asked: Asked, target: Config, tell: Tell) -> dict[str, Digest]:
    """Write every row, in one transaction; return what was read."""
    wanted = {}
    with into(target) as there:
        for table in tables():
            tally = _Tally(tell)
            there.write(table, tally.passing(read(asked, table)))
            wanted[table.name] = tally.digest
        there.keep()
    return wanted


class _Tally:
    """Counts and hashes rows as they pass."""

    def __init__(self, tell: Tell) -> None:
        self.digest: Digest = (0, 0)
        self._tell = tell

    def passing(self, rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
        count, held = 0, 0
        for row in rows:
            count, held = count + 1, (held + hashed(row)) % WHOLE
            if count % _BATCH == 0:
                self._tell(_BATCH)
            yield row
        self._tell(count % _BATCH)
        self.digest = (count, held)


def _compare(target: Config, wanted: dict[str, Digest], moved: Moved, tell: Tell) -> None:
    """Read the target anew and compare each table."""
    with asking(target) as asked:
        for table in tables():
            tally = _Tally(tell)
            for _ in tally.passing(read(asked, table)):
                pass
            moved.tables, moved.rows = moved.tables + 1, moved.rows + tally.digest[0]
            if tally.digest != wanted[table.name]:
                moved.faults.append(
                    f"table {table.name}: {tally.digest[0]} rows came of {wanted[table.name][0]}, or others."
                )
        if isinstance(asked, OnSqlite) and not asked.is_whole():
            moved.faults.append("SQLite's own check of the database fails.")


def _child(target: Config, *words: str) -> dict[str, Any]:
    """Work on the target in a process of its own: this one belongs to the source."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", restored.__name__, *words],
        env=os.environ | {"ALCOVE_DATABASE_URL": target.database_url},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise WontMove(
            f"The other database was not taken ({last.partition(':')[0]}). Its login needs CREATEROLE."
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
