"""Who looks whether the server can be reached, and what they saw. Nothing here is about a person.

A probe is never removed: an ended one has an end, and its months stay in the report.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from alcove.clinic.practice.models import Location
from alcove.security.vault.ids import uuid7

_LIVE = Q(ended_at__isnull=True)


class Probe(models.Model):
    """A vantage point: a small machine at a location, one outside, or this server itself (``Kind.SERVER``, one).

    Of the token only the digest is kept; this server has none. Whether a probe is alive is read from what it saw.
    """

    class Kind(models.TextChoices):
        PLACE = "place", "At a location"
        OUTSIDE = "outside", "Outside"
        SERVER = "server", "This server"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, null=True, related_name="+")
    digest = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="place", location__isnull=False)
                | (~Q(kind="place") & Q(location__isnull=True)),
                name="uptime_place_has_location",
            ),
            models.CheckConstraint(
                condition=Q(kind="server", digest="") | (~Q(kind="server") & ~Q(digest="")),
                name="uptime_server_has_no_token",
            ),
            models.UniqueConstraint(fields=["digest"], condition=~Q(digest=""), name="uptime_token_once"),
            models.UniqueConstraint(fields=["name"], condition=_LIVE, name="uptime_probe_once"),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="server"), name="uptime_one_server"),
        ]


class Stretch(models.Model):
    """Tries of one probe that ended alike, from the first to the last, each moment by the server's clock.

    ``begun_ms``: the first try by the probe's own clock, by which a stretch that is told again is known again.
    ``every_ms``: time from try to try as it was meant.
    """

    class What(models.TextChoices):
        REACHED = "reached", "reached"
        NAME = "name", "the name was not found"
        REFUSED = "refused", "no way to it"
        TIMEOUT = "timeout", "no answer in time"
        TLS = "tls", "no sound encryption"
        STATUS = "status", "it answered that it does not work"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    probe = models.ForeignKey(Probe, on_delete=models.PROTECT, related_name="+")
    begun_ms = models.BigIntegerField()
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    tries = models.PositiveIntegerField()
    every_ms = models.PositiveIntegerField()
    what = models.CharField(max_length=8, choices=What)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["until_at"], name="uptime_by_age")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["probe", "begun_ms"], name="uptime_stretch_once"),
            models.UniqueConstraint(fields=["probe", "from_at"], name="uptime_from_once"),
            models.UniqueConstraint(fields=["probe", "until_at"], name="uptime_until_once"),
            models.CheckConstraint(
                condition=Q(until_at__gte=F("from_at")), name="uptime_ends_after_beginning"
            ),
            models.CheckConstraint(condition=Q(tries__gte=1, every_ms__gte=1), name="uptime_was_tried"),
            models.CheckConstraint(
                condition=Q(what__in=["reached", "name", "refused", "timeout", "tls", "status"]),
                name="uptime_what_is_known",
            ),
        ]
