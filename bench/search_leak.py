"""What a thief of the database learns from what makes clients findable; he has no key unless a line says so.

    python bench/search_leak.py              20,000 invented clients, about a minute
    python bench/search_leak.py --clients N --json FILE

Attacked is the shape Alcove stores (docs/decisions/0003-search.md): contacts as keyed numbers cut to b bits,
and the directory part as one sealed value padded to a multiple of 64 bytes. For contrast the same attacks run
on shapes Alcove does not use, an index of all keyed name beginnings and sealed names without padding, so that
they are seen to find something where there is something to find.

The thief knows how common names are: he has counted 200,000 other people of the same region. All figures are
lower bounds, because a better attack may exist.
"""

import argparse
import hmac
import json
import math
import random
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from names import Name, invented

from alcove.clinic.clients.queries.spelling import words

PUBLIC = 200_000  # People whose names the thief has counted.
FULL = 64  # Bits of a token that is not cut short.
PHONES = 8 * 10**9  # Numbers that can be dialled under one country code.
LISTED = 10**8  # People in an outside list with phone and e-mail address.
BLOCK = 64  # The sealed directory part is padded to a multiple of this, in bytes.
SHORTEST, LONGEST = 2, 8  # Letters of the beginnings in the index we do not use.
RARE = 8  # Tokens of fewer clients are left alone: their counts tell too little.

Token = tuple[str, int]


def bits_kept(clients: int) -> int:
    return min(12, max(8, int(math.log2(clients)) - 3))


def token(key: bytes, kind: str, value: str, bits: int) -> Token:
    digest = hmac.digest(key, f"{kind}\0{1}\0{value}".encode(), "sha256")
    return kind, int.from_bytes(digest[:8], "big") >> (64 - bits)


# The attack on names: tokens found only together form a tree, which is laid over the tree of public names


class Public:
    """What everybody can count: how many of a hundred people bear a name, and any beginning of it."""

    def __init__(self, people: list[Name], clients: int) -> None:
        self.given, self.family = (Counter(first_word(name[role]) for name in people) for role in (0, 1))
        share = clients / len(people)
        self.expected: dict[str, float] = defaultdict(float)
        for word, count in (self.given + self.family).items():
            for beginning in beginnings(word):
                self.expected[beginning] += count * share
        self.after: dict[str, list[str]] = defaultdict(list)
        for beginning, expected in self.expected.items():
            if expected >= RARE / 2:
                self.after[beginning[:-1] if len(beginning) > SHORTEST else ""].append(beginning)
        self._best = {id(names): _best_by_beginning(names) for names in (self.given, self.family)}
        self._usual = {id(names): names.most_common(1)[0][0] for names in (self.given, self.family)}

    def usual(self, names: Counter[str]) -> str:
        return self._usual[id(names)]

    def best(self, names: Counter[str], beginning: str) -> tuple[str, int]:
        """The likeliest name with that beginning, and how many people of the role have the beginning."""
        return self._best[id(names)].get(beginning, ("", 0))


def first_word(name: str) -> str:
    return next(iter(words(name)), "")


def beginnings(word: str) -> list[str]:
    return [word[:length] for length in range(SHORTEST, min(len(word), LONGEST) + 1)]


def _best_by_beginning(names: Counter[str]) -> dict[str, tuple[str, int]]:
    best: dict[str, tuple[str, int]] = {}
    for word, count in names.most_common():
        for beginning in beginnings(word):
            name, total = best.get(beginning, (word, 0))
            best[beginning] = (name, total + count)
    return best


@dataclass
class Rows:
    """For each client the set of his tokens: all that is left of an index without its key."""

    rows: list[frozenset[Token]]

    @cached_property
    def count(self) -> Counter[Token]:
        return Counter(token for row in self.rows for token in row)

    @cached_property
    def after(self) -> dict[Token | None, list[Token]]:
        """The tree: under each token those that occur only together with it; under None the roots."""
        always: dict[Token, set[Token]] = {}
        for row in self.rows:
            for token_ in row:
                if token_ not in always:
                    always[token_] = set(row)
                elif len(always[token_]) > 1:
                    always[token_] &= row
        tree: dict[Token | None, list[Token]] = defaultdict(list)
        for token_, others in always.items():
            if self.count[token_] >= RARE:
                rank = (self.count[token_], token_)
                above = [(self.count[other], other) for other in others if (self.count[other], other) > rank]
                tree[min(above)[1] if above else None].append(token_)
        return tree


class Overlay:
    """Lays the tree of tokens over that of public beginnings so that counts agree best, branches and all."""

    def __init__(self, rows: Rows, public: Public) -> None:
        self._rows, self._public = rows, public
        self._known: dict[tuple[Token, str], float] = {}
        self.meaning: dict[Token, str] = {}
        self._lay(None, "")

    def _lay(self, above: Token | None, beginning: str) -> None:
        for _, token_, meant in self._pairs(above, beginning):
            self.meaning[token_] = meant
            self._lay(token_, meant)

    def _pairs(self, above: Token | None, beginning: str) -> list[tuple[float, Token, str]]:
        """The branches matched one to one, the best agreement first."""
        scored = [
            (score, token_, meant)
            for token_ in self._rows.after.get(above, ())
            for meant in self._public.after.get(beginning, ())
            if (score := self._agreement(token_, meant)) > 0
        ]
        taken: set[Token | str] = set()
        pairs = []
        for score, token_, meant in sorted(scored, reverse=True):
            if token_ not in taken and meant not in taken:
                taken |= {token_, meant}
                pairs.append((score, token_, meant))
        return pairs

    def _agreement(self, token_: Token, meant: str) -> float:
        expected = self._public.expected[meant]
        off = math.log((self._rows.count[token_] + 0.5) / (expected + 0.5))
        own = 4 - off * off / (2 / expected + 0.002)
        if own <= 0:
            return 0
        if (token_, meant) not in self._known:
            branches = sum(score for score, _, _ in self._pairs(token_, meant))
            self._known[token_, meant] = own + branches
        return self._known[token_, meant]


def names_found(rows: list[frozenset[Token]], people: list[Name], public: Public) -> dict[str, float]:
    """Of 100 clients, how many given names and family names the thief says rightly."""
    meaning = Overlay(Rows(rows), public).meaning
    right = [0, 0]
    for row, person in zip(rows, people, strict=True):
        meant = {meaning[token_] for token_ in row if token_ in meaning}
        ends = [text for text in meant if sum(other.startswith(text) for other in meant) == 1]
        right[0] += _said(ends, public.given, public.family, public) == first_word(person[0])
        right[1] += _said(ends, public.family, public.given, public) == first_word(person[1])
    return {"given": 100 * right[0] / len(people), "family": 100 * right[1] / len(people)}


def _said(ends: list[str], names: Counter[str], others: Counter[str], public: Public) -> str:
    """The thief's word for one role: from the end that belongs to that role most, else the commonest name."""

    def belonging(end: str) -> float:
        mine = public.best(names, end)[1]
        return mine / (mine + public.best(others, end)[1] + 1)

    end = max(ends, key=belonging, default="")
    return public.best(names, end)[0] or public.usual(names)


def prefix_rows(people: list[Name], key: bytes) -> list[frozenset[Token]]:
    """The contrast: every beginning of every word, keyed, at full length."""
    return [
        frozenset(
            token(key, "name", beginning, FULL)
            for word in words(" ".join(person))
            for beginning in beginnings(word)
        )
        for person in people
    ]


# Lengths


def sealed_text(person: Name) -> str:
    part = {"given": person[0], "family": person[1], "preferred": "", "reading": "", "born": "1980-01-01"}
    return json.dumps(part, ensure_ascii=False)


def given_from_lengths(people: list[Name], lengths: list[object]) -> float:
    """Of 100 given names, how many are said rightly by who saw lengths and names of the other half."""
    seen: dict[object, Counter[str]] = defaultdict(Counter)
    half = len(people) // 2
    for person, length in zip(people[:half], lengths[:half], strict=True):
        seen[length][first_word(person[0])] += 1
    usual = Counter(first_word(person[0]) for person in people[:half]).most_common(1)[0][0]
    said = (seen[length].most_common(1)[0][0] if seen[length] else usual for length in lengths[half:])
    return (
        100
        * sum(word == first_word(person[0]) for word, person in zip(said, people[half:], strict=True))
        / half
    )


# Contacts


def phones_of(clients: int, rng: random.Random) -> list[str]:
    """One phone a client; 38 in 100 share it with others of the household."""
    phones: list[str] = []
    for _ in range(clients):
        shared = len(phones) > 3 and rng.random() < 0.22
        phones.append(rng.choice(phones[-3:]) if shared else f"+1{rng.randrange(2 * 10**9, 10**10)}")
    return phones


def pairs(values: Iterable[object]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(values).values())


def true_pairs(phones: list[str], key: bytes, bits: int) -> float:
    """Of 100 pairs of clients seen to share a phone token, how many share a phone."""
    return 100 * pairs(phones) / pairs(token(key, "phone", phone, bits) for phone in phones)


def phones_left(phones: list[str], key: bytes, bits: int, rng: random.Random, tried: int = 300_000) -> float:
    """How many phone numbers fit a client when the index key is stolen too, by trying some and scaling up."""
    stored = Counter(token(key, "phone", phone, bits) for phone in phones)
    guesses = (f"+1{rng.randrange(2 * 10**9, 10**10)}" for _ in range(tried))
    hits = sum(stored[token(key, "phone", guess, bits)] for guess in guesses)
    return max(1.0, hits / len(phones) / tried * PHONES)


# The run


def measure(clients: int, seed: int = 7) -> dict[str, dict[str, float]]:
    key, rng, bits = secrets.token_bytes(32), random.Random(seed), bits_kept(clients)
    people, public = invented(clients, seed), Public(invented(PUBLIC, seed + 1), clients)
    phones = phones_of(clients, rng)
    mails = [f"{rng.getrandbits(40):x}@example.org" for _ in people]
    stored = [
        frozenset((token(key, "phone", phone, bits), token(key, "mail", mail, bits)))
        for phone, mail in zip(phones, mails, strict=True)
    ]
    usual = [public.usual(names) for names in (public.given, public.family)]
    baseline = [100 * sum(first_word(p[role]) == usual[role] for p in people) / clients for role in (0, 1)]
    ours = names_found(stored, people, public)
    contrast = names_found(prefix_rows(people, key), people, public)
    sealed = [len(sealed_text(person).encode()) for person in people]
    apart: list[object] = [tuple(len(name.encode()) for name in person) for person in people]
    return {
        "ours": {
            "bits": bits,
            "given names from tokens, %": ours["given"],
            "family names from tokens, %": ours["family"],
            "given names from lengths, %": given_from_lengths(
                people, [-(-length // BLOCK) for length in sealed]
            ),
            "pairs sharing a phone token that share a phone, %": true_pairs(phones, key, bits),
            "index key stolen too: phones left for a client": phones_left(phones, key, bits, rng),
            "... of 100 million listed by phone and e-mail": max(1.0, LISTED / 2 ** (2 * bits)),
        },
        "contrast": {
            "bits": FULL,
            "given names from tokens, %": contrast["given"],
            "family names from tokens, %": contrast["family"],
            "given names from lengths, %": given_from_lengths(people, apart),
            "pairs sharing a phone token that share a phone, %": true_pairs(phones, key, FULL),
            "index key stolen too: phones left for a client": 1,
            "... of 100 million listed by phone and e-mail": 1,
        },
        "baseline": {
            "given names from tokens, %": baseline[0],
            "family names from tokens, %": baseline[1],
            "given names from lengths, %": baseline[0],
        },
    }


def show(figures: dict[str, dict[str, float]], clients: int) -> None:
    print(f"{clients:,} clients\n{'':52}{'Alcove':>14}{'contrast':>14}{'knows nothing':>14}")
    for line in figures["ours"]:
        cells = (figures[shape].get(line) for shape in ("ours", "contrast", "baseline"))
        print(f"{line:52}" + "".join(f"{'' if cell is None else f'{cell:,.1f}':>14}" for cell in cells))
    print(
        "contrast: all keyed name beginnings of 2 to 8 letters; names sealed apart, unpadded; contacts uncut"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="What a thief of the database learns.")
    parser.add_argument("--clients", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = measure(options.clients)
    show(figures, options.clients)
    if options.json:
        options.json.write_text(
            json.dumps({"clients": options.clients, **figures}, indent=1), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
