"""Excel workbooks (.xlsx), looked through before they are opened: a small file can hold a sheet of any size."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from alcove.clinic.clients.queries.tables.shape import Row, Source, Unreadable

_MOST_PARTS: Final = 2_000
_MOST_UNPACKED: Final = 256 * 2**20
_MOST_RATIO: Final = 300
"""Times. XML packs to a twentieth or so; only what is meant to fill memory packs to a thousandth."""
_RATIO_FROM: Final = 2**20
MOST_ROWS: Final = 200_000
MOST_COLUMNS: Final = 1_000
MOST_CELLS: Final = 20_000_000
"""The reader makes room for the whole rectangle, 24 bytes a cell, wherever its last corner lies."""
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 64
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{1,4})([0-9]{1,9})["']""")
_LARGEST_WHOLE: Final = 1e15
_BOMB: Final = "This workbook unpacks to far more than it should; it is not opened."


def source(path: Path, wanted: str) -> Source:
    """Return the rows of a workbook's first sheet that holds any, or of the one called ``wanted``."""
    look_through(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        name, notices = _sheet_name(book, wanted)
        sheet = book.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError):
        # Their own words may quote the file.
        raise Unreadable(
            "This workbook is damaged or is not an Excel file. Save it as .xlsx again, or as CSV."
        ) from None
    return Source("Excel", lambda _width: _rows(sheet), notices=notices)


def _sheet_name(book: CalamineWorkbook, wanted: str) -> tuple[str, tuple[str, ...]]:
    if wanted:
        if wanted not in book.sheet_names:
            raise Unreadable("The workbook has no sheet of that name.")
        return wanted, ()
    shown = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    filled = [name for name in shown if book.get_sheet_by_name(name).height]
    if not filled:
        raise Unreadable("The workbook has no sheet with anything in it.")
    more = f"The workbook has {len(filled)} sheets; the first is read. Choose another with --sheet."
    return filled[0], (more,) if len(filled) > 1 else ()


def _rows(sheet: CalamineSheet) -> Iterator[Row]:
    for number, cells in enumerate(sheet.iter_rows(), 1):
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        yield Row(number, number, tuple(texts))


def _text(cell: Any) -> str:
    """Return a cell as text: whole numbers without a point, dates year first, what is text as it is."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _LARGEST_WHOLE else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


# Before it is opened -----------------------------------------------------------------------------------------------


def look_through(path: Path) -> None:
    """Unpack a workbook without keeping anything; raise ``Unreadable`` if opening it could take all memory.

    The sizes that an archive states are not believed: what comes out is counted.
    """
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names:
                raise Unreadable("This is not an Excel workbook (.xlsx). Save it as .xlsx or as CSV.")
            if len(parts) > _MOST_PARTS:
                raise Unreadable(_BOMB)
            for part in parts:
                total += _unpacked(archive, part, _MOST_UNPACKED - total)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        zlib.error,
    ) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(
            "This workbook is damaged or locked. Save it as .xlsx again, without a password."
        ) from None


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """Return how many bytes a part unpacks to; raise ``Unreadable`` beyond what is ``left``."""
    size, tail = 0, b""
    is_sheet = part.filename.lower().startswith("xl/worksheets/")
    bounds = [0, 0]
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > left or (size > _RATIO_FROM and size > _MOST_RATIO * max(part.compress_size, 1)):
                raise Unreadable(_BOMB)
            if is_sheet:
                _reach(tail + chunk, bounds)
                tail = chunk[-_OVERLAP:]
    return size


def _reach(chunk: bytes, bounds: list[int]) -> None:
    """Note how far the sheet reaches; raise ``Unreadable`` when that is too far."""
    places = _PLACE.findall(chunk)
    if not places:
        return
    bounds[0] = max(bounds[0], *(int(digits) for _, digits in places))
    bounds[1] = max(bounds[1], *(_column(letters) for letters in {letters.upper() for letters, _ in places}))
    if bounds[0] > MOST_ROWS or bounds[1] > MOST_COLUMNS or bounds[0] * bounds[1] > MOST_CELLS:
        raise Unreadable(
            f"The sheet reaches to row {bounds[0]:,} and column {bounds[1]:,}. Delete the empty rows and columns below "
            "and beside the clients, or save the sheet as CSV."
        )


def _column(letters: bytes) -> int:
    number = 0
    for sign in letters:
        number = number * 26 + sign - 64
    return number
