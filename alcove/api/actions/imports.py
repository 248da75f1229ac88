"""One client's part of a bundle into the record: one transaction, all of it or nothing.

Rows get their ids before they are written, so entries that refer to each other find each other. Each row keeps the
resource it came from, whole, beside its own words (``content["fhir"]``): ``resource``, ``was`` (a mark of the words
as imported), ``url`` where the resource's ``fullUrl`` does not follow from its id, ``files`` as [place, document id].
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Model

from alcove.api.fhir.attachments import without_files
from alcove.api.fhir.plans import Plan, Wanted, mark
from alcove.api.fhir.shapes import as_moment
from alcove.api.policy import Api
from alcove.api.policy import Did as ApiDid
from alcove.clinic.clients.actions import change_client, create_client
from alcove.clinic.clients.models import Alert, Client, LinkedPerson
from alcove.clinic.clients.policy import Did as ClientsDid
from alcove.clinic.records.models import Document, ImportedResource, Item, KeptResource, Visit
from alcove.clinic.records.policy import Did
from alcove.clinic.records.queries.documents import LABEL
from alcove.security.access import opening
from alcove.security.access.audiences import hidden_rows
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.access.models import Version
from alcove.security.vault import crypto, files
from alcove.security.vault.ids import uuid7

SOURCE = "import"
MODELS: dict[str, type[Model]] = {
    "alert": Alert,
    "client": Client,
    "document": Document,
    "item": Item,
    "kept": KeptResource,
    "person": LinkedPerson,
    "visit": Visit,
}
_DAY = len("2024-05-01")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")


@dataclass
class Import:
    """The import of one client under way. ``stored`` names the files written, for whoever has to take them back."""

    change: Change
    plan: Plan
    client: Client
    zone: ZoneInfo
    stored: list[str]
    ids: dict[int, UUID] = field(default_factory=dict)
    rows: dict[type[Model], list[Any]] = field(default_factory=lambda: defaultdict(list))
    remembered: list[ImportedResource] = field(default_factory=list)
    updated: int = 0
    visits: set[int] = field(default_factory=set)
    marked: frozenset[UUID] = frozenset()

    def remember(self, one: Wanted, became: str, object_id: UUID) -> None:
        self.remembered.append(
            ImportedResource(
                client_id=self.client.id, source_key=one.keys[0], digest=one.digests[0], became=became,
                object_id=object_id,
            )
        )  # fmt: skip

    def target(self, one: Wanted, reference: str) -> UUID | None:
        """Return the id of the row that something referred to became, in this import or an earlier one."""
        index = one.entry.refers.get(reference)
        if index is not None:
            return self.ids.get(index)
        earlier = self.plan.outside.get((one.entry.index, reference))
        return earlier.object_id if earlier and earlier.client_id == self.client.id else None


@action(Api.IMPORT)
def import_client(change: Change, plan: Plan, zone: ZoneInfo, stored: list[str]) -> UUID:
    """Write what the plan says about one client; return the client's id.

    Outcomes of entries that staff changed meanwhile become refusals in the plan. ``stored`` receives the object names
    of files as they are written: if the transaction fails, the caller deletes them.
    """
    client = _client(change, plan)
    deed = Import(change, plan, client, zone, stored, marked=frozenset(hidden_rows(client.id)))
    known = {one.entry.index: one.known.object_id for one in plan.wanted if one.known}
    # Visits first: entries hang on them.
    order = sorted(plan.wanted, key=lambda one: (one.read.kind != "visit", one.entry.index))
    deed.ids = known | {one.entry.index: uuid7() for one in order if one.entry.index not in known}
    deed.visits = {one.entry.index for one in order if one.read.kind == "visit"}
    for one in order:
        if one.outcome in {"created", "kept"}:
            _add(deed, one)
    for kind in (Visit, Item, Document, KeptResource, LinkedPerson, Alert):
        rows = deed.rows[kind]
        event = {LinkedPerson: ClientsDid.PERSON_ADDED, Alert: ClientsDid.ALERT_ADDED}.get(kind, Did.IMPORTED)
        change.create_many(rows, event)
    ImportedResource.objects.bulk_create(deed.remembered, batch_size=500)
    _update(deed, [one for one in order if one.outcome == "changed"])
    if not change.drafts:
        change.record(ApiDid.REPEATED, client_id=deed.client.id)
    return deed.client.id


def _client(change: Change, plan: Plan) -> Client:
    if plan.client_id is not None:
        opening.open_client(change.actor, plan.client_id, record=False)
        return Client.objects.get(pk=plan.client_id)
    if plan.patient is None or plan.card is None:
        raise ValueError("a plan without a client and without a patient")
    card = plan.card
    client = create_client(change, directory=card.directory, details=card.details, imported=True)
    rows = [LinkedPerson(client_id=client.id, details=details) for details in card.people]
    change.create_many(rows, ClientsDid.PERSON_ADDED)
    linked = [[row.id.hex, mark(row.details)] for row in rows]
    content = _patient_content(plan, client, linked)
    kept = KeptResource(client_id=client.id, resource_type="Patient", content=content)
    change.create_many([kept], Did.IMPORTED)
    ImportedResource.objects.create(
        client_id=client.id, source_key=plan.patient.keys[0], digest=plan.patient.digests[0], became="client",
        object_id=client.id,
    )  # fmt: skip
    return client


def _patient_content(plan: Plan, client: Client, linked: list[list[str]]) -> dict[str, Any]:
    """Return the kept Patient; ``linked``: (row id, mark) of each linked person its contacts became, in order."""
    if plan.patient is None:
        raise ValueError("a plan without a patient")
    entry = plan.patient.entry
    mine: dict[str, Any] = {"was": mark({"directory": client.directory, "details": client.details})}
    if linked:
        mine["people"] = linked
    return kept_content(entry.resource, entry.url, mine)


def kept_content(resource: dict[str, Any], url: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what a KeptResource holds: the resource, with what we must remember of it under a name FHIR never uses."""
    mine = dict(more or {})
    if url and url.lower() != f"urn:uuid:{str(resource.get('id', '')).lower()}":
        mine["url"] = url
    return {**resource, "_alcove": mine} if mine else resource


# New rows ------------------------------------------------------------------------------------------------------


def _add(deed: Import, one: Wanted) -> None:
    kind, object_id = one.read.kind, deed.ids[one.entry.index]
    if kind == "document":
        object_id = deed.ids[one.entry.index] = _documents(deed, one)[0][1]
        deed.remember(one, "document", object_id)
        return
    became = kind if kind in MODELS else "item"
    model = MODELS[became]
    deed.rows[model].append(model(id=object_id, client_id=deed.client.id, **_values(deed, one)))
    deed.remember(one, became, object_id)
    if kind in {"person", "alert"}:
        # Such a row has few places: the resource itself is kept beside it.
        resource = kept_content(
            one.entry.resource, one.entry.url, {"row": object_id.hex, "was": _mark_of(one)}
        )
        deed.rows[KeptResource].append(
            KeptResource(client_id=deed.client.id, resource_type=one.entry.type, content=resource)
        )


def _mark_of(one: Wanted) -> str:
    held = one.read.content
    return mark(held["content"] if one.read.kind == "alert" else held)


def _values(deed: Import, one: Wanted) -> dict[str, Any]:
    """Return the columns of a row, without its ids."""
    read = one.read
    if read.kind == "person":
        return {"details": read.content}
    if read.kind == "alert":
        return {**read.content, "author_id": deed.change.actor.id}
    if read.kind == "kept":
        return {
            "resource_type": one.entry.type,
            "content": kept_content(one.entry.resource, one.entry.url),
        }
    if read.kind == "visit":
        starts_at = as_moment(read.starts, deed.zone) or deed.change.now
        return {"starts_at": starts_at, "content": _with_source(one, read.content), "source": SOURCE}
    content = dict(read.content)
    # A value that was marked sensitive since is not named by a result that comes now.
    results = [
        str(found) for text in read.results if (found := deed.target(one, text)) and found not in deed.marked
    ]
    if results:
        content["results"] = results
    attached = _documents(deed, one) if read.files else []
    return {
        "kind": read.kind,
        "visit_id": _visit(deed, one),
        "content": _with_source(one, content, attached),
        "source": SOURCE,
        "author_id": deed.change.actor.id,
        "is_verified": False,
        "struck_at": deed.change.now if read.is_struck else None,
    }


def _visit(deed: Import, one: Wanted) -> UUID | None:
    found = deed.target(one, one.read.visit) if one.read.visit else None
    if found is None:
        return None
    index = one.entry.refers.get(one.read.visit)
    if index is not None:
        return found if index in deed.visits else None
    earlier = deed.plan.outside.get((one.entry.index, one.read.visit))
    return found if earlier and earlier.became == "visit" else None


def _with_source(
    one: Wanted, content: dict[str, Any], attached: list[tuple[str, UUID]] | None = None
) -> dict[str, Any]:
    resource = without_files(one.entry.resource, one.read.files)
    mine: dict[str, Any] = {"was": mark(content), "resource": resource}
    if one.entry.url and one.entry.url.lower() != f"urn:uuid:{one.entry.own_id.lower()}":
        mine["url"] = one.entry.url
    if attached:
        mine["files"] = [[at, object_id.hex] for at, object_id in attached]
    return {**content, "fhir": mine}


def _documents(deed: Import, one: Wanted) -> list[tuple[str, UUID]]:
    """Seal each file that came inside the resource; the first of a DocumentReference keeps the resource."""
    found: list[tuple[str, UUID]] = [(file.at, uuid7()) for file in one.read.files]
    for number, (file, (_, document_id)) in enumerate(zip(one.read.files, found, strict=True)):
        key = crypto.new_key()
        name = files.store(key, [file.data], document_id, LABEL)
        deed.stored.append(name)
        media_type = file.media_type.partition(";")[0].strip().lower()
        content = {
            "title": file.title or "Document",
            "name": "",
            "media_type": media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream",
            "bytes": len(file.data),
            "sha256": hashlib.sha256(file.data).hexdigest(),
            "dated": file.dated[:_DAY] if len(file.dated) >= _DAY else "",
        }
        if number == 0 and one.read.kind == "document":
            content = _with_source(one, content, found)
        deed.rows[Document].append(
            Document(
                id=document_id, client_id=deed.client.id, content=content, object_name=name, source=SOURCE,
                file_key=base64.b64encode(key).decode("ascii"), author_id=deed.change.actor.id,
                struck_at=deed.change.now if one.read.is_struck else None,
            )
        )  # fmt: skip
    return found


# Changed rows --------------------------------------------------------------------------------------------------


def _update(deed: Import, changed: list[Wanted]) -> None:
    """Change the rows whose resources say something else now; each keeps its earlier version, the log has one entry."""
    patient = deed.plan.patient
    every = [*changed, *([patient] if patient and patient.outcome == "changed" else [])]
    by_staff = _changed_by_staff([one.known.object_id for one in every if one.known]) | deed.marked
    before = len(deed.change.drafts)
    for one in every:
        if one.known is None:
            continue
        if one.known.object_id in by_staff:
            deed.plan.refuse(one.entry, "changed_here")
            one.outcome = "refused"
        elif one is patient:
            _update_client(deed, one)
        else:
            _update_row(deed, one)
    if deed.updated:
        del deed.change.drafts[before:]
        deed.change.record(Did.ITEM_CHANGED, client_id=deed.client.id, fields=(f"{deed.updated} imported",))


def _changed_by_staff(ids: list[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for at in range(0, len(ids), 500):
        rows = Version.everything.filter(object_id__in=ids[at : at + 500], actor_id__isnull=False)
        found |= set(rows.values_list("object_id", flat=True))
    return found


def _settle(deed: Import, one: Wanted, object_id: UUID | None = None) -> None:
    values: dict[str, Any] = {"digest": one.digests[0], "source_key": one.keys[0]}
    if object_id:
        values["object_id"] = object_id
    ImportedResource.objects.filter(source_key__in=one.keys).update(**values)
    deed.updated += 1


def _update_client(deed: Import, one: Wanted) -> None:
    card = deed.plan.card
    kept = KeptResource.objects.filter(client_id=deed.client.id, resource_type="Patient").first()
    if card is None or kept is None:
        return
    try:
        change_client(deed.change, deed.client, directory=card.directory, details=card.details)
    except Conflict:
        # What changed has no place on the card: the kept Patient takes it.
        deed.client.refresh_from_db()
    linked = kept.content.get("_alcove", {}).get("people", [])
    deed.change.update(kept, Did.ITEM_CHANGED, content=_patient_content(deed.plan, deed.client, linked))
    _settle(deed, one)


def _update_row(deed: Import, one: Wanted) -> None:
    if one.known is None:
        return
    became = one.read.kind if one.read.kind in MODELS else "item"
    if became == "document" or one.known.became != became:
        _replace(deed, one, became)
        return
    row: Any = MODELS[became]._default_manager.get(pk=one.known.object_id)
    values = _values(deed, one)
    for name in ("source", "author_id", "resource_type"):
        values.pop(name, None)
    if became == "item" and row.struck_at is not None:
        values.pop("struck_at")
    change_to = {name: value for name, value in values.items() if getattr(row, name) != value}
    deed.change.update(row, Did.ITEM_CHANGED, **change_to)
    deed.change.create_many(deed.rows.pop(Document, []), Did.IMPORTED)
    if became in {"person", "alert"}:
        for kept in KeptResource.objects.filter(client_id=deed.client.id, resource_type=one.entry.type):
            if kept.content.get("_alcove", {}).get("row") == row.pk.hex:
                more = {"row": row.pk.hex, "was": _mark_of(one)}
                content = kept_content(one.entry.resource, one.entry.url, more)
                deed.change.update(kept, Did.ITEM_CHANGED, content=content)
    _settle(deed, one)


def _replace(deed: Import, one: Wanted, became: str) -> None:
    """Something became another kind of row, or has other files: the old row is struck, a new one takes its place."""
    if one.known is None:
        return
    old: Any = MODELS[one.known.became]._default_manager.filter(pk=one.known.object_id).first()
    if old is not None and hasattr(old, "struck_at") and old.struck_at is None:
        deed.change.update(old, Did.ITEM_STRUCK, struck_at=deed.change.now)
    elif isinstance(old, KeptResource):
        deed.change.delete(old, Did.ITEM_STRUCK, fields=("content",))
    deed.ids[one.entry.index] = uuid7()
    new: dict[type[Model], list[Any]] = defaultdict(list)
    outer, deed.rows = deed.rows, new
    remembered, deed.remembered = deed.remembered, []
    _add(deed, one)
    deed.rows, deed.remembered = outer, remembered
    for rows in new.values():
        deed.change.create_many(rows, Did.IMPORTED)
    _settle(deed, one, deed.ids[one.entry.index])
    ImportedResource.objects.filter(source_key=one.keys[0]).update(became=became)
