"""What the sweep knows: its runs, and what they found."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from alcove.security.vault.fields import HOUSE, SealedJSON, SealedText, plain
from alcove.security.vault.ids import uuid7


class Sweep(models.Model):
    """One comparison of all rows, done in steps. ``place``: ``[table's number, last row]``, null once it has ended.

    ``tally`` counts the marks made before ``began_at`` and adds up codes of their rows: ``{count, sum}``; sealed, so
    that nobody who takes a row out together with its mark can put it right. The next sweep compares.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    place = models.JSONField(null=True)
    compared = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    tally: Any = SealedJSON(owner=HOUSE, label="sweep.sweep.tally", null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-began_at"], name="sweep_newest")]


class Finding(models.Model):
    """A row that is not as the last recorded deed left it, until somebody says what it was.

    ``object_id`` is null for rows that went together with their marks: then nobody knows which.
    """

    class Kind(models.TextChoices):
        CHANGED = "changed", "Changed by hand"
        ADDED = "added", "Put in by hand"
        REMOVED = "removed", "Taken out by hand"
        MARKS = "marks", "Marks are missing"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = plain("which sort of finding", models.CharField(max_length=8, choices=Kind))
    table = plain("names a table, not a person", models.CharField(max_length=60, blank=True))
    object_id = models.UUIDField(null=True)
    client_id = models.UUIDField(null=True)
    found_at = plain("when the sweep found it", models.DateTimeField())
    closed_at = plain("when it was closed", models.DateTimeField(null=True))
    closed_by_id = models.UUIDField(null=True)
    outcome = SealedText(owner=HOUSE, label="sweep.finding.outcome", null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["closed_at", "-found_at"], name="sweep_open_findings")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["object_id", "kind"],
                condition=models.Q(closed_at__isnull=True),
                name="sweep_found_once",
            )
        ]
