"""At one moment: one approval, one erasure; a hold or a step; a worker killed anywhere is finished by the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from bench import scratch


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def crowd(request):
    """What became of several who came at one moment (``crowd.py``)."""

    def run(*words):
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ALCOVE_", "DJANGO_"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "alcove.compliance.privacy.tests.crowd", *words],
            env=kept, cwd=scratch.ROOT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    if request.param == "sqlite":
        return run()
    if not scratch.has_postgresql():
        pytest.skip("PostgreSQL 15 is not here: install Debian's postgresql-15")
    with scratch.postgresql() as url:
        return run(scratch.new_database(url))


def test_at_one_moment_one_wins_and_a_killed_worker_loses_nothing(crowd):
    assert sorted(map(str, crowd["approved"])) == ["Conflict", "Conflict", "Conflict", "approved"]
    assert (crowd["carried"], crowd["erased once"]) == (1, 1)
    # Approved or brought back, never both.
    assert sorted(map(str, crowd["torn"])) in (["Conflict", "approved"], ["Conflict", "None"])
    assert crowd["torn state"] in {"approved", "withdrawn"}
    assert crowd["hold holds"]
    assert crowd["half"]
    assert crowd["deleted twice"].count(True) == 1
    assert crowd["killed"] > 0
    assert crowd["finished"] == ["done", 0]
    assert crowd["chain"]
