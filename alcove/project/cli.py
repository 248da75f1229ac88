"""The ``alcove`` command: finds the verb, sets up Django and the keys where the verb needs them, runs it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from alcove.config import ConfigError, load
from alcove.console import Command, Console

GROUPS = {
    "import": "bring clients in from other systems",
    "export": "give out what is held",
    "backup": "copies of the whole practice, and the way back",
    "demo": "a practice of invented people",
    "audit": "the log of who did and saw what",
    "files": "where the sealed files of records lie",
    "keys": "root and house keys",
    "people": "staff accounts",
    "release": "is a release as its maintainers signed it, and is there a newer one",
    "support": "an owner's leave for the host's operator",
}


def _commands() -> list[Command]:
    from alcove.project.wiring import COMMANDS  # noqa: PLC0415 - Django's settings are read on this import

    found: list[Command] = []
    for name in COMMANDS:
        found += importlib.import_module(name).COMMANDS
    return found


def parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    top = argparse.ArgumentParser(
        prog="alcove", description="Practice management whose safety anyone can check."
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for command in sorted(commands, key=lambda item: item.words):
        if len(command.words) == 1:
            found = verbs.add_parser(command.words[0], help=command.help, description=command.help)
        else:
            group, word = command.words
            if group not in groups:
                made = verbs.add_parser(group, help=GROUPS[group], description=GROUPS[group])
                groups[group] = made.add_subparsers(dest="deed", metavar="DEED", required=True)
            found = groups[group].add_parser(word, help=command.help, description=command.help)
        found.add_argument("--json", action="store_true", help="print one JSON document for scripts")
        command.arguments(found)
        found.set_defaults(command=command)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return its exit code: 0 fine, 1 what was asked to check does not hold, 2 wrong use."""
    # Whatever this process or its children write belongs to the owner of the home alone.
    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alcove.project.settings")
    try:
        load()
        import django  # noqa: PLC0415 - settings need a readable configuration first

        django.setup()
        given = parser(_commands()).parse_args(arguments)
        return _run(given)
    except ConfigError as error:
        sys.stderr.write(f"alcove: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 1
    except BrokenPipeError:
        return 1


def _run(given: argparse.Namespace) -> int:
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - after django.setup
    from django.db import DatabaseError  # noqa: PLC0415

    from alcove.project import turns  # noqa: PLC0415
    from alcove.security.access.errors import AccessError  # noqa: PLC0415
    from alcove.security.vault.errors import VaultError  # noqa: PLC0415

    console = Console(as_json=given.json)
    command: Command = given.command
    try:
        return _in_turn(command, given, console)
    except turns.InUse as busy:
        console.warn(str(busy))
        return 1
    except (VaultError, AccessError, ImproperlyConfigured) as error:
        console.warn(str(error))
        return 1
    except DatabaseError as error:
        # The database's own words may quote a row, so only its kind is shown.
        console.warn(f"The database refused: {type(error).__name__}. 'alcove doctor' says more.")
        return 1
    except OSError as error:
        console.warn(f"{error.strerror or type(error).__name__}: {error.filename or ''}".strip(": "))
        return 1


def _in_turn(command: Command, given: argparse.Namespace, console: Console) -> int:
    """Run a verb beside others, unless it takes its turn itself; open the practice first where it needs one."""
    from django.conf import settings  # noqa: PLC0415 - after django.setup

    from alcove.clinic.practice.queries import zones  # noqa: PLC0415
    from alcove.project import lockbox, moving, start, turns  # noqa: PLC0415
    from alcove.security.vault import house  # noqa: PLC0415

    config = settings.ALCOVE
    with ExitStack() as stack:
        if command.takes_turn:
            stack.enter_context(turns.beside_others(config))
        if command.needs_practice:
            if not config.is_postgresql and not config.sqlite_file.exists():
                console.warn("There is no practice here yet. Run 'alcove init' or 'alcove demo load'.")
                return 2
            if moving.is_half_filled():
                console.warn(moving.HALF_FILLED)
                return 1
            start.keys()
            house.unlock()
            stack.enter_context(zones.lived_by())
        with lockbox.let_in(command, console):
            return command.run(given, console)


if __name__ == "__main__":
    raise SystemExit(main())
