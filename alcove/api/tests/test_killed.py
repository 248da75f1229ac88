"""An import that is killed is run again and ends where an uninterrupted one does."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from alcove.api.tests.make import synthea

ROOT = Path(__file__).resolve().parents[3]


def start(home, verb, *files):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ALCOVE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "alcove.api.tests.scratch", str(home), verb, *map(str, files)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home, verb, *files):
    process = start(home, verb, *files)
    said, wrong = process.communicate(timeout=300)
    assert process.returncode == 0, wrong
    return json.loads(said) if said else None


@pytest.fixture(scope="module")
def homes(shared, tmp_path_factory):
    """Files, and two copies of one new practice."""
    folder = tmp_path_factory.mktemp("killed")
    run(folder / "first", "found")
    shutil.copytree(folder / "first", folder / "second")
    return synthea(shared, folder, 6), folder / "first", folder / "second"


def test_killed_at_any_moment_and_run_again_is_as_if_never_killed(homes):
    files, whole, broken = homes
    total = run(whole, "import", "0", *files)
    rng, kills, last = random.Random(5), 0, {}
    # Early kills come between reading and the first client; each later run finds some clients there whole.
    for share in (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9):
        moment = int(total["statements"] * share * rng.uniform(0.8, 1.1))
        process = start(broken, "import", str(moment), *files)
        process.communicate(timeout=300)
        kills += process.returncode == -signal.SIGKILL
    # What is imported already is passed over quickly: go on with early kills until enough were met.
    for _ in range(12):
        if kills < 4:
            process = start(
                broken, "import", str(int(total["statements"] * 0.02 * rng.uniform(0.8, 1.1))), *files
            )
            process.communicate(timeout=300)
            kills += process.returncode == -signal.SIGKILL
    assert kills >= 4
    last = run(broken, "import", "0", *files)
    assert last["created"] + last["kept"] + last["unchanged"] == total["read"]
    mine, theirs = run(broken, "state"), run(whole, "state")
    assert mine["log_holds"] is True
    assert theirs["log_holds"] is True
    assert mine["clients"] == theirs["clients"]
    assert len(mine["clients"]) == len(files)
    again = run(broken, "import", "0", *files)
    assert again["unchanged"] == total["read"]
