"""Runs the whole suite: ``python -m tests.run [sqlite] [postgresql] [browser] [-- PYTEST ARGUMENTS]``.

Three parts, each a pytest of its own: everything that needs no server, on SQLite; the same on a throw-away PostgreSQL;
the journeys in a real browser. The first two run side by side, the second one's words follow the first's; the journeys
run two at a time, each with a server and a demo practice of its own. Ends with one
closing line in pytest's own form that counts all parts, and a non-zero exit if anything failed. What this machine cannot
run is named with the Debian package it lacks; under CI that is a failure.

Machines are shared, and some tests kill processes or let many write at one moment. Where no more than three tests of a
part failed, they run again by themselves when all else is over, three times. Only what passes each time counts as
passed, and is named at the end as unsteady: something to mend.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, Any, cast

from tests import postgresql
from tests.tally import COUNTED, FAILED, closing_words

ROOT = Path(__file__).resolve().parents[1]
PARTS = {
    "sqlite": "not browser and not postgresql",
    "postgresql": "not browser and not source",
    "browser": "browser",
}
"""Part: which tests it runs, by their marks."""
WORKERS = {"browser": ["-n", "2", "--dist", "loadfile"]}
"""Part: how many of its tests run at a time, where it is not one; those of a file stay together."""
NEEDS = {"postgresql": "postgresql", "browser": "chromium"}
"""Part: the Debian package without which it cannot run."""
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
SOME_FAILED, NO_TESTS = 1, 5
"""pytest's exit codes: tests failed; nothing was selected."""
UNSTEADY_MOST, AGAIN = 3, 3
"""How many failures of a part are looked at again, and how many times each must pass then."""


def lacking() -> dict[str, str]:
    """Return what this machine cannot run: what it is, and the Debian package it needs."""
    missing = {}
    if postgresql.programs() is None:
        missing["the tests on PostgreSQL"] = "postgresql"
    if shutil.which("chromium") is None:
        missing["the journeys in a browser"] = "chromium"
    if not SOFTHSM.exists():
        missing["the tests with a hardware key store"] = "softhsm2"
    if shutil.which("pgbackrest") is None:
        missing["the test of going back to a moment"] = "pgbackrest"
    return missing


@contextmanager
def part(
    name: str, arguments: list[str], scratch: Path, *, look: int = 0, into: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start one part in a home of its own; on PostgreSQL beside a throw-away server. ``look``: see ``second_look``."""
    own = f"{name}-{look}" if look else name
    home = scratch / own
    home.mkdir()
    environment = os.environ | {"ALCOVE_HOME": str(home), "ALCOVE_TEST_TALLY": str(scratch / f"{own}.json")}
    environment.pop("ALCOVE_DATABASE_URL", None)
    command = [sys.executable, "-m", "pytest", "-p", "tests.tally", "-m", PARTS[name]]
    command += [*WORKERS.get(name, []), *arguments]
    if name == "browser" and not any((ROOT / word.partition("::")[0]).exists() for word in arguments):
        command.append("tests/journeys")
    if into is None and sys.stdout.isatty():
        command.append("--color=yes")
    with ExitStack() as stack:
        if name == "postgresql":
            environment["ALCOVE_DATABASE_URL"] = stack.enter_context(postgresql.cluster())
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=into, stderr=into
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def run(parts: list[str], arguments: list[str], scratch: Path) -> dict[str, int]:
    """Run the parts; return their exit codes."""
    codes: dict[str, int] = {}
    log = scratch / "postgresql.log"
    with ExitStack() as stack:
        aside = None
        if "postgresql" in parts and len(parts) > 1:
            aside = stack.enter_context(
                part("postgresql", arguments, scratch, into=stack.enter_context(log.open("wb")))
            )
        for name in parts:
            _say(f"\n=== {name} ===")
            if name == "postgresql" and aside is not None:
                codes[name] = aside.wait()
                _say(log.read_text("utf-8", "replace"))
                continue
            with part(name, arguments, scratch) as process:
                codes[name] = process.wait()
    return codes


def tally_of(name: str, scratch: Path) -> dict[str, Any]:
    """Return what a part left: ``counts`` by outcome, and ``failed``, whole ids. One that died counts as an error."""
    tally = scratch / f"{name}.json"
    if tally.exists():
        return cast("dict[str, Any]", json.loads(tally.read_text("utf-8")))
    return {"counts": {"error": 1}, "failed": []}


def counted(parts: list[str], scratch: Path, unsteady: Collection[str] = ()) -> Counter[str]:
    """Return how many tests ended how, over all parts; ``unsteady``: the parts whose failures passed when alone."""
    total = Counter(dict.fromkeys(COUNTED, 0))
    for name in parts:
        found = tally_of(name, scratch)
        counts = Counter(found["counts"])
        if name in unsteady:
            again = len(found["failed"])
            counts.update(passed=again, rerun=again)
            counts -= Counter({kind: counts[kind] for kind in FAILED})
        total.update(counts)
    return total


def second_look(name: str, scratch: Path) -> bool:
    """Run the few tests of a part that failed again, with nothing beside them; return whether each passed each time.

    A fault that comes one time in five gets through here with one chance in two; what a busy machine did is told apart
    from it. More than a few failures, or a part that died, are no matter of chance and are not looked at again.
    """
    failed = tally_of(name, scratch)["failed"]
    if not 1 <= len(failed) <= UNSTEADY_MOST:
        return False
    apart = ["-n", "0"] if name in WORKERS else []
    for look in range(1, AGAIN + 1):
        _say(f"\n=== {name}: what failed, alone, {look} of {AGAIN} ===")
        with part(name, [*apart, *failed], scratch, look=look) as process:
            if process.wait():
                return False
    return True


def closing_line(counts: dict[str, int], seconds: float) -> str:
    """Return pytest's closing line for all parts together."""
    spent = f"{seconds:.2f}s"
    if seconds >= 60:
        spent += f" ({time.strftime('%-H:%M:%S', time.gmtime(seconds))})"
    return f" {closing_words(counts)} in {spent} ".center(shutil.get_terminal_size().columns, "=")


def split(given: list[str]) -> tuple[list[str], list[str]]:
    """Return the parts asked for (all if none is named) and the arguments for pytest."""
    at = given.index("--") if "--" in given else len(given)
    unknown = set(given[:at]) - set(PARTS)
    if unknown:
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return [name for name in PARTS if name in given[:at]] or list(PARTS), given[at + 1 :]


def _stop(number: int, frame: FrameType | None) -> Any:
    raise KeyboardInterrupt


MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30
"""Bytes the scratch homes and databases of a whole run may take."""


def scratch_in_memory() -> None:
    """Let scratch homes lie in memory where there is room: waiting for a disk to keep them proves nothing here."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        return
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def main(given: list[str]) -> int:
    """Run what was asked for; return 0 only if all of it passed."""
    signal.signal(signal.SIGTERM, _stop)
    scratch_in_memory()
    asked, arguments = split(given)
    missing = lacking()
    parts = [name for name in asked if NEEDS.get(name) not in missing.values()]
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="alcove-tests-"))
    try:
        codes = run(parts, arguments, scratch)
        unsteady = [
            name for name, code in codes.items() if code == SOME_FAILED and second_look(name, scratch)
        ]
        counts = counted(parts, scratch, unsteady)
        named = [one for name in unsteady for one in tally_of(name, scratch)["failed"]]
    except KeyboardInterrupt:
        _say("\nStopped.")
        return 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for one in named:
        _say(f"Unsteady, to be mended: {one} failed once, and passed {AGAIN} times alone.")
    failed = [name for name, code in codes.items() if code not in (0, NO_TESTS) and name not in unsteady]
    for name in failed:
        _say(f"Failed: {name}.")
    if missing:
        _say(f"Not run, because this machine lacks what they need: {', '.join(missing)}.")
        _say(f"On Debian: sudo apt-get install {' '.join(missing.values())}")
    _say(closing_line(counts, time.monotonic() - began))
    nothing = all(code == NO_TESTS for code in codes.values())
    return 1 if failed or nothing or (missing and os.environ.get("CI") == "true") else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
