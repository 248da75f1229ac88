"""Tasks: what is to be done, by whom and until when, with its steps, its comments, and how it comes again.

What a task says is sealed: about a client under that client's key, otherwise under the house's. It is the directory
half of the client's data, which the front desk reads too: a task is no place for what belongs in the record.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from alcove.clinic.activities.models.rhythm import Rhythm as Rhythm
from alcove.clinic.activities.models.rhythm import Unit as Unit
from alcove.clinic.activities.models.what import What as What
from alcove.clinic.clients.models import Client
from alcove.security.access.models import Role
from alcove.security.identity.models import Person
from alcove.security.vault.fields import SealedJSON, SealedText, plain
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part

LONGEST_TITLE = 200
MOST_LINES = 50


class Repeat(models.Model):
    """A task that comes again. ``made``: how many occurrences there are; ``next_on``: the period of the next one.

    The periods are counted from ``starts_on`` by the practice's local days (``Rhythm``). ``lines``: texts of its steps.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, related_name="+")
    title = SealedText(owner="client_id", label="activities.repeat.title", part=Part.DIRECTORY)
    text = SealedText(owner="client_id", label="activities.repeat.text", part=Part.DIRECTORY)
    lines = SealedJSON(owner="client_id", label="activities.repeat.lines", part=Part.DIRECTORY)
    assignee = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    role = models.ForeignKey(Role, on_delete=models.SET_NULL, null=True, related_name="+")
    is_urgent = models.BooleanField(default=False)
    every = models.PositiveSmallIntegerField()
    unit = plain("a word of Unit", models.CharField(max_length=5, choices=Unit))
    starts_on = plain("the first day of the rhythm", models.DateField())
    made = models.PositiveIntegerField(default=0)
    next_on = plain("the worker looks for what is due", models.DateField(db_index=True))
    ended_at = plain("when the repeating was ended", models.DateTimeField(null=True))
    created_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(every__gte=1), name="activities_repeat_moves_on")
        ]

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.starts_on, self.every, Unit(self.unit))


class Task(models.Model):
    """Something to be done by a person or by whoever holds a role; by nobody once that person or role is gone.

    ``due_on``: the practice's local day by whose end it should be done. ``cause`` and ``cause_key``: why it was raised
    by itself, code words and ids only; there is one task for each. ``period_on``: which occurrence of its ``repeat``.
    ``escalation``: 0 nobody was told that it is overdue, 1 those who answer for the team, 2 the owners.
    ``assigned_by_id``: who gave it to its assignee.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped"

    NOBODY_TOLD, TEAM_TOLD, OWNERS_TOLD = 0, 1, 2

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, related_name="tasks")
    title = SealedText(owner="client_id", label="activities.task.title", part=Part.DIRECTORY)
    text = SealedText(owner="client_id", label="activities.task.text", part=Part.DIRECTORY)
    assignee = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="tasks")
    role = models.ForeignKey(Role, on_delete=models.SET_NULL, null=True, related_name="tasks")
    assigned_by_id = models.UUIDField(null=True)
    due_on = plain("lists are sorted by it", models.DateField(null=True))
    is_urgent = models.BooleanField(default=False)
    state = plain("a word of State", models.CharField(max_length=7, choices=State, default=State.OPEN))
    repeat = models.ForeignKey(Repeat, on_delete=models.SET_NULL, null=True, related_name="tasks")
    period_on = plain("which occurrence it is", models.DateField(null=True))
    cause = plain("a code word for why it is here", models.CharField(max_length=20, blank=True))
    cause_key = plain("ids and days of its cause", models.CharField(max_length=80, blank=True))
    escalation = models.PositiveSmallIntegerField(default=0)
    created_at = plain("when it was added", models.DateTimeField(default=timezone.now))
    created_by_id = models.UUIDField(null=True)
    ended_at = plain("when it was done or dropped", models.DateTimeField(null=True))
    ended_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "due_on"], name="activities_due"),
            models.Index(fields=["assignee", "state", "due_on"], name="activities_of_person"),
            models.Index(fields=["role", "state"], name="activities_of_role"),
            models.Index(fields=["client", "state"], name="activities_of_client"),
            models.Index(fields=["ended_by_id", "ended_at"], name="activities_just_ended"),
        ]
        constraints: ClassVar = [
            # Two workers at once, or one that was down for days: still one task for each period and for each cause.
            models.UniqueConstraint(fields=["repeat", "period_on"], name="activities_once_a_period"),
            models.UniqueConstraint(
                fields=["cause", "cause_key"], condition=~Q(cause=""), name="activities_once_a_cause"
            ),
            models.CheckConstraint(
                condition=Q(assignee__isnull=True) | Q(role__isnull=True), name="activities_one_answers"
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    def is_overdue(self, today: date) -> bool:
        return self.is_open and self.due_on is not None and self.due_on < today


class Line(models.Model):
    """A step of a task's checklist, ticked by whom and when."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="lines")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, related_name="+")
    text = SealedText(owner="client_id", label="activities.line.text", part=Part.DIRECTORY)
    position = models.PositiveSmallIntegerField()
    ticked_at = plain("when it was ticked", models.DateTimeField(null=True))
    ticked_by_id = models.UUIDField(null=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]


class Comment(models.Model):
    """What somebody said about a task; it stays as it was written."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="comments")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, related_name="+")
    text = SealedText(owner="client_id", label="activities.comment.text", part=Part.DIRECTORY)
    author_id = models.UUIDField(null=True)
    written_at = plain("the order of comments", models.DateTimeField(default=timezone.now))

    class Meta:
        ordering: ClassVar = ["written_at", "id"]
