"""What each kind of chart entry holds: one sealed JSON object of texts, by kind.

Common to all: ``name`` (what staff read), ``code`` and ``system`` (the code and its code system's URI, "" where none
fits), ``start`` and ``end`` (ISO date or moment, "" if unknown), ``status``, ``note``. Amounts keep their unit beside
them; nothing is converted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Entry:
    """Common fields of every chart entry."""

    name: str = ""
    code: str = ""
    system: str = ""
    start: str = ""
    end: str = ""
    status: str = ""
    note: str = ""

    def as_content(self) -> dict[str, Any]:
        """Return what is sealed: fields that say something."""
        return {key: value for key, value in asdict(self).items() if value not in ("", None, [], {})}

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """Return the entry inside an opened ``content``; unknown keys of newer versions are left alone."""
        known = _names_of(cls)  # type: ignore[arg-type]  # a class is hashable, whatever its rows are
        return cls(**{key: value for key, value in content.items() if key in known})


@cache
def _names_of(kind: type[Entry]) -> frozenset[str]:
    return frozenset(item.name for item in fields(kind))


@dataclass(frozen=True, slots=True)
class Allergy(Entry):
    """``criticality``: low, high or ""; ``category``: food, medication, environment, biologic or ""."""

    criticality: str = ""
    category: str = ""
    reaction: str = ""


@dataclass(frozen=True, slots=True)
class Medication(Entry):
    """``dose`` and ``reason`` as written; ``prescriber`` a name."""

    dose: str = ""
    reason: str = ""
    prescriber: str = ""


@dataclass(frozen=True, slots=True)
class Condition(Entry):
    """A diagnosis or health status; ``status`` is active, resolved and so on."""


@dataclass(frozen=True, slots=True)
class Procedure(Entry):
    """A treatment that was done; ``performer`` a name."""

    performer: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Immunisation(Entry):
    lot: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Observation(Entry):
    """A measured value as text, with its unit (UCUM where known) and reference range as texts.

    ``parts`` for panels such as blood pressure: list of ``{name, code, system, value, unit, low, high}``.
    ``category``: vital-signs, laboratory, survey …
    """

    value: str = ""
    unit: str = ""
    low: str = ""
    high: str = ""
    category: str = ""
    flag: str = ""
    parts: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report(Entry):
    """A diagnostic report; ``results`` are ids of the observations it groups, ``text`` its conclusion."""

    text: str = ""
    category: str = ""
    results: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan(Entry):
    """A care plan: ``activities`` as texts, ``addresses`` names of conditions."""

    activities: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)


KINDS: dict[str, type[Entry]] = {
    "allergy": Allergy,
    "medication": Medication,
    "condition": Condition,
    "procedure": Procedure,
    "immunisation": Immunisation,
    "observation": Observation,
    "report": Report,
    "plan": Plan,
}
