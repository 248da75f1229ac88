"""Downtime packs: the newest of each location, and the key that their passphrase gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

from django.conf import settings
from django.db import models

from alcove.clinic.practice.models import Location
from alcove.security.vault.fields import HOUSE, SealedJSON
from alcove.security.vault.ids import uuid7

THE_KEY: Final = UUID(int=1)
"""There is one passphrase at a time, so there is one row."""


class Phrase(models.Model):
    """What the passphrase in force gave: ``key`` is ``{salt, rounds, key}``. The passphrase itself is kept nowhere.

    ``number`` goes up with each new one. The row is locked by whoever makes a pack or takes a client out of packs.
    """

    id = models.UUIDField(primary_key=True, default=THE_KEY, editable=False)
    number = models.PositiveIntegerField(default=1)
    key: Any = SealedJSON(owner=HOUSE, label="downtime.phrase.key")
    made_at = models.DateTimeField()
    made_by_id = models.UUIDField(null=True)


class Pack(models.Model):
    """The newest pack of a location. ``clients``: ids of all who are in it, hex; sealed, for they had appointments.

    Its file is a page that only the passphrase opens, sealed once more by the house's key, in a folder that no backup
    takes along: an erased client must not come back out of one.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    location = models.OneToOneField(Location, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    phrase_number = models.PositiveIntegerField()
    clients: Any = SealedJSON(owner=HOUSE, label="downtime.pack.clients")

    class Meta:
        ordering: ClassVar = ["location__name"]

    @property
    def file(self) -> Path:
        """Where its sealed page lies; the name says nothing."""
        return Path(settings.ALCOVE.packs) / self.id.hex


class Fetch(models.Model):
    """The last download of a location's pack: by whom and when, and when that pack was made."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    location = models.OneToOneField(Location, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by_id = models.UUIDField(null=True)
    pack_made_at = models.DateTimeField()
