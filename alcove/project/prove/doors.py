"""Promises 7, 14, 15, 17 and 18: passwords, factors, codes, clocks, and what a browser keeps."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from django.utils import timezone

from alcove.project.prove import answering
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.project.prove.scan import Scanner
from alcove.project.prove.sealing import planted_in
from alcove.project.prove.walking import doors, samples
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.change import action
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.identity import actions, middleware, passwords, sessions, tokens
from alcove.security.identity.actions import door as door_actions
from alcove.security.identity.models import Device, Factor, Person, Session, SignIn, Throttle
from alcove.security.identity.policy import Did, Door
from alcove.security.identity.sessions import COOKIE, STAGE_COOKIE


def _password() -> str:
    return " ".join(secrets.choice(("heron", "tall", "wade", "seven", "marsh", "slate")) for _ in range(6))


def _with_password(practice: Practice, role: str) -> tuple[Person, str]:
    person, password = practice.person(role), f"{_password()} {secrets.token_hex(3)}"
    actions.set_password(Actor.operator("ground"), person, password=password)
    person.refresh_from_db()
    return person, password


def enrolled(practice: Practice, role: str) -> tuple[Person, str, str]:
    """Return a person with a password and a confirmed authenticator: person, password, TOTP secret."""
    person, password = _with_password(practice, role)
    secret = tokens.new_totp_secret()
    with writing("an authenticator for the ground"):
        Factor.objects.filter(person=person).delete()
        Factor.objects.create(person=person, secret=secret, confirmed_at=timezone.now())
        Throttle.objects.all().delete()
    return person, password, secret


def _staged(practice: Practice, person: Person, password: str) -> Any:
    """Return a browser whose password was right."""
    browser = practice.stranger()
    answer = browser.post("/sign-in/", {"email": person.email, "password": password})
    if STAGE_COOKIE not in answer.cookies:
        raise Broken(f"a right password is answered with {answer.status_code}")
    return browser


# 7 ------------------------------------------------------------------------------------------------------------------


def stolen_hashes_tell_nothing(practice: Practice) -> str:
    """Try known passwords on the stored hashes without the pepper, and see an older hash made anew at sign-in."""
    hasher, tried = PasswordHasher(), 0
    for role in (RoleKey.PRESCRIBER, RoleKey.FRONT_DESK, RoleKey.MARKETING):
        person, password = _with_password(practice, role)
        for stored in (person.password, Person.objects.get(pk=person.pk).password):
            tried += 1
            if _fits(hasher, stored, password):
                raise Broken("a stored hash confirms a known password without the pepper")
        passwords.check(password, person.password)
    person, password, _ = enrolled(practice, RoleKey.PRESCRIBER)
    weak = "p1$" + PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(_peppered(password))
    with writing("an older hash"):
        Person.objects.filter(pk=person.pk).update(password=weak)
    _staged(practice, person, password)
    person.refresh_from_db()
    if person.password == weak or passwords.is_outdated(person.password):
        raise Broken("a hash of an older cost is not made anew at sign-in")
    return f"{tried} hashes tried with their own passwords; an older hash was made anew"


def _peppered(password: str) -> str:
    return passwords._peppered(password, 1)  # noqa: SLF001 - an older hash has to be made as an older version did


def _fits(hasher: PasswordHasher, stored: str, password: str) -> bool:
    try:
        return hasher.verify(stored.partition("$")[2], password)
    except VerificationError:
        return False


@contextmanager
def no_pepper(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: passwords hashed as they are."""
    with mock.patch.object(passwords, "_peppered", side_effect=lambda password, _: password):
        yield


# 14 -----------------------------------------------------------------------------------------------------------------


def two_factors_everywhere(practice: Practice) -> str:
    """Walk every open door with one proof in hand, as form and as link: none may begin a session."""
    person, password, _ = enrolled(practice, RoleKey.PRESCRIBER)
    marketing = practice.person(RoleKey.MARKETING)
    tried = 0
    for name, browser in (
        ("nothing", practice.stranger()),
        ("a right password", _staged(practice, person, password)),
    ):
        for route in doors(samples(practice)):
            if route.guard.kind == "guard":
                continue
            tried += _begins_none(name, route.pattern, lambda: browser.get(route.url))  # noqa: B023 - called at once
            given = {"email": person.email, "password": password, "code": "000000", "answer": "{}"}
            tried += _begins_none(name, route.pattern, lambda: browser.post(route.url, given))  # noqa: B023 - called at once
            forget_guesses()
    for kind in ("setup", "confirm", "recover"):
        link = actions.make_link(Actor.operator("ground"), marketing, kind)
        for path in (
            f"/set-up/{link.token}/",
            f"/confirm/{link.token}/",
            f"/recover/{link.token}/",
            f"/demo/{link.token}/",
        ):
            browser = practice.stranger()
            given = {"password": _password(), "code": "000000"}
            tried += _begins_none(f"a {kind} link", path, lambda: browser.get(path))  # noqa: B023 - called at once
            tried += _begins_none(f"a {kind} link", path, lambda: browser.post(path, given))  # noqa: B023 - as above
    return (
        f"{tried} knocks at every open door with nothing, with a right password, and with each kind of link"
    )


def _begins_none(proof: str, pattern: str, knock: Callable[[], Any]) -> int:
    before = Session.objects.count()
    answer = knock()
    if Session.objects.count() != before or answer.cookies.get(COOKIE, mock.Mock(value="")).value:
        raise Broken(f"{pattern} begins a session for {proof} alone")
    return 1


def forget_guesses() -> None:
    with writing("the ground knocks more often than anybody may"):
        Throttle.objects.all().delete()


@contextmanager
def one_factor_link(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: a right password begins a session at once."""

    def begin(change: Any, person: Person, *_: Any, **__: Any) -> str:
        token, digest = tokens.new_token()
        Session.objects.create(person=person, digest=digest, method="password")
        change.create(SignIn, Did.PASSWORD_ACCEPTED, digest=digest, person=person)
        return token

    with mock.patch.object(actions, "begin_sign_in", action(Door.PASS)(begin)):
        yield


# 15 -----------------------------------------------------------------------------------------------------------------


def codes_work_once(practice: Practice) -> str:
    """Bring each code twice, in another's sign-in, and too late; a passkey's answer twice, and from elsewhere."""
    person, password, secret = enrolled(practice, RoleKey.PRESCRIBER)
    other, others, _ = enrolled(practice, RoleKey.FRONT_DESK)
    code = pyotp.TOTP(secret).now()
    if _staged(practice, other, others).post("/sign-in/code/", {"code": code}).status_code != 422:  # noqa: PLR2004 - HTTP
        raise Broken("one person's code finishes another person's sign-in")
    late = _staged(practice, person, password)
    with writing("a clock moved on"):
        SignIn.objects.update(started_at=timezone.now() - policy.SIGN_IN_STAGE_LIFE - timedelta(seconds=1))
    if late.post("/sign-in/code/", {"code": code}).cookies.get(COOKIE):
        raise Broken("a sign-in is finished after its ten minutes")
    old = pyotp.TOTP(secret).at(timezone.now() - timedelta(seconds=policy.TOTP_SECONDS * 3))
    if _staged(practice, person, password).post("/sign-in/code/", {"code": old}).cookies.get(COOKIE):
        raise Broken("a code of 90 seconds ago is taken")
    first, second = _staged(practice, person, password), _staged(practice, person, password)
    if not first.post("/sign-in/code/", {"code": code}).cookies.get(COOKIE):
        raise Broken("a right code is refused")
    if second.post("/sign-in/code/", {"code": code}).cookies.get(COOKIE):
        raise Broken("a code is taken twice")
    tried = (
        "a code twice, in another person's sign-in, in a sign-in of eleven minutes, and one of 90 seconds ago"
    )
    return f"{tried}; {answering.answers_count_once(practice)}"


@contextmanager
def taken_twice(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: an authenticator's code that was taken is taken again."""
    fits = mock.patch.object(
        door_actions,
        "take_totp",
        side_effect=lambda person, code: any(
            tokens.totp_step(factor.secret, code) is not None
            for factor in Factor.objects.filter(person=person)
        ),
    )
    with fits:
        yield


# 17 -----------------------------------------------------------------------------------------------------------------


def the_servers_clock_decides(practice: Practice) -> str:
    """Move the server's clock for each class of device; the browser does nothing at all."""
    tried, now = 0, timezone.now
    classes = {**policy.SESSION_IDLE_BY_DEVICE}
    for kind, idle in classes.items():
        for since, expected in (
            ({"seen_at": idle - timedelta(seconds=20)}, 200),
            ({"seen_at": idle + timedelta(seconds=1)}, 401),
            ({"started_at": policy.SESSION_ABSOLUTE + timedelta(seconds=1)}, 401),
        ):
            browser = practice.signed_in(RoleKey.OWNER)
            digest = tokens.digest(browser.cookies[COOKIE].value)
            with writing("a clock moved on"):
                Device.objects.filter(pk=practice.device().pk).update(kind=kind)
                moved = {name: now() - span for name, span in since.items()}
                Session.objects.filter(digest=digest).update(**moved)
            status = browser.get("/clients/").status_code
            if status != expected:
                raise Broken(f"{next(iter(since))} on a {kind} device answers {status}, not {expected}")
            tried += 1
    with writing("the ground's own device"):
        Device.objects.filter(pk=practice.device().pk).update(kind=Device.Kind.OFFICE)
    return f"{tried} sessions of {len(classes)} classes of device, just before and after their limits"


@contextmanager
def clock_of_the_browser(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: only the browser's timer ends a session."""
    with mock.patch.object(sessions, "is_over", return_value=False):
        yield


# 18 -----------------------------------------------------------------------------------------------------------------


def nothing_stays_in_the_browser(practice: Practice) -> str:
    """Every page may not be kept; after lock and sign-out no page holds a value and the browser is told to forget."""
    planted = planted_in(practice)
    scanner, pages = Scanner(planted.every()), 0
    values = {**samples(practice), "client_id": planted.clients[0].pk}
    browser = practice.signed_in(RoleKey.PRESCRIBER)
    for route in doors(values):
        if route.guard.kind != "guard" or "GET" not in route.needs():
            continue
        answer = browser.get(route.url)
        pages += 1
        if answer.headers.get("Cache-Control") != "no-store":
            raise Broken(f"{route.pattern} may be kept by the browser")
    browser.post("/lock/")
    for path in ("/locked/", "/", "/clients/", f"/clients/{planted.clients[0].pk}/"):
        if scanner.find(browser.get(path, follow=True).content):
            raise Broken(f"{path} shows a value behind the lock")
    gone = browser.post("/sign-out/")
    if '"cache"' not in gone.headers.get("Clear-Site-Data", ""):
        raise Broken("signing out does not tell the browser to forget")
    if gone.cookies[COOKIE].value:
        raise Broken("signing out leaves the session's cookie")
    behind = f"nothing of {len(scanner.values):,} values behind the lock"
    return f"{pages} pages may not be kept; {behind}; sign-out clears the cache"


@contextmanager
def a_page_that_is_kept(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: pages that a browser may keep."""
    with mock.patch.dict(middleware.HEADERS, {"Cache-Control": "max-age=600"}):
        yield


PROMISES = [
    Promise(7, "A stolen password table without the pepper confirms no known password; older hashes are made anew",
            stolen_hashes_tell_nothing, (("passwords hashed without the pepper", no_pepper),)),
    Promise(14, "No staff session begins without two factors, whatever the entrance", two_factors_everywhere,
            (("a password that begins a session", one_factor_link),)),
    Promise(15, "A code works once, for its own sign-in, and not after ten minutes", codes_work_once,
            (("a code taken twice", taken_twice),
             ("a passkey's answer taken twice", answering.answered_twice),
             ("a passkey's answer from another site", answering.any_origin))),
    Promise(17, "Sessions end by the server's clock, idle and after twelve hours", the_servers_clock_decides,
            (("a clock of the browser only", clock_of_the_browser),)),
    Promise(18, "After lock or sign-out the browser holds no patient data", nothing_stays_in_the_browser,
            (("pages that may be kept", a_page_that_is_kept),)),
]  # fmt: skip
