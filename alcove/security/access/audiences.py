"""Sensitive entries: who reads them, and the only road from an actor to an entry's key (ACC-09).

An entry has a key of its own and a named audience: its author, chosen people, chosen roles. ``open_for`` puts the keys
of those entries into the ring whose audience the actor is of; for everyone else the entry is not in sight
(``vault.entries``). Inside need-to-know: whoever may not open the record opens no entry either.

* No role is above this. An owner is of the audience or is not.
* Broken glass opens entries only if it was broken for them, in so many words (``GlassBreak.opens_sensitive``).
* A look through a role's eyes, a tablet in the client's hands, a job and the console open none.
* What leaves the house leaves without them, whoever takes it (``keyring.entries_shut``); ``open_to_disclose`` is the
  one way out, for whoever holds ``Sensitive.DISCLOSE``, never to a region that the practice excludes.

What must never happen: an entry's key in the ring of someone outside its audience. Proved by ``alcove prove 36``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import Q

from alcove.security.access.actors import Actor
from alcove.security.access.errors import AccessError
from alcove.security.access.models import Audience, AudienceMember, ExcludedRegion, SensitiveRow
from alcove.security.access.need import NOBODY, Reach
from alcove.security.access.policy import Open, Sensitive
from alcove.security.vault import keyring
from alcove.security.vault.models import ClientKey, EntryKey


class Category(StrEnum):
    """Why an entry is sensitive. The words are the law's and the patient's, not ours to add to lightly."""

    INTIMATE = "intimate"
    SEXUAL = "sexual"
    REPRODUCTIVE = "reproductive"
    GENDER = "gender_affirming"
    MENTAL = "mental_health"


TITLES: Final = {
    Category.INTIMATE: "Intimate",
    Category.SEXUAL: "Sexual health",
    Category.REPRODUCTIVE: "Reproductive health",
    Category.GENDER: "Gender-affirming care",
    Category.MENTAL: "Mental health",
}
_REGION: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


class RegionRefused(AccessError):
    """Entries may not be given out to this region, or it is none; the text says which."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads an entry: ids of people and of roles."""

    people: frozenset[UUID] = frozenset()
    roles: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Mark:
    """How somebody wants an entry marked: of which category, and for whom beside its author and themselves."""

    category: str
    readers: Readers = Readers()


def _may_open_any(actor: Actor, found: Reach) -> bool:
    return found.has_entries and actor.kind == "person" and not actor.is_preview and actor.holds(Open.RECORD)


def open_for(actor: Actor, found: Reach) -> None:
    """Open the entries of this client whose audience the actor is of; ``actor`` as they stand before the client."""
    if not _may_open_any(actor, found):
        return
    held = EntryKey.objects.filter(client_id=found.key.client_id)
    if not found.glass_opens_entries:
        held = held.filter(id__in=_of(actor, found.key.client_id))
    keyring.put_entries(found.key, held)


def _of(actor: Actor, client_id: UUID) -> Collection[UUID]:
    named = Q(person_id=actor.id or NOBODY) | Q(role_id__in=actor.role_ids)
    members = AudienceMember.objects.filter(named, client_id=client_id)
    return set(members.values_list("audience_id", flat=True))


def is_of(actor: Actor, audience: Audience) -> bool:
    """Whether an actor is of the audience itself, not only inside by broken glass; for showing and for ``marking``."""
    return audience.id in _of(actor, audience.client_id)


def readers(audience_id: UUID) -> Readers:
    """Return who is named."""
    rows = list(AudienceMember.objects.filter(audience_id=audience_id).values_list("person_id", "role_id"))
    return Readers(frozenset(one for one, _ in rows if one), frozenset(one for _, one in rows if one))


def hidden_rows(client_id: UUID) -> list[UUID]:
    """Return the ids of this client's rows that are not in sight here: for what speaks of rows by their ids."""
    rows = SensitiveRow.objects.filter(client_id=client_id).exclude(audience_id__in=keyring.open_entries())
    return list(rows.values_list("object_id", flat=True))


# Regions ------------------------------------------------------------------------------------------------------------


def region(text: str) -> str:
    """Return an ISO 3166 code as it is kept; raise ``RegionRefused`` for what is none."""
    code = text.strip().upper()
    if not _REGION.fullmatch(code):
        raise RegionRefused(
            f"{code[:12] or 'Nothing'} is no region. Write a country or state as US or US-TX."
        )
    return code


def excluded(destination: str, categories: Iterable[str]) -> list[str]:
    """Return which of these categories are never given out to this destination.

    A country shuts its states, and a state shuts its country: whoever names the country only may mean the state.
    """
    shut = {
        category
        for row in ExcludedRegion.objects.all()
        if _overlap(row.code, destination)
        for category in row.categories
    }
    return [one for one in categories if one in shut]


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-")


# Giving out ---------------------------------------------------------------------------------------------------------


def open_to_disclose(
    actor: Actor, client_id: UUID, categories: Collection[str], destination: str
) -> list[Audience]:
    """Open this client's entries of these categories, whose keys and record are open here; return them.

    Raises ``Refused``, or ``RegionRefused`` whether there is such an entry or not. The caller's action records it.
    """
    actor.must(Sensitive.DISCLOSE)
    actor.must(Open.RECORD)
    if shut := excluded(region(destination), categories):
        words = ", ".join(TITLES[Category(one)].lower() for one in shut)
        raise RegionRefused(f"This practice gives out nothing of this kind to {destination}: {words}.")
    keyring.put_entries(
        ClientKey.objects.get(client_id=client_id), EntryKey.objects.filter(client_id=client_id)
    )
    found = []
    for one in Audience.objects.filter(client_id=client_id).order_by("since"):
        if one.category in categories:
            found.append(one)
        else:
            keyring.shut_entry(one.id)
    return found
