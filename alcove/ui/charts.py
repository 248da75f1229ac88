"""Charts drawn on the server.

Places along the x axis are percentages and those along the y axis pixels, so a chart fills any width
while its letters keep their size; a scaled viewBox would shrink them to nothing on a phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from django.utils import timezone
from django.utils.formats import date_format, number_format

Number = int | float | Decimal
HEIGHT = 190
_TOP, _BOTTOM = 28, 50
_FLOOR = HEIGHT - 24
_LEFT, _RIGHT = 3.0, 97.0


@dataclass(frozen=True)
class Text:
    """A few words on the drawing."""

    x: str
    y: int
    anchor: str
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Point:
    """One value of the series: where it is drawn and what the table says of it."""

    x: str
    y: float
    when: str
    value: str


@dataclass(frozen=True)
class Scale:
    """Turns values into heights."""

    low: float
    high: float

    def y(self, value: Number) -> float:
        """Pixels from the top."""
        share = (float(value) - self.low) / (self.high - self.low)
        return round(_TOP + (1 - share) * (HEIGHT - _TOP - _BOTTOM), 1)


def number(value: Number, unit: str = "") -> str:
    """A figure as people write it here, with its unit after it."""
    places = 0 if float(value) == int(value) else 2
    text = (
        number_format(value, places, force_grouping=True)
        if places
        else number_format(int(value), force_grouping=True)
    )
    if places and text[-1] == "0":
        text = text[:-1]
    if not unit:
        return text
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}"


def line(
    series: Sequence[tuple[date, Number]],
    unit: str = "",
    low: Number | None = None,
    high: Number | None = None,
) -> dict[str, object]:
    """Everything the template `line_chart.html` needs."""
    rows = sorted(((_stamp(when), when, value) for when, value in series), key=lambda row: row[0])
    if not rows:
        return {"points": []}
    scale = _scale([float(value) for _, _, value in rows], low, high)
    first, last = rows[0][0], rows[-1][0]
    points = [
        Point(_x(stamp, first, last), scale.y(value), _day(when), number(value, unit))
        for stamp, when, value in rows
    ]
    return {
        "points": points,
        "segments": [(a.x, a.y, b.x, b.y) for a, b in pairwise(points)],
        "grid": [_FLOOR],
        "band": _band(scale, low, high),
        "band_text": _band_text(unit, low, high),
        "texts": _texts(points),
        "height": HEIGHT,
        "summary": _summary(points),
    }


def bars(rows: Sequence[Sequence[object]], unit: str = "") -> list[dict[str, object]]:
    """Rows of (label, value) or (label, value, text) as shares of the largest value."""
    top = max((float(str(row[1])) for row in rows), default=0.0) or 1.0
    drawn = []
    for row in rows:
        value = Decimal(str(row[1]))
        share = max(0.0, float(value) / top * 100)
        text = str(row[2]) if len(row) > 2 else number(value, unit)  # noqa: PLR2004 - a measure of the drawing, named by the line
        drawn.append({"label": row[0], "width": f"{share:.1f}" if share else "0", "text": text})
    return drawn


def _stamp(when: date) -> float:
    if isinstance(when, datetime):
        return when.timestamp()
    return datetime(when.year, when.month, when.day).timestamp()  # noqa: DTZ001 - a day without a clock


def _day(when: date) -> str:
    if isinstance(when, datetime):
        when = timezone.localtime(when) if timezone.is_aware(when) else when
    return date_format(when, "j M Y")


def _x(stamp: float, first: float, last: float) -> str:
    share = 0.5 if last == first else (stamp - first) / (last - first)
    return f"{_LEFT + share * (_RIGHT - _LEFT):.2f}"


def _scale(values: list[float], low: Number | None, high: Number | None) -> Scale:
    edges = values + [float(edge) for edge in (low, high) if edge is not None]
    least, most = min(edges), max(edges)
    room = (most - least) * 0.08 or abs(most) * 0.1 or 1.0
    return Scale(least - room, most + room)


def _band(scale: Scale, low: Number | None, high: Number | None) -> dict[str, float] | None:
    if low is None and high is None:
        return None
    upper = scale.y(high) if high is not None else float(_TOP)
    lower = scale.y(low) if low is not None else float(_FLOOR)
    return {"y": upper, "height": round(lower - upper, 1)}


def _band_text(unit: str, low: Number | None, high: Number | None) -> str:
    if low is not None and high is not None:
        return f"usual {number(low)}–{number(high, unit)}"
    if low is not None:
        return f"usual from {number(low, unit)}"
    return f"usual up to {number(high, unit)}" if high is not None else ""


def _texts(points: list[Point]) -> list[Text]:
    first, last = points[0], points[-1]
    floor = HEIGHT - 6
    if len(points) == 1:
        return [
            Text(first.x, int(first.y) - 12, "middle", first.value, True),  # noqa: FBT003 - the drawing's own flag
            Text(first.x, floor, "middle", first.when),
        ]
    return [
        Text("0", _beside(first, points[1]), "start", first.value),
        Text("100", _beside(last, points[-2]), "end", last.value, True),  # noqa: FBT003 - the drawing's own flag
        Text("0", floor, "start", first.when),
        Text("100", floor, "end", last.when),
    ]


def _beside(end: Point, neighbour: Point) -> int:
    """The height of the words at an end of the line: on the side the line does not come from."""
    above = end.y <= neighbour.y
    return int(end.y) - 12 if above else int(end.y) + 22


def _summary(points: list[Point]) -> str:
    first, last = points[0], points[-1]
    if len(points) == 1:
        return f"{first.value} on {first.when}"
    return f"From {first.value} on {first.when} to {last.value} on {last.when}, {len(points)} values"
