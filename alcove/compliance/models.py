"""Alerts and what the officer keeps beside them. Texts lie sealed for the house: an officer opens no client."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from alcove.security.vault.fields import HOUSE, SealedText, plain
from alcove.security.vault.ids import uuid7


class Mark(models.Model):
    """How far the log was compared: the number of its last block, and the number of the newest alert."""

    name = models.CharField(primary_key=True, max_length=20)
    block = models.BigIntegerField(default=0)
    number = models.PositiveIntegerField(default=0)


class Alert(models.Model):
    """Something in the log that a rule finds worth a question, or a patient's own question.

    ``number``: what people call it. ``mark``: rule, person, client and span, so that nothing is raised twice.
    ``evidence``: ids of entries, hex. ``count``: what the sentence counts. ``told``: what a patient asked.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ASKED = "asked", "Asked"
        ANSWERED = "answered", "Answered"
        CLOSED = "closed", "Closed"

    class Outcome(models.TextChoices):
        EXPLAINED = "explained", "Explained: there was a reason"
        MISTAKE = "mistake", "A mistake without harm"
        MISUSE = "misuse", "Misuse: acted on"
        TUNED = "tuned", "Nothing in it: the rule was too sharp"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.PositiveIntegerField(unique=True)
    rule = plain("a code word", models.CharField(max_length=20))
    person_id = models.UUIDField(null=True)
    client_id = models.UUIDField(null=True)
    mark = plain("a code word, random ids and a day", models.CharField(max_length=120, unique=True))
    at = plain("when it happened, as the log says", models.DateTimeField())
    count = models.PositiveIntegerField(default=1)
    evidence = plain("ids of the log's entries", models.JSONField(default=list))
    told = SealedText(owner=HOUSE, label="compliance.alert.told", null=True)
    raised_at = plain("when the rule found it", models.DateTimeField())
    state = plain("a code word", models.CharField(max_length=8, choices=State, default=State.OPEN))
    question = SealedText(owner=HOUSE, label="compliance.alert.question", null=True)
    asked_at = plain("when the person was asked", models.DateTimeField(null=True))
    asked_by_id = models.UUIDField(null=True)
    answer = SealedText(owner=HOUSE, label="compliance.alert.answer", null=True)
    answered_at = plain("when the person answered", models.DateTimeField(null=True))
    outcome = plain("a code word", models.CharField(max_length=9, choices=Outcome, blank=True))
    finding = SealedText(owner=HOUSE, label="compliance.alert.finding", null=True)
    closed_at = plain("when it was closed", models.DateTimeField(null=True))
    closed_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "-raised_at"], name="compliance_alert_queue"),
            models.Index(fields=["person_id", "state"], name="compliance_alert_person"),
        ]


class ActivityReview(models.Model):
    """One signed review of what happened in a span. ``counts``: ``{word: number}``, as they were when it was signed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    counts = models.JSONField(default=dict)
    note = SealedText(owner=HOUSE, label="compliance.review.note")
    signed_at = models.DateTimeField(db_index=True)
    signed_by_id = models.UUIDField()


class Watched(models.Model):
    """A client whose every opening without a reason is an alert: somebody known to many, or in dispute."""

    client_id = models.UUIDField(primary_key=True)
    reason = SealedText(owner=HOUSE, label="compliance.watched.reason")
    since = plain("when the watch began", models.DateTimeField())
    by_id = models.UUIDField(null=True)


class Shield(models.Model):
    """Somebody of the staff of whom patients are shown the role and not the name, for their safety."""

    person_id = models.UUIDField(primary_key=True)
    reason = SealedText(owner=HOUSE, label="compliance.shield.reason")
    since = models.DateTimeField()
    by_id = models.UUIDField(null=True)
