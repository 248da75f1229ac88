"""Dropping network addresses from beside the log once they are old enough (AUD-10)."""

from __future__ import annotations

from datetime import date

from alcove.security.access.change import Change, action
from alcove.security.access.policy import Log
from alcove.security.audit.events import Did
from alcove.security.audit.models import Origin


@action(Log.DROP_ADDRESSES)
def drop(change: Change, before: date) -> int:
    """Drop addresses and browsers noted before a day; return how many. Entries keep the id, which says nothing.

    Raises ``NothingRecorded`` where there are none.
    """
    count, _ = Origin.objects.filter(on_day__lt=before).delete()
    if count:
        change.record(Did.ADDRESSES_DROPPED, fields=(f"{count} before {before.isoformat()}",))
    return count
