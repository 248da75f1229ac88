"""Every earlier version of a row, as differences a person can read. Works for any row with a kept history.

A version holds what a row had *before* one change; what it had after is the next version, or the row as it is now.
Nothing is opened here that the guard has not opened: of a client's row, someone who may not open the record sees the
directory half only.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime

from alcove.clinic.clients.queries import contacts, identifiers
from alcove.security.access.actors import Actor
from alcove.security.access.models import Version
from alcove.security.access.policy import Open
from alcove.security.audit import events
from alcove.security.identity.models import Person
from alcove.security.vault.fields import SealedField
from alcove.security.vault.keyring import Part

Values = dict[str, Any]
NOT_SHOWN = frozenset(
    {
        "version",
        "dir_seq",
        "created_at",
        "author_id",
        "checked_by",
        "signature",
        "file_key",
        "object_name",
        "fhir",
        "results",
    }
)
"""Columns and parts of sealed values that are for the program: ``fhir`` is an imported resource as it came, ``results``
are ids of values, some of which may be out of sight."""
NUMBERS = "numbers"
"""The part of a card whose identity numbers are covered in every version too."""
_PHONE = re.compile(r"\+\d{7,15}(;ext=\d+)?$")
_CODE = re.compile(r"(?<=[a-z])_(?=[a-z])")


@dataclass(frozen=True, slots=True)
class Changed:
    """One field changed by one deed: when, by whom, what the deed was, and the field's words before and after."""

    at: datetime
    who: str
    words: str
    thing: str
    label: str
    before: str
    after: str


def history(
    actor: Actor,
    client_id: UUID | None,
    row: models.Model,
    labels: Mapping[str, str] | None = None,
    thing: str = "",
) -> list[Changed]:
    """Return every kept change of one row, newest first. ``labels``: words for field names that need them."""
    found = Version.objects.filter(object_id=row.pk, model=row._meta.label_lower, client_id=client_id)
    return _changes(actor, list(found), {row.pk: row}, labels or {}, lambda _version: thing)


def histories(
    actor: Actor,
    client_id: UUID,
    rows: Sequence[models.Model],
    models_: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
) -> list[Changed]:
    """Return every kept change of a client's rows of some kinds, newest first, those of removed rows as well.

    ``models_``: which kinds, by the model's label in lower case, and what to call one (``{"clients.alert": "Alert"}``).
    """
    found = Version.objects.filter(client_id=client_id, model__in=list(models_))
    by_id = {row.pk: row for row in rows}
    return _changes(actor, list(found), by_id, labels or {}, lambda version: models_[version.model])


def before_version(actor: Actor, row: models.Model, version: int) -> Values:
    """Return a row's values as they were at an earlier ``version`` number, as far as this actor may read them."""
    back = max(int(row.version) - version, 0)  # type: ignore[attr-defined]  # rows with a version column only
    state = values_now(actor, row)
    if back:
        kept = Version.objects.filter(object_id=row.pk, model=row._meta.label_lower).order_by("-at", "-id")
        for one in kept[:back]:
            state |= values_before(actor, one)
    return state


def _changes(
    actor: Actor,
    versions: list[Version],
    rows: Mapping[UUID, models.Model],
    labels: Mapping[str, str],
    thing: Any,
) -> list[Changed]:
    versions.sort(key=lambda one: (one.at, one.id), reverse=True)
    names = people({one.actor_id for one in versions if one.actor_id})
    states: dict[UUID, Values] = defaultdict(dict)
    states |= {key: values_now(actor, row) for key, row in rows.items()}
    found: list[Changed] = []
    for version in versions:
        before, state = values_before(actor, version), states[version.object_id]
        who = names.get(version.actor_id, "") if version.actor_id else version.actor_name
        for label, old, new in _differences(before, state, labels):
            words = events.words(version.event)
            found.append(
                Changed(version.at, who or "A former account", words, thing(version), label, old, new)
            )
        state |= before
    return found


def people(ids: set[UUID]) -> dict[UUID, str]:
    """Return the names of staff by id."""
    return dict(Person.objects.filter(pk__in=ids).values_list("id", "name")) if ids else {}


def values_before(actor: Actor, version: Version) -> Values:
    """Return what a version kept, as far as this actor may read it; nothing for a row that was not there before it."""
    held = dict(version.directory_before or {}) if version.client_id else dict(version.before or {})
    if version.client_id and actor.holds(Open.RECORD):
        held |= version.before or {}
    return held


def values_now(actor: Actor, row: models.Model) -> Values:
    """Return a row's columns as a version would keep them, leaving out what this actor may not open."""
    found: Values = {}
    for column in row._meta.concrete_fields:
        is_record = isinstance(column, SealedField) and column.owner != "house" and column.part == Part.RECORD
        if is_record and not actor.holds(Open.RECORD):
            continue
        found[column.name] = getattr(row, column.attname)
    return found


def _differences(before: Values, after: Values, labels: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return (label, before, after) of every field that differs; fields inside a JSON column one by one."""
    found: list[tuple[str, str, str]] = []
    for name, old in before.items():
        if name in NOT_SHOWN:
            continue
        new = after.get(name)
        if isinstance(old, dict) or isinstance(new, dict):
            old, new = old or {}, new or {}  # noqa: PLW2901 - an absent object holds nothing
            keys = [*old, *(key for key in new if key not in old)]
            keys = [key for key in keys if key not in NOT_SHOWN]
            pairs = [(key, old.get(key), new.get(key)) for key in keys]
        else:
            pairs = [(name, old, new)]
        for key, was, now in pairs:
            if key == NUMBERS:
                words = (readable(identifiers.covered(was or [])), readable(identifiers.covered(now or [])))
            else:
                words = (readable(was), readable(now))
            # Covered numbers may look alike and yet be others.
            if words[0] != words[1] or (key == NUMBERS and was != now):
                found.append((labels.get(key) or label_of(key), *words))
    return found


def label_of(key: str) -> str:
    """Return a field's name as words: ``contact_by`` becomes ``Contact by``."""
    return _CODE.sub(" ", key).capitalize()


def readable(value: Any) -> str:
    """Return a stored value as text: lists one line each, objects as ``name: value``, dates in words, none as ""."""
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, dict):
        return "\n".join(f"{label_of(str(key))}: {readable(one)}" for key, one in value.items() if one)
    if isinstance(value, list):
        return "\n".join(", ".join(readable(item).splitlines()) for item in value)
    if isinstance(value, str):
        return contacts.shown(value) if _PHONE.match(value) else _moment(value)
    if isinstance(value, datetime):
        return date_format(localtime(value), "j M Y, H:i")
    return date_format(value, "j M Y") if isinstance(value, date) else str(value)


def _moment(text: str) -> str:
    """Return an ISO day or moment in words; every other text as it is."""
    if len(text) < 10 or text[4] != "-" or not text[:4].isdigit():  # noqa: PLR2004 - the length of an ISO day
        return text
    try:
        day = parse_date(text)
        moment = None if day else parse_datetime(text)
    except ValueError:
        return text
    if day:
        return date_format(day, "j M Y")
    return date_format(localtime(moment), "j M Y, H:i") if moment and moment.tzinfo else text
