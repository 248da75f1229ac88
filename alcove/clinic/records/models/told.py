"""What a client says about themselves with a tablet in their hands, until staff have looked at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.security.vault.entries import Markable
from alcove.security.vault.fields import SealedJSON, plain
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part

CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Said:
    """One correction on its way: ``kind`` as ``PatientEntry.kind``, ``content`` as its ``contact`` or ``content``."""

    kind: str
    content: Mapping[str, Any]


class PatientEntry(Markable):
    """One correction a client sent: it changes nothing until staff accept it (CLN-08).

    ``contact`` holds a correction of the card, ``{what, before, said}``: ``what`` names a part of the card (phones,
    emails, address, preferred, contact_by), the other two are its values. ``content`` holds one of the chart, ``{what,
    item, name, before, said}``: ``what`` is new, gone, other or said, ``item`` the entry it is about ("" if none),
    ``before`` how that read. Only one of the two is there. What is about a sensitive entry is part of that.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        ACCEPTED = "accepted"
        DECLINED = "declined"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="told")
    hand_over_id = models.UUIDField(null=True)
    kind = plain("which list of the card or chart; tells a thief no more than an entry's kind does", models.CharField(max_length=12))  # fmt: skip  # noqa: E501
    contact = SealedJSON(owner="client_id", label="records.told.contact", part=Part.DIRECTORY, null=True)
    content = SealedJSON(owner="client_id", label="records.told.content", null=True)
    state = plain(
        "waiting, accepted or declined",
        models.CharField(max_length=8, choices=State, default=State.WAITING),
    )
    said_at = plain("when the client sent it", models.DateTimeField(default=timezone.now))
    decided_at = plain("when staff decided", models.DateTimeField(null=True))
    decided_by = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["client", "state"], name="records_told_of_client")]

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING


class PatientDraft(models.Model):
    """What a client typed so far, ``{step: {field: text}}``: kept every few seconds, gone when it is sent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.OneToOneField(Client, on_delete=models.CASCADE, related_name="+")
    content = SealedJSON(owner="client_id", label="records.told.draft")
    saved_at = plain("when it was last kept", models.DateTimeField(default=timezone.now))
