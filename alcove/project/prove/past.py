"""Promise 22: any row's state at any past moment with who and when; direct edits are flagged."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any
from unittest import mock
from uuid import UUID

from django.db import connection
from django.utils import timezone

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Client, LinkedPerson
from alcove.clinic.clients.queries.past import Rebuilt, rebuilt
from alcove.clinic.records import actions as records
from alcove.clinic.records.models import Item
from alcove.clinic.records.models.content import Medication
from alcove.operations.sweep import tasks
from alcove.operations.sweep.models import Finding
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.security.access import marks
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change
from alcove.security.access.errors import AccessError
from alcove.security.access.models import RowMark, Version
from alcove.security.access.opening import open_client
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.vault.keyring import keyring

CLIENTS, EDITS, MOMENTS, BY_HAND = 4, 30, 40, 12
WHY = "A random history puts this back."
State = dict[UUID, Any]


@dataclass
class History:
    """A client whose rows are edited at random, and a model of it: what every row said after every deed, by whom."""

    client: Client
    luck: Random
    now: State
    model: list[tuple[datetime, State]]
    authors: dict[UUID, list[str]]

    def keep(self) -> None:
        self.model.append((timezone.now(), dict(self.now)))

    def at(self, number: int) -> tuple[datetime, State]:
        return self.model[number]


# Random histories -------------------------------------------------------------------------------------------------


def _edit(history: History, actor: Actor) -> None:
    """Do one random deed, and note in the model what it leaves and who did it."""
    deeds: list[Callable[[History, Actor], UUID]] = [
        _card,
        _add,
        _change,
        _change,
        _strike,
        _person,
        _remove,
        _back,
    ]
    one = history.luck.choice(deeds)(history, actor)
    history.authors.setdefault(one, []).append(actor.name)
    history.keep()


def _word(history: History) -> str:
    return f"Word {history.luck.getrandbits(48):x}"


def _card(history: History, actor: Actor) -> UUID:
    client = Client.objects.get(pk=history.client.pk)
    clients.change_client(actor, client, details={**client.details, "occupation": _word(history)})
    history.now[client.pk] = client.details["occupation"]
    return client.pk


def _add(history: History, actor: Actor) -> UUID:
    entry = Medication(name=_word(history), dose="1")
    item = records.add_item(actor, history.client, kind="medication", entry=entry)
    history.now[item.pk] = entry.name
    return item.pk


def _standing(history: History) -> list[Item]:
    return list(Item.objects.filter(client=history.client, struck_at__isnull=True).order_by("created_at"))


def _change(history: History, actor: Actor) -> UUID:
    items = _standing(history)
    if not items:
        return _add(history, actor)
    item = history.luck.choice(items)
    entry = replace(item.entry, name=_word(history))
    records.change_item(actor, item, entry=entry)
    history.now[item.pk] = entry.name
    return item.pk


def _strike(history: History, actor: Actor) -> UUID:
    items = _standing(history)
    if not items:
        return _add(history, actor)
    item = history.luck.choice(items)
    records.strike_item(actor, item)
    history.now.pop(item.pk)
    return item.pk


def _person(history: History, actor: Actor) -> UUID:
    person = clients.add_person(actor, history.client, details={"role": "gp", "name": _word(history)})
    history.now[person.pk] = person.details["name"]
    return person.pk


def _remove(history: History, actor: Actor) -> UUID:
    person = LinkedPerson.objects.filter(client=history.client).order_by("created_at").first()
    if person is None:
        return _person(history, actor)
    row_id = person.pk
    clients.remove_person(actor, person)
    history.now.pop(row_id)
    return row_id


def _back(history: History, actor: Actor) -> UUID:
    """Put back a random row as it was at a random moment, where that is another state than now's."""
    at, then = history.at(history.luck.randrange(len(history.model)))
    gone = [one for one in then if history.now.get(one) != then[one] and one != history.client.pk]
    if not gone:
        return _card(history, actor)
    row_id = history.luck.choice(sorted(gone))
    try:
        [was] = rebuilt(actor, history.client.pk, (Item, LinkedPerson), at, only=row_id)
        records.put_back(actor, history.client, was, seen=was.version, reason=WHY)
    except (ValueError, AccessError):
        raise Broken("what a row said at a past moment could not be put back") from None
    history.now[row_id] = then[row_id]
    return row_id


def _lived(practice: Practice) -> list[History]:
    actors = [practice.actor(RoleKey.PRACTITIONER), practice.actor(RoleKey.PRESCRIBER)]
    found = []
    for _ in range(CLIENTS):
        client = practice.client("Past", "Lives")
        luck = Random(secrets.randbits(64))  # noqa: S311 - an order of deeds, no secret
        history = History(client, luck, {client.pk: None}, [], {})
        history.keep()
        with keyring():
            for _ in range(EDITS):
                actor = luck.choice(actors)
                open_client(actor, client.pk, record=False)
                _edit(history, actor)
        found.append(history)
    return found


# Rebuilt ------------------------------------------------------------------------------------------------------------


def the_past_is_rebuilt(practice: Practice) -> str:
    """Edit at random, rebuild random moments and compare with the model; then edit by hand and sweep."""
    # Other promises edit by hand what they try, so what they left is none of this one's.
    _found()
    histories, compared, steps = _lived(practice), 0, 0
    reader = practice.actor(RoleKey.PRACTITIONER)
    for history in histories:
        with keyring():
            open_client(reader, history.client.pk, record=False)
            for _ in range(MOMENTS // CLIENTS):
                at, wanted = history.at(history.luck.randrange(len(history.model)))
                _compare(rebuilt(reader, history.client.pk, (Client, Item, LinkedPerson), at), wanted)
                compared += len(wanted)
            steps += _compare_authors(reader, history)
    return (
        f"{EDITS * CLIENTS} random edits, {compared} rows equal at {MOMENTS} moments, {steps} steps with their author; "
        + _hands_are_seen(histories)
    )


def _compare(rows: list[Rebuilt], wanted: State) -> None:
    found = {one.id: _word_of(one) for one in rows if one.then is not None and not one.then.get("struck_at")}
    if found != wanted:
        raise Broken("a record rebuilt at a past moment is not as it was then")


def _word_of(one: Rebuilt) -> Any:
    then = one.then or {}
    if one.model is Client:
        return then["details"].get("occupation")
    return then["content" if one.model is Item else "details"]["name"]


def _compare_authors(reader: Actor, history: History) -> int:
    """Compare who made every step since the beginning with who is known to have made it."""
    rows = rebuilt(reader, history.client.pk, (Client, Item, LinkedPerson), history.model[0][0])
    total = 0
    for one in rows:
        made = {(step.at, step.who) for steps in one.steps.values() for step in steps}
        wanted = history.authors.get(one.id, [])
        # A row's making is told by the log or, if it was removed since, by its mark of having come.
        if sorted(who for _, who in made) not in (sorted(wanted), sorted(wanted[1:])):
            raise Broken("a step of a row's past does not name who made it")
        total += len(made)
    return total


# Edited by hand -----------------------------------------------------------------------------------------------------


def _hands_are_seen(histories: list[History]) -> str:
    if _found():
        raise Broken("a row that only the product wrote was flagged")
    # Old values of the same rows open as well as the new ones: exactly what a thief with the password would put back.
    items = [item for one in histories for item in _rows(one.client.pk)]
    luck = histories[0].luck
    edited = {}
    for number, row_id in enumerate(luck.sample(items, min(BY_HAND, len(items)))):
        edited[row_id] = list(_HANDS)[number % len(_HANDS)]
        _by_hand(_HANDS[edited[row_id]], row_id)
    found = _found()
    if missed := {edited[one] for one in edited if one not in found}:
        raise Broken(f"an edit by hand was not flagged: {min(missed)}")
    if found - edited.keys():
        raise Broken("a row that nobody edited by hand was flagged")
    return f"{len(edited)} rows edited by hand in {len(_HANDS)} ways flagged, no other one"


_HANDS = {
    "a changed column": "UPDATE records_item SET source = 'import' WHERE id = %s",
    "a removed row": "DELETE FROM records_item WHERE id = %s",
    "a changed earlier version": "UPDATE access_version SET event = 'x' WHERE object_id = %s",
    "a removed earlier version": "DELETE FROM access_version WHERE object_id = %s",
}


def _rows(client_id: UUID) -> list[UUID]:
    """Return the chart's rows of a client that have an earlier version."""
    kept = Version.objects.filter(client_id=client_id, model="records.item").values("object_id")
    return list(Item.objects.filter(client_id=client_id, pk__in=kept).values_list("pk", flat=True))


def _by_hand(statement: str, row_id: UUID) -> None:
    with writing("planted: an edit by hand"), connection.cursor() as cursor:
        cursor.execute(statement, [row_id.hex])


def _found() -> set[UUID]:
    """Sweep; return the rows flagged by it, and take the findings away for the next look."""
    tasks.sweep()
    found = {one.object_id: one for one in Finding.objects.all() if one.object_id is not None}
    with writing("the next check begins anew"):
        for row_id, one in found.items():
            RowMark.objects.filter(object_id=row_id).delete()
            marks.mark({one.table: {row_id: one.client_id}}, one.found_at)
        Finding.objects.all().delete()
    return set(found)


# Planted --------------------------------------------------------------------------------------------------------------


@contextmanager
def no_history(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: changes keep no earlier version."""
    with mock.patch.object(Change, "_keep", return_value=None):
        yield


@contextmanager
def blind_marks(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - as above
    """Plant: marks cover the row, and not its kept versions."""
    with mock.patch.object(marks, "versions_of", return_value={}):
        yield


PROMISES = [
    Promise(
        22,
        "Every row of the record can be rebuilt at any past moment, with who made each step and when; rows edited in "
        "the database by hand are flagged by the daily sweep",
        the_past_is_rebuilt,
        (("changes that keep no history", no_history), ("marks without the kept versions", blind_marks)),
    ),
]
