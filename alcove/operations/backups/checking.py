"""Reading everything in a place back: every point, every piece of every point, the newest key copy."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from alcove.operations.backups import points
from alcove.operations.backups.copying import KEYS
from alcove.operations.backups.faults import Damaged
from alcove.operations.backups.places import Place
from alcove.operations.backups.points import Point
from alcove.operations.backups.reading import fault_of, in_lanes
from alcove.security.vault.copies import HouseKeys, KeyCopy, Sealing
from alcove.security.vault.errors import SealBroken


@dataclass(slots=True)
class Checked:
    """What was read and what was not right, each fault a sentence that names the piece and what it belongs to."""

    points: int = 0
    objects: int = 0
    bytes: int = 0
    faults: list[str] = field(default_factory=list)


def check(
    place: Place, key_places: list[Place], keys: HouseKeys, tell: Callable[[int], None], *, only: str = ""
) -> Checked:
    """Read a place back, one point of it if ``only`` names one; change nothing."""
    checked = Checked()
    looked: set[tuple[int, str]] = set()
    for name in points.names(place):
        if only and name != only:
            continue
        try:
            point = points.read(place, name, keys)
        except Damaged as damaged:
            checked.faults.append(str(damaged))
            continue
        checked.points += 1
        if point.missing:
            checked.faults.append(
                f"{name}: {point.missing} files that the records name were not in the store."
            )
        _check_point(place, point, keys, looked, checked, tell)
    if not checked.points and not checked.faults:
        checked.faults.append(f"{place.name} holds no backup.")
    checked.faults += [fault for one in key_places if (fault := _key_fault(one, keys))]
    return checked


def _check_point(
    place: Place,
    point: Point,
    keys: HouseKeys,
    looked: set[tuple[int, str]],
    checked: Checked,
    tell: Callable[[int], None],
) -> None:
    sealing = Sealing(keys, point.version)
    new = [name for name in point.objects if (point.version, name) not in looked]
    looked.update((point.version, name) for name in new)
    for name, fault in in_lanes(place, lambda name: fault_of(place, sealing, name, point.objects[name]), new):
        size = point.objects[name]
        checked.objects += 1
        checked.bytes += size
        if fault:
            checked.faults.append(f"{point.name}: the piece {name} {fault}; it holds {_held(point, name)}.")
        tell(size)


def _held(point: Point, name: str) -> str:
    if name in point.packs:
        return "a part of the database"
    files = [held[0] for held in point.files if held[3] == name]
    return f"the sealed file {files[0]}" if files else "nothing any more"


def newest_keys(place: Place) -> KeyCopy | None:
    """Return the newest key copy of a place, not opened yet; None if there is none. Raises ``SealBroken``."""
    found = key_names(place)
    return key_copy(place, found[-1]) if found else None


def key_names(place: Place) -> list[str]:
    """Return the names of a place's key copies, oldest first."""
    return sorted(name for name, _, _ in place.names(KEYS))


def key_copy(place: Place, name: str) -> KeyCopy:
    """Return a key copy by its name; raise ``SealBroken`` if none put under it is one, ``FileNotFoundError``."""
    for turn in range(place.turns(name)):
        with suppress(SealBroken), place.open(name, turn) as file:
            return KeyCopy(file.read())
    with place.open(name) as file:
        return KeyCopy(file.read())


def _key_fault(place: Place, keys: HouseKeys) -> str:
    try:
        copy = newest_keys(place)
        if copy is None:
            return f"{place.name} holds no key copy: nothing could be restored."
        copy.clients(copy.checked(keys))
    except SealBroken:
        return f"{place.name}: the newest key copy was changed or cut short."
    return ""
