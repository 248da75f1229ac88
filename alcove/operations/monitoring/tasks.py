"""What the worker does by itself: a round over all parts, twice a minute."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from alcove.operations.monitoring import actions, queries
from alcove.operations.monitoring.policy import Health
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NothingRecorded
from alcove.security.vault.models import House

LOOK_SECONDS: Final = 30.0


def look() -> None:
    """Look at every part, note what turned, tell whoever is to know."""
    if House.objects.exists():
        with suppress(NothingRecorded):
            actions.note(Actor.job("health", Health.WATCH), queries.looks())
