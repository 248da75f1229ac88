"""A practice goes from SQLite to PostgreSQL and back; what stands in the way; what is found when a row is not equal."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest

from alcove.operations.backups.tests.ground import Ground
from alcove.project import moving, rows, turns
from tests import postgresql

CLIENTS, FILLED, FACTORS = 3, 2, 2
once = pytest.mark.source
"""It brings its own databases, so it runs with one part of the suite and not with both."""
SQLITE, POSTGRESQL = (
    pytest.param("sqlite", marks=once),
    pytest.param("postgresql", marks=pytest.mark.postgresql),
)


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    ground = Ground(tmp_path_factory.mktemp("founded") / "home")
    ground.run("found", CLIENTS, FACTORS)
    ground.run("fill", FILLED)
    ground.run("link_log", 0.3)
    ground.forks.close()
    return ground.home


@pytest.fixture
def ground(founded, tmp_path):
    shutil.copytree(founded, tmp_path / "home")
    made = Ground(tmp_path / "home")
    yield made
    made.forks.close()


@pytest.fixture(scope="module")
def server():
    if postgresql.programs() is None:
        pytest.skip("PostgreSQL is not here: install Debian's postgresql")
    with postgresql.cluster() as url:
        yield url


@pytest.fixture
def empty(server):
    """Return an empty database's address."""
    name = f"alcove_{uuid4().hex}"
    with psycopg.connect(f"{server.rpartition('/')[0]}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server.rpartition('/')[0]}/{name}"


def move(ground, to, *words):
    return ground.alcove("move", "--yes", "--to", to, *words)


def held(home):
    """Return every row of a home's SQLite database, as it lies there."""
    with closing(sqlite3.connect(home / "alcove.sqlite3")) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names}


@pytest.fixture(scope="module")
def moved(founded, server, tmp_path_factory):
    """A practice that was moved to PostgreSQL: what it held before, its home, and its ground there."""
    home = tmp_path_factory.mktemp("moved") / "home"
    shutil.copytree(founded, home)
    ground = Ground(home)
    before, lying = ground.run("everything"), held(home)
    said = move(ground, server)
    ground.forks.close()
    assert said["code"] == 0, said
    assert "compared equal" in said["out"]
    # The source was only read.
    assert held(home) == lying
    there = Ground(home, server)
    yield before, there
    there.forks.close()


@pytest.mark.postgresql
def test_on_postgresql_the_log_takes_inserts_only(moved, server):
    for role, refusal in (
        ("alcove_app", psycopg.errors.InsufficientPrivilege),
        (None, psycopg.errors.RaiseException),
    ):
        for deed in (
            "UPDATE audit_entry SET result = 'x'",
            "DELETE FROM audit_block",
            "TRUNCATE audit_entry",
        ):
            with psycopg.connect(server) as connection:
                if role:
                    connection.execute(f"SET ROLE {role}")
                with pytest.raises(refusal):
                    connection.execute(deed)


@pytest.mark.postgresql
def test_a_session_of_another_machine_is_seen(moved, server, tmp_path):
    with psycopg.connect(server):
        said = move(moved[1], f"sqlite://{tmp_path / 'new.sqlite3'}")
    assert (said["code"], "1 other sessions" in said["err"]) == (1, True), said


@pytest.mark.postgresql
def test_a_database_that_keeps_no_letters_is_refused(ground, server):
    name = f"alcove_{uuid4().hex}"
    with psycopg.connect(f"{server.rpartition('/')[0]}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    said = move(ground, f"{server.rpartition('/')[0]}/{name}")
    assert (said["code"], "not in UTF-8" in said["err"]) == (1, True), said


@pytest.mark.postgresql
def test_to_postgresql_and_back_with_every_row(moved, tmp_path):
    before, there = moved
    assert there.run("everything") == before
    assert there.run("alcove", "audit", "verify")["code"] == 0
    # It is a practice to work in, and its log goes on.
    there.run("fill", 1)
    there.run("link_log", 0.3)
    after, back = there.run("everything"), tmp_path / "back.sqlite3"
    said = move(there, f"sqlite://{back}")
    assert said["code"] == 0, said
    with closing(Ground(there.home, f"sqlite://{back}").forks) as home:
        assert home.run("everything") == after
        assert home.run("verify_log")["faults"] == []
    assert back.stat().st_mode & 0o077 == 0


@once
def test_to_another_sqlite_file(ground, tmp_path):
    before, lying = ground.run("everything"), held(ground.home)
    said = move(ground, f"sqlite://{tmp_path / 'new.sqlite3'}")
    assert said["code"] == 0, said
    assert held(ground.home) == lying
    with closing(Ground(ground.home, f"sqlite://{tmp_path / 'new.sqlite3'}").forks) as there:
        assert there.run("everything") == before
        assert there.run("verify_log")["faults"] == []
        refused = there.run("alcove", "move", "--to", f"sqlite://{tmp_path / 'third.sqlite3'}")
        assert (refused["code"], "say --yes" in refused["err"]) == (2, True)
        assert not (tmp_path / "third.sqlite3").exists()


@pytest.mark.parametrize("kind", [SQLITE, POSTGRESQL])
def test_a_row_that_changes_on_the_way_is_found_and_nothing_works_there(ground, kind, request, tmp_path):
    new = tmp_path / "new.sqlite3"
    url = request.getfixturevalue("empty") if kind == "postgresql" else f"sqlite://{new}"
    said = ground.run("move_spoilt", url, "access_role")
    assert said["code"] == 1
    assert "table access_role" in said["err"]
    assert "Do not work with" in said["err"]
    with closing(Ground(ground.home, url).forks) as there:
        for words in (("audit", "verify"), ("upgrade",)):
            refused = there.run("alcove", *words)
            assert (refused["code"], "was to be filled by 'alcove move'" in refused["err"]) == (1, True)
    said = move(ground, url)
    assert (said["code"], "half filled" in said["err"]) == (1, True)


def _is_begun(path):
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [moving.MARK]).fetchone()


@once
def test_a_killed_move_leaves_the_source_and_says_so_at_the_next(ground, tmp_path):
    lying, new = held(ground.home), tmp_path / "new.sqlite3"
    pid = ground.forks.begin("alcove", "move", "--yes", "--to", f"sqlite://{new}")
    while not _is_begun(new):
        assert pid
    assert ground.forks.kill(pid)
    assert held(ground.home) == lying
    assert ground.alcove("audit", "verify")["code"] == 0
    said = move(ground, f"sqlite://{new}")
    assert (said["code"], "half filled" in said["err"]) == (1, True)


@once
def test_what_stands_in_the_way(ground, tmp_path):
    home, lying = ground.home, held(ground.home)
    other, older, newer = tmp_path / "o.sqlite3", tmp_path / "older.sqlite3", tmp_path / "newer.sqlite3"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE letters (body text)")
    for path, change in (
        (older, "DELETE FROM django_migrations WHERE app = 'audit'"),
        (
            newer,
            "INSERT INTO django_migrations (app, name, applied) VALUES ('audit', '9999_later', '2031-01-01')",
        ),
    ):
        with (
            closing(sqlite3.connect(home / "alcove.sqlite3")) as live,
            closing(sqlite3.connect(path)) as copy,
        ):
            live.backup(copy)
            copy.execute(change)
            copy.commit()
    for to, sentence, code in (
        (f"sqlite://{home}/alcove.sqlite3", "database in use", 1),
        (f"sqlite://{other}", "something else", 1),
        (f"sqlite://{older}", "older version", 1),
        (f"sqlite://{newer}", "newer version", 1),
        ("mysql://here/there", "--to takes", 2),
    ):
        said = move(ground, to)
        assert (said["code"], sentence in said["err"]) == (code, True), said
    to = f"sqlite://{tmp_path / 'new.sqlite3'}"
    with turns.beside_others(_Home(home)):
        said = move(ground, to)
    assert (said["code"], "Stop it first" in said["err"]) == (1, True)
    assert held(home) == lying
    ground.run("from_the_future")
    said = move(ground, to)
    assert (said["code"], "not of this version" in said["err"]) == (1, True)
    assert not (tmp_path / "new.sqlite3").exists()


class _Home:
    is_postgresql = False

    def __init__(self, home):
        self.home = home


def test_every_column_there_is_can_travel():
    assert {table.name for table in rows.tables()} > {"clients_client", "audit_entry", "vault_clientkey"}


def test_a_value_that_slips_into_its_neighbour_makes_another_hash():
    assert rows.hashed(["ab", "c"]) != rows.hashed(["a", "bc"])
    assert rows.hashed([None]) != rows.hashed([""])
    assert rows.hashed([1]) != rows.hashed(["1"])
