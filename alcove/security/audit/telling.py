"""Telling the log what time it is, while a demo practice is filled and never otherwise (see ``clock``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from alcove.security.audit import clock, pen


@contextmanager
def demo_time() -> Iterator[Callable[[datetime], None]]:
    """Yield ``tell(moment)``: from then on this is the time, in this thread, until the block ends.

    ``tell`` raises ``ValueError`` for a moment before the last one told or after the machine's own time. Entries with
    a told time have a writer of their own, so if all of it is rolled back, no other entry's code rests on theirs.
    """
    last = clock.EPOCH

    def tell(moment: datetime) -> None:
        nonlocal last
        if not last <= moment <= datetime.now(UTC):
            raise ValueError("the time of a demo goes forward and ends today")
        last = moment
        clock.told.set(moment)

    pen.retire()
    token = clock.told.set(None)
    try:
        yield tell
    finally:
        clock.told.reset(token)
        pen.retire()
