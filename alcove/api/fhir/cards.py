"""A client's card, linked people and alerts to FHIR R4: Patient, RelatedPerson, Flag."""

from __future__ import annotations

from alcove.api.fhir import writing
from alcove.api.fhir.people import MARITAL, NUMBERS, OURS
from alcove.api.fhir.shapes import Resource
from alcove.api.fhir.tables import DATE
from alcove.api.fhir.writing import TERMINOLOGY


def patient(directory: Resource, details: Resource) -> Resource:
    """Return the Patient of a card. What FHIR has no element for goes into extensions of ours, one text each."""
    address = details.get("address") or {}
    extensions = [
        {"url": f"{OURS}{name}", "valueString": details[name]}
        for name in ("pronouns", "gender", "occupation", "contact_by", "note")
        if details.get(name)
    ]
    sex = details.get("sex", "").lower()
    born, died = directory.get("born", ""), details.get("deceased_on", "")
    marital = next((code for code, words in MARITAL.items() if words == details.get("marital")), "")
    return writing.said(
        {
            "resourceType": "Patient",
            "extension": extensions,
            "identifier": [_identifier(one) for one in directory.get("numbers", []) if one.get("value")],
            "name": _names(directory, details),
            "telecom": [{"system": "phone", "value": one} for one in directory.get("phones", [])]
            + [{"system": "email", "value": one} for one in directory.get("emails", [])],
            "gender": sex if sex in {"male", "female", "other", "unknown"} else "",
            "birthDate": born if DATE.fullmatch(born) else "",
            "deceasedDateTime": died if DATE.fullmatch(died) else "",
            "address": [
                writing.said(
                    {
                        "line": [line for line in address.get("line", "").split("\n") if line],
                        "city": address.get("city", ""),
                        "state": address.get("state", ""),
                        "postalCode": address.get("postal", ""),
                        "country": address.get("country", ""),
                    }
                )
            ]
            if address
            else [],
            "maritalStatus": writing.concept(
                details.get("marital", ""), marital, f"{TERMINOLOGY}v3-MaritalStatus"
            ),
            "communication": [{"language": writing.concept(details["language"])}]
            if details.get("language")
            else [],
        }
    )


def _names(directory: Resource, details: Resource) -> list[Resource]:
    family, given = directory.get("family", ""), directory.get("given", "")
    official = writing.said({"family": family, "given": [given] if given else []})
    if official:
        title = details.get("title", "")
        official = {"use": "official", **official, **({"prefix": [title]} if title else {})}
    found = [official] if official else []
    if directory.get("preferred"):
        found.append({"use": "nickname", "given": [directory["preferred"]]})
    if directory.get("reading"):
        syllables = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
        found.append({"extension": [{"url": syllables, "valueCode": "SYL"}], "text": directory["reading"]})
    return found


def _identifier(held: Resource) -> Resource:
    kind = held.get("kind", "")
    code = next((code for code, words in NUMBERS.items() if words == kind), "")
    return writing.said(
        {"type": writing.concept(kind, code, f"{TERMINOLOGY}v2-0203") if kind else {}, "value": held["value"]}
    )


_ROLES = {"emergency": "C", "guardian": "GUARD", "partner": "DOMPART", "insurer": "I"}


def related(details: Resource) -> Resource:
    """Return the RelatedPerson of a linked person."""
    role = details.get("role", "")
    code = _ROLES.get(role, "")
    system = f"{TERMINOLOGY}{'v2-0131' if len(code) == 1 else 'v3-RoleCode'}" if code else ""
    words = writing.concept(role, code, system) if role else {}
    if details.get("note"):
        words = {**words, "text": details["note"]}
    telecom = [
        {"system": system, "value": details[name]} for name, system in (("phone", "phone"), ("email", "email"))
        if details.get(name)
    ]  # fmt: skip
    return writing.said(
        {
            "resourceType": "RelatedPerson",
            "relationship": [words] if words else [],
            "name": [{"text": details["name"]}] if details.get("name") else [],
            "telecom": telecom,
        }
    )


def flag(content: Resource | None, desk_text: str, ends_on: str) -> Resource:
    """Return the Flag of an alert."""
    held = content or {"kind": "access", "severity": "note", "text": desk_text}
    kind = held.get("kind", "clinical")
    return writing.said(
        {
            "resourceType": "Flag",
            "status": "active",
            "category": [
                writing.concept(
                    "",
                    kind,
                    f"{TERMINOLOGY}flag-category" if kind in {"safety", "clinical"} else f"{OURS}alert",
                ),
                writing.concept("", held.get("severity", "warning"), f"{OURS}severity"),
            ],
            "code": {"text": held.get("text") or desk_text or "(no words)"},
            "period": {"end": ends_on} if ends_on else {},
        }
    )
