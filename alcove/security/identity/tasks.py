"""What the worker does for accounts: leavers every half minute; unused accounts and reviews once an hour."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.identity import tablets
from alcove.security.identity.actions import effort, leaving, reviews, typed
from alcove.security.identity.models import Person, Review
from alcove.security.identity.policy import People
from alcove.security.identity.queries import staying
from alcove.security.vault.house import house

LEAVERS_SECONDS: Final = 30.0
"""How often leavers are cleared away: half of ``policy_defaults.LEAVER_LIMIT``."""
HAND_OVER_SECONDS: Final = 60.0
"""How often tablets that nobody touches are looked for; their pages are shut by the clock before that."""
LOOK_SECONDS: Final = 3_600.0
"""How often unused accounts and reviews are looked for."""


def _actor() -> Actor:
    return Actor.job("accounts", People.SUSPEND, People.REVIEW)


def end_leavers() -> None:
    """Clear away everything of those whose leaving time has come."""
    for person in staying.leavers(timezone.now()):
        with suppress(Conflict):
            leaving.end_leaver(_actor(), person)


def look_after_accounts() -> None:
    """Suspend who is unused or whom nobody confirmed, and begin the review of access when it is due.

    In a demo nobody comes for months and its people must still be there: nothing of this happens.
    """
    now = timezone.now()
    if house().is_demo:
        return
    if staying.unused(now):
        with suppress(Conflict):
            leaving.suspend_unused(_actor())
    late = Review.objects.filter(decided_at__isnull=True, due_at__lte=now)
    if late.exists():
        with suppress(Conflict):
            reviews.end_late_reviews(_actor())
    if is_review_due():
        with suppress(Conflict):
            reviews.begin_review(_actor())


def forget_old_effort() -> None:
    """Remove figures of effort that are older than any comparison."""
    effort.forget_old()


def forget_old_drafts() -> None:
    """Forget text that was typed before a lock and that nobody came back for."""
    typed.forget_old()


def end_hand_overs() -> None:
    """End tablets that nobody touched any more: what is over by the clock says so, with its entry."""
    tablets.sweep(timezone.now())


def is_review_due() -> bool:
    """Whether six months have passed since the last review was begun, or since the practice has people."""
    last = Review.objects.order_by("-asked_at").values_list("asked_at", flat=True).first()
    since = last or Person.objects.order_by("created_at").values_list("created_at", flat=True).first()
    is_open = Review.objects.filter(decided_at__isnull=True).exists()
    return since is not None and not is_open and since <= timezone.now() - policy.REVIEW_EVERY
