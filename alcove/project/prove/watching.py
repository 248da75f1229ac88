"""Promise 23: planted misuse raises its alert, each pattern its own; a month of ordinary work stays quiet."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from unittest import mock

from django.utils import timezone

from alcove.clinic.clients.policy import Did as Card
from alcove.clinic.records.policy import Did as Record
from alcove.compliance.models import Alert, Watched
from alcove.compliance.queries.rules import RULES
from alcove.project.prove.ground import Practice
from alcove.project.prove.month import Played, at, told_time
from alcove.project.prove.outcome import Broken, Fault, Promise
from alcove.security import policy_defaults as policy
from alcove.security.access.models import GlassBreak
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.writes import writing
from alcove.security.audit.events import Result
from alcove.security.identity.models import Device, Person
from alcove.security.identity.policy import Did as Identity
from alcove.security.vault.ids import uuid7

A_WEEK: Final = 5
"""WAT-04: so many alerts a week at most."""
SEED: Final = "PROVE_SEED"
"""The environment's variable that gives an earlier month again."""
_LAST: Final = timedelta(days=2)
_MONTH: Final = timedelta(days=34)
_PLANTS: Final = timedelta(days=70)

Plant = Callable[[Played, Person, date], None]


def _address() -> dict[str, str]:
    number = secrets.randbelow(9_000) + 1_000
    return {"line": f"{number} Alder Lane", "city": "Oakland", "postal": "94601"}


def _open(played: Played, person: Person, on: date, *clients: object, hour: int = 11, **more: object) -> None:
    for minute, client in enumerate(clients):
        deed = (Kernel.RECORD_OPENED, client)
        played.note(at(on, hour) + timedelta(minutes=minute), person, deed, **more)  # type: ignore[arg-type]  # ids


def _strangers(count: int) -> list[object]:
    """Return so many clients nobody here has anything to do with."""
    return [uuid7() for _ in range(count)]


def _no_reason(played: Played, person: Person, on: date) -> None:
    _open(played, person, on, *_strangers(policy.NO_REASON_CLIENTS))


def _own_record(played: Played, person: Person, on: date) -> None:
    given, _, family = person.name.partition(" ")
    _open(played, person, on, played.client(given, family, emails=[person.email]))


def _colleague(played: Played, person: Person, on: date) -> None:
    other = next(one for one in played.people if one.id != person.id)
    given, _, family = other.name.partition(" ")
    _open(played, person, on, played.client(given, family, phones=[other.phone]))


def _household(played: Played, person: Person, on: date) -> None:
    home = _address()
    given, _, family = person.name.partition(" ")
    played.client(given, family, emails=[person.email], details={"address": home})
    _open(played, person, on, played.client("Otto", "Elsewhere", details={"address": home}))


def _surname(played: Played, person: Person, on: date) -> None:
    _open(played, person, on, played.client("Otto", person.name.split()[-1]))


def _watched(played: Played, person: Person, on: date) -> None:
    client = played.client("Known", "Tomany")
    with writing("a client watched closely"):
        Watched.objects.create(client_id=client, reason="Known to many people", since=at(on, 1))
    _open(played, person, on, client)


def _former(played: Played, person: Person, on: date) -> None:
    client = played.client("Long", "Gone")
    played.book([(client, person, at(on, 10) - policy.FORMER_AFTER - timedelta(days=40))])
    _open(played, person, on, client)


def _returning(played: Played, person: Person, on: date) -> None:
    client = played.client("Again", "Andagain")
    for back in range(policy.RETURNING_DAYS):
        _open(played, person, on - timedelta(days=2 * (policy.RETURNING_DAYS - 1 - back)), client)


def _bulk(played: Played, person: Person, on: date) -> None:
    _open(played, person, on, *_strangers(policy.BULK_CLIENTS + 1), hour=9)


def _night(played: Played, person: Person, on: date) -> None:
    _open(played, person, on, *_strangers(policy.NIGHT_CLIENTS), hour=3)


def _many(event: Card | Record, count: int, played: Played, person: Person, on: date) -> None:
    for minute, client in enumerate(_strangers(count)):
        played.note(at(on, 13) + timedelta(minutes=minute), person, (event, client))  # type: ignore[arg-type]  # ids


def _refused(played: Played, person: Person, on: date) -> None:
    for minute, client in enumerate(_strangers(policy.REFUSED_CLIENTS)):
        deed = (Kernel.REFUSED, client)
        played.note(at(on, 12, minute), person, deed, result=Result.REFUSED)  # type: ignore[arg-type]  # ids


def _glass(played: Played, person: Person, on: date) -> None:
    for back in (3, 0):
        client, when = played.client("Emergency", "Twice"), at(on - timedelta(days=back), 12)
        with writing("emergency access"):
            GlassBreak.objects.create(
                client_id=client, person_id=person.id, reason="Planted", began_at=when,
                ends_at=when + timedelta(hours=1), due_at=when + policy.GLASS_REVIEW, reviewed_at=when,
            )  # fmt: skip
        played.note(when, person, (Kernel.GLASS_BROKEN, client))


def _new_device(played: Played, person: Person, on: date) -> None:
    played.sign_in(at(on - timedelta(days=1), 8), person)
    with writing("a device nobody knows"):
        device = Device.objects.create(key_digest=uuid7().hex, name="Unknown", state=Device.State.APPROVED)
    played.sign_in(at(on, 8), person, device)


def _odd_hour(played: Played, person: Person, on: date) -> None:
    played.sign_in(at(on, 2, 30), person)


def _two_places(played: Played, person: Person, on: date) -> None:
    for minute, address in enumerate(("198.51.100.7", "192.0.2.44", "198.51.100.7")):
        played.note(at(on, 15, minute), person, (Kernel.LIST_SHOWN, None), address=address)


def _guessed(played: Played, person: Person, on: date) -> None:
    for minute in range(policy.GUESSED_CODES):
        played.note(at(on, 14, minute), person, (Identity.SIGN_IN_FAILED, None), result=Result.FAILED)


def _leaked(played: Played, person: Person, on: date) -> None:
    played.note(at(on, 8), person, (Identity.PASSWORD_LEAKED, None))


PLANTS: Final[dict[str, Plant]] = {
    "no_reason": _no_reason, "own_record": _own_record, "colleague": _colleague, "household": _household,
    "surname": _surname, "watched": _watched, "former": _former, "returning": _returning, "bulk": _bulk,
    "night": _night, "exports": partial(_many, Record.PRINTED, policy.SPREE_CLIENTS),
    "uncovered": partial(_many, Card.REVEALED, policy.UNCOVERED_CLIENTS), "refused": _refused, "glass": _glass,
    "new_device": _new_device, "odd_hour": _odd_hour, "two_places": _two_places, "guessed": _guessed,
    "leaked": _leaked,
}  # fmt: skip
"""A pattern for every rule that reads the log, by the rule's key; the limit has a check of its own."""


def misuse_is_seen_and_work_is_quiet(practice: Practice) -> str:
    """Plant each pattern on a day of its own, then live a month; count what the rules raised."""
    seed = int(os.environ.get(SEED, "0")) or secrets.randbelow(10**9) + 1
    played = Played(practice, seed)
    today = timezone.localdate()
    with told_time():
        played.hire()
        played.begin()
        for number, (key, plant) in enumerate(PLANTS.items()):
            on = today - _PLANTS + timedelta(days=number)
            plant(played, played.rng.choice(played.clinicians), on)
            played.look(at(on, 23, 59))
            _must_be_raised(key, played)
        quiet = Played(practice, seed + 1)
        quiet.hire()
        quiet.begin()
        raised = quiet.live(today - _MONTH, A_WEEK)
        worst = _worst_week(raised)
    if worst > A_WEEK:
        kinds = Counter(one.rule for one in raised)
        raise Broken(f"ordinary work raised {worst} alerts in a week (seed {seed}): {dict(kinds)}")
    return (
        f"{len(PLANTS)} planted patterns each raised their alert; {quiet.entries:,} entries of an ordinary month of "
        f"eleven people raised {len(raised)}, at most {worst} in a week (seed {seed})"
    )


def _must_be_raised(key: str, played: Played) -> None:
    """Raise ``Broken`` unless one of these people has an alert of this rule; those of earlier runs are others."""
    if not Alert.objects.filter(rule=key, person_id__in=[one.id for one in played.people]).exists():
        raise Broken(f"the planted pattern “{key}” raised no alert (seed {played.seed})")


def _worst_week(raised: list[Alert]) -> int:
    """Return how many alerts the fullest seven days brought."""
    moments: list[datetime] = [one.raised_at for one in raised]
    week = timedelta(days=7)
    return max((sum(first <= one < first + week for one in moments) for first in moments), default=0)


def _without(key: str) -> Fault:
    @contextmanager
    def planted(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
        """Plant: a rule is switched off."""
        with mock.patch.dict(RULES):
            del RULES[key]
            yield

    return planted


@contextmanager
def jumpy_rules(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: figures so sharp that ordinary work alerts."""
    patches: list[AbstractContextManager[object]] = [
        mock.patch.object(policy, "NO_REASON_CLIENTS", 1), mock.patch.object(policy, "SPREE_CLIENTS", 1),
    ]  # fmt: skip
    with patches[0], patches[1]:
        yield


PROMISES = [
    Promise(
        23,
        "Planted misuse of records and sign-ins raises an alert, each pattern its own; a month of ordinary work by "
        "eleven people raises at most five a week",
        misuse_is_seen_and_work_is_quiet,
        (
            ("the rule of one's own record switched off", _without("own_record")),
            ("the rule of a colleague's record switched off", _without("colleague")),
            ("rules so sharp that work alerts", jumpy_rules),
        ),
    ),
]
