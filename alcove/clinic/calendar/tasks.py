"""What the worker does for the calendar: lets go of holds, offers what became free, reports what no longer fits."""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from uuid import UUID

from alcove.clinic.activities import actions as activities
from alcove.clinic.activities.policy import Round
from alcove.clinic.activities.queries import coming, days
from alcove.clinic.calendar.actions import freed, waitlist
from alcove.clinic.calendar.actions.booking import sweep_holds
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import affected, waiting
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NothingRecorded
from alcove.security.access.policy import Open
from alcove.security.vault.keyring import keyring

HOLDS_SECONDS: Final = 5.0
AFFECTED_SECONDS: Final = 600.0
"""How often bookings are looked through for those that no longer fit."""


def let_go_of_holds() -> int:
    """Free what was held and not booked in time; return how many."""
    return sweep_holds()


def offer_freed(location: str, begins: int, ends: int) -> int:
    """Offer what became free to those who wait, the longest waiting first; return how many were asked.

    One person's turn is one transaction: whoever comes next sees what the one before was offered as taken.
    """
    actor = Actor.job("waitlist", Calendar.CREATE, Open.DIRECTORY)
    begin, end = freed.moment(begins), freed.moment(ends)
    asked = 0
    for entry_id in waiting.in_order(UUID(location)):
        with keyring():
            try:
                waitlist.offer(actor, entry_id, begin, end)
            except waitlist.NothingToOffer:
                continue
        asked += 1
    return asked


def raise_affected() -> None:
    """Have one task while coming bookings no longer fit the hours, people and rooms; it ends when all do.

    One for all of them: a closed day would else be thirty tasks. The page it leads to names each.
    """
    found, is_raised = len(affected.affected()), coming.is_raised("bookings")
    actor = Actor.job("bookings to look at", Round.RUN)
    with suppress(NothingRecorded):
        if found and not is_raised:
            plural = "s no longer fit" if found > 1 else " no longer fits"
            activities.raise_task(
                actor, cause="bookings", key=days.today().isoformat(), title=f"{found} coming appointment{plural}",
                text="Hours, people or rooms were changed after they were booked. They stand until somebody moves or "
                "cancels them.",
            )  # fmt: skip
        elif is_raised and not found:
            activities.settle_all(actor, "bookings")
