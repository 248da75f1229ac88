"""Staff and patient accounts, the roles people hold, and what was found out about them before they work."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from alcove.security.access.models import Role
from alcove.security.vault.fields import SealedText, plain
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part

_PASSED_OVER = frozenset({"dr", "prof", "jr", "sr", "ii", "iii", "iv", "phd", "md", "facs", "rn", "np", "pa"})


class GivenBy(models.TextChoices):
    """Whose word it is that somebody else typed in (IDN-02)."""

    SELF = "self", "They told us themselves"
    PAPER = "paper", "From a document they showed"
    REGISTER = "register", "From the public register"
    EMPLOYER = "employer", "From an agency or earlier employer"


class Person(models.Model):
    """One person, one account. ``password`` is a peppered Argon2id hash, empty until set.

    ``kind``: staff or patient; a patient's e-mail, name and phone are not here but sealed in ``PatientAccount``.
    ``vouched_at``: the console answered for this person (founding, demo), so identity, e-mail and phone count
    as checked. ``leaves_at``: from this moment nothing of theirs opens anything. ``suspended_why``: a code
    word of ``Why``. ``typed_by_id`` typed the details in, ``given_by`` says on whose word. ``agreed_text``:
    which confidentiality text was signed.
    """

    class Kind(models.TextChoices):
        STAFF = "staff"
        PATIENT = "patient"

    class Why(models.TextChoices):
        BY_HAND = "hand", "suspended by an owner"
        UNUSED = "unused", "not used for 90 days"
        REVIEW = "review", "nobody confirmed the rights"
        LEFT = "left", "left the practice"
        DELETED = "deleted", "the client was deleted"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.STAFF)
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=120)
    title = models.CharField(max_length=80, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    password = models.CharField(max_length=200, blank=True)
    suspended_at = models.DateTimeField(null=True)
    suspended_why = models.CharField(max_length=8, choices=Why, blank=True)
    leaves_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    roles: models.ManyToManyField[Role, Membership] = models.ManyToManyField(Role, through="Membership")

    typed_by_id = models.UUIDField(null=True)
    given_by = models.CharField(max_length=12, choices=GivenBy, blank=True)
    vouched_at = models.DateTimeField(null=True)
    identity_checked_at = models.DateTimeField(null=True)
    identity_checked_by_id = models.UUIDField(null=True)
    email_confirmed_at = models.DateTimeField(null=True)
    phone_confirmed_at = models.DateTimeField(null=True)
    agreed_at = models.DateTimeField(null=True)
    agreed_text = models.CharField(max_length=12, blank=True)
    trained_at = models.DateTimeField(null=True)
    trained_by_id = models.UUIDField(null=True)
    registration = models.CharField(max_length=60, blank=True)
    registration_body = models.CharField(max_length=80, blank=True)
    registration_ends_on = models.DateField(null=True)
    registration_given_by = models.CharField(max_length=12, choices=GivenBy, blank=True)
    registration_typed_by_id = models.UUIDField(null=True)
    registration_checked_at = models.DateTimeField(null=True)
    registration_checked_by_id = models.UUIDField(null=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["email"], condition=Q(kind="staff"), name="identity_staff_email_once"
            ),
            # Whoever runs the machine has no account: there is no kind of person that could be one.
            models.CheckConstraint(
                condition=Q(kind__in=("staff", "patient")), name="identity_staff_or_patient"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        return initials_of(self.name)

    @property
    def is_active(self) -> bool:
        return self.suspended_at is None

    def has_left(self, at: datetime) -> bool:
        """Whether the leaving time has come, whatever a worker did about it."""
        return self.leaves_at is not None and self.leaves_at <= at

    def missing(self, *, is_clinician: bool, at: datetime) -> list[str]:
        """Return what still keeps this person from client data, in words of ``NEEDED`` (IDN-02, IDN-16)."""
        checked = self.vouched_at is not None
        held = {
            "identity": checked or self.identity_checked_at is not None,
            "email": checked or self.email_confirmed_at is not None,
            "phone": checked or self.phone_confirmed_at is not None,
            "agreement": checked or self.agreed_at is not None,
            "training": checked or self.trained_at is not None,
            "registration": not is_clinician or self._is_registered(at),
        }
        return [name for name, there in held.items() if not there]

    def _is_registered(self, at: datetime) -> bool:
        ends = self.registration_ends_on
        vouched = self.vouched_at is not None and not self.registration
        return (vouched or self.registration_checked_at is not None) and (
            ends is None or ends >= timezone.localdate(at)
        )


NEEDED = {
    "identity": "a second person has checked who they are",
    "email": "they have confirmed their e-mail address",
    "phone": "they have confirmed their phone number",
    "agreement": "they have signed the confidentiality agreement",
    "training": "they have done their first training",
    "registration": "their professional registration is verified and in force",
}
"""What must be so before an account opens client data, in the order people do it."""


def initials_of(name: str) -> str:
    """Return two capitals for an avatar, passing over titles and suffixes."""
    words = [word.strip(".,") for word in name.split()]
    words = [word for word in words if word and word.lower() not in _PASSED_OVER] or words
    return (words[0][:1] + words[-1][:1]).upper() if len(words) > 1 else name[:2].upper()


class Membership(models.Model):
    """A role that a person holds, until ``ends_at`` if that is set (temporary rights, ACC-13)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="memberships")
    given_at = models.DateTimeField(default=timezone.now)
    given_by_id = models.UUIDField(null=True)
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "role"], name="identity_role_once")
        ]


class OldPassword(models.Model):
    """A hash that was in force before: none of the last five may come back (IDN-04)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="old_passwords")
    password = models.CharField(max_length=200)
    replaced_at = models.DateTimeField(default=timezone.now)


class Review(models.Model):
    """The six-monthly question whether one person's rights are still right (ACC-13).

    Open while ``decided_at`` is NULL. ``rights``: names of the roles held when it was asked.
    ``outcome``: confirmed, ended or suspended.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="reviews")
    rights = models.JSONField(default=list)
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.UUIDField(null=True)
    outcome = models.CharField(max_length=12, blank=True)


class SignInRule(models.Model):
    """Where and when a role may sign in (IDN-18). Empty means no limit. Limits are added, a factor is never waived.

    ``networks``: CIDR texts. ``weekdays``: 0 is Monday. ``from_hour`` ≤ hour < ``to_hour``, in the practice's time.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    role = models.OneToOneField(Role, on_delete=models.CASCADE, related_name="sign_in_rule")
    networks = models.JSONField(default=list)
    weekdays = models.JSONField(default=list)
    from_hour = models.PositiveSmallIntegerField(default=0)
    to_hour = models.PositiveSmallIntegerField(default=24)
    version = models.PositiveIntegerField(default=1)


class PatientAccount(models.Model):
    """What a patient signs in with. ``login`` is a keyed hash of the e-mail address; two patients may share one.

    The address and the number are sealed under the client's own key; ``linked_by_id``: the staff member who
    linked it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="patient")
    client_id = models.UUIDField(unique=True)
    login = plain(
        "a keyed hash, tells nothing without the key", models.CharField(max_length=64, db_index=True)
    )
    email = SealedText(owner="client_id", label="identity.patient.email", part=Part.DIRECTORY)
    phone = SealedText(owner="client_id", label="identity.patient.phone", part=Part.DIRECTORY)
    linked_at = plain("when the account was linked", models.DateTimeField(default=timezone.now))
    linked_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)
