"""Promise 16: guessing passwords, at one account and at many, and what the answers' times tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from argon2 import PasswordHasher
from django.test import RequestFactory

from alcove.project.prove import doors
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.policy import RoleKey
from alcove.security.audit.models import Entry
from alcove.security.identity import passwords, throttle
from alcove.security.identity.models import Person
from alcove.security.identity.views import door as door_views

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Guessing ten thousand times tests the counting, not the hash: the hash is made cheap meanwhile."""
GUESSES = 10_000
PAGES = 100
"""Of the guesses, so many go through the whole page; the others ask the door itself, which is what decides."""
ALIKE = 1.5
"""The median answer for an account that exists may not take more than this many times the one for none."""


def guesses_stay_within_limits(practice: Practice) -> str:
    """Guess 10,000 times at one account from ever new networks, once at 10,000 accounts from one, and compare times."""
    person, _, _ = doors.enrolled(practice, RoleKey.PRESCRIBER)
    with mock.patch.object(passwords, "_hasher", CHEAP):
        one = _let_through(practice, "one account", lambda at: (person.email, _network(at)))
        doors.forget_guesses()
        many = _let_through(
            practice, "ten thousand accounts", lambda at: (f"nobody{at}@clinic.example", "198.51.100.7")
        )
    doors.forget_guesses()
    if not _said_too_many():
        raise Broken("nothing on the log says that somebody guesses")
    ratio = _time_ratio(practice, person)
    if not 1 / ALIKE < ratio < ALIKE:
        raise Broken(f"the answer's time tells whether an account exists ({ratio:.2f})")
    return (
        f"{2 * GUESSES:,} guesses: {one} and {many} were tried; time for an account against none: {ratio:.2f}"
    )


def _said_too_many() -> bool:
    newest = Entry.objects.filter(event="identity.session.failed").newest_first()[:20]
    return any("too many" in entry.fields for entry in newest)


def _network(at: int) -> str:
    return f"10.{at // 65536 % 256}.{at // 256 % 256}.{at % 256}"


def _let_through(practice: Practice, what: str, guess: Callable[[int], tuple[str, str]]) -> int:
    """Return how many guesses were compared beyond what the windows that went by allow; the first hundred as pages.

    Raises ``Broken`` at the first one too many.
    """
    browser, tried, began = practice.stranger(), 0, time.monotonic()
    # One request that comes from ever new addresses: making ten thousand takes longer than deciding on them.
    request = RequestFactory().post("/sign-in/")
    for at in range(GUESSES):
        email, network = guess(at)
        password = f"guess number {at:06d}"
        if at < PAGES:
            answer = browser.post("/sign-in/", {"email": email, "password": password}, REMOTE_ADDR=network)
            tried += answer.status_code == 422  # noqa: PLR2004 - HTTP: the guess was compared
        else:
            request.META["REMOTE_ADDR"] = network
            tried += _compared(request, email, password)
        windows = 1 + int((time.monotonic() - began) / policy.ATTEMPT_WINDOW.total_seconds())
        if tried > policy.ATTEMPTS_IN_WINDOW * windows:
            raise Broken(f"{tried} guesses at {what} were tried within {windows} windows")
    return tried - policy.ATTEMPTS_IN_WINDOW * (windows - 1)


def _compared(request: Any, email: str, password: str) -> bool:
    """Whether the door compared this guess with a password at all."""
    request.actor = Actor.stranger(request="ground")
    try:
        door_views.by_password(request, email, password)
    except throttle.TooMany:
        return False
    return True


def _time_ratio(practice: Practice, person: Person) -> float:
    """Return the median time of a wrong password for an account against the one for no account."""
    spent: dict[str, list[float]] = {person.email: [], "nobody@clinic.example": []}
    browser = practice.stranger()
    for _ in range(8):
        for email, times in spent.items():
            doors.forget_guesses()
            # Processor time: what else the machine does must not decide whether a promise holds.
            began = time.process_time()
            browser.post("/sign-in/", {"email": email, "password": "not the right one at all"})
            times.append(time.process_time() - began)
    there, nowhere = (sorted(times)[len(times) // 2] for times in spent.values())
    return there / nowhere


@contextmanager
def by_network_only(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: attempts are counted per network only."""
    real = throttle.count
    with (
        mock.patch.object(throttle, "key", side_effect=lambda kind, value: f"{kind} {value}"),
        mock.patch.object(
            throttle,
            "count",
            side_effect=lambda name: None if name.startswith("account") else real(name[:64]),
        ),
    ):
        yield


PROMISES = [
    Promise(16, "10,000 guesses at one account, and one at each of 10,000, stay within the limit and are on the log; "
            "answers do not tell whether an account exists", guesses_stay_within_limits,
            (("attempts counted per network only", by_network_only),)),
]  # fmt: skip
