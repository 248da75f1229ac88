"""CSV and its relatives: encoding and delimiter found by trial, quoted line breaks, and recovery from lost quotes."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from alcove.clinic.clients.queries.tables.shape import Row, Source, Unreadable, find_heading

DELIMITERS: Final = (",", ";", "\t", "|")
_NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_CHUNK: Final = 1 << 20
_LONGEST_RECORD: Final = 500
"""Lines. A note of 500 lines is one too many to be true: rather a quotation mark was lost."""
_SAMPLED: Final = 60
_SAYS_DELIMITER = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)
_ESCAPED = re.compile("[\udc80-\udcff]")
_NUL_SHARE: Final = 0.3
_UNCLOSED: Final = "opens a quotation mark that is not closed, so where its cells end is not known"
_TOO_LONG: Final = "has a cell that is longer than 131,072 signs or cannot be told from the next"
_BROKEN_BYTES: Final = "has letters that are damaged (bytes that are not UTF-8)"


def source(path: Path, is_known: Callable[[str], bool], encoding: str, delimiter: str) -> Source:
    """Return the rows of a text file; raise ``Unreadable``."""
    found, notices = (_checked(path, encoding), ()) if encoding else detected(path)
    first = list(islice(_lines(path, found), _SAMPLED * 10))
    if any("\0" in line for line in first):
        raise Unreadable("This is not a text file. Export the clients as CSV or Excel (.xlsx).")
    said = _SAYS_DELIMITER.match(first[0].strip("\r\n")) if first else None
    sign = delimiter or (said[1] if said else _delimiter(first, is_known))

    def rows(width: int) -> Iterator[Row]:
        lines = _lines(path, found)
        if said:
            # The line belongs to Excel, not to the table, yet it counts.
            lines = _without_first(lines)
        return records(lines, sign, width)

    return Source("CSV", rows, found, _NAMES.get(sign, sign), notices)


def _without_first(lines: Iterator[str]) -> Iterator[str]:
    next(lines, None)
    yield "\n"
    yield from lines


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """Read lines with their own ends. Bytes that are no UTF-8 come as lone surrogates, for the row's fault."""
    errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        try:
            yield from file
        except UnicodeError:
            raise Unreadable(f"The file is not in the encoding {encoding}.") from None


# Encoding ----------------------------------------------------------------------------------------------------------


def _checked(path: Path, encoding: str) -> str:
    try:
        for _ in _lines(path, encoding):
            pass
    except LookupError:
        raise Unreadable(
            "There is no encoding of that name. Try utf-8, utf-16, cp1252, cp1250 or mac-roman."
        ) from None
    return encoding


def detected(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the encoding of a text file, and what to say about it; raise ``Unreadable`` if none fits.

    A byte order mark decides. Else UTF-8 if it decodes, for nothing else does by chance; then Windows-1252, which
    most spreadsheets wrote before.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if head.startswith(mark):
            return name, ()
    half = max(len(head) // 2, 1)
    if head[1::2].count(0) / half > _NUL_SHARE:
        return "utf-16-le", ()
    if head[::2].count(0) / half > _NUL_SHARE:
        return "utf-16-be", ()
    good, bad = _utf8_signs(path)
    if not bad:
        return "utf-8", ()
    if good > bad:
        return "utf-8", ("The file is UTF-8 with some damaged letters; the rows that have them are refused.",)
    try:
        for _ in _lines(path, "cp1252"):
            pass
    except Unreadable:
        raise Unreadable(
            "The encoding of this file is not recognised. Save it as UTF-8, or say which it is with --encoding."
        ) from None
    return "cp1252", (
        "The file is not UTF-8 and is read as Windows-1252; if accents come out wrong, give --encoding.",
    )


def _utf8_signs(path: Path) -> tuple[int, int]:
    """Return how many letters beyond ASCII are sound UTF-8, and how many bytes are not."""
    good = bad = 0
    for line in _lines(path, "utf-8"):
        if not line.isascii():
            beyond = sum(1 for sign in line if sign > "\x7f")
            lost = len(_ESCAPED.findall(line))
            good, bad = good + beyond - lost, bad + lost
    return good, bad


# Delimiter ---------------------------------------------------------------------------------------------------------


def _delimiter(first: list[str], is_known: Callable[[str], bool]) -> str:
    """Return the delimiter that shows most known column names, then the one that gives most rows one width."""

    def score(sign: str) -> tuple[int, int, int]:
        rows = list(islice(records(iter(first), sign, 0), _SAMPLED))
        heading = find_heading(rows[:10], is_known)
        width = len(heading.cells) if heading else len(rows[0].cells) if rows else 0
        known = sum(1 for cell in heading.cells if is_known(cell)) if heading else 0
        return known, sum(1 for row in rows if len(row.cells) == width > 1), width

    return max(DELIMITERS, key=score)


# Records -----------------------------------------------------------------------------------------------------------


def records(lines: Iterable[str], delimiter: str, width: int) -> Iterator[Row]:
    """Split lines into rows of cells (RFC 4180). A row whose quotation marks do not fit does not swallow the next.

    ``width``: how many cells a row has, 0 while unknown.
    """
    numbered = enumerate(lines, 1)
    waiting: deque[tuple[int, str]] = deque()
    number = 0
    while (first := waiting.popleft() if waiting else next(numbered, None)) is not None:
        at, text = first
        number += 1
        taken: list[tuple[int, str]] = []
        is_open = ends_quoted(text, delimiter, quoted=False)
        while is_open and len(taken) < _LONGEST_RECORD:
            following = waiting.popleft() if waiting else next(numbered, None)
            if following is None:
                break
            taken.append(following)
            is_open = ends_quoted(following[1], delimiter, quoted=True)
        whole = text + "".join(line for _, line in taken)
        if is_open or (taken and width and _swallows(whole, [line for _, line in taken], delimiter, width)):
            waiting.extendleft(reversed(taken))
            yield Row(number, at, _cells(text, delimiter)[0], _UNCLOSED)
            continue
        cells, fault = _cells(whole, delimiter)
        yield Row(number, at, cells, _BROKEN_BYTES if _ESCAPED.search(whole) else fault)


def _swallows(whole: str, inner: list[str], delimiter: str, width: int) -> bool:
    """Whether a row of several lines is not well formed while a line inside it would be a whole row by itself."""
    try:
        found = next(csv.reader([whole.rstrip("\r\n")], delimiter=delimiter, strict=True), [])
    except csv.Error:
        found = []
    return len(found) != width and any(len(_cells(line, delimiter)[0]) == width for line in inner)


def ends_quoted(line: str, delimiter: str, *, quoted: bool) -> bool:
    """Whether a cell in quotation marks is still open at the end of this line, as the csv module reads it."""
    if '"' not in line:
        return quoted
    at, end = 0, len(line)
    is_start = not quoted
    while at < end:
        if quoted:
            at = line.find('"', at)
            if at < 0:
                return True
            if line[at + 1 : at + 2] == '"':
                at += 2
                continue
            quoted, at = False, at + 1
            is_start = False
        elif is_start and line[at] == '"':
            quoted, at = True, at + 1
        else:
            following = line.find(delimiter, at)
            if following < 0:
                return False
            at, is_start = following + 1, True
    return quoted


def _cells(text: str, delimiter: str) -> tuple[tuple[str, ...], str]:
    """Return the cells of one record, and what is wrong with it."""
    try:
        found = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        return (), _TOO_LONG
    return tuple(found), ""
