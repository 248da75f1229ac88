"""A tablet in a client's hands: from its cookie to an actor who reaches one client's named tasks (IDN-14).

While it is handed over, the staff session has no cookie anywhere: its digest is one that no token has, and it stays
locked. The hand-over's own token opens the tasks, and afterwards nothing but the page that asks for the PIN. Every
request is judged by the server's clock; no script is needed for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Open
from alcove.security.access.writes import write_turn, writing
from alcove.security.identity import sessions, tokens
from alcove.security.identity.models import HandOver, Session
from alcove.security.identity.policy import Did, Tablet

COOKIE: Final = "__Host-handover"
OPEN_ROUTES: Final = frozenset(
    {"identity:hand_over_end", "identity:hand_over_passkey", "identity:hand_over_here"}
)
"""Answered to a handed-over tablet besides its tasks: giving it back, and saying that somebody is there."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a client may do with a tablet. ``words`` follow "This tablet is in your hands to check"."""

    title: str
    words: str
    permission: Tablet


TASKS: Final = {
    "contact": Task("Contact details", "your contact details", Tablet.CONTACT),
    "history": Task("Medical history", "your medical history", Tablet.HISTORY),
}
"""By the code word that the hand-over keeps."""


@dataclass(frozen=True, slots=True)
class Held:
    """A hand-over whose cookie came. ``actor`` is None once it is over and only staff may go on."""

    row: HandOver
    actor: Actor | None


def find(token: str, request_code: str, device_token: str = "") -> Held | None:
    """Return the hand-over of a cookie, touched; None if there is none, or the staff session behind it is over.

    ``device_token``: the device's own cookie, which must fit where the device has no key.
    """
    row = (
        HandOver.objects.select_related("session__person", "session__device")
        .filter(digest=tokens.digest(token))
        .first()
    )
    if row is None:
        return None
    session, now = row.session, timezone.now()
    actor = actor_of(row, request_code)
    if _is_dead(session, now, device_token):
        _end(row, actor, "lost", now)
        return None
    how = _over_by_clock(row, now)
    if how:
        _end(row, actor, how, now)
    if row.ended_at is not None:
        return Held(row, None)
    _touch(row, now)
    return Held(row, actor)


def words_of(row: HandOver) -> list[str]:
    """Return what the tablet is handed over for, as words that follow "to check"."""
    return [TASKS[task].words for task in row.tasks if task in TASKS]


def actor_of(row: HandOver, request_code: str) -> Actor:
    """Return the client as they act on a tablet: bound to their own record, with the rights of their tasks."""
    rights = {TASKS[task].permission.key for task in row.tasks if task in TASKS}
    return Actor(
        "tablet",
        name="The client",
        roles=("a tablet in the client's hands",),
        rights=frozenset(rights | {Open.OWN.key}),
        session_id=row.session_id,
        origin_id=row.session.origin_id,
        request=request_code,
        client_id=row.client_id,
    )


def _is_dead(session: Session, now: datetime, device_token: str) -> bool:
    person = session.person
    if session.ended_at is not None:
        return True
    if person.is_active and not person.has_left(now) and not sessions.is_over(session, now, device_token):
        return False
    with write_turn():
        Session.objects.filter(pk=session.pk, ended_at__isnull=True).update(ended_at=now)
    return True


def _over_by_clock(row: HandOver, now: datetime) -> str:
    """Return how the clock ended this hand-over, "" if it did not."""
    if row.ended_at is not None:
        return ""
    if now - row.started_at > policy.HAND_OVER_LIFE:
        return "time"
    return "idle" if now - row.seen_at > policy.HAND_OVER_IDLE else ""


def _end(row: HandOver, actor: Actor, how: str, now: datetime) -> None:
    """End a hand-over, once, with its entry."""
    with write_turn(), writing("the end of a hand-over"):
        won = HandOver.objects.filter(pk=row.pk, ended_at__isnull=True).update(ended_at=now, ended_how=how)
    if won:
        record_now(entry(actor, Did.TABLET_ENDED, client_id=row.client_id, fields=(how,)))
    row.ended_at, row.ended_how = row.ended_at or now, row.ended_how or how


def sweep(now: datetime) -> int:
    """End every hand-over that its clock has ended and that nobody touched since; return how many."""
    lived, touched = now - policy.HAND_OVER_LIFE, now - policy.HAND_OVER_IDLE
    over = HandOver.objects.filter(Q(started_at__lt=lived) | Q(seen_at__lt=touched), ended_at__isnull=True)
    rows = list(over.select_related("session")[:100])
    for row in rows:
        _end(row, actor_of(row, ""), _over_by_clock(row, now) or "idle", now)
    return len(rows)


def _touch(row: HandOver, now: datetime) -> None:
    """Note that somebody is there; the locked staff session waits as long as the tablet is in use."""
    with write_turn(), writing("last touch of a handed-over tablet"):
        HandOver.objects.filter(pk=row.pk, ended_at__isnull=True).update(seen_at=now)
        Session.objects.filter(pk=row.session_id, ended_at__isnull=True).update(seen_at=now)
