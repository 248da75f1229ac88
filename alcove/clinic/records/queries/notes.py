"""Notes: signed ones to every clinician, drafts to their author alone; others learn only that one exists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.records.models import Amendment, Note, sections
from alcove.clinic.records.models.signatures import amendment_is_sound, note_is_sound
from alcove.clinic.records.policy import Records
from alcove.clinic.records.queries import readers
from alcove.clinic.records.queries.words import legible
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound, Refused
from alcove.security.access.policy import Open
from alcove.security.vault import rows
from alcove.security.vault.entries import sight


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note in a list. ``is_readable``: whether there is a text for this actor behind it.

    ``readers``: who reads it, if it is sensitive. ``happened_at``: of a late entry, when it took place.
    """

    id: UUID
    client_id: UUID
    heading: str
    kind: str
    author: str
    written_at: datetime
    signed_at: datetime | None
    is_signed: bool
    is_readable: bool
    readers: str = ""
    happened_at: datetime | None = None

    @property
    def url(self) -> str:
        return page_url("records:note", client_id=self.client_id, note_id=self.id)


@dataclass(frozen=True, slots=True)
class AmendmentText:
    """An amendment as it is shown; ``is_sound``: whether its code holds."""

    text: str
    reason: str
    author: str
    at: datetime
    is_sound: bool


@dataclass(frozen=True, slots=True)
class NoteText:
    """A signed note as it is shown. ``is_imported``: it carries no code of ours, because another system signed it."""

    note: Note
    heading: str
    author: str
    texts: list[tuple[str, str]]
    acknowledged: list[str]
    amendments: list[AmendmentText]
    is_sound: bool
    is_imported: bool


def may_read(actor: Actor, note: Note) -> bool:
    """Whether the text of a note is this actor's to read: a draft is its author's alone."""
    return _is_readable(actor, note.author_id, is_signed=note.is_signed)


def _is_readable(actor: Actor, author_id: UUID | None, *, is_signed: bool) -> bool:
    return is_signed or (author_id is not None and author_id == actor.id)


def line(actor: Actor, note: Note) -> NoteLine:
    """Return a note as a line of a list."""
    title = note.title if may_read(actor, note) else None
    ids, at = (note.id, note.client_id), (note.written_at, note.signed_at)
    made = _line(ids, note.template, at, title, note.author_name, is_signed=note.is_signed)
    return replace(made, readers=readers.of(note), happened_at=note.happened_at)


def _line(
    ids: tuple[UUID, UUID],
    template: str,
    at: tuple[datetime, datetime | None],
    title: str | None,
    author: str,
    *,
    is_signed: bool,
) -> NoteLine:
    """Return a line; ``ids``: note and client; ``at``: written, signed; ``title``: None if not this actor's to read."""
    kind, author = sections.template(template).title, legible(author) or "an unknown author"
    heading = f"Unsigned note by {author}" if title is None else legible(title) or kind
    return NoteLine(*ids, heading, kind, author, *at, is_signed, title is not None)


_TITLE: Any = Note._meta.get_field("title")
_AUTHOR: Any = Note._meta.get_field("author_name")
_HEADINGS = (
    "SELECT id, visit_id, template, title, author_id, author_name, state, written_at, signed_at, happened_at,"
    " audience_id"
    " FROM records_note "
)


def _headings(actor: Actor, client_id: UUID, rest: str, *given: object) -> list[tuple[UUID | None, NoteLine]]:
    """Return (visit, line) of notes of one client; ``rest``: what follows WHERE. Opens headings, not texts."""
    found = []
    statement = f"{_HEADINGS} WHERE client_id = %s{sight()} {rest}"
    read = rows.read(statement, client_id, *given)
    read_by = readers.words(rows.uuid_or_none(row[-1]) for row in read)
    for row_id, visit, template, title, author_id, author, state, written, signed, late, audience in read:
        note_id, is_signed = rows.uuid(row_id), state == Note.State.SIGNED.value
        audience_id = rows.uuid_or_none(audience)
        is_readable = _is_readable(actor, rows.uuid_or_none(author_id), is_signed=is_signed)
        readable_title = _TITLE.opened_row(client_id, note_id, title, audience_id) if is_readable else None
        by, at = (
            _AUTHOR.opened_row(client_id, note_id, author, audience_id),
            (rows.moment(written), rows.moment_or_none(signed)),
        )
        line = _line((note_id, client_id), template, at, readable_title, by, is_signed=is_signed)
        if late is not None:
            line = replace(line, happened_at=rows.moment(late))
        if audience_id:
            line = replace(line, readers=read_by[audience_id])
        found.append((rows.uuid_or_none(visit), line))
    return found


def newest(actor: Actor, client_id: UUID, *, first: int = 0, count: int) -> list[NoteLine]:
    """Return a client's notes as lines, newest first."""
    rest = "ORDER BY written_at DESC, id DESC LIMIT %s OFFSET %s"
    return [line for _, line in _headings(actor, client_id, rest, count, first)]


def at_visits(actor: Actor, client_id: UUID, visits: Sequence[UUID]) -> dict[UUID | None, list[NoteLine]]:
    """Return the notes of these visits of one client as lines, by visit, oldest first."""
    found: dict[UUID | None, list[NoteLine]] = defaultdict(list)
    if visits:
        marks = ", ".join(["%s"] * len(visits))
        rest = f"AND visit_id IN ({marks}) ORDER BY written_at"
        for visit, line in _headings(actor, client_id, rest, *visits):
            found[visit].append(line)
    return found


def notes(actor: Actor, client: Client, *, first: int = 0, count: int = 50) -> tuple[list[NoteLine], int]:
    """Return one page of the client's notes, newest first, and how many there are. Opens headings, not texts."""
    actor.must(Open.RECORD)
    return newest(actor, client.id, first=first, count=count), Note.objects.filter(client=client).count()


def note(actor: Actor, client: Client, note_id: UUID) -> Note:
    """Return a note of this client; raise ``NotFound``. Whether its text may be read: ``may_read``."""
    actor.must(Open.RECORD)
    found = Note.objects.filter(pk=note_id, client=client).select_related("visit").first()
    if found is None:
        raise NotFound("there is no such note")
    return found


def own_draft(actor: Actor, client: Client, note_id: UUID) -> Note:
    """Return a note this actor is about to write in; raise ``Refused``, on the record, for another's draft."""
    found = note(actor, client, note_id)
    if not found.is_signed and not may_read(actor, found):
        opening.record_refusal(actor, Records.SIGN.key, client_id=client.id, where="records.note")
        raise Refused(Records.SIGN.key, "Only its author may write, sign or discard an unsigned note.")
    return found


def text(note: Note) -> NoteText:
    """Return a readable note with its amendments, each code checked."""
    found = list(Amendment.objects.filter(note=note, client_id=note.client_id))
    return NoteText(
        note=note,
        heading=legible(note.heading),
        author=legible(note.author_name) or "Unknown author",
        texts=[(legible(title), legible(words)) for title, words in note.texts],
        acknowledged=[legible(alert.get("text", "")) for alert in note.acknowledged or []],
        amendments=[
            AmendmentText(
                legible(one.text),
                legible(one.reason),
                legible(one.author_name),
                one.at,
                amendment_is_sound(one, note),
            )
            for one in found
        ],
        is_sound=note.is_signed and note_is_sound(note),
        is_imported=note.source == "import" and not note.signature,
    )
