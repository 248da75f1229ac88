"""Does the demo live on every day of a year? ``python bench/days.py [--days 366] [--step 1] [--clients 40]``.

What is planned a few days ago falls on week-ends and holidays that differ from day to day, and what follows it must
still come after it. Each day of the past year is "now" once, at an hour that goes round the clock: a demo is loaded in
a scratch home, and it is asked whether everybody and everything it is to show is there. Prints a line for each day that
fails, and how many held; ends with 1 if one failed. Ten seconds a day.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SEED = 7


def make_empty() -> None:
    """Make an empty, migrated home, which every day begins with."""
    config = _set_up()
    from alcove.project import database, founding

    founding.make_home(config)
    database.migrate()


def _set_up() -> Any:
    os.environ["DJANGO_SETTINGS_MODULE"] = "alcove.project.settings"
    import django

    django.setup()
    from django.conf import settings

    return settings.ALCOVE


def load(at: datetime, clients: int) -> Iterator[str]:
    """Load a demo as of a moment into the home in the environment; yield what it lacks."""
    config = _set_up()
    from alcove.compliance.models import ActivityReview, Alert
    from alcove.project.demo import loading
    from alcove.project.demo.accounts import JOINER, LEAVER
    from alcove.project.demo.people import STAFF
    from alcove.security.identity.models import Person
    from alcove.security.identity.models import Review as AccessReview

    loading.load(config, clients=clients, seed=SEED, bar=lambda _total: lambda _steps: None, at=at)
    emails = set(Person.objects.values_list("email", flat=True))
    yield from (f"no {one}" for one in {JOINER, LEAVER, *(one.email for one in STAFF)} - emails)
    rules = set(Alert.objects.values_list("rule", flat=True))
    yield from (f"no alert {one}" for one in {"exports", "no_reason", "night", "refused", "watched"} - rules)
    states = set(Alert.objects.values_list("state", flat=True))
    yield from (f"no alert that is {one}" for one in {"open", "asked", "answered", "closed"} - states)
    if not ActivityReview.objects.exists():
        yield "no signed review"
    if not AccessReview.objects.exclude(decided_at=None).exists():
        yield "no review of access"


def tried(at: datetime, clients: int, empty: Path) -> str:
    """Load a demo as of a moment in a process and home of its own; return what is wrong, "" for nothing."""
    with tempfile.TemporaryDirectory(prefix="alcove-days-") as folder:
        shutil.copytree(empty, Path(folder, "home"))
        done = subprocess.run(
            [sys.executable, __file__, "--at", at.isoformat(), "--clients", str(clients)],
            env=os.environ | {"ALCOVE_HOME": str(Path(folder, "home"))},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    return (
        done.stdout.strip() or (done.stderr.strip().splitlines() or ["it ended"])[-1]
        if done.returncode
        else ""
    )


def main() -> int:
    """Try the days; return 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, default=366)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--at", help=argparse.SUPPRESS)
    parser.add_argument("--empty", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.empty:
        make_empty()
        return 0
    if given.at:
        lacking = list(load(datetime.fromisoformat(given.at), given.clients))
        print("; ".join(lacking))
        return 1 if lacking else 0
    for name in [name for name in os.environ if name.startswith("ALCOVE_")]:
        del os.environ[name]
    now = datetime.now(UTC)
    moments = [now - timedelta(days=back, hours=back * 7 % 24) for back in range(0, given.days, given.step)]
    with (
        tempfile.TemporaryDirectory(prefix="alcove-days-") as folder,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        empty = Path(folder, "home")
        subprocess.run(
            [sys.executable, __file__, "--empty"], env=os.environ | {"ALCOVE_HOME": str(empty)}, check=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        found = list(pool.map(lambda at: tried(at, given.clients, empty), moments))
    for at, wrong in zip(moments, found, strict=True):
        if wrong:
            print(f"{at:%A %Y-%m-%d %H:%M} UTC: {wrong}")
    print(f"{found.count('')} of {len(found)} days hold")
    return 0 if found.count("") == len(found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
