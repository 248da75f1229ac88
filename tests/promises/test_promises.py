"""What Alcove claims about itself, run as an owner runs it: each promise holds, and its planted faults turn it red."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings

from alcove.project.commands.prove import _run
from alcove.project.prove.promises import PROMISES
from alcove.project.prove.scratch import Scratch, scratch_database

pytestmark = pytest.mark.databases
BY_DATABASE = {1, 5, 6, 12, 20, 21, 22, 24, 25, 36}
"""Promises whose outcome hangs on the database; the others are proved on SQLite alone, which saves minutes."""
ALL = [promise.number for promise in PROMISES]
OF_A_STORE = {26}
"""What only a store outside can prove: ``test_write_once`` brings one."""
NUMBERS = [
    number
    for number in ALL
    if number not in OF_A_STORE and (not settings.ALCOVE.is_postgresql or number in BY_DATABASE)
]


@pytest.fixture(scope="session")
def outcomes() -> dict[int, dict[str, Any]]:
    """Run all promises once, in a process, a scratch home and a scratch database of their own."""
    with scratch_database(settings.ALCOVE) as scratch:
        return {found["number"]: found for found in _run(NUMBERS, scratch)}


def test_these_promises_can_be_run():
    assert [*range(1, 28), 36] == ALL


@pytest.mark.parametrize("number", NUMBERS)
def test_the_promise_is_proved_and_its_faults_are_seen(outcomes: dict[int, dict[str, Any]], number: int):
    found = outcomes[number]
    assert found["state"] == "proved", found["tried"]
    assert found["fault_seen"]
    assert found["database"] == ("postgresql" if settings.ALCOVE.is_postgresql else "sqlite")


def _databases(url: str) -> set[str]:
    with psycopg.connect(url) as server:
        return {name for (name,) in server.execute("SELECT datname FROM pg_database").fetchall()}


def test_without_postgresql_or_without_its_leave_a_scratch_is_sqlite():
    with scratch_database(replace(settings.ALCOVE, database_url="")) as scratch:
        assert (scratch.url, scratch.kind) == ("", "sqlite")
    away = "postgresql://nobody:x@127.0.0.1:1/nothing"
    with scratch_database(replace(settings.ALCOVE, database_url=away)) as scratch:
        assert (scratch.url, scratch.kind) == ("", "sqlite")
        assert "did not answer" in scratch.where


class _Stopped(Exception):
    """Stops the work in the middle."""


def _stop_in(scratch: Scratch) -> None:
    """Leave a connection open and a table behind, then stop."""
    with psycopg.connect(scratch.url) as still_open:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert still_open.execute(tables).fetchone() == (0,)
        still_open.execute("CREATE TABLE left_behind (one integer)")
        raise _Stopped


@pytest.fixture
def ours() -> str:
    """The URL of the practice's database on PostgreSQL."""
    if not settings.ALCOVE.is_postgresql:
        pytest.skip("needs PostgreSQL: ALCOVE_DATABASE_URL says SQLite")
    return str(settings.ALCOVE.database_url)


@pytest.mark.postgresql
def test_a_scratch_database_is_new_beside_the_practices_and_gone_afterwards(ours: str):
    before = _databases(ours)
    with scratch_database(settings.ALCOVE) as scratch:
        [made] = _databases(ours) - before
        assert (scratch.kind, scratch.url) == ("postgresql", ours.rpartition("/")[0] + "/" + made)
        with pytest.raises(_Stopped):
            _stop_in(scratch)
        held = psycopg.connect(scratch.url)
    assert _databases(ours) == before
    with pytest.raises(psycopg.OperationalError):
        held.execute("SELECT 1")


@pytest.mark.postgresql
def test_a_role_that_may_create_no_database_gets_sqlite_and_is_told(ours: str):
    url = urlsplit(ours)
    with psycopg.connect(ours, autocommit=True) as server:
        server.execute("CREATE ROLE alcove_lesser LOGIN PASSWORD 'lesser'")
        try:
            lesser = url._replace(netloc=f"alcove_lesser:lesser@{url.hostname}:{url.port}").geturl()
            before = _databases(lesser)
            with scratch_database(replace(settings.ALCOVE, database_url=lesser)) as scratch:
                assert (scratch.url, scratch.kind) == ("", "sqlite")
                assert "may not create a scratch database" in scratch.where
                assert _databases(lesser) == before
        finally:
            server.execute("DROP ROLE alcove_lesser")
