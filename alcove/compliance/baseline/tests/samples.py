"""One object for the argument of the URLs that show weaknesses, for the walk over all routes."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from alcove.compliance.baseline.models import Weakness
from alcove.security.access.writes import writing


def samples(practice: Any) -> dict[str, object]:
    """Return ids by the name of the URL argument."""
    with writing("a weakness for the walk"):
        row, _ = Weakness.objects.get_or_create(
            kind="owners",
            subject="walk",
            closed_at=None,
            defaults={"what": "Many.", "found_at": timezone.now()},
        )
    return {"weakness_id": row.id}
