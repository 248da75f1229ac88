"""Where writing is allowed: inside an action, and nowhere else.

Both database backends (``backends/``) hand every statement to ``refuse_strays``. On SQLite a writer also takes a turn
on a lock file before it begins, because SQLite's own waiting sleeps up to 100 ms between tries and triples the tail.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from alcove.security.access.errors import WriteRefused

FRAMEWORK_TABLES = {
    "django_migrations": "Django's record of migrations, written by 'alcove' before it serves",
    "audit_entry": "the log writes itself",
    "audit_block": "the sequencer links the log",
    "audit_origin": "addresses named by log entries",
    "vault_house": "the directory's change counter, taken inside actions; keys at founding",
    "vault_housekey": "key rotation, driven by the console",
    "identity_session": "last use and end of sessions",
    "identity_signin": "half-finished sign-ins hold nothing but a stage",
    "identity_throttle": "counts of failed attempts must stay when the attempt fails",
    "jobs_job": "claims and ends of jobs",
    "jobs_beat": "when each part of the worker last lived",
    "uptime_stretch": "what probes measured, several times a minute: nobody's deed, and it would drown the log",
}
"""Tables that may be written outside an action, each with its reason. Everything else raises ``WriteRefused``."""

_WRITE = re.compile(
    # At the beginning of a statement, be it the second one, whatever remarks stand before its verb.
    r"(?:^|;)(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*(?:WITH\b.*?\b)?"
    r"(?P<verb>INSERT\s+INTO|INSERT\s+OR\s+\w+\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+ONLY)?|DELETE\s+FROM"
    r"|TRUNCATE(?:\s+TABLE)?|ALTER|CREATE|DROP|MERGE\s+INTO|COPY)\s+(?P<table>[\"\w.]+)",
    re.IGNORECASE | re.DOTALL,
)
_allowed: ContextVar[str] = ContextVar("alcove_writing", default="")


@contextmanager
def writing(why: str) -> Iterator[None]:
    """Allow writes in this block. Used by actions, migrations and key rotation; ``why`` is for whoever debugs."""
    token = _allowed.set(why)
    try:
        yield
    finally:
        _allowed.reset(token)


def is_writing() -> bool:
    """Whether writes are allowed here; for the kernel's own bookkeeping."""
    return bool(_allowed.get())


def refuse_strays(
    execute: Callable[..., Any],
    sql: Any,
    params: Any,
    many: bool,  # noqa: FBT001 - Django's wrapper signature
    context: dict[str, Any],
) -> Any:
    """Run a statement unless it writes outside an action; raise ``WriteRefused`` naming the table only."""
    if not _allowed.get():
        for found in _WRITE.finditer(str(sql)):
            if found["table"].strip('"').lower() not in FRAMEWORK_TABLES:
                raise WriteRefused(
                    f"{found['verb'].split()[0].upper()} on {found['table']} outside an action"
                )
    return execute(sql, params, many, context)


class _Turn:
    """One writer at a time on a SQLite file, across threads and processes, woken without sleeping."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def taken(self, path: Path) -> Iterator[None]:
        depth = getattr(self._local, "depth", 0)
        if depth:
            self._local.depth = depth + 1
            try:
                yield
            finally:
                self._local.depth -= 1
            return
        # Each thread has its own open file, because flock belongs to the open file, not to the process.
        handle = getattr(self._local, "handle", None)
        if handle is None or self._local.path != path or self._local.process != os.getpid():
            handle = self._local.handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            self._local.path, self._local.process = path, os.getpid()
        fcntl.flock(handle, fcntl.LOCK_EX)
        self._local.depth = 1
        try:
            yield
        finally:
            self._local.depth = 0
            fcntl.flock(handle, fcntl.LOCK_UN)


_turn = _Turn()


@contextmanager
def write_turn() -> Iterator[None]:
    """Wait for this writer's turn on SQLite; on PostgreSQL rows lock themselves and this does nothing."""
    from django.db import connection  # noqa: PLC0415 - the backend imports this module while Django loads

    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or ":memory:" in name or "mode=memory" in name:
        yield
        return
    with _turn.taken(Path(name + ".turn")):
        yield
