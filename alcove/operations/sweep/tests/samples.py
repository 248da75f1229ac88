"""One object for each argument of the URLs that show findings, for the walk over all routes."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from alcove.operations.sweep.models import Finding
from alcove.security.access.writes import writing


def samples(practice: Any) -> dict[str, object]:
    """Return ids by the name of the URL argument."""
    with writing("a finding for the walk"):
        return {"found_id": Finding.objects.create(kind=Finding.Kind.MARKS, found_at=timezone.now()).id}
