"""From one version to the next: a backup, a copy beside, the changes of the database, a look; else all as it was.

The copy beside (``before-upgrade/`` in the home) is the database as it was when nobody worked any more. It is there
only while an upgrade is at work, because it holds every client's key: an erasure has to end those too. Whatever a kill
leaves is found by the next ``alcove upgrade``, which brings the data back first; until then nothing serves.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from django.db import DatabaseError
from psycopg import sql

from alcove.config import Config
from alcove.operations.backups import actions, runs
from alcove.operations.backups.faults import BackupFault
from alcove.operations.backups.policy import Did
from alcove.operations.backups.snapshot import OnPostgresql, OnSqlite, run_program
from alcove.project import database, moving, restored, start, turns, wiring
from alcove.project.commands import doctor
from alcove.project.rows import hashed
from alcove.security.access.actors import Actor
from alcove.security.access.writes import writing
from alcove.security.vault import house
from alcove.security.vault.errors import VaultError

SAMPLE: Final = 20
_FOLDER: Final = "before-upgrade"
_STATE: Final = "state.json"
_HEAD: Final = "audit.head"
_RESTORE: Final = (
    "--no-owner",
    "--no-privileges",
    "--no-comments",
    "--exit-on-error",
    "--single-transaction",
)


class NoUpgrade(Exception):
    """Nothing was upgraded, and the data are as they were; the text says why."""


@dataclass(slots=True)
class Upgraded:
    """What an upgrade did. ``before``: the version that served last, "" if unknown; ``faults``: why data went back.

    ``release``: the words for the log about the release that was verified first, "" if none was.
    """

    before: str
    after: str
    changes: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    was_unfinished: bool = False
    release: str = ""

    @property
    def words(self) -> str:
        """What the log says of it."""
        return f"{self.before or 'unknown'} to {self.after}" + (f", {self.release}" if self.release else "")


Say = Callable[[str], None]


def is_unfinished(config: Config) -> bool:
    """Whether an upgrade was stopped after it began to change the database."""
    return (_folder(config) / _STATE).exists()


def _folder(config: Config) -> Path:
    return config.home / _FOLDER


def upgrade(config: Config, operator: str, say: Say, release: str = "") -> Upgraded:
    """Upgrade a practice whose turn the caller holds alone; raise ``NoUpgrade`` before anything was changed.

    Afterwards either the new version's data are in place and ``faults`` is empty, or the old ones are back.
    """
    if moving.is_half_filled():
        raise NoUpgrade(moving.HALF_FILLED)
    done = Upgraded(turns.version_before(config), runs.version(), release=release)
    if is_unfinished(config):
        say("An upgrade was stopped half-way. Its data come back first.")
        give_back(config)
        done.was_unfinished = True
    shutil.rmtree(_folder(config), ignore_errors=True)
    if newer := database.unknown():
        raise NoUpgrade(
            f"A newer version of Alcove worked with these data ({len(newer)} changes of the database are unknown "
            "here). Install that version; nothing was changed."
        )
    done.changes = database.pending()
    say(f"{len(done.changes)} changes of the database wait. Backing up.")
    done.places = _back_up(config, operator, say)
    keep(config)
    say("Changing the database.")
    done.faults = _changed(operator, done)
    if done.faults:
        say("It did not go through. The data come back.")
        give_back(config)
        _note_return(operator, done)
    _forget(config)
    return done


def _back_up(config: Config, operator: str, say: Say) -> list[str]:
    """Bring a point into every place; raise ``NoUpgrade`` unless the home's own has it."""
    try:
        start.keys()
        house.unlock()
        made = runs.run(Actor.operator(operator), lambda _: None, say=say)
        wiring.link()
    except (BackupFault, VaultError) as fault:
        raise NoUpgrade(f"The backup failed, so nothing was changed. {fault}") from None
    except DatabaseError as error:
        raise NoUpgrade(
            f"The backup failed ({type(error).__name__}), so nothing was changed. Make one with the version before "
            "('alcove backup run'), and see docs/runbooks/upgrade.md."
        ) from None
    for one in made:
        if one.fault:
            say(one.fault)
    good = [one.place for one in made if not one.fault]
    if str(config.own_backups) not in good:
        raise NoUpgrade(f"The backup did not get to {config.own_backups}, so nothing was changed.")
    return good


# The copy beside ---------------------------------------------------------------------------------------------------


def keep(config: Config) -> None:
    """Lay a copy of the database beside; its state is written last, so a copy without one was never used."""
    database.leave()
    folder = _folder(config)
    folder.mkdir(mode=0o700)
    try:
        if config.is_postgresql:
            run_program(
                config.database_url, "pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges",
                f"--file={folder / 'alcove.dump'}",
            )  # fmt: skip
        else:
            with closing(_read_only(config.sqlite_file)) as source, closing(_made(folder)) as copy:
                source.backup(copy)
        if (config.log / _HEAD).exists():
            shutil.copyfile(config.log / _HEAD, folder / _HEAD)
        state = {"rows": rows(config), "database": config.is_postgresql}
    except (BackupFault, sqlite3.Error, psycopg.Error, OSError) as fault:
        shutil.rmtree(folder, ignore_errors=True)
        said = str(fault) if isinstance(fault, BackupFault) else type(fault).__name__
        raise NoUpgrade(
            f"No copy of the database could be laid beside it, so nothing was changed. {said}"
        ) from None
    aside = folder / "state.new"
    aside.write_text(json.dumps(state), "ascii")
    os.sync()
    aside.replace(folder / _STATE)


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def _made(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "alcove.sqlite3")


def rows(config: Config) -> dict[str, list[Any]]:
    """Return count and digest of each table, whatever version it is of."""
    if config.is_postgresql:
        with OnPostgresql(config.database_url) as asked:
            return {table: asked.digest(table) for table in asked.tables()}
    with OnSqlite(config.sqlite_file) as held:
        return {table: _digest(held, table) for table in held.tables()}


def _digest(asked: OnSqlite, table: str) -> list[Any]:
    found = [hashed(row) for row in asked.each(f'SELECT * FROM "{table}"')]  # noqa: S608 - a name of its own
    return [len(found), f"{sum(found):x}"]


def give_back(config: Config) -> None:
    """Put the copy back and compare; raise ``NoUpgrade`` with the copy kept if the result is not what it was."""
    database.leave()
    folder = _folder(config)
    wanted = json.loads((folder / _STATE).read_text("ascii"))
    if wanted["database"] != config.is_postgresql:
        raise NoUpgrade(
            "The upgrade that was stopped worked with the other kind of database. Set ALCOVE_DATABASE_URL as it was "
            "then; nothing was touched."
        )
    try:
        if config.is_postgresql:
            _empty(config.database_url)
            run_program(config.database_url, "pg_restore", *_RESTORE, str(folder / "alcove.dump"))
            with database.as_owner(), writing("return of an upgrade"):
                database.grant()
            database.leave()
        else:
            with (
                closing(_read_only(folder / "alcove.sqlite3")) as copy,
                closing(sqlite3.connect(config.sqlite_file)) as live,
            ):
                # In one transaction of SQLite: a kill leaves the one or the other.
                copy.backup(live)
        if (folder / _HEAD).exists():
            shutil.copyfile(folder / _HEAD, config.log / _HEAD)
        os.sync()
        is_equal = rows(config) == wanted["rows"]
    except (BackupFault, sqlite3.Error, psycopg.Error, OSError) as fault:
        raise NoUpgrade(_not_back(folder, str(fault) if isinstance(fault, BackupFault) else "")) from None
    if not is_equal:
        raise NoUpgrade(_not_back(folder, "The database that came back differs."))


def _not_back(folder: Path, why: str) -> str:
    return (
        f"THE OLD DATA COULD NOT BE BROUGHT BACK. {why} They lie whole in {folder}: put right what is in the way and "
        "run 'alcove upgrade' again, or restore the newest backup. Nothing serves until then."
    )


def _empty(url: str) -> None:
    """Take away every table and function of ours, those of a half-done upgrade too; what an extension brought stays."""
    with psycopg.connect(url) as asked:
        for row in asked.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
            asked.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(row[0])))
        found = asked.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace "
            "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        ).fetchall()
        for row in found:
            # A signature as PostgreSQL itself writes it.
            asked.execute(f"DROP FUNCTION IF EXISTS {row[0]} CASCADE".encode())


def _forget(config: Config) -> None:
    """Take the copy away: first its state, so that a kill here brings nothing back any more."""
    (_folder(config) / _STATE).unlink()
    shutil.rmtree(_folder(config))


# Changing and looking ----------------------------------------------------------------------------------------------


def _changed(operator: str, done: Upgraded) -> list[str]:
    """Migrate and look; return why it did not go through."""
    try:
        database.migrate()
    except Exception as error:  # noqa: BLE001 - whatever a change of the database raises, the data go back
        # A database's own words may quote a row, so only its kind is shown.
        return [f"a change of the database failed: {type(error).__name__}"]
    if waiting := database.pending():
        return [f"{len(waiting)} changes of the database did not come through"]
    if lacking := doctor.lacks():
        return lacking
    database.leave()
    return _looked(operator, f"{done.words}, {len(done.changes)} changes")


def _looked(operator: str, words: str) -> list[str]:
    """Ask the practice itself, in a process of its own: every start-up check, its whole log, a sample of records."""
    said = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", restored.__name__, "look", str(SAMPLE), "upgraded", operator, words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if said.returncode:
        last = (said.stderr.strip().splitlines() or [""])[-1]
        return [f"the practice does not open: {last.partition(':')[0]}"]
    found = json.loads(said.stdout.splitlines()[-1])
    faults: list[str] = found["faults"]
    if found["opened"] < found["sample"]:
        faults.append(f"only {found['opened']} records of {found['sample']} opened")
    return faults


def _note_return(operator: str, done: Upgraded) -> None:
    """Put the return on the old data's log, as far as this version can write there."""
    with suppress(DatabaseError, VaultError):
        actions.note_practice(Actor.operator(operator), Did.RETURNED, done.words)
        wiring.link()
    database.leave()
