"""A PDF from data, by Typst, in this process: nothing is written to a disk and no text of a client is markup.

The data goes in as one JSON value, the document is a fixed text of ours (``templates/records/record.typ``). Typst's
root is the empty temporary folder of the home, so the document could read nothing even if it tried. The PDF follows
PDF/A-2u and PDF/UA-1: it can be kept, read aloud and searched, and Typst refuses to make it if any sign has no shape.

What cannot be shown. Our fonts have Latin, Greek, Cyrillic, Arabic and Hebrew; the machine's own fonts are used for
the rest. A sign that no font can draw, a control sign, or an invisible sign that turns the direction of text stands
as its number, ``[U+7530]``: nothing is dropped in silence. Lone surrogates arrive here as U+FFFD (``queries.words``).
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from importlib import import_module
from pathlib import Path
from typing import Any

import typst
from django.conf import settings

SOURCE = Path(__file__).resolve().parent.parent / "templates" / "records" / "record.typ"
STANDARDS: Any = ["a-2u", "ua-1"]
PROBED_AT_ONCE = 40
ROUNDS = 30
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")
_JOINERS = "\u200c\u200d"
_EXTENDS = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u200c\u200d]")
_REFUSED = re.compile(r'the text `"(?P<text>.*?)"` could not be displayed', re.DOTALL)
_ESCAPED = re.compile(r"\\u\{(?P<code>[0-9a-fA-F]+)\}|\\(?P<sign>.)", re.DOTALL)
_PROBE = b"""#set document(title: "probe")
#set text(font: ("Inter", "DejaVu Sans", "Libertinus Serif", "DejaVu Sans Mono"))
#for one in json(bytes(sys.inputs.data)) { par(text(one)) }
"""
_seen: set[str] = set()
_without_shape: set[str] = set()
"""What this process learned of its fonts: clusters of signs that were tried, and those that no font can draw."""


@functools.cache
def _compiler() -> typst.Compiler:
    """Return the compiler with our typefaces and the machine's; made once in a process."""
    folders = [
        str(Path(str(import_module(name).__file__)).parent)
        for name in ("fontpkg_inter", "fontpkg_newsreader")
    ]
    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=folders)
    root = settings.ALCOVE.temporary / "typst"
    root.mkdir(parents=True, exist_ok=True)
    return typst.Compiler(root=str(root), font_paths=fonts, ignore_system_fonts=True)


def _texts(data: Any) -> str:
    if isinstance(data, str):
        return data
    if isinstance(data, dict):
        data = list(data.values())
    return "\n".join(_texts(one) for one in data) if isinstance(data, list | tuple) else ""


def clusters(text: str) -> list[str]:
    """Return text cut into what is drawn together: a sign with its accents, joiners and modifiers."""
    found: list[str] = []
    for sign in text:
        joined = found and (
            _EXTENDS.match(sign) or unicodedata.category(sign)[0] == "M" or found[-1][-1] in _JOINERS
        )
        if joined and found[-1] not in "\n\t":
            found[-1] += sign
        else:
            found.append(sign)
    return found


def _refused(error: RuntimeError) -> str:
    """Return the text Typst found no shape for, "" if it failed for another reason."""
    found = _REFUSED.search(str(error))
    if found is None:
        return ""
    return _ESCAPED.sub(lambda m: chr(int(m["code"], 16)) if m["code"] else m["sign"], found["text"])


def _learn(wanted: set[str]) -> None:
    """Find out which of these clusters no font can draw: a small document of many, once a process."""
    unknown = sorted(wanted - _seen)
    for start in range(0, len(unknown), PROBED_AT_ONCE):
        group = unknown[start : start + PROBED_AT_ONCE]
        while group and (text := _missing(_PROBE, group)) is not None:
            bad = {one for one in group if text and text in one} or set(group)
            _without_shape.update(bad)
            group = [one for one in group if one not in bad]
    _seen.update(unknown)


def _missing(source: bytes, data: Any) -> str | None:
    """Return the first text of ``data`` that has no shape, "" if the document fails otherwise, None if all is well."""
    try:
        _compiled(source, data)
    except typst.TypstError as error:
        return _refused(error)
    return None


def _compiled(source: bytes, data: Any) -> bytes:
    inputs = {"data": json.dumps(data)}
    made = _compiler().compile(input=source, format="pdf", sys_inputs=inputs, pdf_standards=STANDARDS)
    return bytes(made)  # type: ignore[arg-type]  # one PDF is bytes, never a list of pages


def _is_hidden(sign: str) -> bool:
    return sign in _TURNING or (unicodedata.category(sign) in {"Cc", "Cs", "Cn"} and sign not in "\n\t")


def _number(sign: str) -> str:
    return sign if sign.isascii() and sign.isprintable() else f"[U+{ord(sign):04X}]"


def _shown(cluster: str) -> str:
    if cluster in _without_shape:
        return "".join(_number(sign) for sign in cluster)
    return "".join(_number(sign) if _is_hidden(sign) else sign for sign in cluster)


def showable(text: str) -> str:
    """Return text as it stands on paper: composed accents, and every sign that cannot be shown as its number."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(one) for one in clusters(unicodedata.normalize("NFC", text)))


def _made_showable(data: Any) -> Any:
    if isinstance(data, str):
        return showable(data)
    if isinstance(data, dict):
        return {key: _made_showable(value) for key, value in data.items()}
    return [_made_showable(value) for value in data] if isinstance(data, list | tuple) else data


def pdf(data: dict[str, Any], document: Path = SOURCE) -> bytes:
    """Return a document as PDF bytes. ``data`` of a record: ``Printout.as_data()`` with ``practice`` and ``imprint``.

    Raises ``TypesettingFailed``.
    """
    found = clusters(unicodedata.normalize("NFC", _texts(data)))
    strange = {one for one in found if not one.isascii() and not any(map(_is_hidden, one))}
    # A PDF keeps one text for each shape. Where a letter carries a loose accent, its plain text must come first, or
    # readers that know nothing of replacement texts would copy the accent with every such letter.
    data = data | {
        "letters": "".join(map(chr, range(33, 127))) if any(len(one) > 1 for one in strange) else ""
    }
    _learn(strange)
    source = document.read_bytes()
    for _ in range(ROUNDS):
        try:
            return _compiled(source, _made_showable(data))
        except typst.TypstError as error:
            # What has a shape alone may have none beside its neighbour. The message quotes the text: it stays here.
            text = _refused(error)
        bad = {one for one in strange - _without_shape if text and text in one}
        _without_shape.update(bad or strange)
        if not bad and not text:
            break
    raise TypesettingFailed("the record could not be typeset")


class TypesettingFailed(RuntimeError):
    """Typst refused our document: a fault of the program."""
