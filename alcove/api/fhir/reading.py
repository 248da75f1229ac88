"""FHIR resources to the chart's words: one function a type, each giving the typed content of ``records.content``.

What a function does not read is not lost: the importer keeps the whole resource beside the content it made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from alcove.api.fhir.attachments import Attached, attached
from alcove.api.fhir.defects import Broken
from alcove.api.fhir.names import Names
from alcove.api.fhir.shapes import Resource, child, concept, concept_of, moment, number, objects, text, texts
from alcove.api.fhir.sorting import Entry
from alcove.api.fhir.tables import REQUIRED, STATUS
from alcove.clinic.records.models import content


@dataclass(slots=True)
class Read:
    """What became of a resource: which ``kind`` of row, its content, and what it hangs on."""

    kind: str
    content: dict[str, Any]
    visit: str = ""
    starts: str = ""
    results: list[str] = field(default_factory=list)
    files: list[Attached] = field(default_factory=list)
    is_struck: bool = False


def check_required(entry: Entry) -> None:
    """Raise ``Broken`` for an element without which the resource is none."""
    held = entry.resource
    for name in REQUIRED.get(entry.type, ()):
        if name.endswith("[x]"):
            present = any(key.startswith(name[:-3]) and len(key) > len(name) - 3 for key in held)
        else:
            # A primitive may be replaced by an extension that says why it is absent.
            present = held.get(name) not in (None, "", [], {}) or f"_{name}" in held
        if not present:
            raise Broken("missing_field", name, "FHIR R4 demands it")
    status = held.get("status")
    if entry.type in STATUS and status is not None and status not in STATUS[entry.type]:
        raise Broken("unknown_code", "status")


# Pieces --------------------------------------------------------------------------------------------------------


def _notes(held: Resource) -> str:
    return "\n".join(text(one, "text") for one in objects(held, "note") if one.get("text"))


def _span(held: Resource, stem: str) -> tuple[str, str]:
    """Return start and end of ``stem``DateTime, ``stem``Period, ``stem``Date, ``stem``Instant or ``stem``String."""
    for name in (f"{stem}DateTime", f"{stem}Date", f"{stem}Instant"):
        if name in held:
            return moment(held, name), ""
    period = child(held, f"{stem}Period")
    return moment(period, "start"), moment(period, "end")


def _first(held: Resource, name: str) -> Resource:
    found = objects(held, name)
    return found[0] if found else {}


def _because(entry: Entry, names: Names) -> str:
    """Return the reasons, as texts."""
    held = entry.resource
    said = [concept_of(one)[0] for one in objects(held, "reasonCode")]
    said += [names.of(one, entry) for one in objects(held, "reasonReference")]
    return "; ".join(dict.fromkeys(one for one in said if one))


def _code_status(held: Resource, name: str) -> str:
    found = concept(held, name)
    return found[1] or found[0]


def _visit_of(held: Resource) -> str:
    return text(child(held, "encounter"), "reference") or text(child(held, "context"), "reference")


_NAMES = {kind: tuple(one.name for one in fields(kind)) for kind in content.KINDS.values()}


def _said(made: content.Entry) -> dict[str, Any]:
    """Return what ``as_content`` does, without its deep copies: an import makes tens of thousands."""
    found = {name: getattr(made, name) for name in _NAMES[type(made)]}
    return {name: value for name, value in found.items() if value}


def _entry(kind: str, made: content.Entry, held: Resource) -> Read:
    struck = "entered-in-error" in (held.get("status"), _code_status(held, "verificationStatus"))
    return Read(kind, _said(made), visit=_visit_of(held), is_struck=struck)


# Types ---------------------------------------------------------------------------------------------------------


def _encounter(entry: Entry, names: Names) -> Read:
    held = entry.resource
    shown, code, system = concept_of(_first(held, "type"))
    kind = child(held, "class")
    period = child(held, "period")
    who = [names.of(child(one, "individual"), entry) for one in objects(held, "participant")]
    where = [names.of(child(one, "location"), entry) for one in objects(held, "location")]
    made = {
        "type": shown or text(kind, "display") or text(kind, "code"),
        "code": code,
        "system": system,
        "reason": _because(entry, names),
        "practitioner": ", ".join(dict.fromkeys(one for one in who if one)),
        "place": ", ".join(one for one in where if one) or names.of(child(held, "serviceProvider"), entry),
        "status": text(held, "status"),
        "ended_at": moment(period, "end"),
    }
    return Read("visit", {key: value for key, value in made.items() if value}, starts=moment(period, "start"))


def _allergy(entry: Entry, _names: Names) -> Read:
    held = entry.resource
    name, code, system = concept(held, "code")
    start, end = _span(held, "onset")
    reactions = [
        ", ".join(concept_of(sign)[0] for sign in objects(one, "manifestation"))
        + (f" ({text(one, 'severity')})" if one.get("severity") else "")
        for one in objects(held, "reaction")
    ]
    made = content.Allergy(
        name=name, code=code, system=system, start=start or moment(held, "recordedDate"), end=end,
        status=_code_status(held, "clinicalStatus"), note=_notes(held), criticality=text(held, "criticality"),
        category=", ".join(texts(held, "category")), reaction="; ".join(one for one in reactions if one),
    )  # fmt: skip
    return _entry("allergy", made, held)


def _medication(entry: Entry, names: Names) -> Read:
    held = entry.resource
    name, code, system = concept(held, "medicationCodeableConcept")
    named = child(held, "medicationReference")
    if named and not name:
        name, code, system = concept(names.resource(named, entry), "code")
        name = name or names.of(named, entry)
    start, end = _span(held, "effective")
    doses = objects(held, "dosageInstruction") + objects(held, "dosage")
    made = content.Medication(
        name=name, code=code, system=system, start=start or moment(held, "authoredOn") or moment(held, "dateAsserted"),
        end=end, status=text(held, "status"), note=_notes(held), dose="; ".join(filter(None, map(_dose, doses))),
        reason=_because(entry, names),
        prescriber=names.of(child(held, "requester") or child(held, "informationSource"), entry),
    )  # fmt: skip
    return _entry("medication", made, held)


def _dose(held: Resource) -> str:
    """Return a dosage as written, else put together from its parts."""
    if held.get("text"):
        return text(held, "text")
    said = [_quantity(child(one, "doseQuantity")) for one in objects(held, "doseAndRate")]
    repeat = child(child(held, "timing"), "repeat")
    if repeat.get("frequency") and repeat.get("period"):
        said.append(
            f"{number(repeat, 'frequency')} in {number(repeat, 'period')} {text(repeat, 'periodUnit')}".strip()
        )
    said.append(
        "as needed" if held.get("asNeededBoolean") is True else concept(held, "asNeededCodeableConcept")[0]
    )
    said += [concept_of(one)[0] for one in objects(held, "additionalInstruction")]
    said.append(text(held, "patientInstruction"))
    return ", ".join(one for one in said if one)


def _quantity(held: Resource) -> str:
    value = number(held, "value")
    return (
        f"{text(held, 'comparator')}{value} {text(held, 'unit') or text(held, 'code')}".strip()
        if value
        else ""
    )


def _condition(entry: Entry, _names: Names) -> Read:
    held = entry.resource
    name, code, system = concept(held, "code")
    start, until = _span(held, "onset")
    end, ended = _span(held, "abatement")
    made = content.Condition(
        name=name, code=code, system=system, start=start or moment(held, "recordedDate"), end=end or ended or until,
        status=_code_status(held, "clinicalStatus"), note=_notes(held),
    )  # fmt: skip
    return _entry("condition", made, held)


def _procedure(entry: Entry, names: Names) -> Read:
    held = entry.resource
    name, code, system = concept(held, "code")
    start, end = _span(held, "performed")
    who = [names.of(child(one, "actor"), entry) for one in objects(held, "performer")]
    made = content.Procedure(
        name=name, code=code, system=system, start=start, end=end, status=text(held, "status"), note=_notes(held),
        performer=", ".join(one for one in who if one), reason=_because(entry, names),
    )  # fmt: skip
    return _entry("procedure", made, held)


def _immunisation(entry: Entry, _names: Names) -> Read:
    held = entry.resource
    name, code, system = concept(held, "vaccineCode")
    made = content.Immunisation(
        name=name, code=code, system=system, start=_span(held, "occurrence")[0], status=text(held, "status"),
        note=_notes(held), lot=text(held, "lotNumber"), site=concept(held, "site")[0],
    )  # fmt: skip
    return _entry("immunisation", made, held)


def value_of(held: Resource) -> tuple[str, str]:
    """Return (value, unit) of an observation or one part of it; ("", "") where none was given."""
    quantity = child(held, "valueQuantity")
    if quantity:
        value = number(quantity, "value")
        unit = text(quantity, "code") if "unitsofmeasure" in text(quantity, "system") else ""
        return (f"{text(quantity, 'comparator')}{value}" if value else ""), unit or text(quantity, "unit")
    if "valueCodeableConcept" in held:
        return concept(held, "valueCodeableConcept")[0], ""
    if isinstance(held.get("valueBoolean"), bool):
        return ("yes" if held["valueBoolean"] else "no"), ""
    if "valueInteger" in held:
        return number(held, "valueInteger"), ""
    return _rare_value(held), ""


def _rare_value(held: Resource) -> str:
    low, high = child(held, "valueRange"), child(held, "valueRatio")
    if low:
        return f"{_quantity(child(low, 'low'))} – {_quantity(child(low, 'high'))}".strip("– ")
    if high:
        return f"{_quantity(child(high, 'numerator'))} : {_quantity(child(high, 'denominator'))}".strip(": ")
    period = child(held, "valuePeriod")
    if period:
        return f"{moment(period, 'start')} – {moment(period, 'end')}".strip("– ")
    return text(held, "valueString") or text(held, "valueTime") or moment(held, "valueDateTime")


def _range(held: Resource) -> tuple[str, str]:
    found = _first(held, "referenceRange")
    return number(child(found, "low"), "value"), number(child(found, "high"), "value")


def _part(held: Resource) -> dict[str, str]:
    name, code, system = concept(held, "code")
    value, unit = value_of(held)
    low, high = _range(held)
    made = {
        "name": name,
        "code": code,
        "system": system,
        "value": value,
        "unit": unit,
        "low": low,
        "high": high,
    }
    return {key: item for key, item in made.items() if item}


def _observation(entry: Entry, _names: Names) -> Read:
    held = entry.resource
    name, code, system = concept(held, "code")
    start, end = _span(held, "effective")
    value, unit = value_of(held)
    low, high = _range(held)
    absent = concept(held, "dataAbsentReason")[0]
    made = content.Observation(
        name=name, code=code, system=system, start=start or moment(held, "issued"), end=end,
        status=text(held, "status"), value=value, unit=unit, low=low, high=high,
        note="\n".join(filter(None, [_notes(held), absent and f"No value: {absent}"])),
        category=concept_of(_first(held, "category"))[1] or concept_of(_first(held, "category"))[0],
        flag=concept_of(_first(held, "interpretation"))[1] or concept_of(_first(held, "interpretation"))[0],
        parts=[_part(one) for one in objects(held, "component")],
    )  # fmt: skip
    return _entry("observation", made, held)


def _report(entry: Entry, _names: Names) -> Read:
    held = entry.resource
    name, code, system = concept(held, "code")
    start, end = _span(held, "effective")
    made = content.Report(
        name=name, code=code, system=system, start=start or moment(held, "issued"), end=end,
        status=text(held, "status"), text=text(held, "conclusion"), category=concept_of(_first(held, "category"))[0],
    )  # fmt: skip
    read = _entry("report", made, held)
    read.results = [text(one, "reference") for one in objects(held, "result") if one.get("reference")]
    read.files = attached(held, "presentedForm")
    return read


def _plan(entry: Entry, names: Names) -> Read:
    held = entry.resource
    categories = [concept_of(one) for one in objects(held, "category")]
    named = next((one for one in categories if one[0] and "careplan-category" not in one[2]), ("", "", ""))
    period = child(held, "period")
    done = []
    for one in objects(held, "activity"):
        detail = child(one, "detail")
        done.append(
            text(detail, "description")
            or concept(detail, "code")[0]
            or names.of(child(one, "reference"), entry)
        )
    made = content.Plan(
        name=text(held, "title") or named[0] or (categories[0][0] if categories else ""), code=named[1],
        system=named[2], start=moment(period, "start"), end=moment(period, "end"), status=text(held, "status"),
        note="\n".join(filter(None, [text(held, "description"), _notes(held)])),
        activities=[one for one in done if one],
        addresses=[one for one in (names.of(item, entry) for item in objects(held, "addresses")) if one],
    )  # fmt: skip
    return _entry("plan", made, held)


def _document(entry: Entry, _names: Names) -> Read:
    held = entry.resource
    found = objects(held, "content")
    files: list[Attached] = []
    for number_, one in enumerate(found):
        files += attached(
            {"attachment": [child(one, "attachment")]}, "attachment", f"content.{number_}.attachment"
        )
    shown = text(held, "description") or concept(held, "type")[0]
    for file in files:
        file.title = file.title or shown or "Document"
        file.dated = file.dated or moment(held, "date")
    kind = "document" if files else "kept"
    context = objects(child(held, "context"), "encounter")
    visit = text(context[0], "reference") if context else ""
    return Read(kind, {}, visit=visit, files=files, is_struck=held.get("status") == "entered-in-error")


READERS: dict[str, Callable[[Entry, Names], Read]] = {
    "AllergyIntolerance": _allergy,
    "CarePlan": _plan,
    "Condition": _condition,
    "DiagnosticReport": _report,
    "DocumentReference": _document,
    "Encounter": _encounter,
    "Immunization": _immunisation,
    "MedicationRequest": _medication,
    "MedicationStatement": _medication,
    "Observation": _observation,
    "Procedure": _procedure,
}
"""Types that have a place in the chart. Everything else is kept whole."""


def read(entry: Entry, names: Names) -> Read:
    """Return what becomes of an entry; raise ``Broken`` with a path if nothing of it can be saved."""
    check_required(entry)
    reader = READERS.get(entry.type)
    made = reader(entry, names) if reader else Read("kept", {})
    if made.kind == "visit" and not made.starts:
        return Read("kept", {})
    return made


def repaired(resource: Resource) -> Resource:
    """Return the resource with numbers that stood as text as numbers, in place: what FHIR R4 wants there."""
    for held in (resource, *(one for one in resource.get("component") or [] if isinstance(one, dict))):
        quantity = held.get("valueQuantity")
        if isinstance(quantity, dict) and isinstance(quantity.get("value"), str):
            quantity["value"] = float(quantity["value"])
        for limits in held.get("referenceRange") or []:
            for end in ("low", "high"):
                limit = limits.get(end)
                if isinstance(limit, dict) and isinstance(limit.get("value"), str):
                    limit["value"] = float(limit["value"])
    return resource
