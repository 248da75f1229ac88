"""New versions of the house keys: made, clients' keys wrapped under them, the replaced ones destroyed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

from alcove.security.vault import crypto, keyring
from alcove.security.vault.errors import SealBroken, VaultShut
from alcove.security.vault.house import add_version, configured
from alcove.security.vault.models import ClientKey, HouseKey
from alcove.security.vault.providers import provider
from alcove.security.vault.rotation.columns import Step, stored_id
from alcove.security.vault.rotation.turn import locked_house

ROTATED = ("wrap", "seal", "audit", "sign", "backup")
"""Purposes that get a new version in a house rotation. ``index`` joins where someone cuts its keyed values anew;
``pepper`` and ``marks`` stay, because a password can be hashed anew only when its owner types it, and the mark of an
imported row only when its file comes again."""


def is_house_pending() -> bool:
    """Whether a house rotation was begun and not finished."""
    return HouseKey.objects.filter(purpose="wrap", retired_at__isnull=False).exists()


def add_house_versions(purposes: Sequence[str]) -> dict[str, int]:
    """Retire the current version of each of these house keys and add the next one; return the new versions."""
    if "wrap" not in purposes:
        # Whoever cuts a keyed value holds the wrapping key's row (``vault.cuts``): that has to be changed with it.
        raise ValueError("new versions of house keys are made together with one of the wrapping key")
    row, config = locked_house(), configured()
    if is_house_pending():
        raise VaultShut("a rotation of the house keys is not finished yet")
    holder, added = provider(config, row.id.hex), {}
    root_id = holder.root_id()
    for purpose in purposes:
        newest = HouseKey.objects.filter(purpose=purpose).order_by("-version").first()
        version = newest.version + 1 if newest else 1
        HouseKey.objects.filter(purpose=purpose, retired_at__isnull=True).update(retired_at=timezone.now())
        add_version(row, holder, purpose, version, crypto.new_key(), root_id)
        added[purpose] = version
    return added


def rewrap_client_keys(place: tuple[int, Any] | None, limit: int) -> Step:
    """Wrap the next ``limit`` client keys under the newest wrapping key."""
    version = keyring.hold_wrap_version()
    behind = ClientKey.objects.exclude(wrap_version=version).order_by("client_id")
    if place:
        behind = behind.filter(client_id__gt=place[1])
    found, rows, broken = list(behind[:limit]), [], []
    for row in found:
        try:
            blob = keyring.wrapped(row.client_id, keyring.client_secret(row), version)
        except SealBroken:
            broken.append(f"key of client {row.client_id}")
            continue
        rows.append((blob, version, stored_id(row), row.wrap_version, row.generation))
    if rows:
        with connection.cursor() as cursor:
            # A key replaced or destroyed meanwhile is left as it is.
            cursor.executemany(
                "UPDATE vault_clientkey SET wrapped = %s, wrap_version = %s "
                "WHERE client_id = %s AND wrap_version = %s AND generation = %s",
                rows,
            )
    return Step(len(rows), (0, found[-1].client_id) if len(found) == limit else None, tuple(broken))


def destroy_retired_wrap_keys() -> list[int]:
    """Destroy every retired wrapping key that no client key uses any more; return their versions."""
    destroyed = []
    for item in HouseKey.objects.select_for_update().filter(purpose="wrap", retired_at__isnull=False):
        if not ClientKey.objects.filter(wrap_version=item.version).exists():
            destroyed.append(item.version)
            item.delete()
    return destroyed


def destroy_retired_index_keys() -> list[int]:
    """Destroy the retired index keys; return their versions. The caller saw, in this transaction, that none is used.

    In a practice founded before marks had a key of their own they stay: its marks are hashed under them.
    """
    if not HouseKey.objects.filter(purpose="marks").exists():
        return []
    retired = list(HouseKey.objects.select_for_update().filter(purpose="index", retired_at__isnull=False))
    for item in retired:
        item.delete()
    return [item.version for item in retired]
