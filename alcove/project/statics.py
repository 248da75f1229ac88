"""Headers of static files. Their hashed names are made by ``alcove.ui.storage``."""

from __future__ import annotations

from typing import Any


def add_headers(headers: Any, path: str, url: str) -> None:  # noqa: ARG001 - WhiteNoise's signature
    """Static files are ours alone: readable by our pages only."""
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
