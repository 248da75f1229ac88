"""Who of a table is here already, or stands in it twice.

Nobody is made twice: a row with the same name and the same birth date, phone, e-mail address or number as a client, or
as an earlier row, is held back and named. A like name with the same birth date, or a shared contact under another name
(families share them), is only doubted. All clients are compared, opened for nobody, under one log entry; those named
afterwards get theirs. What is kept for comparison are this process's own hashes, never a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

from alcove.clinic.clients.models import ImportedRow
from alcove.clinic.clients.queries import contacts, directory
from alcove.clinic.clients.queries.arrivals import Arrival
from alcove.clinic.clients.queries.mapping import squashed
from alcove.clinic.clients.queries.spelling import words
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.opening import open_all_directories

_BORN = "birth date"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Double:
    """Another who may be the same person: an earlier row of the table, or a ``client``.

    ``is_copy``: the earlier row says the very same, so nothing is lost by leaving this one out.
    """

    reason: str
    is_sure: bool
    is_copy: bool = False
    client: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Person:
    """What is compared. All hashes: ``name`` of the whole name, ``words`` of its words; 0 and none for nothing."""

    name: int
    words: frozenset[int]
    born: int
    signs: tuple[tuple[str, int], ...]
    client: UUID | None = None
    row: int = 0

    def contradicts(self, other: _Person) -> bool:
        """Whether two birth dates are known and differ: father and son share name and phone."""
        return bool(self.born and other.born and self.born != other.born)


def _person(held: Mapping[str, Any], client: UUID | None = None, row: int = 0) -> _Person:
    found = sorted(words(f"{held.get('given', '')} {held.get('family', '')}"))
    born = hash(held["born"]) if held.get("born") else 0
    signs = [("phone number", hash(str(one).partition(";")[0])) for one in held.get("phones", [])]
    signs += [("e-mail address", hash(contacts.email_or_same(str(one)))) for one in held.get("emails", [])]
    # A number counts with its kind, because many programs begin at 1.
    signs += [("number", hash((squashed(one.get("kind", "")), contacts.number(one.get("value", ""))))) for one in held.get("numbers", [])]  # fmt: skip  # noqa: E501
    signs += [(_BORN, born)] if born else []
    return _Person(
        hash(tuple(found)) if found else 0, frozenset(map(hash, found)), born, tuple(signs), client, row
    )


@dataclass
class Doubles:
    """Compares row after row with the clients as they were before the import, and with the rows before."""

    _clients: dict[tuple[str, int], list[_Person]] = field(default_factory=dict, repr=False)
    _rows: dict[tuple[int, tuple[str, int]], _Person] = field(default_factory=dict, repr=False)
    _keys: dict[str, tuple[int, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def of_practice(cls, actor: Actor) -> Doubles:
        """Look at every client once; raise ``Refused`` unless this actor may see the directory."""
        found, away = cls(), need.hidden_from(actor)
        keys = open_all_directories(actor, "import")
        ids = (key.client_id for key in keys if key.client_id not in away)
        for chunk in _chunks(ids):
            for client_id, held in directory.compared(chunk).items():
                person = _person(held, client_id)
                for sign in person.signs:
                    found._clients.setdefault(sign, []).append(person)
        return found

    def copy_of(self, arrival: Arrival) -> Double | None:
        """Return the earlier row that is the same row by its number or contacts, name and birth date."""
        row, digest = self._keys.get(arrival.source_keys[0], (0, ""))
        if not row:
            return None
        if digest == arrival.digests[0]:
            return Double(f"Says the same as row {row}; not added twice.", is_sure=True, is_copy=True)
        return Double(f"Is the same person as row {row} and says something else.", is_sure=True)

    def of(self, arrival: Arrival) -> Double | None:
        """Return who this row may be, the surest first; None if nobody."""
        person = _person(arrival.directory)
        for sign in person.signs:
            earlier = self._rows.get((person.name, sign)) if person.name else None
            if earlier and not earlier.contradicts(person):
                return Double(
                    f"Is the same person as row {earlier.row}: same name and {sign[0]}.", is_sure=True
                )
        alike = [
            double
            for sign in person.signs
            for other in self._clients.get(sign, ())
            if (double := _alike(person, other, sign[0]))
        ]
        return max(alike, key=lambda double: double.is_sure, default=None)

    def remember(self, arrival: Arrival) -> None:
        """Take a row that is imported, or was, as an earlier row for those after it."""
        self._keys.setdefault(arrival.source_keys[0], (arrival.row, arrival.digests[0]))
        person = _person(arrival.directory, row=arrival.row)
        for sign in person.signs:
            self._rows.setdefault((person.name, sign), person)


def _chunks(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    source = iter(ids)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


def _alike(person: _Person, other: _Person, by: str) -> Double | None:
    """Compare a row with a client who shares a sign with it."""
    if person.name and person.name == other.name and not person.contradicts(other):
        return Double(f"Is a client already: same name and {by}.", is_sure=True, client=other.client)
    if by == _BORN and not person.words & other.words:
        # Hundreds share a birthday.
        return None
    reason = "a like name and the same birth date" if by == _BORN else f"the same {by}"
    return Double(f"Has {reason} as a client who is here.", is_sure=False, client=other.client)


def imported_before(arrivals: Iterable[Arrival]) -> dict[int, bool]:
    """Return which rows are here already, ``{row: whether it says the same as then}``."""
    arrivals = list(arrivals)
    keys = [key for one in arrivals for key in one.source_keys]
    held = dict(ImportedRow.objects.filter(source_key__in=keys).values_list("source_key", "digest"))
    found = {}
    for one in arrivals:
        digest = next((held[key] for key in one.source_keys if key in held), None)
        if digest is not None:
            found[one.row] = digest in one.digests
    return found
