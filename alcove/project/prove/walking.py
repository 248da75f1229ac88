"""Walking all routes: every URL with an object for each of its arguments, from the areas' ``tests/samples.py``."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken
from alcove.security.access.actors import Actor
from alcove.security.access.checks import routes
from alcove.security.access.guards import Guard, Lookup
from alcove.security.access.policy import Open

SAMPLES = (
    "alcove.clinic.practice.tests.samples",
    "alcove.clinic.calendar.tests.samples",
    "alcove.clinic.messaging.tests.samples",
    "alcove.clinic.activities.tests.samples",
    "alcove.compliance.privacy.tests.samples",
    "alcove.compliance.baseline.tests.samples",
    "alcove.compliance.continuity.tests.samples",
    "alcove.compliance.uptime.tests.samples",
    "alcove.compliance.tests.samples",
    "alcove.operations.monitoring.tests.samples",
    "alcove.operations.sweep.tests.samples",
    "alcove.portal.tests.samples",
    "alcove.security.identity.tests.samples",
    "alcove.clinic.clients.tests.samples",
    "alcove.clinic.records.tests.samples",
)
"""What the areas' tests make, one object for each URL argument; where two name one, the later gives it."""
_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Door:
    """One route with a real URL: ``arguments`` are what its pattern asks for."""

    pattern: str
    url: str
    guard: Guard
    arguments: tuple[str, ...]

    def lets(self, actor: Actor, method: str) -> bool:
        """Whether this actor has the right, and may open clients at all where one is opened."""
        may_open = not self.guard.opens or actor.holds(Open.DIRECTORY)
        return may_open and actor.holds(self.needs()[method])

    def needs(self) -> dict[str, str]:
        """Return method → permission key, for guarded routes."""
        return {
            method: (need.permission if isinstance(need, Lookup) else need).key
            for method, need in self.guard.needs.items()
        }


def samples(practice: Practice) -> dict[str, Any]:
    """Return an object for every URL argument of every area."""
    found: dict[str, Any] = {}
    for name in SAMPLES:
        found.update(importlib.import_module(name).samples(practice))
    return found


def doors(values: dict[str, Any]) -> Iterator[Door]:
    """Yield every route filled with these values; raise ``Broken`` for one without a guard or a sample."""
    for pattern, _, view in routes():
        guard = getattr(view, "guard", None)
        if not isinstance(guard, Guard):
            raise Broken(f"the route {pattern} declares no right")
        names = tuple(_ARGUMENT.findall(pattern))
        missing = [name for name in names if name not in values]
        if missing:
            raise Broken(f"the route {pattern} has no sample for {', '.join(missing)}")
        url = _ARGUMENT.sub(lambda found: str(getattr(values[found[1]], "pk", values[found[1]])), pattern)
        yield Door(pattern, url, guard, names)
