"""The clients of the demo: invented from a seed, the same names for the same seed, dates counted from today."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from anyascii import anyascii

from alcove.project.demo import names
from alcove.project.demo.health import Health, invent_health
from alcove.project.demo.luck import chance
from alcove.project.demo.people import OAKLAND, SAN_FRANCISCO

_MAIL = ("example.com", "example.com", "example.org", "example.net")
_HOUSEHOLD_EACH: Final = 14
"""Every so manyeth client brings someone of the same household after them."""
_MINORS: Final = 40
"""One in so many is under age, with a guardian."""
_WORKS, _WEDS = 20, 24


@dataclass(frozen=True, slots=True)
class Invented:
    """One client before the card is made: shapes as in ``clients.models``; ``since``: the day of the first contact.

    ``script``: whether the name stands in its own script. ``moves_to``: an address that replaces the first one.
    """

    directory: dict[str, Any]
    details: dict[str, Any]
    people: list[dict[str, str]]
    health: Health
    place: str
    since: date
    moves_to: dict[str, str] = field(default_factory=dict)

    @property
    def given(self) -> str:
        return str(self.directory["given"])

    @property
    def is_woman(self) -> bool:
        return bool(self.details.get("sex") == "Female")


@dataclass
class _Book:
    """What may be given out once only."""

    rng: Random
    phones: set[str] = field(default_factory=set)
    names: set[tuple[str, str]] = field(default_factory=set)
    mail: set[str] = field(default_factory=set)

    def phone(self, place: str) -> str:
        """Return an unused number ending 555-01xx: reserved for fiction, so nobody real is ever called."""
        codes = list(names.AREA_CODES[place]) * 5 + list(names.FAR_CODES)
        while True:
            code = self.rng.choice(codes)
            number = f"+1{code}55501{self.rng.randrange(100):02d}"
            if number not in self.phones:
                self.phones.add(number)
                return number
            # With many clients the reserved numbers run out, and then some are shared, as in households.
            if len(self.phones) > 600:  # noqa: PLR2004 - of the 1,500 there are, so that the search stays short
                return number

    def email(self, given: str, family: str, born: date) -> str:
        local = ".".join(
            "".join(sign for sign in anyascii(word).lower() if sign.isalnum()) for word in (given, family)
        ).strip(".")
        taken = self.rng.choice([local, local, f"{local}{born.year % 100:02d}", local.replace(".", "_")])
        while taken in self.mail:
            taken += str(self.rng.randrange(10))
        self.mail.add(taken)
        return f"{taken[:60]}@{self.rng.choice(_MAIL)}"


def invent(count: int, seed: int, today: date) -> list[Invented]:
    """Return ``count`` clients; the same for the same seed and day."""
    rng = Random(seed)  # noqa: S311 - invented people, no secrets
    book = _Book(rng)
    found: list[Invented] = []
    for given, family, preferred, sex, year in names.CERTAIN[:count]:
        born = date(year, rng.randint(1, 12), rng.randint(1, 28))
        found.append(_client(book, today, (given, family, preferred, ""), sex == "F", born))
    while len(found) < count:
        origin = _origin(rng)
        is_woman = chance(rng, 88)  # as in an aesthetic practice
        name = _name(book, origin, is_woman=is_woman)
        found.append(_client(book, today, name, is_woman, _born(rng, today), origin=origin))
        if len(found) % _HOUSEHOLD_EACH == 0 and len(found) < count:
            found.append(_relative(book, today, found[-1], origin))
    _number(rng, found)
    return found


def _number(rng: Random, found: list[Invented]) -> None:
    """Number the cards in the order of first contact, as a practice does."""
    number = 20_100
    for one in sorted(found, key=lambda item: item.since):
        number += rng.randint(1, 3)
        one.directory["numbers"] = [{"kind": "Client number", "value": f"J-{number}"}]


def _origin(rng: Random) -> names.Origin:
    return rng.choices(names.ORIGINS, [origin.weight for origin in names.ORIGINS])[0]


def _spelt(word: str, *, own: bool) -> tuple[str, str]:
    """Return (as written, Latin reading or "")."""
    script, equals, latin = word.partition("=")
    if not equals:
        return word, ""
    return (script, latin) if own else (latin, "")


def _name(
    book: _Book, origin: names.Origin, *, is_woman: bool, family: str = ""
) -> tuple[str, str, str, str]:
    """Return (given, family, preferred, reading), not yet given to anyone."""
    rng = book.rng
    for _ in range(50):
        first, last = (
            rng.choice(origin.women if is_woman else origin.men),
            family or rng.choice(origin.families),
        )
        own = "=" in first and "=" in last and chance(rng, 35)  # some keep their script
        given, given_read = _spelt(first, own=own)
        surname, surname_read = _spelt(last, own=own)
        reading = f"{given_read} {surname_read}".strip()
        if (given, surname) not in book.names:
            break
    book.names.add((given, surname))
    latin = given_read or given
    preferred = names.NICKNAMES.get(latin, "") if chance(rng, 60) else ""
    return given, surname, preferred, reading


def _born(rng: Random, today: date) -> date:
    age = 16 + rng.random() if rng.randrange(_MINORS) == 0 else min(78.0, max(18.5, rng.gauss(42, 12)))
    return today - timedelta(days=int(age * 365.25))


def _address(rng: Random, place: str) -> dict[str, str]:
    city, state, codes = rng.choice(names.PLACES[place])
    line = f"{rng.randint(2, 1990)} {rng.choice(names.STREETS)}"
    if chance(rng, 40):  # flats
        line += f", Apt {rng.randint(1, 14)}{rng.choice('ABC ')}".rstrip()
    return {"line": line, "city": city, "state": state, "postal": rng.choice(codes), "country": "US"}


def _client(
    book: _Book,
    today: date,
    name: tuple[str, str, str, str],
    is_woman: bool,  # noqa: FBT001 - a fact of the row, by position
    born: date,
    *,
    origin: names.Origin | None = None,
    home: Invented | None = None,
) -> Invented:
    rng = book.rng
    given, family, preferred, reading = name
    place = home.place if home else rng.choices((SAN_FRANCISCO, OAKLAND), (6, 4))[0]
    phones = [book.phone(place)]
    if home and chance(rng, 70):  # most households share a landline
        phones.append(home.directory["phones"][-1])
    elif chance(rng, 12):  # some have a second one
        phones.append(book.phone(place))
    read_as = reading.split(" ") if reading else [given, family]
    directory = {
        "given": given, "family": family, "preferred": preferred, "reading": reading, "born": born.isoformat(),
        "phones": phones, "emails": [book.email(read_as[0], read_as[-1], born)] if chance(rng, 93) else [],
    }  # fmt: skip
    since = _since(rng, today)
    details = _details(rng, origin, is_woman=is_woman, age=(today - born).days // 365)
    details["address"] = dict(home.details["address"]) if home else _address(rng, place)
    minor = (today - born).days < 18 * 365.25
    moves = _address(rng, place) if not home and chance(rng, 9) else {}
    return Invented(
        directory={key: value for key, value in directory.items() if value},
        details={key: value for key, value in details.items() if value},
        people=_people(book, place, family, origin, is_minor=minor),
        health=invent_health(rng, today, born, since, is_woman=is_woman),
        place=place,
        since=since,
        moves_to=moves,
    )


def _since(rng: Random, today: date) -> date:
    """Most were entered when the practice moved to Alcove eleven months ago; the rest came one by one."""
    ago = rng.randint(305, 325) if chance(rng, 45) else rng.randint(6, 300)
    return today - timedelta(days=ago)


def _details(rng: Random, origin: names.Origin | None, *, is_woman: bool, age: int) -> dict[str, Any]:
    other = chance(rng, 1.5)
    pronouns = "they, them" if other else "she, her" if is_woman else "he, him"
    languages = origin.languages if origin else ()
    return {
        "sex": "Female" if is_woman else "Male",
        "gender": "Non-binary" if other else "",
        "pronouns": pronouns if other or chance(rng, 55) else "",
        "language": rng.choice(languages) if languages and chance(rng, 25) else "",
        "occupation": rng.choice(names.OCCUPATIONS) if age >= _WORKS and chance(rng, 50) else "",
        "marital": rng.choice(("Single", "Married", "Married", "Divorced"))
        if age >= _WEDS and chance(rng, 40)
        else "",
        "contact_by": rng.choices(("Text message", "E-mail", "Phone call", ""), (48, 22, 10, 20))[0],
        "note": rng.choice(_CARD_NOTES) if chance(rng, 8) else "",
    }


_CARD_NOTES: Final = (
    "Prefers Saturday mornings.",
    "Comes with her sister; book neighbouring times where possible.",
    "Street parking only with the blue placard: send the garage code with the reminder.",
    "Asked for a paper copy of every invoice.",
    "Please never leave a voice message with details.",
    "Usually ten minutes early; likes to wait on the terrace.",
    "Travels for work: offer the first or last time of the day.",
)


def _people(
    book: _Book, place: str, family: str, origin: names.Origin | None, *, is_minor: bool
) -> list[dict[str, str]]:
    rng, found = book.rng, []
    own = origin or names.ORIGINS[0]

    def someone(*, woman: bool, same_family: bool) -> str:
        given = _spelt(rng.choice(own.women if woman else own.men), own=False)[0]
        surname = (
            family if same_family and family.isascii() else _spelt(rng.choice(own.families), own=False)[0]
        )
        return f"{given} {surname}"

    if is_minor:
        found.append({"role": "guardian", "name": someone(woman=True, same_family=True), "phone": book.phone(place), "note": "Mother. Comes to every visit."})  # fmt: skip  # noqa: E501
    if chance(rng, 35):
        woman = chance(rng, 40)
        kin = rng.choice(
            ("Partner", "Husband" if not woman else "Wife", "Sister" if woman else "Brother", "Friend")
        )
        found.append({"role": "emergency", "name": someone(woman=woman, same_family=kin != "Friend"), "phone": book.phone(place), "note": kin})  # fmt: skip  # noqa: E501
    if chance(rng, 22):
        found.append(dict(rng.choice(_DOCTORS)))
    if chance(rng, 6):
        found.append({"role": "pharmacy", "name": rng.choice(("Lakeside Pharmacy, Oakland", "Fillmore Street Drugs")), "phone": "+14155550100"})  # fmt: skip  # noqa: E501
    return found


_DOCTORS: Final = (
    {
        "role": "gp",
        "name": "Dr Helen Achebe",
        "phone": "+15105550188",
        "email": "office@achebe-medical.example",
    },
    {
        "role": "gp",
        "name": "Dr Robert Lindgren",
        "phone": "+14155550177",
        "email": "lindgren@bayfamily.example",
    },
    {"role": "gp", "name": "Dr Mei Tanaka", "phone": "+14155550166", "email": "desk@sunsetprimary.example"},
    {"role": "gp", "name": "Dr Samuel Adler", "phone": "+16505550155", "note": "Fax only on request."},
)


def _relative(book: _Book, today: date, first: Invented, origin: names.Origin) -> Invented:
    """Return someone of the same household: one address, often one landline, usually one family name."""
    rng = book.rng
    same = chance(rng, 80)
    is_woman = chance(rng, 60)
    given, family, preferred, reading = _name(book, origin, is_woman=is_woman)
    if same:
        family, reading = first.directory["family"], ""
        if not family.isascii() and first.directory.get("reading"):
            family = first.directory["reading"].split(" ")[-1]
        givens = [_spelt(word, own=False)[0] for word in (origin.women if is_woman else origin.men)]
        given = rng.choice([word for word in givens if (word, family) not in book.names] or givens)
        book.names.add((given, family))
    return _client(
        book, today, (given, family, preferred if not same else "", reading), is_woman, _born(rng, today),
        origin=origin, home=first,
    )  # fmt: skip
