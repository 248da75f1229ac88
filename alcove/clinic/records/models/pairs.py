"""What somebody decided about two notes that tell of one visit, entered by two people after a downtime (BAK-09)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.security.vault.entries import Markable
from alcove.security.vault.fields import SealedText, plain
from alcove.security.vault.ids import uuid7


class NotePair(Markable):
    """A decision about two notes; neither is changed by it. ``first_id`` is the smaller of the two ids.

    Where one of the notes is sensitive, so is what was decided about it. That there is no row says that nobody has
    decided; whether two notes tell of one visit is asked anew each time (``queries.pairs``).
    """

    class Outcome(models.TextChoices):
        TOGETHER = "together", "They tell of one visit, and both stand"
        APART = "apart", "They tell of two visits"
        AMENDED = "amended", "One was amended from the other, and both stand"

    marked_as: ClassVar = "Decision about two notes"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    first_id = models.UUIDField()
    second_id = models.UUIDField()
    outcome = plain("a word of Outcome, by random ids", models.CharField(max_length=8, choices=Outcome))
    reason = SealedText(owner="client_id", label="records.note_pair.reason")
    decided_by_id = models.UUIDField(null=True)
    decided_by_name = SealedText(owner="client_id", label="records.note_pair.decided_by_name")
    decided_at = plain("when staff decided it", models.DateTimeField(default=timezone.now))

    class Meta:
        constraints: ClassVar = [
            # Of two people who decide at one moment one decides.
            models.UniqueConstraint(fields=["first_id", "second_id"], name="records_pair_decided_once")
        ]
