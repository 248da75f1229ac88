"""The walk over all routes: who comes in, who does not, and what a refusal gives away.

Every route of the resolver is asked with a real object for each of its arguments, which the areas' ``tests/samples.py`` make:
as a stranger, with a made-up session, as each built-in role, with the wrong client, by the wrong method, from a locked screen,
and without a form's token. Each look leaves the practice as it was. A planted route shows that the walk sees each fault.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.test import Client as Browser
from django.urls import include, path, reverse
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.project.urls import urlpatterns
from alcove.security.access.checks import routes
from alcove.security.access.guards import Guard, Lookup, guard, public
from alcove.security.access.policy import Open, RoleKey
from alcove.security.access.writes import writing
from alcove.security.audit import pen
from alcove.security.identity.gates import ALWAYS_OPEN, LOCKED
from alcove.security.identity.middleware import Identity
from alcove.security.identity.models import Session
from alcove.security.identity.sessions import COOKIE
from tests.house.rules import ROOT

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
VARYING = re.compile(rb"\b[0-9a-f]{10}\b|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[A-Za-z0-9]{64}\b")
"""What differs from one answer to the next: the request's code, the ids that were asked for, the form's token."""
NARROWER = {
    "/setup/people/<uuid:person_id>/reset-factors/": (403, "a second administrator has to agree first"),
    "/account/passkeys/<uuid:passkey_id>/name/": (404, "somebody else's passkey"),
    "/account/passkeys/<uuid:passkey_id>/remove/": (404, "somebody else's passkey"),
    "/account/sessions/<uuid:session_id>/end/": (
        404,
        "the sample is another person's session, which is theirs to end",
    ),
    "/clients/<uuid:client_id>/alerts/<uuid:alert_id>/end/": (
        403,
        "a clinical alert is ended by who reads the record",
    ),
    "/clients/<uuid:client_id>/alerts/<uuid:alert_id>/resume/": (403, "as ending it"),
    "/setup/devices/<uuid:device_id>/lost/": (403, "somebody else's device is an administrator's to give up"),
    "/account/questions/<uuid:case_id>/": (404, "the sample is a question to somebody else"),
    "/compliance/watched/<uuid:client_id>/end/": (404, "the sample is watched by nobody"),
    "/compliance/shields/<uuid:person_id>/end/": (404, "everybody's name is shown"),
    "/outbox/": (404, "exists in demo practices only"),
    "/messages/demo/": (404, "as the outbox"),
} | {
    f"/tasks/<uuid:task_id>/{deed}": (404, "a colleague's task about no client")
    for deed in (
        "",
        "edit/",
        "done/",
        "drop/",
        "reopen/",
        "end-repeat/",
        "comments/",
        "steps/",
        "steps/<uuid:line_id>/",
    )
}
"""Routes that look beyond the right, at the object: what someone with the right may be answered, and why."""


@dataclass(frozen=True)
class Door:
    """One route: its pattern, its name with the namespace, its guard, and a value for each argument."""

    pattern: str
    guard: Guard
    values: dict[str, Any]

    def url(self, **others: Any) -> str:
        """Return the URL, with other values for some arguments."""
        return ARGUMENT.sub(lambda found: str({**self.values, **others}[found[2]]), self.pattern)

    @property
    def uuids(self) -> list[str]:
        return [name for kind, name in ARGUMENT.findall(self.pattern) if kind == "uuid"]

    def methods(self) -> tuple[str, ...]:
        return tuple(self.guard.needs) if self.guard.kind == "guard" else self.guard.methods

    def lets_in(self, rights: frozenset[str], method: str) -> bool:
        """Whether these rights are what the route asks for this method."""
        need = self.guard.needs[method]
        asked = {(need.permission if isinstance(need, Lookup) else need).key}
        return asked | ({Open.DIRECTORY.key} if self.guard.opens else set()) <= rights


class NoSample(AssertionError):
    """A route has an argument for which its area's samples give no object."""


def area_samples(practice: Any) -> dict[str, dict[str, Any]]:
    """Return the samples by area, as ``{"alcove.clinic.records": {"note_id": …}}``."""
    found = {}
    for file in sorted(ROOT.glob("alcove/**/tests/samples.py")):
        area = file.parents[1].relative_to(ROOT).as_posix().replace("/", ".")
        given = importlib.import_module(f"{area}.tests.samples").samples(practice)
        found[area] = {name: getattr(value, "pk", value) for name, value in given.items()}
    return found


def doors(practice: Any, only: str = "") -> list[Door]:
    """Return the routes that begin with ``only``, with values from the samples of their own area, then of any other."""
    samples, found = area_samples(practice), []
    for pattern, _, view in routes():
        if not pattern.startswith(only):
            continue
        assert "(?P<" not in pattern, f"{pattern}: write it with path(), so that it can be walked"
        own = next((given for area, given in samples.items() if view.__module__.startswith(area + ".")), {})
        values = {name: value for given in samples.values() for name, value in given.items()} | own
        missing = {name for _, name in ARGUMENT.findall(pattern)} - set(values)
        if missing:
            raise NoSample(f"{pattern}: no sample for {', '.join(sorted(missing))}")
        found.append(Door(pattern, view.guard, values))
    return found


@contextmanager
def undone() -> Iterator[None]:
    """Undo whatever happens inside, in the database and in the log's writer."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    pen.retire()


def ask(browser: Browser, method: str, url: str, **options: Any) -> Any:
    """Return the answer to one request, whose deeds are undone."""
    with undone():
        answer = browser.generic(method, url, secure=True, **options)
        if answer.streaming:
            answer.close()
        return answer


def guarded(found: list[Door]) -> Iterator[tuple[Door, str]]:
    """Yield every guarded route with each of its methods."""
    for door in found:
        if door.guard.kind == "guard":
            yield from ((door, method) for method in door.methods())


# What is walked -----------------------------------------------------------------------------------------------------


def let_in_without_signing_in(practice: Any, only: str = "") -> list[str]:
    """Return guarded routes that answer a stranger, or one with a made-up session, other than by the sign-in page."""
    forged = Browser(headers={"host": "localhost"})
    forged.cookies[COOKIE] = "made-up-" + "x" * 40
    faults = []
    for door, method in guarded(doors(practice, only)):
        for who, browser in (
            ("stranger", Browser(headers={"host": "localhost"})),
            ("forged session", forged),
        ):
            answer = ask(browser, method, door.url())
            sent_away = answer.status_code == 302 and answer.headers["Location"] == reverse(
                "identity:sign_in"
            )
            if not (sent_away or answer.status_code in {401, 404}):
                faults.append(f"{method} {door.pattern}: {answer.status_code} for a {who}")
    return faults


def wrongly_decided(practice: Any, only: str = "") -> list[str]:
    """Return routes where a built-in role comes in without the right, or does not with it."""
    faults, found = [], doors(practice, only)
    for role in RoleKey:
        rights, browser = practice.actor(role).rights, practice.signed_in(role)
        for door, method in guarded(found):
            status = ask(browser, method, door.url()).status_code
            allowed = door.lets_in(rights, method)
            refused = status in {403, 404, 405} and status != NARROWER.get(door.pattern, (0, ""))[0]
            if (allowed and refused) or status >= 500 or (not allowed and status != 403):
                faults.append(
                    f"{method} {door.pattern}: {status} for {role}, who {'may' if allowed else 'may not'}"
                )
    return faults


def telling_refusals(practice: Any, only: str = "") -> list[str]:
    """Return routes whose refusal differs between an object that exists and one that does not."""
    faults, found = [], doors(practice, only)
    for role in RoleKey:
        rights, browser = practice.actor(role).rights, practice.signed_in(role)
        for door, method in guarded(found):
            if door.uuids and not door.lets_in(rights, method):
                there = ask(browser, method, door.url())
                absent = ask(browser, method, door.url(**{name: uuid4() for name in door.uuids}))
                alike = VARYING.sub(b"", there.content) == VARYING.sub(b"", absent.content)
                if there.status_code != absent.status_code or not alike:
                    faults.append(f"{method} {door.pattern}: {role} can tell what exists by the refusal")
    return faults


def wrong_objects(practice: Any, another_client: UUID, only: str = "") -> list[str]:
    """Return routes that answer the owner other than 404 for an unknown object, or for another client's one."""
    faults, owner = [], practice.signed_in("owner")
    rights = practice.actor("owner").rights
    for door, method in guarded(doors(practice, only)):
        if not door.lets_in(rights, method):
            continue
        others: list[tuple[str, Any]] = [(name, uuid4()) for name in door.uuids]
        if "client_id" in door.uuids and len(door.uuids) > 1:
            others.append(("client_id", another_client))
        for name, value in others:
            status = ask(owner, method, door.url(**{name: value})).status_code
            if status != 404:
                what = "another client" if value == another_client else f"an unknown {name}"
                faults.append(f"{method} {door.pattern}: {status} for {what}")
    return faults


def wrong_methods(practice: Any, only: str = "") -> list[str]:
    """Return routes that answer a method they do not declare."""
    faults, owner = [], practice.signed_in("owner")
    for door in doors(practice, only):
        for method in set(METHODS) - set(door.methods()):
            status = ask(owner, method, door.url()).status_code
            if status != 405:
                faults.append(f"{method} {door.pattern}: {status}")
    return faults


def open_from_a_locked_screen(practice: Any, only: str = "") -> list[str]:
    """Return routes that a locked session reaches, other than those that unlock it or end it."""
    owner = practice.signed_in("owner")
    with writing("test"):
        Session.objects.filter(person=practice.owner).update(locked_at=timezone.now())
    allowed = {reverse(name) for name in LOCKED.open_routes | ALWAYS_OPEN}
    faults = []
    for door, method in guarded(doors(practice, only)):
        answer = ask(owner, method, door.url())
        if door.url() not in allowed and (answer.status_code, answer.headers.get("Location")) != (
            302,
            reverse("identity:locked"),
        ):
            faults.append(f"{method} {door.pattern}: {answer.status_code} from a locked screen")
    return faults


OWN_TOKEN = {"/uptime/report/": 404}
"""Routes for machines, and what they answer to whoever brings a session instead of the machine's own token."""


def posts_without_token(practice: Any, only: str = "") -> list[str]:
    """Return routes that take a POST from a page that is not ours."""
    signed_in = practice.signed_in("owner")
    strict = Browser(headers={"host": "localhost"}, enforce_csrf_checks=True)
    strict.cookies = signed_in.cookies
    return [
        f"POST {door.pattern}: {status}"
        for door in doors(practice, only)
        if "POST" in door.methods()
        and (status := ask(strict, "POST", door.url()).status_code) != OWN_TOKEN.get(door.pattern, 403)
    ]


def bare_answers(practice: Any, only: str = "") -> list[str]:
    """Return routes whose answer, to the owner or to a stranger, may be kept by a browser or run what is not ours."""
    faults, owner = [], practice.signed_in("owner")
    for door in doors(practice, only):
        for browser in (owner, Browser(headers={"host": "localhost"})):
            headers = ask(browser, door.methods()[0], door.url()).headers
            if headers.get("Cache-Control") != "no-store":
                faults.append(f"{door.pattern}: may be kept")
            policy = headers.get("Content-Security-Policy", "unsafe-inline")
            if "unsafe-" in policy or "require-trusted-types-for 'script'" not in policy:
                faults.append(f"{door.pattern}: its Content-Security-Policy is {policy!r}")
    return faults


# The walk -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "walk",
    [
        let_in_without_signing_in, wrongly_decided, telling_refusals, wrong_methods, open_from_a_locked_screen,
        posts_without_token, bare_answers,
    ],
    ids=lambda walk: walk.__name__,
)  # fmt: skip
def test_no_route_is(walk: Callable[[Any], list[str]], practice):
    faults = walk(practice)
    assert not faults, "\n".join(faults)


def test_no_route_answers_for_wrong_objects(practice, client_card):
    faults = wrong_objects(practice, client_card.pk)
    assert not faults, "\n".join(faults)


# The walk sees ------------------------------------------------------------------------------------------------------


def _declared(**needs: Any) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Declare a right as ``guard`` does, and ask nobody for it: the fault the walk must find."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        view.guard = Guard("guard", needs)  # type: ignore[attr-defined]  # as guard does
        return view

    return decorate


@_declared(GET=Clients.DELETE)
def _asks_nobody(request, client_id):
    return HttpResponse(
        "in", headers={"Cache-Control": "max-age=3600", "Content-Security-Policy": "default-src *"}
    )


@_declared(GET=Clients.DELETE)
def _tells(request, client_id):
    if not Client.objects.filter(pk=client_id).exists():
        raise Http404
    return HttpResponseForbidden("no")


@guard(GET=Clients.DELETE)
def _any_object(request, client_id):
    return HttpResponse("whatever you say")


@public("a planted page")
def _takes_any_sample(request, nobody_knows):
    return HttpResponse("in")


def _unchecked(request, client_id):
    return HttpResponse("in")


_unchecked.guard = Guard("public", reason="planted", methods=("POST",))  # type: ignore[attr-defined]  # as public does
_unchecked.csrf_exempt = True  # type: ignore[attr-defined]  # as Django's decorator does


def _planted(settings: Any, pattern: str, view: Any) -> None:
    class Planted:
        pass

    Planted.urlpatterns = [path("", include(urlpatterns)), path(pattern, view)]  # type: ignore[attr-defined]  # Django's
    settings.ROOT_URLCONF = Planted


@pytest.mark.parametrize(
    ("walk", "view", "said"),
    [
        (let_in_without_signing_in, _asks_nobody, "GET /planted/<uuid:client_id>/: 200 for a stranger"),
        (let_in_without_signing_in, _asks_nobody, "GET /planted/<uuid:client_id>/: 200 for a forged session"),
        (wrongly_decided, _asks_nobody, "GET /planted/<uuid:client_id>/: 200 for front_desk, who may not"),
        (wrongly_decided, _tells, "GET /planted/<uuid:client_id>/: 403 for owner, who may"),
        (
            telling_refusals,
            _tells,
            "GET /planted/<uuid:client_id>/: front_desk can tell what exists by the refusal",
        ),
        (wrong_methods, _asks_nobody, "DELETE /planted/<uuid:client_id>/: 200"),
        (posts_without_token, _unchecked, "POST /planted/<uuid:client_id>/: 200"),
        (bare_answers, _asks_nobody, "/planted/<uuid:client_id>/: may be kept"),
        (
            bare_answers,
            _asks_nobody,
            "/planted/<uuid:client_id>/: its Content-Security-Policy is 'default-src *'",
        ),
    ],
)
def test_the_walk_sees(walk, view, said, practice, settings):
    _planted(settings, "planted/<uuid:client_id>/", view)
    assert said in walk(practice, "/planted/")


def test_the_walk_sees_a_page_that_answers_for_any_object(practice, client_card, settings):
    _planted(settings, "planted/<uuid:client_id>/", _any_object)
    assert "GET /planted/<uuid:client_id>/: 200 for an unknown client_id" in wrong_objects(
        practice, client_card.pk
    )


class Deaf(Identity):
    """An identity that lets a locked session wander on."""

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        return None


def test_the_walk_sees_a_page_that_is_open_though_locked(practice, settings):
    _planted(settings, "planted/<uuid:client_id>/", _asks_nobody)
    ours = f"{Identity.__module__}.{Identity.__name__}"
    settings.MIDDLEWARE = [f"{__name__}.Deaf" if name == ours else name for name in settings.MIDDLEWARE]
    assert "GET /planted/<uuid:client_id>/: 200 from a locked screen" in open_from_a_locked_screen(
        practice, "/planted/"
    )


def test_the_walk_sees_a_route_without_a_sample(practice, settings):
    _planted(settings, "planted/<uuid:nobody_knows>/", _takes_any_sample)
    with pytest.raises(NoSample, match=r"/planted/<uuid:nobody_knows>/: no sample for nobody_knows"):
        doors(practice, "/planted/")
