"""What every verb of the ``alcove`` command shares: how it is declared, and how it speaks.

An area's ``commands.py`` holds ``COMMANDS``, a list of ``Command``; ``project/wiring.py`` names those modules. A verb
returns 0 when all went well, 1 when what it was asked to check does not hold; wrong usage is 2.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Console:
    """Speaks plain sentences, or one JSON document with ``--json``. Never prints key material."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._errors = Terminal(stderr=True, highlight=False, soft_wrap=True)

    @property
    def operator(self) -> str:
        """The system account of whoever has the console, for the log; the kernel's word, not an environment's."""
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return f"uid {os.getuid()}"

    def say(self, sentence: str = "") -> None:
        """Print a sentence, unless a script reads this."""
        if not self.as_json:
            sys.stdout.write(sentence + "\n")
            sys.stdout.flush()

    def warn(self, sentence: str) -> None:
        """Print a sentence to standard error."""
        sys.stderr.write(sentence + "\n")

    def result(self, document: Any) -> None:
        """Print the JSON document a script asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")

    def agreed(self, question: str) -> bool:
        """Ask whoever sits at the terminal; nobody there is a no."""
        if not sys.stdin.isatty():
            return False
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Show a bar on a terminal; yields ``advance(steps)``. Silent where nobody looks."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda _steps: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._errors) as bar:
            task = bar.add_task(label, total=total)
            yield lambda steps: bar.advance(task, steps)


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """For verbs that take none."""


class OnHost(StrEnum):
    """What becomes of a verb where whoever has the console is a host and not the practice (``ALCOVE_HOSTED``).

    ``APPROVED``: it shows or takes practice data, so it runs inside an approved support access only. ``OPEN``: it shows
    none. ``NEVER``: it would make a way in that outlives any access.
    """

    APPROVED = "approved"
    OPEN = "open"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Command:
    """One verb: ``words`` such as ("import", "fhir"), what it does, its arguments, and the function that does it.

    ``needs_practice``: whether Django, keys and a migrated database must be there before it runs. ``on_host``: a verb
    that does not say so is one that shows practice data. ``takes_turn``: whether the verb works beside others on this
    home; one that does not takes its turn itself (``project/turns.py``).
    """

    words: tuple[str, ...]
    help: str
    run: Callable[[argparse.Namespace, Console], int]
    arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments
    needs_practice: bool = True
    on_host: OnHost = OnHost.APPROVED
    takes_turn: bool = True
