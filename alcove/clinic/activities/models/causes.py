"""Why tasks are raised by themselves: facts of the program, no rows.

An area above adds a cause by a line here and a call of ``actions.raise_task``; see ``docs/activities.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from alcove.security.access.policy import RoleKey


@dataclass(frozen=True, slots=True)
class Cause:
    """``page``: the route that settles it, about a client if ``of_client``; ``needs``: the right that page asks for.

    ``role``: whose task it is unless it is given to a person. ``days``: by when, counted from the day it was raised.
    """

    key: str
    words: str
    role: RoleKey
    page: str = ""
    link: str = ""
    needs: str = ""
    of_client: bool = False
    days: int = 1


CAUSES: Final = {
    cause.key: cause
    for cause in (
        Cause(
            "message", "A message did not arrive", RoleKey.FRONT_DESK, "message_card:messages",
            "The client’s messages", "clients.messages.view", of_client=True,
        ),
        Cause("registration", "A registration runs out", RoleKey.MANAGER, days=0),
        Cause(
            "glass", "An emergency access waits for its review", RoleKey.OFFICER, "compliance:glass",
            "Emergency access", "clients.glass.review",
        ),
        Cause(
            "bookings", "Bookings no longer fit", RoleKey.MANAGER, "calendar:affected", "Bookings to look at",
            "calendar.edit", days=2,
        ),
    )
}  # fmt: skip
