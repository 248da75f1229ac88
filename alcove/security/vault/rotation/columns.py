"""Sealed columns as the database knows them, and the house's own values sealed anew, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models

from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.fields import HOUSE, SealedField
from alcove.security.vault.house import house


@dataclass(frozen=True, slots=True)
class Step:
    """What one batch did. ``place``: where the next one goes on, None at the end. ``broken``: what does not open."""

    done: int = 0
    place: tuple[int, Any] | None = None
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Column:
    """A sealed column as the database knows it. ``nobodys``: only rows without an owner belong to the house."""

    model: type[models.Model]
    field: SealedField
    nobodys: bool

    @property
    def where(self) -> str:
        owner: Any = self.model._meta.get_field(self.field.owner) if self.field.owner != HOUSE else None
        name: Any = connection.ops.quote_name
        own = f" AND {name(owner.column)} IS NULL" if self.nobodys else ""
        return f"{name(self.field.column)} IS NOT NULL AND substr({name(self.field.column)}, 2, 2) <> %s{own}"


def _house_columns() -> list[_Column]:
    """Return every column that holds values sealed for the house, always in the same order."""
    found = []
    for model in apps.get_models():
        for column in sealed_fields(model):
            if column.owner == HOUSE:
                found.append(_Column(model, column, nobodys=False))
            elif model._meta.get_field(column.owner).null:
                found.append(_Column(model, column, nobodys=True))
    return found


def sealed_fields(model: type[models.Model]) -> list[SealedField]:
    # Rows of a proxy or an unmanaged model are another model's.
    if model._meta.proxy or not model._meta.managed:
        return []
    return [each for each in model._meta.local_concrete_fields if isinstance(each, SealedField)]


def house_values_behind() -> int:
    """Return how many values of the house are sealed under an older version than the newest."""
    version = house().versions("seal").current.to_bytes(2, "big")
    total = 0
    for column in _house_columns():
        table = connection.ops.quote_name(column.model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {column.where}", [version])  # noqa: S608 - names of ours
            total += int(cursor.fetchone()[0])
    return total


def reseal_house_values(place: tuple[int, Any] | None, limit: int) -> Step:
    """Seal the next ``limit`` values of the house under the newest version, column by column."""
    columns, practice = _house_columns(), house()
    number, last = place or (0, None)
    done = 0
    broken: list[str] = []
    while number < len(columns) and done + len(broken) < limit:
        column, changes = columns[number], []
        wanted = limit - done - len(broken)
        found = _values_behind(column, practice.versions("seal").current, last, wanted)
        for key, stored in found:
            bound_to = crypto.binding(column.field.label, uuid_of(key))
            try:
                changes.append((key, stored, practice.seal(practice.open(stored, bound_to), bound_to)))
            except SealBroken:
                broken.append(f"{column.field.label} of {uuid_of(key)}")
        put_values(column.model, column.field, changes)
        done += len(changes)
        number, last = (number, found[-1][0]) if len(found) == wanted else (number + 1, None)
    return Step(done, (number, last) if number < len(columns) else None, tuple(broken))


def _values_behind(column: _Column, version: int, last: Any, limit: int) -> list[tuple[Any, bytes]]:
    name: Any = connection.ops.quote_name
    key, parameters = name(pk(column.model).column), [version.to_bytes(2, "big")]
    beyond = f" AND {key} > %s" if last is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {name(column.field.column)} FROM {name(column.model._meta.db_table)} "  # noqa: S608 - names of ours
            f"WHERE {column.where}{beyond} ORDER BY {key} LIMIT %s",
            [*parameters, *([last] if last is not None else []), limit],
        )
        return [(row[0], bytes(row[1])) for row in cursor.fetchall()]


def put_values(
    model: type[models.Model], column: SealedField, changes: Sequence[tuple[Any, bytes, bytes]]
) -> None:
    """Store (key as stored, old blob, new blob) where the row still holds the old one."""
    name: Any = connection.ops.quote_name
    if not changes:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {name(model._meta.db_table)} SET {name(column.column)} = %s "  # noqa: S608 - names of ours
            f"WHERE {name(pk(model).column)} = %s AND {name(column.column)} = %s",
            [(after, key, before) for key, before, after in changes],
        )


def pk(model: type[models.Model]) -> Any:
    return model._meta.pk


def stored_id(row: models.Model) -> Any:
    return row._meta.pk.get_db_prep_value(row.pk, connection)


def uuid_of(stored: Any) -> UUID:
    return stored if isinstance(stored, UUID) else UUID(str(stored))
