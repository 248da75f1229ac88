"""The recovery order a new practice may begin with, from what Alcove knows of the installation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

_WHOEVER_RUNS_IT = "Whoever runs the server"


@dataclass(frozen=True, slots=True)
class Proposed:
    """One system as proposed; see ``models.Step``."""

    name: str
    hours: int
    by: str
    book: str


def order() -> Iterator[Proposed]:
    """Yield systems in the order in which they come back: records before everything that only reads them."""
    config = settings.ALCOVE
    base = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"
    yield Proposed("Paper until it is back: the downtime pack", 1, "Front desk", "docs/runbooks/downtime.md")
    yield Proposed("Root key and house keys", 2, _WHOEVER_RUNS_IT, "docs/runbooks/root-key.md")
    yield Proposed(
        f"Alcove: database ({base}) and clients’ records", 4, _WHOEVER_RUNS_IT, "docs/runbooks/restore.md"
    )
    if config.oidc_issuer:
        yield Proposed(
            "The practice’s directory, for signing in",
            4,
            _WHOEVER_RUNS_IT,
            "docs/runbooks/directory-sign-in.md",
        )
    yield Proposed("Photos and documents", 8, _WHOEVER_RUNS_IT, "docs/runbooks/restore.md")
    yield Proposed("Calendar and reception", 8, "Front desk", "docs/calendar.md")
    yield Proposed("Phones", 8, "Front desk", "")
    yield Proposed("Internet line, and the failover line", 12, "Practice manager", "")
    yield Proposed(
        "Messages to clients (e-mail and SMS)", 24, "Front desk", "docs/runbooks/message-did-not-arrive.md"
    )
    yield Proposed("Payments and card terminals", 24, "Practice manager", "")
    yield Proposed("Online booking and patients’ accounts", 48, _WHOEVER_RUNS_IT, "docs/operating.md")
    yield Proposed("Backups of the new system", 48, _WHOEVER_RUNS_IT, "docs/operating.md")
