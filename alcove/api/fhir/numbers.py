"""JSON whose decimals keep what was written: FHIR says that 4.40 and 4.4 are different statements."""

from __future__ import annotations

import json
import math
import re
import secrets
from typing import Any


class Exact(float):
    """A decimal that remembers its text, so that a result of 4.40 is not shown as 4.4."""

    __slots__ = ("text",)
    text: str


def _exact(text: str) -> Exact:
    value = Exact(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    value.text = text
    return value


def _refuse(_: str) -> Any:
    raise ValueError("this is no JSON number")


def loads(text: str) -> Any:
    """Return what a JSON text says; decimals are ``Exact``. Raises ``ValueError`` or ``RecursionError``."""
    return json.loads(text, parse_float=_exact, parse_constant=_refuse)


def as_text(value: object) -> str:
    """Return a number as it was written; "" for what is no number."""
    if isinstance(value, Exact):
        return value.text
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return repr(value) if math.isfinite(value) else ""


DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?(?:[eE][-+]?\d{1,3})?")


class Written(str):
    """A decimal on its way out, as text."""

    __slots__ = ()


def decimal(text: str) -> Written:
    """Return a decimal that ``dumps`` writes digit by digit; raise ``ValueError`` if it is none."""
    if not DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError("this is no decimal number")
    return Written(text)


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Return JSON in which ``Written`` decimals stand as numbers with all their digits."""
    # The mark is random for each document, so no text of a client can pass for a number.
    mark = secrets.token_hex(12)
    text = json.dumps(_marked(value, mark), ensure_ascii=False, indent=indent)
    return re.sub(rf'"{mark}([-+0-9.eE]+)"', r"\1", text)


def _marked(value: Any, mark: str) -> Any:
    if isinstance(value, Written):
        return mark + value
    if isinstance(value, dict):
        return {key: _marked(item, mark) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, mark) for item in value]
    return value
