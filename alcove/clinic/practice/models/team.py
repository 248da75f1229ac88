"""Who of the staff can be booked, and when they work."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from alcove.clinic.practice.models.places import DAY_MINUTES, Location, Weekday
from alcove.security.identity.models import Person
from alcove.security.vault.ids import uuid7


class StaffProfile(models.Model):
    """What patients and the calendar see of a person on the staff.

    ``photo``: a small JPEG made by us from what was sent, or None. ``is_bookable``: has a column in the calendar;
    ``is_online``: patients may choose them. A profile stays when its person leaves: past bookings name it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="profile")
    shown_name = models.CharField(max_length=120)
    title = models.CharField(max_length=80, blank=True)
    about = models.CharField(max_length=600, blank=True)
    photo = models.BinaryField(null=True, editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    is_bookable = models.BooleanField(default=True)
    is_online = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["position", "shown_name"]

    def __str__(self) -> str:
        return self.shown_name


class WorkingHours(models.Model):
    """One stretch of a person's week at a location, in local minutes; a break is the gap between two.

    ``from_on`` and ``until_on`` (the last day) limit it; None is without limit.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    profile = models.ForeignKey(StaffProfile, on_delete=models.CASCADE, related_name="hours")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    starts = models.PositiveSmallIntegerField()
    ends = models.PositiveSmallIntegerField()
    from_on = models.DateField(null=True)
    until_on = models.DateField(null=True)

    class Meta:
        ordering: ClassVar = ["weekday", "starts"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts"), ends__lte=DAY_MINUTES), name="practice_starts_before_end"
            )
        ]


class Leave(models.Model):
    """When somebody is away. ``kind`` is for whoever plans; colleagues read "Away"."""

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", "Holiday"
        TRAINING = "training", "Training"
        SICK = "sick", "Sick"
        OTHER = "other", "Other"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    profile = models.ForeignKey(StaffProfile, on_delete=models.CASCADE, related_name="leaves")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.HOLIDAY)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["starts_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="practice_leave_ends")
        ]
