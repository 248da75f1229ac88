"""Taking the scope of a breach out as a file."""

from __future__ import annotations

from alcove.compliance.policy import Breach, Did
from alcove.security.access.change import Change, action


@action(Breach.EXPORT)
def take(change: Change, count: int) -> None:
    """Record that the list of so many clients' ids leaves the house."""
    change.record(Did.SCOPE_TAKEN, fields=(f"{count} clients",))
