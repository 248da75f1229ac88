"""Promises 1, 3, 4 and 5: what a thief of the disk or of a log gets, and what a key opens."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import directory
from alcove.clinic.records.models import Document, Item, Note
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.project.prove.planting import Planted, Planter, plant
from alcove.project.prove.scan import Scanner
from alcove.project.prove.walking import doors, samples
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.identity.middleware import Identity
from alcove.security.jobs.models import Job
from alcove.security.vault import crypto, keyring
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.fields import SealedField
from alcove.security.vault.keyring import Part
from alcove.security.vault.models import ClientKey

PLANTED_CLIENTS = 26
"""About 40 values each: more than the promise's 1,000."""
CROSS_CLIENTS = 200

_planted: dict[str, Planted] = {}


def planted_in(practice: Practice) -> Planted:
    """Return the planted values of this ground; planted when first asked for."""
    held = _planted.get(practice.owner.email)
    if held is None:
        held = _planted[practice.owner.email] = plant(practice, PLANTED_CLIENTS)
    return held


# 1: nothing readable on the disk ----------------------------------------------------------------------------------


def disk_tells_nothing(practice: Practice) -> str:
    """Fill, search and read the practice, then scan every byte of its home and every row of its database."""
    planted = planted_in(practice)
    clinician = practice.signed_in(RoleKey.PRESCRIBER)
    directory.load_now()
    for client in planted.clients[:5]:
        clinician.post("/clients/", {"q": client.pk.hex})
        if clinician.get(f"/clients/{client.pk}/").status_code != 200:  # noqa: PLR2004 - HTTP
            raise Broken("a card did not open, so what opening leaves behind was not tried")
    scanner = Scanner(planted.every())
    if scanner.find(f"x{scanner.values[7]}x".encode("utf-16-le")) != {7}:
        raise Broken("the scan is blind: it does not find a value put before it")
    for file, hits in scanner.find_in_files(settings.ALCOVE.home).items():
        raise Broken(f"{len(hits)} planted values stand readable in {file}")
    rows = _scan_rows(scanner)
    size = sum(path.stat().st_size for path in settings.ALCOVE.home.rglob("*") if path.is_file())
    where = f"{size / 1e6:.1f} MB of files and {rows:,} rows"
    return f"{len(scanner.values):,} values in up to 15 encodings sought in {where}"


def _scan_rows(scanner: Scanner) -> int:
    count = 0
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names from the catalogue
            while batch := cursor.fetchmany(500):
                count += len(batch)
                text = b"\n".join(_flat(value) for row in batch for value in row)
                if hits := scanner.find(text):
                    raise Broken(f"{len(hits)} planted values stand readable in table {table}")
    return count


def _flat(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return json.dumps(value, default=str, ensure_ascii=False).encode("utf-8", "replace")


@contextmanager
def unsealed_job(practice: Practice) -> Iterator[None]:
    """Plant: a client's words in a job's arguments."""
    with writing("planted fault"):
        row = Job.objects.create(
            name="planted", arguments={"text": planted_in(practice).clinical["note text"][0]}
        )
    try:
        yield
    finally:
        with writing("planted fault"):
            row.delete()


@contextmanager
def value_in_a_file_name(practice: Practice) -> Iterator[None]:
    """Plant: a value left, packed, in a temporary file."""
    path = settings.ALCOVE.temporary / "planted"
    path.write_bytes(b"cache:" + planted_in(practice).desk["family name"][0].encode("utf-16-le"))
    try:
        yield
    finally:
        path.unlink()


# 3: nothing in logs, headers, URLs or error pages -----------------------------------------------------------------


def talk_tells_nothing(practice: Practice) -> str:
    """Walk every door at debug level with values in every form; scan logs, headers, URLs and error pages."""
    planted, heard = planted_in(practice), io.StringIO()
    planter = Planter(Planted())
    secret = f"{planter.word()} {planter.word()} {planter.word()}"
    handler = logging.StreamHandler(heard)
    for known in logging.getLogger().handlers:
        for item in known.filters:
            handler.addFilter(item)
    # As ALCOVE_DEBUG_LOG sets them: the root and our own loggers speak of everything.
    loud = {
        logging.getLogger(): logging.getLogger().level,
        logging.getLogger("alcove"): logging.getLogger("alcove").level,
    }
    logging.getLogger().addHandler(handler)
    for logger in loud:
        logger.setLevel(logging.DEBUG)
    try:
        requests = _talk(practice, planted, secret, heard)
    finally:
        logging.getLogger().removeHandler(handler)
        for logger, level in loud.items():
            logger.setLevel(level)
    scanner = Scanner([*planted.every(), secret])
    said = heard.getvalue().encode("utf-8", "replace")
    if hits := scanner.find(said):
        raise Broken(f"{len(hits)} planted values or secrets were said in logs, headers, URLs or error pages")
    return f"{requests} requests at debug level, {len(said):,} bytes of logs, headers, URLs and error pages scanned"


def _talk(practice: Practice, planted: Planted, secret: str, heard: io.StringIO) -> int:
    values, count = samples(practice), 0
    words = {
        "q": planted.desk["family name"][0], "given": planted.desk["given name"][1],
        "family": planted.desk["family name"][1], "born": "2999-01-01", "phone": planted.desk["phone"][0],
        "phones": planted.desk["phone"][1], "email": planted.desk["e-mail"][0],
        "text": planted.clinical["note text"][0],
        "title": planted.clinical["note title"][0], "name": planted.clinical["allergy name"][0], "password": secret,
        "code": secret, "reason": planted.clinical["note text"][1],
    }  # fmt: skip
    for role in (RoleKey.PRESCRIBER, RoleKey.FRONT_DESK, RoleKey.MARKETING, None):
        browser = practice.signed_in(role) if role else practice.stranger()
        for door in doors(values):
            if "end" in door.pattern or "lock" in door.pattern or "sign-out" in door.pattern:
                continue
            answers = [browser.get(door.url)]
            # Words that fit no form: each is refused, and the refusal must not repeat them anywhere but in its fields.
            answers.append(browser.post(door.url, {**words, "version": "-1"}))
            for answer in answers:
                count += 1
                heard.write("\n".join(f"{name}: {value}" for name, value in answer.headers.items()) + "\n")
                if answer.status_code >= 400 and answer.status_code not in (409, 422):  # noqa: PLR2004 - HTTP
                    heard.write(answer.content.decode("utf-8", "replace"))
    count += _break_something(practice, planted, heard)
    return count


def _break_something(practice: Practice, planted: Planted, heard: io.StringIO) -> int:
    """Make a page fail with a client's words in the exception's text."""
    browser = practice.signed_in(RoleKey.PRESCRIBER)
    words = planted.clinical["note text"][2]
    with mock.patch("alcove.clinic.clients.queries.finding.client", side_effect=ValueError(words)):
        answer = browser.get(f"/clients/{planted.clients[0].pk}/")
    if answer.status_code != 500:  # noqa: PLR2004 - HTTP
        raise Broken("the planted fault in a page did not make it fail, so error pages were not tried")
    heard.write(answer.content.decode("utf-8", "replace"))
    return 1


@contextmanager
def logged_body(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: a middleware that logs what people typed."""
    original = Identity.process_view

    def talkative(self: Identity, request: HttpRequest, *rest: Any) -> Any:
        logging.getLogger("alcove.planted").debug("got %s", request.POST.dict())
        return original(self, request, *rest)

    with mock.patch.object(Identity, "process_view", talkative):
        yield


# 4: each client has a key of their own ----------------------------------------------------------------------------


def keys_are_apart(practice: Practice) -> str:
    """Try every client's key on every other client's directory part."""
    while Client.objects.count() < CROSS_CLIENTS:
        practice.client("Cross", f"Number{Client.objects.count()}")
    rows = dict(Client.objects.order_by("id").values_list("id", "directory")[:CROSS_CLIENTS])
    keys = {row.client_id: row for row in ClientKey.objects.filter(client_id__in=rows)}
    ciphers = {
        client_id: crypto.cipher(keyring.subkey(keyring.client_secret(row), Part.DIRECTORY))
        for client_id, row in keys.items()
    }
    tried = 0
    for holder, cipher in ciphers.items():
        for client_id, blob in rows.items():
            opens = _opens(cipher, bytes(blob), crypto.binding("clients.client.directory", client_id))
            tried += holder != client_id
            if opens != (holder == client_id):
                raise Broken(
                    "a client's key opens another client" if opens else "a client's own key does not open it"
                )
    return f"{tried:,} foreign keys tried on {len(rows)} clients"


def _opens(cipher: Any, blob: bytes, bound_to: bytes) -> bool:
    try:
        crypto.open_sealed(cipher, blob, bound_to)
    except SealBroken:
        return False
    return True


@contextmanager
def shared_key(practice: Practice) -> Iterator[None]:
    """Plant: two clients made with one key."""
    with mock.patch("alcove.security.vault.crypto.new_key", return_value=b"k" * 32):
        for name in ("Twin One", "Twin Two"):
            practice.client("Shared", name)
    newest = list(Client.objects.order_by("-id").values_list("id", flat=True)[:2])
    order = mock.patch(
        "alcove.project.prove.sealing.CROSS_CLIENTS", Client.objects.count()
    )  # all of them, the newest two included
    try:
        with order:
            yield
    finally:
        with writing("planted fault"):
            Client.objects.filter(pk__in=newest).delete()
            ClientKey.objects.filter(client_id__in=newest).delete()


# 5: a moved or changed ciphertext does not open ---------------------------------------------------------------------

_SAMPLE = ((Client, "directory"), (Client, "details"), (Note, "title"), (Note, "body"), (Item, "content"), (Document, "content"))  # fmt: skip  # noqa: E501


def swaps_are_seen(practice: Practice) -> str:
    """Put every sealed value of a sample in every other place of the sample, and flip bits; nothing may open."""
    planted = planted_in(practice)
    ids = [client.pk for client in planted.clients[:3]]
    tried = 0
    with keyring.keyring():
        for row in ClientKey.objects.filter(client_id__in=ids):
            keyring.put(row, tuple(Part))
        places = _places(ids)
        for row, name, _ in places:
            for _, _, blob in places:
                tried += _must_not_open(row, name, blob, own=blob is _own(places, row, name))
        tried += _flip(places)
        tried += _fresh_swaps(places)
    return f"{len(places)} values in each other's places and every bit of 12 values: {tried:,} refused"


def _places(ids: list[Any]) -> list[tuple[Any, str, bytes]]:
    found = []
    for model, name in _SAMPLE:
        lookup = {"pk__in": ids} if model is Client else {"client_id__in": ids}
        rows = model._default_manager.filter(**lookup)[:12]
        found += [(row, name, bytes(row.__dict__[name])) for row in rows]
    return found


def _own(places: list[tuple[Any, str, bytes]], row: Any, name: str) -> bytes:
    return next(blob for one, column, blob in places if one is row and column == name)


def _must_not_open(row: Any, name: str, blob: bytes, *, own: bool) -> int:
    row.__dict__[name] = blob
    try:
        value = getattr(row, name)
    except SealBroken:
        if own:
            raise Broken(f"{row._meta.label}.{name} does not open in its own place") from None
        return 1
    finally:
        row.__dict__[name] = blob
    if not own:
        raise Broken(f"a value moved to {row._meta.label}.{name} opened")
    if value is None:
        raise Broken(f"{row._meta.label}.{name} was shown as empty")
    return 0


def _flip(places: list[tuple[Any, str, bytes]]) -> int:
    tried = 0
    for row, name, blob in places[:12]:
        for at in range(len(blob)):
            for bit in (0x01, 0x80):
                tried += _must_not_open(
                    row, name, blob[:at] + bytes([blob[at] ^ bit]) + blob[at + 1 :], own=False
                )
    return tried


def _fresh_swaps(places: list[tuple[Any, str, bytes]]) -> int:
    """Seal two values anew in two rows of one client and swap them: the same key, so only the binding can tell."""
    items = [row for row, name, _ in places if isinstance(row, Item)]
    first = items[0]
    second = next(row for row in items[1:] if row.client_id == first.client_id)
    field = Item._meta.get_field("content")
    assert isinstance(field, SealedField)  # noqa: S101 - for the type checker
    one, two = bytes(field.sealed(first, {"name": "one"})), bytes(field.sealed(second, {"name": "two"}))
    _must_not_open(first, "content", one, own=True)
    return _must_not_open(first, "content", two, own=False) + _must_not_open(
        second, "content", one, own=False
    )


@contextmanager
def dropped_context(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: values sealed and opened without the row they belong to."""
    original = SealedField.opened

    def careless(self: SealedField, instance: Any, blob: bytes, bound_to: bytes) -> Any:
        try:
            return original(self, instance, blob, bound_to)
        except SealBroken:
            return original(self, instance, blob, b"")

    with (
        mock.patch.object(crypto, "binding", return_value=b""),
        mock.patch.object(SealedField, "opened", careless),
    ):
        yield


PROMISES = [
    Promise(
        1,
        "A thief of the database, journal, temporary files, logs or sealed files finds none of 1,000 planted values",
        disk_tells_nothing,
        (
            ("a value in a job's arguments", unsealed_job),
            ("a value in a temporary file", value_in_a_file_name),
        ),
    ),
    Promise(
        3,
        "No log, error page, header or URL carries a planted value, password or code",
        talk_tells_nothing,
        (("a middleware that logs what was typed", logged_body),),
    ),
    Promise(
        4,
        "Each client has a key of their own: opening one opens nothing of another",
        keys_are_apart,
        (("two clients sharing one key", shared_key),),
    ),
    Promise(
        5,
        "A value moved to another client, row or field, or changed in any bit, does not open",
        swaps_are_seen,
        (("values sealed without the row they belong to", dropped_context),),
    ),
]
