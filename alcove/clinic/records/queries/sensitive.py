"""Sensitive entries of the record: what belongs to one, who reads it, and who could."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.card import Limited
from alcove.clinic.records.models import Amendment, Document, Item, Note, NotePair, PatientEntry
from alcove.clinic.records.queries import readers
from alcove.clinic.records.queries.chart import line as chart_line
from alcove.clinic.records.queries.documents import line as document_line
from alcove.clinic.records.queries.notes import line as note_line
from alcove.clinic.records.queries.notes import may_read
from alcove.security.access import audiences
from alcove.security.access.actors import Actor
from alcove.security.access.audiences import TITLES, Category, Readers
from alcove.security.access.errors import NotFound
from alcove.security.access.models import Audience, Role
from alcove.security.access.policy import Open, Sensitive
from alcove.security.identity.models import Person
from alcove.security.identity.queries import explain
from alcove.security.vault.entries import Markable

KINDS: Final[dict[str, type[Markable]]] = {"note": Note, "item": Item, "document": Document}
"""What can be marked, by the word in its URL."""
_WORDS: Final = {kind._meta.label_lower: word for word, kind in KINDS.items()}


def heads(client_id: UUID, row: Markable) -> list[Markable]:
    """Return the rows that are one entry with this one and can be marked themselves, with it.

    An imported result is one entry with the values it groups and with its files: a value hidden from a result that
    stays in sight would be told by it.
    """
    if isinstance(row, Note):
        return [row]
    found: dict[UUID, Markable] = {row.pk: row}
    groups, gone = _groups(client_id), set[UUID]()
    while more := {one for group in groups if group & found.keys() for one in group} - found.keys() - gone:
        met = {
            one.pk: one
            for kind in (Item, Document)
            for one in kind.objects.filter(client_id=client_id, pk__in=more)
        }
        found |= met
        gone |= more - met.keys()
    return list(found.values())


def _groups(client_id: UUID) -> list[set[UUID]]:
    """Return the ids that belong together: each entry that groups values or has files, with these."""
    found = []
    for one in Item.objects.filter(client_id=client_id):
        named = [*one.content.get("results", []), *(at[1] for at in _files(one.content))]
        if named:
            found.append({one.pk, *map(UUID, named)})
    documents = Document.objects.filter(client_id=client_id)
    found += [{each.pk, *(UUID(at[1]) for at in _files(each.content))} for each in documents]
    return found


def _files(content: dict[str, Any]) -> list[list[str]]:
    files: list[list[str]] = (content.get("fhir") or {}).get("files", [])
    return files


def dependents(heads: Iterable[Markable]) -> list[Markable]:
    """Return what hangs on these rows: amendments, decisions, and what the client said about them on a tablet."""
    found: list[Markable] = []
    items: dict[UUID, set[str]] = {}
    for one in heads:
        if isinstance(one, Note):
            found += Amendment.objects.filter(note_id=one.pk)
            found += _pairs(one)
        elif isinstance(one, Item):
            items.setdefault(one.client_id, set()).add(str(one.pk))
    for client_id, ids in items.items():
        told = PatientEntry.objects.filter(client_id=client_id, content__isnull=False)
        found += [one for one in told if _named_item(one) in ids]
    return found


def _pairs(note: Note) -> list[NotePair]:
    """Return what was decided about a note and another; what lies with that other's readers already stays there."""
    rows = NotePair.objects.filter(client_id=note.client_id, audience_id=None)
    return [row for row in rows if note.pk in (row.first_id, row.second_id)]


def _named_item(told: PatientEntry) -> str:
    named = (told.content or {}).get("item", "")
    return str(UUID(named)) if named else ""


def row(actor: Actor, client: Client, what: str, row_id: UUID) -> Any:
    """Return a note, entry or document in sight that this actor may mark or has marked; raise ``NotFound``."""
    actor.must(Open.RECORD)
    kind: Any = KINDS.get(what)
    found = kind.objects.filter(pk=row_id, client=client).first() if kind else None
    if found is None or (isinstance(found, Note) and not may_read(actor, found)):
        raise NotFound("there is no such row")
    return found


def audience(row: Markable) -> Audience | None:
    """Return the audience of a row in sight, None for what everyone reads who reads the record."""
    return Audience.objects.get(pk=row.audience_id) if row.audience_id else None


def audience_row(audience: Audience) -> Any:
    """Return the row that was marked, None if it was discarded since."""
    return KINDS[_WORDS[audience.head_model]].objects.filter(pk=audience.head_id).first()


# Who reads it ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choices:
    """Whom an audience may name: staff and roles who read records at all, each as (id, words)."""

    people: list[tuple[UUID, str]]
    roles: list[tuple[UUID, str]]


def choices(actor: Actor, author_id: UUID | None, held: Readers | None = None) -> Choices:
    """Return whom an entry's audience may name. Who is named already stays offered, whatever they may do by now.

    Without its author and whoever marks it: both are of it anyway.
    """
    own = {author_id} | ({actor.id} if held is None else set())
    able = [(person.id, person.name, person.title) for person, _ in explain.who_can_see(Open.RECORD)]
    known = {one for one, *_ in able}
    named = (held.people if held else frozenset()) - known
    able += list(Person.objects.filter(pk__in=named).values_list("id", "name", "title"))
    people = [(one, f"{name}, {title}" if title else name) for one, name, title in able if one not in own]
    named_roles = Role.objects.filter(pk__in=held.roles) if held else []
    offered = {role.id: role for role in (*reading_roles(), *named_roles)}
    return Choices(people, [(one, f"Everyone with the role {role.name}") for one, role in offered.items()])


def reading_roles() -> list[Role]:
    """Return the roles that read records."""
    return [role for role in Role.objects.all() if Open.RECORD.key in role.rights]


@dataclass(frozen=True, slots=True)
class Shown:
    """A sensitive entry as its audience sees it. ``readers``: names and roles in words, the author first.

    ``may_choose``: whether this actor may choose who reads it and lift it.
    """

    audience: Audience
    category: str
    readers: list[str]
    may_choose: bool

    @property
    def words(self) -> str:
        return ", ".join(self.readers)


def shown(actor: Actor, audience: Audience) -> Shown:
    """Return a sensitive entry in sight as it is shown."""
    may = actor.holds(Sensitive.MARK) and audiences.is_of(actor, audience)
    return Shown(
        audience, TITLES[Category(audience.category)], readers.named([audience.id])[audience.id], may
    )


def limited(actor: Actor, client: Client) -> Sequence[Limited]:
    """Return the client's sensitive entries in sight, for the card's page of who sees what."""
    found = []
    for one in Audience.objects.filter(client_id=client.id).order_by("-since"):
        head = audience_row(one)
        if head is None:
            continue
        url = page_url("records:audience", client_id=client.id, what=_WORDS[one.head_model], row_id=head.pk)
        held = shown(actor, one)
        found.append(Limited(title_of(actor, head), url, held.category, held.words))
    return found


def title_of(actor: Actor, head: Any) -> str:
    """Return what an entry is called in a list."""
    if isinstance(head, Note):
        return note_line(actor, head).heading
    if isinstance(head, Document):
        return document_line(head).title
    return chart_line(head).name
