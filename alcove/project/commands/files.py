"""``alcove files move --to URL``: the sealed files into a bucket, or back into a folder, each one compared."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack

from django.conf import settings

from alcove.config import Config, ConfigError, load
from alcove.console import Command, Console
from alcove.operations.backups import actions
from alcove.operations.backups.policy import Did
from alcove.project import bringing, database, turns
from alcove.project.bringing import Brought
from alcove.security.access.actors import Actor
from alcove.security.vault import stores


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", required=True, metavar="URL",
        help="file:///FOLDER, or s3://bucket/prefix?endpoint=…&region=…&credentials=FILE",
    )  # fmt: skip


def move(given: argparse.Namespace, console: Console) -> int:
    """Copy what the new place lacks and compare all; exit 0 only if every file that records name is there, equal."""
    source: Config = settings.ALCOVE
    try:
        target = load({"ALCOVE_HOME": str(source.home), "ALCOVE_FILES_URL": given.to})
    except ConfigError as error:
        console.warn(str(error))
        return 2
    if (source.files_bucket, source.files) == (target.files_bucket, target.files) or (
        source.files_bucket is not None and source.files_bucket == target.files_bucket
    ):
        console.warn("The files lie there already.")
        return 2
    with ExitStack() as stack:
        is_quiet = _alone(source, stack)
        return _moved(source, target, console, is_quiet=is_quiet)


def _alone(source: Config, stack: ExitStack) -> bool:
    """Work alone if nobody else is at work; else beside them, and say so."""
    database.leave()
    try:
        stack.enter_context(turns.alone(source))
    except turns.InUse:
        stack.enter_context(turns.beside_others(source))
        return False
    return True


def _moved(source: Config, target: Config, console: Console, *, is_quiet: bool) -> int:
    began = time.monotonic()
    old, new = stores.of(source), stores.of(target)
    held = list(old.listed())
    with console.progress("Copying", sum(one.size for one in held)) as tell:
        brought = bringing.bring(old, new, held, tell)
    if lost := bringing.lacking(new):
        why = "they came meanwhile, or the old place lacks them too"
        brought.faults.append(f"{lost:,} files that records name are not in the new place: {why}.")
    if brought.copied:
        actions.note_practice(Actor.operator(console.operator), Did.FILES_MOVED, f"{brought.copied} files")
    seconds = round(time.monotonic() - began, 1)
    console.result({
        "to": _shown(target), "files": brought.files, "bytes": brought.bytes, "copied": brought.copied,
        "is_quiet": is_quiet, "faults": brought.faults, "strays": brought.strays, "seconds": seconds,
    })  # fmt: skip
    _say(brought, target, console, seconds, is_quiet=is_quiet)
    return 1 if brought.faults else 0


def _say(brought: Brought, target: Config, console: Console, seconds: float, *, is_quiet: bool) -> None:
    for fault in brought.faults:
        console.warn(f"Not whole: {fault}")
    if brought.faults:
        console.warn("Leave ALCOVE_FILES_URL as it is, and run this again. The old place was only read.")
        return
    console.say(
        f"Copied {brought.copied:,} files in {seconds} s; all {brought.files:,} ({brought.bytes / 10**6:,.1f} MB) were "
        "read back and are equal."
    )
    if brought.strays:
        console.say(
            f"{len(brought.strays):,} files lie there that neither the old place nor any record has. If no other "
            "practice uses that place they were erased since an earlier run: remove them (--json names them)."
        )
    if not is_quiet:
        console.say(
            "The practice was at work meanwhile. Stop alcove serve and run this once more: only what is new is copied."
        )
        return
    console.say(f"Now set ALCOVE_FILES_URL to what you gave ({_shown(target)}) and start: alcove serve")
    console.say(
        "The old place was only read. Keep it until a backup was made from the new one, then remove it: what is erased "
        "later is not removed there."
    )


def _shown(config: Config) -> str:
    return config.files_bucket.name if config.files_bucket else f"file://{config.files}"


COMMANDS = [
    Command(
        ("files", "move"), "copy the sealed files into a bucket or a folder and compare every one", move, _arguments,
        takes_turn=False,
    )
]  # fmt: skip
