"""What the monthly review of activity looks at: figures of the span since the last one, and whether it is overdue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from alcove.clinic.clients.policy import Did as Card
from alcove.clinic.records.policy import Did as Record
from alcove.compliance.models import ActivityReview, Alert
from alcove.compliance.policy import Alerts
from alcove.compliance.queries.days import micros
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.limits import RULE
from alcove.security.access.models import TakenDay
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.rules import RULES
from alcove.security.audit import clock
from alcove.security.audit.events import Result
from alcove.security.audit.models import Entry
from alcove.security.identity.policy import Did as Identity
from alcove.security.identity.queries import explain
from alcove.security.vault.models import House

_LINES: Final = (
    ("glass", "Emergency accesses", (Kernel.GLASS_BROKEN.key,)),
    ("exports", "Records printed or exported", (Card.EXPORTED.key, Card.PRINTED.key, Record.PRINTED.key)),
    ("files", "Files of many clients made", (Card.EXPORT_MADE.key,)),
    ("failed", "Failed sign-ins", (Identity.SIGN_IN_FAILED.key,)),
    ("roles", "Changes of roles and rights", (Kernel.ROLE_CHANGED.key, Identity.ROLES_GIVEN.key)),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a review: its word, what it counts, how many."""

    word: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Signed:
    """A review with the name of who signed it, and its figures as they were then."""

    review: ActivityReview
    who: str
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class State:
    """Where the review of activity stands."""

    from_at: datetime
    figures: list[Figure]
    done: list[Signed]
    is_overdue: bool
    due_at: datetime


def beginning() -> datetime:
    """Return since when there is anything to review."""
    return House.objects.values_list("created_at", flat=True).first() or clock.now()


def figures(from_at: datetime, until_at: datetime) -> list[Figure]:
    """Count what a review looks at in a span."""
    rows = Entry.objects.filter(at_us__gte=micros(from_at), at_us__lt=micros(until_at))
    alerts = Alert.objects.filter(raised_at__gte=from_at, raised_at__lt=until_at)
    is_open = ~Q(state=Alert.State.CLOSED)
    return [
        Figure("raised", "Alerts raised", alerts.count()),
        Figure("open", "Of these still open", alerts.filter(is_open).count()),
        Figure("misuse", "Of these closed as misuse", alerts.filter(outcome=Alert.Outcome.MISUSE).count()),
        *(Figure(word, title, rows.filter(event__in=events).count()) for word, title, events in _LINES),
        Figure("refused", "Attempts refused", rows.filter(result=Result.REFUSED).count()),
    ]


_TITLES: Final = {
    "raised": "Alerts raised", "open": "Of these still open", "misuse": "Of these closed as misuse",
    "refused": "Attempts refused", **{word: title for word, title, _ in _LINES},
}  # fmt: skip


def due_at() -> datetime:
    """Return until when the next review is to be signed."""
    last = ActivityReview.objects.order_by("-signed_at").values_list("signed_at", flat=True).first()
    return (last or beginning()) + policy.ACTIVITY_REVIEW_EVERY


def is_overdue() -> bool:
    """Whether the review should have been signed by now."""
    return due_at() <= clock.now()


def state(actor: Actor) -> State:
    """Return what the page of reviews shows."""
    actor.must(Alerts.VIEW)
    rows = list(ActivityReview.objects.order_by("-signed_at")[:24])
    names = explain.names(one.signed_by_id for one in rows)
    from_at = rows[0].until_at if rows else beginning()
    done = [
        Signed(
            one,
            names.get(one.signed_by_id, "A former account"),
            [Figure(word, _TITLES.get(word, word), count) for word, count in one.counts.items()],
        )
        for one in rows
    ]
    due = due_at()
    return State(from_at, figures(from_at, clock.now()), done, due <= clock.now(), due)


def is_held(day: TakenDay) -> bool:
    """Whether this person can take no other client out on this day."""
    return day.count >= RULES[RULE].chosen * (1 + day.released)


def held_today(person_id: UUID) -> bool:
    """Whether somebody is held at the limit at this moment."""
    today = timezone.localtime(clock.now()).date()
    day = TakenDay.objects.filter(person_id=person_id, on_day=today).first()
    return day is not None and is_held(day)
