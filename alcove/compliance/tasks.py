"""What the worker does for compliance: compares new entries with the rules of alerts, drops old addresses."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from alcove.compliance.actions import addresses, alerts
from alcove.compliance.policy import Round
from alcove.compliance.queries import watching
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NothingRecorded
from alcove.security.access.policy import Log
from alcove.security.access.rules import RULES
from alcove.security.audit import clock
from alcove.security.vault.models import House

ADDRESSES_SECONDS: Final = 3600.0
WAITS = {watching.AT_ONCE: timedelta(), watching.AFTERWARDS: policy.WATCH_WAITS}


def look() -> int:
    """Compare what came since the last time; return how many alerts were raised. Two workers raise nothing twice."""
    if not House.objects.exists():
        return 0
    alerts.begin()
    return sum(catch_up(name, wait) for name, wait in WAITS.items())


def catch_up(name: str, wait: timedelta = timedelta()) -> int:
    """Compare with the rules of one mark what is older than ``wait``; return how many alerts were raised."""
    raised = 0
    while new := watching.stretch(name, wait):
        found = watching.find(new, watching.rules_of(name))
        if not found:
            alerts.pass_over(name, new)
            continue
        try:
            raised += len(alerts.raise_alerts(Actor.job("watching", Round.WATCH), name, new, found))
        except Conflict:
            # Another worker was quicker; the next look goes on where it stopped.
            break
    return raised


def drop_addresses() -> int:
    """Drop network addresses older than the practice keeps them; return how many."""
    if not House.objects.exists():
        return 0
    before = months_before(clock.now().date(), RULES["addresses.months"].chosen)
    with suppress(NothingRecorded):
        return addresses.drop(Actor.job("addresses", Log.DROP_ADDRESSES), before)
    return 0


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the first of the month after where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    with suppress(ValueError):
        return date(year, month + 1, day.day)
    return date(year, month + 2, 1)
