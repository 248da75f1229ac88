"""Reports of one probe at one moment, on SQLite as it is shipped: ``python -m alcove.compliance.uptime.tests.crowd``.

A process of its own, because the suite's in-memory SQLite cannot be shared by threads. Prints one JSON line.
"""

from __future__ import annotations

import json

from alcove.security.identity.tests.crowd import at_once
from bench import scratch


def main():
    founded = scratch.practice()
    from alcove.compliance.uptime import actions
    from alcove.compliance.uptime.tests import make
    from alcove.project.prove.ground import Practice
    from alcove.security.audit import clock

    _, probe = make.added(Practice.of(founded))
    make.aged(probe)
    at = make.now()
    told = [
        actions.Told(at - (60 - number) * 60_000, at - (60 - number) * 60_000, 1, "refused")
        for number in range(30)
    ]

    def tell(number):
        for count in range(1, 6):
            actions.note(probe, told[: 5 * count + number], now=at, every=make.EVERY, received=clock.now())
        return "taken"

    print(json.dumps({"said": at_once(6, tell), "kept": make.kept(probe)}))


if __name__ == "__main__":
    main()
