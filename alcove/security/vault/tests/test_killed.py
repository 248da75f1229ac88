"""Keys are changed by processes that are killed at random moments: the practice always opens, and in the end it is done.

Part of VLT-09. Each kind of change is killed at least eight times on SQLite and five times on PostgreSQL, or
``ALCOVE_TEST_KILLS`` times as often.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest

from alcove.security.vault.tests import kms
from alcove.security.vault.tests.forking import Forks
from bench import scratch

CLIENTS, FACTORS = 40, 20
TIMES = int(os.environ.get("ALCOVE_TEST_KILLS", "1"))
KILLS = {"sqlite": 8 * TIMES, "postgresql": 5 * TIMES}


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    """A home with clients and secrets, copied for each test."""
    home = tmp_path_factory.mktemp("founded")
    forks = Forks(home)
    forks.run("found", CLIENTS, FACTORS)
    forks.close()
    return home


@pytest.fixture(scope="module")
def founded_apart(tmp_path_factory):
    """The same on a PostgreSQL cluster: its home and its database, a template for each test."""
    if not scratch.has_postgresql():
        pytest.skip("PostgreSQL 15 is not here: install Debian's postgresql-15")
    home = tmp_path_factory.mktemp("founded-apart")
    with scratch.postgresql() as url:
        forks = Forks(home, ALCOVE_DATABASE_URL=url)
        forks.run("found", CLIENTS, FACTORS)
        forks.close()
        yield home, url


def on_sqlite(founded, home, **environment):
    shutil.copytree(founded, home)
    return Forks(home, **environment)


def on_postgresql(founded_apart, home, **environment):
    founded, url = founded_apart
    shutil.copytree(founded, home)
    name = f"alcove_{uuid4().hex}"
    # Another database of the cluster, because none may be copied by whoever is connected to it.
    with psycopg.connect(f"{url.rpartition('/')[0]}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE alcove")
    return Forks(home, ALCOVE_DATABASE_URL=f"{url.rpartition('/')[0]}/{name}", **environment)


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=BOTH)
def begun(request, tmp_path):
    """Begins a practice's forking process on either database: ``begun(**environment)``."""
    made = []

    def begin(**environment):
        kind, founded = (
            (on_sqlite, "founded") if request.param == "sqlite" else (on_postgresql, "founded_apart")
        )
        made.append(kind(request.getfixturevalue(founded), tmp_path / "home", **environment))
        made[-1].kills = KILLS[request.param]
        return made[-1]

    yield begin
    for forks in made:
        forks.close()


@pytest.fixture
def forks(begun):
    return begun()


def kill_many(forks, *order) -> dict:
    """Kill the order at random moments; whatever the moment, everything opens. Then let it finish."""
    began = time.monotonic()
    forks.run(*order)
    takes = time.monotonic() - began
    rng, killed, state = random.Random(7), 0, {}
    for _ in range(6 * forks.kills):
        after = rng.uniform(0, takes)
        if forks.run_and_kill(after, *order):
            killed += 1
        else:
            takes = after  # it takes less than we thought
        state = forks.run("check")
        assert (state["names"], state["secrets"], state["contacts"]) == (CLIENTS, FACTORS, CLIENTS)
        if killed >= forks.kills:
            break
    assert killed >= forks.kills
    return state


@contextmanager
def looking(forks):
    """Let somebody search by phone all the while; nobody may be missed."""
    stop = forks.home / "stop-looking"
    pid = forks.begin("look", str(stop))
    try:
        yield
    finally:
        stop.touch()
        looked = forks.end(pid)
    assert looked["code"] == 0, looked["told"]
    assert looked["told"]["missed"] == []
    assert looked["told"]["rounds"] > 0


def test_a_root_rotation_survives_being_killed_and_finishes(forks):
    first = (forks.home / "keys/root.key").read_text()
    kill_many(forks, "rotate_root")
    forks.run("rotate_root")
    state = forks.run("check")
    if state["root_pending"]:  # the run before only finished what the last killed one had begun
        forks.run("rotate_root")
        state = forks.run("check")
    assert not state["root_pending"]
    forks.run("destroy_roots")
    state = forks.run("check")
    assert state["roots"] == [state["root_id"]]
    # The root it began with opens nothing any more.
    (forks.home / "keys/root.key").write_text(first)
    ended = forks.end(forks.begin("check"))
    assert "VaultShut" in ended["told"]


def test_a_house_rotation_survives_being_killed_and_finishes(forks):
    with looking(forks):
        kill_many(forks, "rotate_house")
        if forks.run("check")["house_pending"]:
            forks.run("rotate_house")
    state = forks.run("check")
    assert (state["house_pending"], state["clients_behind"], state["values_behind"]) == (False, 0, 0)
    wraps = [key for key in state["versions"] if key[0] == "wrap"]
    assert len(wraps) == 1
    assert wraps[0][2] == CLIENTS
    assert wraps[0][1] > 1
    # Every contact is cut with the one index key there is; the older ones are destroyed.
    assert [key[1] for key in state["versions"] if key[0] == "index"] == [wraps[0][1]]
    assert state["cuts"] == state["ways"] == [[wraps[0][1], 8]]


def test_cutting_contacts_to_other_bits_survives_being_killed_and_finishes(forks):
    with looking(forks):
        kill_many(forks, "recut")
        if len(forks.run("check")["ways"]) > 1:
            forks.run("recut")
    state = forks.run("check")
    assert state["cuts"] == state["ways"]
    assert state["cuts"] in ([[1, 8]], [[1, 10]])


@pytest.mark.parametrize("order", ["recut", "rotate_house"])
def test_a_value_cut_just_before_a_change_is_never_left_behind(forks, order):
    held, go = forks.home / "held", forks.home / "go"
    slow = forks.begin("add_phone_slowly", str(held), str(go))
    until = time.monotonic() + 60
    while not held.exists() and time.monotonic() < until:
        time.sleep(0.01)
    change = forks.begin(order)
    time.sleep(3)  # were it not to wait for the slow one, it would be through by now
    go.touch()
    ended = [forks.end(slow), forks.end(change)]
    assert [each["code"] for each in ended] == [0, 0], ended
    state = forks.run("check")
    assert state["contacts"] == CLIENTS + 1
    assert state["cuts"] == state["ways"]
    assert len(state["ways"]) == 1


def test_replacing_a_clients_key_survives_being_killed(forks):
    kill_many(forks, "replace_key", 3)
    before = forks.run("replace_key", 3)
    assert forks.run("replace_key", 3) == before + 1


def test_moving_to_another_provider_survives_being_killed(begun):
    # SoftHSM itself rewrites its files at each sign-in and does not survive kill -9, so the other provider is KMS.
    with kms.server() as aws:
        forks = begun(**aws.environment)
        kill_many(forks, "rewrap", "aws-kms")
        before = forks.run("check")["provider"]
        forks.run("rewrap", "aws-kms")
        assert forks.run("check")["provider"] != before


def test_others_go_on_working_while_keys_change(forks):
    stop = forks.home / "stop"
    live = [forks.begin("live", str(stop), number) for number in (0, 1)]
    for _ in range(2):
        forks.run("rotate_root")
        forks.run("rotate_house")
        forks.run("recut")
        for number in range(0, CLIENTS, 4):
            forks.run("replace_key", number)
    time.sleep(5)  # they notice by themselves, and do some work on a busy machine too
    stop.touch()
    done = [forks.end(pid) for pid in live]
    assert [each["code"] for each in done] == [0, 0], done
    done = [each["told"] for each in done]
    assert [each["failures"] for each in done] == [[], []]
    for each in done:
        # Whoever writes in the very moment a client's key is replaced is asked to save again; nobody else is.
        assert each["refused"] <= 2 * CLIENTS / 4
        assert min(each[what] for what in ("read", "written", "created", "factors")) >= 3
        # It noticed the new versions, uses them, and forgot the destroyed one.
        assert (each["wrap_version"], each["seal_version"], each["wrap_held"]) == (3, 3, [3])
        assert each["index_held"] == [3]
    state = forks.run("check")
    assert state["names"] == CLIENTS + sum(each["created"] for each in done)
    assert state["clients_behind"] == 0
    assert state["contacts"] == state["names"]
    assert state["cuts"] == state["ways"] == [[3, 8]]
