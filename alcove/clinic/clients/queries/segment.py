"""An unalterable index over the names of some clients, kept in few flat arrays.

Clients are numbered alphabetically and the words are sorted, so a beginning is one slice of the postings and
ties need no sorting. Sizes: docs/decisions/0003-search.md. A change makes new arrays; names.py says why.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import compress, count
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from alcove.clinic.clients.queries.spelling import CHARACTER, SOUNDS_KEPT, sounds, spellings

# Nobody alive was born earlier: such dates are placeholders of old programs.
FIRST_BIRTHDAY = date(1905, 1, 1)
GUESSED = 4  # Letters a word needs before a typing error in it is looked for.
MISS = 1_000  # The score of a client without the word; above any sum of tiers.

_LAST = "\U0010ffff"  # Sorts after every letter, so word + _LAST ends the words that start with it.

Numbers = NDArray[np.uint32]
Places = NDArray[np.int64]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Entry:
    """One client in the directory.

    `name` is all that can be searched: given, family, preferred name and reading, joined by spaces.
    `sort_key` is compared by code point; `spelling.sort_key` makes one.
    """

    id: UUID
    name: str = field(repr=False)
    sort_key: str = field(repr=False)
    born: date | None = field(default=None, repr=False)


def _numbering() -> "defaultdict[str, int]":
    """Give each text that is asked for the next number, from 0."""
    return defaultdict(count().__next__)


@dataclass(frozen=True, slots=True)
class Columns:
    """Many clients as equally long lists, in any order.

    No object is kept for each: the collector of cycles would walk through all of them again and again. A name is kept
    as the numbers of its parts, because most parts are borne by many and need to be spelled out only once.
    """

    ids: list[bytes] = field(default_factory=list)  # 16 bytes each
    sort_keys: list[str] = field(default_factory=list, repr=False)
    born: list[int] = field(default_factory=list, repr=False)  # as `day_number` gives it
    sizes: list[int] = field(default_factory=list, repr=False)  # how many parts each name has
    parts: list[int] = field(default_factory=list, repr=False)  # of all names, one after another
    written: defaultdict[str, int] = field(default_factory=_numbering, repr=False)  # each part and its number

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Columns":
        """These entries; of two with one id the later counts."""
        columns = cls()
        for entry in {entry.id: entry for entry in entries}.values():
            columns.put(entry.id.bytes, entry.name.split(), entry.sort_key, day_number(entry.born))
        return columns

    def put(self, id: bytes, name: Sequence[str], sort_key: str, born: int) -> None:
        """Put in one client, who is not in yet. A part of `name` is one or more words."""
        self.ids.append(id)
        self.sort_keys.append(sort_key)
        self.born.append(born)
        self.sizes.append(len(name))
        self.parts.extend(map(self.written.__getitem__, name))


@dataclass(frozen=True, slots=True)
class Segment:
    """An unalterable index over some clients, who are numbered alphabetically from 0.

    Postings stand in the order of the vocabulary, so the clients with any word of a prefix are one slice.
    """

    ids: NDArray[np.bytes_]  # 16 bytes a client
    by_id: Numbers  # clients in the order of their ids
    born: NDArray[np.int32]  # day number of the birth date, 0 where none is known
    keys: bytes  # sort keys in UTF-8, one after another
    key_starts: Numbers  # of each key, and the end of the last
    vocabulary: list[str]  # distinct words, sorted
    starts: Numbers  # of each word's clients in `postings`, and the end of the last
    postings: Numbers
    codes: NDArray[np.bytes_]  # sound codes, sorted
    code_words: Numbers  # the word that has the code

    @classmethod
    def of(cls, given: Columns) -> "Segment":
        """A segment of these clients."""
        ids = np.array(given.ids, "S16")
        by_id = np.argsort(ids)
        # Sorting is stable, so clients of one sort key stay in the order of their ids.
        order = sorted(by_id.tolist(), key=given.sort_keys.__getitem__)
        number = np.empty(len(order), np.uint32)
        number[order] = np.arange(len(order))
        keys = [given.sort_keys[i].encode("utf-8", "surrogatepass") for i in order]
        vocabulary, of_words, of_clients = _word_pairs(given, number)
        starts, postings = _postings(of_words, of_clients, len(vocabulary), len(order))
        codes, code_words = _sound_table(vocabulary)
        return cls(
            ids=ids[order],
            by_id=number[by_id],
            born=np.array(given.born, np.int32)[order],
            keys=b"".join(keys),
            key_starts=_running(np.fromiter(map(len, keys), np.int64, len(keys))),
            vocabulary=vocabulary,
            starts=starts,
            postings=postings,
            codes=codes,
            code_words=code_words,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def id(self, number: int) -> bytes:
        # numpy drops zero bytes at the end of a byte string.
        return bytes(self.ids[number]).ljust(16, b"\0")

    def place(self, number: int) -> tuple[bytes, bytes]:
        """What the alphabetical order of clients compares."""
        return self.keys[self.key_starts[number] : self.key_starts[number + 1]], self.id(number)

    def numbers(self, ids: Collection[UUID]) -> Numbers:
        """The numbers of those of `ids` that are in this segment."""
        wanted = np.array([id.bytes for id in ids], "S16")
        if not len(self) or not len(wanted):
            return np.empty(0, np.uint32)
        at = np.minimum(np.searchsorted(self.ids, wanted, sorter=self.by_id), len(self) - 1)
        near: Numbers = self.by_id[at]
        there: Numbers = near[self.ids[near] == wanted]
        return there

    # Looking up

    def scores(self, asked: list[str], *, guess: bool) -> NDArray[np.uint16]:
        """For every client the sum of the best tiers of the words asked; MISS and more if one is absent."""
        total = np.zeros(len(self), np.uint16)
        for word in asked:
            best = np.full(len(self), MISS, np.uint16)
            tiers = [self._whole(word), self._starting(word)]
            tiers = [*self._split(word, tiers), *(self._guessed(word) if guess else ())]
            # The better tier is written later and so stands.
            for tier in range(len(tiers) - 1, -1, -1):
                best[tiers[tier]] = tier
            total += best
        return total

    def _whole(self, word: str) -> Numbers:
        at = bisect_left(self.vocabulary, word)
        return self._clients(at, at + (self.vocabulary[at : at + 1] == [word]))

    def _starting(self, word: str) -> Numbers:
        at = bisect_left(self.vocabulary, word)
        return self._clients(at, bisect_left(self.vocabulary, word + _LAST, at))

    def _clients(self, first: int, end: int) -> Numbers:
        return self.postings[self.starts[first] : self.starts[end]]

    def _split(self, word: str, tiers: list[Numbers]) -> list[Numbers]:
        """Han, kana and Hangul names are typed without gaps: also clients who have the word in two pieces."""
        for sign in CHARACTER.finditer(word, 1):
            first, rest = self._whole(word[: sign.start()]), word[sign.start() :]
            if len(first):
                tiers[0] = np.concatenate([tiers[0], np.intersect1d(first, self._whole(rest))])
                tiers[1] = np.concatenate([tiers[1], np.intersect1d(first, self._starting(rest))])
        return tiers

    def _guessed(self, word: str) -> Iterator[Numbers]:
        """Tiers 2 to 4: clients with a word of the same sound, one edit away, or beginning one edit away."""
        alike: list[Numbers] = []
        for code in sounds(word):
            first = np.searchsorted(self.codes, code.encode())
            end = np.searchsorted(self.codes, code.encode(), side="right")
            alike.extend(self._clients(at, at + 1) for at in self.code_words[first:end].tolist())
        yield _joined(alike)
        spelt = set(self._misspelt(word)) if len(word) >= GUESSED else set()
        yield _joined([self._whole(other) for other in spelt])
        yield _joined([self._starting(other) for other in spelt])

    def _misspelt(self, word: str) -> Iterator[str]:
        """Spellings one insertion, deletion, replacement or swap from `word` with which a known word begins.

        Walks the sorted vocabulary like a tree, so only letters that do follow are tried. An insertion at the
        very end is left out: the words it could find begin with `word` and have been found better.
        """
        first, end = 0, len(self.vocabulary)  # The words that begin with `head`.
        for at in range(len(word)):
            head, tail = word[:at], word[at:]
            for other in (head + tail[1:], head + tail[1:2] + tail[0] + tail[2:]):
                if other != word and self._begins_some(other, first, end):
                    yield other
            for branch, start, stop in self._branches(head, first, end, latin=word.isascii()):
                for other in (branch + tail, branch + tail[1:]):
                    if other != word and self._begins_some(other, start, stop):
                        yield other
            first = bisect_left(self.vocabulary, word[: at + 1], first, end)
            end = bisect_left(self.vocabulary, word[: at + 1] + _LAST, first, end)
            if first == end:
                return

    def _branches(self, head: str, first: int, end: int, *, latin: bool) -> Iterator[tuple[str, int, int]]:
        """`head` with each letter that follows it in a range of words, and the part that has it."""
        while first < end:
            branch = self.vocabulary[first][: len(head) + 1]
            # A question in Latin letters has no use for the thousands of Han signs, which sort after them and
            # stand in the vocabulary in Latin letters too.
            if latin and not branch.isascii():
                return
            stop = first + 1 if branch == head else bisect_left(self.vocabulary, branch + _LAST, first, end)
            if branch != head:
                yield branch, first, stop
            first = stop

    def _begins_some(self, text: str, first: int, end: int) -> bool:
        at = bisect_left(self.vocabulary, text, first, end)
        return at < end and self.vocabulary[at].startswith(text)

    # Changing: both give a new segment and leave this one as it is

    def without(self, gone: Numbers) -> "Segment":
        """This segment without some clients and without the words that only they bore."""
        kept = np.ones(len(self), bool)
        kept[gone] = False
        client = np.cumsum(kept, dtype=np.uint32) - np.uint32(1)
        staying = kept[self.postings]
        starts = _running(staying)[self.starts]
        used = starts[1:] > starts[:-1]
        word = np.cumsum(used, dtype=np.uint32) - np.uint32(1)
        heard = used[self.code_words]
        ordered = np.sort(gone)
        ends = [*self.key_starts[ordered], len(self.keys)]
        cuts = zip([0, *self.key_starts[ordered + 1]], ends, strict=True)
        lengths = np.diff(self.key_starts)[kept]
        return Segment(
            ids=self.ids[kept],
            by_id=client[self.by_id[kept[self.by_id]]],
            born=self.born[kept],
            keys=b"".join(self.keys[start:end] for start, end in cuts),
            key_starts=_running(lengths),
            vocabulary=list(compress(self.vocabulary, used.tolist())),
            starts=np.concatenate([starts[:1], starts[1:][used]]),
            postings=client[self.postings[staying]],
            codes=self.codes[heard],
            code_words=word[self.code_words[heard]],
        )

    def places_in(self, other: "Segment") -> Places:
        """For each client of this segment, how many of `other` stand before him in the alphabet."""
        everyone = range(len(other))
        places = (bisect_left(everyone, self.place(number), key=other.place) for number in range(len(self)))
        return np.fromiter(places, np.int64, len(self))

    def merged(self, more: "Segment") -> "Segment":
        """This segment and another, of other clients, as one."""
        here, there = interleaved(more.places_in(self), len(self))
        vocabulary, old_words, more_words = self._merged_words(more)
        starts, postings = _postings(
            np.concatenate([_each_word(self, old_words), _each_word(more, more_words)]),
            np.concatenate([here[self.postings], there[more.postings]]),
            len(vocabulary),
            len(here) + len(there),
        )
        heard = np.concatenate([old_words[self.code_words], more_words[more.code_words]])
        # A word of both would stand twice under its code.
        codes, code_words = _code_table(np.concatenate([self.codes, more.codes]), heard)
        ids = _mixed(self.ids, more.ids, here, there)
        return Segment(
            ids=ids,
            by_id=np.argsort(ids).astype(np.uint32),
            born=_mixed(self.born, more.born, here, there),
            keys=self._merged_keys(more, there),
            key_starts=_running(_mixed(np.diff(self.key_starts), np.diff(more.key_starts), here, there)),
            vocabulary=vocabulary,
            starts=starts,
            postings=postings,
            codes=codes,
            code_words=code_words,
        )

    def _merged_keys(self, more: "Segment", there: Places) -> bytes:
        parts, taken = [], 0
        for number, at in enumerate(there.tolist()):
            end = int(self.key_starts[at - number])
            parts += [self.keys[taken:end], more.place(number)[0]]
            taken = end
        return b"".join([*parts, self.keys[taken:]])

    def _merged_words(self, more: "Segment") -> tuple[list[str], Places, Places]:
        """The words of both, and the new numbers of the words of each."""
        found = np.array([bisect_left(self.vocabulary, word) for word in more.vocabulary], np.int64)
        pairs = zip(found.tolist(), more.vocabulary, strict=True)
        new = np.array([self.vocabulary[at : at + 1] != [word] for at, word in pairs], bool)
        old_words, new_words = interleaved(found[new], len(self.vocabulary))
        more_words = np.empty(len(found), np.int64)
        more_words[new], more_words[~new] = new_words, old_words[found[~new]]
        # Sorting two sorted runs is one pass.
        return sorted([*self.vocabulary, *compress(more.vocabulary, new.tolist())]), old_words, more_words


def day_number(born: date | None) -> int:
    return born.toordinal() if born and FIRST_BIRTHDAY <= born < date.max else 0


def _joined(parts: list[Numbers]) -> Numbers:
    return np.concatenate(parts) if parts else np.empty(0, np.uint32)


def _running(lengths: NDArray[Any]) -> Numbers:
    """Where each part starts when parts of these lengths stand one after another, and the end of the last."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.uint32)


def interleaved(places: Places, length: int) -> tuple[Places, Places]:
    """New positions of `length` old things, and of new ones that each stand after `places[i]` old ones."""
    old = np.arange(length)
    return old + np.searchsorted(places, old, side="right"), places + np.arange(len(places))


def _word_pairs(given: Columns, numbers: Numbers) -> tuple[list[str], Places, Places]:
    """The vocabulary, sorted, and which word stands in whose name, as two equally long arrays."""
    known = _numbering()
    spelled: list[int] = []
    ends = [0]
    for part in given.written:
        for word in part.split():
            spelled.extend(map(known.__getitem__, spellings(word)))
        ends.append(len(spelled))

    at, starts = np.array(given.parts, np.int64), np.array(ends)
    each = np.diff(starts)[at]
    of_clients = np.repeat(np.repeat(numbers.astype(np.int64), given.sizes), each)
    within = np.arange(len(of_clients)) - np.repeat(np.cumsum(each) - each, each)
    vocabulary = sorted(known)
    rank = np.empty(len(known), np.int64)
    rank[np.fromiter(map(known.__getitem__, vocabulary), np.int64, len(known))] = np.arange(len(known))
    return vocabulary, rank[np.array(spelled, np.int64)[np.repeat(starts[at], each) + within]], of_clients


def _postings(of_words: Places, of_clients: Places, words: int, clients: int) -> tuple[Numbers, Numbers]:
    """Where the clients of each word start, and the clients: ascending, without repeats, word by word."""
    pairs = np.sort(of_words * np.int64(clients) + of_clients)
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    starts = np.searchsorted(pairs, np.arange(words + 1) * np.int64(clients))
    return starts.astype(np.uint32), (pairs % max(clients, 1)).astype(np.uint32)


def _each_word(segment: Segment, numbers: Places) -> Places:
    """The new number of the word at each place of the postings."""
    return np.repeat(numbers, np.diff(segment.starts))


def _mixed(old: NDArray[Kind], new: NDArray[Kind], here: Places, there: Places) -> NDArray[Kind]:
    both = np.empty(len(old) + len(new), old.dtype)
    both[here], both[there] = old, new
    return both


def _sound_table(vocabulary: list[str]) -> tuple[NDArray[np.bytes_], Numbers]:
    """Sound codes, sorted, and the word of each. Words in other scripts also stand here in Latin letters."""
    codes: list[str] = []
    of_words: list[int] = []
    for at, word in enumerate(vocabulary):
        for code in sounds(word) if word.isascii() else ():
            codes.append(code)
            of_words.append(at)
    return _code_table(np.array(codes, f"S{SOUNDS_KEPT}"), np.array(of_words, np.int64))


def _code_table(codes: NDArray[np.bytes_], of_words: Places) -> tuple[NDArray[np.bytes_], Numbers]:
    by_code = np.lexsort((of_words, codes))
    codes, of_words = codes[by_code], of_words[by_code]
    first = np.ones(len(codes), bool)
    first[1:] = (codes[1:] != codes[:-1]) | (of_words[1:] != of_words[:-1])
    return codes[first], of_words[first].astype(np.uint32)
