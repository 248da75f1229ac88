"""Writing entries. Each thread is a *writer* with a random id and a counter; each entry's code covers the one before.

The state in memory moves only after the commit: a rolled-back transaction leaves no gap. If it cannot be known
whether a commit happened, or a transaction around the deed was rolled back later, the writer ends and a new one
begins.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from alcove.security.audit import clock
from alcove.security.audit.events import Event, Result
from alcove.security.vault import crypto
from alcove.security.vault.house import house
from alcove.security.vault.ids import uuid7

COLUMNS = (
    "id", "writer", "counter", "at_us", "event", "result", "actor_id", "actor_kind", "role", "client_id",
    "clients", "object", "fields", "reason", "origin_id", "request", "key_version", "mac",
)  # fmt: skip
_ROW = "(" + ", ".join(["%s"] * len(COLUMNS)) + ")"
_INSERT = "INSERT INTO audit_entry (" + ", ".join(f'"{name}"' for name in COLUMNS) + ") VALUES "  # noqa: S608 - constants
FIRST = bytes(32)
WRITER_LIFE = 6 * 3600
"""Seconds. The sequencer looks back twice as far to learn where the living writers stand."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it is written. Holds ids, code words and field names; never a value about a client."""

    event: Event
    actor_kind: str
    actor_id: UUID | None = None
    role: str = ""
    result: Result = Result.DONE
    client_id: UUID | None = None
    clients: Sequence[UUID] = ()
    object: str = ""
    fields: Sequence[str] = ()
    reason: str = ""
    origin_id: UUID | None = None
    request: str = ""


@dataclass(slots=True)
class _Writer:
    id: UUID = field(default_factory=uuid4)
    counter: int = 0
    mac: bytes = FIRST
    born: float = field(default_factory=time.monotonic)
    process: int = field(default_factory=os.getpid)
    waiting: Callable[[], None] | None = None


class _Writers(threading.local):
    held: _Writer | None = None


_writers = _Writers()


def writer() -> _Writer:
    """Return this thread's writer; a new one in a new thread, after a fork, and every six hours."""
    held = _writers.held
    if held is not None and held.waiting is not None and not _still_to_come(held.waiting):
        held = None
    if held is None or held.process != os.getpid() or time.monotonic() - held.born > WRITER_LIFE:
        held = _writers.held = _Writer()
    return held


def _still_to_come(step: Callable[[], None]) -> bool:
    """Whether a step still waits for the commit: one whose transaction or savepoint was rolled back is gone."""
    return any(waiting[1] is step for waiting in reversed(connection.run_on_commit))


def retire() -> None:
    """End this thread's writer; its next entry begins a new one."""
    _writers.held = None


def canonical(values: Sequence[Any], before: bytes) -> bytes:
    """Return what an entry's code covers: its first 17 columns as text, how many are NULL, then the code before it.

    No column holds the separator (``_clean``) and their number is fixed, so no shift of text between columns gives
    the same bytes; no column that may be NULL is ever empty, so the count tells the two apart. Written out, because
    verifying a million entries spends a third of its time here.
    """
    (entry_id, writer_id, counter, at_us, event, result, actor_id, kind, role, client_id,
     clients, what, fields, reason, origin, request, version) = values[:17]  # fmt: skip
    return (
        f"{entry_id}\x1f{writer_id}\x1f{counter}\x1f{at_us}\x1f{event}\x1f{result}\x1f"
        f"{'' if actor_id is None else actor_id}\x1f{kind}\x1f{role}\x1f{'' if client_id is None else client_id}\x1f"
        f"{'' if clients is None else clients}\x1f{what}\x1f{fields}\x1f{'' if reason is None else reason}\x1f"
        f"{'' if origin is None else origin}\x1f{request}\x1f{version}\x1f{values.count(None)}"
    ).encode("utf-8", "surrogatepass") + before


def _clean(text: str, limit: int) -> str:
    return text.replace("\x1f", " ").replace("\x00", " ")[:limit]


def _values(draft: Draft, held: _Writer, counter: int, version: int) -> list[object]:
    sealed_reason = None
    entry_id = uuid7()
    if draft.reason:
        sealed_reason = house().seal(draft.reason.encode(), crypto.binding("audit.entry.reason", entry_id))
    return [
        entry_id.hex,
        held.id.hex,
        counter,
        clock.microseconds(),
        draft.event.key,
        draft.result.value,
        draft.actor_id.hex if draft.actor_id else None,
        draft.actor_kind,
        _clean(draft.role, 120),
        draft.client_id.hex if draft.client_id else None,
        b"".join(client.bytes for client in draft.clients).hex() or None,
        _clean(draft.object, 80),
        _clean(",".join(draft.fields), 400),
        sealed_reason.hex() if sealed_reason else None,
        draft.origin_id.hex if draft.origin_id else None,
        _clean(draft.request, 20),
        version,
    ]


def write(drafts: Sequence[Draft]) -> None:
    """Insert these entries with one statement; call it last before the commit, then ``settle`` after it."""
    keys = house().versions("audit")
    key, held = keys[keys.current], writer()
    counter, before = held.counter, held.mac
    rows: list[Any] = []
    for draft in drafts:
        counter += 1
        values = _values(draft, held, counter, keys.current)
        before = crypto.mac(key, canonical(values, before))
        for column in (10, 13):  # clients and reason are written as bytes, authenticated as hex
            if values[column] is not None:
                values[column] = bytes.fromhex(str(values[column]))
        rows += [*values, before]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT + ", ".join([_ROW] * len(drafts)), rows)
    _writers.pending = (counter, before)


def settle() -> None:
    """The transaction with the last ``write`` is committed: move the writer on."""
    held = writer()
    held.counter, held.mac = _writers.pending
    held.waiting = None
    if connection.in_atomic_block:
        # A transaction around this one decides: until it is committed this writer is only good inside it.
        def committed() -> None:
            held.waiting = None

        held.waiting = committed
        transaction.on_commit(committed)


def origin_id(address: str, browser: str) -> UUID | None:
    """Return the id of this address and browser today, keeping a row that says what they are."""
    if not address:
        return None
    today = clock.now().date()
    message = f"{today}\x1f{address}\x1f{browser}".encode()
    found = UUID(bytes=crypto.mac(house().key("audit"), b"origin\0" + message)[:16])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_origin (id, on_day, address, browser) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [found.hex, today.isoformat(), address[:45], browser[:200]],
        )
    return found
