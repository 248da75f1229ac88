"""Notes that tell of one visit: found where one of them is a late entry, shown side by side, until somebody decides.

Two notes tell of one visit if at least one is a late entry and (1) both belong to the same visit of the chart; or,
where not both belong to one, (2) their moments fall into the same appointment, an hour before and after it included;
or, where not both fall into one, (3) their moments are at most four hours apart. A note's moment is when it happened,
else when its visit began, else when it was written. Who wrote them makes no difference.

What must never happen: a note out of sight that is counted, shown or hinted at by this (``prove/hiding.py``). All that
is compared comes from ``_notes``, which knows rows in sight only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from alcove.clinic.calendar.models import Booking
from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Note, NotePair, sections
from alcove.clinic.records.queries.notes import NoteLine, line, may_read
from alcove.clinic.records.queries.words import legible
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open

MARGIN: Final = timedelta(hours=1)
"""So long before and after an appointment a moment still belongs to it: people come early, and write afterwards."""
NEAR: Final = timedelta(hours=4)
"""Half a working day: without an appointment, moments so close are taken for one visit."""
MOST: Final = 20
"""Clients on the first pages."""

Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Told:
    """A note and the visit it tells of, as far as that is known; nothing of it is opened."""

    note_id: UUID
    author_id: UUID | None
    at: datetime
    is_late: bool
    visit_id: UUID | None
    booking_id: UUID | None


def pair_of(one: UUID, other: UUID) -> Pair:
    """Return two notes in the order in which decisions name them."""
    return (one, other) if one.hex < other.hex else (other, one)


def is_one_visit(one: Told, other: Told) -> bool:
    """Whether two notes of a client tell of one visit; see the module's docstring."""
    if not (one.is_late or other.is_late):
        return False
    if one.visit_id and other.visit_id:
        return one.visit_id == other.visit_id
    if one.booking_id and other.booking_id:
        return one.booking_id == other.booking_id
    return abs(one.at - other.at) <= NEAR


def _notes() -> QuerySet[Note]:
    return Note.objects.all()


def _rows(client_ids: Collection[UUID]) -> Iterable[tuple[Any, ...]]:
    found = _notes().filter(client_id__in=client_ids).order_by("id")
    return found.values_list(
        "client_id", "id", "author_id", "happened_at", "written_at", "visit_id", "visit__starts_at"
    )


def _with_late(client_ids: Collection[UUID]) -> set[UUID]:
    """Return which clients have a late entry in sight; without one nothing more is asked."""
    late = _notes().filter(happened_at__isnull=False, client_id__in=client_ids)
    return set(late.values_list("client_id", flat=True))


def _told(client_ids: Collection[UUID]) -> Mapping[UUID, list[Told]]:
    """Return the notes of these clients by client."""
    bookings: dict[UUID | None, list[tuple[datetime, datetime, UUID]]] = defaultdict(list)
    came = Booking.objects.filter(client_id__in=client_ids)
    came = came.exclude(state__in=[Booking.State.CANCELLED, Booking.State.HELD])
    for client_id, starts_at, ends_at, booking_id in came.values_list(
        "client_id", "starts_at", "ends_at", "id"
    ):
        bookings[client_id].append((starts_at, ends_at, booking_id))
    found: dict[UUID, list[Told]] = defaultdict(list)
    for client_id, note_id, author_id, happened, written, visit_id, began in _rows(client_ids):
        at = happened or began or written
        booking = _booking(bookings[client_id], at)
        found[client_id].append(Told(note_id, author_id, at, happened is not None, visit_id, booking))
    return found


def _booking(bookings: Sequence[tuple[datetime, datetime, UUID]], at: datetime) -> UUID | None:
    """Return the appointment a moment falls into; of several the one that begins nearest."""
    near = [
        (abs(starts - at), booking)
        for starts, ends, booking in bookings
        if starts - MARGIN <= at <= ends + MARGIN
    ]
    return min(near)[1] if near else None


def _of_one_visit(client_ids: Collection[UUID]) -> Iterator[tuple[UUID, Told, Told]]:
    """Yield (client, note, note) of one visit that nobody has decided about."""
    if not client_ids:
        return
    rows = NotePair.objects.filter(client_id__in=client_ids).values_list("first_id", "second_id")
    decided = set(rows)
    for client_id, told in _told(client_ids).items():
        for one, other in combinations(told, 2):
            if is_one_visit(one, other) and pair_of(one.note_id, other.note_id) not in decided:
                yield client_id, one, other


def open_pairs(client_id: UUID) -> set[Pair]:
    """Return the notes in sight that tell of one visit and wait for somebody to decide, two by two."""
    found = _of_one_visit(_with_late([client_id]))
    return {pair_of(one.note_id, other.note_id) for _, one, other in found}


def waiting(client_id: UUID) -> set[UUID]:
    """Return the notes in sight that are one of an undecided pair."""
    return {note_id for pair in open_pairs(client_id) for note_id in pair}


def owed(actor: Actor, away: Collection[UUID]) -> dict[UUID, int]:
    """Return for which clients this person wrote how many of the notes that wait to be compared.

    No client is open here, so that sensitive notes are not among them: their author meets them on the client's pages.
    """
    if actor.id is None:
        return {}
    late = _notes().filter(happened_at__isnull=False).values("client_id")
    own = _notes().filter(author_id=actor.id, client_id__in=late).exclude(client_id__in=away)
    clients = set(own.order_by().values_list("client_id", flat=True).distinct())
    mine: dict[UUID, set[UUID]] = defaultdict(set)
    for client_id, *pair in _of_one_visit(clients):
        mine[client_id] |= {one.note_id for one in pair if one.author_id == actor.id}
    return {client_id: len(notes) for client_id, notes in list(mine.items())[:MOST] if notes}


# Side by side ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    """One of the notes. ``sources``: notes whose words it may be amended with, as (id, author)."""

    note: Note
    line: NoteLine
    amendments: int
    is_own_draft: bool
    sources: list[tuple[UUID, str]]


@dataclass(frozen=True, slots=True)
class Part:
    """One section of the notes. ``state``: same, differs, one (only one says something), "" with one readable note.

    ``texts``: (who, text, "" for nothing) of each note that may be read.
    """

    title: str
    state: str
    texts: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about two notes. ``other``: the other one, as seen from the note asked for."""

    other: NoteLine
    words: str
    who: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Notes of one visit side by side. ``open``: what waits; ``unread``: authors whose draft has to be signed first.

    ``takes_reason``: whether a reason may be written: not where the notes have different circles of readers.
    """

    sides: list[Side]
    parts: list[Part]
    open: list[Pair]
    decided: list[Decided]
    unread: list[str]
    takes_reason: bool

    @property
    def seen(self) -> str:
        """What stands open on the page, for the form: whoever decides decides about this and nothing newer."""
        return seen(self.open)


def seen(pairs: Iterable[Pair]) -> str:
    """Return pairs as a form carries them."""
    return " ".join(sorted(f"{one.hex}{other.hex}" for one, other in pairs))


def compared(actor: Actor, client: Client, note: Note) -> Compared:
    """Return a note that may be known of, and what stands beside it. Opens the texts this actor may read."""
    actor.must(Open.RECORD)
    pairs, held = open_pairs(client.id), _decisions(note)
    beside = {one for pair in pairs if note.id in pair for one in pair} | {note.id}
    beside |= {one for row in held for one in (row.first_id, row.second_id)}
    found = _notes().filter(client=client, pk__in=beside).prefetch_related("amendments")
    notes = sorted(found, key=lambda one: (one.written_at, one.id))
    ids = {one.id for one in notes}
    waiting_here = sorted(pair for pair in pairs if set(pair) <= ids)
    in_pairs = {one for pair in waiting_here for one in pair}
    circles = {one.audience_id for one in notes if one.id in in_pairs and one.audience_id}
    return Compared(
        sides=[_side(actor, one, notes) for one in notes],
        parts=_parts([one for one in notes if may_read(actor, one)]),
        open=waiting_here,
        decided=_decided(actor, note, held, {one.id: one for one in notes}),
        unread=[legible(one.author_name) for one in notes if one.id in in_pairs and not may_read(actor, one)],
        takes_reason=len(circles) < 2,  # noqa: PLR2004 - two circles of readers
    )


def _decisions(note: Note) -> list[NotePair]:
    rows = NotePair.objects.filter(client_id=note.client_id).order_by("decided_at", "id")
    return [row for row in rows if note.id in (row.first_id, row.second_id)]


def decisions(actor: Actor, note: Note) -> list[Decided]:
    """Return what was decided about a note and others in sight, oldest first."""
    actor.must(Open.RECORD)
    held = _decisions(note)
    ids = {one for row in held for one in (row.first_id, row.second_id)}
    return _decided(actor, note, held, _notes().filter(client_id=note.client_id).in_bulk(list(ids)))


def _decided(actor: Actor, note: Note, held: Sequence[NotePair], notes: Mapping[UUID, Note]) -> list[Decided]:
    found = []
    for row in held:
        other = notes.get(row.second_id if row.first_id == note.id else row.first_id)
        if other is not None:
            words = NotePair.Outcome(row.outcome).label
            who, reason = legible(row.decided_by_name), legible(row.reason)
            found.append(Decided(line(actor, other), words, who, row.decided_at, reason))
    return found


def _side(actor: Actor, note: Note, notes: Sequence[Note]) -> Side:
    sources = [(one.id, legible(one.author_name)) for one in notes if may_amend_from(actor, note, one)]
    is_own_draft = not note.is_signed and may_read(actor, note)
    return Side(note, line(actor, note), len(note.amendments.all()), is_own_draft, sources)


def may_amend_from(actor: Actor, note: Note, other: Note) -> bool:
    """Whether a signed note may be amended with another's words: never with those of a smaller circle of readers."""
    circle = other.audience_id in (None, note.audience_id)
    return (
        note.id != other.id
        and note.is_signed
        and circle
        and may_read(actor, other)
        and bool(words(note, other))
    )


def words(note: Note, other: Note) -> str:
    """Return what another note says otherwise, section by section, as an amendment begins with it."""
    own = dict(note.texts)
    return "\n\n".join(f"{title}: {text}" for title, text in other.texts if own.get(title) != text)


def _parts(notes: Sequence[Note]) -> list[Part]:
    """Return the sections of these notes in the order of their templates, what only one has at its place."""
    keys: dict[str, str] = {}
    for note in notes:
        for section in sections.template(note.template).sections:
            keys.setdefault(section.title, section.key)
        keys |= {title: title for title, _ in note.texts if title not in keys}
    said = [(legible(note.author_name), dict(note.texts)) for note in notes]
    found = []
    for title in ("Title", *keys):
        texts = [
            (who, legible(note.title if title == "Title" else held.get(title, "")))
            for note, (who, held) in zip(notes, said, strict=True)
        ]
        if any(text for _, text in texts):
            found.append(Part(title, _state([text for _, text in texts]), texts))
    return found


def _state(texts: Sequence[str]) -> str:
    if len(texts) < 2:  # noqa: PLR2004 - nothing to compare with
        return ""
    if len(set(texts)) == 1:
        return "same"
    return "one" if sum(bool(text) for text in texts) == 1 else "differs"
