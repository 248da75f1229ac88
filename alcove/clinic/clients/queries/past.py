"""A client's rows as they were at a past moment, rebuilt from the kept versions, and every step from then to now.

A version holds what a row had before one change, so the rows of today are taken back change by change. Whoever asks
sees in the past no more than now: rows out of sight have no versions in sight either, and of the others only the halves
open here are read. A version that holds nothing says that its row was not there before it (``Change.bring_back``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.dateparse import parse_datetime

from alcove.clinic.clients.queries.history import Values, people, values_before, values_now
from alcove.security.access.actors import Actor
from alcove.security.access.models import Version
from alcove.security.audit import events
from alcove.security.audit.models import Entry

WHOLE = ""
"""The path of a row itself: that it came, or went."""
_FORMER = "A former account"


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one field: when, by whom, and what the deed was."""

    at: datetime
    who: str
    words: str


@dataclass(slots=True)
class Rebuilt:
    """One row then and now; ``then`` and ``now`` are None where it was, or is, not there.

    ``steps``: the changes since, newest first, by path: ``column``, ``column.key`` inside a JSON column, or ``WHOLE``.
    ``by_id``: who made the newest of them.
    """

    model: type[models.Model]
    id: UUID
    row: models.Model | None
    now: Values | None
    then: Values | None = None
    steps: dict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))
    by_id: UUID | None = None
    audience_id: UUID | None = None

    @property
    def version(self) -> int:
        """The row's number now; 0 for one that is not there."""
        return int(getattr(self.row, "version", 0))


def stored(value: Any) -> Any:
    """Return a column's value as a version keeps it, so that the two can be compared."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def at_path(values: Values | None, path: str) -> Any:
    """Return what stands at ``column`` or ``column.key``; None for nothing."""
    column, _, key = path.partition(".")
    held = (values or {}).get(column)
    return held.get(key) if key and isinstance(held, dict) else held if not key else None


def rebuilt(
    actor: Actor, client_id: UUID, kinds: Iterable[type[models.Model]], at: datetime, only: UUID | None = None
) -> list[Rebuilt]:
    """Return a client's rows of these kinds then and now, those that came or went since as well.

    ``only``: one row's id. Rows and versions out of sight are left out.
    """
    by_label = {kind._meta.label_lower: kind for kind in kinds}
    found = {one.id: one for kind in by_label.values() for one in _standing(actor, client_id, kind, only)}
    versions = Version.objects.filter(client_id=client_id, at__gt=at, model__in=list(by_label))
    if only is not None:
        versions = versions.filter(object_id=only)
    newest_first = list(versions.order_by("-at", "-id"))
    names = people({one.actor_id for one in newest_first if one.actor_id})
    for version in newest_first:
        one = found.get(version.object_id)
        if one is None:
            one = found[version.object_id] = Rebuilt(
                by_label[version.model], version.object_id, None, None, audience_id=version.audience_id
            )
        _take_back(actor, one, version, names)
    for one in found.values():
        if one.then is not None and _made_at(one) > at:
            one.then = None
    _name_makers(client_id, [one for one in found.values() if one.then is None and one.now is not None], at)
    return list(found.values())


def _standing(
    actor: Actor, client_id: UUID, kind: type[models.Model], only: UUID | None
) -> Iterable[Rebuilt]:
    is_client = getattr(kind, "is_client", False)
    rows = kind._default_manager.filter(**{"pk" if is_client else "client_id": client_id})
    if only is not None:
        rows = rows.filter(pk=only)
    for row in rows:
        values = {name: stored(value) for name, value in values_now(actor, row).items()}
        yield Rebuilt(kind, row.pk, row, values, dict(values), audience_id=getattr(row, "audience_id", None))


def _take_back(actor: Actor, one: Rebuilt, version: Version, names: Mapping[UUID, str]) -> None:
    """Undo one change in ``then`` and note it as a step of each field it changed."""
    who = names.get(version.actor_id, "") if version.actor_id else version.actor_name
    step = Step(version.at, who or _FORMER, events.words(version.event))
    before = values_before(actor, version)
    one.by_id = one.by_id or version.actor_id
    if not before:
        one.steps[WHOLE].append(step)
        one.then = None
        return
    if one.then is None:
        one.steps[WHOLE].append(step)
        one.then = before
        return
    for path in _differing(before, one.then):
        one.steps[path].append(step)
    one.then = one.then | before


def _differing(before: Values, after: Values) -> list[str]:
    found: list[str] = []
    for name, old in before.items():
        new = after.get(name)
        if isinstance(old, dict) or isinstance(new, dict):
            was, now = old or {}, new or {}
            found += [f"{name}.{key}" for key in was.keys() | now.keys() if was.get(key) != now.get(key)]
        elif old != new:
            found.append(name)
    return found


def _made_at(one: Rebuilt) -> datetime:
    """Return when a row was made: what it says itself, or the moment in its id for one that came from elsewhere."""
    held = one.then or {}
    said = next((held[name] for name in ("created_at", "written_at", "at") if held.get(name)), None)
    if said is None or held.get("source") == "import":
        return datetime.fromtimestamp((one.id.int >> 80) / 1000, UTC)
    return parse_datetime(said) or datetime.max.replace(tzinfo=UTC)


def _name_makers(client_id: UUID, new: list[Rebuilt], at: datetime) -> None:
    """Note who added what was not there yet, from the log; what an import brought names no row there."""
    objects = {f"{one.model._meta.label_lower} {one.id.hex}": one for one in new if not one.steps[WHOLE]}
    if not objects:
        return
    entries = Entry.objects.filter(
        client_id=client_id, object__in=list(objects), at_us__gt=int(at.timestamp() * 1_000_000)
    )
    oldest_last = list(entries.order_by("-at_us", "-counter"))
    names = people({one.actor_id for one in oldest_last if one.actor_id})
    for entry in oldest_last:
        who = names.get(entry.actor_id, _FORMER) if entry.actor_id else entry.role
        objects[entry.object].steps[WHOLE][:] = [Step(entry.at, who, entry.words)]
