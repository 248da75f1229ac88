"""Three tables without foreign keys, so nothing can cascade them away. The database itself refuses changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from django.db import models

from alcove.security.audit import events
from alcove.security.vault.ids import uuid7


class EntryQuerySet(models.QuerySet["Entry"]):
    """Filters of the officer's log."""

    def newest_first(self) -> EntryQuerySet:
        return self.order_by("-at_us", "-counter")

    def of_area(self, area: str) -> EntryQuerySet:
        return self.filter(event__startswith=f"{area}.")

    def not_about(self, rows: Iterable[UUID]) -> EntryQuerySet:
        """Leave out what happened to these rows: an entry's ``object`` ends with the id of the row it is about."""
        found = self
        for row in rows:
            found = found.exclude(object__endswith=row.hex)
        return found


class Entry(models.Model):
    """One thing that happened. ``at_us``: microseconds since 1970 UTC; ``clients``: ids of a list, 16 bytes each.

    ``reason`` is sealed for the house. ``mac`` covers every other column and the same writer's entry before.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    writer = models.UUIDField()
    counter = models.BigIntegerField()
    at_us = models.BigIntegerField(db_index=True)
    event = models.CharField(max_length=60)
    result = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    actor_kind = models.CharField(max_length=10)
    role = models.CharField(max_length=120)
    client_id = models.UUIDField(null=True)
    clients = models.BinaryField(null=True)
    object = models.CharField(max_length=80)
    fields = models.CharField(max_length=400)
    reason = models.BinaryField(null=True)
    origin_id = models.UUIDField(null=True)
    request = models.CharField(max_length=20)
    key_version = models.PositiveIntegerField()
    mac = models.BinaryField()

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["writer", "counter"], name="audit_one_per_count")
        ]
        indexes: ClassVar = [
            models.Index(fields=["client_id", "at_us"], name="audit_by_client"),
            models.Index(fields=["actor_id", "at_us"], name="audit_by_actor"),
        ]

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.at_us / 1_000_000, UTC)

    @property
    def words(self) -> str:
        return events.words(self.event)


class Block(models.Model):
    """One link of the chain: which entries of which writers it adds, a digest of their codes, and the link before.

    ``ranges`` is JSON: ``[[writer, first counter, last counter], …]`` in the order digested.
    """

    number = models.BigIntegerField(primary_key=True)
    at_us = models.BigIntegerField(db_index=True)
    ranges = models.TextField()
    entries = models.BigIntegerField()
    digest = models.BinaryField()
    key_version = models.PositiveIntegerField()
    mac = models.BinaryField()


class Origin(models.Model):
    """A network address and browser, apart from the entries that name it; dropping it leaves the chain whole.

    The id is a keyed hash of day, address and browser.
    """

    id = models.UUIDField(primary_key=True)
    on_day = models.DateField(db_index=True)
    address = models.CharField(max_length=45)
    browser = models.CharField(max_length=200)
