"""What the demo's people were told: confirmed addresses and numbers, and a few messages in the outbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from alcove.security.access.change import Change, action
from alcove.security.identity.actions import notices
from alcove.security.identity.models import Person
from alcove.security.identity.policy import Did, People

KEPT: Final = timedelta(days=365)
"""A demo may be loaded long before somebody looks at it: its messages are not too old until then."""
WITHOUT_NUMBER: Final = "sam.whitaker"
"""The bookkeeper has confirmed no number, so the demo shows what that looks like."""
_WARNED: Final = "lily.tran"


@action(People.ADD)
def tell(change: Change, people: dict[str, Person]) -> None:
    """Confirm everybody's address and number (of the block kept for fiction) and put a few messages down, as of now."""
    for number, (key, person) in enumerate(sorted(people.items())):
        change.update(person, Did.PERSON_CHANGED, email_confirmed_at=change.now)
        if key != WITHOUT_NUMBER:
            phone = f"+141555501{number:02}"
            change.update(person, Did.PERSON_CHANGED, phone=phone, phone_confirmed_at=change.now)
    ends = change.now + KEPT
    lily = people[_WARNED]
    notices.tell(
        change,
        lily,
        "new_device",
        "A new browser asks to be approved",
        "Somebody signed in as you with Safari on iPad. An administrator has to approve it first.\n\n"
        "If that was not you, tell an owner of the practice.",
        ends_at=ends,
    )
    notices.tell_of_failed_factor(change, lily)
    text = "The phone number of your account was confirmed. From now on it can take codes."
    notices.tell(
        change, people["kofi.mensah"], "phone_confirmed", "", text, channel=notices.SMS, ends_at=ends
    )
