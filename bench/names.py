"""How fast clients are found by name in memory, beside a plaintext trigram index of the same names in SQLite.

    python bench/names.py                        20,000 and 100,000 invented names, about two minutes
    python bench/names.py 20000 --json FILE      one size; the figures also as JSON

Each time is a wall time in milliseconds: half of the questions take p50 or less, 95 in 100 take p95 or less.
Both indexes answer the same questions with 25 clients; ours ranks them and counts all who match, SQLite stops
at the first 25. The plaintext index is FTS5 with the trigram tokenizer, in memory: all trigrams of a
beginning, or for a typing error all but three of them. `found`: how often one of the meant name is among the 25.
"""

import argparse
import ctypes
import gc
import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import accumulate, combinations
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from alcove.clinic.clients.queries.names import FOLD_IN, Entry, NameIndex, sort_key
from alcove.clinic.clients.queries.spelling import fold, sounds

LOCALES = Path(__file__).resolve().parents[2] / "shared/data/contacts/names_by_locale.json"
QUESTIONS = 200
SHOWN = 25
LEFT_OUT = 3  # Trigrams one typing error can spoil.

Name = tuple[str, str]
Draw = Callable[[random.Random], str]
Search = Callable[[str], list[int]]


def invented(size: int, seed: int = 7) -> list[Name]:
    """Given and family names as (given, family): drawn with frequencies that fall as in a census.

    Six in 100 people come from any of 58 locales. Rare names are put together from halves of known ones,
    always the same whatever the seed, so two populations differ in people and not in the names there are.
    """
    locales = json.loads(LOCALES.read_text(encoding="utf-8"))
    draw_given, draw_family = _regional(locales, random.Random(1))
    foreign = [(locale["first_names"], locale["last_names"]) for locale in locales.values()]
    rng = random.Random(seed)
    people = []
    for _ in range(size):
        if rng.random() < 0.06:
            first, last = rng.choice(foreign)
            people.append((rng.choice(first), rng.choice(last)))
        else:
            people.append((draw_given(rng), draw_family(rng)))
    return people


def _regional(locales: dict[str, dict[str, list[str]]], rng: random.Random) -> tuple[Draw, Draw]:
    """Draws of a given and of a family name in an English-speaking region with people from everywhere."""

    def known(part: str, *, near: bool) -> list[str]:
        chosen = (locale for key, locale in locales.items() if key.startswith("en_") == near)
        names = sorted({name for locale in chosen for name in locale[part] if name.isascii()})
        rng.shuffle(names)
        return names

    def mixed(names: list[str], size: int) -> list[str]:
        return [rng.choice(names)[:4] + rng.choice(names)[-4:].lower() for _ in range(size)]

    given = known("first_names", near=True) + known("first_names", near=False)
    family = known("last_names", near=True) + known("last_names", near=False)
    return _falling(given + mixed(given, 3_000), 10), _falling(family + mixed(family, 60_000), 20)


def _falling(names: list[str], flat: int) -> Draw:
    """A draw in which the name of rank r is as likely as 1 / (r + flat)."""
    weights = list(accumulate(1 / (rank + flat) for rank in range(len(names))))
    return lambda rng: rng.choices(names, cum_weights=weights)[0]


def entry(number: int, name: Name) -> Entry:
    given, family = name
    return Entry(UUID(int=number), f"{given} {family}", sort_key(family, given))


class Plaintext:
    """A trigram index over readable names, as a program that does not seal them would have."""

    def __init__(self, people: list[Name]) -> None:
        self._rows = sqlite3.connect(":memory:")
        self._rows.execute("CREATE VIRTUAL TABLE person USING fts5(name, tokenize='trigram', detail='full')")
        rows = ((number, f" {fold(given)} {fold(family)} ") for number, (given, family) in enumerate(people))
        self._rows.executemany("INSERT INTO person(rowid, name) VALUES (?, ?)", rows)
        self._rows.commit()

    def beginning(self, text: str) -> list[int]:
        return self._asked(" AND ".join(f'" {word}"' for word in fold(text).split()))

    def misspelt(self, text: str) -> list[int]:
        """Every word may lack any three of its trigrams; words too short for that must stand as they are."""
        return self._asked(" AND ".join(map(_all_but_three, fold(text).split())))

    def _asked(self, match: str) -> list[int]:
        rows = self._rows.execute("SELECT rowid FROM person WHERE person MATCH ? LIMIT ?", (match, SHOWN))
        return [number for (number,) in rows]


def _all_but_three(word: str) -> str:
    text = f" {word} "
    trigrams = sorted({text[at : at + 3] for at in range(len(text) - 2)})
    needed = len(trigrams) - LEFT_OUT
    if needed < 1:
        return f'"{text}"'
    ways = (" AND ".join(f'"{part}"' for part in kept) for kept in combinations(trigrams, needed))
    return "(" + " OR ".join(f"({way})" for way in ways) + ")"


def typing_error(word: str, rng: random.Random) -> str:
    at, letter = rng.randrange(len(word)), rng.choice("abcdefghijklmnopqrstuvwxyz")
    swapped = word[: max(at - 1, 0)] + word[at] + word[max(at - 1, 0) : at] + word[at + 1 :]
    return rng.choice(
        [
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            swapped,
        ]
    )


def questions(people: list[Name], rng: random.Random) -> dict[str, list[tuple[str, int]]]:
    """Questions of each kind, with the number of the client who is meant."""
    long = [
        i
        for i, name in enumerate(people)
        if all(part.isascii() and part.isalpha() and len(part) > 4 for part in name)
    ]
    meant = rng.sample(long, QUESTIONS)
    alike: dict[frozenset[str], set[str]] = {}
    for given, _ in people:
        alike.setdefault(frozenset(sounds(fold(given))), set()).add(given)
    by_sound: list[tuple[str, int]] = []
    for i in rng.sample(long, len(long)):
        others = alike[frozenset(sounds(fold(people[i][0])))] - {people[i][0]}
        if others and len(by_sound) < QUESTIONS:
            by_sound.append((f"{min(others)} {people[i][1]}", i))
    return {
        "2 letters": [(people[i][0][:2], i) for i in meant],
        "3 letters": [(people[i][1][:3], i) for i in meant],
        "3 + 2 letters": [(f"{people[i][1][:3]} {people[i][0][:2]}", i) for i in meant],
        "full name": [(" ".join(people[i]), i) for i in meant],
        "one typing error": [(f"{people[i][0]} {typing_error(people[i][1].lower(), rng)}", i) for i in meant],
        "typing error, family name only": [(typing_error(people[i][1].lower(), rng), i) for i in meant],
        "sound-alike given name": by_sound,
    }


def timed(search: Search, asked: list[tuple[str, int]], people: list[Name]) -> dict[str, float]:
    """p50 and p95 in milliseconds, and for how many of 100 questions a client of the meant name is shown."""
    times, found = [], 0
    for text, number in asked:
        start = time.perf_counter()
        shown = search(text)
        times.append((time.perf_counter() - start) * 1_000)
        found += people[number] in {people[i] for i in shown}
    times.sort()
    return {
        "p50": times[len(times) // 2],
        "p95": times[len(times) * 95 // 100],
        "found": 100 * found / len(asked),
    }


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def memory_of(size: int) -> float:
    """Megabytes a fresh process keeps for the index once searched, when what it was built from is gone."""
    command = [sys.executable, __file__, str(size), "--memory"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def print_memory(size: int) -> None:
    # What inventing the people takes is part of the process before and after, so only the index differs.
    people = invented(size)
    NameIndex.build([entry(0, people[0])]).search("anaa")
    gc.collect()
    before = resident_mb()
    index = NameIndex.build(entry(number, name) for number, name in enumerate(people))
    for text in ("smoth", "garca", "smothson", "ka", "an"):
        index.search(text)
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    print(resident_mb() - before)


def change_times(index: NameIndex, people: list[Name]) -> dict[str, float]:
    """Milliseconds to give a client another name, and for the change that folds the small segment in."""
    times = []
    for number in range(FOLD_IN):
        start = time.perf_counter()
        index.change(UUID(int=number), entry(number, people[-1 - number]))
        times.append((time.perf_counter() - start) * 1_000)
    folding = times[-1]
    times.sort()
    return {"p50": times[FOLD_IN // 2], "p95": times[FOLD_IN * 95 // 100], "fold_in": folding}


def measure(size: int) -> dict[str, Any]:
    people = invented(size)
    entries = [entry(number, name) for number, name in enumerate(people)]
    start = time.perf_counter()
    index = NameIndex.build(entries)
    built = time.perf_counter()
    plain = Plaintext(people)
    plain_built = time.perf_counter()
    del entries
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for kind, asked in questions(people, random.Random(5)).items():
        guess = "error" in kind or "alike" in kind
        rows[kind] = {
            "memory": timed(lambda text: [id.int for id in index.search(text).ids], asked, people),
            "plaintext": timed(plain.misspelt if guess else plain.beginning, asked, people),
        }
    return {
        "clients": size,
        "build_s": built - start,
        "plaintext_build_s": plain_built - built,
        "memory_mb": memory_of(size),
        "change_ms": change_times(index, people),
        "questions": rows,
    }


def show(figures: dict[str, Any]) -> None:
    change = figures["change_ms"]
    print(
        f"{figures['clients']:,} clients: built in {figures['build_s']:.2f} s"
        f" (plaintext {figures['plaintext_build_s']:.2f}), {figures['memory_mb']:.0f} MB;"
        f" a change {change['p50']:.1f} ms (p95 {change['p95']:.1f}), folding in {change['fold_in']:.0f} ms"
    )
    print(f"{'':32}{'in memory':>24}{'plaintext trigrams':>24}{'ratio of p50, p95':>20}")
    print(f"{'':32}" + f"{'p50':>8}{'p95':>8}{'found':>8}" * 2)
    for kind, row in figures["questions"].items():
        ours, plain = row["memory"], row["plaintext"]
        cells = "".join(f"{r['p50']:8.2f}{r['p95']:8.2f}{r['found']:7.0f}%" for r in (ours, plain))
        print(f"{kind:32}{cells}{ours['p50'] / plain['p50']:10.2f}{ours['p95'] / plain['p95']:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Times the search for names.")
    parser.add_argument("clients", type=int, nargs="*", default=[20_000, 100_000])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print_memory(options.clients[0])
        return
    measured = []
    for size in options.clients:
        measured.append(measure(size))
        show(measured[-1])
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
