"""What the worker does by itself: the daily round, and telling of copies that are too old."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from alcove.operations.backups import actions, queries, runs
from alcove.operations.backups.models import Run
from alcove.operations.backups.policy import Backups, Did
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.audit.models import Entry
from alcove.security.vault.models import House

LOOK_SECONDS: Final = 600.0
_AGAIN: Final = timedelta(hours=1)
"""After a failure the next try comes so much later."""


def _actor() -> Actor:
    return Actor.job("backups", Backups.RUN)


def is_due() -> bool:
    """Whether a round is due: a day after the last good one of any place, an hour after the founding or a failure."""
    now = timezone.now()
    founded = House.objects.values_list("created_at", flat=True).first()
    if founded is None or now - founded < _AGAIN:
        return False
    newest = Run.objects.order_by("-ended_at").first()
    if newest is not None and now - newest.ended_at < _AGAIN:
        return False
    # An offline disk is due when it is plugged in.
    return any(
        one.good is None or now - one.good.began_at >= policy.BACKUP_EVERY - timedelta(minutes=15)
        for one in queries.places()
        if not one.is_away
    )


def make() -> int:
    """Make today's points, read every place back; return how many points were made."""
    made = runs.run(_actor(), lambda _: None)
    read_back()
    return sum(not one.fault for one in made)


def read_back() -> None:
    """Read every place back that is here; of damage people are told."""
    for place in runs.here(settings.ALCOVE):
        runs.check(_actor(), place, lambda _: None)


def report_late() -> None:
    """Tell of places whose newest copy is over 26 hours old, or away for longer than they may, once a day."""
    since = int((timezone.now() - policy.BACKUP_EVERY).timestamp() * 1_000_000)
    if Entry.objects.filter(event=Did.LATE.key, at_us__gt=since).exists():
        return
    late = queries.late()
    if late:
        actions.report_late(_actor(), [one.place for one in late])
