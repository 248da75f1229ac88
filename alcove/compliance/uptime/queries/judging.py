"""Whose fault it was: pure reckoning over what vantages saw. All moments are milliseconds.

A vantage is *down* from its first failing try until the next one that succeeded, or, where none follows in time, until
one rhythm after the last failing try. What lies between two tries that are further apart than two rhythms is not
measured: neither up nor down. A place is up while one of its vantages is, and down while some are and none is up.

While a place is down it is the fault of

- the **server**, if it answered that it does not work;
- else the **line**, if a vantage elsewhere proved that the server could be reached;
- else the **server**, if a vantage elsewhere failed around that moment, or the server did not run;
- else the **line**.

A try says how it was when it was made, not how it was until the next one. So only the moments between tries of one
stretch are judged, and the time after its last try goes with that try. What others failed around a moment reaches up to
their nearest success, and successes prove nothing within ``SLACK`` of a change: a try may take ten seconds, and clocks
differ. So an outage that everybody saw leaves no sliver of a line fault at its ends, and a cut line none of a server
fault (``tests/test_judging.py`` compares with a reckoning second by second that shares no line with this one).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from alcove.compliance.uptime.queries.spans import Closed, Span, minus, union
from alcove.security import policy_defaults as policy

REACHED: Final = "reached"
ANSWERED: Final = "status"
LINE: Final = "line"
SERVER: Final = "server"
SLACK: Final = int(policy.UPTIME_SLACK.total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class Seen:
    """Tries that ended alike: the first, the last, the rhythm, and how they ended (``models.Stretch.What``)."""

    began: int
    ended: int
    every: int
    what: str


@dataclass(frozen=True, slots=True)
class Vantage:
    """What one probe saw, in order and apart. Vantages of one ``place`` stand for it together."""

    place: str
    seen: Sequence[Seen]


@dataclass(frozen=True, slots=True)
class Fault:
    """Time in which a place did not reach the server. ``kind``: ``LINE`` or ``SERVER``."""

    place: str
    began: int
    ended: int
    kind: str


@dataclass(frozen=True, slots=True)
class Judged:
    """``measured``: by place; ``faults``: of all places, by place and time."""

    measured: dict[str, list[Span]]
    faults: list[Fault]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch with the time after it that goes with it: until ``ended``; ``last``: its last try."""

    began: int
    last: int
    ended: int
    what: str
    is_joined: bool


@dataclass(slots=True)
class _Told:
    """What one vantage says: when it was up and down, what it proved, and around when it failed."""

    place: str
    up: list[Span] = field(default_factory=list)
    down: list[_Piece] = field(default_factory=list)
    proved: list[Span] = field(default_factory=list)
    failing: list[Span] = field(default_factory=list)


def _pieces(seen: Sequence[Seen]) -> Iterator[_Piece]:
    for number, one in enumerate(seen):
        after = seen[number + 1] if number + 1 < len(seen) else None
        if after is not None and after.began - one.ended <= 2 * one.every:
            yield _Piece(one.began, one.ended, after.began, one.what, is_joined=True)
        else:
            ended = one.ended if one.what == REACHED else one.ended + one.every
            yield _Piece(one.began, one.ended, ended, one.what, is_joined=False)


def _told(vantage: Vantage) -> _Told:
    found = _Told(vantage.place)
    before: _Piece | None = None
    for piece, one in zip(_pieces(vantage.seen), vantage.seen, strict=True):
        if piece.what == REACHED:
            found.up.append((piece.began, piece.ended))
            found.proved.append((one.began + SLACK, one.ended - SLACK))
        else:
            found.down.append(piece)
            follows = before is not None and before.is_joined
            from_ = before.last - SLACK if before is not None and follows else one.began - 2 * one.every
            # Up to the next try; if that one failed too, its own span goes on from this one's last.
            until = piece.ended + SLACK if piece.is_joined else one.ended + 2 * one.every
            found.failing.append((from_, until))
        before = piece
    return found


def _unproved(server: Sequence[Seen]) -> list[Span]:
    """Return when the server did not note that it ran, between two times when it did."""
    return [(one.ended - SLACK, after.began + SLACK) for one, after in pairwise(server)]


def judge(vantages: Sequence[Vantage], server: Sequence[Seen]) -> Judged:
    """Return when each place was measured, and its faults. ``server``: when the server noted that it ran."""
    told = [_told(one) for one in vantages]
    silent = Closed(_unproved(server))
    measured: dict[str, list[Span]] = {}
    faults: list[Fault] = []
    for place in dict.fromkeys(one.place for one in told):
        mine = [one for one in told if one.place == place]
        others = [one for one in told if one.place != place]
        proved = Closed(span for one in others for span in one.proved)
        failing = Closed(span for one in others for span in one.failing)
        up = union(span for one in mine for span in one.up)
        pieces = sorted((piece for one in mine for piece in one.down), key=lambda piece: piece.began)
        down = union((piece.began, piece.ended) for piece in pieces)
        measured[place] = union([*up, *down])
        case = _Case(pieces, proved, failing, silent)
        faults += (Fault(place, *span, kind) for span in minus(down, up) for span, kind in case.faults(span))
    return Judged(measured, faults)


class _Case:
    """One place's failings, and the evidence about them."""

    def __init__(self, pieces: list[_Piece], proved: Closed, failing: Closed, silent: Closed) -> None:
        self.pieces, self.proved, self.failing, self.silent = pieces, proved, failing, silent
        edges = {edge for one in pieces for edge in (one.began, one.last, one.ended)}
        self.edges = sorted(edges.union(proved.edges, failing.edges, silent.edges))
        self.longest = max((one.ended - one.began for one in pieces), default=0)

    def faults(self, span: Span) -> list[tuple[Span, str]]:
        """Yield a failing cut where the fault changes hands."""
        found: list[tuple[Span, str]] = []
        inside = self.edges[bisect_right(self.edges, span[0]) : bisect_left(self.edges, span[1])]
        for began, ended in pairwise([span[0], *inside, span[1]]):
            kind = self._kind((began + ended) / 2)
            if found and found[-1][1] == kind:
                found[-1] = ((found[-1][0][0], ended), kind)
            else:
                found.append(((began, ended), kind))
        return found

    def _kind(self, moment: float) -> str:
        now = self._covering(moment)
        if any(one.what == ANSWERED for one in now):
            return SERVER
        # The newest try there is: this moment, if it lies between two, else the last one before.
        tried = max(min(moment, one.last) for one in now)
        if self.proved.holds(tried):
            return LINE
        return SERVER if self.failing.holds(tried) or self.silent.holds(tried) else LINE

    def _covering(self, moment: float) -> list[_Piece]:
        first = bisect_left(self.pieces, moment - self.longest, key=lambda one: one.began)
        last = bisect_right(self.pieces, moment, key=lambda one: one.began)
        return [one for one in self.pieces[first:last] if one.ended > moment]


def of_server(judged: Judged, server: Sequence[Seen]) -> tuple[list[Span], list[Span]]:
    """Return when the server itself was measured, and when it was down, whoever noticed.

    Its own word counts only where no place was measured: a worker that begins anew is no outage that anybody saw.
    """
    looked = union(span for spans in judged.measured.values() for span in spans)
    ran = [(server[0].began, server[-1].ended)] if server else []
    gaps = [
        (one.ended, after.began) for one, after in pairwise(server) if after.began - one.ended > 2 * one.every
    ]
    seen = ((one.began, one.ended) for one in judged.faults if one.kind == SERVER)
    return union([*looked, *ran]), union([*seen, *minus(gaps, looked)])
