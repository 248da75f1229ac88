"""The chart's words to FHIR R4 resources: for what staff wrote, and for what they changed after an import.

A row that is still as it was imported gives back the resource it came from; one that was changed is written anew and
keeps those elements of its resource that our words say nothing about.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from alcove.api.fhir.numbers import decimal
from alcove.api.fhir.plans import mark
from alcove.api.fhir.shapes import Resource, as_moment
from alcove.api.fhir.tables import DATE_TIME, STATUS

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_STEMS = ("abatement", "effective", "medication", "occurrence", "onset", "performed", "value")
_UCUM = "http://unitsofmeasure.org"
TYPE_OF = {
    "allergy": "AllergyIntolerance",
    "condition": "Condition",
    "immunisation": "Immunization",
    "medication": "MedicationRequest",
    "observation": "Observation",
    "plan": "CarePlan",
    "procedure": "Procedure",
    "report": "DiagnosticReport",
}


def said(held: Resource) -> Resource:
    """Return the elements that say something; FHIR knows no empty ones."""
    return {key: value for key, value in held.items() if value not in ("", None, [], {})}


def concept(name: str, code: str = "", system: str = "") -> Resource:
    coding = said({"system": system, "code": code.strip(), "display": name if code else ""})
    return said({"coding": [coding] if code.strip() else [], "text": name})


def when(text: str) -> str:
    """Return a date as FHIR wants it, "" for a text that is none: a wrong date is worse than none."""
    return text if DATE_TIME.fullmatch(text) and as_moment(text) else ""


def _span(stem: str, start: str, end: str) -> Resource:
    start, end = when(start), when(end)
    if end:
        return {f"{stem}Period": said({"start": start, "end": end})}
    return {f"{stem}DateTime": start} if start else {}


def _notes(text: str) -> list[Resource]:
    return [{"text": text}] if text else []


def _named(name: str) -> Resource:
    return {"display": name} if name else {}


def _status(kind: str, status: str, otherwise: str) -> str:
    return status if status in STATUS.get(kind, ()) else otherwise


def quantity(value: str, unit: str) -> Resource | None:
    """Return a Quantity if the text is a number, perhaps with a comparator before it; None if it is not."""
    comparator = next((sign for sign in ("<=", ">=", "<", ">") if value.startswith(sign)), "")
    try:
        number = decimal(value.removeprefix(comparator).strip())
    except ValueError:
        return None
    is_code = bool(unit) and " " not in unit
    return said(
        {
            "value": number,
            "comparator": comparator,
            "unit": unit,
            "system": _UCUM if is_code else "",
            "code": unit if is_code else "",
        }
    )


def _value(held: Resource) -> Resource:
    value, unit = held.get("value", ""), held.get("unit", "")
    if not value:
        return {}
    measured = quantity(value, unit)
    return {"valueQuantity": measured} if measured else {"valueString": f"{value} {unit}".strip()}


def _range(held: Resource) -> list[Resource]:
    limits = {end: quantity(held.get(end, ""), held.get("unit", "")) for end in ("low", "high")}
    words = {end: held[end] for end in ("low", "high") if held.get(end) and not limits[end]}
    found = said({**limits, "text": ", ".join(f"{end} {text}" for end, text in words.items())})
    return [found] if found else []


# Types ---------------------------------------------------------------------------------------------------------


def encounter(content: Resource, starts_at: str) -> Resource:
    ended = when(content.get("ended_at", ""))
    return said(
        {
            "resourceType": "Encounter",
            "status": _status("Encounter", content.get("status", ""), "finished"),
            "class": {"system": f"{TERMINOLOGY}v3-ActCode", "code": "AMB", "display": "ambulatory"},
            "type": [concept(content.get("type", ""), content.get("code", ""), content.get("system", ""))]
            if content.get("type") or content.get("code")
            else [],
            "participant": [{"individual": _named(content["practitioner"])}]
            if content.get("practitioner")
            else [],
            "period": said({"start": starts_at, "end": ended}),
            "reasonCode": [concept(content["reason"])] if content.get("reason") else [],
            "serviceProvider": _named(content.get("place", "")),
        }
    )


def _code(content: Resource) -> Resource:
    return concept(content.get("name", ""), content.get("code", ""), content.get("system", ""))


def _clinical(content: Resource, system: str, known: str) -> Resource:
    status = content.get("status", "").lower()
    return concept("", status, f"{TERMINOLOGY}{system}") if status in known.split() else {}


def _allergy(content: Resource) -> Resource:
    known = {"food", "medication", "environment", "biologic"}
    category = [one for one in content.get("category", "").split(", ") if one in known]
    criticality = content.get("criticality", "")
    return {
        "clinicalStatus": _clinical(content, "allergyintolerance-clinical", "active inactive resolved"),
        "category": category,
        "criticality": criticality if criticality in {"low", "high", "unable-to-assess"} else "",
        "code": _code(content),
        **_span("onset", content.get("start", ""), content.get("end", "")),
        "note": _notes(content.get("note", "")),
        "reaction": [{"manifestation": [concept(content["reaction"])]}] if content.get("reaction") else [],
    }


def _medication(content: Resource) -> Resource:
    end = when(content.get("end", ""))
    return {
        "status": _status("MedicationRequest", content.get("status", ""), "unknown"),
        "intent": "order",
        "medicationCodeableConcept": _code(content) or {"text": "(no name)"},
        "authoredOn": when(content.get("start", "")),
        "requester": _named(content.get("prescriber", "")),
        "reasonCode": [concept(content["reason"])] if content.get("reason") else [],
        "note": _notes(content.get("note", "")),
        "dosageInstruction": [
            said(
                {
                    "text": content.get("dose", ""),
                    "timing": {"repeat": {"boundsPeriod": {"end": end}}} if end else {},
                }
            )
        ]
        if content.get("dose") or end
        else [],
    }


def _condition(content: Resource) -> Resource:
    known = "active recurrence relapse inactive remission resolved"
    end = when(content.get("end", ""))
    return {
        "clinicalStatus": _clinical(content, "condition-clinical", known),
        "code": _code(content),
        "onsetDateTime": when(content.get("start", "")),
        "abatementDateTime": end,
        "note": _notes(content.get("note", "")),
    }


def _procedure(content: Resource) -> Resource:
    return {
        "status": _status("Procedure", content.get("status", ""), "completed"),
        "code": _code(content),
        **_span("performed", content.get("start", ""), content.get("end", "")),
        "performer": [{"actor": _named(content["performer"])}] if content.get("performer") else [],
        "reasonCode": [concept(content["reason"])] if content.get("reason") else [],
        "note": _notes(content.get("note", "")),
    }


def _immunisation(content: Resource) -> Resource:
    start = when(content.get("start", ""))
    return {
        "status": _status("Immunization", content.get("status", ""), "completed"),
        "vaccineCode": _code(content) or {"text": "(no name)"},
        **({"occurrenceDateTime": start} if start else {"occurrenceString": "unknown"}),
        "lotNumber": content.get("lot", ""),
        "site": concept(content["site"]) if content.get("site") else {},
        "note": _notes(content.get("note", "")),
    }


def _observation(content: Resource) -> Resource:
    category = content.get("category", "")
    return {
        "status": _status("Observation", content.get("status", ""), "final"),
        "category": [concept("", category, f"{TERMINOLOGY}observation-category")] if category else [],
        "code": _code(content) or {"text": "(no name)"},
        **_span("effective", content.get("start", ""), content.get("end", "")),
        **_value(content),
        "interpretation": [concept("", content["flag"], f"{TERMINOLOGY}v3-ObservationInterpretation")]
        if content.get("flag")
        else [],
        "note": _notes(content.get("note", "")),
        "referenceRange": _range(content),
        "component": [
            said(
                {"code": _code(part) or {"text": "(no name)"}, **_value(part), "referenceRange": _range(part)}
            )
            for part in content.get("parts", [])
        ],
    }


def _report(content: Resource) -> Resource:
    return {
        "status": _status("DiagnosticReport", content.get("status", ""), "final"),
        "category": [concept(content["category"])] if content.get("category") else [],
        "code": _code(content) or {"text": "(no name)"},
        **_span("effective", content.get("start", ""), content.get("end", "")),
        "conclusion": content.get("text", ""),
    }


def _plan(content: Resource) -> Resource:
    status = content.get("status", "")
    return {
        "status": _status("CarePlan", status, "unknown"),
        "intent": "plan",
        "category": [_code(content)] if content.get("code") else [],
        "title": content.get("name", ""),
        "description": content.get("note", ""),
        "period": said({"start": when(content.get("start", "")), "end": when(content.get("end", ""))}),
        "addresses": [_named(one) for one in content.get("addresses", []) if one],
        "activity": [
            {"detail": {"status": "unknown", "description": one}}
            for one in content.get("activities", [])
            if one
        ],
    }


_WRITERS: dict[str, Callable[[Resource], Resource]] = {
    "allergy": _allergy,
    "condition": _condition,
    "immunisation": _immunisation,
    "medication": _medication,
    "observation": _observation,
    "plan": _plan,
    "procedure": _procedure,
    "report": _report,
}


def item(kind: str, content: Resource) -> Resource:
    """Return the resource of one entry of the chart, without the client it belongs to."""
    return said({"resourceType": TYPE_OF[kind], **_WRITERS[kind](content)})


# What was imported ---------------------------------------------------------------------------------------------


def is_as_imported(content: Resource) -> bool:
    mine = content.get("fhir")
    return isinstance(mine, dict) and mine.get("was") == mark(content)


def given_back(content: Resource, written: Resource) -> Resource:
    """Return a row's resource: the imported one while the row says the same, else ``written`` and what it lacks."""
    mine = content.get("fhir")
    if not isinstance(mine, dict):
        return written
    resource: Resource = copy.deepcopy(mine["resource"])
    if is_as_imported(content):
        return with_digits(resource, content)
    return merged(written, resource)


def merged(written: Resource, resource: Resource) -> Resource:
    """Return ``written`` with those elements of an older resource that it neither says nor contradicts."""
    stems = [stem for stem in _STEMS if any(key.startswith(stem) for key in written)]
    kept = {
        key: value
        for key, value in resource.items()
        if key not in written
        and key.removeprefix("_") not in written
        # A narrative tells the old story; a reason by reference would contradict one by words.
        and key not in {"text", "dataAbsentReason", "reasonReference", "resourceType"}
        and not any(key.removeprefix("_").startswith(stem) for stem in stems)
    }
    return written | kept


def with_digits(resource: Resource, content: Resource) -> Resource:
    """Put the digits back that a number loses on its way through JSON: 4.40 was written, so 4.40 is given back."""
    parts = content.get("parts", [])
    inner = resource.get("component") or []
    for held, words in [(resource, content), *zip(inner, parts, strict=False)]:
        _digits(held.get("valueQuantity"), words.get("value", ""))
        limits = (held.get("referenceRange") or [{}])[0]
        for end in ("low", "high"):
            _digits(limits.get(end), words.get(end, ""))
    return resource


def _digits(held: Any, text: str) -> None:
    number = text.lstrip("<>= ")
    if not isinstance(held, dict) or not isinstance(held.get("value"), int | float) or not number:
        return
    try:
        if float(number) == held["value"]:
            held["value"] = decimal(number)
    except ValueError:
        return


def struck(resource: Resource) -> Resource:
    """Mark a resource as entered in error, in the way of its type."""
    systems = {"AllergyIntolerance": "allergyintolerance-verification", "Condition": "condition-ver-status"}
    system = systems.get(resource["resourceType"])
    if system:
        resource.pop("clinicalStatus", None)
        resource["verificationStatus"] = concept("", "entered-in-error", f"{TERMINOLOGY}{system}")
    else:
        resource["status"] = "entered-in-error"
    return resource
