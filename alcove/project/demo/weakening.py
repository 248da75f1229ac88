# ruff: noqa: E501 - texts are read line by line
"""Weaknesses in the demo: one that was mended, one the officer accepted, and a call to a place nobody has named yet."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alcove.compliance.baseline import actions
from alcove.compliance.baseline.models import Weakness
from alcove.compliance.baseline.policy import Baseline
from alcove.compliance.baseline.queries import looks
from alcove.project.demo.people import OWNER
from alcove.project.demo.stage import BY_KEY, Stage, moment
from alcove.security.access.actors import Actor
from alcove.security.access.rules import RULES
from alcove.security.audit import clock
from alcove.security.identity import actions as people

OFFICER: Final = "ingrid.solheim"
_SHIFT: Final = "session.hours"
_OFFICE: Final = "idle.office"
_WHY: Final = "The billing office upstairs has a lock of its own, and two people compare statements there all afternoon. Looked at on site; again when the new badge readers are in."
_MAPS, _PURPOSE, _GOES = (
    "maps.example.org",
    "Directions on the booking page",
    "The practice’s own address, no client’s",
)
_STRANGE: Final = "telemetry.example.net"


def plan(stage: Stage) -> None:
    """Plan what was set too wide, what the daily comparison said of it, and the calls it saw."""
    wide = moment(stage.workday(BY_KEY[OWNER.key], stage.today - timedelta(days=34)), 18 * 60)
    stage.at(wide, OWNER.key, partial(_choose, stage, _SHIFT, 16))
    stage.at(wide + timedelta(hours=9), "", partial(_compare, "rules"))
    stage.at(wide + timedelta(hours=15), OWNER.key, partial(_choose, stage, _SHIFT, 12))
    stage.at(wide + timedelta(hours=33), "", partial(_compare, "rules"))
    set_on = stage.workday(BY_KEY[OWNER.key], stage.today - timedelta(days=18))
    office = moment(set_on, 17 * 60 + 30)
    stage.at(office, OWNER.key, partial(_choose, stage, _OFFICE, 20))
    stage.at(office + timedelta(hours=10), "", partial(_compare, "rules"))
    seen = moment(stage.workday(BY_KEY[OFFICER], set_on + timedelta(days=3)), 14 * 60)
    stage.at(seen, OFFICER, partial(_accept, stage))
    stage.at(seen + timedelta(minutes=20), OFFICER, partial(_name, stage))
    called = stage.until - timedelta(hours=31)
    stage.at(called, "", partial(_call, called))


def compare() -> None:
    """Compare everything once, as the demo stands."""
    _compare(*looks.LOOKS)


def _job() -> Actor:
    return Actor.job("baseline", Baseline.RUN)


def _compare(*kinds: str) -> None:
    actions.put_down(_job(), looks.look(kinds))


def _choose(stage: Stage, key: str, value: int) -> None:
    people.choose(stage.actor(OWNER.key), RULES[key], value)


def _accept(stage: Stage) -> None:
    until = clock.now().date() + timedelta(days=90)
    for one in Weakness.objects.filter(kind="rules", subject=_OFFICE, closed_at__isnull=True):
        actions.accept(stage.actor(OFFICER), one, why=_WHY, until=until)


def _name(stage: Stage) -> None:
    actions.register(stage.actor(OFFICER), host=_MAPS, purpose=_PURPOSE, goes=_GOES)
    actions.note_calls(_job(), [(_MAPS, clock.now())])


def _call(at: datetime) -> None:
    actions.note_calls(_job(), [(_STRANGE, at)])
    _compare("places")
