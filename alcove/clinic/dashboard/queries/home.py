"""What the first page shows: one's own work, and for those who answer for it, the state of the house."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import directory, finding
from alcove.clinic.records.models import Note
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Did, Log, Open
from alcove.security.audit.models import Block, Entry
from alcove.security.identity.models import Person
from alcove.security.identity.queries import clearing, passwords_due
from alcove.security.jobs.models import Beat

RECENT = 6


@dataclass(frozen=True)
class Day:
    """``recent``: clients one opened lately, newest first. ``unsigned``: (client, number of own drafts)."""

    recent: list[tuple[Client, datetime]] = field(default_factory=list)
    unsigned: list[tuple[Client, int]] = field(default_factory=list)
    clients: int | None = None


def day(actor: Actor) -> Day:
    """Return one's own work; whoever may not see clients has none here."""
    if not actor.holds(Open.DIRECTORY):
        return Day()
    away = need.hidden_from(actor)
    opened = lately(actor, away)
    drafts = unsigned(actor, away) if actor.holds(Open.RECORD) else {}
    ids = list(dict.fromkeys([*opened, *drafts]))
    by_id = {one.id: one for one in finding.opened(actor, ids)} if ids else {}
    return Day(
        recent=[(by_id[one], at) for one, at in opened.items() if one in by_id][:RECENT],
        unsigned=[(by_id[one], count) for one, count in drafts.items() if one in by_id],
        clients=finding.total(actor) if directory.is_ready() else None,
    )


def missing(actor: Actor) -> list[clearing.Step]:
    """Return what someone who may not work yet has done and has still to do; [] for everyone else."""
    person = Person.objects.filter(pk=actor.id).first() if actor.id else None
    if person is None or not clearing.missing(person):
        return []
    return clearing.steps(person)


def is_password_due(actor: Actor) -> bool:
    """Whether the practice asks for a new password, and this person's is older than that."""
    return actor.id is not None and passwords_due.is_due(actor.id)


def lately(actor: Actor, away: Collection[UUID]) -> dict[UUID, datetime]:
    """Return the clients whom one opened lately and who are not ``away``, newest first: nothing is opened for it."""
    since = int((timezone.now() - timedelta(days=14)).timestamp() * 1_000_000)
    rows = (
        Entry.objects.order_by()
        .filter(actor_id=actor.id, at_us__gte=since, client_id__isnull=False)
        .filter(event__in=[Did.CARD_OPENED.key, Did.RECORD_OPENED.key])
        .exclude(client_id__in=away)
        .values_list("client_id")
        .annotate(last_us=Max("at_us"))
        .order_by("-last_us")[:RECENT]
    )
    return {one: datetime.fromtimestamp(last_us / 1_000_000, UTC) for one, last_us in rows if one}


def unsigned(actor: Actor, away: Collection[UUID]) -> dict[UUID, int]:
    """Return for which clients one has how many notes to sign."""
    found: dict[UUID, int] = {}
    # No client is open here, and an author is always of the audience of what they write.
    rows = Note.everything.filter(author_id=actor.id, state=Note.State.DRAFT).order_by("-written_at")
    for client_id in rows.exclude(client_id__in=away).values_list("client_id", flat=True)[:20]:
        found[client_id] = found.get(client_id, 0) + 1
    return found


@dataclass(frozen=True)
class Safety:
    """What can be said of the house right now, each with its proof one click away."""

    entries: int
    linked_at: datetime | None
    worker_lives: bool
    refused_today: int
    looks_today: int


def safety(actor: Actor) -> Safety | None:
    """Return the state of the log and the worker for those who may read the log; None for others."""
    if not actor.holds(Log.VIEW):
        return None
    last = Block.objects.order_by("-number").first()
    beat = Beat.objects.filter(name="worker").first()
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = Entry.objects.filter(at_us__gte=int(midnight.timestamp() * 1_000_000))
    looks = today.filter(event__in=[Did.CARD_OPENED.key, Did.RECORD_OPENED.key])
    return Safety(
        entries=last.entries if last else 0,
        linked_at=datetime.fromtimestamp(last.at_us / 1_000_000, UTC) if last else None,
        worker_lives=bool(beat and timezone.now() - beat.at < timedelta(seconds=60)),
        refused_today=today.filter(result="refused").count(),
        # Looks at a client who does not exist for this actor are not counted for them. Refusals all are: a count that
        # did not rise by one's own attempt would tell that there is such a client.
        looks_today=looks.exclude(client_id__in=need.hidden_from(actor)).count(),
    )
