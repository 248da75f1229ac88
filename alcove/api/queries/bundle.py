"""A client's record as one FHIR R4 bundle that another Alcove, or anybody, imports."""

from __future__ import annotations

import base64
import copy
from typing import Any
from uuid import UUID

from django.utils import timezone

from alcove.api.fhir import cards, people, writing
from alcove.api.fhir.attachments import with_file
from alcove.api.fhir.plans import mark
from alcove.api.fhir.shapes import Resource, as_moment
from alcove.api.fhir.tables import DATE, DATE_TIME, STATUS
from alcove.api.fhir.tables import UUID as UUID_TEXT
from alcove.api.queries.held import Held
from alcove.clinic.clients.models import LinkedPerson
from alcove.clinic.records.models import Document, Item, KeptResource, Note, Visit
from alcove.clinic.records.queries.documents import opened

BY_PATIENT = {"AllergyIntolerance", "Immunization", "RelatedPerson"}
"""Types whose element for the client is ``patient``; the others of the chart have ``subject``."""


def bundle(found: Held) -> dict[str, Any]:
    """Return a collection Bundle of everything: the chart, notes and documents with their bytes, and kept resources."""
    made = _Bundle(found)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": timezone.now().isoformat(timespec="seconds"),
        "entry": made.entries(),
    }


class _Bundle:
    def __init__(self, found: Held) -> None:
        self.found = found
        self.bytes = {one.id: one for one in found.documents}
        self.own_patient = next((one for one in found.kept if one.resource_type == "Patient"), None)
        self.urls: dict[UUID, str] = {}
        rows: list[Visit | Item] = [*found.visits, *found.items]
        for row in rows:
            self.urls[row.id] = self._url(row.content.get("fhir") or {}, row.id)
        self.client_url = self._client_url()

    def _url(self, mine: Resource, row_id: UUID) -> str:
        """Return what others refer to a row by: its imported name, or one from its id."""
        resource = mine.get("resource") or {}
        if mine.get("url"):
            return str(mine["url"])
        own_id = str(resource.get("id", "")) if resource else str(row_id)
        if UUID_TEXT.fullmatch(own_id):
            return f"urn:uuid:{own_id}"
        return f"{resource.get('resourceType')}/{own_id}" if own_id else ""

    def _client_url(self) -> str:
        if self.own_patient is None:
            return f"urn:uuid:{self.found.client.id}"
        held = self.own_patient.content
        mine = {"resource": held, "url": held.get("_alcove", {}).get("url", "")}
        return self._url(mine, self.found.client.id)

    def entries(self) -> list[Resource]:
        """Return the bundle's entries, the Patient first."""
        found = [self._entry(self.client_url, self.patient())]
        found += [self._entry(self.urls[one.id], self._visit(one)) for one in self.found.visits]
        found += [self._entry(self.urls[one.id], self._item(one)) for one in self.found.items]
        inside = {
            document_id
            for one in self.found.items
            for _, document_id in (one.content.get("fhir") or {}).get("files", [])
        }
        found += self._documents(inside)
        found += [self._entry(f"urn:uuid:{one.id}", self._note(one)) for one in self.found.notes]
        found += self._kept()
        found += self._people()
        found += self._alerts()
        return found

    def _entry(self, url: str, resource: Resource) -> Resource:
        # Only an absolute URL is a full one; things known by type and id are found by those.
        absolute = url.startswith(("urn:", "http:", "https:"))
        return {"fullUrl": url, "resource": resource} if absolute else {"resource": resource}

    def _for_client(self, resource: Resource, row_id: UUID, visit_id: UUID | None = None) -> Resource:
        """Add to a written resource its id and what it hangs on, where it does not say so itself."""
        kind = resource["resourceType"]
        resource.setdefault("id", str(row_id))
        resource.setdefault("patient" if kind in BY_PATIENT else "subject", {"reference": self.client_url})
        if visit_id in self.urls and kind not in {"AllergyIntolerance", "RelatedPerson", "DocumentReference"}:
            resource.setdefault("encounter", {"reference": self.urls[visit_id]})
        return resource

    # Rows ------------------------------------------------------------------------------------------------------

    def patient(self) -> Resource:
        client = self.found.client
        written = cards.patient(client.directory, client.details)
        if self.own_patient is None:
            return {"id": str(client.id), **written}
        resource: Resource = copy.deepcopy(self.own_patient.content)
        mine = resource.pop("_alcove", {})
        self._drop_gone_contacts(resource, mine.get("people", []))
        if mine.get("was") != mark({"directory": client.directory, "details": client.details}):
            resource["extension"] = _other_extensions(resource) + written.pop("extension", [])
            resource = writing.said(writing.merged(written, resource) | {"extension": resource["extension"]})
        for name, shape in (("birthDate", DATE), ("deceasedDateTime", DATE_TIME)):
            value = resource.get(name)
            if value is not None and not (
                isinstance(value, str) and shape.fullmatch(value) and as_moment(value)
            ):
                # What was no date cannot stand in a date's place; the record as JSON has it.
                del resource[name]
        return resource

    def _drop_gone_contacts(self, resource: Resource, linked: list[list[str]]) -> None:
        now = {one.id.hex: mark(one.details) for one in self.found.people}
        contacts = resource.get("contact")
        if isinstance(contacts, list):
            gone = {index for index, (row, was) in enumerate(linked) if now.get(row) != was}
            resource["contact"] = [one for index, one in enumerate(contacts) if index not in gone]
            if not resource["contact"]:
                del resource["contact"]

    def _visit(self, row: Any) -> Resource:
        written = writing.encounter(row.content, row.starts_at.isoformat())
        return self._for_client(writing.given_back(row.content, written), row.id)

    def _item(self, row: Any) -> Resource:
        mine = row.content.get("fhir") or {}
        written = writing.item(row.kind, row.content)
        if mine.get("resource", {}).get("resourceType") == "MedicationStatement":
            written = _statement(written)
        results = [
            {"reference": self.urls[UUID(one)]}
            for one in row.content.get("results", [])
            if UUID(one) in self.urls
        ]
        if results:
            written["result"] = results
        resource = writing.given_back(row.content, written)
        for at, document_id in mine.get("files", []):
            if writing.is_as_imported(row.content) and UUID(document_id) in self.bytes:
                with_file(resource, at, opened(self.bytes[UUID(document_id)]))
        if row.struck_at is not None and resource.get("status") != "entered-in-error":
            resource = writing.struck(resource)
        if mine:
            return self._with_client(resource)
        return self._for_client(resource, row.id, row.visit_id)

    def _with_client(self, resource: Resource) -> Resource:
        name = "patient" if resource["resourceType"] in BY_PATIENT else "subject"
        resource.setdefault(name, {"reference": self.client_url})
        return resource

    def _documents(self, inside: set[str]) -> list[Resource]:
        found, done = [], set(inside)
        for row in self.found.documents:
            mine = row.content.get("fhir")
            if mine:
                resource = copy.deepcopy(mine["resource"])
                for at, document_id in mine.get("files", []):
                    done.add(document_id)
                    if UUID(document_id) in self.bytes:
                        with_file(resource, at, opened(self.bytes[UUID(document_id)]))
                if row.struck_at is not None:
                    resource["status"] = "entered-in-error"
                found.append(self._entry(self._url(mine, row.id), self._with_client(resource)))
        found += [
            self._entry(f"urn:uuid:{row.id}", self._document(row))
            for row in self.found.documents
            if row.id.hex not in done
        ]
        return found

    def _document(self, row: Document) -> Resource:
        held = row.content
        attachment = {
            "contentType": held.get("media_type", ""),
            "title": held.get("title") or held.get("name", ""),
            "creation": writing.when(held.get("dated", "")),
            "data": base64.b64encode(opened(row)).decode(),
        }
        status = "entered-in-error" if row.struck_at else "current"
        return self._reference(row.id, status, row.created_at.isoformat(), "", writing.said(attachment))

    def _reference(self, row_id: UUID, status: str, at: str, author: str, attachment: Resource) -> Resource:
        resource = {
            "resourceType": "DocumentReference",
            "status": status,
            "author": [{"display": author}] if author else [],
            "date": at,
            "content": [{"attachment": attachment}],
        }
        return self._for_client(writing.said(resource), row_id)

    def _note(self, row: Note) -> Resource:
        """Return a note as a document: a signature under our own key cannot be proved elsewhere."""
        later = [one for one in self.found.amendments if one.note_id == row.id]
        parts = [f"{heading}\n{text}" for heading, text in row.texts if str(text).strip()]
        parts += [
            f"Amended {one.at.isoformat()} by {one.author_name} ({one.reason})\n{one.text}" for one in later
        ]
        attachment = {
            "contentType": "text/plain; charset=utf-8",
            "title": row.heading,
            "data": base64.b64encode("\n\n".join(parts).encode("utf-8", "surrogatepass")).decode(),
        }
        resource = self._reference(row.id, "current", row.written_at.isoformat(), row.author_name, attachment)
        resource["docStatus"] = "final" if row.is_signed else "preliminary"
        resource["type"] = writing.concept("Note", "34109-9", "http://loinc.org")
        context: dict[str, Any] = {}
        if row.visit_id in self.urls:
            context["encounter"] = [{"reference": self.urls[row.visit_id]}]
        if row.happened_at:
            # A late entry: when the service took place, beside ``date``, when it was entered.
            context["period"] = {"start": row.happened_at.isoformat()}
        return resource | ({"context": context} if context else {})

    # Kept, people, alerts --------------------------------------------------------------------------------------

    def _kept(self) -> list[Resource]:
        found = []
        for row in self.found.kept:
            resource = copy.deepcopy(row.content)
            mine = resource.pop("_alcove", {})
            if row.resource_type == "Patient" or mine.get("row"):
                continue
            found.append(self._entry(self._url({"resource": resource, **mine}, row.id), resource))
        return found

    def _beside(self) -> dict[str, KeptResource]:
        """Return the resources that rows of few places came from, by row."""
        return {
            one.content["_alcove"]["row"]: one
            for one in self.found.kept
            if one.content.get("_alcove", {}).get("row")
        }

    def _people(self) -> list[Resource]:
        beside, found = self._beside(), []
        held = self.own_patient.content.get("_alcove", {}) if self.own_patient else {}
        in_patient = dict(map(tuple, held.get("people", [])))
        for row in self.found.people:
            if in_patient.get(row.id.hex) == mark(row.details):
                continue
            found.append(self._person(row, beside.get(row.id.hex)))
        return found

    def _person(self, row: LinkedPerson, source: KeptResource | None) -> Resource:
        written = cards.related(row.details)
        return self._beside_or(written, mark(row.details), row.id, source)

    def _beside_or(self, written: Resource, now: str, row_id: UUID, source: KeptResource | None) -> Resource:
        if source is None:
            return self._entry(f"urn:uuid:{row_id}", self._for_client(written, row_id))
        resource = copy.deepcopy(source.content)
        mine = resource.pop("_alcove", {})
        if mine.get("was") != now:
            resource = writing.merged(written, resource)
        return self._entry(self._url({"resource": resource, **mine}, row_id), self._with_client(resource))

    def _alerts(self) -> list[Resource]:
        beside, found = self._beside(), []
        for row in self.found.alerts:
            ends_on = row.ends_on.isoformat() if row.ends_on else ""
            written = cards.flag(row.content, row.desk_text or "", ends_on)
            made = self._beside_or(written, mark(row.content or {}), row.id, beside.get(row.id.hex))
            flag = made["resource"]
            if ends_on and str(flag.get("period", {}).get("end", ""))[:10] != ends_on:
                flag["period"] = {**flag.get("period", {}), "end": ends_on}
            found.append(made)
        return found


def _other_extensions(resource: Resource) -> list[Resource]:
    return [
        one
        for one in resource.get("extension") or []
        if isinstance(one, dict) and not str(one.get("url", "")).startswith(people.OURS)
    ]


def _statement(written: Resource) -> Resource:
    """Turn a MedicationRequest as we write it into the MedicationStatement that the entry came from."""
    made = {
        key: value
        for key, value in written.items()
        if key not in {"intent", "requester", "dosageInstruction", "authoredOn"}
    }
    if written.get("dosageInstruction"):
        made["dosage"] = written["dosageInstruction"]
    if written.get("authoredOn"):
        made["effectiveDateTime"] = written["authoredOn"]
    made["status"] = made["status"] if made["status"] in STATUS["MedicationStatement"] else "unknown"
    return made | {"resourceType": "MedicationStatement"}
