"""What a practice may choose for itself, each within its bounds: stricter than the standards asks, never looser.

A ``Rule`` is declared here once, with its default from ``policy_defaults``; what the owner chose lies in ``Setting``.
Values are whole numbers in the rule's unit (0 or 1 for a yes or no). A process re-reads the table after
``FRESH_SECONDS``, so a change reaches every process within that time.
"""

# ruff: noqa: E501 - a table is read line by line

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from alcove.security import policy_defaults as policy
from alcove.security.access.models import Setting

FRESH_SECONDS: Final = 5.0


class OutOfBounds(Exception):
    """A value beyond what the standards allow; the text goes beside the field."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One choice: what it is, what it is at first, and how far a practice may go."""

    key: str
    title: str
    unit: str
    default: int
    least: int
    most: int
    source: str

    @property
    def is_choice(self) -> bool:
        return (self.least, self.most) == (0, 1)

    @property
    def chosen(self) -> int:
        """The value in force."""
        return _held().get(self.key, self.default)

    @property
    def minutes(self) -> timedelta:
        return timedelta(minutes=self.chosen)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


_IDLE = policy.SESSION_IDLE_BY_DEVICE
RULES: Final = {
    rule.key: rule
    for rule in (
        Rule("idle.desk", "Sign out at the front desk after", "minutes without a touch", _minutes(_IDLE["desk"]), 2, 30, "IDN-12, PCI DSS 8.2.8"),
        Rule("idle.room", "Sign out in treatment rooms after", "minutes without a touch", _minutes(_IDLE["room"]), 2, 30, "IDN-12, PCI DSS 8.2.8"),
        Rule("idle.office", "Sign out in offices after", "minutes without a touch", _minutes(_IDLE["office"]), 2, 30, "IDN-12, PCI DSS 8.2.8"),
        Rule("idle.personal", "Sign out on personal devices after", "minutes without a touch", _minutes(_IDLE["personal"]), 2, 30, "IDN-12, PCI DSS 8.2.8"),
        Rule("session.hours", "Full sign-in again after", "hours, whatever happens", _minutes(policy.SESSION_ABSOLUTE) // 60, 4, 24, "NIST 800-63B-4, AAL2"),
        Rule("sms.minutes", "A code by SMS lives for", "minutes", _minutes(policy.SENT_CODE_LIFE), 1, 10, "ASVS V6.5.5"),
        Rule("sms.allowed", "Codes by SMS as second factor", "", 1, 0, 1, "NIST 800-63B-4: restricted authenticator"),
        Rule("device.digits", "Approval codes for new devices have", "digits", policy.DEVICE_CODE_DIGITS, 4, 8, "IDN-10"),
        Rule("password.days", "Ask for a new password every (0: never)", "days", 0, 0, 365, "NIST 800-63B-4: off unless compromised"),
        Rule("care.reason", "A clinician reads a record only with a reason of care", "", 0, 0, 1, "ACC-07, HIPAA minimum necessary"),
        Rule("glass.minutes", "Break-glass access lasts", "minutes", _minutes(policy.GLASS_LIFE), 15, 240, "ACC-08"),
        Rule("records.years", "Keep a client's record after the last visit for at least", "years", policy.RECORD_YEARS, 6, 30, "HIPAA 164.316: 6 years; many states and countries ask 7 to 10"),
        Rule("addresses.months", "Keep network addresses in the audit log for", "months", policy.ADDRESS_MONTHS, *policy.ADDRESS_MONTHS_BOUNDS, "AUD-10, GDPR art. 5 (1) e"),
        Rule("waitlist.minutes", "A freed time waits for one person on the waitlist", "minutes", _minutes(policy.WAITLIST_HOLD), 5, 120, "CAL-11"),
        Rule("taken.day", "One person prints or downloads on one day, until released, at most", "clients", policy.CLIENTS_TAKEN_A_DAY, 5, policy.CLIENTS_TAKEN_A_DAY, "WAT-07"),
        Rule("export.alone", "One person alone may export at most", "clients", policy.EXPORT_ALONE, 1, 1000, "ACC-10"),
    )
}  # fmt: skip
"""Every rule by its key."""


class _Memory(threading.local):
    """What this thread last read of the table, and when."""

    values: dict[str, int] | None = None
    read_at: float = 0.0


_memory = _Memory()


def _held() -> dict[str, int]:
    if _memory.values is None or time.monotonic() - _memory.read_at > FRESH_SECONDS:
        _memory.values = dict(Setting.objects.values_list("key", "value"))
        _memory.read_at = time.monotonic()
    return _memory.values


def forget() -> None:
    """Read the table anew at the next question (after a change, and between tests)."""
    _memory.values = None
