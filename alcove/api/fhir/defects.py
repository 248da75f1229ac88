"""What can be wrong with an entry, and what the report says of it: a place and a rule, never a client's value."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import Any

RULES = {
    "unreadable_file": "the file cannot be read",
    "unsafe_archive": "the archive is not safe to open",
    "not_json": "this is not JSON",
    "not_fhir": "this is no FHIR R4 resource",
    "wrong_shape": "this element has another shape than FHIR R4 gives it",
    "missing_field": "this element is missing",
    "missing_reference": "this refers to something that is neither in this bundle nor imported before",
    "no_client": "no client is named, so nobody's record can take it",
    "other_client": "this was imported before, for another client",
    "duplicate_entry": "this says the same as another entry of the bundle, under another id",
    "out_of_order_timestamp": "this moment does not fit the others",
    "unparseable_value": "this value cannot be read as what it should be",
    "unknown_code_system": "this code system is not known",
    "unknown_code": "FHIR R4 has no such code here",
    "partial_date": "this date is not complete, so it stands in the note",
    "url_only": "the document is only named by an address; nothing is fetched from there",
    "too_large": "this is larger than an upload may be",
    "changed_here": "staff changed this entry since it was imported; it was left as it is",
}
"""Every rule with its sentence; a defect may add what exactly."""

REFUSED, DOUBTED = "refused", "doubted"
_ELEMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the input: file (as given, counted from 1), archive member, line, entry (counted from 0)."""

    file: int = 0
    member: int | None = None
    line: int | None = None
    entry: int | None = None

    def at(self, entry: int) -> Place:
        return replace(self, entry=entry)


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing wrong. ``outcome``: refused (nothing of it is saved) or doubted (it is saved and should be looked at).

    ``path`` is a FHIR path of element names; ``more`` a sentence without values.
    """

    rule: str
    path: str
    place: Place
    outcome: str = DOUBTED
    more: str = ""

    def as_report(self) -> dict[str, Any]:
        where = {
            key: value
            for key in ("file", "member", "line", "entry")
            if (value := getattr(self.place, key)) is not None
        }
        return where | {
            "path": self.path,
            "rule": self.rule,
            "outcome": self.outcome,
            "reason": f"{RULES[self.rule]}{': ' if self.more else ''}{self.more}",
        }


class Broken(Exception):
    """An element that keeps its entry from being saved. ``path`` is relative to the resource."""

    def __init__(self, rule: str, path: str = "", more: str = "") -> None:
        super().__init__(rule)
        self.rule, self.path, self.more = rule, path, more


@functools.lru_cache(4096)
def element(name: str) -> str:
    """Return an element's name if it is one; a key that no FHIR element could have may be a client's words."""
    return name if _ELEMENT.fullmatch(name) else "?"
