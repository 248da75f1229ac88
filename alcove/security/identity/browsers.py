"""What a browser says of itself, in words a person recognises; never trusted for anything."""

from __future__ import annotations

import re
from typing import Final

_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("iPad", "iPad"), ("iPhone", "iPhone"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Mac OS X", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def named(user_agent: str) -> str:
    """Return ``Chrome 142 on Windows`` for a browser's own long name; ``A browser`` for one that says nothing known."""
    browser, system = "A browser", ""
    for mark, name in _BROWSERS:
        found = re.search(rf"\b{mark}/(\d+)?", user_agent)
        if found:
            browser = f"{name} {found[1]}" if found[1] and mark != "Safari" else name
            break
    for mark, name in _SYSTEMS:
        if mark in user_agent:
            system = name
            break
    return f"{browser} on {system}" if system else browser
