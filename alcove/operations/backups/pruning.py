"""Ending what is old: points by rule, pieces that no point names, key copies past their short life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from alcove.operations.backups import points
from alcove.operations.backups.copying import KEYS
from alcove.operations.backups.places import Place
from alcove.operations.backups.points import object_path
from alcove.security import policy_defaults as policy
from alcove.security.vault.copies import HouseKeys

UNFINISHED = timedelta(days=2)
"""Pieces of a run that was killed wait so long for the next one."""


@dataclass(slots=True)
class Pruned:
    """How much was ended; ``locked``: points that are over and pieces nobody needs, which a write-once place keeps."""

    points: int = 0
    objects: int = 0
    bytes: int = 0
    key_copies: int = 0
    locked: int = 0


def over(names: list[str], now: datetime, kept: timedelta) -> list[str]:
    """Return the points that the rule ends: past ``kept``, or after a week not the newest of their day.

    Never the newest of all. ``kept`` under six months counts as six months.
    """
    kept = max(kept, policy.BACKUP_KEPT)
    newest_of_day = {points.moment_of(name).date(): name for name in sorted(names)}
    ended = []
    for name in sorted(names)[:-1]:
        at = points.moment_of(name)
        is_spare = at < now - policy.BACKUP_EVERY_POINT_KEPT and newest_of_day[at.date()] != name
        if at < now - kept or is_spare:
            ended.append(name)
    return ended


def prune(place: Place, key_places: list[Place], keys: HouseKeys, now: datetime, kept: timedelta) -> Pruned:
    """End what is over in a place whose ``alone`` the caller holds.

    Raises ``Damaged``, and removes nothing at all, while a point that stays cannot be read: it may name any piece.
    """
    pruned = Pruned()
    _points(place, keys, now, kept, pruned)
    for one in key_places:
        _key_copies(one, now, pruned)
    return pruned


def _points(place: Place, keys: HouseKeys, now: datetime, kept: timedelta, pruned: Pruned) -> None:
    names = points.names(place)
    ended = over(names, now, kept)
    needed: set[str] = set()
    for name in names:
        if name not in ended:
            needed.update(_needed(place, name, keys))
    # Lists first: a kill in between leaves pieces without a point, which the next pruning takes.
    for name in ended:
        wanted = _needed(place, name, keys) if place.is_write_once else set()
        if place.remove(name):
            pruned.points += 1
        else:
            needed |= wanted
            pruned.locked += 1
    for name, size, written in list(place.names("objects")):
        if name not in needed and (pruned.points or written < (now - UNFINISHED).timestamp()):
            if place.remove(name):
                pruned.objects += 1
                pruned.bytes += size
            else:
                pruned.locked += 1


def _needed(place: Place, name: str, keys: HouseKeys) -> set[str]:
    point = points.read(place, name, keys)
    return {object_path(point.version, one) for one in point.objects}


def _key_copies(place: Place, now: datetime, pruned: Pruned) -> None:
    found = sorted(name for name, _, _ in place.names(KEYS))
    for name in found[:-1]:
        if points.moment_of(name) < now - policy.KEY_COPY_LIFE:
            if place.remove(name):
                pruned.key_copies += 1
            else:
                pruned.locked += 1
