"""What of the record is a reason of care (ACC-07); one of ``settings.ALCOVE_CARE_REASONS``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from alcove.clinic.records.models import Visit
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.audit import clock


def visited(actor: Actor, client_ids: Sequence[UUID]) -> QuerySet[Any, UUID]:
    """Return which of these clients have a visit with this person within ``CARE_REASON_LIFE`` before or after now.

    Nothing is opened for it: whose visit it is and when it begins lie plain.
    """
    now = clock.now()
    found = Visit.objects.filter(
        client_id__in=client_ids,
        clinician_id=actor.id,
        starts_at__gte=now - policy.CARE_REASON_LIFE,
        starts_at__lte=now + policy.CARE_REASON_LIFE,
    )
    return found.order_by().values_list("client_id", flat=True)
