"""Recovery order, contacts, who may enter, tests and printings. Nothing here is about a client.

Nothing is removed: a row that no longer counts has an end, and every change keeps what was there before.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from alcove.clinic.practice.models import Location
from alcove.security.identity.models import Person
from alcove.security.vault.fields import HOUSE, SealedText
from alcove.security.vault.ids import uuid7

_LIVE = Q(ended_at__isnull=True)


class Listed(models.Model):
    """What every list here has: when a row was last changed, and when and by whom it was taken off."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    ended_by_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True


class Step(Listed):
    """One system of the recovery order. ``hours``: how long it may be away; ``book``: where it is written how."""

    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    hours = models.PositiveSmallIntegerField()
    by = models.CharField(max_length=160, blank=True)
    book = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name"], condition=_LIVE, name="continuity_step_once")
        ]


class Contact(Listed):
    """Somebody to ring. ``deputy``: who else, with their number."""

    class Kind(models.TextChoices):
        """In the order in which they are shown; the incident plan asks for the same."""

        IT = "it", "IT support"
        LINE = "line", "Internet and phone line"
        BUILDING = "building", "Building, power and alarm"
        SUPPLIER = "supplier", "Supplier of a system"
        OFFICER = "officer", "Compliance officer"
        INSURER = "insurer", "Insurer"
        COUNSEL = "counsel", "Lawyer"
        POLICE = "police", "Police"
        REGULATOR = "regulator", "Regulator"
        OTHER = "other", "Somebody else"

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=120)
    purpose = models.CharField(max_length=160)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    deputy = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "name"], condition=_LIVE, name="continuity_contact_once")
        ]


class Entrant(Listed):
    """Somebody who may enter a location: a person of the staff, or an outside firm. ``until_on``: the last day."""

    class How(models.TextChoices):
        KEY = "key", "Has a key"
        CODE = "code", "Knows the code"
        BOTH = "both", "Has a key and knows the code"
        CARD = "card", "Has a card"
        LET_IN = "let_in", "Is let in by somebody"

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    firm = models.CharField(max_length=120, blank=True)
    how = models.CharField(max_length=8, choices=How)
    until_on = models.DateField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, firm="") | (Q(person__isnull=True) & ~Q(firm="")),
                name="continuity_person_or_firm",
            ),
            models.UniqueConstraint(
                fields=["location", "person"],
                condition=_LIVE & Q(person__isnull=False),
                name="continuity_person_once",
            ),
            models.UniqueConstraint(
                fields=["location", "firm"],
                condition=_LIVE & Q(person__isnull=True),
                name="continuity_firm_once",
            ),
        ]

    @property
    def name(self) -> str:
        return self.person.name if self.person else self.firm


class Trial(Listed):
    """A test that was made on a day. ``what``: what was tested, where the kind does not say it.

    ``learnt`` and ``ended_why`` are people's own words. ``next_on``: a day by which it is wanted again sooner than the
    kind asks for.
    """

    class Kind(models.TextChoices):
        FAILOVER = "failover", "Failover line (LTE)"
        DOWNTIME = "downtime", "Downtime exercise"
        OTHER = "other", "Something else"

    kind = models.CharField(max_length=8, choices=Kind)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, null=True, related_name="+")
    what = models.CharField(max_length=120, blank=True)
    on = models.DateField()
    by = models.CharField(max_length=160)
    is_passed = models.BooleanField()
    learnt = SealedText(owner=HOUSE, label="continuity.trial.learnt", null=True)
    next_on = models.DateField(null=True)
    ended_why = SealedText(owner=HOUSE, label="continuity.trial.ended_why", null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["kind", "-on"], name="continuity_newest_trials")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(kind="failover") | Q(location__isnull=False),
                name="continuity_failover_somewhere",
            ),
            models.UniqueConstraint(
                fields=["kind", "location", "what", "on", "is_passed"],
                condition=_LIVE & Q(location__isnull=False),
                name="continuity_trial_once_there",
            ),
            models.UniqueConstraint(
                fields=["kind", "what", "on", "is_passed"],
                condition=_LIVE & Q(location__isnull=True),
                name="continuity_trial_once",
            ),
        ]


class Printing(models.Model):
    """One printing of the page for the wall."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=timezone.now)
    by_id = models.UUIDField(null=True)
