"""Who was kept long enough: what the worker proposes to the officer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from alcove.clinic.calendar.models import Booking
from alcove.clinic.clients.models import Client, LegalHold
from alcove.clinic.records.models import Visit
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.queries import care, check, rules
from alcove.security.access.rules import RULES
from alcove.security.audit import clock
from alcove.security.vault.models import ClientKey

AT_ONCE: Final = 200
"""How many a round looks at: the rest waits for the next one."""


def over() -> list[UUID]:
    """Return clients whose record must not be kept any longer and about whom nobody has decided, longest first."""
    years = min([RULES["records.years"].chosen, *(rule.years for rule in rules.RULES)])
    before = clock.now() - timedelta(days=365 * years)
    here = OuterRef("pk")
    decided = Erasure.objects.filter(client_id=here, state__in=[*Erasure.OPEN, Erasure.State.REFUSED])
    rows = (
        Client.objects.exclude(Exists(Visit.objects.filter(client_id=here, starts_at__gt=before)))
        .exclude(Exists(_visits(here, before)))
        .exclude(Exists(decided))
        .exclude(Exists(LegalHold.objects.filter(client_id=here, lifted_at__isnull=True)))
        .filter(Exists(ClientKey.objects.filter(client_id=here)))
        .order_by("created_at")
    )
    # The cheap look leaves few; the birth dates of those are opened with one entry.
    ids = list(rows.values_list("id", flat=True)[: AT_ONCE * 5])
    today = timezone.localdate()
    lasts = care.last_care(ids, clock.now())
    old = [one for one in ids if rules.anniversary(lasts[one], years) < today][:AT_ONCE]
    if not old:
        return []
    return [one for one, found in check.checks(old).items() if found.kept is None and _was_kept(found, today)]


def _was_kept(found: check.Check, today: date) -> bool:
    """Whether the practice's own years have gone by too: a card without a record is no reason to hurry."""
    return rules.anniversary(found.last_care, RULES["records.years"].chosen) < today


def _visits(here: OuterRef, before: datetime) -> QuerySet[Booking]:
    not_care = [Booking.State.HELD, Booking.State.CANCELLED, Booking.State.NO_SHOW]
    return Booking.objects.filter(client_id=here, starts_at__gt=before).exclude(state__in=not_care)
