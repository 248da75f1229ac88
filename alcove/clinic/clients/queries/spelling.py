"""How names are written for comparison: without case, accents and width, in Latin letters, and by sound.

Table and sources: docs/decisions/0003-search.md. Nothing here keeps what it was given.
"""

# ruff: noqa: RUF001 - letters and apostrophes of every script are what this is about

import re
import unicodedata
from collections.abc import Callable

from anyascii import anyascii
from doublemetaphone import doublemetaphone

LONGEST_WORD = 64  # Letters kept of one word, in names and in questions alike.

SOUNDS_KEPT = 12  # Letters kept of a sound code.

# Han, kana, bopomofo, and the first consonant of each Hangul syllable: every one may begin a given name.
CHARACTER = re.compile(
    "[\u1100-\u115f\u3005-\u3007\u3041-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
)
_JOINING = "'’‘‛ʼʻʹʺ′`´.ـ·՚׳״"
_SPELLED = {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_ARABIC = {"ى": "ي", "ی": "ي", "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ک": "ك"}


class _Letters(dict[int, str | None]):
    """How each decomposed character is written in the index: itself, another spelling, nothing, or a gap."""

    def __missing__(self, code: int) -> str | None:
        # Nothing is remembered: a rare character kept here would outlive the client who bore it.
        letter = chr(code)
        if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
            return None
        if "\u30a1" <= letter <= "\u30f6" or letter in "\u30fd\u30fe":
            return chr(code - 0x60)
        return letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " "


_LETTERS = _Letters(
    {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
    | {ord(old): new for old, new in (_SPELLED | _ARABIC).items()}
    | dict.fromkeys(map(ord, _JOINING))
)
# NFKC would turn these into a space and a mark, and so split the word they join.
_EARLY = dict.fromkeys(map(ord, "´՚"))


def fold(text: str) -> str:
    """The text without case, accents and width; apostrophes and full stops join, other punctuation splits."""
    if text.isascii():
        return text.lower() if text.isalnum() else text.translate(_LETTERS)
    plain = unicodedata.normalize("NFKC", text.translate(_EARLY)).casefold()
    return unicodedata.normalize("NFKD", plain).translate(_LETTERS)


def words(text: str) -> list[str]:
    """The folded words of a question, or of a name in its own script."""
    return [word[:LONGEST_WORD] for word in fold(text).split()]


def spellings(name: str) -> set[str]:
    """Every word under which a name is found: as written, from each Han, kana or Hangul sign on, in Latin."""
    own = words(name)
    if name.isascii():
        return set(own)
    inner = [word[sign.start() :] for word in own for sign in CHARACTER.finditer(word)]
    return {*own, *inner, *_latin(name)}


def sounds(word: str) -> set[str]:
    """Double Metaphone codes of a folded word; those of one letter say too little and are left out."""
    spelled = word if word.isascii() else "".join(_latin(word))
    return {code[:SOUNDS_KEPT] for code in doublemetaphone(spelled) if len(code) > 1}


def line(name: str) -> str:
    """The folded words of a name with one space between them."""
    return " ".join(words(name))


def sort_key(family: str, given: str, line: Callable[[str], str] = line) -> str:
    """The key by which clients stand in a list: family name, then given name, both folded.

    ``line``: another function that gives the same, for whoever makes very many and remembers names for that long.
    """
    return f"{line(family)}\x1f{line(given)}"


def _latin(text: str) -> list[str]:
    return words(anyascii(unicodedata.normalize("NFKC", text)))
