"""Tables from other programs: CSV in whatever encoding and with whatever delimiter, and Excel workbooks.

``open_table`` looks at the file once and returns a ``Table``, whose rows are then streamed as often as they are
needed. Nothing of a file is ever written anywhere, and no exception text holds a value from it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alcove.clinic.clients.queries.tables import sheets, text
from alcove.clinic.clients.queries.tables.shape import MOST_BYTES, OURS, Row, Table, Unreadable, laid_out

__all__ = ["MOST_BYTES", "OURS", "Row", "Table", "Unreadable", "open_table"]

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_NO_TABLES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b")


def open_table(
    path: Path, is_known: Callable[[str], bool], *, encoding: str = "", delimiter: str = "", sheet: str = ""
) -> Table:
    """Return the table in a file; raise ``Unreadable`` saying why there is none.

    ``is_known`` tells whether a text is a column name that can be placed: the row with most of them is the heading.
    The rest is found out by looking, unless it is said.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise Unreadable(f"The file is larger than {MOST_BYTES // 2**20} MiB. Split it and import the parts.")
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        raise Unreadable("The file is empty.")
    if head.startswith(_OLE):
        raise Unreadable(
            "This is an old Excel file (.xls), or one locked with a password. Save it as .xlsx or as CSV, unlocked."
        )
    if head.startswith(_NO_TABLES):
        raise Unreadable("This is not a table. Export the clients as CSV or Excel (.xlsx).")
    source = (
        sheets.source(path, sheet)
        if head.startswith(_ZIP)
        else text.source(path, is_known, encoding, delimiter)
    )
    return laid_out(source, is_known)
