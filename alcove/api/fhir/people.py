"""A Patient to a client's card, a contact to a linked person, a flag to an alert.

Race, ethnicity and whatever else has no place on the card stay in the Patient resource, which is kept whole in the
record half. Opt-in to marketing is never read from anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from alcove.api.fhir.defects import Broken
from alcove.api.fhir.names import Names, name_of, person_name
from alcove.api.fhir.shapes import Resource, child, concept, concept_of, moment, objects, text, texts
from alcove.api.fhir.sorting import Entry
from alcove.clinic.clients.queries import contacts

_DAY = len("2024-05-01")
OURS = "urn:alcove:card:"
"""Extensions of a Patient that carry what FHIR has no element for, one text each."""
NUMBERS = {
    "MR": "Medical record number",
    "SS": "Social security number",
    "DL": "Driver's license",
    "PPN": "Passport",
    "NI": "National identifier",
    "MC": "Medicare number",
    "MA": "Medicaid number",
    "JHN": "Health number",
    "PI": "Patient number",
}
MARITAL = {
    "A": "annulled", "D": "divorced", "I": "interlocutory", "L": "legally separated", "M": "married",
    "C": "common law", "P": "polygamous", "T": "domestic partner", "U": "unmarried", "S": "never married",
    "W": "widowed",
}  # fmt: skip
"""Codes of HL7 v3 MaritalStatus in words."""
ROLES = {
    "C": "emergency", "ECON": "emergency", "GUARD": "guardian", "PRN": "guardian", "MTH": "guardian",
    "FTH": "guardian", "SPS": "partner", "HUSB": "partner", "WIFE": "partner", "DOMPART": "partner", "I": "insurer",
}  # fmt: skip
"""HL7 v2-0131 and v3 RoleCode in the words of a linked person's role."""
Doubt = tuple[str, str]


@dataclass(slots=True)
class Card:
    """What a Patient says, in the shapes of ``clients.models.Client``; ``people`` are linked persons' details."""

    directory: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    people: list[dict[str, str]] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    note: list[str] = field(default_factory=list)


def card(entry: Entry, names: Names, country: str) -> Card:
    """Return the card of a Patient: as much of it as can be read, and the doubts."""
    held, made = entry.resource, Card()
    parts: list[Callable[[], None]] = [
        lambda: _name(held, made),
        lambda: _born_and_died(held, made),
        lambda: _reach(held, made, country),
        lambda: _numbers(held, made),
        lambda: _address(held, made),
        lambda: _rest(held, made),
        lambda: _contacts(entry, names, made, country),
    ]
    for part in parts:
        try:
            part()
        except Broken as fault:
            # A client is not lost for one strange element: the card goes without it, the kept Patient has it.
            made.doubts.append((f"Patient.{fault.path}", fault.rule))
    made.details["note"] = "\n".join(one for one in made.note if one)
    made.directory = {key: value for key, value in made.directory.items() if value}
    made.details = {key: value for key, value in made.details.items() if value}
    return made


def _contacts(entry: Entry, names: Names, made: Card, country: str) -> None:
    for one in objects(entry.resource, "contact"):
        made.people.append(linked(one, country, made))
    for one in objects(entry.resource, "generalPractitioner"):
        name = names.of(one, entry)
        if name:
            made.people.append({"role": "gp", "name": name})


def _extensions(held: Resource) -> dict[str, str]:
    return {
        text(one, "url"): text(one, "valueString")
        for one in objects(held, "extension")
        if isinstance(one.get("valueString"), str)
    }


def _name(held: Resource, made: Card) -> None:
    names = objects(held, "name")
    former = [one for one in names if one.get("use") in {"old", "maiden"}]
    current = [one for one in names if one not in former and one.get("use") not in {"nickname", "anonymous"}]
    order = {"official": 0, None: 1, "usual": 2, "temp": 3}
    chosen = min(current, key=lambda one: order.get(one.get("use"), 4), default=(former or names or [{}])[0])
    given = " ".join(texts(chosen, "given"))
    family = text(chosen, "family")
    if not (given or family):
        given = text(chosen, "text")
    if not (given or family):
        made.doubts.append(("Patient.name", "missing_field"))
    nickname = next((one for one in names if one.get("use") == "nickname"), {})
    usual = next((one for one in current if one.get("use") == "usual" and one is not chosen), {})
    preferred = (
        " ".join(texts(nickname, "given")) or text(nickname, "text") or " ".join(texts(usual, "given"))
    )
    reading = next((one for one in names if _is_reading(one)), {})
    made.directory.update(given=given, family=family, preferred=preferred if preferred != given else "")
    if reading and reading is not chosen:
        made.directory["reading"] = person_name(reading)
    made.details["title"] = " ".join(texts(chosen, "prefix") + texts(chosen, "suffix"))
    made.note += [
        f"Former name: {person_name(one)}" for one in former if one is not chosen and person_name(one)
    ]


def _is_reading(held: Resource) -> bool:
    """Whether a name is written in a reading alphabet (ISO 21090 SYL), as Japanese kana beside kanji."""
    return any(
        text(one, "url").endswith("iso21090-EN-representation") and one.get("valueCode") == "SYL"
        for one in objects(held, "extension")
    )


def _whole_day(value: str) -> str:
    try:
        return date.fromisoformat(value[:_DAY]).isoformat() if len(value) >= _DAY else ""
    except ValueError:
        return ""


def _born_and_died(held: Resource, made: Card) -> None:
    for name, words in (("birthDate", "Born"), ("deceasedDateTime", "Died")):
        try:
            value = moment(held, name)
        except Broken as fault:
            # The client is worth more than the date: the card says that one was given, the kept Patient which.
            made.doubts.append((f"Patient.{name}", fault.rule))
            made.note.append(f"{words}: the imported date could not be read")
            continue
        day = _whole_day(value)
        if value and not day:
            made.doubts.append((f"Patient.{name}", "partial_date"))
            made.note.append(f"{words} {value}")
        elif name == "birthDate":
            made.directory["born"] = day
        else:
            made.details["deceased_on"] = day
    if held.get("deceasedBoolean") is True:
        made.note.append("Deceased; the date is not known")


def _reach(held: Resource, made: Card, country: str) -> None:
    phones: list[str] = []
    emails: list[str] = []
    ranked = sorted(
        objects(held, "telecom"), key=lambda one: one["rank"] if isinstance(one.get("rank"), int) else 99
    )
    for one in ranked:
        system, value, use = text(one, "system"), text(one, "value"), text(one, "use")
        if not value:
            continue
        try:
            if use == "old" or system not in {"phone", "sms", "email"}:
                made.note.append(
                    f"{' '.join(filter(None, (use, system or 'contact')))}: {value}".capitalize()
                )
            elif system == "email":
                emails.append(contacts.email(value))
            else:
                phones.append(contacts.phone(value, country))
        except contacts.NotAContact:
            made.doubts.append(("Patient.telecom.value", "unparseable_value"))
            made.note.append(f"{system.capitalize()} as imported: {value}")
    made.directory.update(phones=list(dict.fromkeys(phones)), emails=list(dict.fromkeys(emails)))


def _numbers(held: Resource, made: Card) -> None:
    found = []
    for one in objects(held, "identifier"):
        value = text(one, "value")
        shown, code, _ = concept(one, "type")
        if value:
            found.append(
                {"kind": NUMBERS.get(code) or shown or _system_words(text(one, "system")), "value": value}
            )
    made.directory["numbers"] = found


def _system_words(system: str) -> str:
    return {
        "http://hl7.org/fhir/sid/us-ssn": NUMBERS["SS"],
        "http://hl7.org/fhir/sid/us-medicare": NUMBERS["MC"],
    }.get(system, "Number elsewhere")


def _address(held: Resource, made: Card) -> None:
    every = objects(held, "address")
    current = [one for one in every if one.get("use") not in {"old", "billing"}] or every
    if not current:
        return
    chosen = min(current, key=lambda one: {"home": 0, None: 1}.get(one.get("use"), 2))
    made.details["address"] = {
        key: value
        for key, value in {
            "line": "\n".join(texts(chosen, "line")) or text(chosen, "text"),
            "city": text(chosen, "city"),
            "state": text(chosen, "state"),
            "postal": text(chosen, "postalCode"),
            "country": text(chosen, "country"),
        }.items()
        if value
    }
    for one in every:
        if one is not chosen:
            parts = [
                *texts(one, "line"),
                *(text(one, key) for key in ("city", "state", "postalCode", "country")),
            ]
            made.note.append(
                f"{(text(one, 'use') or 'other').capitalize()} address: {', '.join(filter(None, parts))}"
            )


def _rest(held: Resource, made: Card) -> None:
    made.details["sex"] = text(held, "gender").capitalize()
    spoken = objects(held, "communication")
    chosen = next((one for one in spoken if one.get("preferred") is True), spoken[0] if spoken else {})
    made.details["language"] = concept(chosen, "language")[0]
    shown, code, _ = concept(held, "maritalStatus")
    made.details["marital"] = MARITAL.get(code) or MARITAL.get(shown) or shown
    for url, value in _extensions(held).items():
        if url == f"{OURS}note":
            made.note = value.split("\n")
        elif url.startswith(OURS):
            made.details[url.removeprefix(OURS)] = value
        elif url == "http://hl7.org/fhir/StructureDefinition/patient-occupation":
            made.details.setdefault("occupation", value)


def linked(held: Resource, country: str, made: Card | None = None) -> dict[str, str]:
    """Return a linked person's details from a Patient.contact or a RelatedPerson."""
    roles = [concept_of(one) for one in objects(held, "relationship")]
    name = held.get("name")
    shown = person_name(name) if isinstance(name, dict) else name_of(held)
    found = {"role": next((ROLES[code] for _, code, _ in roles if code in ROLES), "other"), "name": shown}
    said = [", ".join(shown_as for shown_as, code, _ in roles if shown_as != code)]
    for one in objects(held, "telecom"):
        system, value = text(one, "system"), text(one, "value")
        try:
            if system == "email" and "email" not in found:
                found["email"] = contacts.email(value)
            elif system in {"phone", "sms"} and "phone" not in found:
                found["phone"] = contacts.phone(value, country)
            elif value:
                said.append(f"{system}: {value}")
        except contacts.NotAContact:
            said.append(f"{system}: {value}")
            if made is not None:
                made.doubts.append(("Patient.contact.telecom.value", "unparseable_value"))
    found["note"] = "\n".join(one for one in said if one)
    return {key: value for key, value in found.items() if value}


FLAG_KINDS = {"safety": "safety", "clinical": "clinical", "allergy": "allergy", "access": "access"}


def alert(entry: Entry) -> dict[str, Any]:
    """Return an alert's values from a Flag that is in force: ``{content, ends_on}``; empty for one without words."""
    held = entry.resource
    words = concept(held, "code")[0]
    if not words:
        return {}
    category = [concept_of(one) for one in objects(held, "category")]
    kind = next((FLAG_KINDS[code] for _, code, _ in category if code in FLAG_KINDS), "clinical")
    severity = next((code for _, code, system in category if system == f"{OURS}severity"), "warning")
    day = _whole_day(moment(child(held, "period"), "end"))
    return {
        "content": {"kind": kind, "severity": severity, "text": words},
        "ends_on": date.fromisoformat(day) if day else None,
    }
