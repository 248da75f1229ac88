"""A few clients with a value in every kind of sealed column there is, and ways to look at what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.utils import timezone

from alcove.clinic.clients.models import Alert, Client, LinkedPerson
from alcove.clinic.clients.policy import Clients as ClientsRight
from alcove.clinic.records.models import Amendment, Document, Item, KeptResource, Note, Visit
from alcove.clinic.records.policy import Records as RecordsRight
from alcove.security.access import keys, opening
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.models import Approval, Version
from alcove.security.access.policy import Access, Did
from alcove.security.access.writes import writing
from alcove.security.identity.models import Factor, Person
from alcove.security.vault import crypto, files
from alcove.security.vault.fields import SealedField
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part, put
from alcove.security.vault.models import ClientKey

# Whoever acts holds the rights declared by then: the areas' policies come first.
assert ClientsRight
assert RecordsRight
OPERATOR = Actor.operator("test")
FILE_LABEL = "records.document"
FILE = b"a picture of what was treated " * 5000


def destroy_roots(operator: Actor = OPERATOR) -> list[str]:
    """Destroy the replaced root keys as two people would: asked on the console, approved by someone."""
    keys.ask_for_root(operator, keys.DESTROY, "the backups under it are gone")
    with writing("a second person"):
        Approval.objects.filter(kind=keys.ROOT_KIND, decided_at__isnull=True).update(
            decided_at=timezone.now(), decided_by_id=uuid7(), is_granted=True
        )
    return keys.destroy_roots(operator)


@action(Access.EDIT_ROLES)
def fill(change: Change, clients: int = 3) -> list[UUID]:
    """Make clients with one row of every kind; every text names the client, so a mix-up shows."""
    ids = []
    for number in range(clients):
        client_id = uuid7()
        ids.append(client_id)
        opening.new_client(client_id)
        _fill_one(change, client_id, f"words of client {number}")
    for number in range(2):
        person = change.create(
            Person, Did.ROLE_CREATED, email=f"f{number}@clinic.example", name=f"F {number}"
        )
        change.create(Factor, Did.ROLE_CREATED, person=person, secret=f"HOUSESECRET{number}")
        before = {"name": f"house words {number}"}
        Version(model="t", object_id=uuid7(), event="t", before=before).save(force_insert=True)
    return ids


def _fill_one(change: Change, client_id: UUID, words: str) -> None:
    def add(kind: Any, /, **values: Any) -> Any:
        row = kind(**values)
        row.save(force_insert=True)
        return row

    client = add(Client, id=client_id, directory={"given": words}, details={"note": words})
    add(LinkedPerson, client=client, details={"name": words})
    add(Alert, client=client, content={"text": words}, desk_text=words)
    visit = add(Visit, client=client, starts_at=change.now, content={"reason": words})
    note = add(Note, client=client, visit=visit, title=words, body={"text": words}, author_name=words)
    add(Amendment, client=client, note=note, text=words, reason=words, author_name=words, signature="s")
    add(Item, client=client, kind="allergy", content={"name": words})
    add(KeptResource, client=client, resource_type="Claim", content={"id": words})
    add(Version, client_id=client_id, model="t", object_id=uuid7(), event="t", before={"x": words},
        directory_before={"y": words})  # fmt: skip
    row_id, key = uuid7(), crypto.new_key()
    name = files.store(key, [FILE], row_id, FILE_LABEL)
    add(Document, id=row_id, client=client, content={"title": words}, file_key=key.hex(), object_name=name)


@dataclass(frozen=True)
class Cell:
    """One sealed value where it lies."""

    model: Any
    field: SealedField
    row: UUID
    owner: UUID | None
    blob: bytes

    def __str__(self) -> str:
        return f"{self.field.label} of {self.owner}"

    def loaded(self) -> Any:
        return self.model._base_manager.get(pk=self.row)

    def store(self, blob: bytes | None) -> None:
        """Put other bytes there, as a thief with the database password would."""
        name = connection.ops.quote_name
        with writing("test"), connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {name(self.model._meta.db_table)} SET {name(self.field.column)} = %s "
                f"WHERE {name(self.model._meta.pk.column)} = %s",
                [blob, self.model._meta.pk.get_db_prep_value(self.row, connection)],
            )


def cells() -> list[Cell]:
    """Return every sealed value in the database."""
    found = []
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if not isinstance(field, SealedField):
                continue
            owner = None if field.owner == "house" else field.owner
            names = ["pk", field.attname, *([owner] if owner else [])]
            for row in model._base_manager.values_list(*names):
                if row[1] is not None:
                    found.append(Cell(model, field, row[0], row[2] if owner else None, bytes(row[1])))
    return found


def open_all() -> None:
    """Open every client in the ring at hand."""
    for row in ClientKey.objects.all():
        put(row, tuple(Part))


def everything() -> dict[str, Any]:
    """Return every sealed value, opened, by cell."""
    open_all()
    return {f"{cell.field.label} {cell.row}": getattr(cell.loaded(), cell.field.attname) for cell in cells()}
