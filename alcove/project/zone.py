"""Times are stored in UTC and shown in the practice's zone."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from zoneinfo import ZoneInfo

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from alcove.clinic.practice.queries import zones

FRESH = 60.0
"""Seconds for which a process remembers the practice's zone."""


class PracticeZone:
    """Makes the practice's zone the current one for each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._known: ZoneInfo | None = None
        self._read = -FRESH

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(self._zone()):
            return self.get_response(request)

    def _zone(self) -> ZoneInfo | None:
        # Who came this far without a connection asks only whether the process lives, and waits for no database.
        if time.monotonic() - self._read > FRESH and connection.connection is not None:
            with suppress(DatabaseError):
                self._known = zones.named()
                self._read = time.monotonic()
        return self._known
