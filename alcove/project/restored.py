"""Looks at a practice that was just restored, moved or upgraded, in a process of its own.

``python -m alcove.project.restored migrate`` makes or updates its tables. ``look N [DEED OPERATOR [WORDS]]`` checks its
log and opens N clients' records; standard output is one JSON line: faults, how many entries of the log hold, how many
of N opened. A deed that went well is put on its log. The parent gives ``ALCOVE_HOME`` and ``ALCOVE_DATABASE_URL``;
nothing here touches another practice.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

_PR_SET_PDEATHSIG = 1


def look(sample: int, deed: str = "", operator: str = "", words: str = "") -> dict[str, Any]:
    """Bring the database to this version, check the log, open a sample; return what was found.

    ``deed``: ``moved`` or ``upgraded``, noted with its operator and ``words`` if nothing is wrong.
    """
    from django.conf import settings  # noqa: PLC0415 - after django.setup

    from alcove.operations.backups import actions  # noqa: PLC0415 - as above
    from alcove.operations.backups.policy import Did  # noqa: PLC0415 - as above
    from alcove.project import database, start  # noqa: PLC0415 - as above
    from alcove.security.access import checks  # noqa: PLC0415 - as above
    from alcove.security.access.actors import Actor  # noqa: PLC0415 - as above
    from alcove.security.audit import chain  # noqa: PLC0415 - as above
    from alcove.security.vault import house  # noqa: PLC0415 - as above
    from alcove.security.vault.models import ClientKey  # noqa: PLC0415 - as above

    start.keys()
    # The application's role and its rights are no part of a dump, and an older backup lacks newer columns.
    database.migrate()
    house.unlock()
    if deed:
        # As the worker does at its start; the note of the head goes on telling of the database that is at work.
        chain.Sequencer(head_file=None).link()
    verdict = chain.verify(settings.ALCOVE.log / "audit.head")
    faults = [f"the audit log: {fault}" for fault in verdict.faults[:5]]
    faults += map(str, checks.all_findings())
    opened = _opened(sample, faults, deed or "drill")
    if deed and not faults:
        actions.note_practice(Actor.operator(operator), Did.MOVED if deed == "moved" else Did.UPGRADED, words)
    return {
        "faults": faults,
        "entries": verdict.entries,
        "opened": opened[0],
        "sample": opened[1],
        "clients": ClientKey.objects.count(),
    }


def _opened(sample: int, faults: list[str], why: str) -> tuple[int, int]:
    """Return how many records opened, and of how many: the erased have no key, and the deleted open for nobody."""
    from alcove.clinic.clients.models import Client  # noqa: PLC0415 - as above
    from alcove.security.access import need  # noqa: PLC0415 - as above
    from alcove.security.access.actors import Actor  # noqa: PLC0415 - as above
    from alcove.security.access.opening import open_client  # noqa: PLC0415 - as above
    from alcove.security.access.policy import Open  # noqa: PLC0415 - as above
    from alcove.security.vault.errors import VaultError  # noqa: PLC0415 - as above
    from alcove.security.vault.keyring import keyring  # noqa: PLC0415 - as above
    from alcove.security.vault.models import ClientKey  # noqa: PLC0415 - as above

    actor, opened = Actor.job(why, Open.DIRECTORY, Open.RECORD), 0
    living = Client.objects.filter(id__in=ClientKey.objects.values("client_id")).exclude(
        id__in=need.deleted()
    )
    chosen = list(living.order_by("?").values_list("id", flat=True)[:sample])
    for client_id in chosen:
        with keyring():
            try:
                open_client(actor, client_id)
                opened += bool(Client.objects.get(pk=client_id).directory)
            except VaultError as error:
                faults.append(f"a client's record does not open: {type(error).__name__}")
    return opened, len(chosen)


def main(words: Sequence[str]) -> int:
    """Print what was found; exit 0 whatever it was, unless nothing could be looked at."""
    # Whoever asked holds the practice's turn: when they are killed, this ends as well.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alcove.project.settings")
    import django  # noqa: PLC0415 - the home comes first

    django.setup()
    from alcove.project import database  # noqa: PLC0415 - after django.setup

    deed, *rest = words
    if deed == "migrate":
        database.migrate()
        found: dict[str, Any] = {}
    else:
        found = look(int(rest[0]), *rest[1:])
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
