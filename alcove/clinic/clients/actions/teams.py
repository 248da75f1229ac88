"""Who cares for a client: limiting a client to a care team, and who is on it (ACC-06).

Who limits is on the team, and somebody always is. Nobody puts themselves on a team otherwise: a member does it, and
for a client whose whole team has left, somebody inside by broken glass does it for another person. So no lasting right
is ever made out of emergency access by one person alone.
"""

from __future__ import annotations

from uuid import UUID

from alcove.clinic.clients.actions.cards import Unchanged
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.security.access import need
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Restriction, TeamMember
from alcove.security.access.need import NoCareReason, Reach
from alcove.security.access.policy import Did


def _standing(change: Change, client: Client) -> Reach:
    """Return how whoever acts reaches this client, while nobody else changes its team."""
    Client.objects.select_for_update().filter(pk=client.id).first()
    return need.reach(change.actor, client.id)


def _refuse_glass(found: Reach) -> None:
    if found.is_by_glass:
        raise Refused(
            Clients.TEAM.key,
            "Emergency access does not change a care team. It lets you add someone else to one that is empty.",
        )


def _join(change: Change, client_id: UUID, person_id: UUID) -> None:
    """Put a person on the team; the entry names them by their id."""
    change.create(TeamMember, Did.TEAM_JOINED, client_id=client_id, person_id=person_id, since=change.now)
    change.drafts.pop()
    change.record(Did.TEAM_JOINED, client_id=client_id, fields=(f"person {person_id.hex}",))


@action(Clients.TEAM)
def limit_client(change: Change, client: Client) -> None:
    """Limit a client to their care team, with whoever does it on it.

    Raises ``Unchanged`` if they are limited already, ``NoCareReason`` for someone who does not reach the record, and
    ``Refused`` for emergency access.
    """
    found = _standing(change, client)
    if change.actor.id is None:
        raise Refused(Clients.TEAM.key, "A person of the practice limits a client: they will be on the team.")
    if found.is_limited:
        raise Unchanged("This client is limited to the care team already.")
    _refuse_glass(found)
    if not found.opens_record:
        raise NoCareReason(client.id)
    change.create(
        Restriction, Did.CLIENT_LIMITED, client_id=client.id, since=change.now, by_id=change.actor.id
    )
    if not found.is_on_team:
        _join(change, client.id, change.actor.id)


@action(Clients.TEAM)
def unlimit_client(change: Change, client: Client) -> None:
    """Open a client to everyone again whose role sees clients; the team stays noted. Raises ``Unchanged``."""
    found = _standing(change, client)
    _refuse_glass(found)
    if not Restriction.objects.filter(client_id=client.id).delete()[0]:
        raise Unchanged("This client is not limited to the care team.")
    change.record(Did.CLIENT_UNLIMITED, client_id=client.id)


@action(Clients.TEAM)
def add_to_team(change: Change, client: Client, person_id: UUID) -> None:
    """Put somebody else on the care team. Raises ``Unchanged`` if they are on it, ``Refused`` for oneself."""
    _standing(change, client)
    if person_id == change.actor.id:
        raise Refused(Clients.TEAM.key, "Nobody puts themselves on a care team. Ask someone who is on it.")
    if TeamMember.objects.filter(client_id=client.id, person_id=person_id).exists():
        raise Unchanged("This person is on the care team already.")
    _join(change, client.id, person_id)


@action(Clients.TEAM)
def remove_from_team(change: Change, client: Client, person_id: UUID) -> None:
    """Take somebody off the care team. Raises ``Conflict`` for the last one of a client who is limited to it."""
    found = _standing(change, client)
    _refuse_glass(found)
    team = TeamMember.objects.filter(client_id=client.id)
    row = team.filter(person_id=person_id).first()
    if row is None:
        raise Unchanged("This person is not on the care team.")
    if found.is_limited and team.count() == 1:
        raise Conflict(
            "The last one of the team cannot leave. Add someone first, or open the client to everyone again."
        )
    row.delete()
    change.record(Did.TEAM_LEFT, client_id=client.id, fields=(f"person {person_id.hex}",))
