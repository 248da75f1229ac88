"""The promise about second copies: this machine's credentials cannot take them away, and damage is told within a day.

Only a real store can say what it refuses, so this is asked of the practice's own write-once bucket, beside the backups
and not among them, with a piece that is locked for a minute. Without such a bucket it is not proved.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from unittest import mock

from django.conf import settings
from django.utils import timezone

from alcove.config import Config, bucket
from alcove.operations.backups import actions, checking, runs, tasks
from alcove.operations.backups.faults import PlaceFails
from alcove.operations.backups.places import Place
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise, Unproved
from alcove.project.prove.planting import plant
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.identity.models import Notice

LOCKED: Final = timedelta(minutes=1)
SHORT: Final = timedelta(seconds=1)
_NAMED: Final = "places-to-prove"
_DAY: Final = timedelta(hours=24)


def name_places(home: Path, places: Sequence[str]) -> None:
    """Tell a scratch home which buckets hold the practice's backups."""
    (home / _NAMED).write_text("\n".join(word for word in places if word.startswith("s3:")), "utf-8")


def unclaimed(config: Config) -> set[int]:
    """Return which of these promises an installation does not make: it has no bucket that could keep it."""
    return set() if any(word.startswith("s3:") for word in config.backup_places) else {26}


def _buckets() -> list[Place]:
    """Return the practice's buckets, each at a prefix of its own beside the backups."""
    found: list[Place] = []
    with suppress(FileNotFoundError):
        for word in (settings.ALCOVE.home / _NAMED).read_text("utf-8").split("\n"):
            if word:
                asked = bucket(word)
                aside = replace(asked, prefix=f"{asked.prefix}proving/")
                found.append(runs.bucket_at(settings.ALCOVE, aside))
    return found


def second_copies_stay(practice: Practice) -> str:
    """Damage a copy and see it told; try to remove, overwrite and unlock a piece of the write-once bucket."""
    told = _damage_is_told(practice)
    places = _buckets()
    if not places:
        raise Unproved(
            f"{told}; but no bucket holds this practice's backups, so nothing here can refuse to remove one "
            "(ALCOVE_BACKUP_PLACES; what an offline disk refuses no program can try)"
        )
    try:
        kept = [place for place in places if _stays(place)]
    except PlaceFails as fails:
        raise Unproved(f"{told}; but {fails}") from None
    if not kept:
        raise Broken("no bucket with backups has Object Lock: whoever has this machine can empty them all")
    return f"{told}; removing, overwriting and unlocking were refused or in vain in {len(kept)} bucket"


def _stays(place: Any) -> bool:
    """Return whether the place locks at all; raise ``Broken`` where something locked could be taken away."""
    name, held = f"objects/{os.urandom(16).hex()}", os.urandom(64)
    with place.alone():
        if not place.is_write_once:
            return False
        for old, _, _ in list(place.names("objects")):
            place.remove(old)
        place.put(name, [held])
        place.lock(name, timezone.now() + LOCKED)
        # Whether a lock was shortened shows when the shorter one is over: the piece is still there then, or it is not.
        with suppress(PlaceFails):
            place.lock(name, timezone.now() + SHORT)
        place.put(name, [b"another"])
        place.hide(name)
        list(place.names("objects"))
        with place.open(name) as file:
            if file.read() != held:
                raise Broken("what was put over a locked piece took its place")
        time.sleep(1.5 * SHORT.total_seconds())
        if place.remove(name):
            raise Broken("the bucket removed a locked piece")
    return True


def _damage_is_told(practice: Practice) -> str:
    """Change one byte of a copy, then lose a piece; each has to be told by the daily round."""
    if policy.BACKUP_EVERY > _DAY:
        raise Broken("the daily round is not daily")
    plant(practice, 1)
    [made] = runs.run(Actor.operator("prove"), lambda _: None)
    path = max((Path(made.place) / "objects").rglob("*"), key=lambda one: one.stat().st_size * one.is_file())
    held = path.read_bytes()
    for damage in (held[:-1] + bytes([held[-1] ^ 1]), None):
        before = _told()
        path.unlink()
        if damage is not None:
            path.write_bytes(damage)
        try:
            tasks.read_back()
        finally:
            path.write_bytes(held)
        if _told() == before:
            raise Broken("a damaged copy was told to nobody")
    return "one changed byte and one lost piece were told by the daily round"


def _told() -> int:
    return Notice.objects.filter(kind=actions.NOTICE).count()


@contextmanager
def a_writable_bucket(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: pieces are put and never locked, as in a bucket anybody with the credentials can empty."""
    with mock.patch.object(type(_buckets()[0]), "lock", _lock_nothing):
        yield


def _lock_nothing(place: Any, name: str, until: Any) -> None:
    """Lock nothing."""


@contextmanager
def a_round_that_reads_nothing(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: reading back believes what lies there."""
    with mock.patch.object(checking, "check", return_value=checking.Checked(points=1)):
        yield


PROMISES = [
    Promise(
        26,
        "With this machine's credentials nobody removes or changes the second copy, and a damaged copy is told "
        "within a day",
        second_copies_stay,
        (
            ("a writable bucket", a_writable_bucket),
            ("a daily round that reads nothing back", a_round_that_reads_nothing),
        ),
    ),
]
