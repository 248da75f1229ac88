"""What the worker does by itself: notes each minute that the server runs, and forgets what is too old."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from alcove.compliance.uptime import actions
from alcove.compliance.uptime.models import Probe
from alcove.compliance.uptime.policy import Uptime
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.vault.models import House

LOOK_SECONDS: Final = policy.UPTIME_RUNNING.total_seconds()
FORGET_SECONDS: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class _Noted:
    """When this process last noted, for which vantage: by the wall, and by a clock that stops when a machine sleeps."""

    server: UUID
    wall: float
    awake: float


_last: _Noted | None = None


def note_server() -> None:
    """Note that the server runs.

    A long job may keep the worker from noting for a while. The same process ran all the time nevertheless, unless the
    machine slept; a new process says nothing of the time before it.
    """
    global _last  # noqa: PLW0603 - what this process remembers, replaced as a whole
    if not House.objects.exists():
        return
    server = Probe.objects.filter(kind=Probe.Kind.SERVER).first()
    if server is None:
        server = actions.begin_server(Actor.job("uptime", Uptime.WATCH))
    held, now = _last, _Noted(server.pk, time.time(), time.monotonic())
    actions.note_server(server, goes_on=held is not None and _was_awake(held, now))
    _last = now


def _was_awake(held: _Noted, now: _Noted) -> bool:
    slept = (now.wall - held.wall) - (now.awake - held.awake)
    return held.server == now.server and abs(slept) <= LOOK_SECONDS


def forget_old() -> None:
    """Forget what lies too far back for any report."""
    actions.forget_old()
