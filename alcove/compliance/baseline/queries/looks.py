"""All comparisons together: what is weak now, and what could not be asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from alcove.compliance.baseline.queries import machine, people, places
from alcove.compliance.baseline.queries.kinds import KINDS, Silent, Weak
from alcove.compliance.continuity.queries import standing
from alcove.compliance.uptime.queries import probes as uptime

log = logging.getLogger("alcove.baseline")
UNASKED: Final = "unasked"


def trials() -> Iterator[Weak]:
    """Yield emergency tests that are overdue or failed."""
    for subject, sentence in standing.weak():
        yield Weak("trials", subject, sentence)


def entrants() -> Iterator[Weak]:
    """Yield people who left, or whose time is over, and who are still listed as able to enter."""
    for one in standing.still_listed():
        yield Weak("entrants", one.pk.hex, f"{one.name}, {one.location.name}: {standing.amiss(one).lower()}.")


def probes() -> Iterator[Weak]:
    """Yield probes of uptime of which nothing was heard for a day."""
    for subject, sentence in uptime.lost():
        yield Weak("probes", subject, sentence)


def goal() -> Iterator[Weak]:
    """Yield places that missed the goal of uptime in the month that ended last."""
    for subject, sentence in uptime.missed():
        yield Weak("uptime", subject, sentence)


LOOKS: Final[dict[str, Callable[[], Iterable[Weak]]]] = {
    "rights": people.rights, "held": people.held, "owners": people.owners, "vouched": people.vouched,
    "links": people.links, "feeds": people.feeds, "exports": people.exports, "support": people.support,
    "rules": people.rules, "headers": machine.headers, "certificate": machine.certificates, "ports": machine.ports,
    "settings": machine.switches, "files": machine.files, "places": places.weak,
    "components": machine.components, "news": machine.news,
    "trials": trials, "entrants": entrants, "probes": probes, "uptime": goal,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and the kinds that were really asked: only of these is something absent gone."""

    found: list[Weak]
    asked: frozenset[str]


def look(kinds: Collection[str] = tuple(LOOKS)) -> Looked:
    """Compare these kinds with the baseline. What cannot be asked is a weakness of its own, and closes nothing."""
    found: list[Weak] = []
    asked = {UNASKED} if len(kinds) == len(LOOKS) else set()
    for kind in kinds:
        try:
            found += LOOKS[kind]()
        except Silent:
            continue
        except Exception as fault:  # noqa: BLE001 - whatever it is, the other comparisons go on
            log.warning("the comparison %s failed: %s", kind, type(fault).__name__)
            what = f"{KINDS[kind].title}: not asked ({type(fault).__name__})."
            found.append(Weak(UNASKED, kind, what))
            continue
        asked.add(kind)
    return Looked(found, frozenset(asked))
