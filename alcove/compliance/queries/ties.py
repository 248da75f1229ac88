"""Who of the staff is the client, shares a surname with them, a phone, an e-mail or an address.

Clients are opened for this by the worker, in one ring and with one entry that names them; nothing of it is kept but
which tie there is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import finding
from alcove.compliance.policy import Did
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open
from alcove.security.identity.models import Person
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import House

SELF: Final = "self"
COLLEAGUE: Final = "colleague"
HOUSEHOLD: Final = "household"
SURNAME: Final = "surname"
_TITLES: Final = frozenset({"dr", "prof", "mr", "mrs", "ms", "jr", "sr", "phd", "md", "rn", "np", "pa"})
_LEAST_ADDRESS: Final = 6
"""Letters; less than that is no street and number."""
Pair = tuple[UUID, UUID]
_remembered: dict[UUID, tuple[tuple[int, frozenset[str]], list[UUID]]] = {}


@dataclass(frozen=True, slots=True)
class _Worker:
    """What is known of somebody who works here, to compare with."""

    id: UUID
    name: str
    family: str
    contacts: frozenset[str]


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalnum() or sign == " ").strip()


def _worker(person: Person) -> _Worker:
    words = [word for word in _folded(person.name).split() if word not in _TITLES]
    contacts = {person.email.casefold(), person.phone} - {""}
    return _Worker(person.id, " ".join(words), words[-1] if words else "", frozenset(contacts))


def _contacts(client: Client) -> set[str]:
    return {one.casefold() for one in client.emails} | set(client.phones)


def _address(client: Client) -> str:
    held: Any = client.details.get("address") or {}
    text = _folded(f"{held.get('line', '')} {held.get('postal', '')}".replace(",", " "))
    return " ".join(text.split()) if len(text) >= _LEAST_ADDRESS and held.get("line") else ""


def _is(worker: _Worker, client: Client) -> bool:
    """Whether the client is this person: the same name and a contact of theirs, or the same full name alone."""
    named = _folded(client.name) == worker.name and bool(worker.name)
    return named or (bool(worker.contacts & _contacts(client)) and _folded(client.family) == worker.family)


def of(pairs: Sequence[Pair]) -> dict[Pair, str]:
    """Return the closest tie of each of these (person, client), where there is one."""
    if not pairs:
        return {}
    staff = {one.id: _worker(one) for one in Person.objects.filter(kind=Person.Kind.STAFF)}
    own = {person: _own_cards(staff[person]) for person in {one for one, _ in pairs} if person in staff}
    ids = {client for _, client in pairs} | {card for cards in own.values() for card in cards}
    job = Actor.job("watching", Open.DIRECTORY)
    with keyring():
        clients = {one.id: one for one in finding.opened(job, sorted(ids), Did.COMPARED)}
        found = {}
        for person, client in pairs:
            if person in staff and client in clients:
                homes = {_address(clients[card]) for card in own[person] if card in clients} - {""}
                tie = _tie(staff[person], clients[client], staff, homes)
                if tie:
                    found[person, client] = tie
        return found


def _own_cards(worker: _Worker) -> list[UUID]:
    """Return the cards that have a contact of this person: their own, and those who live with them.

    Remembered until any card or the person's contacts change: looking takes a dozen small queries.
    """
    as_of = (House.objects.values_list("directory_seq", flat=True).first() or 0, worker.contacts)
    held = _remembered.get(worker.id)
    if held is None or held[0] != as_of:
        found = [card for contact in worker.contacts for card in finding.by_contact(contact, ())]
        held = _remembered[worker.id] = (as_of, found)
    return held[1]


def _tie(worker: _Worker, client: Client, staff: dict[UUID, _Worker], homes: set[str]) -> str:
    if _is(worker, client):
        return SELF
    if worker.contacts & _contacts(client) or _address(client) in homes:
        return HOUSEHOLD
    if any(_is(one, client) for one in staff.values()):
        return COLLEAGUE
    return SURNAME if worker.family and _folded(client.family) == worker.family else ""
