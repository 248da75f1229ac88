"""A whole table on its way in: opened, its columns placed, its rows read and compared, and what is to be said of it.

Nothing is written here. ``sorted_batches`` gives the rows that become clients, in batches for
``actions.import_clients``; ``Report`` gathers what happened, by row, line and column, and never holds a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from alcove.clinic.clients.queries import cells, mapping, tables
from alcove.clinic.clients.queries.arrivals import Arrival, Reader, Refusal, Remark
from alcove.clinic.clients.queries.doubles import Doubles, imported_before
from alcove.clinic.clients.queries.headings import PLACES
from alcove.clinic.clients.queries.mapping import Column, Told
from alcove.clinic.clients.queries.tables import Row, Table
from alcove.clinic.clients.queries.values import Dates, Order

BATCH: Final = 50
"""Rows of one transaction: what is lost at most when the machine stops, and begun again by the next run."""


class NoNames(ValueError):
    """No column holds people's names, so nobody can be imported; the sentence says what to do."""


@dataclass(frozen=True)
class Survey:
    """What the first look at a whole table tells: filled cells by column, and the order of its dates."""

    filled: Mapping[str, int]
    orders: Mapping[str, Order]

    @property
    def notices(self) -> list[str]:
        return [order.why for order in self.orders.values() if order.why]


def surveyed(
    rows: Iterable[Row],
    columns: Sequence[Column],
    *,
    country: str,
    day_first: bool | None,
    ours: bool = False,
) -> Survey:
    """Look at every row once, before any is read."""
    filled = dict.fromkeys((column.heading for column in columns), 0)
    dates = {column.heading: Dates() for column in columns if column.place in {"born", "deceased on"}}
    for row in rows:
        if row.fault:
            continue
        for column, text in zip(columns, row.cells, strict=True):
            if not text.strip():
                continue
            filled[column.heading] += 1
            if column.heading in dates:
                dates[column.heading].see(cells.as_typed(text) if ours else text)
    told = {column.heading: column.day_first if day_first is None else day_first for column in columns}
    return Survey(
        filled, {heading: one.order(heading, country, told=told[heading]) for heading, one in dates.items()}
    )


@dataclass(frozen=True)
class Intake:
    """A table and how it will be read."""

    table: Table
    columns: Sequence[Column]
    survey: Survey
    reader: Reader
    source: str

    @property
    def notices(self) -> list[str]:
        """Return what to say before anything is done."""
        split = [
            f"{column.heading}: whole names are split; the last word, with its particles, is taken as the family name."
            for column in self.columns
            if column.place == "full name" and self.survey.filled[column.heading]
        ]
        return [*self.table.notices, *self.survey.notices, *split]

    def columns_shown(self) -> list[dict[str, Any]]:
        """Return each column with its place, what that means, how it was decided and how many cells are filled."""
        return [
            {
                "column": column.heading,
                "place": column.place,
                "meaning": PLACES[column.place],
                "how": column.how,
                "filled": self.survey.filled[column.heading],
            }
            for column in self.columns
            if column.heading not in tables.OURS
        ]


def opened(path: Path, told: Told, *, country: str, today: date) -> Intake:
    """Open a table and look through it once; raise ``tables.Unreadable``, ``mapping.BadMap`` or ``NoNames``."""
    table = tables.open_table(
        path,
        lambda text: text in told.columns or mapping.is_known(text),
        encoding=told.encoding,
        delimiter=told.delimiter,
        sheet=told.sheet,
    )
    columns = mapping.guessed(table.headings, told)
    if not mapping.has_name(columns):
        raise NoNames(
            f"None of the {len(columns)} columns in row {table.heading_row} is known to hold names. If that row "
            'names the columns, say which is which in a --map file: [columns] "Their name" = "given".'
        )
    country = told.country or country
    ours = table.is_reject_file
    survey = surveyed(table.rows(), columns, country=country, day_first=told.day_first, ours=ours)
    reader = Reader(columns, survey.orders, country=country, today=today, ours=ours)
    return Intake(table, columns, survey, reader, mapping.system(table.headings))


@dataclass(frozen=True, slots=True)
class Said:
    """A doubt or a refusal: where, why, and the client or the earlier row that it names."""

    row: int
    line: int
    remark: Remark
    client: UUID | None = None

    def as_dict(self) -> dict[str, Any]:
        found = {
            "row": self.row,
            "line": self.line,
            "column": self.remark.column,
            "reason": self.remark.reason,
        }
        return found | ({"client": str(self.client)} if self.client else {})


@dataclass
class Report:
    """What happened to the rows so far."""

    read: int = 0
    created: int = 0
    unchanged: int = 0
    doubts: list[Said] = field(default_factory=list)
    refusals: list[Said] = field(default_factory=list)

    @property
    def doubted(self) -> int:
        """How many rows have a doubt; they are imported all the same."""
        return len({said.row for said in self.doubts})

    @property
    def refused(self) -> int:
        return len({said.row for said in self.refusals})

    @property
    def clients_named(self) -> list[UUID]:
        """Return the clients whom doubts and refusals name: whoever reads the report learns that they are here."""
        return list(dict.fromkeys(said.client for said in [*self.refusals, *self.doubts] if said.client))

    def reasons(self) -> dict[int, str]:
        """Return why each refused row is refused, for the reject file."""
        found: dict[int, list[str]] = {}
        for said in self.refusals:
            found.setdefault(said.row, []).append(str(said.remark))
        return {row: " · ".join(reasons) for row, reasons in found.items()}

    def as_dict(self) -> dict[str, Any]:
        counts = {"read": self.read, "created": self.created, "unchanged": self.unchanged}
        counts |= {"doubted": self.doubted, "refused": self.refused}
        return counts | {
            "doubts": [said.as_dict() for said in self.doubts],
            "refusals": [said.as_dict() for said in self.refusals],
        }


def sorted_batches(intake: Intake, doubles: Doubles, report: Report) -> Iterator[tuple[int, list[Arrival]]]:
    """Read the table; yield (rows read, those of them that become clients); note the rest in ``report``."""
    rows = intake.table.rows()
    while batch := list(islice(rows, BATCH)):
        read = [intake.reader.read(row) for row in batch]
        report.read += len(read)
        for refusal in read:
            if isinstance(refusal, Refusal):
                report.refusals += [Said(refusal.row, refusal.line, remark) for remark in refusal.remarks]
        yield len(read), _new([one for one in read if isinstance(one, Arrival)], doubles, report)


def _new(arrivals: Sequence[Arrival], doubles: Doubles, report: Report) -> list[Arrival]:
    """Return those of a batch who become clients, and remember all of them for the rows that follow."""
    before = imported_before(arrivals)
    new = []
    for one in arrivals:
        double = doubles.copy_of(one)
        if double is None and one.row in before:
            report.unchanged += 1
            if not before[one.row]:
                report.doubts.append(
                    _said(one, "Was imported before and says something else now; the client was left as is.")
                )
        elif (double := double or doubles.of(one)) is None or not double.is_sure:
            report.doubts += [Said(one.row, one.line, doubt) for doubt in one.doubts]
            report.doubts += [_said(one, double.reason, double.client)] if double else []
            new.append(one)
        elif double.is_copy:
            report.unchanged += 1
            report.doubts.append(_said(one, double.reason))
        else:
            report.refusals.append(_said(one, double.reason, double.client))
        doubles.remember(one)
    return new


def _said(one: Arrival, reason: str, client: UUID | None = None) -> Said:
    return Said(one.row, one.line, Remark("", reason), client)
