"""What security costs the people who work here: seconds and presses, so that it can be shown and mended (ANA-05)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.identity.models.sessions import Session
from alcove.security.vault.ids import uuid7


@dataclass(frozen=True, slots=True)
class Spent:
    """What one act has cost so far.

    ``began``: when its page was shown, by the server's clock; None if that is not known. ``steps``: how many forms were
    sent. ``taps`` and ``tenths``: what the page says it counted, key presses and taps and the tenths of a second since
    the first of them; None without a script. A page may say that less time went by than our own clock saw, because it
    stood open before anybody came, never more.
    """

    began: datetime | None = None
    steps: int = 1
    taps: int | None = None
    tenths: int | None = None

    def since(self, now: datetime) -> datetime | None:
        """Return when somebody began; None if nobody knows, or so long ago that the page was left alone meanwhile."""
        if self.began is None or self.began > now:
            return None
        told = timedelta(seconds=self.tenths / 10) if self.tenths is not None else now - self.began
        began = max(self.began, now - told)
        return began if now - began <= policy.EFFORT_LONGEST else None

    def after(self, before: Spent) -> Spent:
        """Return this step with those before it; presses are known only if every step told them."""
        known = before.taps is not None and self.taps is not None
        taps = min((before.taps or 0) + (self.taps or 0), policy.EFFORT_MOST_TAPS) if known else None
        return replace(self, began=before.began, steps=before.steps + self.steps, taps=taps, tenths=None)


class Effort(models.Model):
    """One act and what it cost. ``kind``: a code word; ``method``: by what; ``roles``: names of roles held then.

    ``spent_ms`` is NULL where nobody knows, ``taps`` where the page had no script. It goes with its session.
    """

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", "Signing in"
        UNLOCK = "unlock", "Unlocking"
        HAND_OVER = "hand_over", "Handing a tablet over"
        TAKE_BACK = "take_back", "Taking it back"
        LOCK = "lock", "Locking"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="efforts")
    kind = models.CharField(max_length=10, choices=Kind)
    method = models.CharField(max_length=20, blank=True)
    roles = models.JSONField(default=list)
    at = models.DateTimeField(default=timezone.now)
    spent_ms = models.PositiveIntegerField(null=True)
    steps = models.PositiveSmallIntegerField(default=1)
    taps = models.PositiveSmallIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="identity_effort_at")]
