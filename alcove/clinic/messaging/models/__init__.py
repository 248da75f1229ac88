"""What clients are told about their visits, how they want to be told, and in which words."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.security import policy_defaults as policy
from alcove.security.vault.fields import SealedJSON, plain
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part


class Choices(models.Model):
    """How one client wants to be reached, and which of their addresses are theirs for certain.

    ``held``: ``{channel, language, quiet_from, quiet_to, time_zone, confidential: {email, phone}, warned_at,
    warned_by, confirmed: {address: {how, at}}, bounced: {address: at}}``, read through ``queries.choosing``. Absent
    means not said. Sealed with the directory part: the front desk works with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.OneToOneField(Client, on_delete=models.CASCADE, related_name="message_choices")
    held = SealedJSON(
        owner="client_id", label="messaging.choices.held", part=Part.DIRECTORY, pad=policy.DIRECTORY_PADDING
    )
    version = models.PositiveIntegerField(default=1)


class Outgoing(models.Model):
    """One message about a visit, from its plan to its end.

    ``content``: ``{facts: {starts_at, location, token}}`` until it leaves, then ``{to, subject, text}`` with secrets
    cut out of the text; None once it was taken back. ``about``: the booking. ``wanted_at``: when it was meant to leave,
    ``due_at`` when it may (undo, quiet hours) or is looked at again, ``ends_at`` from when it is worth nothing.
    ``leaving_at``: set just before the last word of it, without which nobody takes it; so a row that has it and whose
    sender died may have left, and is never sent again. ``fault``: a code word of ``kinds.FAULTS`` or of a transport.
    ``milli``: thousandths of the practice's currency set aside or spent, at ``charged_at``.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        UNSURE = "unsure", "May have arrived"
        KEPT = "kept", "In the portal"
        WITHDRAWN = "withdrawn", "Taken back"
        DROPPED = "dropped", "Not sent"
        BOUNCED = "bounced", "Came back"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="messages")
    about = models.UUIDField()
    kind = plain("which occasion it is about", models.CharField(max_length=20))
    channel = plain("e-mail or SMS, as the round took it", models.CharField(max_length=6, blank=True))
    content = SealedJSON(
        owner="client_id", label="messaging.outgoing.content", part=Part.DIRECTORY, pad=policy.DIRECTORY_PADDING,
        null=True,
    )  # fmt: skip
    state = plain("whether it left", models.CharField(max_length=9, choices=State, default=State.WAITING))
    created_at = plain("when it was planned", models.DateTimeField(default=timezone.now))
    wanted_at = plain("the worker looks for what is due", models.DateTimeField())
    due_at = plain("the worker looks for what is due", models.DateTimeField())
    ends_at = plain("the worker looks for what is too late", models.DateTimeField())
    leaving_at = plain("the moment of leaving, for the worker", models.DateTimeField(null=True))
    ended_at = plain("when it left or was given up", models.DateTimeField(null=True))
    tries = models.PositiveSmallIntegerField(default=0)
    fault = plain("a code word for what went wrong", models.CharField(max_length=40, blank=True))
    reference = plain("what the SMS provider calls it", models.CharField(max_length=42, blank=True))
    segments = models.PositiveSmallIntegerField(default=0)
    milli = models.PositiveIntegerField(default=0)
    charged_at = plain("when its cost was set aside", models.DateTimeField(null=True))

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="messaging_due"),
            models.Index(fields=["client", "created_at"], name="messaging_of_client"),
            models.Index(fields=["about"], name="messaging_about"),
            models.Index(fields=["created_at"], name="messaging_newest"),
            models.Index(
                fields=["charged_at"], name="messaging_charged", condition=Q(charged_at__isnull=False)
            ),
        ]

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING


class Text(models.Model):
    """The practice's own words for one kind, channel and language; while ``is_own`` is false the shipped ones count."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20)
    channel = models.CharField(max_length=6)
    language = models.CharField(max_length=5)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    is_own = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "channel", "language"], name="messaging_text_once")
        ]


class Spending(models.Model):
    """One row: what a part of an SMS costs, in thousandths, and what a month may cost, in hundredths (0: no cap)."""

    THE_ONE: ClassVar = UUID(int=1)

    id = models.UUIDField(primary_key=True, default=THE_ONE, editable=False)
    sms_milli = models.PositiveIntegerField(default=0)
    cap_minor = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
