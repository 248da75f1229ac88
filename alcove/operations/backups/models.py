"""What is known of backups: every try, every drill, and the public half of the recovery key."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from alcove.security.vault.fields import HOUSE, SealedText
from alcove.security.vault.ids import uuid7


class Run(models.Model):
    """One try to bring a point into one place. ``fault``: a sentence of ours, no words of a system or a client.

    ``points`` and ``oldest_at``: how many points lie there afterwards, and the moment of the oldest.
    ``is_write_once``: the place locked the point and its pieces.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    place = models.CharField(max_length=300)
    point = models.CharField(max_length=60, blank=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    objects_added = models.PositiveIntegerField(default=0)
    bytes_added = models.BigIntegerField(default=0)
    points = models.PositiveIntegerField(default=0)
    oldest_at = models.DateTimeField(null=True)
    is_write_once = models.BooleanField(default=False)
    fault = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["place", "-ended_at"], name="backups_by_place")]


class Check(models.Model):
    """One reading back of all of a place."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    place = models.CharField(max_length=300)
    at = models.DateTimeField()
    objects_read = models.PositiveIntegerField()
    bytes_read = models.BigIntegerField()
    faults = models.PositiveIntegerField()
    first_fault = models.CharField(max_length=400, blank=True)


class Drill(models.Model):
    """One rehearsal of a restore into a scratch place."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    place = models.CharField(max_length=300)
    point = models.CharField(max_length=60, blank=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    rows = models.BigIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    entries = models.BigIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    faults = models.PositiveIntegerField(default=0)
    first_fault = models.CharField(max_length=400, blank=True)


class RecoveryKey(models.Model):
    """The public half of a recovery key, sealed for the house so that nobody can slip in another one.

    ``name``: what its shares are called; ``replaced_at``: when a newer one took its place.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=16)
    public = SealedText(owner=HOUSE, label="backups.recovery.public")
    made_at = models.DateTimeField()
    made_by_id = models.UUIDField(null=True)
    tried_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)
