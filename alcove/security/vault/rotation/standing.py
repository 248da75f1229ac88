"""Where the keys stand: for whoever asks what a rotation still has to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import models

from alcove.security.vault.house import PURPOSES, house
from alcove.security.vault.models import ClientKey, HouseKey
from alcove.security.vault.rotation.columns import house_values_behind
from alcove.security.vault.rotation.roots import is_root_pending, replaced_roots
from alcove.security.vault.rotation.versions import is_house_pending


@dataclass(frozen=True, slots=True)
class KeyState:
    """One version of one house key, without the key. ``clients``: client keys under it (``wrap`` only)."""

    purpose: str
    version: int
    created_at: Any
    retired_at: Any
    clients: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Where the keys stand: who holds the root, which versions there are, what a rotation still has to do."""

    provider: str
    root_id: str
    keys: list[KeyState] = field(default_factory=list)
    clients_behind: int = 0
    values_behind: int = 0
    house_pending: bool = False
    root_pending: bool = False
    replaced_roots: list[str] = field(default_factory=list)


def state() -> State:
    """Return where the keys stand; asks the provider once."""
    by_version = dict(
        ClientKey.objects.order_by().values_list("wrap_version").annotate(models.Count("client_id"))
    )
    current = house().versions("wrap").current
    stored = sorted(HouseKey.objects.all(), key=lambda item: (PURPOSES.index(item.purpose), item.version))
    newest = stored[-1]
    return State(
        provider=newest.provider,
        root_id=newest.root_id,
        keys=[
            KeyState(
                item.purpose, item.version, item.created_at, item.retired_at,
                by_version.get(item.version, 0) if item.purpose == "wrap" else 0,
            )
            for item in stored
        ],
        clients_behind=sum(count for version, count in by_version.items() if version != current),
        values_behind=house_values_behind(),
        house_pending=is_house_pending(),
        root_pending=is_root_pending(),
        replaced_roots=replaced_roots(),
    )  # fmt: skip
