"""Entries written by many processes and threads at once, some of them killed: the log holds (AUD-03)."""

from __future__ import annotations

import random
import time

import pytest

from alcove.security.vault.tests.forking import Forks
from bench import scratch


@pytest.fixture(scope="module")
def cluster():
    if not scratch.has_postgresql():
        pytest.skip("PostgreSQL 15 is not here: install Debian's postgresql-15")
    with scratch.postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def forks(request, tmp_path):
    environment = {}
    if request.param == "postgresql":
        environment["ALCOVE_DATABASE_URL"] = scratch.new_database(request.getfixturevalue("cluster"))
    made = Forks(tmp_path / "home", **environment)
    made.run("found", 5, 1)
    yield made
    made.close()


def test_entries_of_many_writers_hold_together(forks):
    before = forks.run("verify_log")["entries"]
    linking = [forks.begin("link_log", 6.0) for _ in range(2)]
    writing = [forks.begin("write_log", 3, 12) for _ in range(4)]
    for pid in writing:
        ended = forks.end(pid)
        assert ended["told"] == [], ended
    for pid in linking:
        assert forks.end(pid)["code"] == 0
    told = forks.run("verify_log")
    assert told["faults"] == []
    assert told["unlinked"] == 0
    # Every read, and every deed that was not rolled back, has its one entry.
    deeds_kept = sum(1 for turn in range(0, 12, 3) if turn % 2)
    assert told["entries"] - before == 4 * 3 * (12 + deeds_kept)
    assert told["deeds"] == told["versions"] == 4 * 3 * deeds_kept


def test_writers_and_sequencers_may_be_killed_at_any_moment(forks):
    rng, killed = random.Random(11), 0
    rounds = 0
    # A busy machine may end a writer before its kill: go on until enough of them met theirs.
    while rounds < 8 or (killed < 16 and rounds < 24):
        rounds += 1
        writers = [forks.begin("write_log", 2, 40) for _ in range(2)]
        linker = forks.begin("link_log", 30.0)
        time.sleep(rng.uniform(0.2, 1.0))
        for pid in (*writers, linker):
            killed += forks.kill(pid)
        told = forks.run("verify_log")
        assert told["faults"] == []
        assert told["unlinked"] == 0
        # A deed and its entry are there both, or neither.
        assert told["deeds"] == told["versions"]
    assert killed >= 16
