"""Numbers that say who a client is to the state or an insurer: covered but for their last signs, everywhere (VLT-08).

A number's kind is free text, from forms and imports. Whatever is not plainly the practice's own (a client number, a
chart number) counts as such a number, so that a kind nobody thought of is covered too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

LAST: Final = 4
"""Signs left to see, as on cards and bills; of a short number none."""
_SHORT: Final = 7
COVER: Final = "•••"
_STATE = re.compile(
    r"passport|national|nino\b|\bni\b|social|\bssn?\b|\bsin\b|\bsvnr\b|tax|\btin\b|\btfn\b|licen[cs]e|\bdln?\b|health"
    r"|\bnhs\b|medicare|medicaid|insur|\bid\b|identi",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"client|patient|\bfile\b|chart|\bmrn?\b|record|loyalty|member|account|customer|reference|booking|\bcard\b",
    re.IGNORECASE,
)


def is_identity(kind: str) -> bool:
    """Whether a number of this kind needs a reason to be shown."""
    return bool(_STATE.search(kind)) or not _OWN.search(kind)


def masked(value: str) -> str:
    """Return a number with all but its last four signs covered; a short one wholly."""
    return COVER + value[-LAST:] if len(value) >= _SHORT else COVER


def shown(number: dict[str, Any]) -> str:
    """Return the value of a ``{kind, value}`` as pages, prints and lists of clients may show it to whoever sees it."""
    value = str(number.get("value", ""))
    return masked(value) if value and is_identity(str(number.get("kind", ""))) else value


def covered(numbers: Iterable[Any]) -> list[Any]:
    """Return a card's ``numbers`` with those that need a reason covered; what has another shape stays as it is."""
    return [{**one, "value": shown(one)} if isinstance(one, dict) else one for one in numbers]
