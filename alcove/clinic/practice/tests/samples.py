"""One object per URL argument, for the walk over all routes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from alcove.clinic.practice.models import (
    Category,
    Closure,
    Equipment,
    EquipmentKind,
    Leave,
    Location,
    Prerequisite,
    Room,
    Service,
    StaffProfile,
)
from alcove.security.access.writes import writing


def samples(practice: Any) -> dict[str, Any]:
    """Return ids that exist in this practice; asked again, of others beside them."""
    person = practice.person("practitioner")
    with writing("samples"):
        nth = str(Category.objects.filter(name__startswith="Sample category").count() or "")
        location = Location.objects.first() or Location.objects.create(name="Main")
        kind = EquipmentKind.objects.create(name=f"Sample laser{nth}")
        profile, _ = StaffProfile.objects.get_or_create(
            person=person, defaults={"shown_name": "A sample", "photo": b"jpeg"}
        )
        category = Category.objects.create(name=f"Sample category{nth}")
        service = Service.objects.create(category=category, name="Sample service", minutes=30)
        now = timezone.now()
        return {
            "location_id": location.pk,
            "room_id": Room.objects.create(location=location, name=f"Sample room{nth}").pk,
            "kind_id": kind.pk,
            "unit_id": Equipment.objects.create(kind=kind, location=location, name="Sample unit").pk,
            "closure_id": Closure.objects.create(
                name="Sample", from_on=date(2030, 1, 1), until_on=date(2030, 1, 2)
            ).pk,
            "profile_id": profile.pk,
            "leave_id": Leave.objects.create(
                profile=profile, starts_at=now, ends_at=now + timedelta(days=1)
            ).pk,
            "category_id": category.pk,
            "service_id": service.pk,
            "rule_id": Prerequisite.objects.create(service=service, kind="age", years=18).pk,
            "rule": "age",
            "step": "practice",
        }
