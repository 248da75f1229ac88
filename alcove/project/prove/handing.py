"""Promise 19: a tablet in a client's hands reaches that client's named tasks and nothing else, whatever it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.project.prove.walking import Door, doors, samples
from alcove.security import policy_defaults as policy
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.identity import passwords, sessions, tablets
from alcove.security.identity.models import DevicePin, HandOver

OK, MOVED, REFUSED = 200, 302, 403
_PIN = "274913"
_GIVE_BACK = frozenset({"/hand-over/end/", "/hand-over/passkey/", "/hand-over/here/"})
_HEALTH = frozenset({"/health/live", "/health/ready"})
"""Says whether the server lives, to whoever asks; it looks at no cookie."""
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NOWHERE = ("/nothing/", "/api/", "/admin/", "/sign-in", "/static/../clients/", "/media/")


def tablets_reach_their_tasks_only(practice: Practice) -> str:
    """Hand a tablet over, and knock on every door with its token; then let its time pass."""
    values = samples(practice)
    client_id, other = UUID(str(values["client_id"])), practice.client("Another", "Client")
    # What takes moments comes before what takes minutes, so that a fault is seen soon.
    for column, ago in (("seen_at", policy.HAND_OVER_IDLE), ("started_at", policy.HAND_OVER_LIFE)):
        _ends_by_clock(practice, client_id, column, ago)
    own, others = list(doors(values)), list(doors(values | {"client_id": other.id}))
    browser = _handed(practice, client_id)
    tried = sum(_expect(browser, "GET", url, REFUSED) for url in _NOWHERE)
    tried += _crawl(browser, own, is_own=True) + _crawl(browser, others, is_own=False)
    start = reverse("records:tablet", kwargs={"client_id": client_id})
    _expect(browser, "GET", start, OK)
    where = f"{len(own)} routes, for its client and another"
    return f"{tried:,} requests with a tablet's token at {where}; both clocks end it"


def _handed(practice: Practice, client_id: UUID, tasks: tuple[str, ...] = ("contact", "history")) -> Any:
    browser = practice.signed_in(RoleKey.PRACTITIONER)
    with writing("a PIN for the ground"):
        DevicePin.objects.update_or_create(
            device=practice.device(),
            person=practice.person(RoleKey.PRACTITIONER),
            defaults={"digest": passwords.hashed(_PIN), "failures": 0},
        )
    kept = browser.cookies[sessions.COOKIE].value
    url = reverse("records:hand_over", kwargs={"client_id": client_id})
    answer = browser.post(url, {"tasks": list(tasks)}, secure=True)
    if answer.status_code != MOVED or tablets.COOKIE not in answer.cookies:
        raise Broken(f"handing over answers {answer.status_code}: nothing can be tried")
    # As somebody who kept the staff session's cookie would: it counts for nothing now.
    browser.cookies[sessions.COOKIE] = kept
    return browser


def _crawl(browser: Any, found: list[Door], *, is_own: bool) -> int:
    tried = 0
    for door in found:
        if door.url in _GIVE_BACK | _HEALTH:
            continue
        is_task = is_own and door.guard.kind == "handed"
        for method in _METHODS:
            if is_task and method in door.guard.needs:
                continue
            tried += _expect(browser, method, door.url, REFUSED, or_wrong_method=door.guard.kind == "handed")
    return tried


def _expect(browser: Any, method: str, url: str, status: int, *, or_wrong_method: bool = False) -> int:
    answer = browser.generic(method, url, secure=True)
    allowed = {status, 405} if or_wrong_method else {status}
    if answer.status_code not in allowed:
        raise Broken(f"{method} {url} answers a handed-over tablet {answer.status_code}, not {status}")
    return 1


def _ends_by_clock(practice: Practice, client_id: UUID, column: str, ago: timedelta) -> None:
    browser = _handed(practice, client_id)
    row = HandOver.objects.latest("started_at")
    with writing("the passing of time"):
        HandOver.objects.filter(pk=row.pk).update(**{column: timezone.now() - ago - timedelta(seconds=1)})
    url = reverse("records:tablet_step", kwargs={"client_id": client_id, "step": "contact"})
    answer = browser.get(url, secure=True)
    if (answer.status_code, answer.headers.get("Location")) != (MOVED, reverse("identity:hand_over_end")):
        raise Broken(f"a tablet goes on after its time ({column}): {answer.status_code}")


@contextmanager
def one_route_allowed(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: one more route answers a tablet."""
    more = tablets.OPEN_ROUTES | {"identity:sign_in"}
    with mock.patch.object(tablets, "OPEN_ROUTES", more):
        yield


@contextmanager
def no_clock(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - as above
    """Plant: only a script in the page ends a hand-over."""
    with mock.patch.object(tablets, "_over_by_clock", return_value=""):
        yield


PROMISES = [
    Promise(19, "A tablet in a client's hands reaches that client's named tasks and nothing else",
            tablets_reach_their_tasks_only,
            (("one route allowed", one_route_allowed), ("a clock in the page only", no_clock))),
]  # fmt: skip
