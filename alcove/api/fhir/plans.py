"""What an import means to do with one client's entries, before anything is written."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from alcove.api.fhir import people, reading
from alcove.api.fhir.checks import Habits, doubts
from alcove.api.fhir.defects import REFUSED, Broken, Defect
from alcove.api.fhir.names import Names
from alcove.api.fhir.reading import Read
from alcove.api.fhir.sorting import Entry, Group, outside


class Known(Protocol):
    """What is remembered of an imported resource."""

    client_id: UUID
    digest: str
    became: str
    object_id: UUID


@dataclass(slots=True)
class Wanted:
    """One entry and what is to become of it. ``outcome``: created, kept, changed or unchanged."""

    entry: Entry
    read: Read
    keys: list[str]
    digests: list[str]
    known: Known | None = None
    outcome: str = ""


@dataclass(slots=True)
class Plan:
    """Everything of one client.

    ``client_id`` is None for a new one; ``outside``: what earlier imports brought that this one refers to, by entry and
    reference text. ``patient`` is None where the bundle only refers to the client.
    """

    identity: str
    client_id: UUID | None = None
    patient: Wanted | None = None
    card: people.Card | None = None
    wanted: list[Wanted] = field(default_factory=list)
    outside: dict[tuple[int, str], Known] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    gone: set[int] = field(default_factory=set)

    @property
    def has_work(self) -> bool:
        everything = [*self.wanted, *([self.patient] if self.patient else [])]
        return any(one.outcome != "unchanged" for one in everything)

    def refuse(self, entry: Entry, rule: str, path: str = "", more: str = "") -> None:
        whole = f"{entry.type}.{path}" if path else entry.type
        self.defects.append(Defect(rule, whole, entry.place, REFUSED, more))
        self.refused[entry.type] += 1
        self.gone.add(entry.index)


_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
Hashes = Callable[[str], list[str]]
Lookup = Callable[[list[str]], Mapping[str, Known]]


def plan(
    group: Group, run: Habits, country: str, source_keys: Hashes, digests: Hashes, known: Lookup
) -> Plan:
    """Return the plan for one client of a bundle; what cannot be saved is refused in it by name."""
    made = Plan(group.identity)
    names = Names(group)
    made.defects += doubts(group, run)
    if group.patient:
        made.card = people.card(group.patient, names, country)
        made.defects += [Defect(rule, path, group.patient.place) for path, rule in made.card.doubts]
        made.patient = Wanted(
            group.patient, Read("client", {}), source_keys(group.identity), digests(group.patient.canonical)
        )
    taken = {group.identity}
    for entry in group.entries:
        if entry.identity in taken:
            # Two types may share an id: the second is recognised by its type as well.
            entry.identity = f"{entry.type}|{entry.identity}"
        taken.add(entry.identity)
        _want(made, entry, names, source_keys, digests)
    _match(made, source_keys, known)
    return made


def _want(made: Plan, entry: Entry, names: Names, source_keys: Hashes, digests: Hashes) -> None:
    try:
        read = _read(entry, names)
    except Broken as fault:
        made.refuse(entry, fault.rule, fault.path, fault.more)
        return
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError):
        made.refuse(entry, "wrong_shape")
        return
    if entry.type == "DocumentReference" and read.kind == "kept":
        made.defects.append(Defect("url_only", "DocumentReference.content.attachment", entry.place))
    made.wanted.append(Wanted(entry, read, source_keys(entry.identity), digests(entry.canonical)))


def _read(entry: Entry, names: Names) -> Read:
    read = reading.read(entry, names)
    if entry.type == "RelatedPerson" and entry.resource.get("name"):
        # The country only decides how a number without a prefix is read; a related person's is kept as it came.
        return Read("person", people.linked(entry.resource, "US"))
    if entry.type == "Flag" and entry.resource.get("status") == "active":
        alert = people.alert(entry)
        return Read("alert", alert) if alert else read
    if read.kind not in {"kept", "person", "alert"}:
        reading.repaired(entry.resource)
    return read


def _match(made: Plan, source_keys: Hashes, known: Lookup) -> None:
    everything = [*([made.patient] if made.patient else []), *made.wanted]
    referred = {
        (one.entry.index, text): outside(text, one.entry, made.identity)
        for one in everything
        for _, text in one.entry.references
        if text not in one.entry.refers and not text.startswith("#")
    }
    hashed = {name: source_keys(name) for names in referred.values() for name in names}
    hashed[made.identity] = source_keys(made.identity)
    found = known(
        [key for one in everything for key in one.keys] + [key for keys in hashed.values() for key in keys]
    )
    for place, names in referred.items():
        hit = next((found[key] for name in names for key in hashed[name] if key in found), None)
        if hit:
            made.outside[place] = hit
    client = next((found[key] for key in hashed[made.identity] if key in found), None)
    made.client_id = client.client_id if client else None
    _decide(made, found)
    _name_missing(made)


def _decide(made: Plan, found: Mapping[str, Known]) -> None:
    if made.patient:
        made.patient.known = next((found[key] for key in made.patient.keys if key in found), None)
        made.patient.outcome = _outcome(made.patient)
    kept, made.wanted = made.wanted, []
    for one in kept:
        one.known = next((found[key] for key in one.keys if key in found), None)
        if made.client_id is None and made.patient is None:
            made.refuse(one.entry, "no_client", more="the client it names was never imported")
        elif one.known and one.known.client_id != made.client_id:
            made.refuse(one.entry, "other_client")
        else:
            one.outcome = _outcome(one)
            made.wanted.append(one)


def _outcome(one: Wanted) -> str:
    if one.known is None:
        return "kept" if one.read.kind == "kept" else "created"
    return "unchanged" if one.known.digest in one.digests else "changed"


def _name_missing(made: Plan) -> None:
    everything = [*([made.patient] if made.patient else []), *made.wanted]
    for one in everything:
        missing = {
            path: None
            for path, text in one.entry.references
            if text not in one.entry.refers
            and not text.startswith("#")
            and (one.entry.index, text) not in made.outside
        }
        made.defects += [
            Defect("missing_reference", f"{path}.reference", one.entry.place) for path in missing
        ]
        refused = {
            path: None for path, text in one.entry.references if one.entry.refers.get(text) in made.gone
        }
        made.defects += [
            Defect("missing_reference", f"{path}.reference", one.entry.place, more="that entry was refused")
            for path in refused
        ]


def mark(content: dict[str, Any]) -> str:
    """Return what tells whether content is still as it was imported; ``fhir`` itself does not count."""
    held = {key: value for key, value in content.items() if key != "fhir"}
    return hashlib.sha256(_canonical(held).encode("utf-8", "surrogatepass")).hexdigest()[:16]
