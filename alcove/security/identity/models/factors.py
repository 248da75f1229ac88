"""Second factors and passkeys, codes on their way, and challenges that wait for their answer."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from alcove.security.identity.models.people import Person
from alcove.security.vault.fields import HOUSE, SealedText
from alcove.security.vault.ids import uuid7


class Factor(models.Model):
    """A TOTP second factor. ``last_step``: the 30-second step of the newest code taken; none at or before it counts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="factors")
    secret = SealedText(owner=HOUSE, label="identity.factor.secret")
    last_step = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)


class RecoveryCode(models.Model):
    """A single-use code, stored as a keyed hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)


class Passkey(models.Model):
    """A WebAuthn credential. ``key_id`` is its credential id, found by ``key_digest`` (SHA-256); public key in COSE."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    key_digest = models.CharField(max_length=64, unique=True)
    key_id = models.BinaryField()
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    transports = models.JSONField(default=list)
    is_backed_up = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["created_at"]


class DirectoryAccount(models.Model):
    """The one account of the practice's directory that is this person's, tied when a factor of Alcove's own was given.

    ``subject``: SHA-256 of issuer and ``sub``. An e-mail address may be given to somebody else; these two may not
    (OpenID Connect Core 5.7).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="directory_account")
    subject = models.CharField(max_length=64, unique=True)
    tied_at = models.DateTimeField(default=timezone.now)


class Challenge(models.Model):
    """A WebAuthn challenge that waits for its answer: one purpose, one use, a few minutes.

    ``digest``: of the challenge's bytes. ``purpose``: register, sign_in, unlock, fresh, hand_back; directory
    for the state of a directory sign-in. ``person`` is NULL when the answer itself will say who it is.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=12)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True)
    session_id = models.UUIDField(null=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class SentCode(models.Model):
    """A 6-digit code sent by SMS or e-mail, stored as a keyed hash; for one purpose and one stage or person only.

    ``subject_id``: the half-finished sign-in, session or link it belongs to. Dead after its time, its tries,
    or one use.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sent_codes")
    purpose = models.CharField(max_length=16)
    subject_id = models.UUIDField()
    digest = models.CharField(max_length=64)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
