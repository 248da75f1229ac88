"""One object for each argument of the URLs of the continuity page, for the walk over all routes."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from alcove.clinic.practice.models import Location
from alcove.compliance.continuity.models import Contact, Entrant, Step, Trial
from alcove.security.access.writes import writing


def samples(practice: Any) -> dict[str, object]:
    """Return ids by the name of the URL argument."""
    with writing("lines for the walk"):
        place = Location.objects.first() or Location.objects.create(name="Main")
        step, _ = Step.objects.get_or_create(name="Walk", ended_at=None, defaults={"position": 0, "hours": 1})
        contact, _ = Contact.objects.get_or_create(
            kind="it", name="Walk", ended_at=None, defaults={"purpose": "The walk", "phone": "1"}
        )
        entrant, _ = Entrant.objects.get_or_create(
            location=place, person=None, firm="Walk", ended_at=None, defaults={"how": "key"}
        )
        trial, _ = Trial.objects.get_or_create(
            kind="failover", location=place, ended_at=None, is_passed=True,
            defaults={"on": timezone.localdate(), "by": "Walk"},
        )  # fmt: skip
    return {"step_id": step.pk, "contact_id": contact.pk, "entrant_id": entrant.pk, "trial_id": trial.pk}
