"""What changed between two texts, word by word, also for those who hear the page."""

import re
from difflib import SequenceMatcher

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


def diff(before: str, after: str) -> SafeString:
    """The later text with what was removed and added marked in it."""
    old, new = _WORDS.findall(before or ""), _WORDS.findall(after or "")
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    parts: list[SafeString] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            parts.append(conditional_escape("".join(new[j1:j2])))
            continue
        parts.append(_marked("del", "removed", "".join(old[i1:i2])))
        parts.append(_marked("ins", "added", "".join(new[j1:j2])))
    return format_html('<div class="diff">{}</div>', format_html_join("", "{}", ((part,) for part in parts)))


def _marked(tag: str, word: str, text: str) -> SafeString:
    if not text:
        return SafeString("")
    return format_html(
        '<{0}><span class="vh"> {1}: </span>{2}<span class="vh"> end {1} </span></{0}>', tag, word, text
    )
