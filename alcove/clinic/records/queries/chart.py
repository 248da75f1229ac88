"""The chart's lists. All entries of a kind are opened to order them: their dates are sealed with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.utils import timezone

from alcove.clinic.clients.models import Client, ImportedRow
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.history import people
from alcove.clinic.records.models import Item, KeptResource
from alcove.clinic.records.models.content import (
    Allergy,
    Entry,
    Immunisation,
    Medication,
    Observation,
    Plan,
    Procedure,
    Report,
)
from alcove.clinic.records.queries import entries, readers
from alcove.clinic.records.queries.entries import Row
from alcove.clinic.records.queries.words import day, day_of, legible, span
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.policy import Open

LISTED = tuple(kind for kind in Item.Kind if kind != Item.Kind.OBSERVATION)
MAIN = (Item.Kind.ALLERGY, Item.Kind.MEDICATION, Item.Kind.CONDITION, Item.Kind.PROCEDURE)
ONE = {
    Item.Kind.ALLERGY: "allergy",
    Item.Kind.MEDICATION: "medication",
    Item.Kind.CONDITION: "condition",
    Item.Kind.PROCEDURE: "procedure",
    Item.Kind.IMMUNISATION: "immunisation",
    Item.Kind.OBSERVATION: "value",
    Item.Kind.REPORT: "result",
    Item.Kind.PLAN: "care plan",
}
"""What one entry of each list is called in a sentence."""
LASTING = frozenset({Item.Kind.ALLERGY, Item.Kind.MEDICATION, Item.Kind.CONDITION, Item.Kind.PLAN})
"""Kinds that last and end; the others happened on a day."""
PAST = frozenset(
    {"resolved", "inactive", "stopped", "completed", "ended", "cancelled", "remission", "entered-in-error"}
)
SOURCES = {"import": "imported", "patient": "from the client"}
_SYSTEMS = {
    "snomed": "SNOMED", "rxnorm": "RxNorm", "loinc": "LOINC", "icd-10": "ICD-10", "cvx": "CVX", "hl7.org": "HL7",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown: what it is, the words beneath, when, and what state it is in.

    ``readers``: who reads it, if it is sensitive and this is shown to one of them.
    """

    id: UUID
    client_id: UUID
    kind: str
    name: str
    words: list[str]
    when: str
    status: str
    code: str
    note: str
    is_past: bool
    is_severe: bool
    is_waiting: bool
    is_verified: bool
    is_struck: bool
    source: str
    checked_by: str
    day: date | None
    version: int
    readers: str = ""

    @property
    def url(self) -> str:
        return page_url("records:item", client_id=self.client_id, item_id=self.id)

    @property
    def strike_url(self) -> str:
        return page_url("records:item_strike", client_id=self.client_id, item_id=self.id)

    @property
    def put_back_url(self) -> str:
        return page_url("records:item_put_back", client_id=self.client_id, item_id=self.id)

    @property
    def versions_url(self) -> str:
        return page_url("records:versions", client_id=self.client_id, what="item", row_id=self.id)

    @property
    def audience_url(self) -> str:
        return page_url("records:audience", client_id=self.client_id, what="item", row_id=self.id)

    @property
    def may_be_sensitive(self) -> bool:
        """Whether the mark is offered: an allergy stands in everybody's red band."""
        return self.kind != Item.Kind.ALLERGY.value

    @property
    def origin(self) -> str:
        """Where it comes from and who looked at it since, in a few words."""
        seen = "rejected" if self.is_struck and not self.is_verified else "checked"
        return ", ".join(filter(None, (self.source, self.checked_by and f"{seen} by {self.checked_by}")))

    @property
    def detail(self) -> str:
        return " · ".join(word for word in self.words if word)

    @property
    def summary(self) -> str:
        """Everything short that is said of it, on one line."""
        return " · ".join(word for word in (self.when, *self.words, self.status) if word)


@dataclass(frozen=True, slots=True)
class Part:
    """One list of the chart: what counts today, what is past, and what was struck."""

    kind: str
    title: str
    one: str
    current: list[Line]
    past: list[Line]
    struck: list[Line]


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything on the chart page. ``kept``: (resource type, count) of what was imported and has no place yet."""

    waiting: list[Line]
    parts: list[Part]
    kept: list[tuple[str, int]] = field(default_factory=list)

    @property
    def main(self) -> list[Part]:
        return [part for part in self.parts if part.kind in MAIN]

    @property
    def side(self) -> list[Part]:
        return [part for part in self.parts if part.kind not in MAIN]


def words_of(entry: Entry) -> list[str]:
    """Return what stands beneath an entry's name, by kind."""
    if isinstance(entry, Allergy):
        # A high risk has its own chip, so the words need not say it again.
        severity = {"high": "", "low": "Low risk"}.get(entry.criticality, entry.criticality)
        return [severity, entry.reaction, entry.category.capitalize()]
    if isinstance(entry, Medication):
        return [entry.dose, f"for {entry.reason}" if entry.reason else "", entry.prescriber]
    if isinstance(entry, Procedure):
        return [f"for {entry.reason}" if entry.reason else "", entry.performer]
    if isinstance(entry, Immunisation):
        return [f"lot {entry.lot}" if entry.lot else "", entry.site]
    if isinstance(entry, Observation):
        return [" ".join(filter(None, (entry.value, entry.unit))), *(f"{p.get('name', '')} {p.get('value', '')} {p.get('unit', '')}" for p in entry.parts)]  # fmt: skip  # noqa: E501
    if isinstance(entry, Report):
        count = len(entry.results)
        return [entry.text, f"{count} value{'' if count == 1 else 's'}" if count else ""]
    if isinstance(entry, Plan):
        return [", ".join(entry.activities), f"for {', '.join(entry.addresses)}" if entry.addresses else ""]
    return []


def code_of(entry: Entry) -> str:
    """Return ``SNOMED 372687004``, or "" where no code fits."""
    if not entry.code:
        return ""
    system = next((name for sign, name in _SYSTEMS.items() if sign in entry.system.lower()), "")
    return f"{system} {entry.code}".strip()


def _is_past(content: dict[str, Any], today: date) -> bool:
    if str(content.get("status", "")).lower() in PAST:
        return True
    ended = day_of(content.get("end", ""))
    return ended is not None and ended < today


def lines(items: Iterable[Row]) -> list[Line]:
    """Return entries as they are shown, newest first, severe allergies before all."""
    items = list(items)
    names = people({item.checked_by for item in items if item.checked_by})
    today = timezone.localdate()
    read_by = readers.words(item.audience_id for item in items)
    found = [_line(item, names, today, read_by) for item in items]
    return sorted(found, key=lambda one: _place(one.name, one.day, is_severe=one.is_severe))


def line(item: Item) -> Line:
    """Return one entry as it is shown."""
    return lines([entries.row_of(item)])[0]


def _place(name: str, on: date | None, *, is_severe: bool) -> tuple[bool, int, str]:
    return not is_severe, -(on or date.min).toordinal(), name.casefold()


def first_standing(items: Iterable[Row], count: int) -> tuple[list[Line], int]:
    """Return the first ``count`` entries that stand today, ordered as ``lines`` are, and how many there are more.

    Only those that are shown are put into words: of a long chart that is a small part.
    """
    today = timezone.localdate()
    standing = [one for one in items if not (one.kind in LASTING and _is_past(one.content, today))]
    standing.sort(
        key=lambda one: _place(one.content.get("name", ""), _day(one.content), is_severe=_is_severe(one))
    )
    return lines(standing[:count]), max(len(standing) - count, 0)


def _day(content: dict[str, Any]) -> date | None:
    return day_of(content.get("start", "")) or day_of(content.get("end", ""))


def _is_severe(one: Row) -> bool:
    return one.kind == Item.Kind.ALLERGY.value and one.content.get("criticality") == "high"


def _line(item: Row, names: dict[UUID, str], today: date, read_by: dict[UUID, str]) -> Line:
    entry, lasts = item.entry, item.kind in LASTING
    return Line(
        id=item.id,
        client_id=item.client_id,
        kind=item.kind,
        name=legible(entry.name) or "(no name)",
        words=[legible(words) for words in words_of(entry)],
        when=span(entry.start, entry.end) if lasts else day(entry.start or entry.end),
        status=legible(entry.status),
        code=legible(code_of(entry)),
        note=legible(entry.note),
        is_past=lasts and _is_past(item.content, today),
        is_severe=_is_severe(item),
        is_waiting=item.is_waiting,
        is_verified=item.is_verified,
        is_struck=item.is_struck,
        source=SOURCES.get(item.source, ""),
        checked_by=names.get(item.checked_by, "") if item.checked_by else "",
        day=_day(item.content),
        version=item.version,
        readers=read_by.get(item.audience_id, "") if item.audience_id else "",
    )


def chart(actor: Actor, client: Client) -> Chart:
    """Return every list of the chart but the observations, which have a page of their own."""
    actor.must(Open.RECORD)
    found = lines(entries.of_kinds(client.id, LISTED, struck=True))
    by_kind: dict[str, list[Line]] = defaultdict(list)
    for one in found:
        by_kind[one.kind].append(one)
    parts = [_part(kind, by_kind[kind]) for kind in LISTED]
    waiting = lines(entries.waiting(client.id))
    return Chart(waiting, parts, kept(client))


def _part(kind: Item.Kind, found: list[Line]) -> Part:
    standing = [one for one in found if not one.is_struck]
    return Part(
        kind=kind.value,
        title=str(kind.label),
        one=ONE[kind],
        current=[one for one in standing if not one.is_past],
        past=[one for one in standing if one.is_past],
        struck=[one for one in found if one.is_struck],
    )


COLUMNS = "Columns of an imported table"


def kept(client: Client) -> list[tuple[str, int]]:
    """Return (resource type, count) of what was imported and has no place yet, columns of a table as one type."""
    counted = KeptResource.objects.filter(client=client).values("resource_type").annotate(count=Count("id"))
    found = [(row["resource_type"], row["count"]) for row in counted.order_by("resource_type")]
    columns = sum(len(one.aside) for one in ImportedRow.objects.filter(client=client, aside__isnull=False))
    return [*found, (COLUMNS, columns)] if columns else found


def item(actor: Actor, client: Client, item_id: UUID) -> Item:
    """Return an entry of this client's chart; raise ``NotFound``."""
    actor.must(Open.RECORD)
    found = Item.objects.filter(pk=item_id, client=client).first()
    if found is None:
        raise NotFound("there is no such entry")
    return found
