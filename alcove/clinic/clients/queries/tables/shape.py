"""What every table is once it is read: headings, and rows of texts, each with its place in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

MOST_BYTES: Final = 64 * 2**20
"""A file of 200,000 clients with forty columns has about 40 MiB."""
OURS: Final = ("Alcove: row", "Alcove: line", "Alcove: reason")
"""Columns that a reject file has before those of the file it comes from. It can be imported again as it is."""
_HEADING_WITHIN: Final = 10
_DROPPING_LEAST, _DROPPING_SHARE = 5, 0.2
RAGGED: Final = "has {found} cells where the heading has {wanted}, so its values may stand in wrong columns"


class Unreadable(ValueError):
    """The file holds no table that can be read. The sentence says why and what to do, never a value from it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``number`` counts rows as a spreadsheet does, ``line`` lines as an editor does, both from 1.

    ``fault`` says why the row cannot be used; ``cells`` is then whatever was found.
    """

    number: int
    line: int
    cells: tuple[str, ...]
    fault: str = ""

    @property
    def is_blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Source:
    """A file before its heading is known. ``rows(width)`` reads it from the start; 0 while the width is unknown."""

    form: str
    rows: Callable[[int], Iterator[Row]]
    encoding: str = ""
    delimiter: str = ""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A file with its heading. ``count`` rows follow it; blank ones and repeated headings are not among them."""

    form: str
    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    count: int
    notices: tuple[str, ...]
    _rows: Callable[[int], Iterator[Row]] = field(repr=False)
    _heading_row: Row = field(repr=False)
    _pads: bool = False

    @property
    def heading_row(self) -> int:
        return self._heading_row.number

    @property
    def is_reject_file(self) -> bool:
        """Whether Alcove wrote it: then its cells were made harmless and are read back."""
        return OURS[-1] in self.headings

    def raw(self) -> Iterator[Row]:
        """Read the rows after the heading as they stand, from the start, one after the other."""
        for row in self._rows(len(self.headings)):
            is_after = row.number > self._heading_row.number
            if is_after and (row.fault or not row.is_blank) and row.cells != self._heading_row.cells:
                yield row

    def rows(self) -> Iterator[Row]:
        """Read the rows with as many cells as there are headings; others carry a fault."""
        for row in self.raw():
            yield row if row.fault else _fitted(row, len(self.headings), pads=self._pads)


def _fitted(row: Row, width: int, *, pads: bool) -> Row:
    cells = row.cells
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) > width or (len(cells) < width and not pads):
        return replace(row, fault=RAGGED.format(found=len(row.cells), wanted=width))
    return replace(row, cells=cells + ("",) * (width - len(cells)))


def laid_out(source: Source, is_known: Callable[[str], bool]) -> Table:
    """Find the heading and count the rows; raise ``Unreadable`` if no row looks like one."""
    heading = find_heading(list(islice(source.rows(0), _HEADING_WITHIN)), is_known)
    if heading is None:
        raise Unreadable(
            "No row with column names was found among the first ten. The first row must name the columns, such as "
            "First name, Last name, Email; or say in a --map file what the columns are called."
        )
    headings = _named(heading.cells)
    notices = list(source.notices)
    if heading.number > 1:
        notices.append(f"The column names stand in row {heading.number}; what is above them is left out.")
    probe = Table(source.form, source.encoding, source.delimiter, headings, 0, (), source.rows, heading)
    count = short = 0
    for row in probe.raw():
        count += 1
        short += not row.fault and len(row.cells) < len(headings)
    # One or two short rows are broken rows; many mean that this exporter leaves out blank cells at the end.
    pads = short >= _DROPPING_LEAST and short > count * _DROPPING_SHARE
    if pads:
        notices.append("Many rows leave out the blank cells at their end; these cells are read as blank.")
    return replace(probe, count=count, notices=tuple(notices), _pads=pads)


def find_heading(first: Sequence[Row], is_known: Callable[[str], bool]) -> Row | None:
    """Return the row with most known column names, the first of equals; None if no row has any."""
    best, most = None, 0
    for row in first:
        known = sum(1 for cell in row.cells if cell.strip() and is_known(cell))
        if known > most:
            best, most = row, known
    return best


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    """Give every column a name of its own: the second Phone is ``Phone (2)``, a nameless one ``(column 7)``."""
    names: list[str] = []
    for at, cell in enumerate(cells, 1):
        name = shown(cell) or f"(column {at})"
        again, number = name, 1
        while again in names:
            number += 1
            again = f"{name} ({number})"
        names.append(again)
    while names and names[-1].startswith("(column "):
        names.pop()
    return tuple(names)


def shown(heading: str) -> str:
    """Return a column name on one line without control characters, so that a terminal only ever shows text."""
    text = "".join(sign if sign.isprintable() else " " for sign in heading)
    return " ".join(text.split())[:80]
