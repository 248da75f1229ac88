"""Proving the entries: every code is made again and compared, every gap in a writer's counts is named."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import OperationalError, connection, transaction

from alcove.security.audit.pen import COLUMNS, FIRST, canonical
from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.house import house

_AT_ONCE: Final = 200
CHANGED = "this entry was changed, inserted or moved"


@dataclass(frozen=True, order=True)
class Fault:
    """Something that does not hold: when it was recorded (microseconds), which entry, and what is wrong."""

    at_us: int
    entry: str
    what: str

    def __post_init__(self) -> None:
        # An id a forger wrote may be anything; what is shown of it is plain.
        object.__setattr__(self, "entry", self.entry.encode("ascii", "replace").decode("ascii"))


@dataclass
class Verdict:
    """What ``verify`` found. ``faults`` is in order of time; an empty list is the proof."""

    entries: int = 0
    blocks: int = 0
    unlinked: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.faults

    @property
    def first(self) -> Fault | None:
        return min(self.faults) if self.faults else None


# A binary column that holds text is not what was written, so only real bytes are shown as hex.
_SQLITE_SELECT = "SELECT " + ", ".join(
    f"CASE typeof({n}) WHEN 'blob' THEN lower(hex({n})) WHEN 'null' THEN NULL ELSE 'not bytes' END"
    if n in {"clients", "reason"}
    else f'"{n}"'
    for n in COLUMNS
)
# Half of what the server does for an entry is writing its ids as text: this way takes half of that.
_POSTGRES_SELECT = "SELECT " + ", ".join(
    f"encode({n}, 'hex')" if n in {"clients", "reason"}
    else f"encode(uuid_send({n}), 'hex')" if n in {"id", "writer", "actor_id", "client_id", "origin_id"}
    else f'"{n}"'
    for n in COLUMNS
)  # fmt: skip


def _batches(*, ordered: bool) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield all entries as their columns in text form, a few thousand at a time: by writer and count, or as stored."""
    select = _SQLITE_SELECT if connection.vendor == "sqlite" else _POSTGRES_SELECT
    order = " ORDER BY audit_entry.writer, audit_entry.counter" if ordered else ""
    statement = f"{select} FROM audit_entry{order}"  # constants
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(statement)
            while batch := cursor.fetchmany(5000):
                yield batch
        return
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(statement)
        while batch := cursor.fetchmany(5000):
            yield batch


@contextmanager
def any_text() -> Iterator[None]:
    """Read text that is no UTF-8 as well (SQLite stores whatever it is given), so that its row can be named."""
    connection.ensure_connection()
    if connection.vendor != "sqlite":
        yield
        return
    raw: Any = connection.connection
    before, raw.text_factory = raw.text_factory, lambda given: given.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = before


def rows() -> Iterator[tuple[Any, ...]]:
    """Yield every entry as its columns in text form, by writer and counter."""
    for batch in _batches(ordered=True):
        yield from batch


@dataclass
class Codes:
    """The codes of one writer's entries by count. ``runs``: (first count, index) of each unbroken run of counts."""

    codes: bytearray = field(default_factory=bytearray)
    times: array[int] = field(default_factory=lambda: array("q"))
    runs: list[tuple[int, int]] = field(default_factory=list)
    expected: int = 1

    def add(self, counter: int, code: bytes, at_us: int) -> None:
        if counter != self.expected or not self.runs:
            self.runs.append((counter, len(self.times)))
        self.codes += code
        self.times.append(at_us)
        self.expected = counter + 1

    def between(self, first: int, last: int) -> tuple[bytes, int | None]:
        """Return the codes of the counts from first to last, and the first count among them that is missing."""
        found, missing, wanted = bytearray(), None, first
        for number, (count, index) in enumerate(self.runs):
            end = self.runs[number + 1][1] if number + 1 < len(self.runs) else len(self.times)
            low, high = max(first, count), min(last, count + end - index - 1)
            if low > high:
                continue
            if low > wanted and missing is None:
                missing = wanted
            found += self.codes[32 * (index + low - count) : 32 * (index + high - count + 1)]
            wanted = high + 1
        return bytes(found), wanted if missing is None and wanted <= last else missing

    def after(self, counter: int) -> tuple[int, int, int]:
        """Return how many entries have a higher count, and count and time of the first of them."""
        for number, (count, index) in enumerate(self.runs):
            end = self.runs[number + 1][1] if number + 1 < len(self.runs) else len(self.times)
            if counter < count + end - index - 1:
                first = max(counter + 1, count)
                at = index + first - count
                return len(self.times) - at, first, self.times[at]
        return 0, 0, 0


def number_of(value: object) -> int:
    """Return a column's number; 0 for what is none, which only a forger can have put there."""
    return value if isinstance(value, int) else 0


def code_of(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def walk(verdict: Verdict) -> dict[str, Codes]:
    """Return all codes by writer.

    An unhurt log is read as it is stored, which is several times faster than sorted; only when something is wrong, or
    stored out of order, it is read again by writer and count to name what and where.
    """
    with suppress(OperationalError):  # a text that is no text
        held = _walk_unhurt(verdict)
        if held is not None:
            return held
    verdict.entries = 0
    with any_text():
        return _walk_and_name(verdict)


def _walk_unhurt(verdict: Verdict) -> dict[str, Codes] | None:
    """Return all codes if every entry holds and each writer's are stored in order; None otherwise."""
    # By writer: the next count, the last code, all codes, all times. A plain list, because this loop runs a million
    # times.
    writers: dict[str, list[Any]] = {}
    codes_of = Keys()
    for batch in _batches(ordered=False):
        for row in batch:
            held = writers.get(row[1])
            if held is None:
                held = writers[row[1]] = [1, FIRST, bytearray(), array("q")]
            expected, before, codes, times = held
            code, mac = codes_of[row[16]], row[17]
            if code is None or row[2] != expected or code(canonical(row, before)) != mac:
                return None
            held[0], held[1] = expected + 1, mac
            codes += mac
            times.append(row[3])
        verdict.entries += len(batch)
    return {
        writer: Codes(codes, times, [(1, 0)], expected)
        for writer, (expected, _, codes, times) in writers.items()
    }


def _walk_and_name(verdict: Verdict) -> dict[str, Codes]:
    writers: dict[str, Codes] = {}
    codes_of, faults = Keys(), verdict.faults
    before, current, held, entries = FIRST, "", Codes(), 0
    for row in rows():
        entries += 1
        writer, counter, mac = row[1], row[2], row[17]
        if writer != current:
            current, before = writer, FIRST
            held = writers[str(writer)] = Codes()
        if type(counter) is not int or counter < held.expected:
            faults.append(Fault(number_of(row[3]), str(row[0]), CHANGED))
            continue
        if counter > held.expected:
            what = f"an entry before this one is missing (count {held.expected})"
            faults.append(Fault(number_of(row[3]), str(row[0]), what))
        code = codes_of[row[16]]
        if code is None or code(canonical(row, before)) != mac:
            faults.append(Fault(number_of(row[3]), str(row[0]), CHANGED))
            mac = code_of(mac).ljust(32, b"\0")[:32]
        held.add(counter, mac, number_of(row[3]))
        before = mac
    verdict.entries = entries
    return writers


class Keys(dict[Any, Callable[[bytes], bytes] | None]):
    """The log's codes by key version; None for a version there is no key of, which only a forger can have named.

    A version is looked up once, when it is first met, so a rotation while we walk is followed.
    """

    def __missing__(self, version: object) -> Callable[[bytes], bytes] | None:
        made = None
        with suppress(SealBroken):
            made = crypto.mac_under(house().versions("audit")[version]) if type(version) is int else None
        self[version] = made
        return made


def forged(ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these entries whose code does not hold: changed, or put in past the product."""
    select = _SQLITE_SELECT if connection.vendor == "sqlite" else _POSTGRES_SELECT
    codes_of, found = Keys(), set()
    for at in range(0, len(ids), _AT_ONCE):
        some = [one.hex for one in ids[at : at + _AT_ONCE]]
        marks = ", ".join(["%s"] * len(some))
        with any_text(), connection.cursor() as cursor:
            cursor.execute(f"{select} FROM audit_entry WHERE id IN ({marks})", some)
            rows = cursor.fetchall()
        before = _codes_before([(row[1], row[2]) for row in rows])
        for row in rows:
            code = codes_of[row[16]]
            if code is None or code(canonical(row, before.get((row[1], row[2]), FIRST))) != bytes(row[17]):
                found.add(UUID(row[0]))
    return found


def _codes_before(places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
    """Return the code of the entry before each (writer, count), where there is one."""
    if not places:
        return {}
    wanted = " OR ".join(["(writer = %s AND counter = %s)"] * len(places))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT writer, counter, mac FROM audit_entry WHERE {wanted}",  # noqa: S608 - marks only
            [word for writer, count in places for word in (writer, count - 1)],
        )
        rows = cursor.fetchall()
    return {(UUID(str(writer)).hex, count + 1): bytes(mac) for writer, count, mac in rows}
