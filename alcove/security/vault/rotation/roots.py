"""The root key: every house key wrapped under another one, in one transaction.

Replaced roots stay with the provider, because older backups are under them, until they are destroyed for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from alcove.config import Config
from alcove.security.vault.errors import RootStays, VaultShut
from alcove.security.vault.house import configured, context
from alcove.security.vault.models import House, HouseKey
from alcove.security.vault.providers import KeyProvider, provider
from alcove.security.vault.providers.file import FileProvider
from alcove.security.vault.rotation.turn import locked_house


def _locked_keys() -> list[HouseKey]:
    """Return every house key, locked: ``wrap`` before the others, as all do who wait for more than one."""
    return list(HouseKey.objects.select_for_update().order_by("-purpose", "version"))


def is_root_pending() -> bool:
    """Whether a root rotation was begun and not finished."""
    row, config = House.objects.get(), configured()
    holder = provider(config, row.id.hex)
    return HouseKey.objects.exclude(root_id=holder.root_id(), provider=holder.name).exists()


def replaced_roots() -> list[str]:
    """Return the ids of root keys that wrap nothing any more and are still with the provider, sorted."""
    row, config = House.objects.get(), configured()
    holder = provider(config, row.id.hex)
    used = set(HouseKey.objects.values_list("root_id", flat=True))
    # One that was just made wraps nothing yet: it is the next, not a replaced one.
    return sorted(one for one in holder.roots() if one not in used) if holder.root_id() in used else []


def root_in_clear() -> tuple[str, str]:
    """Return (id, key file) of the root in force as a new file provider would read it; raise ``RootStays``.

    Only for an export that two people agreed to: whoever has this and a copy of the database has everything.
    """
    row, config = House.objects.get(), configured()
    holder = provider(config, row.id.hex)
    if not isinstance(holder, FileProvider):
        raise RootStays(
            f"Key provider {holder.name} does not let a root key out. Back it up with its own means."
        )
    if is_root_pending():
        raise RootStays("A change of the root key is not finished. Run 'alcove keys rotate --root' first.")
    return holder.root_id(), holder.exported()


def move_to_new_root() -> tuple[str, int]:
    """Wrap every house key under the next root; return its id and how many keys moved.

    A root that was made and never used (a killed process) is the next one. Raises ``RootStays`` where the provider
    leaves making roots to people and the configured one is in use.
    """
    row, config = locked_house(), configured()
    holder = provider(config, row.id.hex)
    stored = _locked_keys()
    root_id = holder.root_id()
    if all(item.root_id == root_id and item.provider == holder.name for item in stored):
        root_id = holder.create_root()
    return root_id, _rewrap(row, stored, config, holder, root_id)


def retire_old_roots() -> str:
    """Destroy every root but the one that wraps the house keys; return its id. Only after the move is committed.

    Raises ``VaultShut`` while a key is under another one. Backups under the destroyed ones open nowhere any more.
    """
    row, config = locked_house(), configured()
    used = set(HouseKey.objects.values_list("provider", "root_id"))
    holder = provider(config, row.id.hex)
    if len(used) != 1 or next(iter(used))[0] != holder.name:
        raise VaultShut("the house keys are not under one root yet; nothing was destroyed")
    keep = next(iter(used))[1]
    if holder.root_id() == keep:
        holder.retire_roots(keep)
    return keep


def move_to_provider(name: str) -> tuple[str, int]:
    """Wrap every house key under another provider's root; return its id and how many keys moved.

    The provider's settings must be there already; afterwards the configuration must name it. The old provider keeps
    its root, which opens nothing any more.
    """
    row, config = locked_house(), configured()
    target_config = replace(config, key_provider=name)
    target_config.check()
    target = provider(target_config, row.id.hex)
    stored = _locked_keys()
    try:
        root_id = target.root_id()
    except VaultShut:
        root_id = target.create_root()
    if all(item.provider == target.name and item.root_id == root_id for item in stored):
        return root_id, 0
    return root_id, _rewrap(row, stored, config, target, root_id)


def _rewrap(row: House, stored: Sequence[HouseKey], config: Config, target: KeyProvider, root_id: str) -> int:
    sources = {
        name: provider(replace(config, key_provider=name), row.id.hex)
        for name in {k.provider for k in stored}
    }
    for item in stored:
        bound_to = context(row, item.purpose, item.version)
        secret = sources[item.provider].unwrap(bytes(item.wrapped), bound_to, item.root_id)
        item.wrapped = target.wrap(secret, bound_to, root_id)
        # A key that does not come back would be lost with the old root: look before it is too late.
        if target.unwrap(item.wrapped, bound_to, root_id) != secret:
            raise VaultShut(
                f"key provider {target.name} does not give back what it was given; nothing was changed"
            )
        item.provider, item.root_id = target.name, root_id
        item.save(update_fields=["wrapped", "provider", "root_id"])
    return len(stored)
