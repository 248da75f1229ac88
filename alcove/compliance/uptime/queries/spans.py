"""Spans of time as pairs of milliseconds ``(began, ended)`` with ``began < ended``: half open, in order, apart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the time that lies in any of these; they may come in any order, overlap, and be empty."""
    found: list[Span] = []
    for began, ended in sorted(one for one in spans if one[0] < one[1]):
        if found and began <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ended))
        else:
            found.append((began, ended))
    return found


def minus(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """Return the time of the first that lies in none of the second."""
    found, at = [], 0
    for began, ended in spans:
        while at < len(taken) and taken[at][1] <= began:
            at += 1
        number, start = at, began
        while number < len(taken) and taken[number][0] < ended:
            if start < taken[number][0]:
                found.append((start, taken[number][0]))
            start = max(start, taken[number][1])
            number += 1
        if start < ended:
            found.append((start, ended))
    return found


def within(spans: Sequence[Span], began: int, ended: int) -> list[Span]:
    """Return the part of these that lies between two moments."""
    first = max(bisect_right(spans, (began, began)) - 1, 0)
    found = []
    for one in spans[first:]:
        if one[0] >= ended:
            break
        cut = max(one[0], began), min(one[1], ended)
        if cut[0] < cut[1]:
            found.append(cut)
    return found


def total(spans: Iterable[Span]) -> int:
    """Return how many milliseconds they are together."""
    return sum(ended - began for began, ended in spans)


class Closed:
    """Spans with both ends in them, asked for single moments; they may be given in any order, and overlap."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans: list[Span] = []
        for began, ended in sorted(one for one in spans if one[0] <= one[1]):
            if self.spans and began <= self.spans[-1][1]:
                self.spans[-1] = (self.spans[-1][0], max(self.spans[-1][1], ended))
            else:
                self.spans.append((began, ended))
        self.edges = [edge for span in self.spans for edge in span]
        self._starts = [began for began, _ in self.spans]

    def holds(self, moment: float) -> bool:
        """Whether a moment lies in one of them."""
        at = bisect_right(self._starts, moment) - 1
        return at >= 0 and moment <= self.spans[at][1]
