"""What the worker does by itself: one sweep a day, in a thread of its own, gone on with after a stop."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from alcove.operations.sweep import actions, queries
from alcove.operations.sweep.models import Sweep
from alcove.operations.sweep.policy import Sweeps
from alcove.operations.sweep.queries import Found
from alcove.security.access import marks
from alcove.security.access.actors import Actor
from alcove.security.vault.models import House

LOOK_SECONDS: Final = 600.0
_EVERY: Final = timedelta(hours=22)
"""From one beginning to the next: with the time it takes, every row is compared within a day."""
_AT_ONCE: Final = 40
"""Batches between two notes of how far it has come."""
_MARKED_AT_ONCE: Final = 2000


def _actor() -> Actor:
    return Actor.job("sweep", Sweeps.RUN)


def is_due() -> bool:
    """Whether a sweep is due, or one waits to be gone on with."""
    if not House.objects.exists():
        return False
    newest = queries.newest()
    return newest is None or newest.ended_at is None or timezone.now() - newest.began_at >= _EVERY


def sweep() -> int:
    """Compare every row with its mark, from where an interrupted sweep stopped; return how many findings are new."""
    if not queries.is_based():
        _mark_all()
    newest = queries.newest()
    now = newest if newest is not None and newest.ended_at is None else actions.begin(_actor())
    _compare(now)
    actions.end(_actor(), now)
    return now.found


def _mark_all() -> None:
    for label in marks.tables():
        while actions.mark_unmarked(_actor(), label, _MARKED_AT_ONCE) == _MARKED_AT_ONCE:
            pass
    actions.end_marking(_actor())


def _compare(sweep: Sweep) -> None:
    labels = list(marks.tables())
    number, text = sweep.place or [0, None]
    last = UUID(text) if text else None
    while number < len(labels):
        compared, found = 0, list[Found]()
        for _ in range(_AT_ONCE):
            step = queries.compare(labels[number], last)
            compared, last = compared + step.compared, step.last
            found += step.found
            if last is None:
                break
        number += last is None
        actions.go_on(_actor(), sweep, [number, last.hex if last else None], compared, found)
