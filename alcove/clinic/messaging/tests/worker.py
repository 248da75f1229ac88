"""Two piles of messages on a real database: ``python -m alcove.clinic.messaging.tests.worker KILLS [URL]``.

Founds a practice. Four workers deliver the first pile at one moment. For the second, a worker is forked and killed
(SIGKILL) at a random moment, KILLS times; then one may finish. Prints one JSON line: what the rows say. What arrived is
counted by the mail server, which the caller runs; ``ALCOVE_EMAIL_URL`` names it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from contextlib import suppress
from datetime import timedelta

from bench import scratch

PILE = 16
LEASE = timedelta(seconds=0.4)


def main(kills, url=""):
    mail = os.environ["ALCOVE_EMAIL_URL"]
    founded = scratch.practice(url, ALCOVE_EMAIL_URL=mail)
    from django.db import connections

    from alcove.clinic.messaging.models import Outgoing
    from alcove.clinic.messaging.tasks import deliver
    from alcove.project.prove.ground import Practice
    from alcove.security import policy_defaults as policy
    from alcove.security.audit import chain
    from alcove.security.identity.tests.crowd import at_once

    policy.MESSAGE_UNDO, policy.MESSAGE_FIRST_WAIT = timedelta(0), timedelta(seconds=0.1)
    ground = Practice.of(founded)
    pile(ground)
    said = {"crowd": at_once(4, lambda _: deliver()), "crowd_ids": ids("sent")}
    pile(ground)
    connections.close_all()
    if hasattr(connections["default"], "close_pool"):
        # The threads that fill a pool stay behind in the parent: each child makes its own.
        connections["default"].close_pool()
    policy.NOTICE_LEASE = LEASE
    said["killed"] = sum(kill_one(random.uniform(0, 0.35)) for _ in range(int(kills)))
    finish()
    said["states"] = dict(Counter(Outgoing.objects.values_list("state", flat=True)))
    said |= {"sent_ids": ids("sent"), "unsure_ids": ids("unsure")}
    chain.Sequencer(head_file=None).link()
    said["log"] = chain.verify().holds
    sys.stdout.write(json.dumps(said) + "\n")


def ids(state):
    from alcove.clinic.messaging.models import Outgoing

    return [one.hex for one in Outgoing.objects.filter(state=state).values_list("id", flat=True)]


def pile(practice):
    from alcove.clinic.messaging.tests import make

    client = make.somebody(practice, channel="email")
    for _ in range(PILE):
        make.planned(practice, client)


def fork_worker():
    """Fork a process that delivers until nothing waits; return its id. Keys and modules are there already."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        from alcove.clinic.messaging.models import Outgoing
        from alcove.clinic.messaging.tasks import deliver

        while Outgoing.objects.filter(state="waiting").exists():
            if not deliver():
                time.sleep(0.02)
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def kill_one(after):
    child = fork_worker()
    time.sleep(after)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def finish():
    _, status = os.waitpid(fork_worker(), 0)
    assert os.waitstatus_to_exitcode(status) == 0


if __name__ == "__main__":
    main(*sys.argv[1:])
