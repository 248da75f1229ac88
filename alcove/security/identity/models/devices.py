"""Browsers that may be used for work: each holds a key, an administrator approves it (IDN-10, IDN-11)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from alcove.security.identity.models.people import Person
from alcove.security.vault.ids import uuid7


class Device(models.Model):
    """A browser and its key. ``public_key``: the P-256 point, base64url, of a key that its browser cannot export.

    A browser without scripts has no such key: ``public_key`` is empty and ``key_digest`` is the hash of its
    cookie; the page says so to whoever approves. ``key_digest`` of the others is the hash of the public key.
    ``demo``: came by a demo link, which exists in demo practices only, and has neither. ``holder`` is set for
    personal devices: nobody else signs in on them.
    """

    class Kind(models.TextChoices):
        DESK = "desk", "Front desk"
        ROOM = "room", "Treatment room"
        OFFICE = "office", "Office"
        PERSONAL = "personal", "Personal"
        DEMO = "demo", "Visitor of the demo"

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for approval"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        LOST = "lost", "Lost"
        RETIRED = "retired", "Retired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key_digest = models.CharField(max_length=64, unique=True)
    public_key = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OFFICE)
    system = models.CharField(max_length=80, blank=True)
    holder = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="devices")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    asked_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["state", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def has_key(self) -> bool:
        return bool(self.public_key)


class DeviceCode(models.Model):
    """A code with which one pending device is approved: one use, a few minutes, three tries."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64)
    made_by_id = models.UUIDField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)


class DevicePin(models.Model):
    """A person's 6-digit PIN on one device, as a peppered Argon2id hash; five wrong ones in a row end it (IDN-13)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="pins")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="pins")
    digest = models.CharField(max_length=200)
    failures = models.PositiveSmallIntegerField(default=0)
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "person"], name="identity_one_pin_on_a_device")
        ]
