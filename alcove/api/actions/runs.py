"""A whole import: file by file, bundle by bundle, client by client, and the report of it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError

from alcove.api.actions.imports import import_client
from alcove.api.fhir import bundles, plans, sorting
from alcove.api.fhir.checks import Habits
from alcove.api.fhir.defects import Defect
from alcove.api.fhir.plans import Plan
from alcove.api.policy import Api
from alcove.api.queries import imported
from alcove.clinic.practice.models import Practice
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open
from alcove.security.vault import files
from alcove.security.vault.keyring import keyring

OUTCOMES = ("read", "created", "kept", "changed", "unchanged", "shared", "refused")


@dataclass
class Report:
    """What an import did. ``kinds``: by resource type, how many had each outcome; places and rules, no client's value.

    ``clients``: new ones; ``may_be_same``: new clients who may be someone the practice knows already.
    """

    is_dry_run: bool = False
    files: list[str] = field(default_factory=list)
    kinds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    defects: list[Defect] = field(default_factory=list)
    clients: int = 0
    may_be_same: int = 0

    def count(self, kind: str, outcome: str, number: int = 1) -> None:
        self.kinds[kind][outcome] += number

    def total(self, outcome: str) -> int:
        return sum(counted[outcome] for counted in self.kinds.values())

    @property
    def refused(self) -> list[Defect]:
        return [one for one in self.defects if one.outcome == "refused"]

    def as_report(self) -> dict[str, Any]:
        return {
            "dry_run": self.is_dry_run,
            "files": self.files,
            "clients": self.clients,
            "may_be_same": self.may_be_same,
            "total": {name: self.total(name) for name in OUTCOMES},
            "kinds": {
                kind: {name: held[name] for name in OUTCOMES} for kind, held in sorted(self.kinds.items())
            },
            "rules": dict(Counter(f"{one.rule} {one.outcome}" for one in self.defects)),
            "defects": [one.as_report() for one in self.defects],
        }


Advance = Callable[[int], None]


def import_files(
    actor: Actor, paths: Sequence[Path], *, dry_run: bool = False, advance: Advance = lambda _: None
) -> Report:
    """Import FHIR R4 files; return the report. With ``dry_run`` nothing is written and no client's key is opened.

    Each client of each bundle is one transaction, so what is killed is run again and goes on where it stood.
    """
    actor.must(Api.IMPORT)
    actor.must(Open.RECORD)
    run = _Run(actor, Report(is_dry_run=dry_run))
    words: dict[int, set[str]] = defaultdict(set)
    for found in bundles.read(paths):
        if found.defect:
            run.report.defects.append(found.defect)
            continue
        sorted_ = sorting.sort(found.document, found.place)
        words[found.place.file] |= _name_words(sorted_)
        run.take(sorted_)
        advance(sum(sorted_.read.values()))
    run.report.files = [_harmless_name(path, words[number]) for number, path in enumerate(paths, 1)]
    return run.report


def _name_words(found: sorting.Sorted) -> set[str]:
    """Return the words of the clients' names and numbers, for keeping them out of the report."""
    words: set[str] = set()
    for group in found.groups:
        held = group.patient.resource if group.patient else {}
        for part, keys in (("name", ("family", "given", "text")), ("identifier", ("value",))):
            for one in held.get(part) or []:
                said = " ".join(str(one.get(key, "")) for key in keys) if isinstance(one, dict) else ""
                words |= set(re.findall(r"[^\W_]{2,}", said.casefold()))
    return words


def _harmless_name(path: Path, words: set[str]) -> str:
    """Return a file's name, unless it holds a word of a client's name: exports of one patient are often called so."""
    held = set(re.findall(r"[^\W_]{2,}", path.name.casefold()))
    return "(its name is a client's)" if held & words else path.name


class _Run:
    """What one import carries from bundle to bundle."""

    def __init__(self, actor: Actor, report: Report) -> None:
        self.actor, self.report, self.habits = actor, report, Habits()
        practice = Practice.objects.first()
        self.country = practice.country if practice else "US"
        self.zone = ZoneInfo(practice.time_zone if practice else "UTC")

    def take(self, found: sorting.Sorted) -> None:
        """Import one bundle."""
        for kind, number in found.read.items():
            self.report.count(kind, "read", number)
        for entry in found.shared:
            self.report.count(entry.type, "shared")
        counted: set[int] = set()
        for group in found.groups:
            self._take_client(group, counted)
        for kind, number in found.refused.items():
            self.report.count(kind, "refused", number)
        self.report.defects += found.defects

    def _plan(self, group: sorting.Group, habits: Habits) -> Plan:
        return plans.plan(group, habits, self.country, imported.source_keys, imported.digests, imported.known)

    def _take_client(self, group: sorting.Group, counted: set[int]) -> None:
        plan = self._plan(group, self.habits)
        same = plan.client_id is None and plan.card is not None and self._may_be_same(plan)
        if plan.has_work and not self.report.is_dry_run:
            try:
                self._write(plan)
            except IntegrityError:
                # Another import brought something of this client a moment ago: look again, once.
                plan = self._plan(group, Habits())
                if plan.has_work:
                    self._write(plan)
        self._count(plan, counted, same=bool(same))

    def _may_be_same(self, plan: Plan) -> bool:
        # A dry run opens nobody's key, so it cannot compare.
        return bool(
            not self.report.is_dry_run and plan.card and imported.may_be(self.actor, plan.card.directory)
        )

    def _write(self, plan: Plan) -> None:
        stored: list[str] = []
        try:
            with keyring():
                import_client(self.actor, plan, self.zone, stored)
        except BaseException:
            for name in stored:
                files.discard(name)
            raise

    def _count(self, plan: Plan, counted: set[int], *, same: bool) -> None:
        everything = [*plan.wanted, *([plan.patient] if plan.patient else [])]
        # What two clients of a bundle share is kept with each and counted once.
        for one in everything:
            if one.outcome != "refused" and one.entry.index not in counted:
                self.report.count(one.entry.type, one.outcome)
                counted.add(one.entry.index)
        for kind, number in plan.refused.items():
            self.report.count(kind, "refused", number)
        self.report.defects += plan.defects
        if plan.patient and plan.patient.outcome == "created":
            self.report.clients += 1
            self.report.may_be_same += same
