"""What of tasks is a reason of care (ACC-07); one of ``settings.ALCOVE_CARE_REASONS``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from alcove.clinic.activities.models import Task
from alcove.security.access.actors import Actor
from alcove.security.access.need import NOBODY


def assigned(actor: Actor, client_ids: Sequence[UUID]) -> QuerySet[Any, UUID]:
    """Return about which of these clients somebody else gave this person a task that is still open.

    Nothing is opened for it. A task somebody gave themself is no reason: it would open any record.
    """
    own = Task.objects.filter(
        assignee_id=actor.id or NOBODY, state=Task.State.OPEN, client_id__in=list(client_ids)
    )
    by_others = own.filter(assigned_by_id__isnull=False).exclude(assigned_by_id=F("assignee_id"))
    return by_others.order_by().values_list("client_id", flat=True)
