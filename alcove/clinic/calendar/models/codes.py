"""Codes that check a client in: signed, for one use, for a few minutes."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone

from alcove.clinic.calendar.models.bookings import Booking
from alcove.security.vault.ids import uuid7


class CheckInCode(models.Model):
    """What a QR code stands for. Only the digest of its secret lies here; ``used_at`` once it checked somebody in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by_id = models.UUIDField(null=True)

    def is_good(self, now: datetime) -> bool:
        """Whether it still checks somebody in."""
        return self.used_at is None and self.expires_at > now
