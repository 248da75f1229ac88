"""One bundle to its clients: which entry belongs to whose record, and by what name it is recognised next time.

An entry's *identity* is, in this order: its id if that is a UUID; its ``fullUrl``; its client's identity with its id;
its client's identity with its content. A Patient without id and URL is recognised by its first identifier.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from alcove.api.fhir.defects import REFUSED, Broken, Defect, Place, element
from alcove.api.fhir.tables import CLIENT_ELEMENTS, SHARED, TYPES, UUID

UNBOUND = frozenset("AuditEvent Basic Binary Linkage List Medication Provenance Substance VerificationResult")
"""Types that need not name a client: in a bundle of one client they are that client's."""


_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class Entry:
    """One resource of a bundle. ``references``: (path, text) of all it refers to; ``systems``: (path, code system).

    ``canonical`` is the content without id and meta, for comparing. ``refers`` holds the indexes of entries of the
    same bundle that it refers to, by reference text.
    """

    place: Place
    index: int
    url: str
    resource: dict[str, Any]
    type: str
    canonical: str
    references: list[tuple[str, str]] = field(default_factory=list)
    systems: list[tuple[str, str]] = field(default_factory=list)
    refers: dict[str, int] = field(default_factory=dict)
    identity: str = ""

    @property
    def own_id(self) -> str:
        found = self.resource.get("id")
        return found if isinstance(found, str) else ""


@dataclass(slots=True)
class Group:
    """One client of a bundle: the Patient entry, None if the bundle only refers to it, and all that is the client's."""

    identity: str
    patient: Entry | None
    entries: list[Entry] = field(default_factory=list)
    bundle: Sorted | None = field(default=None, repr=False)


@dataclass(slots=True)
class Sorted:
    """A bundle taken apart. ``read`` counts all resources by type; what is in no group is shared or in ``refused``."""

    entries: dict[int, Entry] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    shared: list[Entry] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def refuse(self, entry: Entry, rule: str, path: str = "", more: str = "") -> None:
        """Take an entry out of the import, by name."""
        whole = f"{entry.type}.{path}" if path else entry.type
        self.defects.append(Defect(rule, whole, entry.place, REFUSED, more))
        self.refused[entry.type] += 1


def sort(document: Any, place: Place) -> Sorted:
    """Return the clients of one document: a Bundle, or a single resource."""
    found = Sorted()
    for index, (url, resource) in enumerate(_resources(document, place, found)):
        try:
            entry = _entry(index, url, resource, place)
        except Broken as fault:
            found.defects.append(Defect(fault.rule, fault.path, place.at(index), REFUSED, fault.more))
            found.read["?"] += 1
            found.refused["?"] += 1
            continue
        found.read[entry.type] += 1
        found.entries[index] = entry
    _link(found)
    _drop_duplicates(found)
    _share_out(found)
    return found


def _resources(document: Any, place: Place, found: Sorted) -> Iterator[tuple[str, Any]]:
    if not isinstance(document, dict):
        found.defects.append(Defect("not_fhir", "", place, REFUSED))
        return
    if document.get("resourceType") != "Bundle":
        yield "", document
        return
    entries = document.get("entry", [])
    if not isinstance(entries, list):
        found.defects.append(Defect("wrong_shape", "Bundle.entry", place, REFUSED))
        return
    for held in entries:
        url = held.get("fullUrl") if isinstance(held, dict) else None
        yield url if isinstance(url, str) else "", held.get("resource") if isinstance(held, dict) else held


def _entry(index: int, url: str, resource: Any, place: Place) -> Entry:
    if not isinstance(resource, dict):
        raise Broken("missing_field", "Bundle.entry.resource")
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in TYPES:
        raise Broken("not_fhir", "Bundle.entry.resource.resourceType")
    compared = {key: value for key, value in resource.items() if key not in {"id", "meta"}}
    canonical = _canonical(compared)
    entry = Entry(place.at(index), index, url.partition("/_history/")[0], resource, kind, canonical)
    try:
        _walk(resource, kind, entry)
    except RecursionError:
        raise Broken("wrong_shape", kind, "it is nested too deeply") from None
    return entry


def _walk(value: dict[str, Any], path: str, entry: Entry) -> None:
    for key, held in value.items():
        if key == "reference" and isinstance(held, str):
            entry.references.append((path, held))
        elif isinstance(held, dict):
            _walk(held, f"{path}.{element(key)}", entry)
        elif isinstance(held, list):
            inner = f"{path}.{element(key)}"
            if key == "coding":
                entry.systems += [
                    (inner, item["system"])
                    for item in held
                    if isinstance(item, dict) and isinstance(item.get("system"), str)
                ]
            for item in held:
                if isinstance(item, dict):
                    _walk(item, inner, entry)


# Linking -------------------------------------------------------------------------------------------------------


def _link(found: Sorted) -> None:
    by_url = {entry.url: index for index, entry in reversed(found.entries.items()) if entry.url}
    by_name = {f"{e.type}/{e.own_id}": index for index, e in reversed(found.entries.items()) if e.own_id}
    for entry in found.entries.values():
        for _, reference in entry.references:
            if reference.startswith("#") or reference in entry.refers:
                continue
            target = reference.partition("/_history/")[0]
            index = by_url.get(target)
            if index is None and not target.startswith(("http:", "https:", "urn:")):
                base = entry.url.rpartition("/")[0].rpartition("/")[0]
                index = by_url.get(f"{base}/{target}") if base else None
                index = by_name.get(target) if index is None else index
            if index is not None:
                entry.refers[reference] = index


def _drop_duplicates(found: Sorted) -> None:
    """Refuse entries that repeat another under a fresh id, as a replayed interface sends them.

    One that others of the bundle refer to is a record of its own right: it stays, doubted.
    """
    referred = {index for entry in found.entries.values() for index in entry.refers.values()}
    seen: dict[tuple[str, str], int] = {}
    known: dict[str, int] = {}
    for index, entry in list(found.entries.items()):
        key = (entry.type, entry.canonical)
        name = entry.url or (f"{entry.type}/{entry.own_id}" if entry.own_id else "")
        first = seen.setdefault(key, index)
        same_name = known.setdefault(name, index) if name else index
        if first == index == same_name:
            continue
        other = first if first != index else same_name
        more = f"entry {other}" if first != index else f"entry {other} has this id and says something else"
        if index in referred and same_name == index:
            found.defects.append(Defect("duplicate_entry", entry.type, entry.place, more=more))
        else:
            found.refuse(entry, "duplicate_entry", more=more)
            del found.entries[index]


# Whose record --------------------------------------------------------------------------------------------------


def _share_out(found: Sorted) -> None:
    owners: dict[int, set[str]] = {}
    groups: dict[str, Group] = {}
    _patients(found, owners, groups)
    for index, entry in found.entries.items():
        named = _named_client(found, entry) if entry.type != "Patient" else ""
        if named:
            groups.setdefault(named, Group(named, None, bundle=found))
            owners[index] = {named}
    _spread(found, owners)
    single = next(iter(groups)) if len(groups) == 1 else ""
    patients = {index for index, entry in found.entries.items() if entry.type == "Patient"}
    for index, entry in found.entries.items():
        held = owners.get(index) or ({single} if single and entry.type in UNBOUND else set())
        if entry.type in SHARED:
            if not held:
                found.shared.append(entry)
            for client in held:
                groups[client].entries.append(_copy_for(entry, client))
        elif len(held) != 1:
            found.refuse(entry, "no_client", more="it speaks of more than one client" if held else "")
        elif index not in patients:
            client = next(iter(held))
            entry.identity = (
                _own_identity(entry) or f"{client}|{entry.type}/{entry.own_id or entry.canonical}"
            )
            groups[client].entries.append(entry)
    found.groups = list(groups.values())


def _patients(found: Sorted, owners: dict[int, set[str]], groups: dict[str, Group]) -> None:
    for index, entry in list(found.entries.items()):
        if entry.type != "Patient":
            continue
        entry.identity = _own_identity(entry) or _patient_identity(entry)
        owners[index] = {entry.identity}
        if entry.identity in groups:
            other = groups[entry.identity].patient
            found.refuse(
                entry, "duplicate_entry", more=f"entry {other.index if other else 0} is the same client"
            )
        else:
            groups[entry.identity] = Group(entry.identity, entry, bundle=found)


def _copy_for(entry: Entry, client: str) -> Entry:
    """Shared things are kept once with each client who has to do with them, so the name includes the client's."""
    own = _own_identity(entry) or f"{entry.type}/{entry.own_id or entry.canonical}"
    return Entry(
        entry.place, entry.index, entry.url, entry.resource, entry.type, entry.canonical, entry.references,
        entry.systems, entry.refers, f"{client}|{own}",
    )  # fmt: skip


def _own_identity(entry: Entry) -> str:
    if UUID.fullmatch(entry.own_id):
        return f"urn:uuid:{entry.own_id.lower()}"
    return named_by(entry.url)


def named_by(url: str) -> str:
    """Return the identity a URL gives, "" if it is no absolute one; a UUID in it counts however it is written."""
    if url.lower().startswith("urn:uuid:"):
        return url.lower()
    return url if url.startswith(("http://", "https://", "urn:")) else ""


def outside(text: str, entry: Entry, client: str) -> list[str]:
    """Return the identities that something referred to, but not in this bundle, may have been imported under."""
    target = text.partition("/_history/")[0]
    kind, _, own_id = target.rpartition("/")
    base = entry.url.rpartition("/")[0].rpartition("/")[0]
    found = [named_by(target)]
    if UUID.fullmatch(own_id):
        found.append(f"urn:uuid:{own_id.lower()}")
    if kind and not found[0]:
        found += [named_by(f"{base}/{target}") if base else "", f"{client}|{target}"]
    return [one for one in found if one]


def _patient_identity(entry: Entry) -> str:
    for held in entry.resource.get("identifier") or []:
        if isinstance(held, dict) and held.get("system") and held.get("value"):
            return f"Patient|{held['system']}|{held['value']}"
    return f"Patient|{entry.own_id}|{entry.canonical}"


def _named_client(found: Sorted, entry: Entry) -> str:
    for text in _client_references(entry):
        index = entry.refers.get(text)
        if index is not None:
            other = found.entries.get(index)
            if other is not None and other.type == "Patient":
                return other.identity
            continue
        own_kind = text.rpartition("/_history/")[0] or text
        if own_kind.rpartition("/")[0].endswith("Patient") or text.lower().startswith("urn:uuid:"):
            found_outside = outside(text, entry, "")
            if found_outside:
                return found_outside[-1] if UUID.fullmatch(text.rpartition("/")[2]) else found_outside[0]
    return ""


def _client_references(entry: Entry) -> Iterator[str]:
    for name in CLIENT_ELEMENTS:
        held = entry.resource.get(name)
        for item in held if isinstance(held, list) else [held]:
            if isinstance(item, dict) and isinstance(item.get("reference"), str):
                yield item["reference"]
    if entry.type == "Appointment":
        yield from (text for path, text in entry.references if path == "Appointment.participant.actor")


def _spread(found: Sorted, owners: dict[int, set[str]]) -> None:
    """Give entries that name no client to those whose entries they hang on."""
    loose = [index for index in found.entries if index not in owners]
    referring: dict[int, list[int]] = defaultdict(list)
    for index, entry in found.entries.items():
        for other in entry.refers.values():
            referring[other].append(index)
    moved = True
    while moved and loose:
        moved = False
        for index in loose:
            entry, before = found.entries[index], owners.get(index, set())
            held = before.union(*(owners.get(other, set()) for other in referring[index]))
            if not held and entry.type not in SHARED:
                held = set().union(*(owners.get(other, set()) for other in entry.refers.values()))
            if held != before:
                owners[index], moved = held, True
