"""The passkeys of promise 15: an answer counts once, and for the address it was given at."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from alcove.project.prove.authenticator import Authenticator, raw
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken
from alcove.security.access.policy import RoleKey
from alcove.security.identity import passkeys
from alcove.security.identity.models import Challenge
from alcove.security.identity.sessions import COOKIE

HERE, ELSEWHERE = "http://localhost", "https://localhost.evil.example"


def _question(browser: Any, path: str) -> str:
    found = re.search(r'data-options="([^"]+)"', browser.get(path).content.decode())
    if found is None:
        raise Broken(f"{path} asks for no passkey")
    return html.unescape(found[1])


def _holder(practice: Practice) -> Authenticator:
    """Return an authenticator whose passkey is somebody's here."""
    browser, device = practice.signed_in(RoleKey.PRACTITIONER), Authenticator(origin=HERE)
    made = device.make(_question(browser, "/account/passkeys/new/"))
    if browser.post("/account/passkeys/new/", {"name": "Phone", "answer": made}).status_code != 302:  # noqa: PLR2004 - HTTP
        raise Broken("a passkey cannot be added")
    return device


def _lets_in(practice: Practice, answer: str) -> bool:
    browser = practice.stranger()
    return bool(browser.post("/sign-in/passkey/", {"answer": answer}).cookies.get(COOKIE))


def answers_count_once(practice: Practice) -> str:
    """Send a right answer twice, and one that was given to another site; raise ``Broken`` if either comes in."""
    device = _holder(practice)
    # Without a counter, as passkeys that are kept in more than one place have none: only the challenge tells.
    answer = device.answer(_question(practice.stranger(), "/sign-in/"), count=0)
    if not _lets_in(practice, answer):
        raise Broken("a right passkey is refused")
    if _lets_in(practice, answer):
        raise Broken("a passkey's answer is taken twice")
    phished = device.answer(_question(practice.stranger(), "/sign-in/"), count=0, origin=ELSEWHERE)
    if _lets_in(practice, phished):
        raise Broken("a passkey's answer from another site is taken")
    return "a passkey's answer twice, and one that was given to another site"


@contextmanager
def answered_twice(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: challenges that were answered are forgotten."""
    with mock.patch.object(Challenge.objects, "create"):
        yield


@contextmanager
def any_origin(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: an answer is believed wherever it says it was given."""
    real = passkeys.proved

    def believing(
        given: passkeys.Answer, challenge: bytes, place: passkeys.Place, *rest: Any
    ) -> passkeys.Proved:
        told = json.loads(raw(given.raw["response"]["clientDataJSON"]))["origin"]
        return real(given, challenge, passkeys.Place(told, place.rp_id), *rest)

    with mock.patch.object(passkeys, "proved", believing):
        yield
