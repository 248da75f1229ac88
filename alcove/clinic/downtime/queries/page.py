"""The file itself: one page with style, script and ciphertext in it, which loads nothing and sends nothing.

Its policy lets it run its own two pieces, known by their hashes, and nothing else: no picture, no request, no form.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
from pathlib import Path
from typing import Final

from alcove.security.vault.packs import Sealed

_PARTS: Final = Path(__file__).parent.parent / "static" / "downtime"
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '{script_hash}'; \
style-src '{style_hash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><title>Downtime pack, {place}</title><{style}>{css}</{style}></head>
<body><main id="main"><noscript>This page needs JavaScript to open the pack.</noscript></main>
<{script} id="header" type="application/json">{header}</{script}>
<{script} id="body" type="application/json">{body}</{script}>
<{script}>{js}</{script}></body></html>
"""


@functools.cache
def _part(name: str) -> tuple[str, str]:
    """Return a piece of the page and its hash, as the page's policy names it."""
    text = (_PARTS / name).read_text("utf-8")
    return text, "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def page(sealed: Sealed, place: str) -> bytes:
    """Return the file of a pack. ``place``: the location's name, for the title."""
    (css, style_hash), (js, script_hash) = _part("pack.css"), _part("pack.js")
    text = _PAGE.format(
        style_hash=style_hash, script_hash=script_hash, place=html.escape(place), css=css, js=js,
        header=sealed.header, body=sealed.body, style="style", script="script",
    )  # fmt: skip
    return text.encode()
