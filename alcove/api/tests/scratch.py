"""A scratch practice in a process of its own: ``python -m alcove.api.tests.scratch HOME VERB [N] [FILE…]``.

``found`` makes it; ``import N`` imports and is killed, as by ``kill -9``, before its N-th statement (0: never); it
prints how many statements it took. ``state`` prints what is held, without ids and moments of this run.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from pathlib import Path


def main(home, verb, *files):
    os.environ["ALCOVE_HOME"] = home
    os.environ.pop("ALCOVE_DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "alcove.project.settings"
    import django

    django.setup()
    from django.conf import settings

    from alcove.project import database, founding
    from alcove.security.vault import house

    if verb == "found":
        founding.make_home(settings.ALCOVE)
        database.migrate()
        founding.found(settings.ALCOVE, practice="Scratch", owner_email="owner@clinic.example")
        return
    house.configure(settings.ALCOVE)
    if verb == "import":
        from django.db import connection

        from alcove.api.actions.runs import import_files
        from alcove.security.access.actors import Actor

        killed_at, *files = files
        counted = 0

        def count(execute, sql, params, many, context):
            nonlocal counted
            counted += 1
            if counted == int(killed_at):
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count):
            report = import_files(Actor.operator("scratch"), [Path(one) for one in files])
        sys.stdout.write(json.dumps(report.as_report()["total"] | {"statements": counted}))
    else:
        sys.stdout.write(json.dumps(state()))


def state():
    """Return counts of rows and a digest of all that is held, by client's number: equal for equal records."""
    from alcove.api.queries.bundle import bundle
    from alcove.api.queries.held import held
    from alcove.clinic.clients.models import Client
    from alcove.clinic.records.models import ImportedResource
    from alcove.project.wiring import link
    from alcove.security.access.actors import Actor
    from alcove.security.access.opening import open_client
    from alcove.security.audit import chain
    from alcove.security.vault.keyring import keyring

    found, actor = {}, Actor.operator("scratch")
    for client_id in Client.objects.values_list("pk", flat=True):
        with keyring():
            open_client(actor, client_id)
            record = held(actor, client_id)
            entries = sorted(json.dumps(one, sort_keys=True, default=str) for one in bundle(record)["entry"])
            digest = hashlib.sha256("\n".join(entries).encode("utf-8", "surrogatepass")).hexdigest()
            counts = {name: number for name, number in record.counts().items() if name != "log"}
            name = json.dumps(record.client.numbers, sort_keys=True)
            found[hashlib.sha256(name.encode()).hexdigest()] = [
                digest,
                counts,
                ImportedResource.objects.filter(client_id=client_id).count(),
            ]
    link()
    return {"clients": found, "log_holds": chain.verify().holds}


if __name__ == "__main__":
    main(*sys.argv[1:])
