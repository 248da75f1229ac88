"""What time it is for a deed and its entry: the machine's time, except while a demo practice is being filled.

A demo needs months of history whose log is as sound as any other, so its loader may say what time it is
(``telling.demo_time``), forward only and never later than the machine's own time. What must never happen: a real
practice whose log bears invented times. Every reading asks the opened house whether it is a demo, and that mark is
bound into the keys themselves, so it cannot be switched on later (``project/tests/test_demo.py``).
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Final

from alcove.security.vault.house import house

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
told: ContextVar[datetime | None] = ContextVar("alcove_demo_time", default=None)


class NoDemo(Exception):
    """Someone told the time of a practice that is not a demo: a fault of the program, nothing is written."""


def now() -> datetime:
    """Return the moment of the deed under way, aware, UTC; raise ``NoDemo`` if it was told in a real practice."""
    moment = told.get()
    if moment is None:
        return datetime.now(UTC)
    if not house().is_demo:
        raise NoDemo("only the time of a demo practice can be told")
    return moment


def microseconds() -> int:
    """Return the same moment as microseconds since 1970 UTC, exactly."""
    return (now() - EPOCH) // timedelta(microseconds=1)
