"""Files inside resources: taken out on the way in, because they lie sealed on their own, put back on the way out."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from alcove.api.fhir.defects import Broken
from alcove.api.fhir.shapes import Resource, moment, objects, text
from alcove.security.policy_defaults import UPLOAD_MAX_BYTES


@dataclass(slots=True)
class Attached:
    """A file that came inside a resource: ``at`` names its place in it, ``name`` and ``dated`` are texts."""

    at: str
    data: bytes
    media_type: str
    title: str
    dated: str


def attached(held: Resource, name: str, at: str = "") -> list[Attached]:
    """Return the files inside the attachments of one element; ``at`` names its place if it is not a list."""
    found = []
    for index, one in enumerate(objects(held, name)):
        if not one.get("data"):
            continue
        try:
            data = base64.b64decode("".join(text(one, "data").split()), validate=True)
        except (binascii.Error, ValueError):
            raise Broken("unparseable_value", f"{name}.data", "it is no base64") from None
        if len(data) > UPLOAD_MAX_BYTES:
            raise Broken("too_large", f"{name}.data")
        place = at or f"{name}.{index}"
        found.append(
            Attached(place, data, text(one, "contentType"), text(one, "title"), moment(one, "creation"))
        )
    return found


def without_files(resource: Resource, files: list[Attached]) -> Resource:
    """Return a copy of the resource without the bytes that now lie in sealed files."""
    if not files:
        return resource
    taken = {file.at for file in files}

    def copy(value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return {
                key: copy(item, f"{path}.{key}".strip("."))
                for key, item in value.items()
                if not (key == "data" and path in taken)
            }
        if isinstance(value, list):
            return [copy(item, f"{path}.{index}") for index, item in enumerate(value)]
        return value

    return copy(resource, "")  # type: ignore[no-any-return]  # a dict stays a dict


def with_file(resource: Resource, at: str, data: bytes) -> None:
    """Put the bytes of a file back to where they were."""
    held: Any = resource
    for step in at.split("."):
        held = held[int(step)] if step.isdigit() else held[step]
    held["data"] = base64.b64encode(data).decode()
