"""Which column of another program's table goes where on a client's card: guessed from its name, or said by a file."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from alcove.clinic.clients.queries.headings import CONSENT, KNOWN, LOCKED_OUT, ONLY_WHOLE, PLACES, SYSTEMS
from alcove.clinic.clients.queries.tables import OURS

NAMES: Final = ("full name", "given", "family", "preferred")
"""Without a column for one of these nobody can be imported."""
SAYABLE: Final = tuple(place for place in PLACES if place not in {"consent", "secret"})
"""Places that a ``--map`` file may name."""
LEFT: Final = ("consent", "secret", "leave out")
"""Places whose values are not taken at all."""
SAID, NAMED, LIKE, UNKNOWN = "said", "known name", "like a known name", "unknown"
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ASIDE = re.compile(r"\(.*?\)|\[.*?\]|\*")
_WHOSE: Final = frozenset(
    {"client", "patient", "guest", "customer", "member", "contact", "primary", "personal", "your", "home"}
)
_ROLES: Final = {
    "emergency": {"emergency", "kin", "ice"},
    "guardian": {"guardian", "parent", "mother", "father"},
    "gp": {"doctor", "gp", "physician", "pcp"},
    "partner": {"spouse", "partner", "husband", "wife"},
    "referrer": {"referring", "referrer"},
    "pharmacy": {"pharmacy", "chemist"},
    "insurer": {"insurance", "insurer"},
}
_KINDS: Final = (
    ("phone", {"phone", "mobile", "cell", "tel", "telephone", "cellphone"}),
    ("email", {"email", "mail"}),
)
_NOT_VALUES: Final = frozenset(
    {"type", "label", "verified", "status", "fax", "extension", "ext", "date", "at", "on", "count", "provider",
     "carrier", "bounced", "is", "has", "pager", "photo", "url"}
)  # fmt: skip


class BadMap(ValueError):
    """A ``--map`` file cannot be used; the sentence says which of its words and what is allowed."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its place (a key of ``PLACES``) and how that was decided."""

    heading: str
    place: str
    how: str

    @property
    def is_unplaced(self) -> bool:
        """Whether nobody said and nothing known tells where it goes; its values are kept sealed, aside."""
        return self.how == UNKNOWN

    @property
    def day_first(self) -> bool | None:
        """What the column's own name says of the order of its dates: ``Birth date (DD/MM/YYYY)``."""
        text = self.heading.lower()
        if re.search(r"d{1,2}\W?m{1,2}\W?y", text):
            return True
        return False if re.search(r"m{1,2}\W?d{1,2}\W?y", text) else None


@dataclass(frozen=True, slots=True)
class Told:
    """What a ``--map`` file says. Empty values: find out by looking."""

    columns: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    country: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


def squashed(heading: str) -> str:
    """Return the letters and digits of a column name, without case and accents, which is what is compared."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", heading)).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def _words(heading: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", _CAMEL.sub(" ", heading))).casefold()
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return re.findall(r"[^\W_]+", kept.replace("e-mail", "email").replace("e mail", "email"))


@functools.cache
def _by_name() -> dict[str, str]:
    return {name: place for place, names in KNOWN.items() for name in names.split()}


def placed(heading: str) -> tuple[str, str]:
    """Return the place guessed for a column and how."""
    if heading in OURS:
        return "leave out", NAMED
    if place := _named(heading):
        return place, NAMED
    spaced = " ".join(_words(heading))
    if re.search(LOCKED_OUT, spaced):
        return "secret", NAMED
    if re.search(CONSENT, spaced):
        return "consent", NAMED
    if place := _like(heading):
        return place, LIKE
    return "aside", UNKNOWN


def _named(heading: str) -> str:
    """Look the name up: as it is, without what stands in brackets, without numbers, without whose it is."""
    names = _by_name()
    short = _ASIDE.sub(" ", heading)
    words = _words(short)
    tries = [squashed(heading), squashed(short), re.sub(r"\d", "", squashed(short))]
    while words and words[0] in _WHOSE:
        words = words[1:]
        tries += ["".join(words), re.sub(r"\d", "", "".join(words))]
    return next((names[one] for one in tries if one in names), "")


def _like(heading: str) -> str:
    words = {word.rstrip("0123456789") for word in _words(_ASIDE.sub(" ", heading))}
    role = next((role for role, signs in _ROLES.items() if words & signs), "")
    if words & {"birth", "birthday", "dob"} and not role:
        return "" if words & {"place", "country", "city", "town", "name", "state"} else "born"
    if words & _NOT_VALUES and not role:
        return ""
    kind = next((kind for kind, signs in _KINDS if words & signs), "")
    if role:
        return f"{role} {kind or ('name' if 'name' in words else 'note')}"
    if kind:
        return kind
    for place, needed in (
        ("given", {"first", "name"}), ("family", {"last", "name"}),
        ("middle", {"middle", "name"}), ("postal", {"zip"}), ("postal", {"postal"}), ("postal", {"postcode"}),
        ("pronouns", {"pronouns"}), ("address line", {"address", "line"}), ("address", {"address"}),
        ("alert", {"allergies"}), ("alert", {"allergy"}), ("clinical note", {"notes"}), ("clinical note", {"note"}),
    ):  # fmt: skip
        if needed <= words:
            return place
    return ""


def is_known(text: str) -> bool:
    """Whether a text is the name of a column that can be placed; by this the heading row is found."""
    return text in OURS or bool(_named(text))


def guessed(headings: Sequence[str], told: Told | None = None) -> list[Column]:
    """Return every column with its place, what was said before what is guessed; raise ``BadMap``."""
    said = dict(told.columns) if told else {}
    missing = [name for name in said if name not in headings]
    if missing:
        raise BadMap(
            f"The file has no column called {missing[0]!r}. It is written exactly as in the file's first row."
        )
    return [
        Column(heading, said[heading], SAID) if heading in said else Column(heading, *placed(heading))
        for heading in headings
    ]


def has_name(columns: Sequence[Column]) -> bool:
    """Whether a column holds people's names."""
    return any(column.place in NAMES for column in columns)


def system(headings: Sequence[str]) -> str:
    """Return which program wrote such a table, "" if it cannot be told."""
    found = {squashed(heading) for heading in headings if heading not in OURS}
    best, most = "", 2
    for name, signs in SYSTEMS.items():
        wanted = set(signs.split())
        if found == wanted:
            return name
        # The short lists of common words only count whole; the long ones hold names that nobody else uses.
        hits = 0 if name in ONLY_WHOLE else len(found & wanted)
        if hits > most:
            best, most = name, hits
    return best


# What a --map file says --------------------------------------------------------------------------------------------


def read_map(path: Path) -> Told:
    """Return what a ``--map`` file says; raise ``BadMap``. Its form stands in ``docs`` and in ``--help``."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMap(f"The --map file is not valid TOML: {error}") from None
    unknown = raw.keys() - {"columns", "read"}
    if unknown:
        raise BadMap(f"The --map file has a part [{min(unknown)}]; it may have [columns] and [read].")
    return Told(columns=_said_columns(raw.get("columns", {})), **_said_reading(raw.get("read", {})))


def _said_columns(said: Any) -> dict[str, str]:
    if not isinstance(said, dict):
        raise BadMap('In the --map file, [columns] is a table: "Column name" = "place".')
    for heading, place in said.items():
        if place not in SAYABLE and place != "consent":
            allowed = ", ".join(SAYABLE)
            raise BadMap(
                f"In the --map file, {heading!r} has a place that does not exist. Places are: {allowed}."
            )
        if place == "consent":
            raise BadMap(f'In the --map file, {heading!r}: consent cannot be imported. Use "leave out".')
    return said


def _said_reading(said: Any) -> dict[str, Any]:
    known = {"dates", "country", "encoding", "delimiter", "sheet"}
    if (
        not isinstance(said, dict)
        or said.keys() - known
        or not all(isinstance(one, str) for one in said.values())
    ):
        raise BadMap(f"In the --map file, [read] may say: {', '.join(sorted(known))}, each a text.")
    found: dict[str, Any] = {
        key: said[key] for key in ("country", "encoding", "delimiter", "sheet") if key in said
    }
    if "dates" in said:
        if said["dates"] not in {"day first", "month first"}:
            raise BadMap('In the --map file, dates is "day first" or "month first".')
        found["day_first"] = said["dates"] == "day first"
    if len(found.get("delimiter", ",")) != 1:
        raise BadMap("In the --map file, delimiter is one sign.")
    if "country" in found and not re.fullmatch(r"[A-Z]{2}", found["country"]):
        raise BadMap("In the --map file, country is a code of two capital letters, such as GB.")
    return found
