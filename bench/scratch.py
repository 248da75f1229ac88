"""Where benchmarks work: a scratch home with a founded practice, and a PostgreSQL cluster that is thrown away.

    with scratch.postgresql() as url:          # or database_url="" for SQLite
        owner = scratch.practice(url)          # sets Django up; once in a process

Other processes of the same benchmark join by ``scratch.join()``: they inherit ``ALCOVE_HOME`` and the rest from the
environment. Everything lies in temporary folders and goes away at the end.
"""

from __future__ import annotations

import atexit
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
POSTGRESQL = Path("/usr/lib/postgresql/15/bin")


def join() -> Any:
    """Set Django and the keys up in this process, for the home in the environment; return the configuration."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alcove.project.settings")
    import django

    django.setup()
    from django.conf import settings

    from alcove.project import start

    start.keys()
    return settings.ALCOVE


def practice(database_url: str = "", **environment: str) -> Any:
    """Found a practice in a scratch home of its own; return what ``founding.found`` returns."""
    home = tempfile.mkdtemp(prefix="alcove-bench-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith("ALCOVE_")]:
        del os.environ[name]
    os.environ.update({"ALCOVE_HOME": home, **environment})
    if database_url:
        os.environ["ALCOVE_DATABASE_URL"] = database_url
    config = join()
    from alcove.project import database, founding

    founding.make_home(config)
    database.migrate()
    return founding.found(config, practice="Bench", owner_email="owner@bench.example", owner_name="Bea Bench")


def has_postgresql() -> bool:
    """Whether Debian's PostgreSQL 15 is on this machine."""
    return (POSTGRESQL / "initdb").exists()


def _unprivileged() -> str | None:
    """Return whom PostgreSQL runs as: it refuses root; None means as whoever we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL cluster for this block and yield its URL; durable writes are on, as in a practice."""
    folder = Path(
        tempfile.mkdtemp(prefix="alcove-pg-", dir="/tmp")
    )  # a practice's own folder is closed to others
    user = _unprivileged()
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()

    def run(program: str, *arguments: str) -> None:
        as_user = ["runuser", "-u", user, "--"] if user else []
        command = [*as_user, str(POSTGRESQL / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)

    try:
        run("initdb", "-D", str(data), "-U", "alcove", "--auth=trust", "--encoding=UTF8", "--no-locale")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "alcove", "alcove")
            yield f"postgresql://alcove@127.0.0.1:{port}/alcove"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(url: str) -> str:
    """Make one more empty database in a cluster of ``postgresql``; return its URL."""
    import psycopg
    from psycopg import sql

    name = f"alcove_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{url.rpartition('/')[0]}/{name}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def each_database(script: str, to: Path | None, *arguments: str) -> None:
    """Run a benchmark once on SQLite and once on PostgreSQL, each in a process of its own; gather the figures."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:

        def run(database: str, url: str) -> None:
            file = Path(folder) / f"{database}.json"
            command = [sys.executable, script, "--database", database, "--json", str(file), *arguments]
            subprocess.run(command, check=True, env={**os.environ, "BENCH_URL": url})
            figures[database] = json.loads(file.read_text())

        run("sqlite", "")
        if has_postgresql():
            with postgresql() as url:
                run("postgresql", url)
        else:
            print("postgresql: not measured, PostgreSQL 15 is not on this machine")
    if to:
        to.write_text(json.dumps(figures, indent=1))
