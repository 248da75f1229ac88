"""The practice, its locations, and what stands in them: rooms and equipment; when they are open.

Times of day are minutes after local midnight, 0 to 1440, so that "until midnight" can be said. What they mean on a
given day is decided by the location's time zone (``queries.hours``).
"""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q

from alcove.security.vault.ids import uuid7

DAY_MINUTES = 1440


class Weekday(models.IntegerChoices):
    """As ``date.weekday`` counts."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


class Practice(models.Model):
    """One row. ``country``: ISO 3166-1 alpha-2, decides how phone numbers without a prefix are read.

    ``currency``: ISO 4217. ``set_up_at``: when the set-up guide was finished; ``set_up_step``: how many of its screens
    are saved. ``data_from``: where the practice's data lay before.
    """

    class DataFrom(models.TextChoices):
        NOTHING = "nothing", "Nowhere yet: we are new"
        PAPER = "paper", "On paper"
        TABLES = "tables", "In spreadsheets"
        SOFTWARE = "software", "In another program"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, default="US")
    time_zone = models.CharField(max_length=40, default="America/Los_Angeles")
    currency = models.CharField(max_length=3, default="USD")
    set_up_at = models.DateTimeField(null=True)
    set_up_step = models.PositiveSmallIntegerField(default=0)
    data_from = models.CharField(max_length=10, choices=DataFrom, blank=True)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class Location(models.Model):
    """A place where clients are seen. ``region``: the subdivision of ISO 3166-2 without its country ("CA").

    ``country`` "" means the practice's. ``slot_minutes``: starts are offered every so many minutes.
    ``keeps_holidays``: public holidays of country and region are closures (``Closure.is_holiday``).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    street = models.CharField(max_length=160, blank=True)
    city = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=16, blank=True)
    region = models.CharField(max_length=6, blank=True)
    country = models.CharField(max_length=2, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)
    time_zone = models.CharField(max_length=40, default="America/Los_Angeles")
    slot_minutes = models.PositiveSmallIntegerField(default=15)
    keeps_holidays = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class OpeningHours(models.Model):
    """One stretch of a location's week; a day with a pause at noon has two."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.PositiveSmallIntegerField()
    closes = models.PositiveSmallIntegerField()

    class Meta:
        ordering: ClassVar = ["weekday", "opens"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens"), closes__lte=DAY_MINUTES),
                name="practice_opens_before_closing",
            )
        ]


class Closure(models.Model):
    """Days on which a location is shut; without a location all are. ``until_on`` is the last of them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    location = models.ForeignKey(Location, on_delete=models.CASCADE, null=True, related_name="closures")
    name = models.CharField(max_length=120)
    from_on = models.DateField()
    until_on = models.DateField()
    is_holiday = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["from_on", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until_on__gte=F("from_on")), name="practice_closure_ends"),
            models.UniqueConstraint(
                fields=["location", "from_on", "name"],
                condition=Q(is_holiday=True),
                name="practice_holiday_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Room(models.Model):
    """A room that holds one client at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="rooms")
    name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["location", "name"], name="practice_room_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class EquipmentKind(models.Model):
    """A kind of device that treatments need, such as an IPL laser."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60, unique=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Equipment(models.Model):
    """One device of a kind, at a location."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.ForeignKey(EquipmentKind, on_delete=models.PROTECT, related_name="units")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="equipment")
    name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
