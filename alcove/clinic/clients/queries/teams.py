"""Who cares for a client and who can see them now: what the page Access says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.models import Restriction, TeamMember
from alcove.security.access.policy import Open
from alcove.security.access.rules import RULES
from alcove.security.identity.models import Person
from alcove.security.identity.queries import explain
from alcove.security.identity.queries.explain import Sight


@dataclass(frozen=True, slots=True)
class Member:
    """Someone of the care team. ``may_leave``: whether this actor may take them off it."""

    person: Person
    since: datetime
    may_leave: bool


@dataclass(frozen=True, slots=True)
class Access:
    """Who reaches one client.

    ``others``: whom this actor may put on the team; ``asked``: the answer about one person.
    """

    limited_since: datetime | None
    asks_reason: bool
    may_edit: bool
    may_limit: bool
    team: list[Member]
    others: list[Person]
    sights: list[Sight]
    staff: list[Person]
    asked: Sight | None


def access(actor: Actor, client: Client, asked: UUID | None = None) -> Access:
    """Return who is on the team and who sees this client now; ``asked``: about whom the page explains more.

    Only for whoever reaches the client themselves. Raises ``NotFound`` for a person who is none of the staff.
    """
    actor.must(Open.DIRECTORY)
    found = need.reach(actor, client.id)
    limit = Restriction.objects.filter(client_id=client.id).first()
    staff = list(Person.objects.filter(kind=Person.Kind.STAFF).order_by("name"))
    by_id = {one.id: one for one in staff}
    rows = TeamMember.objects.filter(client_id=client.id).order_by("since")
    since = {row.person_id: row.since for row in rows if row.person_id in by_id}
    may_edit = actor.holds(Clients.TEAM)
    may_shape = may_edit and not found.is_by_glass
    team = [
        Member(by_id[one], at, may_shape and not (limit and len(since) == 1)) for one, at in since.items()
    ]
    if asked is not None and asked not in by_id:
        raise NotFound("there is no such person")
    return Access(
        limited_since=limit.since if limit else None,
        asks_reason=bool(RULES[need.CARE_REASON].chosen),
        may_edit=may_edit,
        may_limit=may_shape and found.opens_record,
        team=team,
        others=addable(actor, client.id) if may_edit else [],
        sights=explain.who_sees(client.id),
        staff=staff,
        asked=explain.sight(by_id[asked], client.id) if asked is not None else None,
    )


def addable(actor: Actor, client_id: UUID) -> list[Person]:
    """Return the staff whom this actor may put on a client's team: who sees clients at all, not themselves."""
    on_team = set(TeamMember.objects.filter(client_id=client_id).values_list("person_id", flat=True))
    known = [person for person, _ in explain.who_can_see(Open.DIRECTORY)]
    return [one for one in known if one.id not in on_team and one.id != actor.id]
