"""Sessions of the pool when PostgreSQL ends them, goes and comes back, or takes no writes, as in a failover."""

from __future__ import annotations

import time

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError

from alcove.config import load
from alcove.project.settings import database
from alcove.security.access.backends.postgresql import base
from tests import postgresql

pytestmark = pytest.mark.postgresql
SESSIONS = 4


@pytest.fixture(scope="module")
def machine():
    """Yield what ``running`` needs to start one cluster again and again."""
    bin_ = postgresql.programs()
    if bin_ is None:
        pytest.skip("there is no PostgreSQL server here")
    with postgresql.initialised(bin_) as (folder, boss, who):
        yield bin_, folder, boss, who


@pytest.fixture
def wrapper(django_db_blocker):
    """Return a function that gives one more user of the same pool, as each thread of a process is one."""
    made = []

    def one(url):
        config = database(load({"ALCOVE_HOME": str(settings.ALCOVE.home), "ALCOVE_DATABASE_URL": url}))
        whole = settings.DATABASES["default"] | config
        whole["OPTIONS"].pop("assume_role")
        made.append(base.DatabaseWrapper(whole, "failover"))
        made[-1].inc_thread_sharing()
        return made[-1]

    with django_db_blocker.unblock():
        yield one
        for each in made:
            each.close()
    base.DatabaseWrapper.waited_in_vain = False
    base.DatabaseWrapper._connection_pools.pop("failover").close()


def _asked(wrapper):
    with wrapper.wrap_database_errors, wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def _soon(wrapper):
    """Ask until the pool has tried again by itself."""
    end = time.monotonic() + 120
    while True:
        try:
            return _asked(wrapper)
        except OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _url(port, boss):
    return f"postgresql://boss:{boss}@127.0.0.1:{port}/postgres"


def test_nobody_meets_a_session_that_was_ended_while_it_waited(machine, wrapper):
    with postgresql.running(*machine, durable=False) as port:
        users = [wrapper(_url(port, machine[2])) for _ in range(SESSIONS)]
        pids = {_asked(user) for user in users}
        assert len(pids) == SESSIONS
        for user in users:
            user.close()
        with postgresql.connect(port, machine[2]) as boss:
            boss.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) pid", [list(pids)])
        assert not {_asked(user) for user in users} & pids


def test_while_it_is_away_one_waits_and_the_next_are_told_at_once(machine, wrapper, monkeypatch):
    monkeypatch.setattr(base, "PATIENCE", 1.0)
    port = postgresql.free_port()
    user = wrapper(_url(port, machine[2]))
    with postgresql.running(*machine, durable=False, port=port):
        _asked(user)
        user.close()
    for longest in (base.PATIENCE, base.BRIEF, base.BRIEF):
        with pytest.raises(OperationalError):
            _asked(user)
        assert user.pool.timeout == longest
    # Away for longer than a pool tries by itself; nobody asks meanwhile.
    time.sleep(6)
    with postgresql.running(*machine, durable=False, port=port):
        assert _soon(user)
        user.close()
        assert not base.DatabaseWrapper.waited_in_vain


def test_a_session_that_could_not_write_is_not_taken(machine, wrapper, monkeypatch):
    monkeypatch.setattr(base, "PATIENCE", 1.0)
    with postgresql.running(*machine, durable=False) as port:
        with postgresql.connect(port, machine[2]) as boss:
            boss.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
        user = wrapper(_url(port, machine[2]))
        with pytest.raises(OperationalError):
            _asked(user)
        with psycopg.connect(_url(port, machine[2])) as boss:
            boss.execute("SET TRANSACTION READ WRITE")
            boss.execute("ALTER DATABASE postgres RESET default_transaction_read_only")
        assert _soon(user)


def test_of_several_machines_the_one_that_takes_writes_is_found(machine, wrapper):
    with postgresql.running(*machine, durable=False) as port:
        away = postgresql.free_port()
        user = wrapper(f"postgresql://boss:{machine[2]}@127.0.0.1:{away},127.0.0.1:{port}/postgres")
        assert _asked(user)
