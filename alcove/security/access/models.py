"""Roles and rules, earlier versions of every row a person can change, who was let in, who reads sensitive entries."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from alcove.security.vault.entries import Markable
from alcove.security.vault.fields import HOUSE, SealedJSON, SealedText, plain
from alcove.security.vault.ids import uuid7


class Role(models.Model):
    """A named set of rights. ``rights`` is a JSON list of permission keys; unknown keys give nothing.

    ``is_clinical``: whoever holds it must have a verified professional registration.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    rights = models.JSONField(default=list)
    is_builtin = models.BooleanField(default=False)
    is_clinical = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["-is_builtin", "name"]

    def __str__(self) -> str:
        return self.name


class Version(Markable):
    """The values a row had before one change: ``{field: value}``, sealed like the row itself.

    ``model`` and ``object_id`` name the row, ``event`` the deed. A client's versions die with the client's key. Those
    of a sensitive entry lie under the entry's key, whole in ``before``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField(null=True)
    model = plain("names a table, not a person", models.CharField(max_length=60))
    object_id = models.UUIDField()
    at = plain("when the change was made", models.DateTimeField(default=timezone.now))
    actor_id = models.UUIDField(null=True)
    actor_name = plain("a job or the console, never a client", models.CharField(max_length=60, blank=True))
    event = plain("a code word of the log", models.CharField(max_length=60))
    before = SealedJSON(owner="client_id", label="access.version.before", null=True)
    directory_before = SealedJSON(
        owner="client_id", label="access.version.directory_before", part="directory", null=True
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["object_id", "at"], name="access_versions_of_row"),
            models.Index(fields=["client_id", "at"], name="access_versions_of_client"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.object_id} at {self.at:%Y-%m-%d %H:%M}"

    @property
    def moment(self) -> datetime:
        return self.at


class RowMark(models.Model):
    """A code of one row of the record and its kept versions, as the last recorded deed left them: see ``marks``.

    The mark of a removed row stays and says that it is not there. ``since``: when the row was first marked.
    """

    object_id = models.UUIDField(primary_key=True)
    client_id = models.UUIDField(null=True, db_index=True)
    model = plain("names a table, not a person", models.CharField(max_length=60))
    digest = plain("a keyed code that tells nothing of the row", models.BinaryField())
    key_version = models.PositiveIntegerField()
    since = plain("when the row was first marked", models.DateTimeField())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["model", "object_id"], name="access_marks_of_table")]


class Setting(models.Model):
    """What this practice chose for one of the declared ``rules``; absent means the default."""

    key = models.CharField(primary_key=True, max_length=60)
    value = models.IntegerField()
    version = models.PositiveIntegerField(default=1)


class Approval(models.Model):
    """Something that takes two people: asked by one, decided by another, never by the same.

    ``kind`` is a code word, ``subject_id`` what it is about. ``purpose`` is why, sealed with the practice's key because
    people write names into it. ``details``: counts and code words. ``used_at``: granted approvals count once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=30)
    subject_id = models.UUIDField(null=True)
    purpose = SealedText(owner=HOUSE, label="access.approval.purpose")
    details = models.JSONField(default=dict)
    asked_by_id = models.UUIDField(null=True)
    asked_by_name = models.CharField(max_length=120)
    asked_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    is_granted = models.BooleanField(default=False)
    used_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["kind", "decided_at"], name="access_approvals_open")]


class SupportAccess(models.Model):
    """What the host's operator asked for and an owner decided: a named person, a reason, and a time (ACC-14).

    ``operator``: the system account it was asked from, which alone may use it; ``name``: who sits there. ``ends_at``:
    until when it may be decided; ``until``: when an approved one ends by itself; ``ended_at``: when somebody ended it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    reason = SealedText(owner=HOUSE, label="access.support.reason")
    hours = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.UUIDField(null=True)
    is_granted = models.BooleanField(default=False)
    until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["operator", "until"], name="access_support_in_force")]


class SupportAttempt(models.Model):
    """Something the host's operator tried without an owner's leave; ``verb`` is what they ran, without arguments."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.CharField(max_length=40)
    verb = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="access_support_attempts")]


class Restriction(models.Model):
    """A client who is limited to a care team: whoever is not in it finds nothing of them (ACC-06)."""

    client_id = models.UUIDField(primary_key=True)
    since = plain("when the client was limited to a team", models.DateTimeField(default=timezone.now))
    by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)


class TeamMember(models.Model):
    """Someone of a client's care team."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField()
    person_id = models.UUIDField()
    since = plain("when they joined the team", models.DateTimeField(default=timezone.now))
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "person_id"], name="access_in_a_team_once")
        ]
        indexes: ClassVar = [models.Index(fields=["person_id"], name="access_teams_of_person")]


class DeletedClient(models.Model):
    """A client who was deleted: from that moment they exist for nobody, jobs and the console included (PRV-06).

    The row goes when the deletion is undone, and stays for good once the client is erased.
    """

    client_id = models.UUIDField(primary_key=True)
    since = plain("when the client was deleted", models.DateTimeField(default=timezone.now))


class GlassBreak(models.Model):
    """Access taken in an emergency, with a reason, for a while (ACC-08); reviewed afterwards by someone else.

    ``reason`` and ``finding`` are sealed with the practice's key: the officer who reviews may not open the record.
    ``opens_sensitive``: whether it was taken for entries marked sensitive as well, which it opens only then.
    ``escalated_at``: when owners and officers were told that nobody has reviewed it in time.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField()
    person_id = models.UUIDField()
    reason = SealedText(owner=HOUSE, label="access.glass.reason")
    opens_sensitive = models.BooleanField(default=False)
    began_at = plain("when access was taken", models.DateTimeField(default=timezone.now))
    ends_at = plain("when the access ends by itself", models.DateTimeField())
    due_at = plain("until when it must be reviewed", models.DateTimeField())
    reviewed_at = plain("when it was reviewed", models.DateTimeField(null=True))
    reviewed_by_id = models.UUIDField(null=True)
    is_justified = models.BooleanField(null=True)
    finding = SealedText(owner=HOUSE, label="access.glass.finding", null=True)
    escalated_at = plain("when its late review was reported", models.DateTimeField(null=True))
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["client_id", "person_id", "ends_at"], name="access_glass_now"),
            models.Index(fields=["reviewed_at", "due_at"], name="access_glass_open"),
        ]


class TakenDay(models.Model):
    """How many clients one person took out on one day, and how often an owner or officer released them (WAT-07)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField()
    on_day = models.DateField()
    count = models.PositiveIntegerField(default=0)
    released = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person_id", "on_day"], name="access_taken_day_once")
        ]


class Taken(models.Model):
    """One client whom one person took out on one day: printed, downloaded; twice counts once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    day = models.ForeignKey(TakenDay, on_delete=models.CASCADE, related_name="clients")
    client_id = models.UUIDField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "client_id"], name="access_taken_client_once")
        ]


class RightsFile(models.Model):
    """Rights of roles, read from a file, and what an owner decided about them (ACC-12).

    ``roles``: what the file says, ``[{"key", "name", "rights"}]``, cleaned and never in force as such. ``purpose``: why
    it was brought. ``taken``: what the approval took away, rights by the key of the role.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    roles = models.JSONField(default=list)
    purpose = SealedText(owner=HOUSE, label="access.rights_file.purpose")
    asked_by_id = models.UUIDField(null=True)
    asked_by_name = models.CharField(max_length=120)
    asked_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    is_approved = models.BooleanField(default=False)
    taken = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["decided_at"], name="access_rights_files_open")]


class Audience(Markable):
    """A sensitive entry: of which category, and who reads it (``AudienceMember``). Its id is its key's and its own.

    ``head_model`` and ``head_id`` name the row that was marked; ``author_id`` who wrote that, and is always of the
    audience. Like the entry itself it is there only for those whom the key was opened for.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField(db_index=True)
    head_model = plain("names a table, not a person", models.CharField(max_length=60))
    head_id = models.UUIDField()
    author_id = models.UUIDField(null=True)
    category = SealedText(owner="client_id", label="access.audience.category")
    since = plain("when it was marked", models.DateTimeField(default=timezone.now))
    version = models.PositiveIntegerField(default=1)


class AudienceMember(models.Model):
    """A person of an entry's audience, or a role whose holders are: one of the two."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField()
    audience_id = models.UUIDField()
    person_id = models.UUIDField(null=True)
    role_id = models.UUIDField(null=True)
    since = plain("when they were named", models.DateTimeField(default=timezone.now))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(person_id__isnull=True) ^ models.Q(role_id__isnull=True),
                name="access_reader_is_one",
            ),
            models.UniqueConstraint(
                fields=["audience_id", "person_id"],
                condition=models.Q(person_id__isnull=False),
                name="access_person_reads_once",
            ),
            models.UniqueConstraint(
                fields=["audience_id", "role_id"],
                condition=models.Q(role_id__isnull=False),
                name="access_role_reads_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["client_id", "audience_id"], name="access_readers_of_client")
        ]


class SensitiveRow(models.Model):
    """Which row belongs to which sensitive entry: so that the log leaves out what happened to it, for outsiders."""

    object_id = models.UUIDField(primary_key=True)
    client_id = models.UUIDField(db_index=True)
    audience_id = models.UUIDField(db_index=True)


class ExcludedRegion(models.Model):
    """A country or state to which entries of these categories are never disclosed; ``code``: ISO 3166, as ``US-TX``."""

    code = models.CharField(primary_key=True, max_length=6)
    categories = models.JSONField(default=list)
