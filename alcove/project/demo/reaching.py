"""Uptime in the demo: three probes over nine months, a line that was cut, an evening upgrade, a machine switched off.

What probes saw is no deed and has no entry; it is written at once, as it lies there after nine months of reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from alcove.clinic.practice.models import Location
from alcove.compliance.uptime import actions
from alcove.compliance.uptime.models import Probe, Stretch
from alcove.compliance.uptime.policy import Uptime
from alcove.compliance.uptime.queries.seen import millis
from alcove.project.demo.people import OAKLAND, SAN_FRANCISCO
from alcove.project.demo.stage import Stage, moment
from alcove.security.access.actors import Actor
from alcove.security.audit import clock

OWNER: Final = "nadia.rahimi"
_PROBES: Final = (("Box at reception", SAN_FRANCISCO), ("Box in the cupboard", OAKLAND), ("Bayside IT", ""))
_FIRST: Final = 274
"""Days before today: nine months."""
_EVERY: Final = timedelta(seconds=30)
_W = Stretch.What


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that a probe saw: from when, how long, and how; "" for a machine that was off. ``place`` "*": all."""

    place: str
    at: datetime
    length: timedelta
    what: str


def plan(stage: Stage) -> None:
    """Plan the day on which the probes were set up."""
    stage.at(_first(stage), OWNER, partial(_set_up, stage))


def _first(stage: Stage) -> datetime:
    return moment(stage.today - timedelta(days=_FIRST), 10 * 60)


def _set_up(stage: Stage) -> None:
    places = {one.name: one for one in Location.objects.all()}
    for name, place in _PROBES:
        actions.add_probe(stage.actor(OWNER), name=name, location=places.get(place))
    actions.begin_server(Actor.job("uptime", Uptime.WATCH))


def as_of_now(stage: Stage) -> None:
    """Write what the probes and the server saw until now; nothing where the practice is younger than they are."""
    events = list(_events(stage))
    for probe in Probe.objects.select_related("location"):
        place = probe.location.name if probe.location else ""
        is_server = probe.kind == Probe.Kind.SERVER
        mine = [one for one in events if one.place in {place, "*"} and not (is_server and one.place != "*")]
        Stretch.objects.bulk_create(_stretches(probe, mine, is_server=is_server))


def _events(stage: Stage) -> Iterator[_Event]:
    """Yield what happened, oldest first; this month nothing did."""
    this = stage.today.replace(day=1)
    months = [_before(this, number) for number in range(8, 0, -1)]
    last = months[-1]
    yield _Event(
        OAKLAND, moment(months[1] + timedelta(days=9), 11 * 60 + 4), timedelta(minutes=3), _W.TIMEOUT
    )
    yield _Event("*", moment(months[2] + timedelta(days=16), 20 * 60 + 15), timedelta(minutes=3), _W.STATUS)
    yield _Event(
        SAN_FRANCISCO, moment(months[3] + timedelta(days=4), 15 * 60 + 41), timedelta(minutes=2), _W.NAME
    )
    yield _Event("*", moment(months[4] + timedelta(days=22), 6 * 60 + 30), timedelta(minutes=6), _W.REFUSED)
    yield _Event("", moment(months[5] + timedelta(days=12), 2 * 60), timedelta(minutes=21), _W.TIMEOUT)
    saturday = months[6] + timedelta(days=(5 - months[6].weekday()) % 7 + 7)
    yield _Event(OAKLAND, moment(saturday, 8 * 60), timedelta(hours=45), "")
    yield _Event("*", moment(last + timedelta(days=6), 20 * 60 + 40), timedelta(minutes=3), _W.STATUS)
    yield _Event(OAKLAND, moment(last + timedelta(days=17), 13 * 60 + 22), timedelta(minutes=10), _W.TIMEOUT)


def _before(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _stretches(probe: Probe, events: list[_Event], *, is_server: bool) -> Iterator[Stretch]:
    """Yield what a probe saw: reached, but for what happened; the server itself was away when others failed."""
    at, until = probe.made_at, clock.now()
    for one in events:
        if not at < one.at < until - one.length:
            continue
        yield _stretch(probe, at, one.at - _EVERY, _W.REACHED)
        if one.what and not is_server:
            yield _stretch(probe, one.at, one.at + one.length - _EVERY, one.what)
        at = one.at + one.length
    yield _stretch(probe, at, until, _W.REACHED)


def _stretch(probe: Probe, began: datetime, ended: datetime, what: str) -> Stretch:
    every = timedelta(minutes=1) if probe.kind == Probe.Kind.SERVER else _EVERY
    return Stretch(
        probe=probe, begun_ms=millis(began), from_at=began, until_at=ended, tries=(ended - began) // every + 1,
        every_ms=every // timedelta(milliseconds=1), what=what,
    )  # fmt: skip
