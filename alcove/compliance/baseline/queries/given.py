"""Which rights and roles the log says were given. Entries that were not written by the product do not count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from alcove.security.access.models import Role
from alcove.security.access.policy import ROLE_TITLES, counting, first_ticks
from alcove.security.access.policy import Did as Access
from alcove.security.audit import chain
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Membership, Person
from alcove.security.identity.policy import Did as Identity


def rights() -> dict[UUID, set[str]]:
    """Return what each role may, as the log tells it: first ticks, then every tick and untick.

    ``first_ticks`` are the approved list of this version; a role of the practice's own begins with none.
    """
    keys = dict(Role.objects.values_list("pk", "key"))
    found: dict[UUID, set[str]] = {}
    for one in entries(ROLE_EVENTS):
        role = row_of(one)
        if one.event == Access.ROLE_CREATED.key:
            is_builtin = "is_builtin" in one.fields.split(",") and keys.get(role) in ROLE_TITLES
            found[role] = set(first_ticks(keys[role])) if is_builtin else set()  # type: ignore[arg-type]  # a RoleKey
        elif one.event == Access.ROLE_DELETED.key:
            found.pop(role, None)
        else:
            more, less = ticks(one)
            found[role] = (found.get(role, set()) | more) - less
    return found


def beyond() -> list[tuple[Role, list[str]]]:
    """Return roles that hold rights the log does not know of, and which."""
    told = rights()
    found = []
    for role in Role.objects.order_by("name"):
        more = sorted(counting(role.rights) - told.get(role.pk, set()))
        if more:
            found.append((role, more))
    return found


def held_unasked() -> list[Membership]:
    """Return the roles people hold of which the log does not know that they were given."""
    said = roles_given()
    held = Membership.objects.filter(person__kind=Person.Kind.STAFF).select_related("person", "role")
    return [one for one in held if not _was_given(one.role.name, said[one.person_id])]


def _was_given(name: str, said: list[str]) -> bool:
    last = next(
        (how for how in (given_by(name, fields) for fields in reversed(said)) if how is not None), None
    )
    return last is not None and last != TAKEN


# What entries say -----------------------------------------------------------------------------------------------------

ROLE_EVENTS: Final = (Access.ROLE_CREATED.key, Access.ROLE_CHANGED.key, Access.ROLE_DELETED.key)
TAKEN: Final = "-"


def entries(events: Sequence[str]) -> list[Entry]:
    """Return the entries of these events that the product wrote, in order of time."""
    rows = Entry.objects.filter(event__in=events, result="done").order_by("at_us", "counter")
    found = list(rows)
    forged = chain.forged([one.pk for one in found])
    return [one for one in found if one.pk not in forged]


def row_of(one: Entry) -> UUID:
    """Return the row an entry is about."""
    return UUID(one.object.rpartition(" ")[2])


def ticks(one: Entry) -> tuple[set[str], set[str]]:
    """Return the rights an entry says were ticked, and those that were unticked."""
    words = one.fields.split(",")
    return {word[1:] for word in words if word[:1] == "+"}, {word[1:] for word in words if word[:1] == "-"}


def roles_given(until: datetime | None = None) -> dict[UUID, list[str]]:
    """Return by person what entries say of roles given and taken until a moment, the oldest first."""
    said: dict[UUID, list[str]] = defaultdict(list)
    for one in entries([Identity.ROLES_GIVEN.key]):
        if until is None or one.at < until:
            said[row_of(one)].append(f",{one.fields},")
    return said


def given_by(name: str, fields: str) -> str | None:
    """Return what one entry says of a role: "" for given, until when for lent, ``TAKEN``; None if it is silent."""
    if f",-{name}," in fields:
        return TAKEN
    if f",+{name}," in fields:
        return ""
    _, lent, rest = fields.partition(f",+{name} until ")
    return rest.partition(",")[0] if lent else None
