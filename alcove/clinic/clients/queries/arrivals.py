"""A row of another program's table, turned into the shapes of a client's card: nothing dropped without a word.

What a row says falls into: what has its place on the card; what is doubtful and is kept beside it (``details.note``
for contacts that cannot be read, ``aside`` for columns without a place); and what makes the row refused: no name, or a
birth date that cannot be one, because patients are told apart by name and birth date.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from alcove.clinic.clients.models import ADULT_AGE, tidy
from alcove.clinic.clients.queries import cells, contacts, fullnames, values
from alcove.clinic.clients.queries.mapping import Column, squashed
from alcove.clinic.clients.queries.spelling import words
from alcove.clinic.clients.queries.tables import OURS, Row
from alcove.clinic.clients.queries.values import Contact, NotAValue, Order

LONGEST: Final = 500
"""Signs of a one-line field; the form takes no more."""
PEOPLE: Final = ("guardian", "emergency", "partner", "gp", "pharmacy", "insurer", "referrer")
_ALERTS: Final = {"critical alert": "critical", "alert": "warning", "clinical note": "note"}
_ONCE: Final = ("gender", "pronouns", "language", "occupation", "marital")
_NO_NAMES: Final = frozenset({"", "-", "--", "?", ".", "n/a", "#n/a"})
_PLACE_OF_LIVING: Final = ("city", "state", "postal", "country")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one cell: the column's name and a sentence without the cell's value."""

    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.column}: {self.reason}" if self.column else self.reason


@dataclass(frozen=True)
class Arrival:
    """A client on the way in. ``people``: linked persons; ``alerts``: (severity, text); ``aside``: {column: text}.

    ``source_keys`` know the row again, ``digests`` tell whether it says the same as then: the newest key's first.
    """

    row: int
    line: int
    directory: dict[str, Any]
    details: dict[str, Any]
    people: Sequence[dict[str, str]] = ()
    alerts: Sequence[tuple[str, str]] = ()
    aside: Mapping[str, str] = field(default_factory=dict)
    source_keys: Sequence[str] = ()
    digests: Sequence[str] = ()
    doubts: Sequence[Remark] = ()

    @property
    def fields(self) -> list[str]:
        """Return the names of what is filled, for the log."""
        found = {*self.directory, *self.details}
        found |= {name for name in ("people", "alerts", "aside") if getattr(self, name)}
        return sorted(found)


@dataclass(frozen=True)
class Refusal:
    """A row that is not imported, and why."""

    row: int
    line: int
    remarks: Sequence[Remark]


class Reader:
    """Reads the rows of one table.

    ``country``: the practice's, for phone numbers. ``orders``: how the dates of each date column are read.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        orders: Mapping[str, Order],
        *,
        country: str,
        today: date,
        ours: bool = False,
    ) -> None:
        self.columns, self.orders, self.country, self.today = columns, orders, country, today
        self.was_made_harmless = ours

    def read(self, row: Row) -> Arrival | Refusal:
        """Return what a row says of a client, or why it is refused."""
        if row.fault:
            return Refusal(row.number, row.line, [Remark("", f"The row {row.fault}.")])
        return _Reading(self, row).result()

    def texts(self, row: Row) -> list[tuple[Column, str]]:
        """Return the filled cells of a row, each with its column."""
        found = zip(self.columns, row.cells, strict=True)
        return [
            (column, cells.as_typed(text) if self.was_made_harmless else text)
            for column, text in found
            if text.strip()
        ]


class _Reading:
    """One row being read."""

    def __init__(self, reader: Reader, row: Row) -> None:
        self.reader, self.row = reader, row
        self.doubts: list[Remark] = []
        self.refusals: list[Remark] = []
        self.aside: dict[str, str] = {}
        self.notes: list[str] = []
        self.filled = reader.texts(row)
        self.by_place: dict[str, list[tuple[str, str]]] = {}
        for column, text in self.filled:
            self.by_place.setdefault(column.place, []).append((column.heading, text))

    def result(self) -> Arrival | Refusal:
        self.aside |= dict(self.by_place.pop("aside", []))
        address = self._address()
        directory = self._names() | {"born": self._born()}
        directory |= self._contacts(address.get("country", ""))
        people = self._people(address.get("country", ""))
        details = self._details() | {"address": address}
        born = directory["born"]
        if (
            born
            and _age(date.fromisoformat(born), self.reader.today) < ADULT_AGE
            and not _has_guardian(people)
        ):
            self._doubt("", f"The client is under {ADULT_AGE} and no guardian is named.")
        if self.refusals:
            return Refusal(self.row.number, self.row.line, self.refusals)
        details["note"] = "\n".join(filter(None, [details.get("note", ""), *self.notes]))
        content = self._content()
        directory = tidy(directory)
        return Arrival(
            row=self.row.number,
            line=self.row.line,
            directory=directory,
            details=tidy(details),
            people=people,
            alerts=[
                (severity, text)
                for place, severity in _ALERTS.items()
                for _, text in self.by_place.get(place, [])
            ],
            aside=self.aside,
            source_keys=contacts.row_keys(_identity(directory, content)),
            digests=contacts.row_keys(content),
            doubts=self.doubts,
        )

    def _doubt(self, column: str, reason: str) -> None:
        self.doubts.append(Remark(column, reason))

    def _content(self) -> str:
        """Return all that the row says, in a form that does not depend on the order of its columns."""
        said = [(column.heading, text) for column, text in self.filled if column.heading not in OURS]
        return json.dumps(sorted(said), ensure_ascii=False)

    # One value from several columns -----------------------------------------------------------------------------

    def _one(self, place: str, *, is_value: bool = True) -> str:
        """Return the first filled cell of a place. Others that say something else are kept aside and doubted."""
        found = [
            (heading, text)
            for heading, text in self.by_place.get(place, [])
            if not (is_value and values.is_blank(text))
        ]
        if not found:
            return ""
        heading, text = found[0]
        for other, more in found[1:]:
            if more.strip() != text.strip():
                self.aside[other] = more
                self._doubt(other, f"says something else than {heading}; kept aside")
        if len(text) > LONGEST and place != "note":
            self.aside[heading] = text
            self._doubt(heading, f"is longer than {LONGEST} signs; kept aside")
            return ""
        return text

    # The directory half -----------------------------------------------------------------------------------------

    def _names(self) -> dict[str, str]:
        given, middle, family = (self._one(place, is_value=False) for place in ("given", "middle", "family"))
        preferred = self._one("preferred", is_value=False)
        self.title = self._one("title")
        whole = self._one("full name", is_value=False)
        if whole and not given and not family:
            split = fullnames.split(whole)
            given, family, preferred = split.given, split.family, preferred or split.preferred
            self.title = self.title or split.title
            if split.born_as:
                self.notes.append(f"Born as: {split.born_as}")
            if split.is_doubtful:
                self._doubt(
                    self.by_place["full name"][0][0],
                    "could be split into given and family name in another way",
                )
        suffix = self._one("suffix")
        given = " ".join(filter(None, [given, middle]))
        family = " ".join(filter(None, [family, suffix])) if family else suffix
        if not (given or family):
            given, preferred = preferred, ""
        if not {given.strip().casefold(), family.strip().casefold()} - _NO_NAMES:
            self.refusals.append(Remark("", self._why_nameless()))
        readings = " ".join(text for _, text in self.by_place.get("reading", []))
        return {"given": given, "family": family, "preferred": preferred, "reading": readings[:LONGEST]}

    def _why_nameless(self) -> str:
        if any(
            len(text) > LONGEST
            for place in ("given", "family", "full name")
            for _, text in self.by_place.get(place, [])
        ):
            return f"The name is longer than {LONGEST} signs, so values may stand in wrong columns."
        return "The row has no name."

    def _born(self) -> str:
        found = self._date("born", values.birth_date, self.refusals.append)
        return found.isoformat() if found else ""

    def _date(
        self, place: str, read: Callable[..., values.Day], otherwise: Callable[[Remark], None]
    ) -> date | None:
        for heading, text in self.by_place.get(place, []):
            try:
                found = read(text, self.reader.orders[heading], self.reader.today)
            except NotAValue as wrong:
                otherwise(Remark(heading, str(wrong)))
                continue
            for doubt in found.doubts:
                self._doubt(heading, doubt)
                if found.on is None:
                    self.aside[heading] = text
            if found.on is not None:
                return found.on
        return None

    def _contacts(self, country: str) -> dict[str, Any]:
        countries = [self.reader.country, *_code(country)]
        phones = self._several("phone", lambda text: values.phone(text, countries))
        return {
            "phones": phones,
            "emails": self._several("email", values.email),
            "numbers": self._numbers(),
        }

    def _several(self, place: str, read: Callable[[str], Contact]) -> list[str]:
        """Read the contacts of a place; what cannot be read is kept in the card's note, where the desk can mend it."""
        found: dict[str, None] = {}
        unread: set[str] = set()
        for heading, text in self.by_place.get(place, []):
            try:
                contacts_found = values.several(text, read)
            except NotAValue as wrong:
                self._doubt(heading, f"{wrong}; kept in the note")
                if text.strip() not in unread:
                    self.notes.append(f"{heading}: {text.strip()}")
                unread.add(text.strip())
                continue
            for contact in contacts_found:
                if contact.doubt and contact.value not in found:
                    self._doubt(heading, contact.doubt)
                found[contact.value] = None
        return list(found)

    def _numbers(self) -> list[dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for heading, text in self.by_place.get("number", []):
            if not values.is_blank(text) and contacts.number(text):
                found.setdefault(contacts.number(text), {"kind": heading, "value": text.strip()})
        return list(found.values())

    # The rest ---------------------------------------------------------------------------------------------------

    def _address(self) -> dict[str, str]:
        held = {place: self._one(place) for place in _PLACE_OF_LIVING}
        lines = [
            text.strip() for _, text in self.by_place.get("address line", []) if not values.is_blank(text)
        ]
        line = ", ".join(dict.fromkeys(lines)) if len(lines) != 1 else self._one("address line")
        whole = self._one("address")
        if line and whole:
            self.aside[self.by_place["address"][0][0]] = whole
        held["line"] = line or whole
        return {key: value for key, value in held.items() if value}

    def _details(self) -> dict[str, Any]:
        held: dict[str, Any] = {place: self._one(place) for place in _ONCE}
        held["title"] = self.title
        held["note"] = "\n".join(text for _, text in self.by_place.get("note", []))
        died = self._date("deceased on", values.day, lambda remark: self._unread(remark, "deceased on"))
        if died is not None and died > self.reader.today:
            self._unread(Remark(self.by_place["deceased on"][0][0], "lies in the future"), "deceased on")
            died = None
        held["deceased_on"] = died.isoformat() if died else ""
        if text := self._one("sex"):
            try:
                held["sex"] = values.sex(text)
            except NotAValue:
                # A word of one's own is a gender, not one of the four entries for sex.
                held["gender"] = held["gender"] or text.strip()
        if text := self._one("contact by"):
            try:
                held["contact_by"] = values.contact_by(text)
            except NotAValue as wrong:
                self._unread(Remark(self.by_place["contact by"][0][0], str(wrong)), "contact by")
        return held

    def _unread(self, remark: Remark, place: str) -> None:
        self._doubt(remark.column, f"{remark.reason}; kept aside")
        self.aside[remark.column] = dict(self.by_place[place])[remark.column]

    def _people(self, country: str) -> list[dict[str, str]]:
        found = (self._person(role, [self.reader.country, *_code(country)]) for role in PEOPLE)
        return [person for person in found if person]

    def _person(self, role: str, countries: Iterable[str]) -> dict[str, str] | None:
        countries = list(countries)
        held = {"name": self._one(f"{role} name")}
        notes = [f"{heading}: {text.strip()}" for heading, text in self.by_place.get(f"{role} note", [])]
        for key, read in (("phone", lambda text: values.phone(text, countries)), ("email", values.email)):
            heading_and_text = [
                pair for pair in self.by_place.get(f"{role} {key}", []) if not values.is_blank(pair[1])
            ]
            for heading, text in heading_and_text:
                try:
                    held[key] = held.get(key) or values.several(text, read)[0].value
                except NotAValue as wrong:
                    self._doubt(heading, f"{wrong}; kept in the note of the {role} contact")
                    notes.append(f"{heading}: {text.strip()}")
        held["note"] = "\n".join(notes)
        filled = {key: value for key, value in held.items() if value}
        if not filled:
            return None
        return {"role": role, "name": filled.pop("name", "Not named")} | filled


def _code(country: str) -> list[str]:
    """Return a country's code where the column holds codes; names of countries are kept as they are."""
    text = country.strip().upper()
    return [text] if len(text) == len("GB") and text.isalpha() and text.isascii() else []


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _has_guardian(people: Iterable[Mapping[str, str]]) -> bool:
    return any(person["role"] == "guardian" for person in people)


def _identity(directory: Mapping[str, Any], content: str) -> str:
    """Return what makes a row the same row next time: its number, or its contacts, with name and birth date.

    A row of nothing but a name is the same only if all of it is.
    """
    name = " ".join(words(f"{directory.get('given', '')} {directory.get('family', '')}"))
    who = [name, directory.get("born", "")]
    numbers = directory.get("numbers") or []
    if numbers:
        first = numbers[0]
        return json.dumps(["number", squashed(first["kind"]), contacts.number(first["value"]), *who])
    known = [sorted(directory.get("phones", [])), sorted(directory.get("emails", []))]
    if any(known) or who[1]:
        return json.dumps(["contacts", *who, *known])
    return json.dumps(["content", content])
