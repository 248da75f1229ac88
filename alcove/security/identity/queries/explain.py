"""“Why can this person see this?”, answered from the same rows and by the same code that decides (ACC-11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import time_format

from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.need import Reach
from alcove.security.access.policy import Open, Permission, grantable
from alcove.security.access.rules import RULES
from alcove.security.identity.models import NEEDED, Membership, Person, Session
from alcove.security.identity.sessions import actor_of, roles_of


@dataclass(frozen=True, slots=True)
class Reason:
    """One right: whether it is held, and the roles that give it."""

    key: str
    meaning: str
    held: bool
    roles: tuple[str, ...]

    @property
    def sentence(self) -> str:
        if self.held:
            return f"Yes: the role {' and '.join(self.roles)} gives “{self.meaning}”."
        return f"No: none of this person's roles gives “{self.meaning}”."


def why(person: Person, permission: Permission | str) -> Reason:
    """Say whether and why a person holds a right, by what a request of theirs would be given."""
    key = str(permission)
    _, rights = roles_of(person.id)
    given_by = tuple(
        name
        for name, held in Membership.objects.filter(person=person).values_list("role__name", "role__rights")
        if key in held
    )
    meaning = grantable().get(key, key)
    if not person.is_active:
        return Reason(key, meaning + " (the account is suspended)", held=False, roles=given_by)
    return Reason(key, meaning, held=key in rights, roles=given_by)


def rights_of(person: Person) -> list[Reason]:
    """Return every right this person holds with the roles that give it, by key."""
    held: dict[str, list[str]] = {}
    for name, rights in Membership.objects.filter(person=person).values_list("role__name", "role__rights"):
        for key in rights:
            held.setdefault(key, []).append(name)
    meanings = grantable()
    return [
        Reason(key, meanings[key], held=person.is_active, roles=tuple(sorted(names)))
        for key, names in sorted(held.items())
        if key in meanings and not key.startswith("account.")
    ]


def names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the names of these staff, for pages that show who did something."""
    wanted = {one for one in ids if one}
    return dict(Person.objects.filter(pk__in=wanted).values_list("id", "name"))


def who_can_see(permission: Permission) -> list[tuple[Person, tuple[str, ...]]]:
    """Return all staff whose roles give a right now, with those roles, by name."""
    found: dict[UUID, tuple[Person, list[str]]] = {}
    now = timezone.now()
    rows = Membership.objects.select_related("person", "role").filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now),
        Q(person__leaves_at__isnull=True) | Q(person__leaves_at__gt=now),
        person__suspended_at__isnull=True,
        person__kind=Person.Kind.STAFF,
    )
    for item in rows.order_by("person__name"):
        if permission.key in item.role.rights:
            found.setdefault(item.person_id, (item.person, []))[1].append(item.role.name)
    return [(person, tuple(roles)) for person, roles in found.values()]


# Who can see this client now ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sight:
    """Whether a person sees a client's card and reads the record at this moment, and why, in one sentence.

    ``how``: in a word or two, what lets them (role, care team, emergency).
    """

    person: Person
    sees: bool
    reads: bool
    how: str
    sentence: str


def sight(person: Person, client_id: UUID) -> Sight:
    """Say whether and why a person sees a client now, by asking what a request of theirs would be asked.

    Raises ``NotFound`` for a client who does not exist.
    """
    now = timezone.now()
    if not person.is_active:
        return Sight(person, sees=False, reads=False, how="", sentence="No: the account is suspended.")
    if person.has_left(now):
        return Sight(
            person, sees=False, reads=False, how="", sentence="No: this person has left the practice."
        )
    actor = actor_of(Session(person=person), "")
    if not actor.holds(Open.DIRECTORY):
        return Sight(person, sees=False, reads=False, how="", sentence=_without_right(person, now))
    try:
        found = need.reach(actor, client_id)
    except NotFound:
        # Whether there is such a client at all is asked as the house itself.
        need.reach(Actor.job("explanation"), client_id)
        sentence = "No: this client is limited to a care team that this person is not on."
        return Sight(person, sees=False, reads=False, how="", sentence=sentence)
    stands = need.narrowed(actor, found)
    reads = stands.holds(Open.RECORD)
    how, because = _because(actor, found)
    what = "card and record" if reads else "the card, not the record"
    if stands.lacks_reason:
        because += "; the record asks for a reason of care, and there is none"
    elif not reads:
        because += f"; no role gives “{Open.RECORD.value.meaning}”"
    return Sight(person, sees=True, reads=reads, how=how, sentence=f"Yes, {what}: {because}.")


def _without_right(person: Person, now: datetime) -> str:
    reason = why(person, Open.DIRECTORY)
    if not reason.held:
        return reason.sentence
    is_clinician = person.memberships.filter(role__is_clinical=True).exists()
    missing = person.missing(is_clinician=is_clinician, at=now)
    return f"No: not before {' and '.join(NEEDED[name] for name in missing)}." if missing else reason.sentence


def _because(actor: Actor, found: Reach) -> tuple[str, str]:
    """Return what lets this actor reach a client, in a word or two and as the end of a sentence."""
    if found.is_by_glass and found.glass_until is not None:
        until = time_format(timezone.localtime(found.glass_until), "H:i")
        return "Emergency", f"by emergency access until {until}"
    if found.is_on_team:
        return "Care team", f"on the care team, with the role {actor.role}"
    if RULES[need.CARE_REASON].chosen and found.opens_record and actor.holds(Open.RECORD):
        return "Care", f"a visit lately or soon, with the role {actor.role}"
    return "Role", f"by the role {actor.role}"


def who_sees(client_id: UUID) -> list[Sight]:
    """Return the staff who see this client now, those who read the record first: each is decided like a request."""
    found = [sight(person, client_id) for person, _ in who_can_see(Open.DIRECTORY)]
    return sorted((one for one in found if one.sees), key=lambda one: (not one.reads, one.person.name))
