"""What a promise is, and what running it gives."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from alcove.project.prove.ground import Practice


class Broken(Exception):
    """A promise does not hold here; the text says where, never a client's value."""


class Unproved(Exception):
    """What the check needs is not here; the text says what."""


Check = Callable[[Practice], str]
Fault = Callable[[Practice], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Promise:
    """``check`` raises ``Broken`` or says what it tried; each of ``faults`` plants one fault that must turn it red."""

    number: int
    text: str
    check: Check
    faults: tuple[tuple[str, Fault], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``state``: proved, failed or not proved. ``fault_seen``: every planted fault turned the check red."""

    number: int
    promise: str
    state: str
    tried: str
    fault_seen: bool
    seconds: float


def run(promise: Promise, practice: Practice) -> Outcome:
    """Check a promise, then plant each fault and see it fail."""
    began = time.monotonic()

    def outcome(state: str, tried: str, *, seen: bool) -> Outcome:
        return Outcome(promise.number, promise.text, state, tried, seen, round(time.monotonic() - began, 1))

    try:
        tried = promise.check(practice)
    except Broken as broken:
        return outcome("failed", str(broken), seen=False)
    except Unproved as unproved:
        return outcome("not proved", str(unproved), seen=False)
    except Exception as error:  # noqa: BLE001 - a check that stumbles proves nothing, and the next one still runs
        return outcome("failed", _stumbled(error), seen=False)
    for name, fault in promise.faults:
        try:
            with fault(practice):
                promise.check(practice)
        except Broken:
            continue
        except Exception as error:  # noqa: BLE001 - as above
            return outcome("not proved", f"with {name} planted, {_stumbled(error)}", seen=False)
        return outcome(
            "not proved", f"{tried}; but the check stayed green with this fault planted: {name}", seen=False
        )
    names = ", ".join(name for name, _ in promise.faults)
    return outcome("proved", f"{tried}; red with: {names}", seen=True)


def _stumbled(error: Exception) -> str:
    """Say where a check itself failed; an exception's text may quote a value, so only its class is named."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"the check stumbled: {type(error).__name__} at {place.filename.rpartition('/')[2]}:{place.lineno}"
