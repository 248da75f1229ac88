"""Promise 6: after an erasure neither the practice nor any backup gives back anything of the client's."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

import psycopg
from django.apps import apps
from django.conf import settings
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Visit
from alcove.compliance.privacy import actions
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.policy import Did
from alcove.config import Config
from alcove.operations.backups import points, pruning, restoring, runs
from alcove.operations.backups.copying import KEYS
from alcove.project import founding, rebuilding
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.project.prove.planting import Planted, plant
from alcove.project.prove.scan import Scanner
from alcove.project.prove.scratch import scratch_database
from alcove.security import policy_defaults as policy
from alcove.security.access import keys
from alcove.security.access.actors import Actor
from alcove.security.access.opening import open_client
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.vault import copies, crypto, keyring
from alcove.security.vault.copies import KeyCopy
from alcove.security.vault.errors import VaultError
from alcove.security.vault.fields import HOUSE
from alcove.security.vault.models import ClientKey
from alcove.security.vault.rotation.columns import pk, sealed_fields, uuid_of

LONG_AGO = timedelta(days=20 * 366)
"""The record is older than any rule asks to keep."""
REASON = "The client asked for it, in writing."


def nothing_comes_back(practice: Practice) -> str:
    """Back up, erase, let the key copies' life pass; then restore each point and open it with every key held."""
    planted = plant(practice, 1)
    [client] = planted.clients
    with writing("a record of long ago"):
        Visit.objects.filter(client=client).update(starts_at=timezone.now() - LONG_AGO)
    place = runs.places(settings.ALCOVE)[0]
    before = set(points.names(place))
    _back_up()
    _must_be_readable_before(client, planted)
    _erase(practice, client)
    _back_up()
    _let_time_pass()
    retained = sorted(set(points.names(place)) - before)
    if len(retained) < 2:  # noqa: PLR2004 - one before the erasure and one after it
        raise Broken("the backup made before the erasure was not kept, so nothing was tried")
    scanner = Scanner(planted.every())
    for name in retained:
        with _restored(name) as (home, url):
            found = _opened(home, url, client.id, _held_keys(client.id))
            _refuse(scanner, found, "a retained backup and a key still held")
            _refuse_raw(scanner, home.home)
    _refuse_raw(scanner, settings.ALCOVE.home)
    return (
        f"{len(planted.every())} values were readable before; {len(retained)} retained backups, restored, and every "
        f"key copy there is give back none of them, nor do the practice's own files"
    )


# Before --------------------------------------------------------------------------------------------------------------


def _back_up() -> None:
    for made in runs.run(Actor.operator("prove"), lambda _: None):
        if made.fault:
            raise Broken("a backup could not be made")


def _must_be_readable_before(client: Client, planted: Planted) -> None:
    """Raise ``Broken`` unless this very reader finds the values in the newest backup while the key is there."""
    newest = points.names(runs.places(settings.ALCOVE)[0])[-1]
    with _restored(newest) as (home, url):
        found = Scanner(planted.every()).find(_opened(home, url, client.id, list(_held_keys(client.id))))
    if len(found) < len(planted.every()) // 2:
        raise Broken(
            "the values cannot be read before the erasure, so not finding them after it proves nothing"
        )


def delete_and_ask(practice: Practice, client: Client) -> Erasure:
    """Delete a client and ask for the erasure, as the owner."""
    owner = practice.actor(RoleKey.OWNER)
    with keyring.keyring():
        open_client(owner, client.id)
        actions.delete(owner, client.id, ground="asked", reason=REASON)
    return actions.ask(owner, client.id, reason=REASON)


def _erase(practice: Practice, client: Client) -> None:
    made = actions.approve(practice.actor(RoleKey.OFFICER), delete_and_ask(practice, client).id)
    if actions.finish(made.id) != "done":
        raise Broken("an approved erasure was not carried out")
    made.refresh_from_db()
    if not made.is_whole:
        raise Broken("the record counts as one that must be kept, so nothing was erased")


def _let_time_pass() -> None:
    """End what the rules end once the certificate's day has come; points stay, as those of earlier days would."""
    config, after = settings.ALCOVE, timezone.now() + policy.KEY_COPY_LIFE + policy.BACKUP_EVERY
    with mock.patch.object(policy, "BACKUP_EVERY_POINT_KEPT", policy.BACKUP_KEPT):
        for place in runs.places(config):
            kept: list[Any] = list(runs.key_places(config, place))
            pruning.prune(place, kept, copies.held(), after, policy.BACKUP_KEPT)


# After ---------------------------------------------------------------------------------------------------------------


@contextmanager
def _restored(name: str) -> Iterator[tuple[Config, str]]:
    """Bring one point back into a scratch home, as ``alcove backup restore`` does; yield it and its database's URL."""
    live = settings.ALCOVE
    place, home = runs.places(live)[0], live.temporary / f"point-{secrets.token_hex(4)}"
    key = live.temporary / f"key-{secrets.token_hex(4)}"
    shutil.copy(live.root_keys, key)
    keys_at: list[Any] = list(runs.key_places(live, place))
    opening = replace(live, root_key_file=key)
    try:
        with scratch_database(live) as scratch:
            target = rebuilding.target_of(live, home, scratch.url, key)
            _, opened = restoring.unlocked(place, keys_at, lambda copy: copy.by_root(opening))
            point = restoring.chosen(place, opened, name.rpartition("/")[2])
            restoring.begin(target, point, live)
            made = replace(target, root_key_file=None)
            founding.make_home(made)
            founding.write_secret(made.root_keys, key.read_text("ascii"))
            restoring.restore(
                place,
                keys_at,
                lambda copy: copy.by_root(opening),
                made,
                point,
                lambda _: None,
                under_root=True,
            )
            yield made, scratch.url
    finally:
        shutil.rmtree(home, ignore_errors=True)
        key.unlink()


def _held_keys(client_id: UUID) -> Iterator[bytes]:
    """Yield every wrapped key of this client that anybody still holds: in the practice, and in each key copy."""
    for row in ClientKey.objects.filter(client_id=client_id):
        yield bytes(row.wrapped)
    config = settings.ALCOVE
    for place in runs.places(config):
        for keys_at in runs.key_places(config, place):
            for name, _, _ in list(keys_at.names(KEYS)):
                with keys_at.open(name) as file:
                    copy = KeyCopy(file.read())
                for held in copy.clients(copy.by_root(config)):
                    if UUID(str(held["client_id"])) == client_id:
                        yield bytes.fromhex(str(held["wrapped"]))


def _opened(home: Config, url: str, client_id: UUID, held: Iterable[bytes]) -> bytes:
    """Return all that these keys open of a client in a restored home: columns, and the files whose keys lie in them."""
    found = []
    for wrapped in set(held):
        try:
            secret = keyring.client_secret(ClientKey(client_id=client_id, wrapped=wrapped))
        except VaultError:
            continue
        for model in apps.get_models():
            for column in sealed_fields(model):
                if column.owner == HOUSE:
                    continue
                cipher = crypto.cipher(keyring.subkey(secret, str(column.part)))
                for row_id, blob in _values(home, url, model, column, client_id):
                    try:
                        found.append(crypto.open_sealed(cipher, blob, crypto.binding(column.label, row_id)))
                    except VaultError:
                        continue
    return b"\n".join(found)


def _values(home: Config, url: str, model: Any, column: Any, client_id: UUID) -> list[tuple[UUID, bytes]]:
    owner = model._meta.get_field(column.owner).column
    statement = (
        f'SELECT "{pk(model).column}", "{column.column}" FROM "{model._meta.db_table}" '  # noqa: S608 - names of ours
        f'WHERE "{owner}" = \'{client_id.hex}\' AND "{column.column}" IS NOT NULL'
    )
    if url:
        with psycopg.connect(url) as connection:
            rows = connection.execute(statement.encode()).fetchall()
    else:
        with closing(sqlite3.connect(home.sqlite_file)) as connection:
            rows = connection.execute(statement).fetchall()
    return [(uuid_of(key), bytes(blob)) for key, blob in rows]


def _refuse(scanner: Scanner, data: bytes, where: str) -> None:
    if found := scanner.find(data):
        raise Broken(f"{where} give back {len(found)} values of an erased client")


def _refuse_raw(scanner: Scanner, folder: Path) -> None:
    if hits := scanner.find_in_files(folder):
        raise Broken(f"{len(hits)} files hold values of an erased client in clear")


# Faults --------------------------------------------------------------------------------------------------------------


@contextmanager
def a_key_copy_kept_too_long(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: a wrapped key stays in a key copy past its life."""
    with mock.patch.object(pruning, "_key_copies", return_value=None):
        yield


@contextmanager
def a_key_not_destroyed(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: the erasure removes rows and files, and forgets the key."""

    def forgotten(change: Any, client_id: UUID) -> None:
        change.record(Did.CHECKED, client_id=client_id)

    with mock.patch.object(keys, "destroy_client_key", forgotten):
        yield


PROMISES = [
    Promise(
        6,
        "After the erasure of a client neither the practice nor any backup kept yields any of their values",
        nothing_comes_back,
        (
            ("a wrapped key kept in a key copy", a_key_copy_kept_too_long),
            ("a key that is not destroyed", a_key_not_destroyed),
        ),
    )
]
