"""Who stays and who goes: leavers whose time has come, accounts nobody uses, use that looks shared, owners alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access import lockbox
from alcove.security.access.policy import RoleKey
from alcove.security.audit.models import Origin
from alcove.security.identity.models import Membership, Person, Session

TOGETHER = timedelta(minutes=1)
"""Two browsers used within this time by one account look like two people (IDN-01)."""
LOOKED_BACK = timedelta(days=30)


def leavers(at: datetime) -> list[Person]:
    """Return whose leaving time has come and who is not cleared away yet."""
    gone = Person.objects.filter(kind=Person.Kind.STAFF, leaves_at__lte=at)
    return list(gone.exclude(suspended_why=Person.Why.LEFT))


def unused(at: datetime) -> list[Person]:
    """Return the staff whose accounts nobody used for 90 days, counted from when they were added if never used."""
    rows = Person.objects.annotate(used_at=Coalesce(F("seen_at"), F("created_at")))
    return list(
        rows.filter(
            kind=Person.Kind.STAFF, suspended_at__isnull=True, used_at__lte=at - policy.UNUSED_LIMIT
        ).filter(Q(leaves_at__isnull=True) | Q(leaves_at__gt=at))
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an owner should look at, in a sentence; ``person_id`` is None where it is about the practice."""

    kind: str
    sentence: str
    person_id: UUID | None = None


def findings() -> list[Finding]:
    """Return what looks wrong about accounts now: use that looks shared, and an owner who stands alone."""
    return [*owner_alone(), *shared_use()]


def owner_alone() -> list[Finding]:
    """Return a finding when only one lasting owner is left: who is then ill or locked out takes the practice along."""
    owners = Membership.objects.filter(
        role__key=RoleKey.OWNER, ends_at__isnull=True, person__suspended_at__isnull=True,
        person__leaves_at__isnull=True,
    ).count()  # fmt: skip
    if owners > 1:
        return []
    sentence = (
        "There is only one owner. Make someone else an owner too, or try the way out of the runbook “only one owner” "
        "once: recovery by the console."
    )
    if lockbox.is_hosted():
        sentence = (
            "There is only one owner. Make someone else an owner too: on a host's machine the console makes no new "
            "way in for an owner who is locked out."
        )
    return [Finding("owner_alone", sentence)]


def shared_use() -> list[Finding]:
    """Return one finding for each account of the staff that was in use in two browsers within a minute lately."""
    since = timezone.now() - LOOKED_BACK
    rows = (
        Session.objects.filter(person__kind=Person.Kind.STAFF, seen_at__gt=since)
        .select_related("person", "device")
        .order_by("person_id", "started_at")
    )
    by_person: dict[UUID, list[Session]] = {}
    for row in rows:
        by_person.setdefault(row.person_id, []).append(row)
    addresses = dict(
        Origin.objects.filter(pk__in={row.origin_id for row in rows if row.origin_id}).values_list(
            "id", "address"
        )
    )
    found = []
    for person_id, sessions in by_person.items():
        pair = _together(sessions)
        if pair is not None:
            found.append(Finding("shared", _sentence(pair, addresses), person_id))
    return found


def _together(sessions: list[Session]) -> tuple[Session, Session] | None:
    """Return two sessions of different browsers whose last touches lie within a minute, or that ran side by side.

    A session tells when it began and when it was last touched, nothing between: two that were touched within a minute
    of each other were in two places at one moment.
    """
    by_touch = sorted(sessions, key=lambda row: row.seen_at)
    for first, second in pairwise(by_touch):
        if _is_elsewhere(first, second) and second.seen_at - first.seen_at <= TOGETHER:
            return first, second
    for first, second in pairwise(sorted(sessions, key=lambda row: row.started_at)):
        # Someone came with another browser from another network and the first one went on being used.
        went_on = first.seen_at > second.started_at + TOGETHER
        if _is_elsewhere(first, second) and went_on and first.origin_id != second.origin_id:
            return first, second
    return None


def _is_elsewhere(first: Session, second: Session) -> bool:
    return (
        first.device_id is not None and second.device_id is not None and first.device_id != second.device_id
    )


def _sentence(pair: tuple[Session, Session], addresses: dict[UUID, str]) -> str:
    first, second = pair
    places = {addresses.get(one.origin_id or one.id, "") for one in pair} - {""}
    networks = f" from {' and '.join(sorted(places))}" if len(places) > 1 else ""
    return (
        f"{first.person.name} was at work on two browsers at the same time{networks}: "
        f"{first.device} and {second.device}. Ask whether someone else uses this account."
    )
