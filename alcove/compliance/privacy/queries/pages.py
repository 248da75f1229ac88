"""Deleted, held and erased clients as those who decide about them see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from alcove.clinic.clients.models import Client, Deletion, LegalHold
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.policy import Did as ClientDid
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.card import WARNING, BandLine, CardPart, Ending
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.policy import Privacy
from alcove.compliance.privacy.queries import check as checking
from alcove.operations.backups import runs
from alcove.operations.backups.copying import KEYS
from alcove.operations.backups.points import moment_of
from alcove.security.access import need, opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.policy import Open
from alcove.security.identity.queries import explain

MOST = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One client of the lists. ``name`` is "" for whoever may not read it, and once it is erased."""

    client_id: UUID
    name: str
    deletion: Deletion | None
    hold: LegalHold | None
    erasure: Erasure | None
    deleted_by: str = ""
    held_by: str = ""

    @property
    def code(self) -> str:
        """The end of the client's random id, as the audit log shows it."""
        return str(self.client_id)[-12:]

    @property
    def title(self) -> str:
        return self.name or f"Client {self.code}"


@dataclass(frozen=True, slots=True)
class Lists:
    """The page of deleted clients: what waits for a decision, what is deleted, held, erased."""

    waiting: Sequence[Row]
    deleted: Sequence[Row]
    held: Sequence[Row]
    erased: Sequence[Row]


def lists(actor: Actor) -> Lists:
    """Return the four lists; one log entry names whose names were opened for them."""
    actor.must(Privacy.VIEW)
    erasures = list(Erasure.objects.exclude(state__in=["withdrawn", "refused"])[:MOST])
    newest: dict[UUID, Erasure] = {}
    for one in erasures:
        newest.setdefault(one.client_id, one)
    gone = Deletion.objects.filter(undone_at__isnull=True).order_by("-deleted_at")[:MOST]
    held = LegalHold.objects.filter(lifted_at__isnull=True).order_by("-placed_at")[:MOST]
    rows = _rows(actor, {one.client_id: one for one in gone}, {one.client_id: one for one in held}, newest)
    return Lists(
        waiting=[row for row in rows.values() if row.erasure and row.erasure.is_waiting],
        deleted=[
            row for row in rows.values() if row.deletion and (not row.erasure or row.erasure.is_running)
        ],
        held=[row for row in rows.values() if row.hold],
        erased=[row for row in rows.values() if row.erasure and row.erasure.is_done],
    )


def _rows(
    actor: Actor, deletions: dict[UUID, Deletion], holds: dict[UUID, LegalHold], erasures: dict[UUID, Erasure]
) -> dict[UUID, Row]:
    ids = list(dict.fromkeys([*erasures, *deletions, *holds]))
    named = names(actor, ids)
    who = explain.names(
        [one.deleted_by_id for one in deletions.values()] + [one.placed_by_id for one in holds.values()]
    )
    return {
        one: Row(
            one, named.get(one, ""), deletions.get(one), holds.get(one), erasures.get(one),
            _who(who, deletions[one].deleted_by_id if one in deletions else None),
            _who(who, holds[one].placed_by_id if one in holds else None),
        )
        for one in ids
    }  # fmt: skip


def _who(found: dict[UUID, str], person_id: UUID | None) -> str:
    return found.get(person_id, "") if person_id else ""


def names(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of these clients to whoever may read clients' names; others tell them by their codes."""
    if not actor.holds(Open.DIRECTORY):
        return {}
    gone = need.deleted()
    opened = opening.open_deleted(
        actor, [one for one in ids if one in gone], ClientDid.DELETED_SEEN, Privacy.VIEW
    )
    opened += opening.open_directories(actor, [one for one in ids if one not in gone])
    rows = Client.objects.filter(pk__in=opened)
    return {one.id: one.name for one in rows if one.given or one.family}


@dataclass(frozen=True, slots=True)
class Page:
    """Everything about one client's deletion. ``check`` is None once they are erased whole."""

    row: Row
    check: checking.Check | None
    erased: Sequence[Erasure]
    may_undo: bool
    may_ask: bool
    may_decide: bool
    may_hold: bool
    is_own: bool


def page(actor: Actor, client_id: UUID) -> Page:
    """Return the page of one client; raise ``NotFound`` for one who is neither deleted, held nor proposed."""
    actor.must(Privacy.VIEW)
    deletion = Deletion.objects.filter(client_id=client_id, undone_at__isnull=True).first()
    hold = LegalHold.objects.filter(client_id=client_id, lifted_at__isnull=True).first()
    found = list(Erasure.objects.filter(client_id=client_id).exclude(state__in=["withdrawn", "refused"]))
    current = next((one for one in found if not one.is_done), None)
    if not (deletion or hold or found):
        raise NotFound("there is no such deleted client")
    done = [one for one in found if one.is_done]
    rows = _rows(
        actor, {client_id: deletion} if deletion else {}, {client_id: hold} if hold else {},
        {client_id: current or found[0]} if found else {},
    )  # fmt: skip
    is_gone = any(one.is_whole for one in done)
    is_quiet = hold is None and not (current and current.is_running)
    return Page(
        row=rows[client_id],
        check=None if is_gone else checking.check(client_id),
        erased=done,
        may_undo=actor.holds(Clients.REMOVE) and deletion is not None and not done
        and not (current and current.is_running),
        may_ask=actor.holds(Privacy.ASK) and deletion is not None and current is None and not done and is_quiet,
        may_decide=actor.holds(Privacy.APPROVE) and current is not None and current.is_waiting and hold is None,
        may_hold=actor.holds(Clients.HOLD) and not is_gone,
        is_own=current is not None and current.asked_by_id is not None and current.asked_by_id == actor.id,
    )  # fmt: skip


def waiting(client_id: UUID) -> Erasure:
    """Return what waits for a decision about a client; raise ``NotFound``."""
    found = Erasure.objects.filter(client_id=client_id, state__in=["proposed", "asked"]).first()
    if found is None:
        raise NotFound("nothing waits for a decision here")
    return found


@dataclass(frozen=True, slots=True)
class Certificate:
    """A finished erasure on paper. ``copies``: days of the key copies made before it that are still there."""

    erasure: Erasure
    asked_by: str
    decided_by: str
    copies: Sequence[date]

    @property
    def is_final(self) -> bool:
        """Whether no copy of the key is left any more."""
        return not self.copies


def certificate(actor: Actor, erasure_id: UUID) -> Certificate:
    """Return a finished erasure; raise ``NotFound``."""
    actor.must(Privacy.VIEW)
    found = Erasure.objects.filter(pk=erasure_id, state=Erasure.State.DONE).first()
    if found is None:
        raise NotFound("there is no such certificate")
    return Certificate(found, found.asked_by_name, found.decided_by_name, _copies_before(found))


def _copies_before(found: Erasure) -> list[date]:
    """Return of which days key copies made before the erasure lie in folders here, the oldest first."""
    config = settings.ALCOVE
    made = {
        moment_of(name)
        for place in runs.places(config)
        for one in runs.key_places(config, place)
        for name, _, _ in one.names(KEYS)
    }
    return sorted({timezone.localdate(one) for one in made if found.erased_at and one <= found.erased_at})


def card(actor: Actor, client: Client) -> CardPart:
    """Return what the card says of holds and deletion: to those who may delete or hold, nothing to others."""
    may_delete, may_hold = actor.holds(Clients.REMOVE), actor.holds(Clients.HOLD)
    if not (may_delete or may_hold) or actor.client_id is not None:
        return CardPart()
    at: dict[str, UUID] = {"client_id": client.id}
    band: list[BandLine] = []
    endings: list[Ending] = []
    is_held = LegalHold.objects.filter(client_id=client.id, lifted_at__isnull=True).exists()
    if is_held:
        band = [BandLine(WARNING, "Legal hold", "Nothing of this client’s is deleted until it is lifted.")]
    if may_hold:
        text = "A legal hold stops every deletion and erasure, whoever asks for it."
        url = page_url("privacy:client" if is_held else "privacy:hold", **at)
        endings.append(
            Ending("Legal hold", text, url, "Look at the hold" if is_held else "Place a legal hold")
        )
    if may_delete and not is_held:
        text = "Gone from everything at once. It can be undone until the erasure is approved by someone else."
        endings.append(
            Ending("Delete", text, page_url("privacy:delete", **at), "Delete this client", is_final=True)
        )
    return CardPart(band=band, endings=endings)
