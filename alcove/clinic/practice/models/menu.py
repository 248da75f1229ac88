"""What can be booked: categories, services, who does them, and what they need.

Money is in minor units of the practice's currency. All durations are minutes.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from alcove.clinic.practice.models.places import EquipmentKind, Room
from alcove.clinic.practice.models.team import StaffProfile
from alcove.security.vault.ids import uuid7

TINTS = 6
"""Calendar tints there are; a service has one of them, 0 to 5."""


class Category(models.Model):
    """A heading of the menu."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_online = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Service(models.Model):
    """Something a client can come for.

    ``minutes`` is how long the client is here. ``buffer_before`` and ``buffer_after`` keep practitioner, room and
    equipment besides. During ``hands_free_minutes``, from ``hands_free_from`` minutes after the start, the
    practitioner may see somebody else (numbing cream works, a mask dries); room and equipment stay taken.
    Online: ``lead_minutes`` before the start is the latest moment to book, ``cutoff_minutes`` the latest to change or
    cancel, ``horizon_days`` how far ahead one may look.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="services")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=600, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    tint = models.PositiveSmallIntegerField(default=0)
    minutes = models.PositiveSmallIntegerField()
    hands_free_from = models.PositiveSmallIntegerField(default=0)
    hands_free_minutes = models.PositiveSmallIntegerField(default=0)
    buffer_before = models.PositiveSmallIntegerField(default=0)
    buffer_after = models.PositiveSmallIntegerField(default=0)
    price_minor = models.PositiveIntegerField(default=0)
    deposit_minor = models.PositiveIntegerField(default=0)
    needs_room = models.BooleanField(default=True)
    is_online = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    lead_minutes = models.PositiveIntegerField(default=120)
    cutoff_minutes = models.PositiveIntegerField(default=1440)
    horizon_days = models.PositiveSmallIntegerField(default=90)
    alternative = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["category__position", "position", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["category", "name"], name="practice_service_name_once"),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="practice_service_takes_time"),
            models.CheckConstraint(
                condition=Q(minutes__gte=F("hands_free_from") + F("hands_free_minutes")),
                name="practice_hands_free_within",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Prerequisite(models.Model):
    """What has to be so before a client may book a service online (CAL-10).

    ``age``: at least ``years`` on the day; ``area`` "" or where alone that holds, a code of ISO 3166
    ("GB", "GB-ENG"). ``earlier``: the ``service``
    named was done within ``valid_days`` (0: ever), and at least ``wait_hours`` ago: a consultation, a patch test, a
    prescriber's exam, as its ``why`` says. ``form``: a form of that name is complete, which nothing can say yet but
    staff.
    """

    class Kind(models.TextChoices):
        AGE = "age", "Minimum age"
        EARLIER = "earlier", "An earlier service"
        FORM = "form", "A completed form"

    class Why(models.TextChoices):
        CONSULTATION = "consultation", "Consultation first"
        PATCH_TEST = "patch_test", "Patch test first"
        EXAM = "exam", "Prescriber's exam first"
        LAW = "law", "The law says so"
        SAFETY = "safety", "For safety"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="prerequisites")
    kind = models.CharField(max_length=8, choices=Kind)
    why = models.CharField(max_length=12, choices=Why, default=Why.SAFETY)
    years = models.PositiveSmallIntegerField(default=0)
    area = models.CharField(max_length=6, blank=True)
    earlier = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, related_name="+")
    valid_days = models.PositiveSmallIntegerField(default=0)
    wait_hours = models.PositiveSmallIntegerField(default=0)
    form = models.CharField(max_length=80, blank=True)
    version = models.PositiveIntegerField(default=1)


class ServiceStaff(models.Model):
    """Who does a service; ``minutes`` and ``price_minor`` where theirs differ from the service's own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="staff")
    profile = models.ForeignKey(StaffProfile, on_delete=models.CASCADE, related_name="services")
    minutes = models.PositiveSmallIntegerField(null=True)
    price_minor = models.PositiveIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service", "profile"], name="practice_does_service_once")
        ]


class ServiceRoom(models.Model):
    """A room in which a service may be done; a service that names none may be done in any."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="rooms")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service", "room"], name="practice_service_room_once")
        ]


class ServiceEquipment(models.Model):
    """A kind of equipment of which a service takes one unit."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="equipment")
    kind = models.ForeignKey(EquipmentKind, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service", "kind"], name="practice_service_equipment_once")
        ]
