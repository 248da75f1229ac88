"""Text that somebody was typing into a form when the screen locked: sealed, for them alone, and soon gone (IDN-12)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from alcove.security.identity.models.people import Person
from alcove.security.vault.fields import SealedJSON, plain
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part


class Typed(models.Model):
    """What one person changed in the form of one page and has not saved: ``{field: [values]}``.

    Sealed by the key of the client whom the page is about, else by the house's. ``content`` takes what somebody typed
    who may open the record, ``directory_content`` what anybody else typed. ``page``: the path, which holds ids only.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    client_id = models.UUIDField(null=True)
    page = plain("the path of a page, made of ids", models.CharField(max_length=200))
    content = SealedJSON(owner="client_id", label="identity.typed.content", null=True)
    directory_content = SealedJSON(
        owner="client_id", label="identity.typed.directory_content", part=Part.DIRECTORY, null=True
    )
    kept_at = plain("when it was last kept", models.DateTimeField(default=timezone.now))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "page"], name="identity_typed_once_a_page")
        ]
        indexes: ClassVar = [models.Index(fields=["kept_at"], name="identity_typed_kept")]
