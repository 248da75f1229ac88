"""Who reads a sensitive entry, in words, for those of its audience; lists show it beside the entry."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from alcove.security.access import audiences
from alcove.security.access.audiences import Readers
from alcove.security.access.models import Audience, Role
from alcove.security.identity.queries import explain
from alcove.security.vault.entries import Markable


def words(audience_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the readers of these audiences, as far as they are in sight, the author first; nothing asks nothing."""
    return {one: ", ".join(names) for one, names in named(audience_ids).items()}


def of(row: Markable) -> str:
    """Return who reads one row, "" if it is not sensitive."""
    return words([row.audience_id])[row.audience_id] if row.audience_id else ""


def named(audience_ids: Iterable[UUID | None]) -> dict[UUID, list[str]]:
    """Return names and roles by audience."""
    wanted = {one for one in audience_ids if one}
    if not wanted:
        return {}
    held = {one.id: (one, audiences.readers(one.id)) for one in Audience.objects.filter(pk__in=wanted)}
    people = explain.names(person for _, one in held.values() for person in one.people)
    ids = {role for _, one in held.values() for role in one.roles}
    roles = dict(Role.objects.filter(pk__in=ids).values_list("id", "name"))
    return {key: _in_words(*pair, people, roles) for key, pair in held.items()}


def _in_words(
    audience: Audience, held: Readers, people: dict[UUID, str], roles: dict[UUID, str]
) -> list[str]:
    in_order = sorted(held.people, key=lambda person: (person != audience.author_id, people.get(person, "")))
    return [
        *(people.get(person, "a former account") for person in in_order),
        *sorted(f"everyone with the role {roles[role]}" for role in held.roles if role in roles),
    ]
