"""Migrating, and what the application's database role may do.

On PostgreSQL the program works as the role ``alcove_app``, which may insert into the audit tables and nothing else;
migrations run as the login itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from alcove.security.access.writes import writing

ROLE = "alcove_app"
APPEND_ONLY = ("audit_entry", "audit_block")


def leave() -> None:
    """Let go of every connection of this process."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper only


@contextmanager
def as_owner() -> Iterator[None]:
    """Work as the database login itself, not as the application's role."""
    options = connection.settings_dict["OPTIONS"]
    role = options.pop("assume_role", None)
    leave()
    try:
        yield
    finally:
        if role:
            options["assume_role"] = role
            leave()


def migrate() -> None:
    """Bring the database to this version; on PostgreSQL make the application's role and give it its rights."""
    with as_owner(), writing("migration"):
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        if connection.vendor == "postgresql":
            grant()


def grant() -> None:
    """Make the application's role if it is missing and set its rights. Needs CREATEROLE the first time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN")
        cursor.execute(f"GRANT {ROLE} TO CURRENT_USER")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
        for table in APPEND_ONLY:
            cursor.execute(f"REVOKE ALL ON {table} FROM {ROLE}")
            cursor.execute(f"GRANT SELECT, INSERT ON {table} TO {ROLE}")


def known() -> set[tuple[str, str]]:
    """Return the migrations this version knows."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    return set(loader.disk_migrations)


def unknown() -> list[str]:
    """Return the migrations the database has and this version does not know: a newer version wrote them."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    return sorted(f"{app}.{name}" for app, name in applied - known())


def pending() -> list[str]:
    """Return the migrations this version has and the database has not."""
    executor = MigrationExecutor(connection)
    return [str(item) for item, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
