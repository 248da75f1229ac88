"""``alcove upgrade``: backup, changes of the database, a look at the result; if anything fails, the data of before."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from django.conf import settings

import alcove
from alcove.config import Config
from alcove.console import Command, Console, OnHost
from alcove.operations.backups import runs
from alcove.operations.releases import folder, trusted
from alcove.project import database, turns, upgrading

PATIENCE = 60
"""Seconds the server has to step aside."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--release", type=Path, metavar="FOLDER",
        help="verify this release first, and that this program is the one of it; nothing happens if not",
    )  # fmt: skip


def _verified(config: Config, where: Path) -> str:
    """Return the words for the log about a release that holds and is this program; raise ``folder.Refused``."""
    found = folder.verified(where, trusted.keys(config))
    if before := turns.version_before(config):
        folder.refuse_older(found, before)
    program = Path(str(alcove.__file__)).parent.parent
    folder.refuse_another_program(where, found, runs.version(), program)
    return str(found)


def upgrade(given: argparse.Namespace, console: Console) -> int:
    """Bring the practice to this version; exit 0 only if it is there and was looked at."""
    config: Config = settings.ALCOVE
    if not config.is_postgresql and not config.sqlite_file.exists():
        console.warn("There is no practice here yet. Run 'alcove init' or 'alcove demo load'.")
        return 2
    database.leave()
    try:
        release = _verified(config, given.release) if given.release else ""
        with turns.maintenance(config), turns.alone(config, PATIENCE):
            done = upgrading.upgrade(config, console.operator, console.say, release)
            database.leave()
    except (upgrading.NoUpgrade, turns.InUse, folder.Refused) as wont:
        console.warn(str(wont))
        console.result({"error": str(wont)})
        return 1
    console.result(asdict(done) | {"returned": bool(done.faults)})
    if done.faults:
        return _returned(done, console)
    console.say(
        f"Upgraded to {done.after}: {len(done.changes)} changes of the database, backed up first to "
        f"{', '.join(done.places)}. The log holds and records open. A server that waited goes on by itself; else "
        "start it: alcove serve"
    )
    return 0


def _returned(done: upgrading.Upgraded, console: Console) -> int:
    for fault in done.faults:
        console.warn(f"Failed: {fault}.")
    before = done.before or "the version you had before"
    console.warn(
        f"The data are as they were, compared table by table. {done.after} does not serve them: "
        + (
            "put the program back that served before, and start it."
            if before == done.after
            else f"put {before} back and start it; a server that waited and runs from its own folder goes on by itself."
        )
    )
    return 1


COMMANDS = [
    Command(
        ("upgrade",), "back up, change the database, look at the result; or bring everything back", upgrade,
        _arguments, needs_practice=False, on_host=OnHost.OPEN, takes_turn=False,
    )
]  # fmt: skip
