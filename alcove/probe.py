"""Watches from one place whether Alcove can be reached, and tells Alcove what it saw. One file, nothing to install.

    python3 alcove-probe.py --server https://alcove.example --token-file FILE [--every 30] [--state FILE] [--ca FILE]

Every so many seconds it asks the server's readiness address, with a time limit of ten seconds, and keeps what it saw
as stretches: from the first to the last try that ended alike. They lie in a small file, written after every try, and
go to the server with a try that succeeds: at once after a fault, else every five minutes. A fault is therefore told
when it is over, by whoever saw it. The token comes from a file or from ``ALCOVE_PROBE_TOKEN``, never from the command
line, which everybody on the machine can read; it is never printed.

What must never happen: a try that is lost because the process was killed or the disk was full; time in which this
machine slept or was off, counted as measured; a token that leaves by another way than TLS to the server that was named.

Needs Python 3.9 and nothing else; it runs where there is no Alcove and imports nothing of it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import ipaddress
import json
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

LIMIT = 10.0
"""Seconds a try, or a report, may take as a whole: finding the address, connecting, shaking hands, reading."""
EVERY, EVERY_LEAST, EVERY_MOST = 30.0, 15.0, 600.0
REPORT_EVERY = 300.0
KEPT = 20_000
"""Stretches that wait for the server at most; the oldest go first, and it is said."""
SENT_AT_ONCE = 2_000
"""What the server takes in one report."""
READY, REPORT = "/health/ready", "/uptime/report/"
REACHED, NAME, REFUSED, TIMEOUT, TLS, STATUS = "reached", "name", "refused", "timeout", "tls", "status"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,200}")
_OK, _NO_CONTENT = 200, 204
Stretch = dict[str, Any]
"""``from`` and ``until`` in milliseconds since 1970 by this machine's clock, ``tries``, ``what``."""


def say(sentence: str) -> None:
    """Write a line to whoever keeps the log."""
    print(f"alcove-probe: {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - a program of its own


def clock() -> int:
    """Return milliseconds since 1970 by a clock that goes on while the machine sleeps and is never set while we run."""
    return int((_BASE + _running()) * 1000)


def _running() -> float:
    # Where there is no such clock the wall clock stands in: a step of it shows as a gap or a jump, never as uptime.
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()


_BASE = time.time() - _running()


# Asking ---------------------------------------------------------------------------------------------------------------


class Server:
    """The server as this machine reaches it. ``address``: ``https://host[:port]``; ``ca``: a file of roots to trust."""

    def __init__(self, address: str, token: str, ca: str = "") -> None:
        parts = urlsplit(address)
        self.host, self.port, self.token = parts.hostname or "", parts.port, token
        self.tls = ssl.create_default_context(cafile=ca or None) if parts.scheme == "https" else None

    def _connected(self) -> http.client.HTTPConnection:
        if self.tls is not None:
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.host, self.port, timeout=LIMIT, context=self.tls
            )
        else:
            made = http.client.HTTPConnection(self.host, self.port, timeout=LIMIT)
        made.connect()
        return made

    def look(self) -> str:
        """Try once; return how it ended, as one of the words above. Redirects are not followed."""
        return _within(LIMIT, self._look)

    def _look(self) -> str:
        with contextlib.closing(self._connected()) as connection:
            connection.request("GET", READY, headers={"User-Agent": "alcove-probe", "Connection": "close"})
            return REACHED if connection.getresponse().status == _OK else STATUS

    def tell(self, report: Callable[[], dict[str, Any]]) -> int:
        """Send a report; return the status of the answer, 0 if there was none."""

        def send() -> str:
            with contextlib.closing(self._connected()) as connection:
                # Made when the way is open, so that what time it is here is not old by as long as that took.
                body = json.dumps(report(), separators=(",", ":")).encode()
                headers = {
                    "Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
                    "User-Agent": "alcove-probe", "Connection": "close",
                }  # fmt: skip
                connection.request("POST", REPORT, body, headers)
                return str(connection.getresponse().status)

        said = _within(LIMIT, send)
        return int(said) if said.isdigit() else 0


def _within(seconds: float, deed: Callable[[], str]) -> str:
    """Return what a deed says, or the word for how it failed; no longer than this, whatever the resolver does."""
    said: list[str] = []

    def run() -> None:
        try:
            said.append(deed())
        except Exception as fault:  # noqa: BLE001 - whatever it was, the next try comes
            said.append(_word(fault))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return said[0] if said else TIMEOUT


def _word(fault: Exception) -> str:
    if isinstance(fault, socket.gaierror):
        return NAME
    if isinstance(fault, (TimeoutError, socket.timeout)):
        return TIMEOUT
    if isinstance(fault, ssl.SSLError):
        return TLS
    # Something answered and was no answer; everything else is a way that is shut.
    is_answer = isinstance(fault, http.client.HTTPException) and not isinstance(fault, OSError)
    return STATUS if is_answer else REFUSED


# Keeping --------------------------------------------------------------------------------------------------------------


class State:
    """What was seen and not yet told, in memory and in a file. ``is_kept``: the file holds what memory holds."""

    def __init__(self, file: Path, every: float) -> None:
        self.file, self.every = file, every
        self.stretches: list[Stretch] = []
        self.is_kept = True
        self._read()

    def _read(self) -> None:
        try:
            held = json.loads(self.file.read_text("utf-8"))
            stretches = [_sound(one) for one in held["stretches"]]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError):
            say("the state file cannot be read and is begun anew")
            return
        self.stretches = [one for one in stretches if one["until"] <= clock()]
        if len(self.stretches) < len(stretches):
            say("this machine's clock went back: what was seen by a later clock is forgotten")
        if held.get("every") != self.every:
            # Measured in another rhythm: what comes now is told apart from it.
            self.stretches = [dict(one, ended=True) for one in self.stretches]

    def add(self, began: int, what: str) -> None:
        """Add a try that began at this moment: to the last stretch, or as a new one after a change or a gap."""
        last = self.stretches[-1] if self.stretches else None
        goes_on = last is not None and not last.get("ended") and last["what"] == what
        if last is not None and goes_on and began - last["until"] <= 2 * self.every * 1000:
            last["until"], last["tries"] = max(last["until"], began), last["tries"] + 1
        else:
            self.stretches.append({"from": began, "until": began, "tries": 1, "what": what})
        if len(self.stretches) > KEPT:
            say("the server was not told for so long that the oldest is forgotten")
            del self.stretches[: len(self.stretches) - KEPT]
        self.keep()

    def forget(self, told: list[Stretch]) -> None:
        """Forget what the server has; the last stretch stays, because it goes on."""
        del self.stretches[: min(len(told), len(self.stretches) - 1)]
        self.keep()

    def keep(self) -> None:
        """Write the file so that a cut at any moment leaves the old or the new one; a full disk stops nothing."""
        beside = self.file.with_name(self.file.name + ".new")
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:  # noqa: PTH123 - own rights
                json.dump({"every": self.every, "stretches": self.stretches}, out, separators=(",", ":"))
                out.flush()
                os.fsync(out.fileno())
            beside.replace(self.file)
            _settle(self.file.parent)
        except OSError as fault:
            if self.is_kept:
                say(f"the state file cannot be written ({type(fault).__name__}); going on in memory")
            self.is_kept = False
        else:
            if not self.is_kept:
                say("the state file is written again")
            self.is_kept = True


def _settle(folder: Path) -> None:
    if hasattr(os, "O_DIRECTORY"):
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(held)
        finally:
            os.close(held)


def _sound(one: Any) -> Stretch:
    """Return a stretch of the file; raise ``ValueError`` for anything that is none."""
    found = {name: one[name] for name in ("from", "until", "tries", "what")}
    if not (
        all(type(found[name]) is int for name in ("from", "until", "tries"))
        and found["from"] <= found["until"]
    ):
        raise ValueError("no stretch")
    if one.get("ended"):
        found["ended"] = True
    return found


# Running --------------------------------------------------------------------------------------------------------------


class Probe:
    """One running probe. ``is_quick``: for tests, told after every try."""

    def __init__(self, server: Server, state: State, *, is_quick: bool = False) -> None:
        self.server, self.state, self.is_quick = server, state, is_quick
        self.before = ""
        self.told_at: int | None = None
        self.status = _OK

    def once(self) -> int:
        """Try once, keep it, tell it if it is time; return when the try began."""
        began = clock()
        what = self.server.look()
        self.state.add(began, what)
        if what != self.before:
            say("reached" if what == REACHED else f"not reached: {what}")
        is_over = what == REACHED and self.before != REACHED
        self.before = what
        is_due = self.told_at is None or clock() - self.told_at >= REPORT_EVERY * 1000
        if what == REACHED and (is_over or is_due or self.is_quick):
            self.tell()
        return began

    def tell(self) -> None:
        """Send what was not told yet. What the server calls no report is dropped: it would be refused for ever."""
        told = self.state.stretches[:SENT_AT_ONCE]
        status = self.server.tell(lambda: self._report(told))
        if status != self.status:
            say(f"told the server (status {status})" if status in {_OK, _NO_CONTENT} else _why(status))
        self.status = status
        is_taken = status in {_OK, _NO_CONTENT}
        if is_taken or status in {400, 413, 422}:
            self.state.forget(told)
        # A server that does not know the token is asked as rarely as one that has heard everything.
        has_rest = is_taken and len(self.state.stretches) > 1
        self.told_at = None if has_rest or status in {0, 500, 502, 503, 504} else clock()

    def _report(self, told: list[Stretch]) -> dict[str, Any]:
        names = ("from", "until", "tries", "what")
        return {
            "now": clock(), "every": int(self.state.every * 1000),
            "stretches": [{name: one[name] for name in names} for one in told],
        }  # fmt: skip


def _why(status: int) -> str:
    if status == 404:  # noqa: PLR2004 - not found
        return "the server does not know this token: it was ended or renewed. Get a new one there, under Uptime, Probes"
    return f"the server did not take the report (status {status})" if status else "the report did not arrive"


def _end(*_: object) -> NoReturn:
    # The state lies in its file after every try, so there is nothing to put away.
    raise SystemExit(0)


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="alcove-probe",
        description="Watch from here whether Alcove can be reached.",
        # "--token" would be taken for --token-file, and the token be in everybody's list of processes.
        allow_abbrev=False,
    )
    parser.add_argument("--server", required=True, help="https://… as people here open Alcove")
    parser.add_argument("--token-file", help="file with the token; else ALCOVE_PROBE_TOKEN")
    parser.add_argument("--every", type=float, default=EVERY, help="seconds from try to try (default: 30)")
    parser.add_argument("--state", help="file for what was not told yet (default: alcove-probe.json, here)")
    parser.add_argument("--ca", default="", help="file of the root certificate, if it is one of your own")
    parser.add_argument("--quick", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if not given.quick and not EVERY_LEAST <= given.every <= EVERY_MOST:
        parser.error(f"--every is from {EVERY_LEAST:g} to {EVERY_MOST:g} seconds")
    if not _is_safe(given.server):
        parser.error("--server is https://NAME, nothing behind it: the token must not travel in the clear")
    return given


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
        is_bare = bool(parts.hostname) and parts.path in {"", "/"} and not (parts.query or parts.username)
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme == "http" and is_bare:
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(parts.hostname or "").is_loopback
        return parts.hostname == "localhost"
    return is_bare and parts.scheme == "https"


def _token(file: str | None) -> str:
    """Return the token; end with a sentence, which does not quote it, where there is none."""
    try:
        found = (
            Path(file).read_text("utf-8").strip()
            if file
            else os.environ.get("ALCOVE_PROBE_TOKEN", "").strip()
        )
    except (OSError, ValueError):
        raise SystemExit("alcove-probe: the token file cannot be read") from None
    if not _TOKEN.fullmatch(found):
        raise SystemExit("alcove-probe: that is no token; it is one word, as Alcove showed it")
    return found


def main(words: list[str] | None = None) -> None:
    """Run until told to stop."""
    given = _arguments(words)
    token = _token(given.token_file)
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, _end)
    try:
        server = Server(given.server, token, given.ca)
    except OSError:
        raise SystemExit("alcove-probe: the file of --ca cannot be read") from None
    file = (
        Path(given.state)
        if given.state
        else Path(os.environ.get("STATE_DIRECTORY", ".")) / "alcove-probe.json"
    )
    probe = Probe(server, State(file, given.every), is_quick=given.quick)
    while True:
        began = probe.once()
        time.sleep(max(0.0, given.every - (clock() - began) / 1000))


if __name__ == "__main__":
    main()
