"""What the audit log costs eight people who open clients' cards at once, on the real server.

    python bench/load.py                       both databases, about two minutes

Two servers run on one practice, each as ``alcove serve`` starts it (two processes of four threads, here over plain
HTTP on 127.0.0.1): one as it is, with worker and sequencer beside it, one whose openings write no entry
(``bench/_unlogged.py``). Eight people, each signed in and with a connection kept open, open one card after another
without a pause, of forty clients with 60 visits and 300 entries each; they do so on one server and then on the other,
in turns of a few seconds, so that whatever else the machine does falls on both. Times are what a browser would wait,
in milliseconds.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import card, scratch
from bench._both import Figures, percentile, run, spread, verdict

USERS = 8
CLIENTS = 40
TURNS = 8
AIM = 1.5


# Servers ----------------------------------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """Return what a server's process needs to find this checkout and the scratch home."""
    return os.environ | {"PYTHONPATH": str(scratch.ROOT)}


@contextmanager
def server(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for a block, from its first answer on; end it and all its processes by their group."""
    process = subprocess.Popen(
        command, env=environment(), cwd=scratch.ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until_ready(process, port)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the server ended before it answered")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", "/health/ready", headers={"Host": "localhost"})
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the server did not become ready")


def real_server(port: int) -> list[str]:
    """Return the command of the real thing."""
    return [sys.executable, "-m", "alcove.project.cli", "serve", "--http", "--bind", f"127.0.0.1:{port}"]


def unlogged_server(port: int) -> list[str]:
    """Return the command of the same web server with the module that leaves the log out; no worker."""
    from django.conf import settings

    from alcove.project.commands import serve

    command = serve._web(settings.ALCOVE, f"127.0.0.1:{port}", http=True)  # noqa: SLF001 - exactly what serve runs
    return [
        "bench._unlogged:application" if word == "alcove.project.wsgi:application" else word
        for word in command
    ]


# People -----------------------------------------------------------------------------------------------------------


class User:
    """Someone who opens cards over one connection."""

    def __init__(self, port: int, cookie: str, clients: Sequence[UUID], seed: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Host": "localhost", "Cookie": cookie, "User-Agent": "bench"}
        self.clients = clients
        self.rng = random.Random(seed)
        self.times: list[float] = []

    def open_one(self, client_id: UUID | None = None) -> None:
        """Open a card; raise unless it is one."""
        began = time.perf_counter()
        path = f"/clients/{client_id or self.rng.choice(self.clients)}/"
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        self.times.append((time.perf_counter() - began) * 1_000)
        if answer.status != 200 or b"Okafor" not in body:
            raise RuntimeError(f"a card answered {answer.status}")

    def open_until(self, end: float) -> None:
        while time.monotonic() < end:
            self.open_one()


def together(users: Sequence[User], seconds: float) -> None:
    """Let all of them open cards for so long; raise what any of them met."""
    end = time.monotonic() + seconds
    faults: list[Exception] = []

    def work(user: User) -> None:
        try:
            user.open_until(end)
        except Exception as fault:  # noqa: BLE001 - told to whoever started the threads
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


# Measuring --------------------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> Figures:
    founded = scratch.practice(options.url, ALCOVE_WEB_PROCESSES="2", ALCOVE_WEB_THREADS="4")
    card.gather_statics()
    clients = [card.client_with_history(number) for number in range(CLIENTS)]
    cookies = [card.signed_in(founded) for _ in range(USERS)]
    ports = {"on": free_port(), "off": free_port()}
    before = _entries()
    with server(real_server(ports["on"]), ports["on"]), server(unlogged_server(ports["off"]), ports["off"]):
        users = {
            log: [User(port, cookie, clients, at) for at, cookie in enumerate(cookies)]
            for log, port in ports.items()
        }
        for some in users.values():
            together(some, options.seconds)
            for user in some:
                user.times.clear()
        warm = _entries()
        for _ in range(TURNS):
            for some in users.values():
                together(some, options.seconds)
    times = {log: [took for user in some for took in user.times] for log, some in users.items()}
    if _entries() - warm < len(times["on"]) or warm == before:
        raise RuntimeError("the server that keeps a log wrote fewer entries than cards it opened")
    return {
        **{log: {**spread(held), "cards": len(held)} for log, held in times.items()},
        "seconds": options.seconds * TURNS,
        "ratio": percentile(times["on"], 95) / percentile(times["off"], 95),
        "ratio_p50": percentile(times["on"], 50) / percentile(times["off"], 50),
    }


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    return scratch._free_port()  # noqa: SLF001 - one way to do it in this folder


def _entries() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM audit_entry WHERE event = 'records.record.opened'")
        return int(cursor.fetchone()[0])


def show(figures: Figures) -> None:
    print(f"{'log':6}{'p50':>8}{'p95':>8}{'cards a second':>16}")
    for log in ("on", "off"):
        row: dict[str, Any] = figures[log]
        print(f"{log:6}{row['p50']:8.0f}{row['p95']:8.0f}{row['cards'] / figures['seconds']:16.1f}")
    print(
        f"p95 with the log to p95 without: {verdict(figures['ratio'], AIM)}; p50 {figures['ratio_p50']:.2f}x"
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each turn")


if __name__ == "__main__":
    os.chdir(scratch.ROOT)
    run(__doc__, measure, show, _arguments)
