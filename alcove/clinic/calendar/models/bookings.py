"""A booking is one coming of a client: one or more appointments, booked, moved and cancelled as one.

What a booking or a block takes of practitioners, rooms and equipment lies in ``Occupancy``, one row for each stretch of
each. That no two rows of the same resource overlap is what "no double booking" means; PostgreSQL refuses it by an
exclusion constraint (migration 0002), SQLite by the write lock under which ``actions.taking`` looks first.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.practice.models import Location, Room, Service, StaffProfile
from alcove.security.vault.fields import SealedText, plain
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part


class Series(models.Model):
    """A course: the same booking again every ``every`` ``unit``. Its bookings are ordinary ones that name it."""

    class Unit(models.TextChoices):
        DAYS = "days", "days"
        WEEKS = "weeks", "weeks"
        MONTHS = "months", "months"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    every = models.PositiveSmallIntegerField()
    unit = plain("days, weeks or months", models.CharField(max_length=6, choices=Unit))
    count = models.PositiveSmallIntegerField()
    created_at = plain("when staff booked it", models.DateTimeField(default=timezone.now))
    created_by_id = models.UUIDField(null=True)


class Booking(models.Model):
    """One coming of a client. ``starts_at`` and ``ends_at`` span its appointments, without buffers.

    ``client`` is None only while ``HELD``: somebody fills in the online form, until ``held_until``. ``note`` is for the
    front desk. The moments tell how the visit went; ``came_from`` who made it: staff, online, portal, waitlist, demo.
    """

    class State(models.TextChoices):
        HELD = "held", "Held"
        BOOKED = "booked", "Booked"
        CONFIRMED = "confirmed", "Confirmed"
        ARRIVED = "arrived", "Arrived"
        IN_ROOM = "in_room", "In room"
        DONE = "done", "Done"
        NO_SHOW = "no_show", "Did not come"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, related_name="bookings")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, on_delete=models.SET_NULL, null=True, related_name="bookings")
    state = plain("a word of State", models.CharField(max_length=10, choices=State, default=State.BOOKED))
    starts_at = plain("the order of the calendar; whose it is is a random id", models.DateTimeField())
    ends_at = plain("as starts_at", models.DateTimeField())
    came_from = plain("staff, online, portal, waitlist or demo", models.CharField(max_length=10, default="staff"))  # fmt: skip  # noqa: E501
    note = SealedText(owner="client_id", label="calendar.booking.note", part=Part.DIRECTORY, null=True)
    held_until = plain("when a held time is free again", models.DateTimeField(null=True))
    confirmed_at = plain("when it was confirmed", models.DateTimeField(null=True))
    arrived_at = plain("when the client was checked in", models.DateTimeField(null=True))
    in_room_at = plain("when the client was brought into the room", models.DateTimeField(null=True))
    left_at = plain("when the client was checked out", models.DateTimeField(null=True))
    cancelled_at = plain("when it was cancelled", models.DateTimeField(null=True))
    cancelled_by = plain("client or practice", models.CharField(max_length=10, blank=True))
    created_at = plain("when it was booked", models.DateTimeField(default=timezone.now))
    created_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["location", "starts_at"], name="calendar_bookings_of_day"),
            models.Index(fields=["client", "-starts_at"], name="calendar_bookings_of_client"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="calendar_booking_ends"),
            models.CheckConstraint(
                condition=Q(client__isnull=False) | Q(state__in=["held", "cancelled"]),
                name="calendar_booking_is_somebodys",
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether it is still to come or under way."""
        return self.state not in ENDED

    def is_let_go(self, now: datetime) -> bool:
        """Whether it was held for somebody who took too long."""
        return self.state == self.State.HELD and self.held_until is not None and self.held_until <= now


ENDED: Final = frozenset({Booking.State.DONE, Booking.State.NO_SHOW, Booking.State.CANCELLED})
"""States in which a booking is over."""


class Appointment(models.Model):
    """One service by one practitioner within a booking. The price is what was agreed when it was booked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="appointments")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    profile = models.ForeignKey(StaffProfile, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = plain("the order of the calendar; whose it is is a random id", models.DateTimeField())
    ends_at = plain("as starts_at", models.DateTimeField())
    price_minor = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["profile", "starts_at"], name="calendar_of_profile"),
            models.Index(fields=["starts_at"], name="calendar_by_start"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="calendar_appointment_ends")
        ]


class Block(models.Model):
    """Time of a practitioner or a room that nobody can book: a meeting, a pause, a repair. No client's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+")
    profile = models.ForeignKey(StaffProfile, on_delete=models.CASCADE, null=True, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, null=True, related_name="+")
    title = models.CharField(max_length=80)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    created_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["starts_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="calendar_block_ends"),
            models.CheckConstraint(
                condition=Q(profile__isnull=False) ^ Q(room__isnull=False), name="calendar_block_of_one"
            ),
        ]


class Occupancy(models.Model):
    """A stretch of one resource that a booking or a block takes, buffers included.

    ``resource_id`` is the id of a staff profile, a room or a unit of equipment. ``is_overruled``: a practitioner booked
    twice on purpose; the constraint passes over it, whoever books next does not.
    """

    class Kind(models.TextChoices):
        STAFF = "staff"
        ROOM = "room"
        EQUIPMENT = "equipment"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, null=True, related_name="occupancies")
    block = models.ForeignKey(Block, on_delete=models.CASCADE, null=True, related_name="occupancies")
    kind = models.CharField(max_length=10, choices=Kind)
    resource_id = models.UUIDField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_overruled = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["resource_id", "starts_at"], name="calendar_taken")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="calendar_taken_ends"),
            models.CheckConstraint(
                condition=Q(booking__isnull=False) ^ Q(block__isnull=False), name="calendar_taken_by_one"
            ),
        ]


class Move(models.Model):
    """What a booking was before it was moved or cancelled, so that it can be undone for a while.

    ``before``: ``{state, starts_at, ends_at, appointments: [{id, starts_at, ends_at, profile_id, room_id}]}``, ids and
    times only. ``version``: the booking's after the move; once it is another, nothing is undone any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="moves")
    before = models.JSONField()
    version = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-at"]
