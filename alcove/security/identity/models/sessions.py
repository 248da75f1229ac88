"""Half-finished sign-ins, sessions, links and the counts of failed attempts."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from alcove.security.access.models import Role
from alcove.security.identity.models.devices import Device
from alcove.security.identity.models.people import Person
from alcove.security.vault.fields import plain
from alcove.security.vault.ids import uuid7


class SignIn(models.Model):
    """A half-finished sign-in: the password was right, the second factor is still to come. No session, no actor.

    ``method``: password or directory (OIDC). ``subject``: which account there, as in
    ``DirectoryAccount``. ``begun_at``, ``steps``, ``taps``: what it has cost so far (``effort.Spent``).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    method = models.CharField(max_length=12, default="password")
    subject = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    begun_at = models.DateTimeField(null=True)
    steps = models.PositiveSmallIntegerField(default=1, db_default=1)
    taps = models.PositiveSmallIntegerField(null=True)

    class Meta:
        db_table = "identity_signin"


class Session(models.Model):
    """A signed-in browser. The cookie holds a random token; here lies its hash.

    ``device_proved_at``: when the device's key last signed this session's challenge. ``proved_at``: when a
    factor was last given (fresh sign-in). ``preview``: the role through whose eyes the person looks at the
    moment.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sessions")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, related_name="sessions")
    origin_id = models.UUIDField(null=True)
    method = models.CharField(max_length=20)
    challenge = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    proved_at = models.DateTimeField(default=timezone.now)
    device_proved_at = models.DateTimeField(null=True)
    locked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    preview = models.ForeignKey(Role, on_delete=models.SET_NULL, null=True)


class Link(models.Model):
    """A single-use link.

    ``setup`` for a person without a password, ``demo`` only in demo practices, ``confirm`` for an e-mail address,
    ``recover`` for whoever lost all factors.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10)
    digest = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Throttle(models.Model):
    """Failed attempts in the running window. ``key`` is a keyed hash of an account or a network."""

    key = models.CharField(primary_key=True, max_length=64)
    window_us = models.BigIntegerField()
    count = models.PositiveIntegerField()


class HandOver(models.Model):
    """A tablet in a client's hands: a token that reaches one client's named tasks and nothing else (IDN-14).

    ``tasks``: code words of what the client may do. ``ended_how``: staff, idle, time, done or lost.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = plain("a hash of a random token", models.CharField(max_length=64, unique=True))
    client_id = models.UUIDField()
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="hand_overs")
    tasks = plain("code words of tasks, chosen by staff from a fixed list", models.JSONField(default=list))
    started_at = plain("when the tablet was handed over", models.DateTimeField(default=timezone.now))
    seen_at = plain("when the tablet was last touched", models.DateTimeField(default=timezone.now))
    ended_at = plain("when the tablet came back", models.DateTimeField(null=True))
    ended_how = plain("a code word of how it ended", models.CharField(max_length=8, blank=True))
