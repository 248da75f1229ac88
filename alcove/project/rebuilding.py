"""From a backup to a working practice: the engine's restore, the home around it, and a look at the result.

Used by ``alcove backup restore`` and by the monthly drill, which does the same into a scratch place.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from alcove.config import Config
from alcove.operations.backups import actions, points, restoring, runs
from alcove.operations.backups.faults import BackupFault, WontRestore
from alcove.operations.backups.models import Drill, Run
from alcove.operations.backups.places import Place
from alcove.operations.backups.policy import Backups
from alcove.operations.backups.restoring import Restored, Unlock
from alcove.project import database, founding
from alcove.project.prove.scratch import scratch_database
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.vault.errors import VaultError

SAMPLE = 20
"""Clients whose record is opened after a restore."""


@dataclass(frozen=True, slots=True)
class Job:
    """One restore: from where, by which keys, to where. ``root_key``: a key file, or None where shares open it."""

    place: Place
    keys_at: Sequence[Place]
    unlock: Unlock
    target: Config
    live: Config
    wanted: str = ""
    root_key: Path | None = None
    is_new_root: bool = False


def target_of(live: Config, home: Path, database_url: str = "", root_key: Path | None = None) -> Config:
    """Return the settings of the restored home: this machine's key provider, everything else in the home itself."""
    return replace(
        live, home=home.absolute(), database_url=database_url, files_url="", root_key_file=root_key
    )


def rebuild(job: Job, bar: Callable[[int], restoring.Tell]) -> tuple[Restored, int]:
    """Restore, look at the result, and return what compared how and how many of the sample opened.

    Raises ``BackupFault`` or ``VaultError`` with nothing but the target touched; a second call goes on.
    """
    keys_at: list[Place] = list(job.keys_at)
    _, keys = restoring.unlocked(job.place, keys_at, job.unlock)
    point = restoring.chosen(job.place, keys, job.wanted)
    restoring.refuse_unless_fit(point, job.target, {f"{app}.{name}" for app, name in database.known()})
    restoring.begin(job.target, point, job.live)
    # Keys of the restored home lie in the home, wherever the key that opens the backup was read from.
    home = replace(job.target, root_key_file=None)
    founding.make_home(home)
    if job.root_key is not None:
        founding.write_secret(home.root_keys, job.root_key.read_text("ascii"))
    restored = restoring.compared(home, point) or restoring.restore(
        job.place,
        keys_at,
        job.unlock,
        home,
        point,
        bar(restoring.size_of(point)),
        under_root=not job.is_new_root,
    )
    opened = 0
    if not restored.faults:
        restoring.note_compared(home, restored)
        opened = _look(home, restored)
    if not restored.faults:
        restoring.finish(home)
    return restored, opened


def _look(home: Config, restored: Restored) -> int:
    """Ask the restored practice itself, in a process of its own: its log and a sample of its records."""
    # Its own settings only: what the environment says of the home at work must not reach it.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALCOVE_")}
    own = {"ALCOVE_HOME": str(home.home), "ALCOVE_KEY_PROVIDER": home.key_provider, **_provider(home)}
    if home.database_url:
        own["ALCOVE_DATABASE_URL"] = home.database_url
    words = [sys.executable, "-m", "alcove.project.restored", "look", str(SAMPLE)]
    done = subprocess.run(words, env=kept | own, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        restored.faults.append(
            "the restored practice does not open: " + (done.stderr.strip().splitlines() or [""])[-1]
        )
        return 0
    found = json.loads(done.stdout.splitlines()[-1])
    restored.faults += found["faults"]
    if found["opened"] < found["sample"]:
        restored.faults.append(f"only {found['opened']} records of the sample opened.")
    return int(found["opened"])


def _provider(home: Config) -> dict[str, str]:
    names = ("pkcs11_module", "pkcs11_token", "pkcs11_pin_file", "kms_key_id", "kms_region", "kms_endpoint")
    return {f"ALCOVE_{name.upper()}": str(held) for name in names if (held := getattr(home, name))}


# The drill ---------------------------------------------------------------------------------------------------------


def is_drill_due() -> bool:
    """Whether a rehearsal is due: a month after the last good one, a day after one that failed."""
    newest = Drill.objects.order_by("-ended_at").first()
    if newest is not None and newest.faults and timezone.now() - newest.ended_at < policy.BACKUP_EVERY:
        return False
    good = Drill.objects.filter(faults=0).order_by("-ended_at").first()
    is_over = good is None or timezone.now() - good.ended_at >= policy.DRILL_EVERY - policy.BACKUP_EVERY
    return is_over and Run.objects.filter(fault="").exists()


def drill_if_due() -> int:
    """Rehearse a restore as the worker; return how many went well."""
    return sum(not one.faults for one in drill(Actor.job("drill", Backups.RUN), settings.ALCOVE))


def drill(actor: Actor, live: Config) -> list[Drill]:
    """Rehearse a restore of the newest and the oldest point of each place into a scratch place; file a report each."""
    return [
        _drill_one(actor, live, place, wanted) for place in runs.here(live) for wanted in _both_ends(place)
    ]


def _both_ends(place: Place) -> list[str]:
    """Return the oldest point's name, if there is more than one, and nothing, which means the newest."""
    found = points.names(place)
    return [*([found[0].rpartition("/")[2]] if len(found) > 1 else []), ""]


def _drill_one(actor: Actor, live: Config, place: Place, wanted: str) -> Drill:
    began, home = timezone.now(), live.temporary / f"drill-{os.getpid()}-{secrets.token_hex(4)}"
    keys_at = runs.key_places(live, place)
    restored, opened, faults = None, 0, []
    try:
        with scratch_database(live) as scratch:
            if live.is_postgresql and not scratch.url:
                raise WontRestore(f"No scratch database could be made. {scratch.where}")
            target = target_of(live, home, scratch.url, live.root_keys)
            root_key = live.root_keys if live.key_provider == "file" else None
            job = Job(place, keys_at, lambda copy: copy.by_root(live), target, live, wanted, root_key)
            restored, opened = rebuild(job, lambda _: lambda _: None)
            faults = restored.faults
    except (BackupFault, VaultError) as fault:
        faults = [str(fault)]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    facts = {}
    if restored is not None:
        facts = {
            "point": restored.point.name.rpartition("/")[2], "rows": restored.rows, "files": restored.files,
            "entries": restored.entries, "opened": opened,
        }  # fmt: skip
    return actions.note_drill(actor, place.name, began, faults=faults, **facts)
