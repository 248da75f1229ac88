"""``alcove backup run · list · verify · restore · drill · prune``."""

from __future__ import annotations

import argparse
import getpass
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings

from alcove.config import Config
from alcove.console import Command, Console, OnHost
from alcove.operations.backups import points, runs
from alcove.operations.backups.faults import BackupFault, PlaceFails
from alcove.operations.backups.places import Folder, Place
from alcove.operations.backups.restoring import Unlock
from alcove.project import rebuilding, wiring
from alcove.security.access.actors import Actor
from alcove.security.vault import shares
from alcove.security.vault.errors import VaultError
from alcove.security.vault.shares import WrongShare

_MIB = 2**20


def _told(deed: Callable[[argparse.Namespace, Console], int]) -> Callable[[argparse.Namespace, Console], int]:
    """Say a refusal as the sentence it is, and exit with 1."""

    def run_it(given: argparse.Namespace, console: Console) -> int:
        try:
            return deed(given, console)
        except BackupFault as fault:
            console.warn(str(fault))
            console.result({"error": str(fault)})
            return 1
        except (psycopg.Error, sqlite3.Error) as error:
            # The database's own words may quote a row, so only its kind is shown.
            console.warn(
                f"The database refused: {type(error).__name__}. Is it there, empty, and may its login write?"
            )
            return 1

    return run_it


@_told
def run(_: argparse.Namespace, console: Console) -> int:
    """Bring a point into every place; exit 1 if any did not get it."""
    actor = Actor.operator(console.operator)
    with console.progress("Copying", None) as advance:
        made = runs.run(actor, advance, say=console.warn)
    wiring.link()
    for one in made:
        if one.fault:
            console.warn(one.fault)
            continue
        seconds = (one.ended_at - one.began_at).total_seconds()
        console.say(
            f"{one.place}: point {one.point}, {one.bytes_added / _MIB:,.1f} MiB added in {one.objects_added:,} "
            f"pieces, all read back, {seconds:.1f} s."
        )
    console.result([
        {"place": one.place, "point": one.point, "ok": not one.fault, "fault": one.fault,
         "objects_added": one.objects_added, "bytes_added": one.bytes_added, "points": one.points}
        for one in made
    ])  # fmt: skip
    return 1 if not made or any(one.fault for one in made) else 0


@_told
def list_points(_: argparse.Namespace, console: Console) -> int:
    """List every point of every place; exit 1 if there is none."""
    found: list[dict[str, Any]] = []
    for place in runs.here(settings.ALCOVE):
        for name in points.names(place):
            at = points.moment_of(name)
            word = name.rpartition("/")[2]
            found.append({"place": place.name, "point": word, "at": at.isoformat(timespec="seconds")})
            console.say(f"{word}  {at:%Y-%m-%d %H:%M} UTC  {place.name}")
    if not found:
        console.say("There is no backup yet. Make one: alcove backup run")
    console.result(found)
    return 0 if found else 1


@_told
def verify(_: argparse.Namespace, console: Console) -> int:
    """Read every piece of every place back; exit 1 and name what is not right."""
    actor, told, is_good = Actor.operator(console.operator), [], True
    for place in runs.here(settings.ALCOVE):
        with console.progress("Reading back", None) as advance:
            checked = runs.check(actor, place, advance)
        told.append({"place": place.name, **asdict(checked)})
        is_good = is_good and not checked.faults
        for fault in checked.faults:
            console.warn(f"{place.name}: {fault}")
        if not checked.faults:
            console.say(
                f"{place.name}: {checked.points:,} points, {checked.objects:,} pieces, "
                f"{checked.bytes / _MIB:,.1f} MiB read back; all are as they were put there."
            )
    wiring.link()
    console.result(told)
    return 0 if is_good else 1


@_told
def prune(_: argparse.Namespace, console: Console) -> int:
    """End points and key copies that the rule ends."""
    told, is_good = [], True
    for place, ended in runs.prune(Actor.operator(console.operator)):
        if isinstance(ended, str):
            is_good = False
            console.warn(ended)
            continue
        told.append({"place": place, **asdict(ended)})
        console.say(
            f"{place}: {ended.points} points, {ended.key_copies} key copies and {ended.objects} pieces ended, "
            f"{ended.bytes / _MIB:,.1f} MiB freed."
            + (
                f" {ended.locked} are over, and their place keeps them until their lock ends."
                if ended.locked
                else ""
            )
        )
    wiring.link()
    console.result(told)
    return 0 if is_good else 1


@_told
def drill(_: argparse.Namespace, console: Console) -> int:
    """Rehearse a restore of every place into a scratch place; exit 1 if any is not equal."""
    made = rebuilding.drill(Actor.operator(console.operator), settings.ALCOVE)
    wiring.link()
    for one in made:
        if one.faults:
            console.warn(f"{one.place}: the rehearsal failed. {one.first_fault}")
            continue
        seconds = (one.ended_at - one.began_at).total_seconds()
        console.say(
            f"{one.place}: restored in {seconds:.1f} s; {one.rows:,} rows, {one.files:,} files and "
            f"{one.entries:,} log entries are equal, {one.opened} records opened."
        )
    names = ("place", "point", "rows", "files", "entries", "opened", "faults", "first_fault")
    console.result([{name: getattr(one, name) for name in names} for one in made])
    return 1 if any(one.faults for one in made) else 0


# Restore -----------------------------------------------------------------------------------------------------------


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--to", type=Path, required=True, metavar="HOME", help="an empty folder; never the home in use")
    add(
        "--from",
        dest="place",
        metavar="PLACE",
        help="the folder, sftp:// or s3:// address where the backups lie (backups/ in the home)",
    )
    add("--keys", type=Path, metavar="FOLDER", help="where the key copies lie, if not beside the backups")
    add(
        "--root-key", type=Path, metavar="FILE", help="the root key file; without it two shares are asked for"
    )
    add(
        "--shares",
        type=Path,
        metavar="FILE",
        help="a file with two shares, one a line, instead of typing them",
    )
    add(
        "--point",
        default="",
        metavar="NAME",
        help="which point, as 'list' names it, or a day such as 20260131",
    )
    add(
        "--database-url",
        default="",
        metavar="URL",
        help="an empty PostgreSQL database, if the backup is of one",
    )


@_told
def restore(given: argparse.Namespace, console: Console) -> int:
    """Rebuild a practice; exit 0 only if every row, file and entry is equal."""
    live: Config = settings.ALCOVE
    place = _place(given.place, live)
    if not place.is_here():
        console.warn(f"{place.name} is not there. Say where the backups lie with --from.")
        return 2
    keys_at = [Folder(given.keys.absolute())] if given.keys else runs.key_places(live, place)
    root_key = given.root_key.absolute() if given.root_key else None
    try:
        unlock = (
            _by_file(live, root_key) if root_key or live.key_provider != "file" else _by_shares(given.shares)
        )
    except WrongShare as wrong:
        console.warn(str(wrong))
        return 1
    target = rebuilding.target_of(live, given.to, given.database_url, root_key)
    job = rebuilding.Job(
        place, keys_at, unlock, target, live, given.point, root_key,
        is_new_root=root_key is None and live.key_provider == "file",
    )  # fmt: skip
    return _rebuilt(job, console)


def _place(word: str | None, live: Config) -> Place:
    """Return the place to restore from: what was given, else the home's own."""
    if word is None:
        return Folder(live.own_backups)
    if "://" not in word:
        return Folder(Path(word).absolute())
    try:
        return runs.place_of(live, word)
    except ValueError as wrong:
        # What was typed may hold a secret, in the wrong place.
        raise PlaceFails(f"The address of a place {wrong}.") from None


def _by_file(live: Config, root_key: Path | None) -> Unlock:
    config = rebuilding.target_of(live, live.home, "", root_key)
    return lambda copy: copy.by_root(config)


def _by_shares(file: Path | None) -> Unlock:
    private = shares.pair(list(_typed(file)))
    return lambda copy: copy.by_recovery(private)


def _typed(file: Path | None) -> Iterator[str]:
    if file is not None:
        yield from (line for line in file.read_text("utf-8").splitlines() if line.strip())
        return
    for word in ("One share of the recovery key: ", "Another share: "):
        yield getpass.getpass(word)


def _rebuilt(job: rebuilding.Job, console: Console) -> int:
    began, home = time.monotonic(), job.target.home
    try:
        with ExitStack() as stack:
            restored, opened = rebuilding.rebuild(
                job, lambda total: stack.enter_context(console.progress("Restoring", total))
            )
    except VaultError as error:
        console.warn(f"{error}. Nothing but {home} was touched.")
        return 1
    console.result({
        "home": str(home), "point": restored.point.name.rpartition("/")[2], "rows": restored.rows,
        "tables": restored.tables, "files": restored.files, "clients": restored.clients, "entries": restored.entries,
        "opened": opened, "faults": restored.faults, "seconds": round(time.monotonic() - began, 1),
    })  # fmt: skip
    if restored.faults:
        for fault in restored.faults:
            console.warn(f"Not equal: {fault}")
        console.warn(f"Do not work with {home}: try another point (--point) or another place (--from).")
        return 1
    console.say(f"The practice of {points.moment(restored.point.at):%Y-%m-%d %H:%M} UTC is in {home}.")
    console.say(
        f"Compared and equal: {restored.rows:,} rows of {restored.tables} tables, {restored.files:,} sealed files, "
        f"{restored.entries:,} log entries; {opened} records were opened as a sample."
    )
    if job.is_new_root:
        console.say("It has a new root key in keys/root.key: copy it to a safe place away from this machine.")
    database = " with ALCOVE_DATABASE_URL set to the new database" if job.target.is_postgresql else ""
    if job.live.files_url:
        # A practice that was restored and the one at work must not share a bucket: each removes what it erases.
        console.say(
            f"Its sealed files lie in {home / 'files'}: leave ALCOVE_FILES_URL unset for it. Into an empty bucket they "
            f"come by: ALCOVE_HOME={home} alcove files move --to s3://…"
        )
    console.say(f"Start it with: ALCOVE_HOME={home} alcove serve{database}")
    return 0


COMMANDS = [
    Command(("backup", "run"), "bring a point into every place, now", run, on_host=OnHost.OPEN),
    Command(("backup", "list"), "list the points of every place", list_points, on_host=OnHost.OPEN),
    Command(("backup", "verify"), "read every piece of every place back", verify, on_host=OnHost.OPEN),
    Command(("backup", "prune"), "end points that are past the rule", prune, on_host=OnHost.OPEN),
    Command(("backup", "drill"), "rehearse a restore into a scratch place", drill, on_host=OnHost.OPEN),
    Command(
        ("backup", "restore"), "rebuild a practice in an empty folder", restore, _restore_arguments,
        needs_practice=False, on_host=OnHost.OPEN,
    ),
]  # fmt: skip
