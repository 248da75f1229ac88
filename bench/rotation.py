"""What rotating all house keys costs a practice of 20,000 clients that goes on working.

    python bench/rotation.py                   both databases, some minutes

The real server runs on the practice, as ``alcove serve`` starts it (over plain HTTP on 127.0.0.1), with its worker.
Two people work: one opens clients' cards, the other searches by phone, each again and again, first undisturbed, then
while ``alcove keys rotate --house`` runs in a process of its own. Every search has to find its client. Times are what
a browser would wait, in milliseconds.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import card, load, names, scratch, search
from bench._both import Figures, run, spread


class Desk:
    """Someone at work over one connection: ``work(turn)`` does one thing; ``times`` are what it took."""

    def __init__(self, port: int, cookie: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Host": "localhost", "User-Agent": "bench", "Cookie": cookie}
        self.times: list[float] = []

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> str:
        began = time.perf_counter()
        self.connection.request(method, path, body=body or None, headers=self.headers | headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        self.times.append((time.perf_counter() - began) * 1_000)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        return page


class Opener(Desk):
    """Opens cards."""

    def __init__(self, port: int, cookie: str, clients: Sequence[UUID]) -> None:
        super().__init__(port, cookie)
        self.clients = clients

    def work(self, turn: int) -> None:
        self.ask("GET", f"/clients/{self.clients[turn * 7919 % len(self.clients)]}/")


class Searcher(Desk):
    """Searches by phone; every search has to find its client."""

    def __init__(self, port: int, cookie: str, clients: Sequence[UUID]) -> None:
        super().__init__(port, cookie)
        self.clients = clients
        self.connection.request("GET", "/clients/", headers=self.headers)
        answer = self.connection.getresponse()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())
        mark = re.search(r"__Host-csrf=[^;]+", answer.getheader("Set-Cookie") or "")
        if token is None or mark is None:
            raise RuntimeError("the list of clients has no form")
        self.token = token[1]
        self.headers |= {"Cookie": f"{cookie}; {mark[0]}", "Origin": "http://localhost"}

    def work(self, turn: int) -> None:
        number = turn * 7907 % len(self.clients)
        body = urlencode({"q": search.phone(number), "csrfmiddlewaretoken": self.token})
        page = self.ask("POST", "/clients/", body, **{"Content-Type": "application/x-www-form-urlencoded"})
        if str(self.clients[number]) not in page:
            raise RuntimeError("a search by phone did not find its client")


def both_at_work(desks: Sequence[Any], is_over: Callable[[], bool]) -> list[dict[str, float]]:
    """Let both work until it is over; return p50, p95 and how many of each."""
    faults: list[Exception] = []

    def work(desk: Any) -> None:
        desk.times.clear()
        turn = 0
        try:
            while not is_over():
                desk.work(turn)
                turn += 1
                # People read what they asked for: without a pause two of them keep both cores busy by themselves.
                time.sleep(0.05)
        except Exception as fault:  # noqa: BLE001 - told to whoever started the threads
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return [{**spread(desk.times), "count": len(desk.times)} for desk in desks]


def measure(options: argparse.Namespace) -> Figures:
    founded = scratch.practice(options.url, ALCOVE_WEB_PROCESSES="2", ALCOVE_WEB_THREADS="4")
    card.gather_statics()
    clients = search.fill(names.invented(options.clients))
    from alcove.clinic.clients.models import ContactToken
    from alcove.security.vault import cuts

    port = load.free_port()
    with load.server(load.real_server(port), port):
        desks = [
            Opener(port, card.signed_in(founded), clients),
            Searcher(port, card.signed_in(founded), clients),
        ]
        warm = time.monotonic() + 15
        both_at_work(desks, lambda: time.monotonic() > warm)
        end = time.monotonic() + options.seconds
        before = both_at_work(desks, lambda: time.monotonic() > end)
        began = time.monotonic()
        words = [sys.executable, "-m", "alcove.project.cli", "keys", "rotate", "--house"]
        rotation = subprocess.Popen(
            words, env=load.environment(), cwd=scratch.ROOT, stdout=subprocess.DEVNULL
        )
        try:
            during = both_at_work(desks, lambda: rotation.poll() is not None)
        finally:
            if rotation.poll() is None:
                rotation.terminate()
            rotation.wait(60)
        took = time.monotonic() - began
    if rotation.returncode or len(cuts.held()) != 1:
        raise RuntimeError("the rotation did not finish")
    left = ContactToken.objects.exclude(key_version=2).count()
    if left:
        raise RuntimeError(f"{left} contacts are under the old key")
    return {"clients": len(clients), "took_s": took, "before": before, "during": during}


def show(figures: Figures) -> None:
    print(f"{figures['clients']:,} clients: all house keys rotated in {figures['took_s']:.0f} s")
    print(f"{'':16}{'before':>16}{'during':>16}{'p95 ratio':>12}")
    for at, what in enumerate(("a card", "search by phone")):
        old, new = figures["before"][at], figures["during"][at]
        shown = [f"{each['p50']:.0f} / {each['p95']:.0f} ms" for each in (old, new)]
        print(
            f"{what:16}{shown[0]:>16}{shown[1]:>16}{new['p95'] / old['p95']:11.2f}x  ({new['count']} asked)"
        )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the two work undisturbed")


if __name__ == "__main__":
    os.chdir(scratch.ROOT)
    run(__doc__, measure, show, _arguments)
