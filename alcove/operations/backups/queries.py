"""How the backups stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone

from alcove.config import place as address
from alcove.operations.backups.models import Check, Drill, RecoveryKey, Run
from alcove.operations.backups.policy import Backups
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.vault.models import House

PLACES_LEAST: Final = 2
"""BAK-01: the home's own and one elsewhere."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One place: its newest good run, the newest try, the newest reading back.

    ``allowed``: how old its newest copy may be. ``is_away``: an offline disk that is not plugged in. ``state``: ok,
    late, damaged, failed or none.
    """

    place: str
    is_own: bool
    is_offline: bool
    is_away: bool
    allowed: timedelta
    good: Run | None
    tried: Run | None
    check: Check | None
    state: str

    @property
    def age(self) -> timedelta | None:
        return timezone.now() - self.good.began_at if self.good else None

    @property
    def is_write_once(self) -> bool:
        """Whether the newest good copy was locked by the place itself."""
        return self.good is not None and self.good.is_write_once


def places() -> list[Standing]:
    """Return how each configured place stands, the home's own first. For the machine itself; pages use ``overview``."""
    return [_standing(word) for word in settings.ALCOVE.backups]


def name_of(word: str) -> str:
    """Return what a place is called: an address without where its credentials lie."""
    return address(word).name if "://" in word else word


def _standing(word: str) -> Standing:
    config, place = settings.ALCOVE, name_of(word)
    is_offline = Path(word) in config.offline_places
    allowed = timedelta(days=config.offline_days) if is_offline else policy.BACKUP_LATE
    runs = Run.objects.filter(place=place).order_by("-ended_at")
    good, tried = runs.filter(fault="").first(), runs.first()
    check = Check.objects.filter(place=place).order_by("-at").first()
    return Standing(
        place, word == str(config.own_backups), is_offline, is_offline and not Path(word).is_dir(), allowed,
        good, tried, check, _state(good, tried, check, allowed),
    )  # fmt: skip


def _state(good: Run | None, tried: Run | None, check: Check | None, allowed: timedelta) -> str:
    if check is not None and check.faults:
        return "damaged"
    if good is None:
        return "failed" if tried else "none"
    if timezone.now() - good.began_at > allowed:
        return "late"
    return "failed" if tried is not None and tried.fault else "ok"


def late() -> list[Standing]:
    """Return the places whose newest copy is older than it may be, or was never made in that time since the founding.

    That is 26 hours, and for an offline disk the days it may be away.
    """
    founded = House.objects.values_list("created_at", flat=True).first()
    if founded is None:
        return []
    since = timezone.now() - founded
    return [one for one in places() if since > one.allowed and (one.age is None or one.age > one.allowed)]


def wanting(found: Sequence[Standing]) -> list[str]:
    """Return what the places lack, a sentence each: a second one; one that whoever has this machine cannot empty."""
    lacks = []
    if len(found) < PLACES_LEAST:
        lacks.append("Backups lie on this machine only: a fire or a thief takes both.")
    if not any(one.is_write_once or (one.is_offline and one.good) for one in found):
        lacks.append(
            "No copy is write-once or offline: whoever breaks into this machine can remove them all."
        )
    return lacks


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows. ``drill_state``: done, failed, overdue or none; ``is_key_ahead``: no backup knows it yet."""

    places: list[Standing]
    drills: list[Drill]
    drill_state: str
    drill_due_at: datetime | None
    recovery: RecoveryKey | None
    recovery_due: bool
    is_key_ahead: bool
    wanting: list[str]


def overview(actor: Actor) -> Overview:
    """Return everything the page of backups shows."""
    actor.must(Backups.VIEW)
    drills = list(Drill.objects.order_by("-ended_at")[:6])
    found, key = places(), recovery()
    tried = key.tried_at if key else None
    return Overview(
        places=found, drills=drills, drill_state=drill_state(), drill_due_at=drill_due_at(), recovery=key,
        recovery_due=tried is None or timezone.now() - tried > policy.RECOVERY_TEST_EVERY,
        is_key_ahead=key is not None and any(
            one.good is None or one.good.began_at < key.made_at for one in found
        ),
        wanting=wanting(found),
    )  # fmt: skip


def drill_due_at() -> datetime | None:
    """Return when the next rehearsal is due: a month after the last good one, or after the founding."""
    good = Drill.objects.filter(faults=0).order_by("-ended_at").first()
    founded = House.objects.values_list("created_at", flat=True).first()
    begun = good.ended_at if good else founded
    return begun + policy.DRILL_EVERY if begun else None


def drill_state() -> str:
    """Return how rehearsals stand: done, failed, overdue, or none yet."""
    due, newest = drill_due_at(), Drill.objects.order_by("-ended_at").first()
    if due is not None and due < timezone.now():
        return "overdue"
    if newest is None:
        return "none"
    return "failed" if newest.faults else "done"


def recovery() -> RecoveryKey | None:
    """Return the recovery key in force."""
    return RecoveryKey.objects.filter(replaced_at__isnull=True).order_by("-made_at").first()
