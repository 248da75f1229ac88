"""Measured values: repeated ones as series that can be drawn, the others as they stand."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.records.models import Item
from alcove.clinic.records.models.content import Observation
from alcove.clinic.records.queries import entries
from alcove.clinic.records.queries.chart import code_of
from alcove.clinic.records.queries.entries import Row
from alcove.clinic.records.queries.words import day, day_of, legible
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open
from alcove.ui import charts
from alcove.ui.moments import plain_day

REPEATED = 2
MOST_LINES = 2
LONGEST_NUMBER = 24
_UCUM = {
    "mm[Hg]": "mmHg", "Cel": "°C", "[degF]": "°F", "/min": "per min", "10*3/uL": "10³/µL", "10*6/uL": "10⁶/µL",
    "{score}": "", "{T-score}": "T-score", "{nominal}": "", "[pH]": "pH",
}  # fmt: skip
CATEGORIES = {
    "vital-signs": "Vital signs", "laboratory": "Laboratory", "survey": "Questionnaires",
    "social-history": "Social history",
    "imaging": "Imaging", "procedure": "Procedures", "exam": "Examination",
}  # fmt: skip
OTHER = "Other values"


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value. ``number`` is None where the value is words."""

    item_id: UUID
    client_id: UUID
    on: date | None
    when: str
    shown: str
    number: Decimal | None
    unit: str
    range: str
    flag: str
    is_waiting: bool
    is_sensitive: bool = False

    @property
    def url(self) -> str:
        return page_url("records:item", client_id=self.client_id, item_id=self.item_id)


@dataclass(frozen=True, slots=True)
class Series:
    """The same thing measured repeatedly, oldest first. ``low`` and ``high``: the newest reference range, if any."""

    name: str
    unit: str
    values: list[Value]
    low: Decimal | None
    high: Decimal | None

    @property
    def points(self) -> list[tuple[date, Decimal]]:
        return [(value.on, value.number) for value in self.values if value.on and value.number is not None]

    @property
    def is_drawn(self) -> bool:
        return len({when for when, _ in self.points}) >= REPEATED

    @property
    def last(self) -> Value:
        return self.values[-1]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One chart: lines as ``charts.line`` makes them, and what is heard instead of seen."""

    title: str
    lines: list[dict[str, Any]]
    summary: str
    band: dict[str, float] | None
    band_text: str
    height: int


@dataclass(frozen=True, slots=True)
class Panel:
    """What is shown together: one series, or the parts of a panel such as blood pressure."""

    name: str
    code: str
    series: list[Series]
    last_on: date

    @property
    def drawings(self) -> list[Drawing]:
        """What is drawn: the parts of a panel with one unit in one chart, on one scale; others each in its own."""
        shown = [one for one in self.series if one.is_drawn]
        if len({one.unit for one in shown}) == 1 and 1 < len(shown) <= MOST_LINES:
            return [_drawn(shown)]
        return [_drawn([one]) for one in shown]

    @property
    def is_drawn(self) -> bool:
        return any(one.is_drawn for one in self.series)

    @property
    def rows(self) -> list[tuple[str, list[Value | None]]]:
        """The values side by side, newest first: (day, values by series), one row for each time it was taken."""
        by_series = [{value.item_id: value for value in one.values} for one in self.series]
        taken = {value.item_id: value for one in self.series for value in one.values}
        newest = sorted(taken.values(), key=lambda value: value.on or date.min, reverse=True)
        return [(value.when, [held.get(value.item_id) for held in by_series]) for value in newest]

    @property
    def is_sensitive(self) -> bool:
        """Whether any of its values is sensitive."""
        return any(value.is_sensitive for one in self.series for value in one.values)

    @property
    def is_single(self) -> bool:
        """Whether it is one thing, not the parts of a panel."""
        return len(self.series) == 1

    @property
    def day(self) -> str:
        return plain_day(self.last_on)

    @property
    def flag(self) -> str:
        """What is unusual about the newest value, in a word."""
        return self.series[0].last.flag

    @property
    def last_item(self) -> UUID:
        return self.series[0].last.item_id

    @property
    def last(self) -> str:
        """The newest value in words; the parts of blood pressure as ``120 / 80 mmHg``."""
        newest = [one.last for one in self.series]
        if len({value.unit for value in newest}) == 1 and len(newest) > 1:
            figures = [str(value.number if value.number is not None else value.shown) for value in newest]
            return f"{' / '.join(figures)} {newest[0].unit}".strip()
        return ", ".join(value.shown for value in newest)


@dataclass(frozen=True, slots=True)
class Group:
    """Panels of one category: drawn ones, and the rest as lines of a table."""

    title: str
    drawn: list[Panel]
    single: list[Panel]


def _drawn(shown: list[Series]) -> Drawing:
    """Return one chart of one or two lines; two share a scale, so their distance is true."""
    if len(shown) == 1:
        one = shown[0]
        made = charts.line(one.points, one.unit, one.low, one.high)
        return Drawing(
            one.name, [made], str(made["summary"]), made["band"], str(made["band_text"]), charts.HEIGHT  # type: ignore[arg-type]  # what charts.line promises
        )  # fmt: skip
    numbers = [value for one in shown for _, value in one.points]
    lines = [charts.line(one.points, one.unit, min(numbers), max(numbers)) for one in shown]
    for one, made in zip(shown, lines, strict=True):
        # The words at the end of a line name it, so that its shade is not all that tells it apart.
        texts: Any = made["texts"]
        made["texts"] = [
            replace(text, text=f"{one.name} {text.text}") if text.strong else text for text in texts
        ]
    summary = "; ".join(f"{one.name}: {made['summary']}" for one, made in zip(shown, lines, strict=True))
    return Drawing(
        "", lines, summary, None, ", ".join(_usual(one) for one in shown if _usual(one)), charts.HEIGHT
    )


def _usual(one: Series) -> str:
    said = one.last.range
    return f"{one.name} usually {said}" if said else ""


def number(text: str) -> Decimal | None:
    """Return a value as a number if it is one and nothing more; words, ranges and comparisons are not."""
    if len(text) > LONGEST_NUMBER or not re.fullmatch(r"\s*[-+]?[0-9]+(?:[.,][0-9]+)?\s*", text):
        return None
    try:
        return Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None


def rounded_off(value: Decimal) -> Decimal:
    """Return a value to two places without trailing zeros, never as ``1.3E+2``; what is stored stays as it is."""
    return Decimal(f"{value.quantize(Decimal('0.01')).normalize():f}")


def unit_of(text: str) -> str:
    """Return a UCUM unit as people read it."""
    return legible(_UCUM.get(text) if text in _UCUM else re.sub(r"[\[\]{}]", "", text))


def _shown(text: str, unit: str) -> str:
    found = number(text)
    rounded = str(rounded_off(found)) if found is not None else legible(text)
    return f"{rounded} {unit}".strip() if unit != "%" else f"{rounded}%"


def _range(low: str, high: str, unit: str) -> str:
    if low and high:
        return f"{legible(low)}–{legible(high)} {unit}".strip()
    return (
        f"from {legible(low)} {unit}".strip()
        if low
        else f"up to {legible(high)} {unit}".strip()
        if high
        else ""
    )


def _flag(value: Decimal | None, low: str, high: str, flag: str) -> str:
    if flag:
        return legible(
            {"H": "High", "L": "Low", "N": "", "HH": "Very high", "LL": "Very low", "A": "Unusual"}.get(
                flag, flag
            )
        )
    if value is None:
        return ""
    least, most = number(low), number(high)
    return (
        "Low" if least is not None and value < least else "High" if most is not None and value > most else ""
    )


def _values(item: Row, entry: Observation) -> Iterator[tuple[str, Value, Decimal | None, Decimal | None]]:
    """Yield (part's name, value, low, high): one for a plain observation, one for each part of a panel."""
    own = {"name": "", "value": entry.value, "unit": entry.unit, "low": entry.low, "high": entry.high}
    for part in entry.parts or [own]:
        unit, text = unit_of(part.get("unit", "")), part.get("value", "")
        low, high, found = part.get("low", ""), part.get("high", ""), number(part.get("value", ""))
        value = Value(
            item_id=item.id, client_id=item.client_id, on=day_of(entry.start), when=day(entry.start),
            shown=_shown(text, unit),
            number=rounded_off(found) if found is not None else None, unit=unit,
            range=_range(low, high, unit), flag=_flag(found, low, high, "" if entry.parts else entry.flag),
            is_waiting=item.is_waiting, is_sensitive=item.audience_id is not None,
        )  # fmt: skip
        yield legible(part.get("name", "")), value, number(low), number(high)


def observations(actor: Actor, client: Client) -> list[Group]:
    """Return every standing observation, grouped by category, the newest panels first."""
    actor.must(Open.RECORD)
    return grouped(entries.of_kinds(client.id, [Item.Kind.OBSERVATION.value]))


def latest(newest_first: Iterable[Row]) -> list[Row]:
    """Return the newest entry of each thing measured; puts nothing into words."""
    by_what: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for item in newest_first:
        by_what[_what(item.content)].append(item)
    return [max(found, key=lambda one: str(one.content.get("start", ""))) for found in by_what.values()]


def _what(content: dict[str, Any]) -> tuple[str, ...]:
    """Return what was measured. Values in different units are different lines: nothing is converted."""
    unit = "" if content.get("parts") else content.get("unit", "")
    code = content.get("code", "") or legible(content.get("name", "")).casefold()
    return content.get("system", ""), code, unit


def _by_what(items: Iterable[Row]) -> dict[tuple[str, ...], list[tuple[Row, Observation]]]:
    by_what: dict[tuple[str, ...], list[tuple[Row, Observation]]] = defaultdict(list)
    for item in items:
        by_what[_what(item.content)].append((item, Observation.of(item.content)))
    return by_what


def _taken(pair: tuple[Row, Observation]) -> str:
    return pair[1].start


def grouped(items: Iterable[Row]) -> list[Group]:
    """Return observations as groups of panels; of two taken at one moment, the one given later is the newer."""
    by_what = _by_what(items)
    by_group: dict[str, list[Panel]] = defaultdict(list)
    for found in by_what.values():
        found.sort(key=_taken)
        category = CATEGORIES.get(found[-1][1].category, OTHER)
        by_group[category].append(_panel(found))
    order = [*CATEGORIES.values(), OTHER]
    groups = []
    for title in sorted(by_group, key=order.index):
        panels = sorted(by_group[title], key=lambda one: (-one.last_on.toordinal(), one.name.casefold()))
        groups.append(
            Group(title, [one for one in panels if one.is_drawn], [one for one in panels if not one.is_drawn])
        )
    return groups


def _panel(found: list[tuple[Row, Observation]]) -> Panel:
    by_part: dict[str, list[tuple[Value, Decimal | None, Decimal | None]]] = defaultdict(list)
    for item, entry in found:
        for name, value, low, high in _values(item, entry):
            by_part[name].append((value, low, high))
    newest = found[-1][1]
    series = [
        Series(name, rows[-1][0].unit, [row[0] for row in rows], rows[-1][1], rows[-1][2])
        for name, rows in by_part.items()
    ]
    return Panel(
        legible(newest.name) or "(no name)",
        legible(code_of(newest)),
        series,
        day_of(newest.start) or date.min,
    )
