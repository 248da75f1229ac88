"""When a client was last cared for, by columns that lie plain: nothing is opened for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from alcove.clinic.calendar.models import Booking
from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Document, Item, Note, Visit

_S = Booking.State
HERE: Final = (_S.ARRIVED, _S.IN_ROOM)
COMING: Final = (_S.BOOKED, _S.CONFIRMED)


def last_care(client_ids: Sequence[UUID], now: datetime) -> dict[UUID, date]:
    """Return the day of each client's last care; where none is known, of the last entry or of the card itself.

    Such a day is later than the care it may stand for: too long is kept, never too short.
    """
    past = {"starts_at__lte": now}
    kept_visits = Booking.objects.exclude(state__in=[_S.HELD, _S.CANCELLED, _S.NO_SHOW]).filter(**past)
    cared = _latest(client_ids, (Visit.objects.filter(**past), "starts_at"), (kept_visits, "starts_at"))
    without = [one for one in client_ids if one not in cared]
    written = _latest(
        without,
        (Note.everything, "written_at"),
        (Item.everything, "created_at"),
        (Document.everything, "created_at"),
        (Client.objects, "created_at"),
    )
    return {key: timezone.localdate(moment) for key, moment in (written | cared).items()}


def _latest(client_ids: Sequence[UUID], *tables: tuple[Any, str]) -> dict[UUID, datetime]:
    found: dict[UUID, datetime] = {}
    for rows, column in tables if client_ids else ():
        owner = "id" if rows.model is Client else "client_id"
        latest = rows.filter(**{f"{owner}__in": list(client_ids)}).values_list(owner).annotate(at=Max(column))
        for client_id, at in latest.order_by():
            found[client_id] = max(at, found.get(client_id, at))
    return found


def coming(client_id: UUID, now: datetime) -> list[Booking]:
    """Return the visits that are still to come, the next one first."""
    rows = Booking.objects.filter(client_id=client_id, state__in=COMING, ends_at__gt=now)
    return list(rows.select_related("location").order_by("starts_at"))


def is_here(client_id: UUID, now: datetime) -> bool:
    """Whether the client is in the house at the moment."""
    return Booking.objects.filter(client_id=client_id, state__in=HERE, ends_at__gt=now - _A_DAY).exists()


_A_DAY: Final = timedelta(days=1)
