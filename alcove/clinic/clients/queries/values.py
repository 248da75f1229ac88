"""Single values of other programs' tables: blanks, dates, phone numbers, e-mail addresses, sex.

Whatever cannot be read raises ``NotAValue`` with a sentence that never quotes the value: it goes beside row and column.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import phonenumbers

from alcove.clinic.clients.queries import contacts

OLDEST: Final = 130
"""Years. Nobody on record lived longer (122)."""
_BLANKS: Final = frozenset({
    "", "-", "--", "---", "—", ".", "?", "n/a", "na", "n.a.", "#n/a", "none", "null", "nil", "undefined", "nan", "nat",
    "not provided", "not given", "unknown", "no email", "no e-mail", "no phone", "tbc", "tba", "xxx", "x", "(blank)",
})  # fmt: skip


class NotAValue(ValueError):
    """A cell cannot be read as what its column says; the sentence says why, never what stands there."""


def is_blank(text: str) -> bool:
    """Whether a cell says nothing. For values only: a person may be called None or Null."""
    return text.strip().casefold() in _BLANKS


# Dates -------------------------------------------------------------------------------------------------------------

MONTH_FIRST: Final = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "UM", "PH", "FM", "MH", "PW", "BZ"})
"""Countries that write the month before the day (CLDR short date forms)."""
_MONTHS: Final = """
january jan januar janvier janv enero ene gennaio gen janeiro januari styczen stycznia sty
february feb februar fevrier fevr fev febrero febbraio fevereiro februari luty lutego lut
march mar marz maerz mars marzo março marco mrt maart marzec marca mrz
april apr avril avr abril abr aprile kwiecien kwietnia kwi
may mai mayo maggio mag maio mei maj maja
june jun juni juin junio giugno giu junho czerwiec czerwca cze
july jul juli juillet juil julio luglio lug julho lipiec lipca lip
august aug aout agosto ago augustus sierpien sierpnia sie
september sep sept septembre septiembre settembre set setembro wrzesien wrzesnia wrz
october oct okt oktober octobre octubre ottobre ott outubro out oktober pazdziernik pazdziernika paz
november nov novembre noviembre novembro listopad listopada lis
december dec dez dezember decembre diciembre dic dicembre dezembro december grudzien grudnia gru
"""
_MONTH_OF: Final = {
    word: number for number, line in enumerate(_MONTHS.strip().splitlines(), 1) for word in line.split()
}
_FILLER_WORDS: Final = (
    "st nd rd th er eme de del d of the le den der el year "
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche "
    "lunes martes miercoles jueves viernes sabado domingo"
)
_FILLERS: Final = frozenset(_FILLER_WORDS.split())
_TIME = re.compile(
    r"(?:[t,\s]|\bat\b|\bum\b|\ba\b|"
    r"@)+\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?(?:[.,]\d+)?\s*(?:[ap]\.?\s?m\.?)?\s*(?:uhr)?\s*"
    r"(?:z|utc|gmt|[+-]\d{2}:?\d{2})?\s*$"
)
_YEAR_FIRST = re.compile(r"(\d{4})\s?[-/.\s]\s?(\d{1,2})\s?[-/.\s]\s?(\d{1,2})\.?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SIGNS = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]?")
_YEAR_LAST = re.compile(r"(\d{1,2})\s?([-/.\s])\s?(\d{1,2})\s?[-/.\s]\s?'?(\d{4}|\d{2})\.?")
_SERIAL = re.compile(r"\d{4,5}(?:\.0+)?")
_NO_DATE: Final = frozenset(
    {"0000-00-00", "00/00/0000", "00-00-0000", "00.00.0000", "0", "00000000", "__/__/____", "//"}
)
_PLACEHOLDERS: Final = frozenset(
    {"1900-01-01", "1899-12-30", "1899-12-31", "1753-01-01", "0001-01-01", "1800-01-01"}
)
"""Days that databases and spreadsheets write where there is none."""
_EXCEL_DAY_ZERO: Final = date(1899, 12, 30)
_LEAST_SERIALS: Final = 0.9
_MAJORITY: Final = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """A date as written. ``day_first`` is None where both readings are possible and differ."""

    first: int
    second: int
    year: int
    day_first: bool | None
    has_short_year: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """How the dates of one column are read, and why, for the report.

    ``is_mixed``: the column shows both orders, so each date that could be either is doubted.
    """

    day_first: bool
    why: str = ""
    is_mixed: bool = False
    are_serials: bool = False


@dataclass(slots=True)
class Dates:
    """What a whole column tells about the order of its dates. Show it every cell, then ask for the order."""

    seen: int = 0
    day_first: int = 0
    month_first: int = 0
    either: int = 0
    serials: int = 0

    def see(self, text: str) -> None:
        """Take one cell as evidence."""
        if is_blank(text) or text.strip() in _NO_DATE:
            return
        self.seen += 1
        if _SERIAL.fullmatch(text.strip()):
            self.serials += 1
        parts = written(text)
        # Dots are day first everywhere, which tells nothing about the same column's slashes.
        if parts is None or "." in text:
            return
        if parts.day_first is None:
            self.either += 1
        elif parts.first and _YEAR_LAST.fullmatch(_plain(text)) and parts.first != parts.second:
            self.day_first += parts.day_first
            self.month_first += not parts.day_first

    def order(self, heading: str, country: str, *, told: bool | None) -> Order:
        """Decide: what was told, else the evidence of the whole column, else the practice's country."""
        serials = self.serials > 0 and self.serials >= self.seen * _LEAST_SERIALS
        if told is not None:
            return Order(told, "", are_serials=serials)
        if serials:
            return Order(
                day_first=True, why=f"{heading}: read as a spreadsheet's day numbers.", are_serials=True
            )
        by_country = country not in MONTH_FIRST
        if not self.either:
            return Order(by_country)
        if self.day_first and self.month_first:
            most, least = max(self.day_first, self.month_first), min(self.day_first, self.month_first)
            day_first = self.day_first > self.month_first if most >= least * _MAJORITY else by_country
            return Order(
                day_first,
                f"{heading}: holds dates with the day first and with the month first; {_which(day_first)} is taken "
                "where both are possible, and each of those is doubted.",
                is_mixed=True,
            )
        if self.day_first or self.month_first:
            day_first = self.day_first > 0
            return Order(day_first, f"{heading}: {_which(day_first)}, as other dates of the column show.")
        return Order(
            by_country,
            f"{heading}: {_which(by_country)}, as is usual in the practice's country ({country}); no date of the "
            'column shows it. If that is wrong, say dates = "day first" or "month first" in a --map file.',
        )


def _which(day_first: bool) -> str:  # noqa: FBT001 - the only thing it speaks of
    return "the day first" if day_first else "the month first"


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    kept = "".join(sign for sign in folded if not unicodedata.combining(sign))
    # Korean syllables fall apart under NFKD and are put together again.
    return unicodedata.normalize("NFC", kept).strip().lstrip("'").strip(" ,")


def written(text: str) -> Parts | None:
    """Return a date as written, with or without a time after it; None if it is none."""
    plain = _plain(text)
    return _numbers(plain) or _worded(plain) or _without_time(plain)


def _without_time(plain: str) -> Parts | None:
    day = _TIME.sub("", plain).strip(" ,")
    return (_numbers(day) or _worded(day)) if day != plain else None


def _numbers(plain: str) -> Parts | None:
    if found := _YEAR_FIRST.fullmatch(plain) or _COMPACT.fullmatch(plain) or _SIGNS.fullmatch(plain):
        year, month, day = (int(part) for part in found.groups())
        return Parts(day, month, year, day_first=True)
    if found := _YEAR_LAST.fullmatch(plain):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        if found[2] == "." or first == second or first > 12:  # noqa: PLR2004 - months of a year
            day_first: bool | None = True
        else:
            day_first = False if second > 12 else None  # noqa: PLR2004 - months of a year
        return Parts(first, second, year, day_first, has_short_year=len(found[4]) < len("2000"))
    return None


def _worded(plain: str) -> Parts | None:
    """Read a date with a month's name. The year stands last, unless it stands first as no day could."""
    words = re.findall(r"\d+|[^\W\d_]+", plain)
    months = [_MONTH_OF[word] for word in words if word in _MONTH_OF]
    numbers = [word for word in words if word.isdigit()]
    others = [word for word in words if not word.isdigit() and word not in _MONTH_OF and word not in _FILLERS]
    if len(months) != 1 or len(numbers) != len(("day", "year")) or others:
        return None
    day, year = numbers
    if len(day) > len("31") or int(day) > 31:  # noqa: PLR2004 - days of a month
        day, year = year, day
    if len(year) not in {2, 4} or len(day) > len("31"):
        return None
    return Parts(int(day), months[0], int(year), day_first=True, has_short_year=len(year) < len("2000"))


@dataclass(frozen=True, slots=True)
class Day:
    """A date read from a cell, None if it says there is none, and what is doubtful about it."""

    on: date | None
    doubts: tuple[str, ...] = ()


def day(text: str, order: Order, today: date) -> Day:
    """Read a date; raise ``NotAValue`` if it is none, or a day that never was."""
    if is_blank(text) or text.strip() in _NO_DATE:
        return Day(None)
    if order.are_serials and _SERIAL.fullmatch(text.strip()):
        return _real(Day(_EXCEL_DAY_ZERO + timedelta(days=int(float(text)))))
    parts = written(text)
    if parts is None:
        raise NotAValue("is not a whole date that can be read")
    doubts = []
    day_first = parts.day_first
    if day_first is None:
        day_first = order.day_first
        if order.is_mixed:
            doubts.append(f"could be read with the day or the month first; {_which(day_first)} was taken")
    number, month = (parts.first, parts.second) if day_first else (parts.second, parts.first)
    year = parts.year
    if parts.has_short_year:
        year += 2000 if year <= today.year % 100 else 1900
        doubts.append(f"has a year of two digits, read as {'20' if year >= 2000 else '19'}xx")  # noqa: PLR2004 - centuries
    try:
        return _real(Day(date(year, month, number), tuple(doubts)))
    except ValueError as error:
        if isinstance(error, NotAValue):
            raise
        raise NotAValue("names a day that does not exist") from None


def _real(found: Day) -> Day:
    if found.on is not None and found.on.isoformat() in _PLACEHOLDERS:
        return Day(None, ("is a day that programs write where they know none; left blank",))
    return found


def birth_date(text: str, order: Order, today: date) -> Day:
    """Read a birth date; raise ``NotAValue`` if it cannot be one."""
    found = day(text, order, today)
    if found.on is not None and found.on > today:
        raise NotAValue("lies in the future")
    if found.on is not None and found.on.year < today.year - OLDEST:
        raise NotAValue(f"is more than {OLDEST} years ago")
    return found


# Contacts ----------------------------------------------------------------------------------------------------------

_SEVERAL = re.compile(r"\s*(?::::|[;\n|]|\s/\s|,|\bor\b)\s*")
_SHORTENED = re.compile(r"\d[.,]?\d*E\+?\d+", re.IGNORECASE)
_NOBODYS_DOMAINS: Final = frozenset({
    "none.com", "noemail.com", "no-email.com", "nomail.com", "noemail.org", "na.com", "n-a.com", "fakeemail.com",
    "nowhere.com", "noreply.com", "unknown.com", "notprovided.com", "donotemail.com",
})  # fmt: skip
"""Domains that front desks and programs write where a client gave no address."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A phone number in E.164 or an e-mail address, and what is doubtful about it."""

    value: str
    doubt: str = ""


def several(text: str, read: Callable[[str], Contact]) -> list[Contact]:
    """Read a cell that may hold more than one contact; raise ``NotAValue`` if any part cannot be read."""
    if is_blank(text):
        return []
    try:
        return [read(text)]
    except NotAValue:
        parts = [part for part in _SEVERAL.split(text.strip()) if part and not is_blank(part)]
        if len(parts) <= 1:
            raise
        return [read(part) for part in parts]


def phone(text: str, countries: Iterable[str]) -> Contact:
    """Read a phone number as of the first of ``countries`` where it is one in use: the practice's, then the client's.

    Raises ``NotAValue`` if it has too few or too many digits everywhere.
    """
    text = text.strip().lstrip("'").removeprefix("tel:").strip()
    if _SHORTENED.fullmatch(text):
        raise NotAValue("was shortened by a spreadsheet; its last digits are lost")
    digits = [sign for sign in text if sign.isdigit()]
    if len(set(digits)) == 1:
        raise NotAValue("is one digit over and over, so it is nobody's number")
    regions = list(dict.fromkeys(countries))
    tries = [(text, region) for region in regions]
    if text.startswith("00"):
        tries.append(("+" + text[2:], regions[0]))
    possible = []
    for written_so, region in tries:
        try:
            found = contacts.phone(written_so, region)
        except contacts.NotAContact:
            continue
        if phonenumbers.is_valid_number(phonenumbers.parse(found.partition(";")[0], None)):
            return Contact(found)
        possible.append(found)
    if not possible:
        raise NotAValue("is not a phone number here; a foreign one begins with + and its country code")
    return Contact(possible[0], "has the right length but is not a number in use")


def email(text: str) -> Contact:
    """Read an e-mail address, with or without a name around it; raise ``NotAValue``."""
    text = text.strip().lstrip("'").removeprefix("mailto:").strip()
    if found := re.search(r"<([^<>]+)>\s*$", text):
        text = found[1]
    try:
        address = contacts.email(text)
    except contacts.NotAContact:
        raise NotAValue("is not an e-mail address") from None
    if address.rpartition("@")[2] in _NOBODYS_DOMAINS:
        raise NotAValue("is an address that stands for none")
    return Contact(address)


# Words -------------------------------------------------------------------------------------------------------------

_SEXES: Final = {
    "Female": "f female w woman girl weiblich frau femme feminin feminine femenino mujer femmina donna kobieta "
    "k vrouw v "
    "feminino mulher",
    "Male": "m male man boy mannlich mann homme h masculin masculine masculino hombre maschio uomo mezczyzna homem",
    "Other": "o other x diverse divers d nonbinary nb intersex indeterminate autre otro",
    "Unknown": "u unknown notsaid notdisclosed prefernottosay notspecified unspecified undisclosed ns notstated",
}
_SEX_OF: Final = {word: sex for sex, words in _SEXES.items() for word in words.split()}


def sex(text: str) -> str:
    """Return Female, Male, Other or Unknown; raise ``NotAValue`` for anything else, which is a gender in words."""
    plain = "".join(sign for sign in _plain(text) if sign.isalnum())
    try:
        return _SEX_OF[plain]
    except KeyError:
        raise NotAValue("is none of female, male, other or unknown") from None


_WAYS: Final = (
    ("Text message", r"sms|text|whatsapp"), ("E-mail", r"e-?mail"), ("Letter", r"letter|post"),
    ("Phone call", r"phone|call|tel|mobile|voice"), ("Please do not contact", r"do not|none|no contact"),
)  # fmt: skip


def contact_by(text: str) -> str:
    """Return the way a client likes to be contacted, in our words; raise ``NotAValue``. It is no consent."""
    for words, pattern in reversed(_WAYS):
        if re.search(pattern, text, re.IGNORECASE):
            return words
    raise NotAValue("names no way of contact that is known here")
