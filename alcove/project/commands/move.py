"""``alcove move --to URL``: the whole practice into another database, every row compared."""

from __future__ import annotations

import argparse
import sqlite3
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg
from django.conf import settings

from alcove.config import Config, ConfigError, load
from alcove.console import Command, Console
from alcove.project import database, moving, turns
from alcove.project.rows import WontMove

_SCHEMES = ("postgresql", "sqlite")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", required=True, metavar="URL", help="an empty database: postgresql://… or sqlite:///FILE"
    )
    parser.add_argument("--yes", action="store_true", help="ask nothing")


def move(given: argparse.Namespace, console: Console) -> int:
    """Move; exit 0 only if every row is equal and the log holds in the new database."""
    source: Config = settings.ALCOVE
    try:
        url = load({"ALCOVE_HOME": str(source.home), "ALCOVE_DATABASE_URL": given.to}).database_url
    except ConfigError:
        url = ""
    if urlsplit(url).scheme not in _SCHEMES:
        # What was typed may hold a password.
        console.warn("--to takes postgresql://user@host/database or sqlite:///file.")
        return 2
    target = moving.target_of(source, url)
    database.leave()
    try:
        with turns.alone(source):
            moving.refuse_unless_fit(source, target)
            if not given.yes and not console.agreed(f"Fill {_shown(target)} with this practice?"):
                console.warn("Nothing was moved. Without a terminal say --yes.")
                return 2
            return _moved(source, target, console)
    except WontMove as wont:
        console.warn(str(wont))
        console.result({"error": str(wont)})
    except (psycopg.Error, sqlite3.Error) as error:
        # The database's own words may quote a row, so only its kind is shown.
        console.warn(
            f"A database refused: {type(error).__name__}. Is the new one there, and may its login make tables and "
            "roles? The practice is as it was."
        )
    return 1


def _moved(source: Config, target: Config, console: Console) -> int:
    began = time.monotonic()
    with ExitStack() as stack:
        moved = moving.move(
            source,
            target,
            console.operator,
            lambda total: stack.enter_context(console.progress("Moving", total)),
        )
    seconds = round(time.monotonic() - began, 1)
    console.result({
        "to": _shown(target), "tables": moved.tables, "rows": moved.rows, "entries": moved.entries,
        "opened": moved.opened, "faults": moved.faults, "seconds": seconds,
    })  # fmt: skip
    for fault in moved.faults:
        console.warn(f"Not equal: {fault}")
    if moved.faults:
        console.warn(
            f"Do not work with {_shown(target)}. The practice is as it was: empty the other one, and try again."
        )
        return 1
    console.say(
        f"Moved in {seconds} s and compared equal: {moved.rows:,} rows of {moved.tables} tables. The log's "
        f"{moved.entries:,} entries hold there, and {moved.opened} records were opened as a sample."
    )
    password = ", with its password," if target.is_postgresql else ""
    console.say(f"Now set ALCOVE_DATABASE_URL to {_shown(target)}{password} and start: alcove serve")
    console.say(
        "The old database was only read. Keep it until you have worked with the new one, then destroy it: it still "
        "holds every client's key, also of those who are erased later."
    )
    return 0


def _shown(config: Config) -> str:
    """Return a database's address without its password."""
    if not config.is_postgresql:
        return f"sqlite://{config.sqlite_file}"
    url = urlsplit(config.database_url)
    user = f"{url.username}@" if url.username else ""
    # Hosts and ports as they were written: there may be several.
    return f"postgresql://{user}{url.netloc.rpartition('@')[2]}{url.path}"


COMMANDS = [
    Command(
        ("move",), "bring the practice into another, empty database and compare every row", move, _arguments,
        takes_turn=False,
    )
]  # fmt: skip
