"""Four workers and one pile of messages, on a real database: ``python -m alcove.operations.mail.tests.crowd [URL]``.

A process of its own, because the suite's in-memory SQLite cannot be shared by threads. Prints one JSON line.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from urllib.parse import parse_qsl

from bench import scratch

PILE = 24


def main(url=""):
    from alcove.operations.mail.tests.test_sms import Gateway

    gateway = Gateway()
    founded = scratch.practice(url, ALCOVE_SMS_URL=f"{gateway.url}/send")
    from alcove.operations.mail.delivery import deliver
    from alcove.security.access.actors import Actor
    from alcove.security.access.change import action
    from alcove.security.identity.actions import notices
    from alcove.security.identity.models import Notice
    from alcove.security.identity.policy import Did, Door
    from alcove.security.identity.tests.crowd import at_once

    @action(Door.PASS)
    def pile(change):
        change.record(Did.CODE_SENT, on=founded.owner)
        for _ in range(PILE):
            notices.tell(change, founded.owner, "new_device", "", "x", channel="sms", to="+14155550123")

    pile(Actor("stranger", rights=frozenset({Door.PASS.key})))
    said = {"sent": at_once(4, lambda _: deliver())}
    gateway.close()
    times = Counter(dict(parse_qsl(body))["id"] for _, _, body in gateway.requests)
    said |= {
        "arrived": len(times),
        "most often": max(times.values()),
        "open": Notice.objects.filter(sent_at__isnull=True).count(),
        "kept": Notice.objects.filter(content__isnull=False).count(),
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
