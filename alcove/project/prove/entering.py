"""Promises 8, 9, 10 and 20: every door declares its right, refuses alike, shows its part only, and is on the log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import clear_url_caches, path

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import directory
from alcove.project import urls, wiring
from alcove.project.prove.erasing import delete_and_ask
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.project.prove.planting import Planted, plant
from alcove.project.prove.scan import Scanner, packed
from alcove.project.prove.sealing import planted_in
from alcove.project.prove.walking import Door, doors, samples
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.models import Role
from alcove.security.access.policy import Open, RoleKey
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Person
from alcove.security.identity.sessions import COOKIE

_CODE = re.compile(rb'[0-9a-f]{10}|name="csrf[^>]*>|csrfmiddlewaretoken[^>]*>')

CROWD = 8
"""Clients that the promise about roles makes for itself."""

BASELINE = {
    RoleKey.FRONT_DESK: {"desk"},
    RoleKey.OWNER: {"desk", "clinical"},
    RoleKey.PRACTITIONER: {"desk", "clinical"},
    RoleKey.PRESCRIBER: {"desk", "clinical"},
    RoleKey.MANAGER: {"desk"},
    RoleKey.BOOKKEEPER: set(),
    RoleKey.MARKETING: set(),
    RoleKey.OFFICER: set(),
    RoleKey.IT_PROVIDER: set(),
    RoleKey.AUDITOR: set(),
}
"""The approved list: which half of a client's values each built-in role may ever be shown."""


def _walkable(practice: Practice) -> list[Door]:
    """Return all doors over a planted client, without those that end the walker's own session."""
    values = samples(practice)
    ends = ("sign-out", "/lock", "sessions/")
    return [door for door in doors(values) if not any(word in door.pattern for word in ends)]


# 8 ------------------------------------------------------------------------------------------------------------------


def every_door_declares(practice: Practice) -> str:
    """Every route and every job names its right."""
    found = list(doors(samples(practice)))
    open_doors = [door for door in found if door.guard.kind != "guard"]
    for door in open_doors:
        if not door.guard.reason:
            raise Broken(f"{door.pattern} is open without a reason")
    for name, job in wiring.JOBS.items():
        if not callable(job):
            raise Broken(f"the job {name} is not declared")
    opened = f"{len(open_doors)} of them are open with a reason"
    return f"{len(found)} routes declare method and right, {opened}; {len(wiring.JOBS)} jobs"


@contextmanager
def planted_route(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: a route without a guard."""

    def naked(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes a request
        return HttpResponse("hello")

    urls.urlpatterns.append(path("planted/", naked))
    clear_url_caches()
    try:
        yield
    finally:
        urls.urlpatterns.pop()
        clear_url_caches()


# 9 ------------------------------------------------------------------------------------------------------------------


def strangers_are_refused(practice: Practice) -> str:
    """Knock on every door as stranger, suspended person, and each role that lacks the right."""
    found = [door for door in _walkable(practice) if door.guard.kind == "guard"]
    missing = {door.pattern: _elsewhere(door) for door in found if door.arguments}
    tried = _as_nobody(practice, found)
    for role in RoleKey:
        actor, browser = practice.actor(role), practice.signed_in(role)
        for door in found:
            for method in door.needs():
                if not door.lets(actor, method):
                    tried += _refused(browser, door, method, missing.get(door.pattern), role)
                elif method == "GET" and "client_id" in door.arguments:
                    tried += _not_found(browser, door, missing[door.pattern], role)
    return f"{tried:,} requests at {len(found)} guarded routes by strangers, suspended people and {len(RoleKey)} roles"


def _elsewhere(door: Door) -> str:
    """Return the same URL with ids that name nothing."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda _: str(uuid4()), door.url)


def _as_nobody(practice: Practice, found: list[Door]) -> int:
    suspended = practice.signed_in(RoleKey.MARKETING)
    person = practice.person(RoleKey.MARKETING)
    with writing("a suspended person for the ground"):
        Person.objects.filter(pk=person.pk).update(suspended_at=person.created_at)
    tried = 0
    try:
        for browser, expected in ((practice.stranger(), (302, "/sign-in/")), (suspended, (401, ""))):
            for door in found:
                token = browser.cookies.get(COOKIE)
                for method in door.needs():
                    answer = browser.get(door.url) if method == "GET" else browser.post(door.url, {})
                    if token is not None:
                        # The answer took the dead cookie away; whoever kept a copy brings it again.
                        browser.cookies[COOKIE] = token.value
                    if (answer.status_code, answer.headers.get("Location", "")) != expected:
                        raise Broken(
                            f"{method} {door.pattern} answers {answer.status_code} to someone not signed in"
                        )
                    tried += 1
    finally:
        with writing("a suspended person for the ground"):
            Person.objects.filter(pk=person.pk).update(suspended_at=None)
    return tried


def _refused(browser: Any, door: Door, method: str, missing: str | None, role: str) -> int:
    ask = browser.get if method == "GET" else browser.post
    there = ask(door.url)
    if there.status_code != 403:  # noqa: PLR2004 - HTTP
        raise Broken(f"{method} {door.pattern} answers {there.status_code} to {role}, who lacks the right")
    if missing is None:
        return 1
    nowhere = ask(missing)
    if nowhere.status_code != there.status_code or _bare(nowhere.content) != _bare(there.content):
        raise Broken(f"{method} {door.pattern} tells {role} whether the object exists")
    return 2


def _bare(page: bytes) -> bytes:
    return _CODE.sub(b"", page)


def _not_found(browser: Any, door: Door, missing: str, role: str) -> int:
    answer = browser.get(missing)
    if answer.status_code != 404:  # noqa: PLR2004 - HTTP
        raise Broken(
            f"GET {door.pattern} answers {answer.status_code} to {role} for a client who does not exist"
        )
    return 1


@contextmanager
def no_check(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: an actor that is allowed whatever it asks."""
    with mock.patch.object(Actor, "must", return_value=None):
        yield


# 10 -----------------------------------------------------------------------------------------------------------------


def roles_see_their_part(practice: Practice) -> str:
    """Crawl every page as each role with a value planted in every field; compare with the approved list."""
    # Values of its own: other promises type theirs into every form, so some of those stand where they were typed.
    planted = plant(practice, CROWD)
    parts = {
        "desk": Scanner(value for values in planted.desk.values() for value in values),
        "clinical": Scanner(value for values in planted.clinical.values() for value in values),
    }
    directory.load_now()
    values = samples(practice)
    pages, seen_by_clinician = 0, set()
    for role, allowed in BASELINE.items():
        for where, content in _pages(practice, role, values, planted):
            pages += 1
            for part, scanner in parts.items():
                hits = scanner.find(content)
                for inner in packed(content):
                    hits |= scanner.find(inner)
                if hits and part not in allowed:
                    raise Broken(f"{where} shows {len(hits)} {part} values to {role}")
                if role == RoleKey.PRESCRIBER and part == "clinical":
                    seen_by_clinician |= hits
    if len(seen_by_clinician) < len(planted.clinical) // 2:
        raise Broken("the crawl is blind: a clinician was shown almost nothing of what was planted")
    kinds = len(planted.desk) + len(planted.clinical)
    return f"{pages:,} pages, suggestions and errors crawled as {len(BASELINE)} roles for values in {kinds} fields"


def _pages(
    practice: Practice, role: str, values: dict[str, Any], planted: Planted
) -> Iterator[tuple[str, bytes]]:
    browser = practice.signed_in(role)
    first = planted.clients[0]
    for door in doors({**values, "client_id": first.pk, **_own_rows(first)}):
        if any(word in door.pattern for word in ("sign-out", "/lock", "sessions/")):
            continue
        yield door.pattern, _body(browser.get(door.url))
        # A bad form's answer repeats only what was typed, so nothing typed here is a planted value.
        yield f"errors of {door.pattern}", _body(browser.post(door.url, {"version": "0"}))
    for url in ("/clients/", "/clients/search/"):
        for text in (first.pk.hex, "qua", "vor", "zi", "te"):
            yield f"search at {url}", _body(browser.post(url, {"q": text}))


def _own_rows(client: Client) -> dict[str, Any]:
    """Return ids of the planted client's own rows for URLs that name them."""
    found: dict[str, Any] = {}
    for name, rows in (
        ("note_id", client.notes.order_by("written_at")),
        ("item_id", client.items.order_by("created_at")),
        ("document_id", client.documents.all()),
        ("visit_id", client.visits.all()),
        ("person_id", None),
        ("alert_id", client.alerts.all()),
    ):
        if rows is not None and (row := rows.first()) is not None:
            found[name] = row.pk
    return found


def _body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


@contextmanager
def widened_role(practice: Practice) -> Iterator[None]:
    """Plant: front desk given the record by SQL, past the grid and its rules."""
    role = practice.roles[RoleKey.FRONT_DESK]
    with writing("planted fault"):
        Role.objects.filter(pk=role.pk).update(rights=[*role.rights, Open.RECORD.key])
    try:
        yield
    finally:
        with writing("planted fault"):
            Role.objects.filter(pk=role.pk).update(rights=role.rights)


# 20 -----------------------------------------------------------------------------------------------------------------


def one_look_one_entry(practice: Practice) -> str:
    """Every page that shows a client leaves one entry naming them; every refusal leaves one."""
    client = planted_in(practice).clients[0]
    given = {**samples(practice), **_own_rows(client)}
    gone = delete_and_ask(practice, practice.client("Long", "Gone")).client_id
    tried = 0
    for client_id, is_gone in ((client.pk, False), (gone, True)):
        pages = [
            door
            for door in doors({**given, "client_id": client_id})
            if "client_id" in door.arguments and "GET" in door.needs() and _is_of_deleted(door) == is_gone
        ]
        for role in (RoleKey.PRESCRIBER, RoleKey.OWNER, RoleKey.FRONT_DESK, RoleKey.MARKETING):
            browser, actor = practice.signed_in(role), practice.actor(role)
            for door in pages:
                tried += _one_entry(browser, actor, door, client_id)
    tried += _lists(practice)
    return f"{tried} looks and refusals matched one to one with entries"


def _is_of_deleted(door: Door) -> bool:
    """Whether a page is about clients nobody can open any more, so that it opens them by another road."""
    return door.pattern.startswith("/compliance/privacy/clients/") and not door.guard.opens


def _one_entry(browser: Any, actor: Actor, door: Door, client_id: UUID) -> int:
    before = _about(client_id)
    answer = browser.get(door.url)
    _body(answer)
    left = [result for key, result in _about(client_id).items() if key not in before]
    expected = 0 if answer.status_code == 302 else 1  # noqa: PLR2004 - a redirect shows nothing
    asked = f"GET {door.pattern} by {actor.role} ({answer.status_code})"
    if len(left) != expected:
        raise Broken(f"{asked} left {len(left)} entries, not {expected}")
    result = "done" if door.lets(actor, "GET") else "refused"
    if expected and answer.status_code in (200, 403) and left != [result]:
        raise Broken(f"{asked} is on the log as {left[0]}")
    return 1


def _about(client_id: UUID) -> dict[UUID, str]:
    """Return id → result of what people did with a client: their own entries, and lists that name them."""
    found = Entry.objects.filter(Q(client_id=client_id) | Q(clients__isnull=False), actor_kind="person")
    return {
        one.pk: one.result
        for one in found
        if one.client_id == client_id or client_id.bytes in bytes(one.clients or b"")
    }


def _lists(practice: Practice) -> int:
    directory.load_now()
    browser = practice.signed_in(RoleKey.FRONT_DESK)
    for words in (None, {"q": "qua"}):
        before = Entry.objects.filter(clients__isnull=False).count()
        if words is None:
            browser.get("/clients/")
        else:
            browser.post("/clients/", words)
        left = Entry.objects.filter(clients__isnull=False).count() - before
        if left != 1:
            raise Broken(f"a list of clients left {left} entries, not 1")
    return 2


@contextmanager
def silent_read(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: opening a record without its entry."""
    with mock.patch.object(opening, "record_opening", return_value=None):
        yield


PROMISES = [
    Promise(8, "Every route and job declares its right; an undeclared one is found", every_door_declares,
            (("a route without a guard", planted_route),)),
    Promise(9, "Strangers, suspended people and wrong roles are refused at every door, alike whether the object exists",
            strangers_are_refused, (("a check that always passes", no_check),)),
    Promise(10, "No role sees a field outside its approved part in pages, suggestions or errors", roles_see_their_part,
            (("front desk given the record by SQL", widened_role),)),
    Promise(20, "Every look at a client and every refusal leaves exactly one entry", one_look_one_entry,
            (("a silent read path", silent_read),)),
]  # fmt: skip
