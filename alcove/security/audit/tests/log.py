"""A small log with every kind of column filled, and the thief's road to it: SQL with the triggers dropped."""

from __future__ import annotations

from uuid import uuid4

from django.db import connection

from alcove.security.access.actors import Actor
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Did
from alcove.security.access.writes import writing
from alcove.security.audit import chain, pen
from alcove.security.audit.events import Result


def small(writers: int = 3, each: int = 4, head_file=None) -> chain.Sequencer:
    """Write a log of several writers and blocks; return the sequencer that linked it."""
    sequencer = chain.Sequencer(head_file=head_file)
    people = [Actor("person", id=uuid4(), roles=("Nurse",), request=f"r{n}") for n in range(writers)]
    for round_ in range(each):
        for number, actor in enumerate(people):
            pen._writers.held = held_writers.setdefault(number, pen._Writer()) if round_ else None
            record_now(_draft(actor, round_))
            held_writers[number] = pen.writer()
        sequencer.link()
    pen.retire()
    held_writers.clear()
    return sequencer


held_writers: dict[int, object] = {}


def _draft(actor, round_):
    if round_ % 4 == 0:
        return entry(
            actor, Did.LIST_SHOWN, clients=(uuid4(), uuid4()), origin_id=pen.origin_id("192.0.2.7", "Browser")
        )
    if round_ % 4 == 1:
        return entry(actor, Did.RECORD_OPENED, client_id=uuid4(), reason="the reason why, in words")
    if round_ % 4 == 2:
        return entry(
            actor, Did.REFUSED, result=Result.REFUSED, object="records:note", fields=("records.view",)
        )
    return entry(actor, Did.ROLE_CHANGED, object="access.role 12", fields=("rights", "name"))


def drop_triggers() -> None:
    """Do what someone with the owner's database password can do."""
    with writing("test"), connection.cursor() as cursor:
        for table in ("audit_entry", "audit_block"):
            if connection.vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER {table}_no_update")
                cursor.execute(f"DROP TRIGGER {table}_no_delete")
            else:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def sql(statement: str, *values) -> None:
    with writing("test"), connection.cursor() as cursor:
        cursor.execute(statement, values)


def rows(table: str, order: str) -> list[dict]:
    """Return every row of a table as stored: column to value."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY {order}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
