"""A client and what the front desk may know of them. All words are sealed under the client's own key.

The directory half (``Part.DIRECTORY``) is what lists, search and the front desk use; alerts' clinical text lies in
the record half, which front desk cannot open.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from django.db import models
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.vault.fields import HOUSE, SealedJSON, SealedText, plain
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part


def tidy(held: dict[str, Any]) -> dict[str, Any]:
    """Return a sealed part without what says nothing, so that equal cards are equal values."""
    return {key: value for key, value in held.items() if value not in ("", None, [], {})}


ADULT_AGE: Final = 18
"""Years. Anyone younger needs a linked guardian (CLN-02)."""


class Client(models.Model):
    """A person on the practice's books.

    ``directory`` is one padded value: ``{given, family, preferred, reading, born, phones, emails, numbers}``; phones
    are E.164 texts, ``born`` an ISO date or "", ``numbers`` a list of ``{kind, value}``. ``details``: ``{sex, gender,
    pronouns, title, address: {line, city, state, postal, country}, language, occupation, marital, contact_by,
    deceased_on, note}``, all texts. ``dir_seq``: see ``access.opening.next_directory_seq``.
    """

    is_client: ClassVar = True
    marked_as: ClassVar = "Card"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    directory = SealedJSON(
        owner="id", label="clients.client.directory", part=Part.DIRECTORY, pad=policy.DIRECTORY_PADDING
    )
    details = SealedJSON(
        owner="id", label="clients.client.details", part=Part.DIRECTORY, pad=policy.DIRECTORY_PADDING
    )
    dir_seq = models.BigIntegerField(db_index=True, default=0)
    is_hidden = models.BooleanField(default=False)
    created_at = plain("when the card was made, not a fact of the client's life", models.DateTimeField(default=timezone.now))  # fmt: skip  # noqa: E501
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"client {self.id}"

    # The directory half, by name -------------------------------------------------------------------------------

    @property
    def given(self) -> str:
        return str(self.directory.get("given", ""))

    @property
    def family(self) -> str:
        return str(self.directory.get("family", ""))

    @property
    def preferred(self) -> str:
        return str(self.directory.get("preferred", ""))

    @property
    def name(self) -> str:
        """Given and family name as staff read them."""
        return f"{self.given} {self.family}".strip() or "(no name)"

    @property
    def list_name(self) -> str:
        return f"{self.family}, {self.given}".strip(", ") or "(no name)"

    @property
    def initials(self) -> str:
        return (self.given[:1] + self.family[:1]).upper() or "?"

    @property
    def born_on(self) -> date | None:
        text = self.directory.get("born")
        return date.fromisoformat(text) if text else None

    @property
    def age(self) -> int | None:
        """Whole years today, or at death."""
        born = self.born_on
        if born is None:
            return None
        end_text = self.details.get("deceased_on")
        end = date.fromisoformat(end_text[:10]) if end_text else timezone.localdate()
        return end.year - born.year - ((end.month, end.day) < (born.month, born.day))

    @property
    def is_minor(self) -> bool:
        return self.age is not None and self.age < ADULT_AGE

    @property
    def phones(self) -> list[str]:
        return list(self.directory.get("phones", []))

    @property
    def emails(self) -> list[str]:
        return list(self.directory.get("emails", []))

    @property
    def numbers(self) -> list[dict[str, str]]:
        return list(self.directory.get("numbers", []))

    @property
    def tone(self) -> str:
        """One of the avatar's tints, the same for the same client."""
        return ("", "clay", "info", "plum", "warn")[self.id.int % 5]

    def detail(self, name: str) -> Any:
        return self.details.get(name, "")


class ContactToken(models.Model):
    """A short keyed value of a phone, e-mail address or number: finds a bucket of clients, each opened and compared.

    Cut to ``bits`` bits so that it stands for many values (docs/decisions/0003-search.md), under version
    ``key_version`` of the house's index key. Tokens cut another way than the one in force are cut anew by and by.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="tokens")
    kind = plain("phone, email or number", models.CharField(max_length=8))
    token = models.PositiveIntegerField()
    key_version = models.PositiveIntegerField()
    bits = models.PositiveSmallIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["kind", "key_version", "bits", "token"], name="clients_by_token_cut")
        ]


class LinkedPerson(models.Model):
    """Guardian, partner, emergency contact, GP, pharmacy …: ``details`` is ``{role, name, phone, email, note}``."""

    marked_as: ClassVar = "Linked person"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="people")
    details = SealedJSON(owner="client_id", label="clients.person.details", part=Part.DIRECTORY)
    created_at = plain("when it was noted down", models.DateTimeField(default=timezone.now))
    version = models.PositiveIntegerField(default=1)

    @property
    def client_uuid(self) -> UUID:
        return self.client_id


class Alert(models.Model):
    """Something to keep in view. ``text`` is clinical; ``desk_text`` is what the front desk may read ("" for none).

    ``kind`` and ``severity`` lie sealed with the text: ``{kind, severity, text}``, kind one of ``KINDS``, severity one
    of ``SEVERITIES``; None for an alert that the front desk wrote, which is all ``desk_text``. A critical alert
    without a text for the desk carries ``DESK_FLAG``, so that the desk knows whom to ask and nothing else.
    ``ends_on`` is the first day on which it is no longer shown.
    """

    KINDS: ClassVar = {
        "allergy": "Allergy",
        "clinical": "Clinical",
        "safety": "Safety",
        "access": "Access needs",
    }
    SEVERITIES: ClassVar = {"critical": "Critical", "warning": "Warning", "note": "For information"}
    DESK_FLAG: ClassVar = "See clinician"
    marked_as: ClassVar = "Alert"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="alerts")
    content = SealedJSON(owner="client_id", label="clients.alert.content", null=True)
    desk_text = SealedText(owner="client_id", label="clients.alert.desk_text", part=Part.DIRECTORY, null=True)
    ends_on = plain("a date to stop showing it, not a fact of the client's life", models.DateField(null=True))
    created_at = plain("when it was noted down", models.DateTimeField(default=timezone.now))
    author_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    @property
    def is_current(self) -> bool:
        return self.ends_on is None or self.ends_on > timezone.localdate()

    @property
    def is_clinical(self) -> bool:
        """Whether it has a half that only those who may open the record can read; opens nothing."""
        return self.__dict__.get("content") is not None


class ImportedRow(models.Model):
    """Which row of another program's table became this client, so the same file again adds nothing.

    ``source_key`` and ``digest`` are keyed hashes of the row's identity and of all it says (hex, 32 signs each).
    ``aside`` is what has no place on the card yet, ``{column: text}``, whole and in the record half: nobody knows what
    other programs keep there.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="imported_rows")
    source_key = plain(
        "a keyed hash, tells nothing without the key", models.CharField(max_length=32, unique=True)
    )
    digest = plain("a keyed hash, tells nothing without the key", models.CharField(max_length=32))
    aside = SealedJSON(owner="client_id", label="clients.imported.aside", null=True)
    created_at = plain("when the file was imported", models.DateTimeField(default=timezone.now))


class Export(models.Model):
    """The cards of many clients on their way out of the house, as one encrypted file (ACC-10).

    ``chosen``: ids of the clients, hex. ``format``: csv or json. ``needs_second``: someone else approves first.
    ``done``: how many of ``count`` are written. The file's ``passphrase`` is here until it was shown, once;
    ``file_key`` opens the file in the house, both are gone when it ``ended_at``. All of it is sealed with the
    practice's key: what people are exported says something about them, and purposes name them.
    """

    FORMATS: ClassVar = {"csv": "Table (CSV)", "json": "JSON"}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    by_id = models.UUIDField()
    by_name = models.CharField(max_length=120)
    format = models.CharField(max_length=4)
    purpose = SealedText(owner=HOUSE, label="clients.export.purpose")
    chosen = SealedJSON(owner=HOUSE, label="clients.export.chosen")
    count = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    needs_second = models.BooleanField()
    asked_at = models.DateTimeField(default=timezone.now)
    begun_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    passphrase = SealedText(owner=HOUSE, label="clients.export.passphrase", null=True)
    file_key = SealedText(owner=HOUSE, label="clients.export.file_key", null=True)
    object_name = models.CharField(max_length=40, blank=True)

    @property
    def ends_at(self) -> datetime | None:
        """When the file goes by itself; None while it is not made."""
        return self.made_at + policy.EXPORT_LINK_LIFE if self.made_at else None


class Deletion(models.Model):
    """A client who was deleted, from the deed until it is undone or they are erased.

    ``was_hidden``: whether lists left them out before. ``ground``: a code word of ``GROUNDS``; ``reason`` is sealed
    with the practice's key, because it names people and must outlive nothing: it goes when the client is erased.
    """

    GROUNDS: ClassVar = {
        "asked": "The client asked for it",
        "mistake": "Made by mistake, or twice",
        "over": "Kept long enough",
        "other": "Something else",
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="deletions")
    ground = plain("a code word of GROUNDS", models.CharField(max_length=8))
    reason = SealedText(owner=HOUSE, label="clients.deletion.reason", null=True)
    was_hidden = models.BooleanField(default=False)
    deleted_at = plain("when staff deleted the card", models.DateTimeField(default=timezone.now))
    deleted_by_id = models.UUIDField(null=True)
    undone_at = plain("when staff undid it", models.DateTimeField(null=True))
    undone_by_id = models.UUIDField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client"], condition=models.Q(undone_at__isnull=True), name="clients_deleted_once"
            )
        ]

    @property
    def ground_words(self) -> str:
        return self.GROUNDS.get(self.ground, self.ground)


class LegalHold(models.Model):
    """Nothing of this client's may be deleted or erased while it is in force (PRV-07). ``reason`` as in a deletion."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="holds")
    reason = SealedText(owner=HOUSE, label="clients.hold.reason", null=True)
    placed_at = plain("when staff placed it", models.DateTimeField(default=timezone.now))
    placed_by_id = models.UUIDField(null=True)
    lifted_at = plain("when staff lifted it", models.DateTimeField(null=True))
    lifted_by_id = models.UUIDField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client"], condition=models.Q(lifted_at__isnull=True), name="clients_held_once"
            )
        ]


def searchable(held: dict[str, Any]) -> str:
    """Return the name text that search looks through in a directory part: given, family, preferred, reading."""
    return " ".join(searched(held))


def searched(held: dict[str, Any]) -> list[str]:
    """Return the names in a directory part that search looks through, those there are."""
    return [held[key] for key in ("given", "family", "preferred", "reading") if held.get(key)]
