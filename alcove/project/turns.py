"""Who works on a home just now: many side by side, or one alone; and whether the practice is in maintenance.

Two lock files in the home, held by the kernel, so that a kill lets go of them: ``.running`` is shared by the server and
every verb, and held alone by a move or an upgrade; ``.maintenance`` is held while an upgrade wants the server to step
aside. Other machines at the same PostgreSQL are seen by their sessions there.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from alcove.config import Config

RUNNING = ".running"
MAINTENANCE = ".maintenance"
LOOK_SECONDS = 0.2
SESSIONS_END_WITHIN = 3
SERVED_BEFORE = "log/served-by"
"""File with the version that served last."""


class InUse(Exception):
    """Somebody else works on this home; the text is a sentence for whoever runs the machine."""


@contextmanager
def beside_others(config: Config) -> Iterator[None]:
    """Work beside others; raise ``InUse`` while one works alone. A home that is not there yet needs no turn."""
    if not config.home.is_dir():
        yield
        return
    with _open(config.home / RUNNING) as handle:
        if not _taken(handle, fcntl.LOCK_SH):
            raise InUse(
                "A move or an upgrade works on this practice. Wait until it has ended; nothing was changed."
            )
        yield


@contextmanager
def alone(config: Config, patience: float = 0) -> Iterator[None]:
    """Work alone, waiting ``patience`` seconds for others to end; raise ``InUse``."""
    until = time.monotonic() + patience
    with _open(config.home / RUNNING) as handle:
        while not _taken(handle, fcntl.LOCK_EX):
            if time.monotonic() >= until:
                raise InUse(
                    "Alcove runs on this home (alcove serve, or another verb). Stop it first; nothing was changed."
                )
            time.sleep(LOOK_SECONDS)
        # A session that was just closed takes a moment to be gone.
        until = max(until, time.monotonic() + SESSIONS_END_WITHIN)
        while others := _other_sessions(config):
            if time.monotonic() >= until:
                raise InUse(
                    f"{others} other sessions work on this database. Stop Alcove on every machine, and whatever else "
                    "is signed in there; nothing was changed."
                )
            time.sleep(LOOK_SECONDS)
        yield


@contextmanager
def maintenance(config: Config) -> Iterator[None]:
    """Ask the server of this home to show its page of maintenance until this block ends, or its process does."""
    with _open(config.home / MAINTENANCE) as handle:
        if not _taken(handle, fcntl.LOCK_EX):
            raise InUse("Another upgrade is at work; nothing was changed.")
        yield


def is_maintained(config: Config) -> bool:
    """Whether an upgrade asks the server to step aside."""
    path = config.home / MAINTENANCE
    if not path.exists():
        return False
    with _open(path) as handle:
        return not _taken(handle, fcntl.LOCK_SH)


def note_version(config: Config, version: str) -> None:
    """Note which version serves."""
    (config.home / SERVED_BEFORE).write_text(version, "ascii")


def version_before(config: Config) -> str:
    """Return the version that served last, "" if none did."""
    path = config.home / SERVED_BEFORE
    return path.read_text("ascii").strip() if path.exists() else ""


@contextmanager
def _open(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _taken(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _other_sessions(config: Config) -> int:
    """Count who is signed in to the practice's PostgreSQL database, but for this process."""
    if not config.is_postgresql:
        return 0
    own = f"alcove-turn-{os.getpid()}"
    with psycopg.connect(config.database_url, application_name=own) as connection:
        found = connection.execute(
            # The server's own workers have no user; of other people's sessions little more than the user is shown.
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL "
            "AND application_name <> %s",
            [own],
        ).fetchone()
    return int(found[0]) if found else 0
