"""Backups: first, second (2 % changed) and restore of 500 MB of sealed files and a 190 MB database.

    python bench/backup.py [--files MB] [--database MB]

Beside it, in the same run and on the same data: restic or borg where they are installed, else tar with zstd -3, which
neither seals nor knows anything again. Prints seconds, what the second run added, and the ratio to the other tool.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

PASSWORD = "bench"  # noqa: S105 - protects nothing but a benchmark


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def fill(folder: Path, files: int, database: int) -> None:
    """Make sealed-looking files of 20 to 400 KB, and a database of rows with sealed-looking values."""
    rng, left = random.Random(1), files * 10**6
    while left > 0:
        size = min(rng.randint(20_000, 400_000), left)
        name = rng.randbytes(16).hex()
        path = folder / "files" / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(size))
        left -= size
    with closing(sqlite3.connect(folder / "data.sqlite3")) as held:
        held.execute("CREATE TABLE note (id TEXT PRIMARY KEY, at TEXT, body BLOB)")
        held.execute("CREATE TABLE vault_clientkey (client_id TEXT, wrapped BLOB)")
        count = database * 10**6 // 560
        held.executemany(
            "INSERT INTO note VALUES (?, ?, ?)",
            ((f"{number:032x}", "2026-01-01 10:00:00", rng.randbytes(400)) for number in range(count)),
        )
        held.commit()


def change(folder: Path) -> None:
    """Change 2 %: a day's worth of rows at the end, and as many files."""
    rng = random.Random(2)
    with closing(sqlite3.connect(folder / "data.sqlite3")) as held:
        count = held.execute("SELECT count(*) FROM note").fetchone()[0]
        fresh = ((f"{number:032x}", rng.randbytes(400)) for number in range(int(count * 0.98), count))
        held.executemany("UPDATE note SET body = ?2 WHERE id = ?1", fresh)
        held.commit()
    paths = sorted(path for path in (folder / "files").rglob("*") if path.is_file())
    for path in paths[: len(paths) // 100]:
        path.write_bytes(rng.randbytes(path.stat().st_size))


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def timed(work: Callable[[], object]) -> float:
    """Return seconds until it is done and on disk; what was written before is on disk when the clock starts."""
    os.sync()
    began = time.monotonic()
    work()
    os.sync()
    return time.monotonic() - began


def ours(data: Path, work: Path) -> list[float]:
    """Return seconds of first, second and restore, and megabytes the second added."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alcove.project.settings")
    import django

    django.setup()
    from alcove.config import Config
    from alcove.operations.backups import copying, points, restoring
    from alcove.operations.backups.places import Folder
    from alcove.operations.backups.snapshot import CLIENT_KEYS, Snapshot
    from alcove.security.vault import stores
    from alcove.security.vault.copies import HouseKeys, Sealing

    keys = HouseKeys(
        UUID(int=1), is_demo=False, keys={("backup", 1): os.urandom(32), ("sign", 1): os.urandom(32)}
    )
    place, now = Folder(work / "place", is_own=True), datetime.now(UTC)

    def run(at: datetime) -> None:
        copy = work / "copy.sqlite3"
        with (
            closing(sqlite3.connect(data / "data.sqlite3")) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        snapshot = Snapshot(copy, "sqlite", rows={}, audit={}, keys={"vault_housekey": [], CLIENT_KEYS: []})
        given = copying.Source(snapshot, stores.Folder(data / "files"), {}, keys, None, "bench")
        with place.alone():
            copying.copy(given, place, [place], at, lambda _: None)
        copy.unlink()

    def back() -> None:
        point = points.read(place, points.names(place)[-1], keys)
        sealing, home = Sealing(keys, 1), work / "home"
        home.mkdir()
        config = Config(home=home)
        restoring._files(place, sealing, config, point, lambda _: None)  # noqa: SLF001 - the work without a practice
        restoring._assemble(place, sealing, point, home / "alcove.sqlite3", lambda _: None)  # noqa: SLF001 - as above
        for name, _, _, piece in point.files:
            if restoring._hash(sealing, config.files / name) != piece:  # noqa: SLF001 - as above
                raise SystemExit("a file differs")

    first = timed(lambda: run(now))
    before = size_of(place.path)
    change(data)
    second = timed(lambda: run(now + timedelta(days=1)))
    added = (size_of(place.path) - before) / 10**6
    return [first, second, timed(back), added]


def other(data: Path, work: Path) -> tuple[str, list[float]]:
    """The same with the best tool there is here."""
    environment = os.environ | {"RESTIC_PASSWORD": PASSWORD, "BORG_PASSPHRASE": PASSWORD}

    def do(*words: str, cwd: Path = data) -> None:
        subprocess.run(
            words, check=True, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    place, home = work / "other", work / "other-home"
    home.mkdir()
    if shutil.which("borg"):
        name, make, get = (
            "borg",
            ("borg", "create", f"{place}::{{}}", "."),
            ("borg", "extract", f"{place}::2"),
        )
        do("borg", "init", "-e", "repokey-blake2", str(place))
    elif shutil.which("restic"):
        name, make = "restic", ("restic", "-r", str(place), "backup", ".")
        get = ("restic", "-r", str(place), "restore", "latest", "--target", ".")
        do("restic", "init", "-r", str(place))
    else:
        name, make = "tar | zstd -3", ("tar", "-I", "zstd -3", "-cf", f"{place}/{{}}", ".")
        get = ("tar", "-I", "zstd", "-xf", f"{place}/2")
        place.mkdir()
    first = timed(lambda: do(*(word.format(1) for word in make)))
    before = size_of(place)
    change(data)
    second = timed(lambda: do(*(word.format(2) for word in make)))
    added = (size_of(place) - before) / 10**6
    return name, [first, second, timed(lambda: do(*get, cwd=home)), added]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--database", type=int, default=190)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alcove-bench-") as folder:
        work = Path(folder)
        for name in ("a", "b"):
            fill(work / name, given.files, given.database)
        mine = ours(work / "a", work)
        name, theirs = other(work / "b", work)
    if name.startswith("tar"):
        say(
            "Neither borg nor restic is installed here; tar with zstd, which seals nothing and knows nothing again,"
        )
        say("stands in: its second run is as long as its first and adds everything anew.")
    say(f"{'':24}{'first':>9}{'second':>9}{'restore':>9}{'added':>11}")
    for title, row in (("alcove, each read back", mine), (name, theirs)):
        say(f"{title:24}{row[0]:8.1f}s{row[1]:8.1f}s{row[2]:8.1f}s{row[3]:8.1f} MB")
    say(f"{'ratio':24}" + "".join(f"{one / two:8.2f}x" for one, two in zip(mine, theirs, strict=True)))


if __name__ == "__main__":
    main()
