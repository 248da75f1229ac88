"""Promises about backups: a stolen one opens with nothing beside it; one and the root key are the practice."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings

from alcove.operations.backups import copying, runs
from alcove.operations.backups.checking import newest_keys
from alcove.project import rebuilding
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.project.prove.planting import plant
from alcove.project.prove.scratch import scratch_database
from alcove.security.access.actors import Actor
from alcove.security.vault.copies import KeyCopy
from alcove.security.vault.errors import VaultError

PLANTED = 3
_WINDOWS = 4096
"""Bytes at the beginning and end of each file that are tried as keys, 32 of them from every place on."""
_HEX_KEY = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def _operator() -> Actor:
    return Actor.operator("prove")


def _backed_up(practice: Practice) -> Path:
    """Plant some clients, make a backup and return where it lies."""
    plant(practice, PLANTED)
    [made] = runs.run(_operator(), lambda _: None)
    if made.fault:
        raise Broken("a backup could not be made")
    return Path(made.place)


# Nothing beside it opens it -----------------------------------------------------------------------------------------


def nothing_beside_opens_it(practice: Practice) -> str:
    """Try every file and value beside a backup as key file, as root key and as recovery key."""
    place = _backed_up(practice)
    copy = newest_keys(runs.places(settings.ALCOVE)[0])
    if copy is None:
        raise Broken("there is no key copy")
    if copy.practice != _opened_by(copy, settings.ALCOVE.root_keys):
        raise Broken("the right root key does not open the key copy, so trying others proves nothing")
    files = [path for path in place.rglob("*") if path.is_file()]
    tried = 0
    for path in files:
        if _opened_by(copy, path):
            raise Broken("a file beside the backup opens it as a root key file")
        for key in _candidates(path):
            tried += 1
            _refuse(copy, key)
    for value in os.environ.values():
        tried += 1
        _refuse(copy, value.encode()[:32].ljust(32, b"\0"))
    return f"{len(files)} files beside the backup and {tried:,} values in them and in the environment open nothing"


def _opened_by(copy: KeyCopy, key_file: Path) -> object:
    """Return the practice that a key file opens, or None."""
    try:
        return copy.by_root(replace(settings.ALCOVE, key_provider="file", root_key_file=key_file)).practice
    except (VaultError, UnicodeDecodeError):
        return None


def _candidates(path: Path) -> set[bytes]:
    held = path.read_bytes()
    found = {bytes.fromhex(one.decode()) for one in _HEX_KEY.findall(held)}
    # Whole key copies are texts of hex: its windows would be tried for hours, and it holds no other bytes.
    if path.parent.name != "keys":
        for part in (held[:_WINDOWS], held[-_WINDOWS:]):
            found |= {part[at : at + 32] for at in range(0, max(len(part) - 31, 0), 32)}
    return found


def _refuse(copy: KeyCopy, key: bytes) -> None:
    scratch = settings.ALCOVE.temporary / f"tried-{secrets.token_hex(4)}"
    roots = {str(row["root_id"]) for row in copy.house_rows}
    try:
        held = "{" + ", ".join(f'"{root}": "{key.hex()}"' for root in roots) + "}"
        scratch.touch(mode=0o600)
        scratch.write_text(f'{{"current": "{min(roots)}", "keys": {held}}}', "ascii")
        if _opened_by(copy, scratch):
            raise Broken("a value beside the backup opens it as root key")
        try:
            copy.by_recovery(key)
        except VaultError:
            return
        raise Broken("a value beside the backup opens it as recovery key")
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def a_key_in_the_folder(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: somebody keeps the root key with the backups."""
    copy = settings.ALCOVE.own_backups / "copy-of-root.key"
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(settings.ALCOVE.root_keys, copy)
    try:
        yield
    finally:
        copy.unlink()


# The practice comes back ---------------------------------------------------------------------------------------------


def an_empty_machine_becomes_the_practice(practice: Practice) -> str:
    """Restore the newest backup with the root key alone into an empty home; compare all of it and look at it."""
    _backed_up(practice)
    live = settings.ALCOVE
    place, home = runs.places(live)[0], live.temporary / f"empty-{secrets.token_hex(4)}"
    key = live.temporary / f"key-{secrets.token_hex(4)}"
    shutil.copy(live.root_keys, key)
    try:
        with scratch_database(live) as scratch:
            target = rebuilding.target_of(live, home, scratch.url, key)
            opening = replace(live, root_key_file=key)
            job = rebuilding.Job(place, [place], lambda copy: copy.by_root(opening), target, live, "", key)
            restored, opened = rebuilding.rebuild(job, lambda _: lambda _: None)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        key.unlink()
    if restored.faults:
        raise Broken(f"the restored practice differs: {restored.faults[0]}")
    if not (restored.files and opened):
        raise Broken("no file came back, or no record opened, so equality proves nothing")
    return (
        f"{restored.rows:,} rows of {restored.tables} tables, {restored.files} files and {restored.entries:,} log "
        f"entries came back equal, {opened} records opened"
    )


@contextmanager
def a_lost_store(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: the sealed files of before are not in the backup, as if their disk had not been mounted."""
    store, away = settings.ALCOVE.files, settings.ALCOVE.home / "files-away"
    store.rename(away)
    store.mkdir(mode=0o700)
    try:
        yield
    finally:
        shutil.copytree(away, store, dirs_exist_ok=True)
        shutil.rmtree(away)


@contextmanager
def a_row_lost_on_the_way(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: a point that counts one row more than its copy of the database holds."""
    original = copying.copy

    def counted(source: copying.Source, *given: Any, **how: Any) -> copying.Copied:
        source.snapshot.rows["clients_client"][0] += 1
        return original(source, *given, **how)

    with mock.patch.object(copying, "copy", counted):
        yield


PROMISES = [
    Promise(
        2,
        "A stolen backup opens with nothing that is stored beside it",
        nothing_beside_opens_it,
        (("the root key in the backup folder", a_key_in_the_folder),),
    ),
    Promise(
        25,
        "From the newest backup and the root key alone an empty machine is the practice again, every row, file and "
        "log entry equal",
        an_empty_machine_becomes_the_practice,
        (("a lost file store", a_lost_store), ("a row lost on the way", a_row_lost_on_the_way)),
    ),
]
