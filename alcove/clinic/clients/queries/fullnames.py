"""Names that stand whole in one column, split into given and family name. No word is lost, none is changed.

Rules for names written in the order given, family (or ``family, given``): titles before, what follows a name (Jr.,
PhD) after, particles with the family name. Two family names without a hyphen cannot be told from a middle name: the
last word is taken, and longer names are marked as doubtful.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TITLES: Final = _set_of(
    "mr mrs ms miss mx dr doctor prof professor sir dame lady lord rev reverend fr father sister capt captain "
    "col major sgt "
    "herr frau mme mlle monsieur madame mademoiselle sr sra srta don dona pan pani sig signora dhr mevr mw hon "
    "judge rabbi"
)
_AFTER: Final = _set_of(
    "jr sr ii iii iv junior senior phd md dds dmd do rn np pa esq esquire mba ma msc bsc ba frcs facs obe mbe "
    "cbe dvm pharmd lpn "
    "faad mrcp frcp dnp fnp aprn bsn mph jd llb edd cpa"
)
_PARTICLES: Final = _set_of(
    "van von vom der den de la del della delle degli di da dal dos das du des le ten ter te zu zur zum bin ibn "
    "bint al el abu st st. "
    "mac mc san santa y af av d' dell'"
)
_BORN: Final = re.compile(
    r"(?:,\s*)?\(?\s*\b(née|nee|né|geb\.?|geborene|z domu|born)\s+([^)]+?)\s*\)?\s*$", re.IGNORECASE
)
_CALLED: Final = re.compile(r"""\s*(?:["“”„]([^"“”„]+)["“”“]|\(([^()]+)\)|(?<=\s)'([^']+)'(?=\s))\s*""")
_LONG: Final = 4


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a name. ``is_doubtful``: another split is as likely."""

    given: str = ""
    family: str = ""
    title: str = ""
    preferred: str = ""
    born_as: str = ""
    is_doubtful: bool = False


def _key(word: str) -> str:
    return word.casefold().replace(".", "").strip(",")


def _takes(words: list[str], kind: frozenset[str], *, at: int, keep: int) -> list[str]:
    """Take words of a kind off one end (0 or -1), leaving at least ``keep``."""
    taken: list[str] = []
    while len(words) > keep and _key(words[at]) in kind:
        taken.append(words.pop(at))
    return taken if at == 0 else taken[::-1]


def split(text: str) -> Name:
    """Split a whole name; a single word is a given name."""
    rest = text.strip()
    born_as = ""
    if (found := _BORN.search(rest)) and rest[: found.start()].strip():
        born_as, rest = found[2], rest[: found.start()].strip()
    preferred = ""
    if (found := _CALLED.search(rest)) and (rest[: found.start()] + rest[found.end() :]).strip():
        inner = next(part for part in found.groups() if part)
        if _key(inner) not in _AFTER:
            preferred = inner.strip()
            rest = f"{rest[: found.start()]} {rest[found.end() :]}".strip()
    given, family, title, is_doubtful = _split_plain(rest)
    return Name(given, family, title, preferred, born_as, is_doubtful)


def _split_plain(text: str) -> tuple[str, str, str, bool]:
    pieces = [piece.strip() for piece in text.split(",")]
    after: list[str] = []
    while len(pieces) > 1 and (not pieces[-1] or all(_key(word) in _AFTER for word in pieces[-1].split())):
        after = pieces.pop().split() + after
    if len(pieces) == 1:
        given, family, title, after_name, is_doubtful = _in_order(pieces[0].split())
    else:
        words = " ".join(pieces[1:]).split()
        title = _takes(words, _TITLES, at=0, keep=1)
        after_name = _takes(words, _AFTER, at=-1, keep=1)
        given, family, is_doubtful = words, pieces[0].split(), len(pieces) > len(("family", "given"))
    after = after_name + after
    # Junior and III belong to the name; degrees are how a person is addressed.
    lineage = [word for word in after if _key(word) in {"jr", "sr", "ii", "iii", "iv", "junior", "senior"}]
    degrees = [word for word in after if word not in lineage]
    return " ".join(given), " ".join(family + lineage), " ".join(title + degrees), is_doubtful


def _in_order(words: list[str]) -> tuple[list[str], list[str], list[str], list[str], bool]:
    title = _takes(words, _TITLES, at=0, keep=1)
    after = _takes(words, _AFTER, at=-1, keep=2)
    if len(words) <= 1:
        # Dr. Smith has a family name; somebody called just Madonna has a given one.
        return ([], words, title, after, False) if title else (words, [], title, after, False)
    if _is_east_asian(words):
        return words[1:], words[:1], title, after, len(words) > len(("family", "given"))
    if len(words) > len(("given", "family")) and len(words[-1].rstrip(".")) == 1:
        # Nobody's family name is an initial: Smith Anna M. has it in front.
        return words[1:], words[:1], title, after, True
    cut = len(words) - 1
    while cut > 1 and (words[cut - 1].casefold() in _PARTICLES or words[cut - 1].endswith(("'", "’"))):
        cut -= 1
    return words[:cut], words[cut:], title, after, cut > 1 and len(words[:cut]) >= _LONG - 1


def _is_east_asian(words: list[str]) -> bool:
    """Whether every word is Han, kana or Hangul: then the family name stands first."""
    return all(
        unicodedata.name(sign, "").startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL"))
        for word in words
        for sign in word[:1]
    )
