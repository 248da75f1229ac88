"""What makes an entry doubtful: it is imported, and the report says where to look. Rules, not known cases.

A missing element is one the profile demands, or one that most entries of the same kind carry: in the same bundle
where it has enough of them, else in what this run has read so far.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from alcove.api.fhir.defects import Defect
from alcove.api.fhir.shapes import as_moment, last_moment
from alcove.api.fhir.sorting import Entry, Group
from alcove.api.fhir.tables import EXPECTED, PROFILED, is_known_system

DAY = timedelta(days=1)
AFTER_DEATH = timedelta(days=30)
"""Certificates and late results follow a death; what comes later than this does not fit."""
AFTER_VISITS = timedelta(days=30)
_ENOUGH, _MOST = 3, 0.6
_MOMENTS = {
    "AllergyIntolerance": ("recordedDate",),
    "CarePlan": ("period",),
    "Condition": ("recordedDate", "onsetDateTime", "onsetPeriod"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod"),
    "Encounter": ("period",),
    "Immunization": ("occurrenceDateTime",),
    "MedicationRequest": ("authoredOn",),
    "Observation": ("effectiveDateTime", "effectivePeriod", "effectiveInstant"),
    "Procedure": ("performedDateTime", "performedPeriod"),
}
_PAST = {"DiagnosticReport", "Immunization", "Observation", "Procedure"}
"""Types that tell what happened at a moment, so a moment outside their visit does not fit."""


class Habits:
    """How often entries of each type carry an element, over a whole run."""

    def __init__(self) -> None:
        self.have: Counter[tuple[str, str]] = Counter()
        self.total: Counter[str] = Counter()
        self.numeric: set[tuple[str, str]] = set()

    def learn(self, other: Habits) -> None:
        self.have += other.have
        self.total += other.total
        self.numeric |= other.numeric

    def usual(self, kind: str, name: str, *, without: int = 0) -> bool | None:
        """Whether most entries carry it; None if there are too few to tell. ``without``: entries not to count."""
        total = self.total[kind] - without
        return None if total < _ENOUGH else self.have[kind, name] >= _MOST * total


def habits_of(group: Group) -> Habits:
    """Return the habits of one client's entries."""
    found = Habits()
    for entry in _all(group):
        found.total[entry.type] += 1
        found.total["*"] += 1
        for name in (*EXPECTED.get(entry.type, ()), "text"):
            found.have[entry.type, name] += name in entry.resource
        found.have["*", "text"] += "text" in entry.resource
        if entry.type == "Observation" and "valueQuantity" in entry.resource:
            found.numeric |= _codes(entry.resource)
    return found


def _all(group: Group) -> list[Entry]:
    return ([group.patient] if group.patient else []) + group.entries


def _codes(resource: dict[str, Any]) -> set[tuple[str, str]]:
    held = resource.get("code")
    codings = held.get("coding") if isinstance(held, dict) else None
    return {
        (str(one.get("system")), str(one["code"]))
        for one in (codings if isinstance(codings, list) else [])
        if isinstance(one, dict) and one.get("code")
    }


def doubts(group: Group, run: Habits) -> Iterator[Defect]:
    """Yield what is doubtful about one client's entries; ``run`` is what was read before and learns from them."""
    here = habits_of(group)
    run.learn(here)
    frame = _Frame(group)
    for entry in _all(group):
        for path, rule, more in (
            *_missing(entry, here, run), *_unknown(entry), *_unparseable(entry, run), *frame.out_of_order(entry),
        ):  # fmt: skip
            yield Defect(rule, path, entry.place, more=more)


Doubt = tuple[str, str, str]


def _missing(entry: Entry, here: Habits, run: Habits) -> Iterator[Doubt]:
    held, kind = entry.resource, entry.type
    meta = held.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    claims_profile = isinstance(profiles, list) and any("us-core" in str(profile) for profile in profiles)
    demanded = PROFILED.get(kind, ()) if claims_profile else ()
    for name in dict.fromkeys((*demanded, *EXPECTED.get(kind, ()))):
        if name in held:
            continue
        usual = here.usual(kind, name, without=1)
        if name in demanded:
            yield f"{kind}.{name}", "missing_field", "its profile demands it"
        elif kind == "Patient" or (run.usual(kind, name, without=1) if usual is None else usual):
            yield f"{kind}.{name}", "missing_field", "" if kind == "Patient" else "others of its kind have it"
    if "text" not in held:
        usual = here.usual(kind, "text", without=1)
        if usual is None:
            usual = here.usual("*", "text", without=1) or run.usual(kind, "text", without=1)
        if usual:
            yield f"{kind}.text", "missing_field", "others have a narrative"


def _unknown(entry: Entry) -> Iterator[Doubt]:
    for path, system in dict.fromkeys(entry.systems):
        if not is_known_system(system):
            yield path, "unknown_code_system", ""


def _unparseable(entry: Entry, run: Habits) -> Iterator[Doubt]:
    """A text where a number is expected: the code has numbers elsewhere, or it is a laboratory or vital sign."""
    held = entry.resource
    if entry.type != "Observation" or "valueString" not in held:
        return
    category = str(held.get("category", "")) + str(held.get("meta", ""))
    if _codes(held) & run.numeric or any(
        word in category for word in ("laborator", "vital", "-lab", "us-core-b")
    ):
        yield "Observation.valueString", "unparseable_value", "a number with a unit is expected here"


class _Frame:
    """The moments everything of one client has to fit between."""

    def __init__(self, group: Group) -> None:
        patient = group.patient.resource if group.patient else {}
        self.born, self.died = _moment(patient.get("birthDate")), _last(patient.get("deceasedDateTime"))
        self.now = datetime.now(UTC)
        self.group = group
        self.visits = {
            one.index: _span(one.resource.get("period")) for one in group.entries if one.type == "Encounter"
        }
        ends = [end or start for start, end in self.visits.values() if start]
        self.last_visit = max(ends, default=None)

    def out_of_order(self, entry: Entry) -> Iterator[Doubt]:
        for name in _MOMENTS.get(entry.type, ()):
            if name not in entry.resource:
                continue
            held = entry.resource[name]
            start, end = _span(held) if isinstance(held, dict) else (_moment(held), _last(held))
            more = self._fault(entry, start, end) if start else ""
            if more:
                yield f"{entry.type}.{name}", "out_of_order_timestamp", more

    def _fault(self, entry: Entry, start: datetime, end: datetime | None) -> str:
        issued = _last(entry.resource.get("issued"))
        if end and end < start:
            return "it ends before it begins"
        if self.born and (end or start) < self.born - DAY:
            return "it is before the birth"
        if self.died and start > self.died + AFTER_DEATH:
            return "it is after the death"
        if entry.type in _PAST and start > self.now + DAY:
            return "it is in the future"
        if issued and start > issued + DAY:
            return "it is after the moment it was issued"
        return self._outside_visit(entry, start, end)

    def _outside_visit(self, entry: Entry, start: datetime, end: datetime | None) -> str:
        if entry.type == "Encounter":
            return ""
        named = entry.resource.get("encounter")
        index = entry.refers.get(str(named.get("reference"))) if isinstance(named, dict) else None
        begin, close = self.visits.get(index, (None, None)) if index is not None else (None, None)
        if begin is None:
            late = entry.type in _PAST and self.last_visit and start > self.last_visit + AFTER_VISITS
            return "it is later than every visit" if late else ""
        if start > (close or begin) + DAY:
            return "it is after its visit"
        if entry.type in _PAST and (end or start) < begin - DAY:
            return "it is before its visit"
        return ""


def _moment(value: object) -> datetime | None:
    return as_moment(value) if isinstance(value, str) and value else None


def _last(value: object) -> datetime | None:
    return last_moment(value) if isinstance(value, str) and value else None


def _span(period: object) -> tuple[datetime | None, datetime | None]:
    if not isinstance(period, dict):
        return None, None
    return _moment(period.get("start")), _last(period.get("end"))
