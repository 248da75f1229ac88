"""Emergency access: whom it may reach, what is in force, what waits for a review."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import directory, finding
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.models import GlassBreak
from alcove.security.audit.models import Entry
from alcove.security.identity.queries import explain

MOST_REVIEWS = 200
MOST_LOOKS = 200


def reached_by(actor: Actor, contact: str, born: date | None) -> UUID | None:
    """Return the one client limited to others' team who has exactly this phone, e-mail or number; None otherwise.

    ``born`` tells apart those who share a contact. Whoever the actor can find in the list is not looked for here, so
    the answer is the same whether such a client exists or not.
    """
    actor.must(Clients.GLASS)
    away = need.limited_away_from(actor) - need.deleted()
    found = [one for one in finding.by_contact(contact.strip()[:200], ()) if one in away]
    if born is not None:
        held = directory.compared(found)
        found = [one for one in found if held.get(one, {}).get("born") == born.isoformat()]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Use:
    """One use of emergency access, as reviewers see it. ``state``: running, waiting, overdue or reviewed."""

    glass: GlassBreak
    who: str
    reviewer: str
    state: str
    is_own: bool

    @property
    def client_code(self) -> str:
        """The end of the client's random id, as the audit log shows it."""
        return str(self.glass.client_id)[-12:]


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was done by it."""

    at: datetime
    words: str


def uses(actor: Actor) -> list[Use]:
    """Return what waits for a review, the most urgent first, then what was reviewed, the newest first."""
    actor.must(Clients.REVIEW_GLASS)
    open_ = GlassBreak.objects.filter(reviewed_at__isnull=True).order_by("due_at")
    done = GlassBreak.objects.filter(reviewed_at__isnull=False).order_by("-reviewed_at")
    return _used(actor, [*open_[:MOST_REVIEWS], *done[:MOST_REVIEWS]])


def use(actor: Actor, glass_id: UUID) -> Use:
    """Return one use; raise ``NotFound``."""
    actor.must(Clients.REVIEW_GLASS)
    found = GlassBreak.objects.filter(pk=glass_id).first()
    if found is None:
        raise NotFound("there is no such emergency access")
    return _used(actor, [found])[0]


def _used(actor: Actor, rows: Iterable[GlassBreak]) -> list[Use]:
    rows = list(rows)
    names = explain.names([one for row in rows for one in (row.person_id, row.reviewed_by_id)])
    return [
        Use(
            row,
            names.get(row.person_id, "A former account"),
            names.get(row.reviewed_by_id, "") if row.reviewed_by_id else "",
            _state(row),
            is_own=row.person_id == actor.id,
        )
        for row in rows
    ]


def _state(row: GlassBreak) -> str:
    now = timezone.now()
    if row.reviewed_at is not None:
        return "reviewed"
    if row.due_at <= now:
        return "overdue"
    return "running" if row.ends_at > now else "waiting"


def looks(actor: Actor, glass: GlassBreak) -> list[Look]:
    """Return what this person did with this client while the access was in force, in order, from the audit log."""
    actor.must(Clients.REVIEW_GLASS)
    first, last = (int(moment.timestamp() * 1_000_000) for moment in (glass.began_at, glass.ends_at))
    rows = Entry.objects.filter(
        client_id=glass.client_id, actor_id=glass.person_id, at_us__gte=first, at_us__lte=last
    )
    return [Look(row.at, row.words) for row in rows.order_by("at_us", "counter")[:MOST_LOOKS]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many uses wait for a review by this actor, and how many of them too long."""

    count: int
    overdue: int


def waiting(actor: Actor) -> Waiting | None:
    """Return what waits for this actor's review; None for those who review nothing."""
    if not actor.holds(Clients.REVIEW_GLASS):
        return None
    now = timezone.now()
    due = list(
        GlassBreak.objects.filter(reviewed_at__isnull=True)
        .exclude(person_id=actor.id or need.NOBODY)
        .values_list("due_at", flat=True)
    )
    return Waiting(len(due), sum(one <= now for one in due))


def any_to_escalate() -> bool:
    """Whether a use is overdue and nobody was told: one query, for the worker."""
    return GlassBreak.objects.filter(
        reviewed_at__isnull=True, due_at__lte=timezone.now(), escalated_at__isnull=True
    ).exists()
