"""What messages cost, month by month of the practice's own calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from alcove.clinic.messaging.models import Outgoing, Spending
from alcove.clinic.messaging.queries.choosing import zone_named
from alcove.clinic.practice.models import Practice
from alcove.security.identity.models import Notice


@dataclass(frozen=True, slots=True)
class Spent:
    """One month. ``milli``: thousandths of the practice's currency, codes and other notices of accounts included."""

    month: datetime
    messages: int
    parts: int
    codes: int
    milli: int

    @property
    def amount(self) -> str:
        return amount(self.milli)


def amount(milli: int) -> str:
    """Return thousandths as an amount; the currency is whatever the provider bills in."""
    return f"{milli / 1000:,.2f}"


def _zone() -> ZoneInfo:
    name = Practice.objects.values_list("time_zone", flat=True).first() or ""
    return zone_named(name, ZoneInfo("UTC"))


def month(moment: datetime, ahead: int = 0) -> datetime:
    """Return the beginning of this moment's month, or of one so many months ahead, as UTC."""
    zone = _zone()
    local = moment.astimezone(zone)
    number = local.year * 12 + local.month - 1 + ahead
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=zone).astimezone(UTC)


def next_month(moment: datetime) -> datetime:
    """Return when the next month begins."""
    return month(moment, 1)


def prices() -> Spending:
    """Return what an SMS costs and the cap; zeros where nobody said."""
    return Spending.objects.filter(pk=Spending.THE_ONE).first() or Spending(version=0)


def spent(moment: datetime) -> Spent:
    """Return what this moment's month has cost so far, with what is set aside for messages about to leave.

    A notice of an account counts as one part: what it said is gone.
    """
    begins, ends = month(moment), month(moment, 1)
    found: dict[str, Any] = Outgoing.objects.filter(charged_at__gte=begins, charged_at__lt=ends).aggregate(
        milli=Sum("milli"), parts=Sum("segments"), messages=Count("id")
    )
    codes = Notice.objects.filter(channel=Notice.Channel.SMS, sent_at__gte=begins, sent_at__lt=ends).count()
    price = prices().sms_milli
    return Spent(begins, found["messages"], found["parts"] or 0, codes, (found["milli"] or 0) + codes * price)


def months(moment: datetime, count: int = 6) -> list[Spent]:
    """Return the last months, the running one first."""
    return [spent(month(moment, -ahead)) for ahead in range(count)]
