"""What the deeds of this area share: a value that does not fit, a name that is taken, rows replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction

from alcove.security.access.change import Change
from alcove.security.access.errors import Conflict
from alcove.security.audit.events import Event

Row = TypeVar("Row", bound=models.Model)
TAKEN = "There is one of this name already."
CHANGED = (
    "Someone else changed this meanwhile. Nothing of yours was saved yet: look at both, then save again."
)


class Unfit(Exception):
    """What was given cannot stand; the sentence belongs beside ``field``."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def named(write: Callable[[], Row], *, field: str = "name", sentence: str = TAKEN) -> Row:
    """Run one insert or update whose name has to be the only one; raise ``Unfit`` if it is not.

    The database decides, so that two people at once cannot both be right.
    """
    try:
        with transaction.atomic():
            return write()
    except IntegrityError:
        raise Unfit(field, sentence) from None


def updated(change: Change, row: Row, event: Event, values: dict[str, Any]) -> Row:
    """Change a row; for ``named``."""
    change.update(row, event, **values)
    return row


def must_record(change: Change) -> None:
    """Raise ``Unchanged`` if nothing was different: a page that is saved as it was needs no entry."""
    if not change.drafts:
        raise Unchanged


class Unchanged(Exception):
    """Everything is as given already. Pages treat it as saved."""


def locked(row: Row) -> Row:
    """Return the newest state of a row and keep others from changing it; one that is gone raises ``Conflict``."""
    found = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
    if found is None:
        raise Conflict("Someone else removed this meanwhile.")
    return found


def must_be_seen(seen: str | None, held: str) -> None:
    """Raise ``Conflict`` unless rows are still as the page showed them (None: whoever calls showed none)."""
    if seen is not None and seen != held:
        raise Conflict(CHANGED)


def replace(
    change: Change, held: Iterable[Row], wanted: Sequence[dict[str, Any]], event: Event, model: type[Row]
) -> None:
    """Make rows exactly as wanted, each a dict of all its columns but the id. What goes is kept as a version."""
    left = list(wanted)
    columns = sorted(wanted[0]) if wanted else []
    for row in held:
        values = {name: getattr(row, name) for name in columns}
        if values in left:
            left.remove(values)
        else:
            kept = [field.attname for field in row._meta.concrete_fields if not field.primary_key]
            change.delete(row, event, fields=sorted(kept))
    for values in left:
        change.create(model, event, **values)


def in_order(change: Change, rows: Sequence[Row], event: Event) -> None:
    """Number rows from 0 as they stand."""
    for number, row in enumerate(rows):
        change.update(row, event, position=number)


def moved(rows: models.QuerySet[Row], row: Row, steps: int) -> list[Row]:
    """Return rows, kept from others, with one of them moved so many places down (up, where it is negative)."""
    # Locked in the order of ids, which no move changes, so that two who move never wait for each other in a ring.
    list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
    found = list(rows)
    at = next((number for number, one in enumerate(found) if one.pk == row.pk), None)
    if at is None:
        raise Conflict("Someone else removed this meanwhile.")
    one = found.pop(at)
    found.insert(min(max(at + steps, 0), len(found)), one)
    return found
