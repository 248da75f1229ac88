"""What there is to say to a client, in which ways, and with which slots. Facts of the program, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

EMAIL, SMS, PORTAL, NONE = "email", "sms", "portal", "none"
CHANNELS: Final = {EMAIL: "E-mail", SMS: "SMS", PORTAL: "Portal only", NONE: "No messages"}
"""What a client may choose."""
OUTSIDE: Final = {
    EMAIL: "E-mail",
    SMS: "SMS",
    "push": "Push notice",
    "calendar": "Calendar",
    "webhook": "Webhook",
}
"""Ways on which strangers may read along: no slot that tells of care goes there (MSG-03)."""
WRITTEN: Final = (EMAIL, SMS)
"""Ways that have texts of their own so far."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One occasion. ``pierces``: it leaves in quiet hours where waiting for their end would be too late."""

    key: str
    title: str
    pierces: bool = False


KINDS: Final = {
    kind.key: kind
    for kind in (
        Kind("booked", "Visit booked"),
        Kind("moved", "Visit moved", pierces=True),
        Kind("cancelled", "Visit cancelled", pierces=True),
        Kind("reminder_far", "Reminder two days before"),
        Kind("reminder_near", "Reminder two hours before"),
        Kind("waitlist_offer", "A time became free"),
        Kind("check_in", "Check-in"),
    )
}
ALL: Final = frozenset(KINDS)

LANGUAGES: Final = {
    "en-US": "English (United States)",
    "en-GB": "English (United Kingdom)",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A word in braces. ``tells``: what it would say about somebody's care, "" if nothing.

    ``needs_line``: without a value its whole line is left out.
    """

    name: str
    meaning: str
    sample: str = ""
    tells: str = ""
    needs_line: bool = False


SLOTS: Final = {
    slot.name: slot
    for slot in (
        Slot("practice", "The practice's name", "Juniper Skin"),
        Slot("place", "Name of the location", "Fillmore Street"),
        Slot("address", "Address of the location", "2100 Fillmore St, San Francisco", needs_line=True),
        Slot("date", "Day of the visit", ""),
        Slot("time", "Time of the visit", ""),
        Slot("zone", "Time zone, where the client's differs from the location's", ""),
        Slot("manage_link", "Link to change or cancel", "https://clinic.example/v/7Kq2…", needs_line=True),
        Slot("confirm_link", "Link to confirm", "https://clinic.example/c/7Kq2…", needs_line=True),
        Slot("phone", "Phone number of the location", "+1 415-555-0100", needs_line=True),
        Slot("service", "The service's name", tells="what is done"),
        Slot("specialty", "The practitioner's specialty", tells="what is treated"),
        Slot("practitioner", "The practitioner's name", tells="what is treated, by who treats it"),
        Slot("reason", "The reason for the visit", tells="why somebody comes"),
        Slot("diagnosis", "A diagnosis", tells="what somebody has"),
        Slot("product", "The product or drug", tells="what is used"),
        Slot("client", "The client's name", tells="who is a client here"),
        Slot("born", "The client's birth date", tells="who is a client here"),
        Slot("balance", "What is owed", tells="what was done, by its price"),
    )
}
"""Slots that tell of care exist so that they are refused by name, with the reason; see ``queries.wording``."""

NO_REACH: Final = {
    "none": "wants no messages",
    "deceased": "has died",
    "unconfirmed": "the address is not confirmed",
    "no address": "no address for the chosen way",
    "bounced": "the address sent a message back",
    "no warning": "no warning about plain e-mail and SMS is on record",
    "gone": "the client's key is gone",
}
"""Why a client cannot be reached, in words that follow “Not sent:”."""
FAULTS: Final = NO_REACH | {
    "quiet hours": "quiet hours left no time for it",
    "too late": "it could not leave in time",
    "cap": "the month's cap for SMS is reached",
    "not set up": "this installation sends nothing this way",
    "text": "its text cannot be sent",
    "on its way": "is leaving",
    "interrupted": "the connection broke as it left",
    "no TLS": "the mail server offers no encryption",
    "certificate": "the other side's certificate is not trusted",
    "no answer": "the other side did not answer",
    "malformed": "the address is malformed",
    "recipient refused": "the mail server refused the address",
    "undelivered": "the network could not deliver it",
    "visit": "the visit was changed or cancelled",
    "by hand": "taken back by the staff",
    "deleted": "the client was deleted",
}
"""Code words of faults in plain words; others (``SMTP 451``, ``HTTP 503``) are shown as they are."""
