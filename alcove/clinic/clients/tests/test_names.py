"""Names typed as people type them find the client, and a removed name is gone. No database."""

import gc
import json
import pickle
import random
import string
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import FunctionType, ModuleType
from unittest.mock import patch
from uuid import UUID

import numpy as np
import pytest
from anyascii import anyascii
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from alcove.clinic.clients.queries import names as names_module
from alcove.clinic.clients.queries.names import Entry, NameIndex, sort_key
from alcove.clinic.clients.queries.spelling import fold, sounds, spellings, words

LOCALES = Path(__file__).resolve().parents[5] / "shared/data/contacts/names_by_locale.json"
KINDS = ("first_names", "first_names_female", "first_names_male", "last_names")


def entry(number: int, given_name: str, family: str = "", born: date | None = None) -> Entry:
    return Entry(UUID(int=number), f"{given_name} {family}", sort_key(family, given_name), born)


def index_of(*people: str) -> NameIndex:
    """Clients numbered from 0, each written given name/family name."""
    parts = (person.partition("/") for person in people)
    return NameIndex.build(entry(number, name, family) for number, (name, _, family) in enumerate(parts))


def found(index: NameIndex, text: str, limit: int = 500, hidden: Iterable[int] = ()) -> list[int]:
    result = index.search(text, limit, {UUID(int=number) for number in hidden})
    return [id.int for id in result.ids]


# Folding


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("O'Brien", ["obrien"]),
        ("St. John-Smith", ["st", "john", "smith"]),
        ("Straße Ørsted Łukasz Þór Işık", ["strasse", "orsted", "lukasz", "thor", "isik"]),
        ("Müller ＭＵＬＬＥＲ", ["muller", "muller"]),
        ("ヤマダ ﾔﾏﾀﾞ やまだ", ["やまた"] * 3),
        ("علی علي", ["علي", "علي"]),
        ("\u200fAnna\u00ad\ufeff", ["anna"]),
        ("Gal·la D´Arc O’Hara", ["galla", "darc", "ohara"]),
        ("a" * 100, ["a" * 64]),
        ("(…)", []),
    ],
)
def test_folding(written: str, folded: list[str]) -> None:
    assert words(written) == folded


def test_han_kana_and_hangul_signs_start_words() -> None:
    assert {"佐藤", "藤", "zuoteng"} == spellings("佐藤")
    assert {"佐々木", "々木", "木"} <= spellings("佐々木")
    assert len(spellings("민수")) == 3


@pytest.mark.parametrize(
    "text", ["", " ", "\ud800", "\x00", "\U0001f600", "ﷺ" * 90, "%' OR 1=1 --", "́" * 500, "e" * 10_000]
)
def test_strange_text_is_harmless(text: str) -> None:
    index = index_of("Anna/Berg", f"{text}/{text}")
    index.search(text)
    index.change(UUID(int=1), None)
    assert found(index, "anna") == [0]


# Finding


def every_name() -> list[str]:
    if not LOCALES.exists():
        pytest.skip(f"the names of 58 locales are not at {LOCALES}")
    locales = json.loads(LOCALES.read_text(encoding="utf-8"))
    return sorted({name for lists in locales.values() for kind in KINDS for name in lists.get(kind, [])})


def without_accents(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))


WAYS: dict[str, Callable[[str], str]] = {
    "native": str,
    "without accents": without_accents,
    "capitals": str.upper,
    "Latin": anyascii,
}


# Whoever is found without guessing is found with it too, so guesses are made only where nobody is found.
@patch.object(names_module, "ENOUGH", 1)
def test_every_name_is_found_as_people_type_it() -> None:
    names = every_name()
    index = index_of(*(name.replace("/", " ") for name in names))
    right: Counter[str] = Counter()
    for number, name in enumerate(names):
        # Ways that fold to the same question have the same answer, so it is asked once.
        answers: dict[str, bool] = {}
        for way, typed in ((way, write(name)) for way, write in WAYS.items()):
            question = fold(typed)
            if question not in answers:
                answers[question] = number in found(index, typed, limit=100)
            right[way] += answers[question]
    recall = {way: right[way] / len(names) for way in WAYS}
    print(f"recall over {len(names)} names: {recall}")
    assert recall["native"] == 1
    assert sum(recall.values()) / len(recall) >= 0.99


@pytest.mark.parametrize("typed", ["Catherine", "Katherine", "Kathryn"])
def test_names_that_sound_alike_find_each_other(typed: str) -> None:
    index = index_of("Catherine/Moss", "Katherine/Moss", "Kathryn/Moss", "Peter/Moss")
    assert sorted(found(index, typed)) == [0, 1, 2]
    assert sorted(found(index, f"moss {typed}")) == [0, 1, 2]


KNOWN_PAIRS = """Stephen Steven|John Jon|Mohammed Muhammad|Geoffrey Jeffrey|Philip Phillip|Müller Mueller
Meier Meyer|Иванов Ivanov|Yusuf Youssef|Nicholas Nikolas|Smith Smyth|Thompson Thomson|Nguyễn Nguyen
Γιώργος Giorgos|김 Kim|Çelik Celik|Isabel Isobel|O'Brien OBrien|ヤマダ やまだ|王 Wang|Anne-Marie Marie"""


@pytest.mark.parametrize("pair", KNOWN_PAIRS.replace("\n", "|").split("|"))
def test_known_pairs(pair: str) -> None:
    stored, typed = pair.split()
    assert found(index_of(f"{stored}/Qzzy", "Other/Person"), typed) == [0]


def errors(word: str, rng: random.Random) -> list[str]:
    at, letter = rng.randrange(len(word) - 1), rng.choice(string.ascii_lowercase)
    return [
        word[:at] + letter + word[at:],
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ]


def test_one_typing_error_is_forgiven() -> None:
    people = ["Jennifer/Hawthorne", "Anna/Bergmann", "Mark/Oldfield", "Rosa/Quintero"]
    index = index_of(*people)
    rng = random.Random(3)
    for number, person in enumerate(people):
        for word in person.lower().split("/"):
            for typed in (wrong for _ in range(20) for wrong in errors(word, rng)):
                # An error may leave three letters, to which no second guess is given.
                if len(typed) >= 4:
                    assert number in found(index, typed), (word, typed)
    assert found(index, "hawhtor") == [0]


@given(
    st.lists(st.text("abcd", min_size=1, max_size=7), min_size=1, max_size=8),
    st.text("abcd", min_size=4, max_size=6),
)
@settings(max_examples=100)
def test_guesses_are_those_within_one_edit_or_of_one_sound(vocabulary: list[str], typed: str) -> None:
    def near(word: str) -> bool:
        beginnings = [word[:length] for length in range(len(word) + 1)]
        return any(OSA.distance(typed, part) <= 1 for part in beginnings) or bool(
            sounds(typed) & sounds(word)
        )

    index = index_of(*vocabulary)
    expected = {number for number, word in enumerate(vocabulary) if near(word) or word.startswith(typed)}
    assert set(found(index, typed)) == expected


def test_words_come_in_any_order_and_may_be_cut_short() -> None:
    index = index_of("Maria Luisa/García López", "Mario/Lombardi")
    for typed in ("garcia maria", "lo lu", "LÓPEZ Ma", "maria luisa garcia lopez", "lu g"):
        assert found(index, typed)[:1] == [0], typed
    assert set(found(index, "ma")) == {0, 1}
    assert found(index, "m") == []


@pytest.mark.parametrize(
    "typed", ["佐", "藤", "あ", "か", "佐藤あすか", "佐藤あす", "あすか佐藤", "ｱｽｶ", "zuoteng"]
)
def test_japanese(typed: str) -> None:
    assert found(index_of("あすか/佐藤", "花子/山田"), typed) == [0]


@pytest.mark.parametrize("typed", ["김", "민", "수", "김민수", "김민", "민수", "kim minsu"])
def test_korean(typed: str) -> None:
    assert found(index_of("민수/김", "영호/박"), typed) == [0]


def test_whole_words_come_first_then_the_alphabet() -> None:
    index = index_of("Annabel/Abel", "Anna/Zander", "Anna/Abel", "Hannah/Abel")
    assert found(index, "anna")[:3] == [2, 1, 0]


def test_no_spelling_is_guessed_when_enough_is_found() -> None:
    index = index_of(*["Anna/Berg"] * 25, "Ana/Berg")
    assert index.search("anna").total == 25
    # A hidden client must not make the guesses go away, or their absence would tell of him.
    assert index.search("anna", hidden={UUID(int=3)}).total == 25


def test_totals_are_exact_to_five_hundred() -> None:
    index = index_of(*["Anna/Berg"] * 500)
    assert (index.search("anna").total, index.search("anna").more) == (500, False)
    index.change(UUID(int=900), entry(900, "Anna", "Berg"))
    result = index.search("anna", hidden=[UUID(int=1)])
    assert (result.total, result.more, len(result.ids)) == (500, False, 25)
    assert (index.search("anna").total, index.search("anna").more) == (500, True)


# Hidden clients, lists, birthdays


def test_hidden_clients_neither_appear_nor_count() -> None:
    index = index_of("Anna/Berg", "Anna/Carl", "Anna/Dorn")
    index.change(UUID(int=3), entry(3, "Anna", "Emil", date(1980, 2, 3)))
    hidden = {UUID(int=1), UUID(int=3), UUID(int=77)}
    result = index.search("anna", hidden=hidden)
    assert ([id.int for id in result.ids], result.total) == ([0, 2], 2)
    assert index.search("emil", hidden=hidden).total == 0
    assert [id.int for id in index.page(0, 9, hidden)] == [0, 2]
    assert [id.int for id in index.page(1, 1, hidden)] == [2]
    assert index.born_on(date(1980, 2, 3), hidden) == []
    assert index.born_on(date(1980, 2, 3)) == [UUID(int=3)]


def test_pages_are_alphabetical_across_both_segments() -> None:
    index = index_of("Ben/De La", "Cleo/Abel", "Ana/De")
    index.change_all(
        {UUID(int=n): entry(n, given_name, "De") for n, given_name in ((3, "Aaron"), (4, "Zoë"))}
    )
    assert [id.int for id in index.page(0, 10)] == [1, 3, 2, 4, 0]
    assert [id.int for id in index.page(3, 10)] == [4, 0]


def test_placeholder_birthdays_find_nobody() -> None:
    days = [date(1900, 1, 1), date(1901, 1, 1), date.max, date(1970, 1, 1), None]
    index = NameIndex.build(entry(number, "Anna", "Berg", day) for number, day in enumerate(days))
    assert [index.born_on(day) for day in days if day] == [[], [], [], [UUID(int=3)]]


# Changing


def reachable(start: object) -> Iterable[object]:
    """Everything held by `start`, except code."""
    waiting, seen = [start], set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType):
            continue
        seen.add(id(thing))
        yield thing
        waiting.extend(gc.get_referents(thing))
        if isinstance(thing, np.ndarray) and thing.base is not None:
            waiting.append(thing.base)


def holds(index: NameIndex, text: str) -> bool:
    for thing in reachable(index):
        if isinstance(thing, str) and text in thing:
            return True
        data = thing.tobytes() if isinstance(thing, np.ndarray) else thing
        if isinstance(data, bytes | bytearray) and text.encode() in data:
            return True
    return False


@pytest.mark.parametrize("late", [False, True])
def test_removed_name_is_gone(*, late: bool) -> None:
    index = index_of("Anna/Berg", "Peter/Dorn", *([] if late else ["Xanthippe Anna/Quacksalver"]))
    if late:
        index.change(UUID(int=2), entry(2, "Xanthippe Anna", "Quacksalver"))
    assert holds(index, "xanthippe")
    assert holds(index, "quacksalver")
    assert all(holds(index, code) for code in sounds("quacksalver"))
    index.change(UUID(int=2), None)
    assert not holds(index, "xanthippe")
    assert not holds(index, "quacksalver")
    assert not any(holds(index, code) for code in sounds("quacksalver"))
    assert (len(index), UUID(int=2) in index) == (2, False)
    assert found(index, "anna") == [0]
    index.remove(UUID(int=2))


def test_a_new_name_replaces_the_old() -> None:
    index = index_of("Anna/Berg")
    index.change(UUID(int=0), entry(0, "Anna", "Quacksalver"))
    assert found(index, "berg") == []
    assert found(index, "quack") == [0]
    assert not holds(index, "berg")
    with pytest.raises(ValueError, match="another client"):
        index.change(UUID(int=5), entry(6, "Anna"))


def test_names_are_not_printed_or_pickled() -> None:
    index = index_of("Anna/Berg")
    assert "erg" not in repr(entry(1, "Anna", "Berg")) + repr(index)
    with pytest.raises(TypeError):
        pickle.dumps(index)


LETTERS = st.text("abeéßжЖ'- ", max_size=8)
CHANGES = st.lists(st.tuples(st.integers(0, 12), st.none() | st.tuples(LETTERS, LETTERS)), max_size=25)


def plainly_found(people: dict[int, Entry], text: str) -> list[int]:
    """Tiers 0 and 1 by going through every client."""
    ranked = []
    for number, person in people.items():
        known = {word for part in person.name.split() for word in spellings(part)}
        tiers = [0 if word in known else 1 for word in words(text) if any(w.startswith(word) for w in known)]
        if len(tiers) == len(words(text)):
            ranked.append((sum(tiers), person.sort_key, number))
    return [number for _, _, number in sorted(ranked)]


@given(CHANGES, CHANGES, LETTERS.filter(lambda text: any(len(word) > 1 for word in words(text))))
@settings(max_examples=120)
def test_finds_what_a_plain_search_finds(first: list, later: list, text: str) -> None:  # type: ignore[type-arg]
    people = {number: entry(number, *name) for number, name in first if name}
    index = NameIndex.build(people.values())
    with patch.object(names_module, "FOLD_IN", 4):
        for number, name in later:
            people.pop(number, None)
            if name:
                people[number] = entry(number, *name)
            index.change(UUID(int=number), people.get(number))
    expected = plainly_found(people, text)
    assert [number for number in found(index, text) if number in expected] == expected
    assert [id.int for id in index.page(0, 99)] == sorted(people, key=lambda n: (people[n].sort_key, n))
    assert (len(index), 5 in people) == (len(people), UUID(int=5) in index)


def test_searches_during_changes_see_a_whole_index() -> None:
    steady = 60
    index = index_of(
        *[f"Steady/Name{letter}" for letter in string.ascii_lowercase * 3][:steady], "Moving/Alpha"
    )
    done = threading.Event()

    def read() -> set[tuple[int, ...]]:
        seen: set[tuple[int, ...]] = set()
        while not done.is_set():
            pages = len(index.page(0, 999))
            seen.add((index.search("steady").total, index.search("moving").total, pages, len(index)))
        return seen

    with ThreadPoolExecutor(3) as pool, patch.object(names_module, "FOLD_IN", 8):
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for turn in range(150):
                index.change(UUID(int=steady), entry(steady, "Moving", random.choice(["Alpha", "Omega"])))
                index.change(UUID(int=turn % steady), entry(turn % steady, "Steady", f"Turn{turn}"))
        finally:
            done.set()
        assert {sight for reader in readers for sight in reader.result()} == {
            (steady, 1, steady + 1, steady + 1)
        }
