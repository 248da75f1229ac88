"""Looking into a resource that a stranger wrote: every access checks the shape and names the element that has none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alcove.api.fhir.defects import Broken
from alcove.api.fhir.numbers import as_text
from alcove.api.fhir.tables import DATE_TIME

Resource = dict[str, Any]


def objects(held: Resource, name: str) -> list[Resource]:
    """Return a list of objects, empty if the element is missing."""
    value = held.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Broken("wrong_shape", name)
    return value


def child(held: Resource, name: str) -> Resource:
    """Return an object, empty if the element is missing."""
    value = held.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Broken("wrong_shape", name)
    return value


def text(held: Resource, name: str) -> str:
    """Return a text, "" if the element is missing."""
    value = held.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Broken("wrong_shape", name)
    return value


def texts(held: Resource, name: str) -> list[str]:
    """Return a list of texts; FHIR writes null for one that only carries an extension."""
    value = held.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(item is None or isinstance(item, str) for item in value):
        raise Broken("wrong_shape", name)
    return [item for item in value if item]


def moment(held: Resource, name: str) -> str:
    """Return a date or moment as it was written, "" if it is missing; raise ``Broken`` if it is none."""
    value = text(held, name)
    if value and (not DATE_TIME.fullmatch(value) or as_moment(value) is None):
        raise Broken("unparseable_value", name, "it is no date")
    return value


def as_moment(value: str, zone: ZoneInfo | None = None) -> datetime | None:
    """Return the first moment a FHIR date stands for, None if it is none; days begin in ``zone`` (UTC)."""
    try:
        if "T" in value:
            # A leap second is the last second of its minute to Python.
            found = datetime.fromisoformat(value.replace(":60", ":59", 1) if ":60" in value[16:] else value)
            return found if found.tzinfo else found.replace(tzinfo=zone or UTC)
        parts = [int(part) for part in value.split("-")]
        day = date(*[*parts, 1, 1][:3])
        return datetime(day.year, day.month, day.day, tzinfo=zone or UTC)
    except (ValueError, OverflowError):
        return None


def last_moment(value: str) -> datetime | None:
    """Return the last moment a FHIR date can stand for, anywhere on earth."""
    begin = as_moment(value)
    if begin is None or "T" in value:
        return begin
    days = {4: 366, 7: 31}.get(len(value), 1)
    try:
        return begin + timedelta(days=days, hours=14)
    except OverflowError:
        return begin


def concept(held: Resource, name: str) -> tuple[str, str, str]:
    """Return (name, code, system) of a CodeableConcept: its text, else what the first coding shows."""
    return concept_of(child(held, name))


def concept_of(held: Resource) -> tuple[str, str, str]:
    """Like ``concept``, for the concept itself."""
    codings = objects(held, "coding")
    first = next((one for one in codings if one.get("code")), codings[0] if codings else {})
    code, system = text(first, "code"), text(first, "system")
    shown = text(held, "text") or next((text(one, "display") for one in codings if one.get("display")), "")
    return shown or code, code, system


def number(held: Resource, name: str) -> str:
    """Return a decimal as it was written; one that stands as text is read too, anything else is ``Broken``."""
    value = held.get(name)
    if value is None:
        return ""
    found = as_text(value)
    if not found and isinstance(value, str):
        found = value.strip()
        try:
            float(found)
        except ValueError:
            found = ""
    if not found or not found.isascii() or "n" in found.lower() or "_" in found:
        raise Broken("unparseable_value", name, "it is no number")
    return found
