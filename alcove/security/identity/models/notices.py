"""What identity has to tell people outside the page: codes, links and warnings, sealed until they are sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from alcove.security.identity.models.people import Person
from alcove.security.vault.fields import HOUSE, SealedJSON
from alcove.security.vault.ids import uuid7


class Notice(models.Model):
    """One e-mail or SMS. ``content`` is ``{"to", "subject", "text"}``, sealed; emptied once it is sent or given up.

    ``kind`` is a code word (``sign_in_code``, ``new_device`` …). ``fault``: the name of what went wrong, never a text.
    """

    class Channel(models.TextChoices):
        EMAIL = "email"
        SMS = "sms"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="notices")
    channel = models.CharField(max_length=5, choices=Channel)
    kind = models.CharField(max_length=30)
    content = SealedJSON(owner=HOUSE, label="identity.notice.content", null=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["sent_at", "due_at"], name="identity_notice_due")]
