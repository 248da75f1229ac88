"""Sensitive entries: rows that may have a key and an audience of their own, and what may be seen of them.

A table whose rows can be marked sensitive is a ``Markable``: notes, entries of the chart, documents, and whatever comes
later (photos, forms). ``audience_id`` is NULL for a row that everyone who reads the record reads; otherwise it names
the entry's key (``models.EntryKey``), under which everything the row keeps of the record is sealed.

What must never happen: a list, a count or a page that shows, counts or stumbles over a row whose key is not open in the
work at hand. So the ordinary way to ask, ``objects``, knows only rows *in sight*, whoever asks; statements written by
hand add ``sight()``. ``everything`` is for whoever has to move, count or lock rows whatever is open: it opens nothing.
"""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar
from uuid import UUID

from django.db import OperationalError, models
from django.db.models import Q

from alcove.security.vault.errors import RowsBusy
from alcove.security.vault.fields import HOUSE, SealedField
from alcove.security.vault.keyring import Part, open_entries

AnyRow = TypeVar("AnyRow", bound=models.Model)


def in_sight() -> Q:
    """Return which rows the work at hand may know of: those of the whole record, and those whose key is open."""
    return Q(audience_id__isnull=True) | Q(audience_id__in=open_entries())


def sight(alias: str = "") -> str:
    """Return the same as ``in_sight`` for a statement, beginning with AND; ``alias``: the table's, with its dot."""
    column, held = f"{alias}audience_id", open_entries()
    # Ids of ours, written as their 32 hex digits: nothing that anybody typed.
    named = ", ".join(f"'{one.hex}'" for one in held)
    return f" AND ({column} IS NULL OR {column} IN ({named}))" if held else f" AND {column} IS NULL"


class InSight(models.Manager[AnyRow]):
    """Rows that the work at hand may know of."""

    def get_queryset(self) -> models.QuerySet[AnyRow]:
        """Return the rows in sight."""
        return super().get_queryset().filter(in_sight())


class Markable(models.Model):
    """A row that may be, or belong to, a sensitive entry."""

    audience_id = models.UUIDField(null=True)

    objects: ClassVar[InSight[Self]] = InSight()
    everything: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        abstract = True

    @property
    def is_sensitive(self) -> bool:
        return self.audience_id is not None


LOCK_NOT_AVAILABLE = "55P03"


def held_at_once(rows: models.QuerySet[AnyRow]) -> list[AnyRow]:
    """Return these rows locked until the transaction ends; raise ``RowsBusy`` at once if somebody else holds one.

    Without waiting: whoever moves many rows would otherwise wait in a circle with a client's key being replaced.
    """
    try:
        return list(rows.select_for_update(nowait=True, no_key=True))
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        raise RowsBusy("somebody else is writing these rows") from None


def move(row: Markable, audience_id: UUID | None) -> list[str]:
    """Bring all that a row keeps of the record under another key, in memory; return the columns to save.

    Everything is opened first: what would be saved as it lies would stay under the old key.
    """
    columns = [
        one.attname
        for one in row._meta.concrete_fields
        if isinstance(one, SealedField) and one.owner != HOUSE and one.part == Part.RECORD
    ]
    for name in columns:
        getattr(row, name)
    row.audience_id = audience_id
    return [*columns, "audience_id"]
