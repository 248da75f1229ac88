"""Who looked at or changed one client, from the audit log, in plain words. Looking at it is itself one entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import BinaryField, F, Func, IntegerField, Q, Value
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients, Did
from alcove.clinic.clients.queries.about import LABELS
from alcove.clinic.clients.queries.history import label_of, people
from alcove.security import policy_defaults as policy
from alcove.security.access import audiences, need, opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.models import Role
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.policy import Open, grantable
from alcove.security.audit.events import Event, Result
from alcove.security.audit.models import Entry, EntryQuerySet
from alcove.security.vault import crypto
from alcove.security.vault.house import house

LISTS_KEPT: Final = timedelta(days=30)
"""How far back lists that showed the client are looked through: the log has no index over the ids in a list."""

SITTING: Final = timedelta(minutes=5)

LISTS: Final = (Kernel.LIST_SHOWN, Did.SEARCHED)
_KEYS_OF_LISTS: Final = frozenset(event.key for event in LISTS)
TAKEN_TOGETHER: Final = frozenset({Did.EXPORT_TAKEN.key, "downtime.pack.fetched"})
"""Deeds that take many clients out at once and name them all. A downtime pack's by its key: its area lies above."""
KINDS: Final = {
    "": "Everything",
    "looked": "Looked",
    "changed": "Changed",
    "lists": "Seen in lists",
    "taken": "Exported or printed",
    "refused": "Refused",
}
_LOOKS: Final = ("opened", "viewed", "read", "revealed")
_TAKEN: Final = ("exported", "printed")
_NAMING: Final = ("changed", "revealed", "exported")
"""Deeds whose fields tell a reader something; of a new thing, all fields are new."""
_TEAM: Final = frozenset(
    {Kernel.TEAM_JOINED.key, Kernel.TEAM_LEFT.key, Kernel.READER_ADDED.key, Kernel.READER_REMOVED.key}
)
"""Deeds about somebody of the staff, or everyone with a role, whom the entry names by their id."""
_QUIET: Final = frozenset({"id", "client", "author_id", "version", "content", "details", "body"})


class _Within(Func):
    """Where one client's 16 bytes stand in a list's packed ids; 0 if nowhere. Both databases."""

    output_field = IntegerField()

    def __init__(self, client_id: UUID) -> None:
        super().__init__(F("clients"), Value(client_id.bytes, output_field=BinaryField()))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="instr", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        turned = self.copy()
        turned.set_source_expressions(list(reversed(self.get_source_expressions())))
        return turned.as_sql(compiler, connection, function="position", arg_joiner=" IN ", **context)


@dataclass(frozen=True, slots=True)
class Look:
    """One line: who, when, what, why. ``tone`` colours the chip of what kind it was.

    ``times``: how often the same person did the same thing in one go, ``at`` the last of them.
    """

    at: datetime
    who: str
    role: str
    words: str
    detail: str
    why: str
    kind: str
    tone: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class AccessLog:
    """One page of a client's log. ``client`` is None for someone who may read the log and not the card.

    ``actor``: who asks, as they stand before this client.
    """

    actor: Actor
    client_id: UUID
    client: Client | None
    looks: list[Look]
    total: int
    staff: list[tuple[UUID, str]] = field(default_factory=list)

    @property
    def shown(self) -> int:
        """How many entries the lines of this page stand for."""
        return sum(look.times for look in self.looks)


def access_log(actor: Actor, client_id: UUID, *, person: UUID | None, kind: str, offset: int) -> AccessLog:
    """Return a page of who looked at this client; writes the one entry of this look before anything is opened."""
    actor.must(Clients.ACCESS_LOG)
    actor, client = opened_for(actor, client_id, Did.LOG_VIEWED)
    own, lists = _entries(client_id)
    ids = own.values_list("actor_id", flat=True).distinct()
    staff = people({one for one in ids if one})
    own, lists = _of_kind(own, kind), _lists_of_kind(lists, kind)
    if kind == "lists":
        own = own.none()
    if person:
        own, lists = own.filter(actor_id=person), lists.filter(actor_id=person)
    end = offset + policy.LIST_PAGE
    newest = sorted([*own.newest_first()[:end], *_truly(lists.newest_first()[:end], client_id)], key=_age)
    return AccessLog(
        actor=actor,
        client_id=client_id,
        client=client,
        looks=_looks(newest[offset:end]),
        total=own.count() + lists.count(),
        staff=sorted(staff.items(), key=lambda one: one[1].casefold()),
    )


def opened_for(actor: Actor, client_id: UUID, event: Event) -> tuple[Actor, Client | None]:
    """Open a client for a page that is its own kind of look: one entry, which names it. Raises ``NotFound``.

    Returns the actor as it stands before this client, and the client; None for someone who may see this page and not
    the card, such as the compliance officer.
    """
    try:
        found = need.reach(actor, client_id)
    except NotFound:
        opening.record_refusal(actor, "exists", client_id=client_id, where=event.key)
        raise
    if not actor.holds(Open.DIRECTORY):
        opening.record_now(opening.entry(actor, event, client_id=client_id))
        return actor, None
    opening.record_now(opening.entry(need.narrowed(actor, found), event, client_id=client_id))
    actor = opening.open_client(actor, client_id, record=False)
    return actor, Client.objects.get(pk=client_id)


def _entries(client_id: UUID) -> tuple[EntryQuerySet, EntryQuerySet]:
    """Return the entries about this client alone, and the lists of the last 30 days that showed it.

    What happened to a sensitive entry is told to its audience only.
    """
    since = int((timezone.now() - LISTS_KEPT).timestamp() * 1_000_000)
    lists = Entry.objects.filter(
        at_us__gte=since, event__in=[*_KEYS_OF_LISTS, *TAKEN_TOGETHER], clients__isnull=False
    )
    own = Entry.objects.filter(client_id=client_id).not_about(audiences.hidden_rows(client_id))
    return own, lists.annotate(place=_Within(client_id)).filter(place__gt=0)


def _truly(entries: Iterable[Entry], client_id: UUID) -> list[Entry]:
    """Drop an entry in which the 16 bytes stand across two other ids."""
    return [one for one in entries if client_id in _ids(one)]


def _ids(entry: Entry) -> set[UUID]:
    packed = bytes(entry.clients or b"")
    return {UUID(bytes=packed[at : at + 16]) for at in range(0, len(packed), 16)}


def _age(entry: Entry) -> tuple[int, int]:
    return -entry.at_us, -entry.counter


def _of_kind(entries: EntryQuerySet, kind: str) -> EntryQuerySet:
    refused = Q(result=Result.REFUSED)
    looks, taken = _ending(_LOOKS), _ending(_TAKEN)
    return {
        "looked": entries.filter(looks & ~refused),
        "changed": entries.exclude(looks | taken | refused),
        "taken": entries.filter(taken & ~refused),
        "refused": entries.filter(refused),
    }.get(kind, entries)


def _lists_of_kind(lists: EntryQuerySet, kind: str) -> EntryQuerySet:
    shown = {"lists": _KEYS_OF_LISTS, "taken": TAKEN_TOGETHER}.get(kind)
    if shown is not None:
        return lists.filter(event__in=shown)
    return lists.none() if kind else lists


def _ending(words: Iterable[str]) -> Q:
    found = Q()
    for word in words:
        found |= Q(event__endswith=f".{word}")
    return found


def _looks(entries: list[Entry]) -> list[Look]:
    names = people({one.actor_id for one in entries if one.actor_id})
    found: list[Look] = []
    for look in (_look(one, names) for one in entries):
        last = found[-1] if found else None
        if last and _same(last, look):
            found[-1] = replace(last, times=last.times + 1)
        else:
            found.append(look)
    return found


def _same(later: Look, earlier: Look) -> bool:
    """Whether two lines say the same of one sitting: a nurse who adds six values is one line."""
    parts = ("who", "role", "words", "detail", "why", "kind")
    is_same = all(getattr(later, part) == getattr(earlier, part) for part in parts)
    return is_same and later.kind == "Changed" and later.at - earlier.at < SITTING


def _look(entry: Entry, names: dict[UUID, str]) -> Look:
    kind, tone = _kind_of(entry)
    role = entry.role[:1].upper() + entry.role[1:]
    who, role = (
        (names.get(entry.actor_id, "A former account"), role) if entry.actor_id else (role or "Alcove", "")
    )
    return Look(entry.at, who, role, entry.words, _detail(entry), reason(entry), kind, tone)


def _kind_of(entry: Entry) -> tuple[str, str]:
    if entry.result != Result.DONE:
        return "Refused", "bad"
    word = entry.event.rpartition(".")[2]
    if entry.event == Kernel.GLASS_BROKEN.key:
        return "Emergency", "bad"
    if entry.event in _KEYS_OF_LISTS:
        return "List", "quiet"
    if entry.event in TAKEN_TOGETHER:
        return "Taken out", "warn"
    if word in _LOOKS:
        return "Looked", ""
    return ("Taken out", "warn") if word in _TAKEN else ("Changed", "info")


def _detail(entry: Entry) -> str:
    """Return the names of the fields an entry speaks of, in words; for a refusal, the right that was missing."""
    names = [name for name in entry.fields.split(",") if name]
    if entry.event in _TEAM:
        ids = {UUID(name.partition(" ")[2]) for name in names}
        return ", ".join(
            [*people(ids).values(), *Role.objects.filter(pk__in=ids).values_list("name", flat=True)]
        )
    if entry.result == Result.REFUSED:
        meanings = grantable()
        return ", ".join(f"needed: {meanings[name]}" for name in names if name in meanings)
    if entry.event.rpartition(".")[2] not in _NAMING:
        return ""
    return ", ".join(
        dict.fromkeys(LABELS.get(name) or label_of(name) for name in names if name not in _QUIET)
    )


def reason(entry: Entry) -> str:
    """Return why, as whoever acted wrote it; "" if no reason was asked for."""
    if not entry.reason:
        return ""
    return house().open(bytes(entry.reason), crypto.binding("audit.entry.reason", entry.id)).decode()
