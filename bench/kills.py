"""Killing a practice at 200 random moments of writing, backing up, restoring, rotating keys and erasing.

    python bench/kills.py [--moments N] [--seed N] [--database sqlite|postgresql|both]

Each time a process dies by SIGKILL (``kill -9``), as a rule while another one makes clients; after each kill every
client whose making was acknowledged has to open with their words, and the log's chain to hold. In the end every deed
that was interrupted is started once more and has to finish. Prints what was killed, and exits with 1 on any fault.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from alcove.operations.backups.tests import killing
from alcove.operations.backups.tests.ground import Ground
from tests import postgresql

CLIENTS, FILLED, FACTORS = 12, 5, 3
STEP = 25


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def _progress(tally: killing.Tally) -> None:
    if tally.tries % STEP == 0:
        say(f"  {tally.tries} kills, {len(tally.faults)} faults")


def tried(kind: str, moments: int, seed: int) -> bool:
    """Kill a practice on one kind of database; return whether nothing was lost."""
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alcove-bench-")))
        url = stack.enter_context(postgresql.cluster()) if kind == "postgresql" else ""
        ground = Ground(folder / "home", url)
        stack.callback(ground.forks.close)
        ground.run("found", CLIENTS, FACTORS)
        ground.run("fill", FILLED)
        ground.run("link_log", 0.5)
        tally = killing.often(ground, folder, moments, random.Random(seed), _progress)
        told = len((folder / "told").read_text().split())
    parts = ", ".join(f"{kind} {count}" for kind, count in tally.by_kind.items())
    say(
        f"{kind}: {tally.killed} of {tally.tries} processes were still at work when they were killed ({parts}), in "
        f"{time.monotonic() - began:.0f} s; {told:,} clients acknowledged, {len(tally.faults)} faults"
    )
    for fault in tally.faults[:20]:
        say(f"  {fault}")
    return not tally.faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    given = parser.parse_args()
    kinds = ("sqlite", "postgresql") if given.database == "both" else (given.database,)
    if postgresql.programs() is None and "postgresql" in kinds:
        say("PostgreSQL is not installed here, so it was not tried.")
        kinds = tuple(kind for kind in kinds if kind != "postgresql")
    say(f"seed {given.seed}")
    return 0 if all(tried(kind, given.moments, given.seed) for kind in kinds) else 1


if __name__ == "__main__":
    raise SystemExit(main())
