"""One object for every argument of compliance's own routes, for the walk over all of them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from alcove.compliance.models import Alert
from alcove.security.access.writes import writing
from alcove.security.vault.ids import uuid7


def samples(practice: Any) -> dict[str, Any]:
    """Return an alert about somebody who was asked."""
    now = timezone.now()
    with writing("samples"):
        number = Alert.objects.count() + 1_000_000
        alert = Alert.objects.create(
            number=number, rule="night", person_id=practice.person("marketing").id, mark=uuid7().hex, at=now,
            raised_at=now, asked_at=now, question="Why at night?", state=Alert.State.ASKED,
        )  # fmt: skip
    return {"case_id": alert.id}
