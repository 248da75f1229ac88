"""The clinical record. Every word is sealed under the client's record subkey.

The chart's lists share one table (``Item``): an entry is one sealed value, so a chart of 300 rows is opened with 300
operations, not 3,000. What each kind holds is written in ``content.py``.

Notes, entries and documents can be marked sensitive (``Markable``): ``objects`` then knows of them only where their key
is open; which rows belong to one such entry says ``queries.sensitive``.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import sections
from alcove.clinic.records.models.content import KINDS, Entry
from alcove.clinic.records.models.pairs import NotePair as NotePair
from alcove.clinic.records.models.told import PatientDraft as PatientDraft
from alcove.clinic.records.models.told import PatientEntry as PatientEntry
from alcove.security.vault.entries import Markable
from alcove.security.vault.fields import SealedJSON, SealedText, plain
from alcove.security.vault.ids import uuid7


class Visit(models.Model):
    """One encounter. ``content``: ``{type, reason, practitioner, place, status, ended_at, code, system}``, texts.

    ``starts_at`` is the order of the chart. ``clinician_id``: whose visit it is, where it was noted down here; for a
    while it is that person's reason to read the record (``queries.care``).
    """

    marked_as: ClassVar = "Visit"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="visits")
    clinician_id = models.UUIDField(null=True)
    starts_at = plain(
        "the order of the chart; tells a thief how often a random id came", models.DateTimeField()
    )
    content = SealedJSON(owner="client_id", label="records.visit.content")
    source = plain(
        "staff or import, not a fact of the client's", models.CharField(max_length=12, default="staff")
    )
    created_at = plain("when it was noted down", models.DateTimeField(default=timezone.now))
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["client", "-starts_at"], name="records_visits_of_client")]


class Note(Markable):
    """A note of a visit. ``body``: ``{section: text}`` by its template (``sections.py``). A signed note never changes.

    ``signature`` is a keyed code over everything the note says, made at signing (``signatures.py``). ``acknowledged``:
    the critical alerts its author ticked then, ``[{id, kind, text}]``. ``pen`` marks the browser window that wrote
    last, so that a window may go on saving its own draft while another one is told of the conflict. ``happened_at``: of
    a late entry, when that took place which it tells; ``written_at`` is when it was entered.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SIGNED = "signed", "Signed"

    marked_as: ClassVar = "Note"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="notes")
    visit = models.ForeignKey(Visit, on_delete=models.SET_NULL, null=True, related_name="notes")
    template = plain("one of our own templates' keys", models.CharField(max_length=20, default="free"))
    title = SealedText(owner="client_id", label="records.note.title")
    body = SealedJSON(owner="client_id", label="records.note.body")
    author_id = models.UUIDField(null=True)
    author_name = SealedText(owner="client_id", label="records.note.author_name")
    state = plain("draft or signed", models.CharField(max_length=8, choices=State, default=State.DRAFT))
    written_at = plain("when staff wrote it", models.DateTimeField(default=timezone.now))
    signed_at = plain("when staff signed it", models.DateTimeField(null=True))
    signature = plain(
        "a keyed code that tells nothing of the text", models.CharField(max_length=72, blank=True)
    )
    acknowledged = SealedJSON(owner="client_id", label="records.note.acknowledged", null=True)
    pen = plain("a random mark of a browser window", models.CharField(max_length=32, blank=True))
    source = plain("staff or import", models.CharField(max_length=12, default="staff"))
    happened_at = plain(
        "of a late entry: when staff did it, like a visit's start", models.DateTimeField(null=True)
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["client", "-written_at"], name="records_notes_of_client"),
            # Few are late: whether a client has any is asked on every page of notes.
            models.Index(
                fields=["client"], name="records_late_notes", condition=models.Q(happened_at__isnull=False)
            ),
        ]

    @property
    def is_signed(self) -> bool:
        return self.state == self.State.SIGNED

    @property
    def texts(self) -> list[tuple[str, str]]:
        """What it says, as (heading, text), in the order of its template."""
        return sections.texts(self.template, self.body)

    @property
    def heading(self) -> str:
        return self.title or sections.template(self.template).title

    @property
    def says_nothing(self) -> bool:
        return not any(str(text).strip() for text in self.body.values())


class Amendment(Markable):
    """A dated addition to a signed note, with its reason. It never changes either."""

    marked_as: ClassVar = "Amendment"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="amendments")
    text = SealedText(owner="client_id", label="records.amendment.text")
    reason = SealedText(owner="client_id", label="records.amendment.reason")
    author_id = models.UUIDField(null=True)
    author_name = SealedText(owner="client_id", label="records.amendment.author_name")
    at = plain("when staff wrote it", models.DateTimeField(default=timezone.now))
    signature = plain("a keyed code that tells nothing of the text", models.CharField(max_length=72))

    class Meta:
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["note", "at"], name="records_amendments_of_note")]


class Item(Markable):
    """One entry of a list of the chart; ``content`` by kind, see ``content.py``.

    ``checked_by``: the clinician who accepted, corrected or rejected it (a rejected one is struck and stays
    unverified); entries of patients and imports begin unverified (CLN-08). What it said before stays in its versions.
    """

    class Kind(models.TextChoices):
        ALLERGY = "allergy", "Allergies"
        MEDICATION = "medication", "Medication"
        CONDITION = "condition", "Conditions"
        PROCEDURE = "procedure", "Procedures"
        IMMUNISATION = "immunisation", "Immunisations"
        OBSERVATION = "observation", "Observations"
        REPORT = "report", "Results"
        PLAN = "plan", "Care plans"

    marked_as: ClassVar = "Entry of the chart"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="items")
    visit = models.ForeignKey(Visit, on_delete=models.SET_NULL, null=True, related_name="items")
    kind = plain("which list of the chart; tells a thief how long a random id's lists are", models.CharField(max_length=12, choices=Kind))  # fmt: skip  # noqa: E501
    content = SealedJSON(owner="client_id", label="records.item.content")
    source = plain("staff, import or patient", models.CharField(max_length=12, default="staff"))
    author_id = models.UUIDField(null=True)
    is_verified = models.BooleanField(default=True)
    checked_by = models.UUIDField(null=True)
    checked_at = plain("when staff checked it", models.DateTimeField(null=True))
    struck_at = plain("when staff struck it from the list", models.DateTimeField(null=True))
    created_at = plain("when it was noted down", models.DateTimeField(default=timezone.now))
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["client", "kind"], name="records_items_of_client")]

    @property
    def entry(self) -> Entry:
        """What is sealed in it, by kind."""
        return KINDS[self.kind].of(self.content)

    @property
    def is_waiting(self) -> bool:
        """Whether a clinician has still to accept, correct or reject it."""
        return not self.is_verified and self.checked_at is None


class Document(Markable):
    """A file of the record: sealed under a key of its own, which lies sealed here.

    ``content``: ``{title, name, media_type, bytes, sha256, dated}``; ``object_name`` is random.
    """

    marked_as: ClassVar = "Document"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="documents")
    content = SealedJSON(owner="client_id", label="records.document.content")
    file_key = SealedText(owner="client_id", label="records.document.file_key")
    object_name = plain("a random name, made by us", models.CharField(max_length=60))
    source = plain("staff, import or patient", models.CharField(max_length=12, default="staff"))
    author_id = models.UUIDField(null=True)
    struck_at = plain("when staff struck it", models.DateTimeField(null=True))
    created_at = plain("when it was added", models.DateTimeField(default=timezone.now))
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["client", "-created_at"], name="records_documents_of_client")
        ]


class KeptResource(models.Model):
    """An imported resource that has no place in the chart yet, kept whole: ``content`` is the resource itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="kept")
    resource_type = plain("a FHIR type such as Claim", models.CharField(max_length=40))
    content = SealedJSON(owner="client_id", label="records.kept.content")
    created_at = plain("when it was imported", models.DateTimeField(default=timezone.now))

    class Meta:
        indexes: ClassVar = [models.Index(fields=["client", "resource_type"], name="records_kept_of_client")]


class ImportedResource(models.Model):
    """Which imported resource became which row, so the same input again adds nothing.

    ``source_key`` and ``digest`` are keyed hashes of the resource's identity and of its content (hex, 32 signs each).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    source_key = plain(
        "a keyed hash, tells nothing without the key", models.CharField(max_length=32, unique=True)
    )
    digest = plain("a keyed hash, tells nothing without the key", models.CharField(max_length=32))
    became = plain("a table's name", models.CharField(max_length=20))
    object_id = models.UUIDField()
