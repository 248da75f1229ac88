"""The daily round: one snapshot, one point in every place, old ones ended, everything read back, people told."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.utils import timezone

from alcove.config import Bucket as Address
from alcove.config import Config
from alcove.config import Sftp as SftpAddress
from alcove.config import place as address
from alcove.operations.backups import actions, checking, copying, points, pruning, queries, snapshot
from alcove.operations.backups.copying import Source, Tell
from alcove.operations.backups.faults import BackupFault, Busy, Damaged, PlaceFails
from alcove.operations.backups.models import Check, Run
from alcove.operations.backups.places import Folder, Place
from alcove.security.access.actors import Actor
from alcove.security.vault import copies, stores
from alcove.security.vault.copies import HouseKeys
from alcove.security.vault.errors import StoreAway

log = logging.getLogger("alcove.backups")


def places(config: Config) -> list[Place]:
    """Return the places of an installation, the home's own first."""
    return [place_of(config, word) for word in config.backups]


def place_of(config: Config, word: str) -> Place:
    """Return the place that a folder's path or an address names; raise ``PlaceFails`` without its library."""
    if "://" in word:
        named = address(word)
        return bucket_at(config, named) if isinstance(named, Address) else sftp_at(config, named)
    path = Path(word)
    return Folder(path, is_own=path == config.own_backups, is_offline=path in config.offline_places)


def bucket_at(config: Config, named: Address) -> Place:
    """Return a bucket as a place; raise ``PlaceFails`` without its library."""
    try:
        from alcove.operations.backups.buckets import Bucket  # noqa: PLC0415 - optional extra
    except ImportError:
        raise PlaceFails(f"{named.name}: buckets need boto3. Install it: pip install 'alcove[s3]'.") from None
    return Bucket(named, config.own_backups)


def sftp_at(config: Config, named: SftpAddress) -> Place:
    """Return a folder on another machine as a place; raise ``PlaceFails`` without its library."""
    try:
        from alcove.operations.backups.sftp import Sftp  # noqa: PLC0415 - optional extra
    except ImportError:
        raise PlaceFails(
            f"{named.name}: SFTP needs paramiko. Install it: pip install 'alcove[sftp]'."
        ) from None
    return Sftp(named, config.own_backups)


def here(config: Config) -> list[Place]:
    """Return the places that can be asked now: all but offline disks that are away."""
    return [place for place in places(config) if not place.is_offline or place.is_here()]


def key_places(config: Config, place: Place) -> list[Place]:
    """Return where the key copies of a place's backups lie."""
    return [Folder(path) for path in config.key_copy_places] or [place]


def columns() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return where rows name sealed files, and where they name such as no backup may hold."""
    named = [
        (model._meta.label, (model._meta.db_table, str(field.column)))
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if field.name == "object_name"
    ]
    passing: list[str] = settings.ALCOVE_NOT_BACKED_UP
    return (
        [column for label, column in named if label not in passing],
        [column for label, column in named if label in passing],
    )


def _beside(config: Config) -> dict[str, bytes]:
    """Return the home's small files. The settings come back under another name: they may say where this one works."""
    found = {}
    for name, path in (
        ("alcove.toml.from-backup", config.home / "alcove.toml"),
        ("log/audit.head", config.log / "audit.head"),
    ):
        with suppress(FileNotFoundError):
            found[name] = Path(path).read_bytes()
    return found


def version() -> str:
    """Return this program's version."""
    try:
        return importlib.metadata.version("alcove")
    except importlib.metadata.PackageNotFoundError:
        return "0.1.0"


def run(actor: Actor, tell: Tell, *, say: Callable[[str], None] = lambda _: None) -> list[Run]:
    """Bring a point into every place and end what is over; return the rows put down, one for each place.

    One place that fails keeps no other from its copy; an offline disk that is away gets none. Raises ``CannotCopy`` if
    there is nothing to bring, ``Busy`` if another run has every place.
    """
    config: Config = settings.ALCOVE
    keys, key = copies.held(), queries.recovery()
    beside = _beside(config)
    recovery = bytes.fromhex(key.public) if key else None
    busy, made, store = None, [], stores.of(config)
    # A store that is away is told by the copying of each place.
    with suppress(StoreAway):
        store.tidy()
    with snapshot.taken(config, *columns()) as taken:
        source = Source(taken, store, beside, keys, recovery, version())
        for place in here(config):
            try:
                made.append(_one(actor, source, place, key_places(config, place), tell))
            except Busy as found:
                busy = found
                say(str(found))
    if busy is not None and not made:
        raise busy
    return made


def _one(actor: Actor, source: Source, place: Place, keys_to: list[Place], tell: Tell) -> Run:
    began = timezone.now()
    try:
        with place.alone():
            _refuse_missing(keys_to, place)
            copied = copying.copy(
                source, place, keys_to, began, tell, is_trusted=not _was_damaged(place), kept=_kept()
            )
            # A point that cannot be read stops the ending of old ones, not the new one; reading back reports it.
            with suppress(Damaged):
                _prune(actor, place, keys_to, source.keys)
            found = points.names(place)
    except Busy:
        raise
    except BackupFault as fault:
        log.warning("a backup failed: %s", type(fault).__name__)
        return actions.note_run(actor, place.name, began, fault=str(fault)[:400])
    return actions.note_run(
        actor, place.name, began, point=copied.point.name.rpartition("/")[2], objects_added=copied.objects,
        bytes_added=copied.bytes_added, points=len(found), oldest_at=points.moment_of(found[0]),
        is_write_once=place.is_write_once,
    )  # fmt: skip


def _refuse_missing(keys_to: list[Place], place: Place) -> None:
    for one in keys_to:
        if one is not place and not one.is_here():
            raise PlaceFails(f"{one.name}, where key copies go, is not there. Is the disk plugged in?")


def _was_damaged(place: Place) -> bool:
    newest = Check.objects.filter(place=place.name).order_by("-at").first()
    return newest is not None and newest.faults > 0


def _kept() -> timedelta:
    return timedelta(days=settings.ALCOVE.backup_days)


def _prune(actor: Actor, place: Place, keys_to: list[Place], keys: HouseKeys) -> pruning.Pruned:
    pruned = pruning.prune(place, keys_to, keys, timezone.now(), _kept())
    if pruned.points or pruned.key_copies:
        actions.note_pruned(actor, pruned.points, pruned.key_copies)
    return pruned


def prune(actor: Actor) -> Iterator[tuple[str, pruning.Pruned | str]]:
    """End what is over in every place; yield (place, what was ended, or why nothing was)."""
    config: Config = settings.ALCOVE
    keys = copies.held()
    for place in here(config):
        try:
            with place.alone():
                yield place.name, _prune(actor, place, key_places(config, place), keys)
        except BackupFault as fault:
            yield place.name, str(fault)


def check(actor: Actor, place: Place, tell: Tell) -> checking.Checked:
    """Read all of a place back and put down what was found, or that it could not be read."""
    keys_at, began = key_places(settings.ALCOVE, place), timezone.now()
    try:
        checked = checking.check(place, keys_at, copies.held(), tell)
    except PlaceFails as fails:
        # A line that is down is no damage: nothing was found wrong, and nothing right either.
        actions.note_run(actor, place.name, began, fault=str(fails)[:400])
        return checking.Checked(faults=[str(fails)])
    actions.note_check(actor, place.name, objects=checked.objects, size=checked.bytes, faults=checked.faults)
    return checked
