"""Fixtures of the whole suite: a home of its own, a founded practice, and the people every test speaks of.

The suite runs on SQLite by default and on PostgreSQL when ``ALCOVE_DATABASE_URL`` says so.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

# Held by name: it is removed when the suite ends.
home = tempfile.TemporaryDirectory(prefix="alcove-test-", ignore_cleanup_errors=True)
os.environ.setdefault("ALCOVE_HOME", home.name)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alcove.project.settings")

import pytest
from argon2 import PasswordHasher

SHARED = Path(__file__).resolve().parent.parent / "shared"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Debian's Chromium")
    config.addinivalue_line("markers", "postgresql: needs a PostgreSQL server")
    from django.conf import settings
    from hypothesis import HealthCheck
    from hypothesis import settings as drawn

    # Machines are shared: how long an example takes says nothing about what is tried.
    drawn.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    drawn.load_profile("shared")
    # Hashed names need gathered files; tests of pages only need some name.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, leave out what would not meet it: tests without the suite's database, or with one of their own.

    They ran on the SQLite side already; once more here they would take minutes and say nothing new.
    """
    if not os.environ.get("ALCOVE_DATABASE_URL"):
        return
    meeting, passing = [], []
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        marks = {mark.name for mark in item.iter_markers()}
        meets = fixtures & {"db", "transactional_db", "live_server"} or marks & {
            "django_db",
            "postgresql",
            "databases",
        }
        (meeting if meets else passing).append(item)
    items[:] = meeting
    config.hook.pytest_deselected(items=passing)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of test data that nobody here wrote; tests that need it are skipped where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("../shared/data is not here: this test reads real data from it")
    return SHARED / "data"


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Tests migrate as the login itself, and PostgreSQL pools cannot outlive a test database."""
    from django.conf import settings
    from django.db import connections

    from alcove.project.founding import make_home

    make_home(settings.ALCOVE)
    for options in (
        settings.DATABASES["default"]["OPTIONS"],
        connections["default"].settings_dict["OPTIONS"],
    ):
        options.pop("assume_role", None)
        options.pop("pool", None)
    _let_tests_flush()


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest) -> Iterator[None]:
    """Make and destroy the test database; only these two moments may write outside actions."""
    from pytest_django.fixtures import django_db_setup as original

    from alcove.security.access.writes import writing

    names = (
        "request", "django_test_environment", "django_db_blocker", "django_db_use_migrations", "django_db_keepdb",
        "django_db_createdb", "django_db_modify_db_settings",
    )  # fmt: skip
    made = getattr(original, "__wrapped__", getattr(original, "__pytest_wrapped__", None) or original)
    made = getattr(made, "obj", made)
    step = made(**{name: request if name == "request" else request.getfixturevalue(name) for name in names})
    with writing("test database"):
        next(step)
    yield
    with writing("test database"):
        next(step, None)


def _let_tests_flush() -> None:
    """Let tests with real commits empty their tables: the append-only triggers are lifted for that moment."""
    from importlib import import_module

    from django.db import connection

    from alcove.security.access.writes import writing

    triggers = import_module("alcove.security.audit.migrations.0002_append_only")
    original = connection.ops.execute_sql_flush

    def flush(statements: list[str]) -> None:
        with writing("test flush"):
            with connection.schema_editor() as editor:
                triggers.backward(None, editor)
            original(statements)
            with connection.schema_editor() as editor:
                triggers.forward(None, editor)

    connection.ops.execute_sql_flush = flush  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _on_the_practices_clock() -> Iterator[None]:
    """Tell days as pages, the worker and commands do: where the founded practice is, not in UTC.

    Otherwise a test that names today says something else between midnight there and midnight here.
    """
    from django.utils import timezone

    with timezone.override("America/Los_Angeles"):
        yield


@pytest.fixture(scope="session", autouse=True)
def shipped_hasher() -> Iterator[PasswordHasher]:
    """The password hash as it is shipped. Tests make and check cheap ones: what they try is never the hash's cost."""
    from alcove.security.identity import passwords

    shipped = passwords._hasher
    with mock.patch.object(passwords, "_hasher", PasswordHasher(1, 8, 1)):
        yield shipped


@pytest.fixture(autouse=True)
def _allow_test_writes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Reset what a process remembers between tests: keys, the log's writer, the directory, the practice's rules."""
    from alcove.clinic.clients.queries import directory
    from alcove.security.access import rules
    from alcove.security.audit import pen
    from alcove.security.vault import house

    pen.retire()
    directory.forget()
    house.forget()
    rules.forget()
    yield
    pen.retire()
    directory.forget()
    house.forget()


@pytest.fixture
def practice(db: None) -> Any:
    """A founded practice in the test database, with keys in the test home; see ``prove.ground.Practice``."""
    from django.conf import settings

    from alcove.project.founding import found
    from alcove.project.prove.ground import Practice

    made = found(
        settings.ALCOVE, practice="Juniper Skin", owner_email="owner@clinic.example", owner_name="Olive Owner"
    )
    return Practice.of(made)


@pytest.fixture
def client_card(practice: Any) -> Any:
    """A client of that practice, made by its owner."""
    from alcove.clinic.clients.actions import create_client

    return create_client(
        practice.actor("owner"),
        directory={
            "given": "Catherine",
            "family": "Müller-Okafor",
            "born": "1984-02-29",
            "phones": ["+14155550123"],
            "emails": ["cat@example.org"],
        },
        details={"pronouns": "she, her"},
    )
