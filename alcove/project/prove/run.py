"""Runs promises in a process of its own on a scratch home: ``python -m alcove.project.prove.run 1 3 4``.

The parent gives an empty ``ALCOVE_HOME`` and reads one JSON line per promise from standard output.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path


def main(numbers: Sequence[str]) -> int:
    """Found a scratch practice, run these promises, print their outcomes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alcove.project.settings")
    import django  # noqa: PLC0415 - the home comes first

    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after django.setup

    from alcove.project import database, founding  # noqa: PLC0415
    from alcove.project.prove import outcome  # noqa: PLC0415
    from alcove.project.prove.ground import Practice  # noqa: PLC0415
    from alcove.project.prove.promises import PROMISES  # noqa: PLC0415

    # What is logged is listened to by the promises themselves; planted faults would flood the terminal.
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    founding.make_home(settings.ALCOVE)
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    database.migrate()
    founded = founding.found(
        settings.ALCOVE,
        practice="Scratch practice",
        owner_email="owner@clinic.example",
        owner_name="Olive Owner",
    )
    practice = Practice.of(founded)
    for promise in PROMISES:
        if str(promise.number) in numbers:
            sys.stdout.write(json.dumps(asdict(outcome.run(promise, practice))) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
