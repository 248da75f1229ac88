"""What the calendar shows: columns of a day or a week, each with its blocks in their places.

A page costs the same few queries however many appointments there are: ``tests/test_pages.py`` counts them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from alcove.clinic.calendar.models import Block, Booking
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import grid, looks
from alcove.clinic.calendar.queries.faces import BUSY, Faces
from alcove.clinic.calendar.queries.grid import Grid
from alcove.clinic.calendar.queries.looks import ROOMS, Look, Row
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.practice.models import Leave, Room, StaffProfile
from alcove.clinic.practice.models.menu import TINTS
from alcove.clinic.practice.queries import opening, working
from alcove.clinic.practice.queries.hours import Span, without
from alcove.security.access.actors import Actor
from alcove.security.audit import clock
from alcove.ui.moments import clock as said

S = Booking.State
AnyOf = TypeVar("AnyOf")
WORDS = {
    S.HELD: ("Held", "hourglass"), S.BOOKED: ("Booked", ""), S.CONFIRMED: ("Confirmed", "check"),
    S.ARRIVED: ("Arrived", "map-pin-check"), S.IN_ROOM: ("In room", "door-open"), S.DONE: ("Done", "circle-check"),
    S.NO_SHOW: ("Did not come", "user-x"), S.CANCELLED: ("Cancelled", "ban"),
}  # fmt: skip
"""The word and the icon of each state."""
SHORT, MIDDLE = 4, 7
"""A block of fewer rows than this has room for one line only, or for three short ones."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something in a column. ``kind``: visit, busy, block, buffer, free, shut or away.

    ``classes`` say where it stands and how it looks, ``line`` from when to when, and of a visit what. What may not be
    known is not here.
    """

    kind: str
    classes: str
    title: str = ""
    line: str = ""
    state: str = ""
    icon: str = ""
    url: str = ""
    id: str = ""
    version: int = 0
    is_fixed: bool = False


@dataclass(slots=True)
class Column:
    """A person, a room or a day. ``begin``: minutes since 1970 of its first row, from which a drop is counted.

    ``width``: how many stand side by side at most.
    """

    key: str
    title: str
    detail: str = ""
    url: str = ""
    book_url: str = ""
    begin: int = 0
    items: list[Item] = field(default_factory=list)
    count: int = 0
    width: int = 1


@dataclass(slots=True)
class Board:
    """A drawn day or week. ``now``: the row of this moment in the grid, and ``now_column`` where only one has it."""

    look: Look
    columns: list[Column]
    rows: int
    hours: list[tuple[int, str]]
    version: str
    now: int = 0
    now_column: str = ""
    shut: str = ""

    @property
    def count(self) -> int:
        return sum(column.count for column in self.columns)


def version(actor: Actor, look: Look, first: date, days: int) -> str:
    """Return a short text that changes when anything changes that this look shows."""
    begin, end = looks.bounds(look.location, first, days)
    return _version(looks.rows(actor, look, begin, end), looks.blocks(actor, look.location, begin, end))


def _version(rows: Sequence[Row], blocks: Sequence[Block]) -> str:
    told = hashlib.sha256()
    for row in sorted(rows, key=lambda row: row.id):
        told.update(f"{row.id.hex}{row.version}.{row.booking_version};".encode())
    for block in sorted(blocks, key=lambda block: block.pk):
        told.update(f"{block.pk.hex}{block.version};".encode())
    return told.hexdigest()[:16]


def day(actor: Actor, look: Look) -> Board:
    """Return a day with a column for each person, or each room."""
    begin, end = looks.bounds(look.location, look.day)
    rows = looks.rows(actor, look, begin, end)
    blocks = looks.blocks(actor, look.location, begin, end)
    hours = opening(look.location, look.day)
    people = looks.people(actor, look.location, {row.profile_id for row in rows})
    works = working(look.location, look.day, [one.pk for one in people])
    shown = [one for one in people if look.profile_id in {None, one.pk}]
    spans = [*hours, *_spans(rows), *((one.starts_at, one.ends_at) for one in blocks)]
    drawn = grid.of_day(look.day, look.location.zone, spans)
    draw = _Draw(actor, rows, {one.pk: one.shown_name for one in people})
    if look.by == ROOMS:
        columns = _rooms(look, drawn, hours, draw, rows, blocks)
    else:
        away = _leaves(people, begin, end)
        theirs, stops = _grouped(rows, "profile_id"), _grouped(blocks, "profile_id")
        columns = [
            _person(drawn, one, works, hours, away, draw, theirs[one.pk], stops[one.pk]) for one in shown
        ]
    board = Board(look, columns, drawn.rows, drawn.hours(), _version(rows, blocks))
    board.shut = "" if hours else f"{look.location.name} is closed on this day."
    _mark_now(board, [drawn])
    return board


def week(actor: Actor, look: Look) -> Board:
    """Return the week around a day, one column for each of its days: one person's, or the whole location's."""
    days = week_of(look.day)
    begin, end = looks.bounds(look.location, days[0], 7)
    rows = looks.rows(actor, look, begin, end)
    blocks = looks.blocks(actor, look.location, begin, end)
    hours = [opening(look.location, one) for one in days]
    people = looks.people(actor, look.location, {row.profile_id for row in rows})
    ids = [one.pk for one in people if look.profile_id in {None, one.pk}]
    spans = [*(span for found in hours for span in found), *_spans(rows)]
    grids = grid.of_week(days, look.location.zone, spans)
    draw = _Draw(actor, rows, {one.pk: one.shown_name for one in people}, names_staff=look.profile_id is None)
    columns = []
    for drawn, open_spans in zip(grids, hours, strict=True):
        works = working(look.location, drawn.day, ids)
        within = [span for found in works.values() for span in found] if look.profile_id else open_spans
        column = Column(drawn.day.isoformat(), f"{drawn.day:%a} {drawn.day.day}", begin=_minutes(drawn))
        column.items = _shut(drawn, _shared(open_spans, within))
        profiles = set(ids)
        here, until = looks.bounds(look.location, drawn.day)
        its = [row for row in rows if row.starts_at < until and row.ends_at > here]
        stops = [
            one
            for one in blocks
            if one.starts_at < until and one.ends_at > here and one.profile_id in profiles
        ]
        draw.fill(column, drawn, its, stops)
        columns.append(column)
    board = Board(look, columns, grids[0].rows, grids[0].hours(), _version(rows, blocks))
    _mark_now(board, grids)
    return board


def week_of(day: date) -> list[date]:
    """Return the days of the week around a day, Monday first."""
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=one) for one in range(7)]


def _spans(rows: Iterable[Row]) -> list[Span]:
    return [(row.starts_at, row.ends_at) for row in rows]


def _minutes(drawn: Grid) -> int:
    return int(drawn.begin.timestamp() // 60)


def _leaves(people: Sequence[StaffProfile], begin: datetime, end: datetime) -> dict[UUID, list[Span]]:
    found: dict[UUID, list[Span]] = {}
    away = Leave.objects.filter(profile__in=[one.pk for one in people], starts_at__lt=end, ends_at__gt=begin)
    for profile_id, starts_at, ends_at in away.values_list("profile_id", "starts_at", "ends_at"):
        found.setdefault(profile_id, []).append((starts_at, ends_at))
    return found


def _person(  # noqa: PLR0917 - all of it was loaded once for every column
    drawn: Grid, one: StaffProfile, works: dict[UUID, list[Span]], hours: list[Span],
    away: dict[UUID, list[Span]], draw: _Draw, rows: Sequence[Row], blocks: Sequence[Block],
) -> Column:  # fmt: skip
    column = Column(one.pk.hex, one.shown_name, one.title, begin=_minutes(drawn))
    column.items = _shut(drawn, _shared(hours, works[one.pk]))
    for span in away.get(one.pk, ()):
        column.items += _placed(drawn, span, "away", "Away")
    draw.fill(column, drawn, rows, blocks)
    return column


def _rooms(
    look: Look, drawn: Grid, hours: list[Span], draw: _Draw, rows: Sequence[Row], blocks: Sequence[Block]
) -> list[Column]:
    found = []
    theirs, stops = _grouped(rows, "room_id"), _grouped(blocks, "room_id")
    for room in Room.objects.filter(location=look.location, is_active=True):
        column = Column(room.pk.hex, room.name, begin=_minutes(drawn))
        column.items = _shut(drawn, hours)
        draw.fill(column, drawn, theirs[room.pk], stops[room.pk])
        found.append(column)
    return found


def _grouped(given: Iterable[AnyOf], key: str) -> dict[UUID | None, list[AnyOf]]:
    """Return what was given by whose it is, in its order."""
    found: dict[UUID | None, list[AnyOf]] = defaultdict(list)
    for one in given:
        found[getattr(one, key)].append(one)
    return found


def _shared(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Return what lies within both."""
    both = [(max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other]
    return sorted({span for span in both if span[0] < span[1]})


def _shut(drawn: Grid, open_spans: Sequence[Span]) -> list[Item]:
    left: list[Span] = [(drawn.begin, drawn.end)]
    for span in open_spans:
        left = without(left, span)
    return [item for span in left for item in _placed(drawn, span, "shut")]


def _placed(drawn: Grid, span: Span, kind: str, title: str = "") -> list[Item]:
    place = drawn.place(*span)
    return [Item(kind, f"{kind} r{place[0]} d{place[1]}", title)] if place else []


def _mark_now(board: Board, grids: Sequence[Grid]) -> None:
    """Say where now is, if it is on this board at all."""
    now = clock.now()
    for drawn in grids:
        row = drawn.row(now)
        if now.astimezone(drawn.zone).date() == drawn.day and 1 <= row <= drawn.rows:
            board.now = row
            board.now_column = drawn.day.isoformat() if drawn.by_clock else ""


class _Draw:
    """Puts appointments and blocked time into columns, each as this actor may see it."""

    def __init__(
        self, actor: Actor, rows: Sequence[Row], staff: dict[UUID, str], *, names_staff: bool = False
    ) -> None:
        self.faces = Faces(actor, (row.client_id for row in rows))
        self.staff = staff if names_staff else {}
        self.may_move = actor.holds(Calendar.EDIT)

    def fill(self, column: Column, drawn: Grid, rows: Sequence[Row], blocks: Sequence[Block]) -> None:
        """Add what these rows and blocks are to a column, side by side where they overlap."""
        spans = [*_spans(rows), *((one.starts_at, one.ends_at) for one in blocks)]
        places = [drawn.place(*span) for span in spans]
        kept = [at for at, place in enumerate(places) if place]
        beside = dict(zip(kept, grid.lanes([places[at] for at in kept]), strict=True))  # type: ignore[misc]  # None is left out above
        for at in kept:
            place, lane = places[at], beside[at]
            column.width = max(column.width, lane[1])
            where = f"r{place[0]} d{place[1]} n{lane[1]} l{lane[0]}"  # type: ignore[index]  # as above
            short = _height(place[1])  # type: ignore[index]  # as above
            if at < len(rows):
                item = self._visit(drawn, rows[at], where + short)
                # How long buffers are would tell which service it is.
                column.items += self._around(drawn, rows[at], lane) if item.kind == "visit" else []
                column.items.append(item)
                column.count += 1
            else:
                column.items.append(self._block(drawn, blocks[at - len(rows)], where + short))

    def _visit(self, drawn: Grid, row: Row, where: str) -> Item:
        face = BUSY if row.state == S.HELD else self.faces.of(row.client_id, [row.person_id])
        when = _when(drawn, row.starts_at, row.ends_at)
        if face.is_busy:
            return Item("busy", f"ap busy {where}", "Held" if row.state == S.HELD else face.text, when)
        word, icon = WORDS[S(row.state)]
        words = " · ".join(filter(None, (row.service, self.staff.get(row.profile_id, ""))))
        return Item(
            "visit", f"ap {where} k{row.tint % TINTS} s-{row.state}", face.text, f"{when} · {words}", word, icon,
            page_url("calendar:booking", booking_id=row.booking_id), row.id.hex, row.booking_version,
            is_fixed=not self.may_move or row.state in {S.DONE, S.NO_SHOW} or row.starts_at < drawn.begin,
        )  # fmt: skip

    def _block(self, drawn: Grid, block: Block, where: str) -> Item:
        when = _when(drawn, block.starts_at, block.ends_at)
        url = page_url("calendar:block", block_id=block.pk)
        return Item("block", f"ap stop {where}", block.title, when, url=url)

    def _around(self, drawn: Grid, row: Row, lane: tuple[int, int]) -> list[Item]:
        """Return its buffers, and the time in which the practitioner is free for others."""
        found, where = [], f"n{lane[1]} l{lane[0]}"
        spans = [
            ("buffer", row.starts_at - timedelta(minutes=row.before), row.starts_at),
            ("buffer", row.ends_at, row.ends_at + timedelta(minutes=row.after)),
        ]
        for kind, begin, end in spans:
            place = drawn.place(begin, end) if end > begin else None
            if place:
                found.append(Item(kind, f"{kind} r{place[0]} d{place[1]} {where}"))
        if row.free_minutes:
            begin = row.starts_at + timedelta(minutes=row.free_from)
            place = drawn.place(begin, min(begin + timedelta(minutes=row.free_minutes), row.ends_at))
            if place:
                found.append(Item("free", f"free r{place[0]} d{place[1]} {where}"))
        return found


def _height(rows: int) -> str:
    """Return the class that fits the words into so many rows."""
    return " short" if rows < SHORT else " mid" if rows < MIDDLE else ""


def _when(drawn: Grid, begin: datetime, end: datetime) -> str:
    """Return from when to when by the location's clock; what reaches over midnight says so."""
    here, until = begin.astimezone(drawn.zone), end.astimezone(drawn.zone)
    words = f"{said(here)}–{said(until)}"
    if here.date() < drawn.day:
        return f"{words} since the day before"
    return f"{words} the next day" if until.date() > drawn.day and until.time().hour + until.minute else words
