"""One erasure from its request to its certificate."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from alcove.clinic.clients.models import Client, Deletion
from alcove.security.vault.fields import HOUSE, SealedText, plain
from alcove.security.vault.ids import uuid7

_WHEN = "when a step of the erasure was done"


class Erasure(models.Model):
    """The final erasure of one client. It names nobody but staff: what is left of the client is a random id.

    ``ground``: a code word of ``Deletion.GROUNDS``; ``reason`` goes when it is carried out. ``items``: what was done to
    each kind of data, ``[{kind, count, fate, until}]``, words of ``queries.kinds`` and ISO dates. ``files``: names of
    sealed files still to be removed. ``asked_by_id`` is None for what the worker proposes. ``keeps_until``: the last
    day on which something of the client must be kept, None if nothing must. ``is_whole``: whether nothing was kept.
    ``last_copy_on``: the day from which no copy of the destroyed key is left anywhere.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        ASKED = "asked", "Waiting for approval"
        WITHDRAWN = "withdrawn", "Taken back"
        REFUSED = "refused", "Refused"
        APPROVED = "approved", "Being carried out"
        CLEARED = "cleared", "Being carried out"
        ENDED = "ended", "Being carried out"
        DONE = "done", "Erased"

    OPEN: ClassVar = ("proposed", "asked", "approved", "cleared", "ended")
    RUNNING: ClassVar = ("approved", "cleared", "ended")
    DECISION: ClassVar = ("state", "decided_by_id", "decided_by_name", "decided_at")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="erasures")
    state = plain("a word of State", models.CharField(max_length=9, choices=State))
    ground = plain("a code word of GROUNDS", models.CharField(max_length=8))
    reason = SealedText(owner=HOUSE, label="privacy.erasure.reason", null=True)
    items = plain("kinds of data, counts and dates", models.JSONField(default=list))
    files = plain("random names, made by us", models.JSONField(default=list))
    asked_by_id = models.UUIDField(null=True)
    asked_by_name = plain("the name of staff, or of the worker", models.CharField(max_length=120))
    asked_at = plain(_WHEN, models.DateTimeField(default=timezone.now))
    decided_by_id = models.UUIDField(null=True)
    decided_by_name = plain("the name of staff who decided", models.CharField(max_length=120, blank=True))
    decided_at = plain(_WHEN, models.DateTimeField(null=True))
    erased_at = plain(_WHEN, models.DateTimeField(null=True))
    done_at = plain(_WHEN, models.DateTimeField(null=True))
    is_whole = models.BooleanField(default=False)
    keeps_until = plain("a date that a law sets", models.DateField(null=True))
    last_copy_on = plain("the day on which the last key copy is gone", models.DateField(null=True))

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client"],
                condition=Q(state__in=["proposed", "asked", "approved", "cleared", "ended"]),
                name="privacy_one_erasure_at_once",
            ),
            models.CheckConstraint(
                condition=Q(decided_by_id__isnull=True)
                | Q(asked_by_id__isnull=True)
                | ~Q(decided_by_id=F("asked_by_id"))
                | Q(state="withdrawn"),
                name="privacy_approved_by_another",
            ),
        ]

    @property
    def number(self) -> str:
        """What the certificate is called: the end of its random id."""
        return self.id.hex[-12:].upper()

    @property
    def client_code(self) -> str:
        """The end of the client's random id, as the audit log shows it."""
        return str(self.client_id)[-12:]

    @property
    def is_waiting(self) -> bool:
        return self.state in {"proposed", "asked"}

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING

    @property
    def is_done(self) -> bool:
        return self.state == self.State.DONE

    @property
    def ground_words(self) -> str:
        return Deletion.GROUNDS.get(self.ground, self.ground)

    def decide(self, state: str, by_id: UUID | None, by_name: str, at: datetime) -> None:
        """Note a decision on this row; whoever calls saves ``DECISION``."""
        self.state, self.decided_by_id, self.decided_by_name, self.decided_at = (
            state,
            by_id,
            by_name[:120],
            at,
        )

    def fates(self) -> list[dict[str, Any]]:
        """What was done to each kind, with dates as dates."""
        return [
            {**one, "until": date.fromisoformat(one["until"]) if one["until"] else None} for one in self.items
        ]
