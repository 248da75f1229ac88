"""Medians of what security costs, by role and way: how long, how many forms and presses (ANA-05). Nobody is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final, NamedTuple
from uuid import UUID

from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.identity.models import Effort, Membership, Notice, Person
from alcove.security.identity.policy import People

ALERTS: Final = frozenset(
    {
        "factor_failed", "new_device", "stranger", "recovery", "recovered", "review_late", "unused",
        "glass", "password_changed", "factor_added", "factor_removed", "phone_changed", "codes_renewed",
        "code_used", "pin_set", "sign_in_alert", "record_alert",
    }
)  # fmt: skip
"""Kinds of messages that interrupt people for the sake of security; codes and links they asked for do not."""
KINDS: Final = (Effort.Kind.SIGN_IN, Effort.Kind.UNLOCK, Effort.Kind.HAND_OVER, Effort.Kind.TAKE_BACK)
NO_ROLE: Final = "No role"


@dataclass(frozen=True, slots=True)
class Line:
    """One role's (and way's) medians. ``seconds`` and ``taps`` are None where nobody measured them."""

    role: str
    method: str
    count: int
    seconds: float | None = None
    steps: float | None = None
    taps: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """All that the page shows. ``acts`` by role and way, ``roles`` by role alone, both by kind of act.

    ``days``: median seconds of a sign-in, day by day.
    """

    since: datetime
    acts: dict[str, list[Line]] = field(default_factory=dict)
    roles: dict[str, list[Line]] = field(default_factory=dict)
    overall: dict[str, Line] = field(default_factory=dict)
    days: list[tuple[date, float]] = field(default_factory=list)
    locks: list[Line] = field(default_factory=list)
    alerts: list[Line] = field(default_factory=list)


class _Row(NamedTuple):
    """One act, as bare columns: a month of a busy clinic is some thousands of them."""

    kind: str
    method: str
    at: datetime
    roles: list[str]
    steps: int
    taps: int | None
    spent_ms: int | None
    person_id: UUID


_COLUMNS: Final = ("kind", "method", "at", "roles", "steps", "taps", "spent_ms", "session__person_id")


def measured(actor: Actor) -> Measured:
    """Return the medians of the last ``policy.EFFORT_SHOWN``."""
    actor.must(People.EFFORT)
    now = timezone.now()
    since = now - policy.EFFORT_SHOWN
    told = Effort.objects.filter(at__gte=since).exclude(method="demo link").order_by("at")
    rows = [_Row(*row) for row in told.values_list(*_COLUMNS)]
    found = Measured(since, locks=_locks(rows), alerts=_alerts(now))
    for kind in KINDS:
        own = [row for row in rows if row.kind == kind]
        if own:
            found.acts[kind] = _grouped(own, by_way=True)
            found.roles[kind] = _grouped(own, by_way=False)
            found.overall[kind] = _line("", "", own)
    found.days.extend(_daily([row for row in rows if row.kind == Effort.Kind.SIGN_IN]))
    return found


def _line(role: str, method: str, rows: Sequence[_Row]) -> Line:
    seconds = [row.spent_ms / 1000 for row in rows if row.spent_ms is not None]
    taps = [row.taps for row in rows if row.taps is not None]
    return Line(
        role,
        method,
        len(rows),
        round(median(seconds), 1) if seconds else None,
        median(row.steps for row in rows),
        median(taps) if taps else None,
    )


def _grouped(rows: Iterable[_Row], *, by_way: bool) -> list[Line]:
    grouped: dict[tuple[str, str], list[_Row]] = defaultdict(list)
    for row in rows:
        for role in row.roles or [NO_ROLE]:
            grouped[role, row.method if by_way else ""].append(row)
    return [_line(role, method, own) for (role, method), own in sorted(grouped.items())]


def _daily(rows: Iterable[_Row]) -> list[tuple[date, float]]:
    grouped: dict[date, list[float]] = defaultdict(list)
    for row in rows:
        if row.spent_ms is not None:
            grouped[timezone.localtime(row.at).date()].append(row.spent_ms / 1000)
    return [(day, round(median(seconds), 1)) for day, seconds in sorted(grouped.items())]


def _locks(rows: Iterable[_Row]) -> list[Line]:
    """Return how often a person of each role locks on a day they work: days without a lock count as none."""
    days: dict[tuple[str, UUID, date], int] = defaultdict(int)
    for row in rows:
        for role in row.roles or [NO_ROLE]:
            key = (role, row.person_id, timezone.localtime(row.at).date())
            days[key] += row.kind == Effort.Kind.LOCK
    return _per_role((role, count) for (role, _, _), count in days.items())


def _alerts(now: datetime) -> list[Line]:
    """Return how many alerts a person of each role got in a week, over the last whole weeks."""
    weeks = policy.EFFORT_SHOWN // timedelta(weeks=1)
    counts: dict[tuple[UUID, int], int] = defaultdict(int)
    since = now - timedelta(weeks=weeks)
    sent = Notice.objects.filter(created_at__gte=since, kind__in=ALERTS, person__kind=Person.Kind.STAFF)
    for person_id, at in sent.values_list("person_id", "created_at"):
        counts[person_id, (now - at) // timedelta(weeks=1)] += 1
    holders = Membership.objects.filter(person__suspended_at__isnull=True).values_list(
        "role__name", "person_id"
    )
    return _per_role((role, counts[person_id, week]) for role, person_id in holders for week in range(weeks))


def _per_role(counted: Iterable[tuple[str, int]]) -> list[Line]:
    grouped: dict[str, list[int]] = defaultdict(list)
    for role, count in counted:
        grouped[role].append(count)
    return [Line(role, "", len(counts), median(counts)) for role, counts in sorted(grouped.items())]
