"""Every table that says something of a client, by kind of data: what becomes of it, and why.

A table that is not here fails the build (``tests/test_kinds.py``): nobody can add one and forget erasure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ERASE, ANONYMISE, KEEP = "erase", "anonymise", "keep"
FATES: Final = {ERASE: "Erased", ANONYMISE: "Made anonymous", KEEP: "Kept"}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data. ``by_law``: kept as long as a medical record must be; else ``fate`` at once."""

    key: str
    title: str
    what: str
    tables: tuple[str, ...]
    fate: str = ERASE
    by_law: bool = False
    why: str = "No law asks to keep it once the client is deleted."


KINDS: Final = (
    Kind(
        "record", "Clinical record", "Notes, lists, documents, visits, alerts and all their earlier versions",
        (
            "records.Visit", "records.Note", "records.Amendment", "records.Item", "records.Document",
            "records.NotePair", "records.KeptResource", "records.ImportedResource", "records.PatientEntry",
            "clients.Alert", "access.Audience", "access.AudienceMember", "access.SensitiveRow",
        ),
        by_law=True, why="Nothing of it must be kept any longer.",
    ),
    Kind(
        "identity", "Name and birth date", "What says whose record it is", ("clients.Client",), by_law=True,
        why="No record is left that would have to say whose it is.",
    ),
    Kind(
        "contact", "Contact details and people", "Phones, addresses, numbers, linked people, search values",
        ("clients.ContactToken", "clients.LinkedPerson", "clients.ImportedRow", "messaging.Choices"),
    ),
    Kind(
        "portal", "Portal account", "Password, factors, sessions and links",
        (
            "identity.PatientAccount", "identity.HandOver", "identity.Typed", "records.PatientDraft",
            "calendar.VisitLink",
        ),
    ),
    Kind("messages", "Messages", "What was sent to the client, and where to", ("messaging.Outgoing",)),
    Kind(
        "tasks", "Tasks", "Tasks about the client, with lines and comments",
        ("activities.Task", "activities.Line", "activities.Comment", "activities.Repeat"),
    ),
    Kind(
        "waitlist", "Waitlist", "What the client waited for",
        ("calendar.WaitlistOffer", "calendar.WaitlistEntry"),
    ),
    Kind(
        "visits", "Appointments", "Times, services and prices stay under a random number; remarks go",
        ("calendar.Booking", "calendar.Appointment", "calendar.Series"), fate=ANONYMISE,
        why="The practice’s own figures, without anything that says who it was.",
    ),
    Kind("watched", "Watched closely", "That every look was asked about, and why", ("compliance.Watched",)),
    Kind(
        "access", "Who might see the client", "Care team, limits, emergency access, alerts, and words about them",
        (
            "access.Restriction", "access.TeamMember", "access.GlassBreak", "clients.Deletion", "clients.LegalHold",
            "compliance.Alert", "sweep.Finding",
        ),
        fate=ANONYMISE, why="That it happened stays with the audit log; the words go.",
    ),
)  # fmt: skip

LOG_TITLE: Final = "Audit log"
KEYS: Final = frozenset({"vault.ClientKey", "vault.EntryKey"})
"""Destroyed, or replaced where something is kept."""
STAYS: Final = {
    "audit.Entry": "the log: a random id, never a value",
    "access.Version": "earlier versions go or stay with the row they are of",
    "access.Taken": "how many clients somebody took out on a day, each by a random id",
    "access.RowMark": "keyed codes by random ids: they tell nothing of the rows they were of",
    "access.DeletedClient": "that nobody finds this client again",
    "privacy.Erasure": "the certificate",
}
"""Tables that no kind names, each with its reason."""

BY_KEY: Final = {kind.key: kind for kind in KINDS}
