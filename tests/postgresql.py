"""A throw-away PostgreSQL: made in a temporary folder, on a free port of 127.0.0.1, gone at the end.

``with cluster() as url:`` gives an ``ALCOVE_DATABASE_URL`` whose login owns its database and may make roles, as the
guide tells operators to set it up; it is no superuser. ``python -m tests.postgresql COMMAND…`` runs a command beside it.
PostgreSQL refuses to run as root: started by root, it runs as Debian's user ``postgres``, else as ``nobody``.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

PACKAGE = "postgresql"
PATIENCE = 60
"""Seconds a start may take on a busy machine."""
_PR_SET_PDEATHSIG = 1


class NoPostgreSQL(Exception):
    """This machine has no PostgreSQL server, or it did not start; the text says what to do."""


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server here, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def _as_user() -> dict[str, Any]:
    """Return how to start a process that PostgreSQL accepts, for ``subprocess``."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoPostgreSQL("PostgreSQL does not run as root, and there is no user postgres or nobody here")


def free_port() -> int:
    """Return a port of this machine nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    # Whoever is killed hard cannot stop the server any more; the kernel does it then.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[str]:
    """Start a server and yield the URL of its empty database; ``durable`` leaves fsync on, for figures and crashes."""
    bin_ = programs()
    if bin_ is None:
        raise NoPostgreSQL(f"there is no PostgreSQL server here; on Debian: apt-get install {PACKAGE}")
    with initialised(bin_) as (folder, boss, who), running(bin_, folder, boss, who, durable=durable) as port:
        yield make_login(port, boss)


@contextmanager
def initialised(bin_: Path) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Make a cluster that does not run yet; yield its folder, its superuser's password, how to start processes for it.

    The data lie in ``data`` below the folder, the superuser is called ``boss``.
    """
    who = _as_user()
    folder = Path(tempfile.mkdtemp(prefix="alcove-pg-"))
    try:
        if who:
            os.chown(folder, who["user"], who["group"])
        boss = secrets.token_hex(16)
        _initialise(bin_, folder, boss, who)
        yield folder, boss, who
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(bin_: Path, folder: Path, boss: str, who: dict[str, Any]) -> None:
    password = folder / "password"
    password.write_text(boss, "ascii")
    if who:
        os.chown(password, who["user"], who["group"])
    done = subprocess.run(
        [bin_ / "initdb", "--pgdata", folder / "data", "--username", "boss", "--pwfile", password, "--no-sync",
         "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"],
        cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **who,
    )  # fmt: skip
    if done.returncode:
        raise NoPostgreSQL(f"initdb failed: {done.stderr.strip()}")


@contextmanager
def running(
    bin_: Path, folder: Path, boss: str, who: dict[str, Any], *, durable: bool, port: int = 0
) -> Iterator[int]:
    """Run a cluster's server on ``port``, a free one for 0, and yield the port; it is stopped in the end."""
    port = port or free_port()
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "port": str(port)}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [bin_ / "postgres", "-D", folder / "data", *(f"--{name}={value}" for name, value in settings.items())],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent, **who,  # noqa: PLW1509 - no thread runs yet
        )  # fmt: skip
    try:
        _wait_until_up(server, port, boss, folder / "log")
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()


def _wait_until_up(server: subprocess.Popen[bytes], port: int, boss: str, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connect(port, boss).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise NoPostgreSQL(
                    f"PostgreSQL did not start: {log.read_text('utf-8', 'replace')[-2000:]}"
                ) from None
            time.sleep(0.1)
        else:
            return


def connect(port: int, boss: str) -> psycopg.Connection[Any]:
    """Return a connection of the superuser."""
    return psycopg.connect(
        host="127.0.0.1", port=port, user="boss", password=boss, dbname="postgres", autocommit=True
    )


def make_login(port: int, boss: str) -> str:
    """Make the login and the empty database of the practice; return its URL."""
    password = secrets.token_hex(16)
    with connect(port, boss) as connection:
        connection.execute(f"CREATE ROLE alcove LOGIN CREATEDB CREATEROLE PASSWORD '{password}'")
        connection.execute("CREATE DATABASE alcove OWNER alcove")
    return f"postgresql://alcove:{password}@127.0.0.1:{port}/alcove"


def main(command: list[str]) -> int:
    """Run a command with ``ALCOVE_DATABASE_URL`` set; return its exit code."""
    if not command:
        sys.stderr.write("Usage: python -m tests.postgresql COMMAND…\n")
        return 2
    try:
        with cluster() as url:
            return subprocess.run(
                command, env=os.environ | {"ALCOVE_DATABASE_URL": url}, check=False
            ).returncode
    except NoPostgreSQL as missing:
        sys.stderr.write(f"{missing}\n")
        return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
