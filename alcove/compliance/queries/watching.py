"""Comparing what is new in the log with the rules: reads on from a block of the chain, so nothing is left out or twice.

The sequencer puts every entry into exactly one block, late ones too; a moment or a count of one writer would miss some.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from alcove.compliance.models import Alert, Mark
from alcove.compliance.queries import days, ties
from alcove.compliance.queries.days import Day
from alcove.compliance.queries.rules import RULES, Finding, Rule
from alcove.security.audit.models import Block, Entry

AT_ONCE: Final = "at once"
AFTERWARDS: Final = "afterwards"
MARKS: Final = (AT_ONCE, AFTERWARDS)
"""The rules that wait have a mark of their own."""
BLOCKS: Final = 100
"""So many blocks are compared in one go; a worker that was away goes on with the next ones."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with its rule and whose day it is."""

    rule: Rule
    person_id: UUID
    on: date
    finding: Finding

    @property
    def mark(self) -> str:
        """What makes it one thing, however often it is found."""
        client = self.finding.client_id.hex if self.finding.client_id else ""
        return f"{self.rule.key}:{self.person_id.hex}:{client}:{self.finding.span or self.on.isoformat()}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Blocks that were not compared yet: after ``first``, up to and with ``last``."""

    first: int
    last: int
    ranges: tuple[tuple[str, int, int], ...]


def newest() -> int:
    """Return the number of the log's last block; 0 if there is none."""
    return Block.objects.order_by("-number").values_list("number", flat=True).first() or 0


def stretch(name: str, wait: timedelta) -> Stretch | None:
    """Return what comes after this mark and is older than ``wait``; None if that is nothing, or there is no mark."""
    first = Mark.objects.filter(pk=name).values_list("block", flat=True).first()
    if first is None:
        return None
    until = time.time_ns() // 1000 - int(wait.total_seconds() * 1_000_000)
    blocks = Block.objects.filter(number__gt=first, at_us__lte=until).order_by("number")
    rows = list(blocks.values_list("number", "ranges")[:BLOCKS])
    if not rows:
        return None
    ranges = [(writer, low, high) for _, text in rows for writer, low, high in json.loads(text)]
    return Stretch(first, rows[-1][0], tuple(ranges))


def find(new: Stretch, rules: Iterable[Rule]) -> list[Found]:
    """Return what these rules find in the days that the new entries belong to, without what was raised before."""
    rules, found = list(rules), []
    touched = sorted(_touched(new).items(), key=lambda item: (item[0][1], item[0][0]))
    looked = [days.of(*key, new=clients) for key, clients in touched]
    if any(rule.asks_ties for rule in rules):
        _tie(looked)
    for day in looked:
        found += [Found(rule, day.person_id, day.on, one) for rule in rules for one in rule.judge(day)]
    held = set(Alert.objects.filter(mark__in=[one.mark for one in found]).values_list("mark", flat=True))
    return list({one.mark: one for one in found if one.mark not in held}.values())


def _tie(looked: Sequence[Day]) -> None:
    """Compare everybody with the clients they opened anew: all at once, so that one entry names them."""
    held = ties.of([(day.person_id, client) for day in looked for client in sorted(day.new & set(day.looks))])
    for day in looked:
        day.tied = {
            client: held[day.person_id, client] for client in day.looks if (day.person_id, client) in held
        }


def _touched(new: Stretch) -> dict[tuple[UUID, date], set[UUID]]:
    """Return whose days have new entries, with the clients in them; only people are judged, never jobs."""
    found: dict[tuple[UUID, date], set[UUID]] = {}
    for at in range(0, len(new.ranges), 20):
        rows = Entry.objects.filter(
            _within(new.ranges[at : at + 20]), actor_kind="person", actor_id__isnull=False
        )
        for person_id, client_id, at_us in rows.values_list("actor_id", "client_id", "at_us").iterator():
            clients = found.setdefault((person_id, days.day_of(at_us)), set())  # type: ignore[arg-type]  # not null
            if client_id:
                clients.add(client_id)
    return found


def _within(ranges: Sequence[tuple[str, int, int]]) -> Q:
    wanted = Q()
    for writer, low, high in ranges:
        wanted |= Q(writer=UUID(writer), counter__gte=low, counter__lte=high)
    return wanted


def rules_of(name: str) -> list[Rule]:
    """Return the rules that go by this mark."""
    return [rule for rule in RULES.values() if rule.waits == (name == AFTERWARDS)]
