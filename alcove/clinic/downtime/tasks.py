"""What the worker does by itself: a pack of each location every hour, and the end of those that are too old."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final

from django.conf import settings

from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.downtime import actions, queries
from alcove.clinic.downtime.models import Pack, Phrase
from alcove.clinic.downtime.policy import Downtime
from alcove.clinic.downtime.queries.content import gathered
from alcove.clinic.downtime.queries.page import page
from alcove.clinic.practice.models import Location
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.security.vault import packs
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import House

log = logging.getLogger("alcove.downtime")
LOOK_SECONDS: Final = 60.0
_STRAY_AFTER: Final = timedelta(minutes=10)


def _actor() -> Actor:
    return Actor.job(
        "downtime packs", Downtime.MAKE, Open.DIRECTORY, Open.RECORD, Calendar.VIEW, Calendar.SEE_ALL
    )


def is_due() -> bool:
    """Whether a pack is to be made or to go."""
    return House.objects.exists() and (queries.over() or bool(queries.due()))


def make() -> int:
    """Make the packs that are due, end those that are over; return how many were made."""
    if queries.over():
        actions.end_packs(_actor())
    phrase = queries.phrase()
    if phrase is None:
        return 0
    made = 0
    for location in queries.due():
        try:
            _make(location, phrase)
            made += 1
        except Conflict:
            log.info("a downtime pack is made anew: something changed meanwhile")
        except Exception as error:  # noqa: BLE001 - one damaged row must not leave the other locations without
            log.warning("a downtime pack was not made: %s", type(error).__name__)
    _sweep()
    return made


def _make(location: Location, phrase: Phrase) -> None:
    now = clock.now()
    with keyring():
        found = gathered(_actor(), location, now)
    sealed = packs.sealed_pack(
        packs.of_stored(phrase.key),
        found.content,
        place=location.name,
        zone=location.time_zone,
        number=phrase.number,
        made_at=now,
    )
    actions.keep_pack(
        _actor(), location, page=page(sealed, location.name), clients=found.clients, made_at=now,
        number=phrase.number,
    )  # fmt: skip


def _sweep() -> None:
    """Remove files that no row names any more: of a worker that died between file and row."""
    folder = settings.ALCOVE.packs
    if not folder.exists():
        return
    known = {one.hex for one in Pack.objects.values_list("pk", flat=True)}
    oldest = clock.now().timestamp() - _STRAY_AFTER.total_seconds()
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.name not in known and path.stat().st_mtime < oldest:
                path.unlink()
                log.warning("a stray downtime pack was removed")
