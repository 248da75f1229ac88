"""What the deeds of this area share: changing a row that is listed, and taking it off."""

from __future__ import annotations

from typing import Any, TypeVar

from alcove.clinic.practice.actions import Unchanged
from alcove.compliance.continuity.models import Listed
from alcove.security.access.change import Change
from alcove.security.access.errors import Conflict
from alcove.security.audit.events import Event

Row = TypeVar("Row", bound=Listed)
GONE = "Someone else took this off the list meanwhile."


def differs(row: Listed, values: dict[str, Any]) -> None:
    """Raise ``Unchanged`` if a row holds these values already."""
    if all(getattr(row, name) == value for name, value in values.items()):
        raise Unchanged


def rewritten(change: Change, row: Row, event: Event, values: dict[str, Any]) -> Row:
    """Change a row that still counts; raise ``Conflict`` if somebody changed or ended it since it was read."""
    if row.ended_at is not None:
        raise Conflict(GONE)
    change.update(row, event, **values, changed_at=change.now)
    return row


def end(change: Change, row: Row, event: Event, **more: Any) -> None:
    """Take a row off its list; it is kept. Raises as ``rewritten``, so a second press finds it gone."""
    rewritten(change, row, event, {"ended_at": change.now, "ended_by_id": change.actor.id, **more})
