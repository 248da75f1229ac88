"""What staff would call the people, places and things that resources refer to."""

from __future__ import annotations

from alcove.api.fhir.defects import Broken
from alcove.api.fhir.shapes import Resource, concept, objects, text, texts
from alcove.api.fhir.sorting import Entry, Group


class Names:
    """Names of what an entry refers to, from the same bundle."""

    def __init__(self, group: Group) -> None:
        self._entries = group.bundle.entries if group.bundle else {}
        self._held: dict[int, str] = {}

    def of(self, reference: Resource, entry: Entry) -> str:
        """Return what staff would call the thing referred to; "" if that cannot be known."""
        shown = text(reference, "display")
        found = self.entry(reference, entry)
        if found is None:
            return shown or self._contained(reference, entry)
        if found.index not in self._held:
            self._held[found.index] = name_of(found.resource)
        return self._held[found.index] or shown

    def entry(self, reference: Resource, entry: Entry) -> Entry | None:
        index = entry.refers.get(text(reference, "reference"))
        return self._entries.get(index) if index is not None else None

    def resource(self, reference: Resource, entry: Entry) -> Resource:
        """Return the resource referred to, contained or in the bundle; empty if it is not there."""
        found = self.entry(reference, entry)
        return found.resource if found else _contained(reference, entry)

    def _contained(self, reference: Resource, entry: Entry) -> str:
        held = _contained(reference, entry)
        return name_of(held) if held else ""


def _contained(reference: Resource, entry: Entry) -> Resource:
    wanted = text(reference, "reference").removeprefix("#")
    return next((one for one in objects(entry.resource, "contained") if one.get("id") == wanted), {})


def name_of(resource: Resource) -> str:
    """Return the name of a person, place or thing; a resource with a strange shape has none."""
    try:
        held = resource.get("name")
        if isinstance(held, str):
            return held
        if isinstance(held, list) and held:
            return person_name(objects(resource, "name")[0])
        for element in ("code", "medicationCodeableConcept", "vaccineCode", "description"):
            if isinstance(resource.get(element), dict):
                return concept(resource, element)[0]
        who = resource.get("practitioner")
        return text(who, "display") if isinstance(who, dict) else ""
    except Broken:
        return ""


def person_name(held: Resource) -> str:
    """Return a HumanName as one line."""
    parts = [*texts(held, "prefix"), *texts(held, "given"), text(held, "family"), *texts(held, "suffix")]
    return text(held, "text") or " ".join(part for part in parts if part)
