"""``alcove prove``: runs the promises on a scratch practice and says only what it proved."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from alcove.console import Command, Console, OnHost
from alcove.project.prove import spares
from alcove.project.prove.promises import PROMISES
from alcove.project.prove.scratch import Scratch, scratch_database


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "numbers",
        nargs="*",
        type=int,
        metavar="PROMISE",
        help="numbers; default: all that this installation claims",
    )


def prove(given: argparse.Namespace, console: Console) -> int:
    """Run the promises asked for; exit 0 only when each of them is proved.

    Without numbers, all that this installation claims: one without a write-once bucket does not claim what only such a
    store can show. It is run and said all the same.
    """
    known = {promise.number: promise.text for promise in PROMISES}
    wanted = given.numbers or sorted(known)
    outcomes: list[dict[str, Any]] = []
    with scratch_database(settings.ALCOVE) as scratch, console.progress("Proving", len(wanted)) as advance:
        for found in _run([number for number in wanted if number in known], scratch):
            outcomes.append(found)
            advance(1)
            mark = {"proved": "proved    ", "failed": "FAILED    "}.get(found["state"], "not proved")
            console.say(f"{found['number']:>2}  {mark}  {found['promise']}")
            console.say(f"                {found['tried']} ({found['seconds']} s)")
    seen = {found["number"] for found in outcomes}
    for number in wanted:
        if number not in seen:
            text = known.get(number, "a promise this build cannot check yet")
            outcomes.append(
                {"number": number, "promise": text, "state": "not proved", "tried": "not run", "fault_seen": False,
                 "seconds": 0.0, "database": ""}
            )  # fmt: skip
            console.say(f"{number:>2}  not proved  {text}")
    console.result(outcomes)
    claimed = [
        number for number in wanted if given.numbers or number not in spares.unclaimed(settings.ALCOVE)
    ]
    states = {found["number"]: found["state"] for found in outcomes}
    proved = sum(state == "proved" for state in states.values())
    console.say(f"{proved} of {len(wanted)} proved.")
    console.say(scratch.where)
    holds = all(states[number] == "proved" for number in claimed) and "failed" not in states.values()
    return 0 if holds else 1


def _run(numbers: list[int], scratch: Scratch) -> Iterator[dict[str, Any]]:
    """Yield outcomes from a child process whose home is an empty folder inside ours, removed afterwards.

    Of our settings it knows none but which buckets hold backups, for one promise is about them (``spares``).
    """
    if not numbers:
        return
    base = settings.ALCOVE.temporary
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    home = Path(tempfile.mkdtemp(prefix="prove-", dir=base))
    spares.name_places(home, settings.ALCOVE.backup_places)
    given = {name: value for name, value in os.environ.items() if not name.startswith("ALCOVE_")}
    given |= {"ALCOVE_HOME": str(home), "TMPDIR": str(home)}
    if scratch.url:
        given["ALCOVE_DATABASE_URL"] = scratch.url
    words = [sys.executable, "-m", "alcove.project.prove.run", *map(str, numbers)]
    try:
        with subprocess.Popen(  # noqa: S603 - our own module, numbers only
            words,
            env=given,
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            for line in child.stdout or ():
                if line.startswith("{"):
                    yield json.loads(line) | {"database": scratch.kind}
    finally:
        shutil.rmtree(home, ignore_errors=True)


COMMANDS = [
    Command(
        ("prove",),
        "check the product's promises on a scratch practice",
        prove,
        _arguments,
        needs_practice=False,
        on_host=OnHost.OPEN,
    )
]
