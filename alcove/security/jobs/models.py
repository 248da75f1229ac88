"""Two tables: what is to be done, and when each part of the worker last lived."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from alcove.security.vault.ids import uuid7


class Job(models.Model):
    """One piece of work. ``name`` is a key of the worker's table; ``arguments`` are ids and code words."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="jobs_due")]


class Beat(models.Model):
    """When a part of the worker last lived, and what it last said."""

    name = models.CharField(primary_key=True, max_length=80)
    at = models.DateTimeField()
    fault = models.CharField(max_length=120, blank=True)
