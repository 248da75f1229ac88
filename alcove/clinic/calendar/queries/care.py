"""What of the calendar is a reason of care (ACC-07); one of ``settings.ALCOVE_CARE_REASONS``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from alcove.clinic.calendar.models import Appointment, Booking
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.need import NOBODY
from alcove.security.audit import clock


def booked(actor: Actor, client_ids: Sequence[UUID]) -> QuerySet[Any, UUID]:
    """Return which of these clients have an appointment with this person within ``CARE_REASON_LIFE`` of now.

    Nothing is opened for it. What was cancelled is no reason.
    """
    now = clock.now()
    found = Appointment.objects.filter(
        client_id__in=client_ids,
        profile__person_id=actor.id or NOBODY,
        starts_at__gte=now - policy.CARE_REASON_LIFE,
        starts_at__lte=now + policy.CARE_REASON_LIFE,
    ).exclude(booking__state=Booking.State.CANCELLED)
    return found.order_by().values_list("client_id", flat=True)
