"""Who might do what on a past day, rebuilt from the log (AUD-09): rights of roles, who held them, settings.

Rights of a built-in role are taken back from now, tick by tick, because a later version's approved list says nothing
about the past; a role of the practice's own is built up from its creation, so that deleted ones are told as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from alcove.compliance.baseline.policy import Baseline
from alcove.compliance.baseline.queries import given
from alcove.security.access.actors import Actor
from alcove.security.access.models import Role, Version
from alcove.security.access.policy import Did as Access
from alcove.security.access.policy import grantable
from alcove.security.access.rules import RULES, Rule
from alcove.security.identity.models import Person

_UNTIL: Final = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True, slots=True)
class PastRole:
    """A role as it was: its rights by key and in words, and who held it."""

    name: str
    rights: frozenset[str]
    holders: tuple[str, ...]
    is_gone: bool

    @property
    def meanings(self) -> list[str]:
        known = grantable()
        return sorted(known.get(key, key) for key in self.rights)


@dataclass(frozen=True, slots=True)
class PastSetting:
    """A setting as it was, and as it is."""

    rule: Rule
    value: int

    @property
    def differs(self) -> bool:
        return self.value != self.rule.chosen


@dataclass(frozen=True, slots=True)
class Past:
    """Everything as it was at a moment."""

    at: datetime
    roles: list[PastRole]
    settings: list[PastSetting]


def on(actor: Actor, day: date) -> Past:
    """Return who might do what at the end of a day at the practice, or now if it is today."""
    actor.must(Baseline.VIEW)
    end = timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
    return as_of(min(end, timezone.now()))


def as_of(at: datetime) -> Past:
    """Return who might do what at a moment."""
    names = _names()
    held = _holders(at, names)
    living = set(Role.objects.values_list("pk", flat=True))
    roles = [
        PastRole(names[role], frozenset(keys), tuple(sorted(held.get(role, []))), role not in living)
        for role, keys in _rights(at).items()
        if role in names
    ]
    return Past(at, sorted(roles, key=lambda one: one.name), _settings(at))


def _names() -> dict[UUID, str]:
    """Return the names of all roles there are and were; one that was deleted is told by its last version."""
    gone = Version.everything.filter(model=Role._meta.label_lower, event=Access.ROLE_DELETED.key)
    found = {one.object_id: str((one.before or {}).get("name", "A deleted role")) for one in gone}
    return found | dict(Role.objects.values_list("pk", "name"))


def _rights(at: datetime) -> dict[UUID, set[str]]:
    unasked = {role.pk: set(more) for role, more in given.beyond()}
    now = {
        role.pk: set(role.rights) - unasked.get(role.pk, set())
        for role in Role.objects.filter(is_builtin=True)
    }
    said = given.entries(given.ROLE_EVENTS)
    for one in reversed(said):
        role = given.row_of(one)
        if one.at >= at and role in now and one.event == Access.ROLE_CHANGED.key:
            more, less = given.ticks(one)
            now[role] = (now[role] - more) | less
    found: dict[UUID, set[str]] = {}
    for one in said:
        role = given.row_of(one)
        if one.at >= at:
            break
        if one.event == Access.ROLE_DELETED.key:
            found.pop(role, None)
        elif one.event == Access.ROLE_CREATED.key:
            found[role] = now.get(role, set())
        elif role not in now:
            more, less = given.ticks(one)
            found[role] = (found.get(role, set()) | more) - less
    return found


def _holders(at: datetime, names: dict[UUID, str]) -> dict[UUID, list[str]]:
    people = dict(Person.objects.values_list("pk", "name"))
    found: dict[UUID, list[str]] = {}
    for person, said in given.roles_given(at).items():
        for role, name in names.items():
            if _holds(name, said, at):
                found.setdefault(role, []).append(people.get(person, person.hex[-12:]))
    return found


def _holds(name: str, said: list[str], at: datetime) -> bool:
    last = next(
        (how for how in (given.given_by(name, one) for one in reversed(said)) if how is not None), None
    )
    if last in {None, given.TAKEN}:
        return False
    return not last or at < datetime.strptime(last, _UNTIL).replace(tzinfo=UTC)


def _settings(at: datetime) -> list[PastSetting]:
    """Return every setting: what the last change before the moment made it, or what the first one after found."""
    found: dict[str, int] = {}
    later: dict[str, int] = {}
    for one in given.entries([Access.RULE_CHANGED.key]):
        key, before, _, after = one.fields.split(" ")
        if one.at < at:
            found[key] = int(after)
        else:
            later.setdefault(key, int(before))
    return [PastSetting(rule, found.get(key, later.get(key, rule.chosen))) for key, rule in RULES.items()]
