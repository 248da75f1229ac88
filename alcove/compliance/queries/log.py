"""The officer's view of the audit log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from alcove.security.access.actors import Actor
from alcove.security.access.change import APPROVER
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Log
from alcove.security.audit import events
from alcove.security.audit.models import Block, Entry, EntryQuerySet, Origin
from alcove.security.identity.queries.explain import names
from alcove.security.vault import crypto
from alcove.security.vault.house import house

PAGE = 50
_ID = re.compile(r"\b[0-9a-f]{32}\b")
"""An id as entries name it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show of the log: ids, code words and days; None or "" means all."""

    person: UUID | None = None
    client: UUID | None = None
    area: str = ""
    event: str = ""
    result: str = ""
    since: date | None = None
    until: date | None = None

    def rows(self) -> EntryQuerySet:
        """Return the entries that fit, newest first."""
        found = Entry.objects.newest_first()
        if self.person:
            found = found.filter(actor_id=self.person)
        if self.client:
            found = found.filter(client_id=self.client)
        if self.event:
            found = found.filter(event=self.event)
        elif self.area:
            found = found.of_area(self.area)
        if self.result:
            found = found.filter(result=self.result)
        if self.since:
            found = found.filter(at_us__gte=_micros(self.since))
        if self.until:
            found = found.filter(at_us__lt=_micros(self.until + timedelta(days=1)))
        return found


def _micros(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1_000_000)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as the officer reads it."""

    entry: Entry
    people: Mapping[UUID, str]
    reason: str
    origin: Origin | None

    @property
    def who(self) -> str:
        return self.people.get(self.entry.actor_id, "") if self.entry.actor_id else ""

    @property
    def approver(self) -> str:
        """Who approved what took a second person."""
        word, _, named = self.entry.fields.partition(",")[0].partition(" ")
        return self._named(named) if word == APPROVER else ""

    @property
    def fields(self) -> str:
        """The names of the fields, and of the staff whom they name; who approved it is told beside."""
        named = self.entry.fields.partition(",")[2] if self.approver else self.entry.fields
        return self._named(", ".join(named.split(",")))

    def _named(self, text: str) -> str:
        return _ID.sub(lambda found: self.people.get(UUID(found[0]), found[0]), text)

    @property
    def shown(self) -> int:
        """How many clients a list showed."""
        return len(bytes(self.entry.clients)) // 16 if self.entry.clients else 0


def log(actor: Actor, wanted: Filter, number: int) -> tuple[list[Line], bool]:
    """Return one page of the log and whether there is another; looking is recorded as well."""
    actor.must(Log.VIEW)
    record_now(entry(actor, events.Did.LOG_VIEWED, client_id=wanted.client, object=f"page {number}"))
    rows = list(wanted.rows()[(number - 1) * PAGE : number * PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    people = names(one for row in rows for one in (row.actor_id, *map(UUID, _ID.findall(row.fields))))
    # Network addresses are personal data: whoever else reads the log reads it without them.
    asked = {row.origin_id for row in rows if row.origin_id} if actor.holds(Log.ADDRESSES) else set()
    origins = Origin.objects.in_bulk(asked)
    return [
        Line(row, people, _reason(row), origins.get(row.origin_id) if row.origin_id else None) for row in rows
    ], more


def _reason(row: Entry) -> str:
    if not row.reason:
        return ""
    return house().open(bytes(row.reason), crypto.binding("audit.entry.reason", row.id)).decode()


def chain_state() -> dict[str, object]:
    """Return how far the log is linked, for the head of the page."""
    last = Block.objects.order_by("-number").first()
    return {
        "entries": last.entries if last else 0,
        "block": last.number if last else 0,
        "at": datetime.fromtimestamp(last.at_us / 1_000_000, UTC) if last else None,
    }
