"""Calendars that people take along on a phone: a link each, read-only, that ends when they or a manager say so."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from alcove.clinic.practice.models import StaffProfile
from alcove.security.vault.ids import uuid7


class Feed(models.Model):
    """One practitioner's link. Only the digest of its token is here, so nobody can read it off the table.

    ``shows``: busy times, or clients' initials. ``mark``: a hash over what the calendar said when it was last fetched,
    ``changed_at`` since when it says so, ``read_at`` when a fetch was last noted: the first of a day, and each that
    brings something new. ``ended_at``: revoked; it never opens again.
    """

    class Shows(models.TextChoices):
        BUSY = "busy", "Busy times only"
        INITIALS = "initials", "Clients' initials"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    profile = models.ForeignKey(StaffProfile, on_delete=models.CASCADE, related_name="feeds")
    digest = models.CharField(max_length=64, unique=True)
    shows = models.CharField(max_length=8, choices=Shows, default=Shows.BUSY)
    mark = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["-made_at"]
        constraints: ClassVar = [
            # Of two presses at one moment one makes the link there is.
            models.UniqueConstraint(
                fields=["profile"], condition=Q(ended_at__isnull=True), name="calendar_one_feed_at_once"
            )
        ]
