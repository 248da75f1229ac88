"""The promise about downtime packs: opened by a reader that shares no line with the product, and not without the words.

``read`` knows only what the file itself and ``docs/downtime.md`` say: two scripts of data, PBKDF2, AES-256-GCM.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any, Final
from unittest import mock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from alcove.clinic.calendar.models import Appointment, Booking
from alcove.clinic.clients.models import Client
from alcove.clinic.downtime import actions, queries, tasks
from alcove.clinic.downtime.queries import content
from alcove.clinic.downtime.queries.page import page as page_of
from alcove.clinic.practice.models import Category, Location, Service, StaffProfile
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.project.prove.planting import Planted, plant
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.vault.packs import Sealed

_LABEL: Final = b"alcove.downtime.pack.1\0"
_LEAST_ROUNDS: Final = 600_000
_LIFE: Final = timedelta(hours=48)
_LISTED: Final = ("given name", "family name", "phone", "allergy name", "alert")
"""What of a planted client a pack holds; everything else of them it must not."""


class Shut(Exception):
    """The reader does not open this pack; the text says why."""


class _Data(HTMLParser):
    """Collects the scripts of data in a page by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}
        self._at = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._at = dict(attrs).get("id") or "" if tag == "script" else ""

    def handle_endtag(self, tag: str) -> None:
        self._at = "" if tag == "script" else self._at

    def handle_data(self, data: str) -> None:
        if self._at:
            self.held[self._at] = self.held.get(self._at, "") + data


def read(page: bytes, passphrase: str, now: datetime) -> dict[str, Any]:
    """Return what a pack says; raise ``Shut`` where its own page would not open it either."""
    parts = _Data()
    parts.feed(page.decode())
    try:
        text, body = parts.held["header"], base64.b64decode(parts.held["body"])
        header = json.loads(text)
        salt, nonce = (base64.b64decode(header[name]) for name in ("salt", "nonce"))
        rounds = int(header["rounds"])
    except (KeyError, ValueError):
        raise Shut("the page holds no pack") from None
    signs = "".join(passphrase.lower().split("-")).encode()
    key = hashlib.pbkdf2_hmac("sha256", signs, salt, rounds, 32)
    try:
        padded = AESGCM(key).decrypt(nonce, body, _LABEL + text.encode())
    except InvalidTag:
        raise Shut("it does not open") from None
    found: dict[str, Any] = json.loads(padded[: padded.rindex(b"\x80")])
    moment = now.timestamp() * 1000
    if moment >= found["expires_at"] or moment < found["made_at"] - header["slip"]:
        raise Shut("it has expired, or the clock stands before it was made")
    return found | {"rounds": rounds}


# The ground ---------------------------------------------------------------------------------------------------------


def _book(clients: list[Client], practice: Practice) -> Location:
    """Give these clients an appointment now, at a location of the scratch practice."""
    now, half = datetime.now(UTC), timedelta(minutes=30)
    with writing("appointments for a promise"):
        location = Location.objects.first() or Location.objects.create(name="Main")
        category, _ = Category.objects.get_or_create(name="Downtime")
        service, _ = Service.objects.get_or_create(category=category, name="Facial", minutes=30)
        profile, _ = StaffProfile.objects.get_or_create(
            person=practice.owner, defaults={"shown_name": "Olive"}
        )
        for client in clients:
            booking = Booking.objects.create(
                client=client, location=location, starts_at=now, ends_at=now + half
            )
            Appointment.objects.create(
                booking=booking,
                client=client,
                service=service,
                profile=profile,
                starts_at=now,
                ends_at=now + half,
            )
    return location


def _made(practice: Practice) -> tuple[Planted, bytes, str]:
    """Return what was planted, the pack that names it, and its passphrase."""
    planted = plant(practice, 2)
    location = _book(planted.clients, practice)
    owner = practice.actor(RoleKey.OWNER)
    words = actions.make_phrase(owner)
    tasks.make()
    for path in settings.ALCOVE.packs.iterdir():
        _refuse_values(path.read_bytes(), planted, "the sealed file")
    return planted, actions.fetch_pack(owner, queries.pack(owner, location.pk)), words


def _refuse_values(held: bytes, planted: Planted, where: str) -> None:
    if any(value.encode() in held for value in planted.every()):
        raise Broken(f"a planted value stands in {where} in the clear")


# The check ----------------------------------------------------------------------------------------------------------


def opens_with_its_passphrase_only(practice: Practice) -> str:
    """Open a pack as a stranger's program would: right, wrong, damaged, too late, too early; compare what it says."""
    planted, page, words = _made(practice)
    _refuse_values(page, planted, "the pack")
    now = datetime.now(UTC)
    try:
        found = read(page, words, now)
    except Shut as shut:
        raise Broken(f"with the right passphrase: {shut}") from None
    if found["rounds"] < _LEAST_ROUNDS:
        raise Broken("the passphrase is derived in too few rounds")
    made_at = datetime.fromtimestamp(found["made_at"] / 1000, UTC)
    wrong = words[:-1] + ("a" if words[-1] != "a" else "b")
    refused = [
        (page, wrong, now), (page, "", now), (_flipped(page, b'id="body"', 200), words, now),
        (_later(page), words, now), (page, words, made_at + _LIFE), (page, words, made_at + 49 * timedelta(hours=1)),
        (page, words, made_at - timedelta(hours=1)),
    ]  # fmt: skip
    for number, (given, phrase, moment) in enumerate(refused):
        try:
            read(given, phrase, moment)
        except Shut:
            continue
        raise Broken(f"attempt {number + 1} of {len(refused)} opened the pack")
    read(page, words, made_at + _LIFE - timedelta(minutes=1))
    kinds = _compare(json.dumps(found), planted)
    return (
        f"{len(page) // 1024} KiB opened by its passphrase with {kinds} planted values and nothing else of "
        f"two clients; {len(refused)} other ways did not"
    )


def _flipped(page: bytes, mark: bytes, after: int) -> bytes:
    """Change one sign of the data that follows a mark."""
    at = page.index(mark) + after
    return page[:at] + (b"A" if page[at : at + 1] != b"A" else b"B") + page[at + 1 :]


def _later(page: bytes) -> bytes:
    """Move the end in the header by a digit, as somebody would who wants a pack to live on."""
    at = page.index(b'"expires_at":') + len(b'"expires_at":')
    return page[:at] + b"9" + page[at + 1 :]


def _compare(said: str, planted: Planted) -> int:
    every = [
        (kind, value) for held in (planted.desk, planted.clinical) for kind in held for value in held[kind]
    ]
    # Phones are spaced for reading; what is looked for is their digits.
    digits = "".join(sign for sign in said if sign not in " -")
    listed = 0
    for kind, value in every:
        is_there = value in said or value in digits
        if kind in _LISTED and not is_there:
            raise Broken(f"the pack lacks a client's {kind}")
        if kind not in _LISTED and kind != "allergy note" and is_there:
            raise Broken(f"the pack holds a client's {kind}")
        listed += is_there
    for title in ("Treatment note", "Incident", "New client", "On call for the system"):
        if title not in said:
            raise Broken(f"the pack lacks: {title}")
    return listed


# Faults -------------------------------------------------------------------------------------------------------------


@contextmanager
def a_pack_in_the_clear(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: somebody finds passphrases a nuisance and writes the list into the page."""
    held: list[str] = []

    def kept(*given: Any) -> Any:
        found = content.gathered(*given)
        held.append(json.dumps(found.content))
        return found

    def shown(sealed: Sealed, place: str) -> bytes:
        return page_of(sealed, place).replace(b"</main>", held[-1].encode() + b"</main>")

    with mock.patch.object(tasks, "gathered", kept), mock.patch.object(tasks, "page", shown):
        yield


@contextmanager
def a_pack_without_expiry(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - as above
    """Plant: packs that open for a hundred years."""
    with mock.patch("alcove.security.policy_defaults.DOWNTIME_LIFE", timedelta(days=36_500)):
        yield


@contextmanager
def a_pack_that_says_more(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - as above
    """Plant: e-mail addresses join the phones."""
    original = content.said_of

    def more(actor: Any, client: Client) -> dict[str, Any]:
        return original(actor, client) | {"emails": client.emails}

    with mock.patch.object(content, "said_of", more):
        yield


PROMISES = [
    Promise(
        27,
        "The downtime pack opens offline with its passphrase and not without, for 48 hours, and contains what the list "
        "says",
        opens_with_its_passphrase_only,
        (
            ("a pack in the clear", a_pack_in_the_clear),
            ("a pack without expiry", a_pack_without_expiry),
            ("a pack that says more than the list", a_pack_that_says_more),
        ),
    )
]
