"""A witness in every process: the interpreter tells it each name looked up and each address called.

It stands below every library (mail, SMS, buckets, sign-in by directory), so none of them has to remember to say where
it goes. Only the name or address is noted, at most once an hour, as a small file in the home: a web process, the
worker and the console have no other table in common, and a hook must not wait for a database.

What it does not see: libraries in C that open their own connections (the PostgreSQL client, an HSM's), other programs,
and code that means to hide. What must never happen: a call that fails or waits because of it, or any word noted but
a host's name (``tests/test_witness.py``).
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

AGAIN: Final = 3600.0
"""Seconds before the same place is noted again."""
MOST: Final = 500
"""So many places one process remembers; more is no practice's traffic, and those before them tell enough."""
_LONGEST: Final = 253
_CALLS: Final = frozenset({"socket.connect", "socket.sendto"})
_LOOKS: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


@dataclass
class _Seen:
    """What this process knows: where to note, when each place was last noted, which name gave which address."""

    folder: Path | None = None
    stands: bool = False
    noted: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


_seen = _Seen()


def watch(folder: Path | None) -> None:
    """Note places into this folder from now on; None stops it. The hook itself stays, as Python's hooks do."""
    _seen.folder = folder
    _seen.noted.clear()
    if folder is not None and not _seen.stands:
        _seen.stands = True
        sys.addaudithook(_told)
        socket.getaddrinfo = _remembering(socket.getaddrinfo)


def _told(event: str, given: tuple[Any, ...]) -> None:
    """Hear of everything the interpreter does; all but a few words end here at once."""
    if event not in _CALLS and event not in _LOOKS:
        return
    if _seen.folder is not None:
        with suppress(Exception):
            _note(_place(given[0] if event in _LOOKS else given[1], is_call=event in _CALLS))


def _remembering(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``getaddrinfo`` as it was, remembering which name an address belongs to."""

    def getaddrinfo(host: Any, *given: Any, **more: Any) -> Any:
        found = real(host, *given, **more)
        if isinstance(host, str) and not _is_number(host):
            if len(_seen.names) > MOST:
                _seen.names.clear()
            _seen.names.update({str(one[4][0]): host for one in found})
        return found

    return getaddrinfo


def _place(given: Any, *, is_call: bool) -> str:
    """Return the host of a call or a look-up, in lower case; "" for none outside this machine."""
    host = given[0] if isinstance(given, tuple) else given
    if is_call and not isinstance(given, tuple):
        return ""  # a socket in the file system
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    text = text.rstrip(".").lower().partition("%")[0]
    if text in {"", "localhost"} or (not is_call and _is_number(text)):
        return ""
    if _is_number(text):
        address = ipaddress.ip_address(text)
        if address.is_loopback or address.is_unspecified:
            return ""
        text = _seen.names.get(text, text).rstrip(".").lower()
    return "" if text == "localhost" else text[:_LONGEST]


def _is_number(text: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(text.partition("%")[0])
        return True
    return False


def _note(host: str) -> None:
    now = time.monotonic()
    if not host or _seen.folder is None or now - _seen.noted.get(host, -AGAIN) < AGAIN:
        return
    if len(_seen.noted) >= MOST:
        return
    _seen.noted[host] = now
    _seen.folder.mkdir(mode=0o700, exist_ok=True)
    name = hashlib.sha256(host.encode()).hexdigest()[:32]
    half = _seen.folder / f"{name}.{os.getpid()}"
    half.write_text(host, "utf-8")
    half.replace(_seen.folder / f"{name}.place")


# What was noted -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Called:
    """A place that was called, and when it was last noted."""

    host: str
    at: datetime
    file: Path


def called(folder: Path) -> Iterator[Called]:
    """Yield what the processes of this home noted since it was last taken in; end each with ``Called.file.unlink``."""
    for file in sorted(folder.glob("*.place")) if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            host = file.read_text("utf-8").strip()[:_LONGEST]
            yield Called(host, at, file)
