"""Whether a password is due for a change, where a practice asks for that (rule ``password.days``, off at first)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from alcove.security.access.rules import RULES
from alcove.security.identity.models import Person


def is_due(person_id: UUID) -> bool:
    """Whether this person's password is older than the practice allows; never for who has none."""
    days = RULES["password.days"].chosen
    if not days:
        return False
    row = Person.objects.annotate(set_at=Max("old_passwords__replaced_at")).filter(pk=person_id).first()
    if row is None or not row.password:
        return False
    # The one in force was set when the one before it was replaced.
    return (row.set_at or row.created_at) < timezone.now() - timedelta(days=days)
