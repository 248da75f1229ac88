"""Reading one piece back: whether what lies under its name is what was put there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from alcove.operations.backups.places import Place
from alcove.operations.backups.points import object_path
from alcove.security.vault.copies import Sealing
from alcove.security.vault.errors import SealBroken

Given = TypeVar("Given")
Said = TypeVar("Said")
_AHEAD: Final = 4
"""Deeds that wait for each lane."""


def fault_of(place: Place, sealing: Sealing, name: str, size: int | None = None) -> str:
    """Return what is wrong with an object of a place: nothing, or a few words."""
    path = object_path(sealing.version, name)
    turns = place.turns(path)
    if turns == 1 and size is not None and place.size(path) not in (None, size):
        return "has another size than when it was put there"
    faults = []
    for turn in range(turns):
        faults.append(_fault_of_turn(place, sealing, name, turn))
        if not faults[-1]:
            return ""
    return faults[0] if faults else "is missing"


def _fault_of_turn(place: Place, sealing: Sealing, name: str, turn: int) -> str:
    hasher = sealing.hasher()
    try:
        with place.open(object_path(sealing.version, name), turn) as file:
            for part in sealing.opened(name, file):
                hasher.update(part)
    except FileNotFoundError:
        return "is missing"
    except SealBroken:
        return "was changed or cut short"
    return "" if hasher.hexdigest() == name else "holds something else than its name says"


def right_turn(place: Place, sealing: Sealing, name: str) -> int:
    """Return which of those put under an object's name is right; the first where there is one only, or none."""
    turns = place.turns(object_path(sealing.version, name))
    if turns > 1:
        return next((turn for turn in range(turns) if not _fault_of_turn(place, sealing, name, turn)), 0)
    return 0


def in_lanes(
    place: Place, deed: Callable[[Given], Said], given: Iterable[Given]
) -> Iterator[tuple[Given, Said]]:
    """Yield (what was given, what the deed says of it) in order, as many at once as the place answers.

    ``given`` is read a little ahead only, in the caller's thread. The first deed that raises is the last one begun.
    """
    if place.lanes == 1:
        yield from ((one, deed(one)) for one in given)
        return
    waiting: deque[tuple[Given, Future[Said]]] = deque()
    with ThreadPoolExecutor(place.lanes) as pool:
        try:
            for one in given:
                waiting.append((one, pool.submit(deed, one)))
                if len(waiting) > place.lanes * _AHEAD:
                    first, said = waiting.popleft()
                    yield first, said.result()
            while waiting:
                first, said = waiting.popleft()
                yield first, said.result()
        finally:
            for _, said in waiting:
                said.cancel()
