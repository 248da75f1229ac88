"""Opening a client's record: the rule, the entry, then the key. The only road from an actor to a client's key.

A page opens one client (``open_client``); a list opens the directory parts of those it shows (``open_directories``)
with one entry naming their ids. Both write the entry before they unwrap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from alcove.security.access import audiences, limits, lockbox, need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Held, Refused
from alcove.security.access.need import NoCareReason
from alcove.security.access.policy import Did, Open, Permission
from alcove.security.access.writes import write_turn, writing
from alcove.security.audit import pen
from alcove.security.audit.events import Event, Result
from alcove.security.vault import bulk, keyring, rows
from alcove.security.vault.fields import SealedField
from alcove.security.vault.keyring import Part
from alcove.security.vault.models import ClientKey

_RIGHT_TO = {Part.DIRECTORY: Open.DIRECTORY, Part.RECORD: Open.RECORD}


def entry(actor: Actor, event: Event, **what: Any) -> pen.Draft:
    """Return an entry by this actor; ``what`` are further fields of ``pen.Draft``."""
    by: dict[str, Any] = {
        "event": event,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "role": actor.role,
        "origin_id": actor.origin_id,
        "request": actor.request,
        "reason": actor.reason,
    }
    return pen.Draft(**by | what)


def record_now(*drafts: pen.Draft) -> None:
    """Write entries that belong to no change; they are durable when this returns."""
    try:
        with write_turn(), transaction.atomic():
            pen.write(drafts)
        pen.settle()
    except BaseException:
        # The commit may or may not have happened: a new writer begins, so no count is used twice.
        pen.retire()
        raise


def record_refusal(actor: Actor, needed: str, *, client_id: UUID | None = None, where: str = "") -> None:
    """Write that this actor was refused; ``where`` is a route's name, never a URL with values."""
    record_now(
        entry(actor, Did.REFUSED, result=Result.REFUSED, client_id=client_id, object=where, fields=(needed,))
    )


def parts_for(actor: Actor) -> tuple[Part, ...]:
    """Return which halves of a client's data this actor may open; raise ``Refused`` if none.

    Someone bound to one client opens both halves of it: what they are shown is the page's choice, not the key's.
    """
    lockbox.must_be_let_in(actor)
    if actor.client_id is not None:
        actor.must(Open.OWN)
        return tuple(_RIGHT_TO)
    parts = tuple(part for part, permission in _RIGHT_TO.items() if actor.holds(permission))
    if Part.DIRECTORY not in parts:
        raise Refused(Open.DIRECTORY.key)
    return parts


def open_client(
    actor: Actor, client_id: UUID, *, record: bool = True, event: Event | None = None, on: str = "",
    needs: Permission | None = None,
) -> Actor:  # fmt: skip
    """Open one client for the work at hand; raise ``Refused`` or ``NotFound``.

    Returns the actor as it stands before this client: without the record's rights where the practice asks for a reason
    of care and there is none (``need.narrowed``); then a deed that ``needs`` such a right raises ``NoCareReason``
    before anything is opened. ``record=False`` leaves the entry to the action that follows in the same request.
    ``event`` and ``on`` (the row it is about) make the entry say what this look is, where it is more than opening the
    record.
    """
    parts_for(actor)
    found = need.reach(actor, client_id)
    actor = need.narrowed(actor, found)
    if needs is not None and not actor.holds(needs):
        raise NoCareReason(client_id)
    if event is not None and limits.counts(actor, event):
        _take(actor, client_id)
    if record:
        record_opening(actor, client_id, event, on)
    keyring.put(found.key, parts_for(actor))
    audiences.open_for(actor, found)
    return actor


def _take(actor: Actor, client_id: UUID) -> None:
    """Count one more client taken out today; record and raise ``Held`` beyond the limit, before anything is opened."""
    try:
        limits.take(actor, client_id)
    except Held:
        record_now(entry(actor, Did.LIMIT_REACHED, result=Result.REFUSED, client_id=client_id))
        raise


def record_opening(actor: Actor, client_id: UUID, event: Event | None = None, on: str = "") -> None:
    """Write that this actor looked at one client, by a more telling ``event`` where there is one."""
    opened = event or (Did.RECORD_OPENED if actor.holds(Open.RECORD) else Did.CARD_OPENED)
    record_now(entry(actor, opened, client_id=client_id, object=on))


def open_directories(actor: Actor, client_ids: Sequence[UUID], event: Event = Did.LIST_SHOWN) -> list[UUID]:
    """Open the directory parts of the clients a list shows, with one entry naming their ids; raise ``Refused``.

    Returns those that were opened, in the order given: whoever is limited to others' care team is left out.
    """
    lockbox.must_be_let_in(actor)
    actor.must(Open.DIRECTORY)
    hidden = need.hidden_from(actor)
    shown = [client_id for client_id in client_ids if client_id not in hidden]
    if shown:
        record_now(entry(actor, event, clients=tuple(shown)))
        _put_directories(shown)
    return shown


def open_for_the_house(actor: Actor, client_ids: Sequence[UUID], event: Event) -> list[UUID]:
    """Open these clients, record and all, for a job that gathers many, with one entry naming their ids.

    Returns those that were opened, in the order given. Raises ``Refused`` for everybody who is a person. No entry
    marked sensitive opens: a job is of no audience.
    """
    lockbox.must_be_let_in(actor)
    if not need.acts_for_the_house(actor):
        raise Refused(Open.RECORD.key)
    parts, hidden = parts_for(actor), need.hidden_from(actor)
    keys = ClientKey.objects.filter(client_id__in=[one for one in client_ids if one not in hidden])
    held = {row.client_id: row for row in keys}
    shown = [one for one in client_ids if one in held]
    if shown:
        record_now(entry(actor, event, clients=tuple(shown)))
    for one in shown:
        keyring.put(held[one], parts)
    return shown


def open_deleted(actor: Actor, client_ids: Sequence[UUID], event: Event, needs: Permission) -> list[UUID]:
    """Open the directory parts of deleted clients for whoever decides about them, with one entry naming their ids.

    Returns those that were opened: not who is limited to others' care team, nor whose key is destroyed.
    """
    lockbox.must_be_let_in(actor)
    actor.must(needs)
    actor.must(Open.DIRECTORY)
    limited = need.limited_away_from(actor)
    held = ClientKey.objects.filter(client_id__in=[one for one in client_ids if one not in limited])
    keys = {row.client_id: row for row in held if need.is_deleted(row.client_id)}
    if keys:
        record_now(entry(actor, event, clients=tuple(keys)))
    for row in keys.values():
        keyring.put(row, (Part.DIRECTORY,))
    return list(keys)


def _put_directories(client_ids: Sequence[UUID]) -> None:
    for row in rows.instances(ClientKey, f"WHERE {rows.among('client_id', client_ids)}", *client_ids):
        keyring.put(row, (Part.DIRECTORY,))


def open_all_directories(actor: Actor, purpose: str) -> Iterable[ClientKey]:
    """Write one entry and return every client's key row, for work that compares all clients with each other.

    The caller puts each row into a ring of its own as it goes, so that never all clients are open at once.
    """
    _record_all(actor, purpose)
    # What stands beside the key is not read: for very many clients making moments out of text takes seconds.
    rows = ClientKey.objects.values_list("client_id", "generation", "wrapped", "wrap_version", named=True)
    return rows.iterator(2000)  # type: ignore[return-value]  # rows with these attributes


def each_directory(
    actor: Actor, purpose: str, clients: QuerySet[Any], column: SealedField
) -> Iterator[tuple[bytes, Any]]:
    """Write one entry and yield every client's value of a directory column, for the directory in memory.

    See ``vault.bulk.each_opened``; ``clients`` says whose, hidden ones being left out by whoever knows them.
    """
    if column.part != Part.DIRECTORY:
        raise Refused(Open.RECORD.key)
    _record_all(actor, purpose)
    return bulk.each_opened(clients, column)


def _record_all(actor: Actor, purpose: str) -> None:
    lockbox.must_be_let_in(actor)
    actor.must(Open.DIRECTORY)
    count = ClientKey.objects.count()
    record_now(entry(actor, Did.DIRECTORY_LOADED, object=f"{purpose} {count}"))


def new_client(client_id: UUID) -> None:
    """Make a new client's key and open it for the work at hand. Only inside an action."""
    row = keyring.new_client_key(client_id)
    row.save(force_insert=True)
    keyring.put(row, tuple(Part))


def new_clients(client_ids: Sequence[UUID]) -> None:
    """Make the keys of many new clients and open them. Only inside an action."""
    rows = keyring.new_client_keys(client_ids)
    ClientKey.objects.bulk_create(rows, batch_size=200)
    for row in rows:
        keyring.put(row, tuple(Part))


def next_directory_seq() -> int:
    """Take the next number of the directory's change counter: the last statement of an action that changed names.

    A counter row, not a sequence: a reader who remembers the last number it saw misses nothing.
    """
    with writing("directory counter"), connection.cursor() as cursor:
        cursor.execute("UPDATE vault_house SET directory_seq = directory_seq + 1 RETURNING directory_seq")
        return int(cursor.fetchone()[0])
