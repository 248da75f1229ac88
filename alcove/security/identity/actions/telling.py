"""Whoever an account belongs to hears of every change to what opens it: what a thief of a session must not hide.

One table says what is told of which change; ``portal/tests/test_telling.py`` walks it together with every action that
makes such a change. Recovery, invitations and resets have words of their own, where they happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from alcove.security.access.change import Change
from alcove.security.identity.actions import notices
from alcove.security.identity.models import Person


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says. ``kind``: its code word. ``everywhere``: by SMS too, where the phone is confirmed."""

    kind: str
    subject: str
    text: str
    everywhere: bool = False


TOLD: Final = {
    "password set": Words("password_changed", "A password was set", "A password was set for your account."),
    "password changed": Words(
        "password_changed", "Your password was changed", "The password of your account was changed.", everywhere=True
    ),
    "authenticator added": Words(
        "factor_added", "An authenticator was added", "An authenticator app was added to your account as second factor."
    ),
    "passkey added": Words("factor_added", "A passkey was added", "A passkey was added to your account."),
    "passkey removed": Words(
        "factor_removed", "A passkey was removed", "A passkey was removed from your account.", everywhere=True
    ),
    "codes renewed": Words(
        "codes_renewed", "New recovery codes were made",
        "New recovery codes were made for your account; those of before are worth nothing.", everywhere=True,
    ),
    "code used": Words(
        "code_used", "A recovery code was used", "Somebody signed in to your account by one of your recovery codes."
    ),
    "phone confirmed": Words(
        "phone_changed", "A phone number was confirmed",
        "A phone number was confirmed for your account. Codes by SMS may go there from now on.",
    ),
    "PIN set": Words("pin_set", "A PIN was set", "A PIN that unlocks one of your browsers was set."),
    "directory tied": Words(
        "factor_added", "You can sign in through the directory",
        "You can now sign in through the practice's directory.",
    ),
    "directory untied": Words(
        "factor_removed", "Sign-in through the directory is over",
        "Your account of the practice's directory no longer opens this one.", everywhere=True,
    ),
}  # fmt: skip
"""By what was done."""
_STAFF: Final = "If that was not you, tell an owner of your practice at once."
_PATIENT: Final = "If that was not you, tell the practice at once."


def tell_of(change: Change, person: Person, what: str) -> None:
    """Tell a person what was done to their account. ``what``: a key of ``TOLD``. Only inside an action."""
    words = TOLD[what]
    notices.reach(person)
    end = _PATIENT if person.kind == Person.Kind.PATIENT else _STAFF
    tell = notices.tell_all_addresses if words.everywhere else notices.tell
    tell(change, person, words.kind, words.subject, f"{words.text} {end}")
