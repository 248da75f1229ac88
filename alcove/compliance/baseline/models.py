"""Weaknesses, when the comparison was last made, and places outside. Nothing here is about a client."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models

from alcove.security.vault.fields import HOUSE, SealedText, plain
from alcove.security.vault.ids import uuid7


class Comparison(models.Model):
    """The newest comparison; one row, which is held while its result is put down. ``compared``: kinds looked at."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    at = models.DateTimeField(null=True)
    compared = models.PositiveSmallIntegerField(default=0)


class Weakness(models.Model):
    """Something weaker than the baseline, until a comparison no longer sees it.

    ``kind``: a key of ``queries.kinds.KINDS``; ``subject``: a code word or id of what it is about, so that it is filed
    once; ``what``: one sentence. ``accepted_until``: the last day on which it counts as accepted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = plain("a code word", models.CharField(max_length=12))
    subject = plain("a code word or an id, never a client's", models.CharField(max_length=120))
    what = plain("about roles, staff, settings and machines", models.CharField(max_length=300))
    found_at = plain("when it was first seen", models.DateTimeField())
    closed_at = plain("when it was no longer seen", models.DateTimeField(null=True))
    accepted_until = plain("until when it is accepted", models.DateField(null=True))
    accepted_at = plain("when it was accepted", models.DateTimeField(null=True))
    accepted_by_id = models.UUIDField(null=True)
    accepted_why = SealedText(owner=HOUSE, label="baseline.weakness.accepted_why", null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["closed_at", "-found_at"], name="baseline_open_weaknesses")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=models.Q(closed_at__isnull=True),
                name="baseline_weakness_once",
            )
        ]

    def is_accepted(self, on: date) -> bool:
        """Whether somebody accepted it and that still counts on this day."""
        return self.accepted_until is not None and self.accepted_until >= on


class Place(models.Model):
    """A host outside that a process of the product called, or that somebody entered by hand.

    ``purpose`` and ``data`` are empty until somebody says what it is for; places that the configuration names need
    nobody's word (``queries.places``).
    """

    host = models.CharField(primary_key=True, max_length=253)
    purpose = models.CharField(max_length=200, blank=True)
    data = models.CharField(max_length=200, blank=True)
    registered_at = models.DateTimeField(null=True)
    registered_by_id = models.UUIDField(null=True)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
