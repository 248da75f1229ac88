"""Rows of a client's tables read by plain statements: for pages that ask often and show many rows.

Django takes ten times longer to write a statement and to make instances than the database takes to answer it, and a
card asks a dozen. What is read here is read only, of one client, under keys that the guard has opened; everything
that writes, or is asked rarely, goes the usual way. Sealed columns come as they lie and open at first use, as ever.

The same statement goes to both databases: ids are given as 32 hex digits, truths are compared by ``NOT``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

AnyRow = TypeVar("AnyRow", bound=models.Model)


def read(statement: str, *given: object) -> list[tuple[Any, ...]]:
    """Return the rows of a statement; UUIDs among ``given`` are passed as hex."""
    values: list[Any] = [one.hex if isinstance(one, UUID) else one for one in given]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def uuid(value: Any) -> UUID:
    """Return an id as it was read: SQLite keeps 32 hex digits, PostgreSQL a UUID."""
    return value if isinstance(value, UUID) else UUID(value)


def uuid_or_none(value: Any) -> UUID | None:
    return None if value is None else uuid(value)


def moment(value: datetime) -> datetime:
    """Return a moment as it was read: SQLite keeps UTC and does not say so."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def moment_or_none(value: datetime | None) -> datetime | None:
    return None if value is None else moment(value)


def parsed(value: Any) -> Any:
    """Return a JSON column as it was read: both databases hand out its text."""
    return json.loads(value) if isinstance(value, str) else value


_CONVERTERS: dict[type, Callable[[Any], Any]] = {
    models.UUIDField: uuid_or_none,
    models.DateTimeField: moment_or_none,
    models.JSONField: parsed,
}


class Columns:
    """The columns of one model in a statement, and what makes an instance of their values."""

    def __init__(self, model: type[models.Model], alias: str = "") -> None:
        fields = model._meta.concrete_fields
        kinds = [
            type(field.target_field if isinstance(field, models.ForeignKey) else field) for field in fields
        ]
        prefix = f"{alias}." if alias else ""
        self.model, self.names = model, [field.attname for field in fields]
        self.sql = ", ".join(f"{prefix}{field.column}" for field in fields)
        self.count = len(fields)
        self._converters = [(at, _CONVERTERS[kind]) for at, kind in enumerate(kinds) if kind in _CONVERTERS]

    def instance(self, row: Sequence[Any]) -> Any:
        """Return an instance of these values, as the database gave them."""
        values = list(row)
        for at, convert in self._converters:
            values[at] = convert(values[at])
        return self.model.from_db(connection.alias, self.names, values)

    def instance_or_none(self, row: Sequence[Any]) -> Any:
        """Return an instance, None where a join found no row."""
        return None if row[0] is None else self.instance(row)


_columns = functools.cache(Columns)


def among(column: str, values: Sequence[object]) -> str:
    """Return ``column IN (…)`` with a place for each of some values; they are given beside it."""
    return f"{column} IN ({', '.join(['%s'] * len(values))})"


def instances(model: type[AnyRow], rest: str, *given: object) -> list[AnyRow]:
    """Return instances of a model; ``rest`` is the statement from WHERE on, a constant of the caller's."""
    columns = _columns(model)
    statement = f"SELECT {columns.sql} FROM {model._meta.db_table} {rest}"  # noqa: S608 - names of ours
    return [columns.instance(row) for row in read(statement, *given)]
