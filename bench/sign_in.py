"""What signing in costs: by passkey, by password, and what a flood of sign-ins costs everyone else.

    python bench/sign_in.py                    both databases, about two minutes

By passkey: requests and server time from the sign-in page to the first page, on a browser that is known, with an
authenticator in software; the time in which the authenticator answers is not counted. By password: processor time of
one check. The flood: fifty sign-ins a second with passwords, each for another account from another address (so no limit
of attempts helps), against the real server of two processes, while five people open cards four times a second each;
their times are compared with those without the flood, in turns of a few seconds.
"""

from __future__ import annotations

import argparse
import html
import http.client
import itertools
import json
import os
import re
import sys
import threading
import time
import urllib.parse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import card, load, scratch
from bench._both import Figures, clock_ms, percentile, run, spread, verdict

SIGN_INS = 40
CHECKS = 12
PEOPLE = 5
PAUSE = 0.25
FLOOD = 50
TURNS = 4
AIM_REQUESTS, AIM_MS, AIM_HASH_MS, AIM_FLOOD = 3, 150, 100, 3.0


# By passkey -------------------------------------------------------------------------------------------------------


def by_passkey(founded: Any) -> dict[str, Any]:
    """Return requests and server milliseconds of sign-ins by passkey on a known browser."""
    from django.test import Client
    from django.utils import timezone

    from alcove.project.prove.authenticator import Authenticator, BrowserKey
    from alcove.security.access.writes import writing
    from alcove.security.identity import actions, passkeys, sessions
    from alcove.security.identity.models import Session

    place = passkeys.Place("http://localhost", "localhost")
    owner, device, browser_key = founded.owner, Authenticator(), BrowserKey()
    with writing("bench"):
        session = Session.objects.create(person=owner, digest="bench", method="bench")
    actor = sessions.actor_of(session, "bench")
    ask = passkeys.Ask("register", place, owner.id, actor.session_id)
    made = device.make(passkeys.creation_options(ask, owner, timezone.now()))
    actions.add_passkey(actor, owner, answer=made, place=place, name="Bench")
    took, requests = [], 0
    for number in range(SIGN_INS):
        browser = Client(headers={"host": "localhost"})
        began = clock_ms()
        page = browser.get("/sign-in/")
        spent = clock_ms() - began
        options = html.unescape(re.search(r'data-options="([^"]+)"', page.content.decode())[1])  # type: ignore[index]
        point, mark = browser_key.marked("alcove-device\nsign-in\n" + json.loads(options)["challenge"])
        form = {"answer": device.answer(options), "point": point, "signature": mark}
        began = clock_ms()
        entered = browser.post("/sign-in/passkey/", form)
        first = browser.get(entered.headers["Location"])
        spent += clock_ms() - began
        requests = 3
        if first.status_code != 200:
            raise RuntimeError(f"the first page answered {first.status_code}")
        if number >= 5:
            took.append(spent)
    return {**spread(took), "requests": requests}


# By password ------------------------------------------------------------------------------------------------------


def by_password() -> dict[str, float]:
    """Return the processor milliseconds of one password check. The least is what a quiet machine comes near."""
    from alcove.security.identity import passwords

    stored = passwords.hashed("seven tall herons wade")
    took = []
    for _ in range(CHECKS):
        began = time.process_time()
        passwords.check("seven tall herons wade", stored)
        took.append((time.process_time() - began) * 1_000)
    return {"p50": percentile(took, 50), "least": min(took)}


# The flood --------------------------------------------------------------------------------------------------------


class Flood:
    """Sign-ins with wrong passwords, so many a second whether or not they are answered."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: Counter[int] = Counter()
        self.numbers = itertools.count()
        page = self._ask("GET", "/sign-in/", "", {})
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page[1])
        if found is None:
            raise RuntimeError("the sign-in page has no token")
        self.token, self.cookie = found[1], page[2].partition(";")[0]

    def _ask(self, method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Host": "localhost", "User-Agent": "flood", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.getheader("Set-Cookie") or ""
        finally:
            connection.close()

    def one(self) -> None:
        number = next(self.numbers)
        form = {
            "email": f"someone{number}@example.org",
            "password": "not anybody's password",
            "csrfmiddlewaretoken": self.token,
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": self.cookie,
            "X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        }
        try:
            self.answers[self._ask("POST", "/sign-in/", urllib.parse.urlencode(form), headers)[0]] += 1
        except (OSError, http.client.HTTPException):
            self.answers[0] += 1

    def run(self, seconds: float) -> None:
        """Send ``FLOOD`` a second for so long; those that are still waiting then are waited for."""
        with ThreadPoolExecutor(400) as crowd:
            began = time.monotonic()
            for at in range(int(seconds * FLOOD)):
                time.sleep(max(0.0, began + at / FLOOD - time.monotonic()))
                crowd.submit(self.one)


class Person(load.User):
    """Someone who opens a card, reads for a moment, and opens the next."""

    def open_until(self, end: float) -> None:
        time.sleep(self.rng.random() * PAUSE)
        while time.monotonic() < end:
            began = time.monotonic()
            self.open_one()
            time.sleep(max(0.0, began + PAUSE - time.monotonic()))


def measure(options: argparse.Namespace) -> Figures:
    founded = scratch.practice(
        options.url, ALCOVE_WEB_PROCESSES="2", ALCOVE_WEB_THREADS="4", ALCOVE_TRUSTED_PROXY="127.0.0.1"
    )
    card.gather_statics()
    figures: Figures = {"passkey": by_passkey(founded), "hash": by_password()}
    clients = [card.client_with_history(number) for number in range(8)]
    cookies = [card.signed_in(founded) for _ in range(PEOPLE)]
    port = load.free_port()
    calm, flooded = [], []
    with load.server(load.real_server(port), port):
        people = [Person(port, cookie, clients, at) for at, cookie in enumerate(cookies)]
        flood = Flood(port)
        load.together(people, options.seconds)
        for _ in range(TURNS):
            for times, is_flooded in ((calm, False), (flooded, True)):
                for person in people:
                    person.connection.close()
                    person.times.clear()
                sending = threading.Thread(target=flood.run, args=(options.seconds,))
                if is_flooded:
                    sending.start()
                load.together(people, options.seconds)
                if is_flooded:
                    sending.join()
                times.extend(took for person in people for took in person.times)
    return figures | {
        "calm": spread(calm),
        "flooded": spread(flooded),
        "answers": {str(status): count for status, count in flood.answers.items()},
        "ratio": percentile(flooded, 95) / percentile(calm, 95),
    }


def show(figures: Figures) -> None:
    passkey, checked = figures["passkey"], figures["hash"]
    missed = "" if checked["least"] <= AIM_HASH_MS else ", MISSED"
    print(
        f"by passkey: {passkey['requests']} requests (aim {AIM_REQUESTS}), {passkey['p50']:.0f} ms of server time"
    )
    print(
        f"            p95 {passkey['p95']:.0f} ms (aim {AIM_MS}{'' if passkey['p95'] <= AIM_MS else ', MISSED'})"
    )
    print(
        f"password:   {checked['p50']:.0f} ms of one core, least {checked['least']:.0f} (aim {AIM_HASH_MS}{missed})"
    )
    print(f"{'cards':12}{'p50':>8}{'p95':>8}")
    for name in ("calm", "flooded"):
        print(f"{name:12}{figures[name]['p50']:8.0f}{figures[name]['p95']:8.0f}")
    print(
        f"p95 under a flood of {FLOOD} sign-ins a second to without: {verdict(figures['ratio'], AIM_FLOOD)}"
    )
    print(f"the flood was answered: {figures['answers']}")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each turn")


if __name__ == "__main__":
    os.chdir(scratch.ROOT)
    run(__doc__, measure, show, _arguments)
