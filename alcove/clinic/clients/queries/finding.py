"""Finding clients: by name or birth date in memory, by phone, e-mail or number through short keyed values on disk.

What is compared on the way is opened for nobody (``directory.compared``); those shown are opened at the end, with one
entry that names them. Whoever is limited to others' care team (``need.hidden_from``) is taken out before anything is
ranked, cut or counted, so what is left equals what a practice without that client would answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from alcove.clinic.clients.models import Alert, Client, tidy
from alcove.clinic.clients.policy import Did
from alcove.clinic.clients.queries import contacts, directory
from alcove.clinic.practice.models import Practice
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.opening import open_client, open_directories
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.policy import Open
from alcove.security.audit.events import Event
from alcove.security.vault import rows

_DATE = re.compile(r"^\s*(\d{1,4})[./\- ](\d{1,2})[./\- ](\d{1,4})\s*$")
_LEAST_PHONE = 6
_LEAST_NUMBER = 2
_LIKE_NAMED = 500


@dataclass(frozen=True)
class Results:
    """Clients found, opened, best first. ``total`` is exact up to 500; ``waiting``: names are not ready yet."""

    clients: list[Client] = field(default_factory=list)
    total: int = 0
    more: bool = False
    waiting: bool = False


def client(actor: Actor, client_id: UUID) -> Client:
    """Return a client whose keys the guard opened; raise ``NotFound``. Hidden ones are still found by their id."""
    actor.must(Open.DIRECTORY)
    found = rows.instances(Client, "WHERE id = %s", client_id)
    if not found:
        raise NotFound("there is no such client")
    return found[0]


def opened(actor: Actor, ids: Sequence[UUID], event: Event = Kernel.LIST_SHOWN) -> list[Client]:
    """Return these clients in this order with their directory parts open: one log entry for the list."""
    shown = open_directories(actor, ids, event)
    if not shown:
        return []
    by_id = {one.id: one for one in rows.instances(Client, f"WHERE {rows.among('id', shown)}", *shown)}
    return [by_id[one] for one in shown if one in by_id]


def says(actor: Actor, client_id: UUID, directory_part: dict[str, Any], details: dict[str, Any]) -> bool:
    """Whether a card says exactly this: a form that came twice, rather than another one under the same id."""
    open_client(actor, client_id)
    found = Client.objects.get(pk=client_id)
    return bool(found.directory == tidy(directory_part) and found.details == tidy(details))


def country() -> str:
    """Return the practice's country for reading phone numbers."""
    return Practice.objects.values_list("country", flat=True).first() or "US"


def page(actor: Actor, number: int = 1) -> tuple[list[Client], int, int]:
    """Return a page of all clients by family name, which page it is, and how many clients there are.

    Behind the last page is the last page. Raises ``directory.NotReady``.
    """
    away = need.hidden_from(actor)
    count = _count(away)
    number = min(number, max(-(-count // policy.LIST_PAGE), 1))
    ids = directory.index().page((number - 1) * policy.LIST_PAGE, policy.LIST_PAGE, away)
    return opened(actor, ids), number, count


def total(actor: Actor) -> int:
    """Return how many clients there are for this actor; raise ``directory.NotReady``."""
    return _count(need.hidden_from(actor))


def _count(away: Collection[UUID]) -> int:
    index = directory.index()
    return len(index) - sum(one in index for one in away)


def hidden(actor: Actor) -> list[Client]:
    """Return the newest hidden clients, at most a page of them, by name; one log entry."""
    rows = Client.objects.filter(is_hidden=True).exclude(pk__in=need.hidden_from(actor))
    newest = rows.order_by("-created_at").values_list("id", flat=True)
    return sorted(opened(actor, list(newest[: policy.LIST_PAGE])), key=lambda one: one.list_name.casefold())


def flagged(clients: Sequence[Client]) -> set[UUID]:
    """Return which of these have a current alert that the front desk is told of."""
    rows = Alert.objects.filter(client_id__in=[one.id for one in clients], desk_text__isnull=False)
    return {alert.client_id for alert in rows.only("id", "client_id", "ends_on") if alert.is_current}


def search(actor: Actor, text: str, limit: int = policy.SEARCH_RESULTS) -> Results:
    """Find clients by whatever was typed: a name, a birth date, a phone number, an e-mail address or a number."""
    actor.must(Open.DIRECTORY)
    text = text.strip()[:200]
    if not text:
        return Results()
    away = need.hidden_from(actor)
    exact = by_contact(text, away)[:limit]
    day = read_date(text)
    try:
        names = directory.index()
        if day is not None:
            ids = names.born_on(day, away)
            total, more = len(ids), False
        else:
            found = names.search(text, limit, away)
            ids, total, more = found.ids, found.total, found.more
    except directory.NotReady:
        return Results(opened(actor, exact, Did.SEARCHED), len(exact), waiting=True)
    best = list(dict.fromkeys([*exact, *ids]))
    shown = opened(actor, best[:limit], Did.SEARCHED)
    return Results(shown, max(total, len(best)), more)


def read_date(text: str) -> date | None:
    """Return the date in a text: year first, or in the order of the practice's country; None if it is none."""
    found = _DATE.match(text)
    if not found:
        return None
    first, second, third = (int(part) for part in found.groups())
    if first > 31:  # noqa: PLR2004 - no day is later: the year stands first
        year, month, day = first, second, third
    else:
        month, day = (first, second) if country() == "US" else (second, first)
        year = third
    if year < 100:  # noqa: PLR2004 - two digits stand for the newest such year that is not ahead of us
        this_year = timezone.localdate().year
        year += 2000 if 2000 + year <= this_year else 1900
    try:
        return date(year, month, day)
    except ValueError:
        return None


def by_contact(text: str, away: Collection[UUID]) -> list[UUID]:
    """Return the clients who have this phone number, e-mail address or number, in whatever spelling it was typed.

    ``away``: ids that do not exist for whoever asks.
    """
    wanted: list[tuple[str, str]] = []
    if "@" in text:
        wanted.append(("email", contacts.email_or_same(text)))
    digits = sum(sign.isdigit() for sign in text)
    if digits >= _LEAST_PHONE and digits >= len(text) / 2:
        with suppress(contacts.NotAContact):
            wanted.append(("phone", contacts.phone(text, country()).partition(";")[0]))
    if digits >= _LEAST_NUMBER and " " not in text and "@" not in text:
        wanted.append(("number", contacts.number(text)))
    return list(dict.fromkeys(one for kind, value in wanted for one in _matching(kind, value, away)))


def _matching(kind: str, value: str, away: Collection[UUID]) -> list[UUID]:
    """Open the few clients who share this value's short token, keep those that truly have it."""
    ids = [one for one in contacts.bucket(kind, value) if one not in away]
    held = directory.compared(ids) if ids else {}
    return [one for one in ids if one in held and value in _values(kind, held[one])]


def _values(kind: str, held: dict[str, Any]) -> Iterable[str]:
    if kind == "phone":
        return (str(item).partition(";")[0] for item in held.get("phones", []))
    if kind == "email":
        return (contacts.email_or_same(str(item)) for item in held.get("emails", []))
    return (contacts.number(str(item.get("value", ""))) for item in held.get("numbers", []))


@dataclass(frozen=True)
class Alike:
    """Clients who may be the person being entered. ``waiting``: names could not be compared yet."""

    clients: list[Client] = field(default_factory=list)
    waiting: bool = False


def likely_same(actor: Actor, held: dict[str, Any], limit: int = 5) -> Alike:
    """Return clients who may be the same person, likeliest first; one log entry if there are any.

    Same phone or e-mail; or same birth date and a like given or family name; or both names alike.
    """
    away = need.hidden_from(actor)
    ids = [
        one
        for kind, key in (("phone", "phones"), ("email", "emails"))
        for one in _sharing(kind, held.get(key), away)
    ]
    waiting = False
    try:
        ids += _like_named(held, away)
    except directory.NotReady:
        waiting = True
    return Alike(opened(actor, list(dict.fromkeys(ids))[:limit]), waiting)


def _sharing(kind: str, values: object, away: Collection[UUID]) -> list[UUID]:
    texts = [str(value) for value in values] if isinstance(values, list) else []
    return [one for text in texts for one in _matching(kind, text.partition(";")[0], away)]


def _like_named(held: dict[str, Any], away: Collection[UUID]) -> list[UUID]:
    index = directory.index()
    given, family, born = (str(held.get(key) or "") for key in ("given", "family", "born"))
    same_day = set(index.born_on(date.fromisoformat(born), away)) if born else set()
    both = index.search(f"{given} {family}", policy.SEARCH_RESULTS, away).ids
    one_of_them = [
        found
        for name in (given, family)
        if same_day and name
        for found in index.search(name, _LIKE_NAMED, away).ids
    ]
    by_day = [one for one in [*both, *one_of_them] if one in same_day]
    return [*by_day, *both]
