"""Asking for news: two plain questions over TLS that carry nothing about who asks.

What must never happen: a version, a name, an id, a cookie or anything else of this practice in what is sent
(``tests/test_fetching.py`` reads it byte by byte on a real server). Nothing that a redirect or a proxy of the
environment says is followed.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from alcove.operations.releases.feed import MOST_BYTES, NotNews

AGENT: Final = "Alcove"
_SECONDS: Final = 15.0
_ALTOGETHER: Final = 60.0
_PIECE: Final = 1 << 16
ENDING: Final = ".minisig"


def fetch(url: str) -> tuple[bytes, str]:
    """Return the news behind an address, and its signature; raise ``NotNews`` if it cannot be had."""
    until = time.monotonic() + _ALTOGETHER
    try:
        return _get(url, until), _get(url + ENDING, until).decode("utf-8", "replace")
    except ssl.SSLCertVerificationError:
        raise NotNews("The news could not be asked for: the server's certificate does not hold.") from None
    except (OSError, http.client.HTTPException) as fault:
        raise NotNews(f"The news could not be asked for ({type(fault).__name__}).") from None


def _get(url: str, until: float) -> bytes:
    asked = urlsplit(url)
    line = http.client.HTTPSConnection(
        asked.hostname or "", asked.port or 443, timeout=_SECONDS, context=ssl.create_default_context()
    )
    try:
        line.request("GET", asked.path, headers={"User-Agent": AGENT})
        answer = line.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise NotNews(f"The news could not be asked for: the server answered {answer.status}.")
        return b"".join(_pieces(answer, until))
    finally:
        line.close()


def _pieces(answer: http.client.HTTPResponse, until: float) -> Iterator[bytes]:
    size = 0
    while piece := answer.read1(_PIECE):
        size += len(piece)
        if size > MOST_BYTES:
            raise NotNews("The news is larger than any can be.")
        if time.monotonic() > until:
            raise NotNews("The news could not be asked for: the server is too slow.")
        yield piece
