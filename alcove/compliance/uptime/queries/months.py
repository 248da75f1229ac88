"""The report of a month against the goal: how long each place was reached, and whose faults there were."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format

from alcove.clinic.clients.queries.cells import harmless
from alcove.compliance.uptime.policy import Uptime
from alcove.compliance.uptime.queries import seen
from alcove.compliance.uptime.queries.judging import LINE, Judged, Seen, judge, of_server
from alcove.compliance.uptime.queries.seen import OUTSIDE, THE_SERVER, Place, millis
from alcove.compliance.uptime.queries.spans import Span, total, within
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor

MONTHS: Final = 12
"""How far the chart reaches back."""
SERVER: Final = "server"
FINE, BOTH, UNSEEN, AHEAD = "fine", "both", "unseen", "ahead"
SIGNS: Final = {FINE: "✓", LINE: "L", SERVER: "S", BOTH: "B", UNSEEN: "–", AHEAD: ""}
MET, MISSED, LITTLE, NOTHING = "met", "missed", "little", "nothing"
_WORDS: Final = {
    FINE: "reached all day", LINE: "line fault", SERVER: "server fault", BOTH: "line and server faults",
    UNSEEN: "not measured", AHEAD: "to come",
}  # fmt: skip
_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Day:
    """A cell of the strip. ``state``: one of the words above; ``sign``: its letter; ``words``: what it says aloud."""

    on: date
    state: str
    sign: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One place in a month, in milliseconds. ``part``: the part of the month that could be measured so far."""

    key: str
    title: str
    measured: int
    line: int
    server: int
    part: int
    state: str
    days: list[Day]

    @property
    def down(self) -> int:
        return self.line + self.server

    @property
    def share(self) -> int | None:
        """Thousandths of a percent of the measured time, rounded down; None if nothing was measured."""
        return 100_000 * (self.measured - self.down) // self.measured if self.measured else None

    @property
    def percent(self) -> str:
        """The same as people read it, with three digits: 99.979."""
        return "" if self.share is None else f"{self.share // 1000}.{self.share % 1000:03}"

    @property
    def unseen(self) -> int:
        return max(self.part - self.measured, 0)

    @property
    def line_words(self) -> str:
        return long(self.line) or "–"

    @property
    def server_words(self) -> str:
        return long(self.server) or "–"

    @property
    def unseen_words(self) -> str:
        """Hours that nobody looked; less than a twentieth of one is none."""
        hours = self.unseen / _HOUR
        return f"{hours:.1f} h" if hours >= 0.05 else "–"  # noqa: PLR2004 - what rounds to nothing

    @property
    def measured_percent(self) -> int:
        return 100 * min(self.measured, self.part) // self.part if self.part else 0


@dataclass(frozen=True, slots=True)
class Failing:
    """A fault as the list tells it. ``where``: the place, or "The server"; moments are the practice’s."""

    began: datetime
    ended: datetime
    length: str
    where: str
    kind: str
    sentence: str

    @property
    def is_one_day(self) -> bool:
        return self.began.date() == self.ended.date()


@dataclass(frozen=True, slots=True)
class Month:
    """The report. ``allowed``: minutes the goal leaves for the whole month; ``chart``: of the place ``of``."""

    first: date
    is_running: bool
    rows: list[Row]
    faults: list[Failing]
    allowed: str
    before: date | None
    after: date | None
    of: str
    chart: list[tuple[str, float, str]]

    @property
    def chart_title(self) -> str:
        where = next((row.title for row in self.rows if row.key == self.of), "")
        return f"{where}: minutes not reached, by month".removeprefix(": ")


# Months ---------------------------------------------------------------------------------------------------------------


def edges(first: date) -> tuple[datetime, datetime]:
    """Return the first moment of a month at the practice, and of the one after; clocks that change are in it."""
    zone = timezone.get_current_timezone()
    return datetime.combine(first, time(), zone), datetime.combine(later(first), time(), zone)


def later(first: date, months: int = 1) -> date:
    """Return the first day of the month so many months later."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def this_month() -> date:
    """Return the first day of the month it is at the practice."""
    return timezone.localtime(seen.moment(seen.now())).date().replace(day=1)


def asked(text: str) -> date:
    """Return the month that ``YYYY-MM`` names; this one for anything else, and for one that is to come."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return this_month()
    oldest = later(this_month(), -policy.UPTIME_KEPT.days // 28)
    return found if oldest <= found <= this_month() else this_month()


# The report -----------------------------------------------------------------------------------------------------------


class _Judgement:
    """Everything between two moments, judged once; months and days are cut out of it."""

    def __init__(self, began: datetime, ended: datetime) -> None:
        self.places, self.now = seen.places(), seen.now()
        vantages, server = seen.between(began, ended)
        self.judged = judge(vantages, server)
        self._down: dict[str, dict[str, list[Span]]] = {}
        self._measured = dict(self.judged.measured)
        self._take(self.judged, server)

    def _take(self, judged: Judged, server: Sequence[Seen]) -> None:
        self._measured[THE_SERVER], down = of_server(judged, server)
        self._down[THE_SERVER] = {SERVER: down, LINE: []}
        for one in judged.faults:
            kinds = self._down.setdefault(one.place, {SERVER: [], LINE: []})
            kinds[one.kind].append((one.began, one.ended))

    def measured(self, key: str, began: int, ended: int) -> list[Span]:
        return within(self._measured.get(key, []), began, min(ended, self.now))

    def down(self, key: str, kind: str, began: int, ended: int) -> list[Span]:
        return within(self._down.get(key, {}).get(kind, []), began, min(ended, self.now))

    def row(self, place: Place, first: date, *, days: bool = False) -> Row | None:
        """Return a place in a month; None if it had no probe then."""
        began, ended = (millis(edge) for edge in edges(first))
        if place.began is not None and place.began >= ended:
            return None
        if place.ended is not None and place.ended <= began:
            return None
        measured = total(self.measured(place.key, began, ended))
        line = total(self.down(place.key, LINE, began, ended))
        server = total(self.down(place.key, SERVER, began, ended))
        part = self._part(place, began, ended)
        state = _state(measured, line + server, part, ended - max(began, place.began or ended))
        cells = [self._day(place, first + timedelta(days=n)) for n in range((later(first) - first).days)]
        return Row(place.key, place.title, measured, line, server, part, state, cells if days else [])

    def _part(self, place: Place, began: int, ended: int) -> int:
        """Return how much of a month could be measured: since the first try, until now or the last word just before."""
        if place.began is None:
            return 0
        until = min(ended, self.now, place.ended or ended)
        last = self.measured(place.key, began, ended)[-1:]
        if last and until < ended and until - last[0][1] <= policy.PROBE_SILENT.total_seconds() * 1000:
            until = last[0][1]
        return max(until - max(began, place.began), 0)

    def _day(self, place: Place, on: date) -> Day:
        zone = timezone.get_current_timezone()
        began, ended = (millis(datetime.combine(day, time(), zone)) for day in (on, on + timedelta(days=1)))
        found = {kind: total(self.down(place.key, kind, began, ended)) for kind in (LINE, SERVER)}
        if began >= self.now:
            state = AHEAD
        elif found[LINE] and found[SERVER]:
            state = BOTH
        elif found[LINE] or found[SERVER]:
            state = LINE if found[LINE] else SERVER
        else:
            looked = total(self.measured(place.key, began, ended))
            state = FINE if looked * 2 >= min(ended, self.now) - began else UNSEEN
        length = f", {long(sum(found.values()))}" if any(found.values()) else ""
        return Day(on, state, SIGNS[state], f"{date_format(on, 'j M')}: {_WORDS[state]}{length}")


def _state(measured: int, down: int, part: int, whole: int) -> str:
    """Return how a place stands. ``whole``: the part of the month that has or will have been measured at most."""
    if not measured:
        return NOTHING
    spare = 100_000 - policy.UPTIME_GOAL
    if down * 100_000 > whole * spare:
        return MISSED
    if measured * 100 < part * policy.UPTIME_MEASURED:
        return LITTLE
    return MET if down * 100_000 <= measured * spare else MISSED


def month(actor: Actor, first: date, of: str = "") -> Month:
    """Return the report of a month; raise ``Refused``. ``of``: the place the chart is about, else the server."""
    actor.must(Uptime.VIEW)
    oldest = later(first, 1 - MONTHS)
    case = _Judgement(edges(oldest)[0], edges(first)[1])
    rows = [row for place in case.places if (row := case.row(place, first, days=True))]
    by_key = {place.key: place for place in case.places}
    shown = by_key.get(of) or by_key.get(THE_SERVER)
    began = min((place.began for place in case.places if place.began is not None), default=None)
    has_before = began is not None and began < millis(edges(first)[0])
    return Month(
        first, first == this_month(), rows, list(_failings(case, first)), allowed(first),
        later(first, -1) if has_before else None, later(first) if first < this_month() else None,
        shown.key if shown else "", list(_chart(case, shown, oldest)) if shown else [],
    )  # fmt: skip


def _chart(case: _Judgement, place: Place, oldest: date) -> Iterator[tuple[str, float, str]]:
    for number in range(MONTHS):
        first = later(oldest, number)
        row = case.row(place, first)
        if row is not None and row.share is not None:
            words = f"{row.percent} %" + (f", {long(row.down)}" if row.down else "")
            yield date_format(first, "M Y"), row.down / _MINUTE, words


def allowed(first: date) -> str:
    """Return how many minutes of a month the goal leaves, rounded down to a tenth."""
    began, ended = (millis(edge) for edge in edges(first))
    tenths = (ended - began) * (100_000 - policy.UPTIME_GOAL) // (10_000 * _MINUTE)
    return f"{tenths // 10}.{tenths % 10}"


def missed(first: date) -> list[Row]:
    """Return the places that missed the goal in a month."""
    case = _Judgement(*edges(first))
    rows = [case.row(place, first) for place in case.places]
    return [row for row in rows if row is not None and row.state == MISSED]


# Faults ---------------------------------------------------------------------------------------------------------------


def _failings(case: _Judgement, first: date) -> Iterator[Failing]:
    """Yield the faults of a month, newest first; one of the server once, with everybody who noticed it."""
    edge = tuple(millis(one) for one in edges(first))
    found = []
    for place in case.places:
        kind = SERVER if place.key == THE_SERVER else LINE
        found += [(span, place) for span in case.down(place.key, kind, edge[0], edge[1])]
    for (began, ended), place in sorted(found, key=lambda one: one[0], reverse=True):
        kind = SERVER if place.key == THE_SERVER else LINE
        from_, until = (timezone.localtime(seen.moment(at)) for at in (began, ended))
        length = long(ended - began)
        sentence = _sentence(case, place, (began, ended), length)
        yield Failing(from_, until, length, place.title, kind, sentence)


def _sentence(case: _Judgement, place: Place, span: Span, length: str) -> str:
    if place.key == OUTSIDE:
        return f"From outside nobody came in for {length}, while the server ran: a line fault."
    if place.key != THE_SERVER:
        return f"{place.title} did not reach the server for {length}, while it ran: a line fault there."
    noticed = [
        one.title if one.key != OUTSIDE else "outside"
        for one in case.places
        if one.key != THE_SERVER and case.down(one.key, SERVER, *span)
    ]
    who = f"noticed from {', '.join(noticed)}" if noticed else "nobody was looking; it says so itself"
    return f"The server did not answer as it should for {length}: a server fault, {who}."


def long(length: int) -> str:
    """Return a length of time in words: ``45 s``, ``3 min 20 s``, ``2 h 5 min``, ``1 d 4 h``; "" for none."""
    if not length:
        return ""
    seconds = max((length + 500) // 1000, 1)
    for name, size, less, part in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size} {name}" + (f" {rest} {less}" if rest else "")
    return f"{seconds} s"


def table(found: Month) -> str:
    """Return the faults as CSV: moments with their offset, seconds, where, whose, and the sentence."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["From", "Until", "Seconds", "Where", "Whose", "What happened"])
    for one in found.faults:
        seconds = round((one.ended - one.began).total_seconds())
        moments = [at.isoformat(sep=" ", timespec="seconds") for at in (one.began, one.ended)]
        writer.writerow([*moments, seconds, *map(harmless, (one.where, one.kind, one.sentence))])
    return out.getvalue()
