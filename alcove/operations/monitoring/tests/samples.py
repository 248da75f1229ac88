"""One object for each argument of the URLs of the health pages, for the walk over all routes."""

from __future__ import annotations

from typing import Any


def samples(practice: Any) -> dict[str, object]:
    """Return a part by the name of the URL argument."""
    return {"part_key": "disk"}
