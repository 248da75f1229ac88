"""Need-to-know: which clients an actor reaches at all, and whether the record half comes with them.

``reach`` decides for one client, in one statement; ``hidden_from`` names whom lists, counts and searches leave out.
Both are the same rule (ACC-06, ACC-07, ACC-08):

* a client limited to a care team exists only for that team, and for whoever broke the glass and is still inside;
* where the practice asks for a reason of care, the record half opens only with one: on the team, inside broken glass,
  or one of ``settings.ALCOVE_CARE_REASONS`` says so (a visit, an assigned task);
* a deleted client exists for nobody at all: see ``opening.open_deleted`` for the one exception;
* jobs and the console act for the house and reach everyone else, but not a host's operator who was let in by an owner's
  leave: to them limited clients do not exist; someone bound to one client (patient, tablet) reaches that client only.

No role is above this: an owner breaks the glass like everybody else. Entries marked sensitive are a rule of their own,
inside this one (``audiences``).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.module_loading import import_string

from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound, Refused
from alcove.security.access.models import DeletedClient, GlassBreak, Restriction, TeamMember
from alcove.security.access.policy import Open
from alcove.security.access.rules import RULES
from alcove.security.audit import clock
from alcove.security.vault import rows
from alcove.security.vault.models import ClientKey

Reason = Callable[[Actor, Sequence[UUID]], QuerySet[Any, UUID]]
"""Returns of these clients, by id, those for whom the actor has a reason of care."""

ABOVE = frozenset({"job", "operator"})
"""Kinds of actor that act for the house, not for a person."""

CARE_REASON = "care.reason"
NOBODY: Final = UUID(int=0)
"""The id of someone who is no person: on no team, inside no glass."""
EMERGENCY = "emergency access"
"""Why, on every entry that broken glass let happen."""


def acts_for_the_house(actor: Actor) -> bool:
    """Whether nobody is hidden from this actor: a job, or the practice's own console."""
    return actor.kind in ABOVE and actor.support_id is None


class NoCareReason(Refused):
    """The record of ``client_id`` needs a reason of care (403): the page offers to break the glass."""

    def __init__(self, client_id: UUID) -> None:
        super().__init__(
            Open.RECORD.key,
            "Here a record opens to those who care for the client: by a visit within 30 days, or as one of the care "
            "team. You are neither at the moment.",
        )
        self.client_id = client_id


@dataclass(frozen=True, slots=True)
class Reach:
    """How an actor reaches one client. ``glass_until``: when broken glass closes again; None where none is broken.

    ``has_entries``: whether this client has sensitive entries at all; ``glass_opens_entries``: whether the glass was
    broken for those too. Both are for ``audiences`` alone, and never shown.
    """

    key: ClientKey
    is_limited: bool
    is_on_team: bool
    glass_until: datetime | None
    opens_record: bool
    has_entries: bool = False
    glass_opens_entries: bool = False

    @property
    def is_by_glass(self) -> bool:
        """Whether only broken glass brings this actor here, or may: a lasting right is not made out of it."""
        return self.glass_until is not None and not self.is_on_team


def _glass(person_id: UUID, now: datetime, client: Any) -> Any:
    return GlassBreak.objects.filter(client_id=client, person_id=person_id, ends_at__gt=now)


_KEY = rows.Columns(ClientKey, "k")
_REACH = (
    f"SELECT {_KEY.sql}, EXISTS (SELECT 1 FROM access_restriction r WHERE r.client_id = k.client_id),"  # noqa: S608 - names of ours
    " EXISTS (SELECT 1 FROM access_teammember t WHERE t.client_id = k.client_id AND t.person_id = %s),"
    " EXISTS (SELECT 1 FROM vault_entrykey e WHERE e.client_id = k.client_id), g.opens_sensitive, g.ends_at"
    " FROM vault_clientkey k LEFT JOIN access_glassbreak g"
    " ON g.client_id = k.client_id AND g.person_id = %s AND g.ends_at > %s"
    " WHERE k.client_id = %s AND NOT EXISTS (SELECT 1 FROM access_deletedclient d WHERE d.client_id = k.client_id)"
    " ORDER BY g.opens_sensitive DESC, g.ends_at DESC LIMIT 1"
)


def reach(actor: Actor, client_id: UUID) -> Reach:
    """Return how this actor reaches this client; raise ``NotFound`` alike whether the client exists or is hidden."""
    if actor.client_id is not None and actor.client_id != client_id:
        raise NotFound("there is no such client")
    if acts_for_the_house(actor) or actor.client_id is not None:
        key = ClientKey.objects.filter(client_id=client_id).first()
        if key is None or is_deleted(client_id):
            raise NotFound("there is no such client")
        return Reach(key, is_limited=False, is_on_team=False, glass_until=None, opens_record=True)
    who = actor.id or NOBODY
    found = rows.read(_REACH, who, who, clock.now(), client_id)
    if not found:
        raise NotFound("there is no such client")
    key = _KEY.instance(found[0])
    is_limited, is_on_team, has_entries, opens_entries = map(bool, found[0][-5:-1])
    glass = rows.moment_or_none(found[0][-1])
    if is_limited and not is_on_team and glass is None:
        raise NotFound("there is no such client")
    opens = not RULES[CARE_REASON].chosen or is_on_team or glass is not None
    opens = opens or client_id in with_reason(actor, [client_id])
    return Reach(key, is_limited, is_on_team, glass, opens, has_entries, opens_entries)


def narrowed(actor: Actor, found: Reach) -> Actor:
    """Return the actor as it stands before this client: without the record's rights where there is no reason."""
    if found.is_by_glass:
        actor = replace(actor, reason=actor.reason or EMERGENCY, glass_until=found.glass_until)
    if found.opens_record:
        return actor
    record = Open.RECORD.key.partition(".")[0] + "."
    return replace(
        actor,
        rights=frozenset(key for key in actor.rights if not key.startswith(record)),
        lacks_reason=actor.holds(Open.RECORD),
    )


@functools.cache
def _reasons() -> tuple[Reason, ...]:
    return tuple(cast("Reason", import_string(path)) for path in settings.ALCOVE_CARE_REASONS)


def with_reason(actor: Actor, client_ids: Sequence[UUID]) -> set[UUID]:
    """Return for which of these clients an area knows a reason of care: one query, however many areas there are."""
    if actor.id is None or not client_ids:
        return set()
    first, *others = (reason(actor, client_ids) for reason in _reasons())
    return set(first.union(*others))


def is_deleted(client_id: UUID) -> bool:
    """Whether this client was deleted, and so exists for nobody."""
    return DeletedClient.objects.filter(client_id=client_id).exists()


def deleted() -> frozenset[UUID]:
    """Return all clients who were deleted."""
    return frozenset(DeletedClient.objects.values_list("client_id", flat=True))


def hidden_from(actor: Actor) -> frozenset[UUID]:
    """Return the clients who do not exist for this actor: one small query, only the deleted for the house itself."""
    gone = DeletedClient.objects.values_list("client_id", flat=True)
    if acts_for_the_house(actor):
        return frozenset(gone)
    return frozenset(_limited(actor).union(gone))


def limited_away_from(actor: Actor) -> frozenset[UUID]:
    """Return the clients limited to care teams of others: of deleted ones, too, whoever decides sees no names."""
    return frozenset() if acts_for_the_house(actor) else frozenset(_limited(actor))


def _limited(actor: Actor) -> QuerySet[Any, UUID]:
    here = OuterRef("client_id")
    limited = Restriction.objects.exclude(
        Exists(TeamMember.objects.filter(client_id=here, person_id=actor.id or NOBODY))
    ).exclude(Exists(_glass(actor.id or NOBODY, clock.now(), here)))
    return limited.values_list("client_id", flat=True)
