"""Finds clients by name while every name on disk is sealed.

The names are opened once into the memory of the server and searched there, because every index of names on
disk that answers fast gives most given names away to whoever steals it (docs/decisions/0003-search.md).

Invariants:
- Nothing here reads or writes a file, logs, or caches outside the index. An `Entry` does not print its name
  and a `NameIndex` refuses to be pickled.
- A search sees the whole index before a change or the whole index after it, never a mixture: both segments
  hang from one reference, are never altered, and are replaced together.
- Who is hidden from the asker is taken out before anything is ranked, cut or counted.
- When `change` returns, no word of a removed name that nobody else bears can be reached from the index.

What must never happen: a name outlives its client here. Proved by test_names.py::test_removed_name_is_gone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import NamedTuple, NoReturn
from uuid import UUID

import numpy as np

from alcove.clinic.clients.queries.segment import (
    MISS,
    Columns,
    Entry,
    Places,
    Segment,
    day_number,
    interleaved,
)
from alcove.clinic.clients.queries.spelling import CHARACTER, sort_key, words

__all__ = ["Entry", "Found", "NameIndex", "sort_key"]

ENOUGH = 25  # With this many clients found by whole words and beginnings, no spelling is guessed at.
COUNTED = 500  # Totals are exact up to here; above it the answer is only "more than 500".
FOLD_IN = 2_000  # Clients in the small segment before it is folded into the main one.
MOST_WORDS = 8  # Words of a question that are looked at.


@dataclass(frozen=True, slots=True)
class Found:
    """The best clients first; `total` of those who match, at most 500; whether there are `more` than that."""

    ids: list[UUID]
    total: int
    more: bool


class _State(NamedTuple):
    """The whole index at one moment: a large segment, and a small one of what changed since it was made."""

    main: Segment
    recent: Segment
    places: Places  # for each recent client, how many of main stand before him in the alphabet

    @property
    def segments(self) -> tuple[Segment, Segment]:
        return self.main, self.recent


class NameIndex:
    """Clients by name and birth date, for many readers at once; writers wait for each other.

    Sizes and times: bench/names.py prints them beside those of a plaintext index.
    """

    def __init__(self) -> None:
        self._state = _fresh_state(Segment.of(Columns()))
        self._writing = Lock()

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> "NameIndex":
        """An index of all entries; of two with one id the later counts."""
        return cls.of(Columns.of(entries))

    @classmethod
    def of(cls, clients: Columns) -> "NameIndex":
        """An index of these clients."""
        index = cls()
        index._state = _fresh_state(Segment.of(clients))
        return index

    def __reduce__(self) -> NoReturn:
        raise TypeError("the names of clients do not leave the memory of this process")

    def __len__(self) -> int:
        return sum(map(len, self._state.segments))

    def __contains__(self, id: UUID) -> bool:
        return any(len(segment.numbers([id])) for segment in self._state.segments)

    # Reading: each takes self._state once, so it sees one index whatever is changed meanwhile

    def search(self, text: str, limit: int = ENOUGH, hidden: Collection[UUID] = ()) -> Found:
        """Clients who match every word of `text`, best first, equals alphabetical.

        Each word counts 0 as a whole word, 1 as a beginning; only if fewer than 25 are found so, also 2 as a
        word of the same sound, 3 with one typing error, 4 as a beginning with one. A question needs one word
        of two letters, or one Han, kana or Hangul sign; otherwise nothing is found.
        """
        asked = words(text)[:MOST_WORDS]
        if not any(len(word) > 1 or CHARACTER.match(word) for word in asked):
            return Found([], total=0, more=False)
        state = self._state.segments
        closed = [segment.numbers(hidden) for segment in state]
        for guess in (False, True):
            scores = [segment.scores(asked, guess=guess) for segment in state]
            for score, numbers in zip(scores, closed, strict=True):
                score[numbers] = MISS
            hits = [np.flatnonzero(score < MISS) for score in scores]
            total = sum(map(len, hits))
            if total >= ENOUGH:
                break
        best: list[tuple[int, bytes, bytes]] = []
        for segment, score, hit in zip(state, scores, hits, strict=True):
            first = hit[np.argsort(score[hit], kind="stable")[:limit]]
            best.extend((int(score[number]), *segment.place(number)) for number in first.tolist())
        ids = [UUID(bytes=id) for _, _, id in sorted(best)[:limit]]
        return Found(ids, min(total, COUNTED), total > COUNTED)

    def page(self, offset: int, limit: int, hidden: Collection[UUID] = ()) -> list[UUID]:
        """Those of one page of the alphabetical list: at most `limit`, after the first `offset`."""
        main, recent, places = self._state
        order = np.empty(len(main) + len(recent), np.int64)
        here, there = interleaved(places, len(main))
        order[here], order[there] = np.arange(len(main)), np.arange(len(recent)) + len(main)
        shown = np.ones(len(order), bool)
        shown[main.numbers(hidden)] = False
        shown[recent.numbers(hidden) + len(main)] = False
        at = order[shown[order]][offset : offset + limit].tolist()
        return [UUID(bytes=main.id(i) if i < len(main) else recent.id(i - len(main))) for i in at]

    def born_on(self, day: date, hidden: Collection[UUID] = ()) -> list[UUID]:
        """Clients born on that day, alphabetically; none for a date that stands for an unknown one."""
        if not (wanted := day_number(day)):
            return []
        found: list[tuple[bytes, bytes]] = []
        for segment in self._state.segments:
            born = segment.born == wanted
            born[segment.numbers(hidden)] = False
            found.extend(segment.place(number) for number in np.flatnonzero(born).tolist())
        return [UUID(bytes=id) for _, id in sorted(found)]

    # Changing

    def change(self, id: UUID, entry: Entry | None) -> None:
        """Put one client in, in place of what was known of him, or take him out with None."""
        self.change_all({id: entry})

    def remove(self, id: UUID) -> None:
        """Take a client out; nothing happens if he is not there."""
        self.change_all({id: None})

    def change_all(self, changes: Mapping[UUID, Entry | None]) -> None:
        """Put many clients in or out in one step.

        When this returns, words nobody bears any more are out of reach of the index; a search that began
        earlier holds the old arrays until it ends. Freed memory is not overwritten: swap and core dumps must
        be off.
        """
        if any(entry and entry.id != id for id, entry in changes.items()):
            raise ValueError("an entry stands under the id of another client")
        with self._writing:
            self._state = _changed(self._state, changes)


def _fresh_state(main: Segment) -> _State:
    return _State(main, Segment.of(Columns()), np.empty(0, np.int64))


def _changed(state: _State, changes: Mapping[UUID, Entry | None]) -> _State:
    main, recent, places = state
    if len(gone := main.numbers(changes.keys())):
        main = main.without(gone)
        places = places - np.searchsorted(np.sort(gone), places)
    if len(gone := recent.numbers(changes.keys())):
        recent, places = recent.without(gone), np.delete(places, gone)
    if put := [entry for entry in changes.values() if entry]:
        fresh = Segment.of(Columns.of(put))
        # Places grow with the alphabet, so sorting them puts them in the order of the merged clients.
        places = np.sort(np.concatenate([places, fresh.places_in(main)]))
        recent = recent.merged(fresh)
    return _State(main, recent, places) if len(recent) < FOLD_IN else _fresh_state(main.merged(recent))
