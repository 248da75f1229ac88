"""Who waits for a time, and who was offered one that became free."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from alcove.clinic.calendar.models.bookings import Booking
from alcove.clinic.clients.models import Client
from alcove.clinic.practice.models import Location, Service, StaffProfile
from alcove.clinic.practice.models.places import DAY_MINUTES
from alcove.security.vault.fields import plain
from alcove.security.vault.ids import uuid7

EVERY_DAY = 0b1111111


class WaitlistEntry(models.Model):
    """A client who would come for a service if a time became free.

    ``profile`` None: whoever does it. ``days``: bit n is weekday n as ``date.weekday`` counts. ``from_minute`` and
    ``until_minute``: between which local minutes the visit lies; ``from_on`` and ``until_on`` (the last day) limit it.
    ``came_from``: staff, or walk_in for somebody who stands at the desk.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        OFFERED = "offered", "Offered a time"
        BOOKED = "booked", "Booked"
        LEFT = "left", "Off the list"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    profile = models.ForeignKey(StaffProfile, on_delete=models.CASCADE, null=True, related_name="+")
    days = models.PositiveSmallIntegerField(default=EVERY_DAY)
    from_minute = models.PositiveSmallIntegerField(default=0)
    until_minute = models.PositiveSmallIntegerField(default=DAY_MINUTES)
    from_on = plain("from which day a time would suit", models.DateField())
    until_on = plain("until which day a time would suit", models.DateField(null=True))
    state = plain("a word of State", models.CharField(max_length=8, choices=State, default=State.WAITING))
    came_from = plain("staff or walk_in", models.CharField(max_length=10, default="staff"))
    joined_at = plain("the order of the list", models.DateTimeField(default=timezone.now))
    created_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["joined_at", "id"]
        indexes: ClassVar = [models.Index(fields=["location", "state", "joined_at"], name="calendar_waiting")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(until_minute__gt=F("from_minute"), until_minute__lte=DAY_MINUTES),
                name="calendar_waits_some_time",
            )
        ]

    def suits(self, local_start: datetime, local_end: datetime) -> bool:
        """Whether a visit between these moments, by the location's clock, is what they wait for."""
        day = local_start.date()
        if not (self.days >> day.weekday() & 1) or day < self.from_on or not self._lasts_until(day):
            return False
        begin = local_start.hour * 60 + local_start.minute
        minutes = (local_end.date() - day).days * DAY_MINUTES + local_end.hour * 60 + local_end.minute
        return self.from_minute <= begin and minutes <= self.until_minute

    def _lasts_until(self, day: date) -> bool:
        return self.until_on is None or day <= self.until_on

    @property
    def weekdays(self) -> list[int]:
        return [day for day in range(7) if self.days >> day & 1]


class WaitlistOffer(models.Model):
    """A time held for somebody who waits. ``booking`` is held until ``ends_at``; then the next one is asked."""

    class End(models.TextChoices):
        TAKEN = "taken", "Taken"
        DECLINED = "declined", "Declined"
        LAPSED = "lapsed", "No answer"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    entry = models.ForeignKey(WaitlistEntry, on_delete=models.CASCADE, related_name="offers")
    booking = models.OneToOneField(Booking, on_delete=models.CASCADE, related_name="offer")
    offered_at = plain("when the time was offered", models.DateTimeField(default=timezone.now))
    ends_at = plain("until when it was held", models.DateTimeField())
    ended_at = plain("when it was answered or lapsed", models.DateTimeField(null=True))
    end = plain("a word of End", models.CharField(max_length=8, choices=End, blank=True))
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["-offered_at"]
        constraints: ClassVar = [
            # Two workers that look at one moment offer nobody two times at once.
            models.UniqueConstraint(
                fields=["entry"], condition=Q(ended_at__isnull=True), name="calendar_one_offer_at_once"
            )
        ]
