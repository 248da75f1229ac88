"""Promise 21: whatever is done to the log is found, also by someone who holds the database password."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connection, transaction

from alcove.project import database, wiring
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Did, RoleKey
from alcove.security.access.writes import writing
from alcove.security.audit import chain, pen
from alcove.security.audit.models import Block, Entry
from alcove.security.vault.ids import uuid7

ENTRIES = 10_000
PER_BYTE = 25
"""Entries in which the same byte of the code is flipped."""

_TEXT = ("event", "result", "actor_kind", "role", "object", "fields", "request")
_NUMBERS = ("at_us", "key_version", "counter")
_BYTES = ("mac", "clients", "reason")
_IDS = ("actor_id", "client_id", "origin_id")


def tampering_is_found(practice: Practice) -> str:
    """Grow a log of 10,000 entries, then change, remove, insert, reorder and cut it by SQL; verify must see each."""
    _grow(practice)
    head = settings.ALCOVE.log / "audit.head"
    sealed = chain.checkpoint([settings.ALCOVE.temporary])[0]
    if first := chain.verify(head).first:
        raise Broken(f"an honest log does not verify: {first.what}")
    tried = 0
    with _triggers_lifted():
        tried += _cut(head, sealed)
        for column in (*_TEXT, *_NUMBERS, *_BYTES, *_IDS):
            tried += _each_entry_changed(column, head)
        tried += _every_byte(head)
        for name, deed in _CRIMES.items():
            tried += 1
            with _undone():
                deed()
                if chain.verify(head).holds:
                    raise Broken(f"{name} by SQL was not found")
    sealed.unlink()
    count = Entry.objects.count()
    return f"{tried:,} changes, removals, insertions, swaps and cuts by SQL in a log of {count:,} entries, each found"


def _grow(practice: Practice) -> None:
    actor = practice.actor(RoleKey.PRESCRIBER)
    missing = ENTRIES - Entry.objects.count()
    for at in range(0, max(missing, 0), 500):
        drafts = [
            entry(actor, Did.RECORD_OPENED, client_id=uuid7(), clients=(uuid7(),), object="ground", fields=("a", "b"),
                  reason="a stated reason", origin_id=uuid7())
            for _ in range(min(500, missing - at))
        ]  # fmt: skip
        record_now(*drafts)
        if at % 2000 == 0:
            wiring.link()
    wiring.link()


class _Undo(Exception):
    """Rolls a crime back."""


@contextmanager
def _undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise _Undo  # noqa: TRY301 - leaving the block by an exception is what rolls it back
    except _Undo:
        pass


@contextmanager
def _triggers_lifted() -> Iterator[None]:
    """Do what someone with the owner's database password would do first: leave our role, drop the triggers."""
    triggers: Any = import_module("alcove.security.audit.migrations.0002_append_only")
    with database.as_owner(), writing("planted fault"):
        with connection.schema_editor() as editor:
            triggers.backward(None, editor)
        try:
            yield
        finally:
            with connection.schema_editor() as editor:
                triggers.forward(None, editor)


def _sql(statement: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _changed(column: str) -> str:
    """Return an SQL expression that is ``column`` with one sign, bit or digit changed."""
    if column in _NUMBERS:
        return f"{column} + 1"
    if column in _IDS:
        if connection.vendor == "sqlite":
            return f"substr({column}, 1, 31) || CASE substr({column}, 32) WHEN 'a' THEN 'b' ELSE 'a' END"
        text = f"{column}::text"
        return f"(substr({text}, 1, 35) || CASE substr({text}, 36) WHEN 'a' THEN 'b' ELSE 'a' END)::uuid"
    if column in _BYTES:
        if connection.vendor == "sqlite":
            # A blob joined to text becomes text: cast back, so only one byte differs.
            return f"CAST(substr({column}, 1, length({column}) - 1) || x'' AS BLOB)"
        return f"set_byte({column}, 0, get_byte({column}, 0) # 1)"
    return f"{column} || 'x'"


def _each_entry_changed(column: str, head: Path) -> int:
    """Change one column of every second entry at once; each of them must be named."""
    with _undone():
        where = (
            f"{column} IS NOT NULL AND MOD(counter, 2) = 0"
            if column != "counter"
            else "MOD(counter, 500) = 499"
        )
        if column == "counter":
            # Counters are unique, so a few are moved far away instead of one step.
            count = _sql(f"UPDATE audit_entry SET counter = counter + 1000000 WHERE {where}")  # noqa: S608 - constants
        else:
            count = _sql(f"UPDATE audit_entry SET {column} = {_changed(column)} WHERE {where}")  # noqa: S608 - as above
        if not count:
            raise Broken(f"no entry has a {column} to change: the check is blind there")
        faults = chain.verify(head).faults
        if len({fault.entry for fault in faults}) < count:
            raise Broken(f"{count} entries had their {column} changed, fewer were found")
    return count


def _every_byte(head: Path) -> int:
    """Flip every byte of an entry's code, each in entries of its own; every one of them must be named."""
    rows = list(Entry.objects.order_by("?").values_list("pk", "mac")[: 32 * PER_BYTE])
    dice = random.SystemRandom()
    with _undone():
        for at, (one, code) in enumerate(rows):
            mac = bytearray(code)
            mac[at % 32] ^= dice.randint(1, 255)
            _sql("UPDATE audit_entry SET mac = %s WHERE id = %s", bytes(mac), one.hex)
        named = {fault.entry for fault in chain.verify(head).faults}
        if not {one.hex for one, _ in rows} <= named:
            raise Broken("a flipped byte of a code was not found")
    return len(rows)


def _middle() -> Entry:
    rows = Entry.objects.order_by("at_us")
    return rows[rows.count() // 2]


def _remove_one() -> None:
    _sql("DELETE FROM audit_entry WHERE id = %s", _middle().pk.hex)


def _remove_client() -> None:
    rows = Entry.objects.filter(client_id__isnull=False).order_by("at_us")
    row = rows[rows.count() // 2]
    _sql("DELETE FROM audit_entry WHERE client_id = %s", row.client_id.hex if row.client_id else None)


def _insert_copy() -> None:
    names = ", ".join(f'"{name}"' for name in pen.COLUMNS if name not in {"id", "counter"})
    _sql(
        f"INSERT INTO audit_entry (id, counter, {names}) SELECT %s, counter + 5000000, {names} FROM audit_entry WHERE id = %s",  # noqa: E501, S608 - constants
        uuid7().hex,
        _middle().pk.hex,
    )


def _swap_two() -> None:
    first, second = Entry.objects.order_by("at_us")[100:102]
    _sql("UPDATE audit_entry SET counter = -1 WHERE id = %s", first.pk.hex)
    _sql(
        "UPDATE audit_entry SET counter = %s, writer = %s WHERE id = %s",
        first.counter,
        first.writer.hex,
        second.pk.hex,
    )
    _sql(
        "UPDATE audit_entry SET counter = %s, writer = %s WHERE id = %s",
        second.counter,
        second.writer.hex,
        first.pk.hex,
    )


def _remove_block() -> None:
    _sql("DELETE FROM audit_block WHERE number = %s", Block.objects.count() // 2)


def _shrink_block() -> None:
    block = Block.objects.order_by("-number")[0]
    ranges = json.loads(block.ranges)
    ranges[0][2] -= 1
    _sql("UPDATE audit_block SET ranges = %s WHERE number = %s", json.dumps(ranges), block.number)


def _remove_writer() -> None:
    _sql("DELETE FROM audit_entry WHERE writer = %s", _middle().writer.hex)


_CRIMES: dict[str, Callable[[], None]] = {
    "removing one entry": _remove_one,
    "removing all entries about one client": _remove_client,
    "removing all entries of one writer": _remove_writer,
    "inserting a copy of an entry": _insert_copy,
    "swapping two entries": _swap_two,
    "removing a block": _remove_block,
    "shrinking the newest block": _shrink_block,
}


def _cut(head: Path, sealed: Path) -> int:
    """Cut the newest 100 entries with their blocks: found by the head file alone, and by the checkpoint alone."""
    for name, notes in (("the head beside the database", (head, None)), ("the checkpoint", (None, sealed))):
        with _undone():
            _cut_tail()
            if chain.verify(*notes).holds:
                raise Broken(f"a cut tail was not found against {name}")
    return 2


def _cut_tail() -> None:
    """Remove the newest block with every entry it counts, so that what is left is a sound, shorter log."""
    block = Block.objects.order_by("-number")[0]
    for writer, first, last in json.loads(block.ranges):
        _sql("DELETE FROM audit_entry WHERE writer = %s AND counter BETWEEN %s AND %s", writer, first, last)
    _sql("DELETE FROM audit_block WHERE number = %s", block.number)


@contextmanager
def unkeyed_chain(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: a verification that takes entries' codes for granted, as an unkeyed chain anyone can recompute would."""
    with mock.patch.object(chain.Verdict, "holds", property(_most_hold)):
        yield


def _most_hold(verdict: chain.Verdict) -> bool:
    return not [fault for fault in verdict.faults if "block" not in fault.entry]


@contextmanager
def no_outside_note(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: a verification without any note outside the database."""
    original = chain.verify
    with mock.patch.object(chain, "verify", side_effect=lambda *_notes: original(None, None)):
        yield


PROMISES = [
    Promise(
        21,
        "Changing, removing, inserting, reordering or cutting any part of the log is found, also by whoever holds the "
        "database password",
        tampering_is_found,
        (("an unkeyed chain", unkeyed_chain), ("no note outside the database", no_outside_note)),
    )
]
