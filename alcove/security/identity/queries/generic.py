"""Names of nobody in particular: an account is one person (IDN-01)."""

from __future__ import annotations

import re
from typing import Final

WORDS: Final = frozenset({
    "account", "accounts", "admin", "administrator", "aesthetician", "aesthetics", "appointments", "assistant",
    "beauty", "billing", "bookings", "booking", "bookkeeper", "care", "clinic", "contact", "desk", "doctor", "doctors",
    "email", "enquiries", "everyone", "front", "general", "guest", "hello", "help", "helpdesk", "hi", "info",
    "injector", "inquiries", "intern", "ipad", "it",
    "kiosk", "laser", "locum", "mail", "main", "manager", "marketing", "med",
    "medical", "medspa", "noreply", "no", "nobody", "nurse", "nurses", "office", "owner", "practice", "practitioner",
    "privacy", "provider", "reception", "receptionist", "receptionists", "reply", "root", "room", "sales", "service",
    "shared", "skin", "spa", "staff", "student", "studio", "support", "system", "tablet", "team", "temp", "test",
    "treatment", "trainee", "user", "users", "webmaster", "welcome", "workstation",
})  # fmt: skip
"""Words that name a place, a job or a thing; a name or mailbox made of these alone is nobody's."""

SHARED_MAILBOX: Final = "This looks like a shared mailbox. Each person needs an address of their own."
NOBODY: Final = "This names a job or a place, not a person. Each account is one person: give their own name."


def is_nobodys_name(name: str) -> bool:
    """Whether a name is made of such words and numbers alone: "Front Desk", "Nurse 2"."""
    words = re.findall(r"[^\W\d_]+", name.lower())
    return all(word in WORDS for word in words)


def is_shared_mailbox(email: str) -> bool:
    """Whether the part before the @ is made of such words alone: ``reception@``, ``front-desk2@``, ``frontdesk@``."""
    local = email.lower().partition("@")[0].partition("+")[0]
    words = re.findall(r"[^\W\d_]+", local)
    return bool(words) and all(word in WORDS or _is_made_of_two(word) for word in words)


def _is_made_of_two(word: str) -> bool:
    return any(word[:at] in WORDS and word[at:] in WORDS for at in range(2, len(word) - 1))
