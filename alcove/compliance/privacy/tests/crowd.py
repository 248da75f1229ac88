"""Several at one moment, and workers killed half-way: ``python -m alcove.compliance.privacy.tests.crowd [URL]``.

A process of its own, because the suite's in-memory SQLite cannot be shared by threads. Prints one JSON line.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys

from alcove.security.identity.tests.crowd import at_once
from bench import scratch

KILLS = 6


def killed(deed, at):
    """Run ``deed`` in a child that is killed, as by ``kill -9``, before its ``at``-th statement; say whether it was."""
    from django.db import connection, connections

    connections.close_all()
    if connection.vendor == "postgresql":
        # A pool's connections would be the child's and the parent's at once.
        connection.close_pool()
    child = os.fork()
    if child == 0:
        left = [at]

        def count(execute, sql, params, many, context):
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count):
            deed()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main(url=""):
    founded = scratch.practice(url)
    from alcove.clinic.clients import actions as clients
    from alcove.clinic.records.models import Note
    from alcove.compliance.privacy import actions, tasks
    from alcove.compliance.privacy.models import Erasure
    from alcove.compliance.privacy.tests import make
    from alcove.project.prove.ground import Practice
    from alcove.security.audit import chain, pen
    from alcove.security.audit.models import Entry
    from alcove.security.vault.models import ClientKey

    practice, said = Practice.of(founded), {}
    officer, owner = practice.actor("officer"), practice.actor("owner")

    def client(name):
        made = practice.client(name, "Tester", born="1970-01-01")
        make.cared_for(practice, made, years_ago=20)
        return made

    one = make.asked(practice, client("Approved"))
    said["approved"] = at_once(4, lambda _: actions.approve(officer, one.id).state)
    said["carried"] = sum(one for one in at_once(3, lambda _: tasks.carry_out()) if isinstance(one, int))
    said["erased once"] = Entry.objects.filter(event="privacy.erasure.erased").count()

    two = make.asked(practice, client("Torn"))
    deeds = [
        lambda: actions.approve(officer, two.id).state,
        lambda: actions.undo(owner, two.client_id),
    ]
    said["torn"] = at_once(2, lambda n: deeds[n]())
    two.refresh_from_db()
    said["torn state"] = two.state

    three = make.approved(practice, client("Held"))
    deeds = [
        lambda: bool(clients.place_hold(officer, three.client_id, reason="A claim is pending.")),
        lambda: actions.take_a_step(three.id),
    ]
    said["hold or step"] = at_once(2, lambda n: deeds[n]())
    three.refresh_from_db()
    # Whoever came first: under a hold nothing more is done, and a step that was begun is whole.
    before = three.state
    tasks.carry_out()
    three.refresh_from_db()
    said["hold holds"] = three.state == before and before in {"approved", "cleared"}
    said["half"] = (three.state == "cleared") != Note.objects.filter(client=three.client_id).exists()

    said["killed"], four = 0, make.approved(practice, client("Killed"))
    fresh = client("Twice")
    said["deleted twice"] = at_once(3, lambda _: make.deleted(practice, fresh) is None)
    for _ in range(KILLS):
        said["killed"] += killed(lambda: actions.finish(four.id), random.randint(1, 120))
    pen.retire()
    tasks.carry_out()
    four.refresh_from_db()
    said["finished"] = (four.state, ClientKey.objects.filter(client_id=four.client_id).count())
    said["open"] = Erasure.objects.filter(state__in=Erasure.RUNNING).count()
    chain.Sequencer(head_file=None).link()
    said["chain"] = not chain.verify().faults
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
