"""Changing keys: who may, step by step, each step an action of its own with its entry.

``alcove.security.vault.rotation`` does the work of a step and says why it can be killed at any moment. The functions
here take an ``Actor`` with ``Keys.ROTATE``, go on with what was left unfinished, and return sentences for whoever
asked. ``tell`` is called with (what is done, how many) as the work goes on.

Areas that keep keyed values (contacts found by short keyed hashes) name a function in
``settings.ALCOVE_KEYED_VALUES``: ``(change, limit) -> number of clients rewritten``, 0 when none is behind, and
``SealBroken`` naming clients when only such are left that do not open. It opens the directories it needs by
``open_directories_to_rekey``. Without such a function the index key stays as it is.
``settings.ALCOVE_KEYED_VALUES_BEHIND`` names functions that count what is still to be rewritten.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from alcove.security.access import approvals, marks, need
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.errors import NotFound
from alcove.security.access.policy import Did, Keys
from alcove.security.vault import house, keyring, rotation, zips
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.keyring import Part
from alcove.security.vault.models import ClientKey, EntryKey

CLIENT_KEYS = 500
HOUSE_VALUES = 500
REKEYED_CLIENTS = 50
"""How many one step does: each takes some tens of milliseconds, so nobody waits long for their turn to write."""

ROOT_KIND = "root_key"
"""What approvals about root keys are called."""
DESTROY, EXPORT = "destroy", "export"

MARGIN_SECONDS = 5.0
"""A request that sealed something under an older version has committed this long after the last look."""
LONGEST_REST = 0.5
"""Seconds between two steps at most; see ``_others_turn``."""

Tell = Callable[[str, int], None]
Batch = Callable[..., rotation.Step]


def _silent(_what: str, _done: int) -> None:
    """For callers who do not follow the work."""


def values_behind() -> int:
    """Return how many search values are still written another way than new ones are."""
    names: list[str] = getattr(settings, "ALCOVE_KEYED_VALUES_BEHIND", [])
    return sum(import_string(name)() for name in names)


# The root key ---------------------------------------------------------------------------------------------------


def rotate_root(actor: Actor, tell: Tell = _silent) -> str:
    """Put every house key under a new root key; return the new root's id. The old one stays: see ``destroy_roots``."""
    house.house()
    root_id, moved = _move_to_new_root(actor)
    tell("house keys", moved)
    return root_id


@action(Keys.ROTATE)
def _move_to_new_root(change: Change) -> tuple[str, int]:
    root_id, moved = rotation.move_to_new_root()
    change.record(Did.ROOT_CHANGED, fields=(f"{moved} house keys",))
    return root_id, moved


class NoRootReplaced(Exception):
    """There is no replaced root key to destroy."""


def _about_roots(deed: str, root_ids: Sequence[str]) -> UUID:
    """Return what an approval of this deed with exactly these root keys is about."""
    said = " ".join((deed, *sorted(root_ids)))
    return UUID(bytes=hashlib.sha256(said.encode()).digest()[:16])


def _roots_meant(deed: str) -> list[str]:
    if deed == DESTROY:
        return rotation.replaced_roots()
    return [rotation.root_in_clear()[0]]


def is_asked(deed: str) -> bool:
    """Whether someone asked for this deed with the root keys there are now, and nobody has decided yet."""
    about = _about_roots(deed, _roots_meant(deed))
    return approvals.waiting().filter(kind=ROOT_KIND, subject_id=about).exists()


@action(Keys.ROTATE)
def ask_for_root(change: Change, deed: str, purpose: str) -> None:
    """Ask for a second person's approval to ``DESTROY`` the replaced root keys, or to ``EXPORT`` the one in force.

    Raises ``NoRootReplaced``, ``RootStays``.
    """
    root_ids = _roots_meant(deed)
    if not root_ids:
        raise NoRootReplaced
    details: dict[str, int | str] = {"deed": deed, "keys": len(root_ids)}
    approvals.ask(
        change, ROOT_KIND, purpose=purpose, subject_id=_about_roots(deed, root_ids), details=details
    )


@action(Keys.ROTATE)
def destroy_roots(change: Change) -> list[str]:
    """Destroy the replaced root keys, as someone else has approved; return their ids.

    Backups made under them open nowhere any more. Raises ``ApprovalNeeded``, ``NoRootReplaced``.
    """
    root_ids = _roots_meant(DESTROY)
    if not root_ids:
        raise NoRootReplaced
    approvals.use(change, ROOT_KIND, _about_roots(DESTROY, root_ids))
    rotation.retire_old_roots()
    change.record(Did.ROOTS_DESTROYED, fields=(f"{len(root_ids)} root keys",))
    return root_ids


@action(Keys.ROTATE)
def export_root(change: Change) -> tuple[str, bytes]:
    """Return (passphrase, encrypted archive) with the root key in force, as someone else has approved.

    Raises ``ApprovalNeeded``, ``RootStays``.
    """
    root_id, held = rotation.root_in_clear()
    approvals.use(change, ROOT_KIND, _about_roots(EXPORT, [root_id]))
    passphrase = zips.new_passphrase()
    change.record(Did.ROOT_EXPORTED)
    return passphrase, zips.sealed_zip(passphrase, {"root.key": held.encode()}, change.now)


def move_to_provider(actor: Actor, name: str) -> tuple[str, int]:
    """Put every house key under the root of another provider; return its id and how many keys moved."""
    house.house()
    return _move_to_provider(actor, name)


@action(Keys.ROTATE)
def _move_to_provider(change: Change, name: str) -> tuple[str, int]:
    root_id, moved = rotation.move_to_provider(name)
    change.record(Did.ROOT_CHANGED, fields=(f"{moved} house keys", f"provider {name}"))
    return root_id, moved


# House keys -----------------------------------------------------------------------------------------------------


def rotate_house(actor: Actor, tell: Tell = _silent) -> list[str]:
    """Make new versions of the house keys and put everything under them; return what does not open.

    A rotation that was begun and not finished is gone on with.
    """
    # The keys are in memory before a step changes what is stored: they are never read inside its transaction, whose
    # end nobody knows yet.
    house.house()
    if not rotation.is_house_pending():
        _add_versions(actor)
    house.unlock()
    began = time.monotonic()
    broken = _everything(actor, tell)
    # Another process may go on sealing under the versions it knows until it looks again: wait, then look once more.
    time.sleep(max(0.0, house.REFRESH_SECONDS + MARGIN_SECONDS - (time.monotonic() - began)))
    broken = _everything(actor, tell) or broken
    if _destroy_retired_keys(actor):
        house.unlock()
    return broken


def _everything(actor: Actor, tell: Tell) -> list[str]:
    broken = _each(actor, _wrap_batch, "client keys", tell)
    broken += _each(actor, _seal_batch, "sealed values", tell)
    try:
        for rewrite in _rewriters():
            began = time.monotonic()
            while done := _rekey_batch(actor, rewrite):
                tell("search values", done)
                began = _others_turn(began)
    except SealBroken as error:
        broken.append(str(error))
    return broken


def _each(actor: Actor, batch: Batch, what: str, tell: Tell) -> list[str]:
    broken: list[str] = []
    place: Any = None
    while True:
        began = time.monotonic()
        step = batch(actor, place)
        tell(what, step.done)
        broken += step.broken
        place = step.place
        if place is None:
            return broken
        _others_turn(began)


def _others_turn(began: float) -> float:
    """Rest for as long as a step took: whoever waits to write gets half of the time. Return when the next begins."""
    time.sleep(min(time.monotonic() - began, LONGEST_REST))
    return time.monotonic()


def _rewriters() -> list[Callable[[Change, int], int]]:
    return [import_string(path) for path in getattr(settings, "ALCOVE_KEYED_VALUES", [])]


@action(Keys.ROTATE)
def _add_versions(change: Change) -> None:
    purposes = (*rotation.ROTATED, "index") if _rewriters() else rotation.ROTATED
    added = rotation.add_house_versions(purposes)
    change.record(Did.HOUSE_KEYS_ADDED, fields=[f"{purpose} {version}" for purpose, version in added.items()])


@action(Keys.ROTATE)
def _wrap_batch(change: Change, place: Any) -> rotation.Step:
    step = rotation.rewrap_client_keys(place, CLIENT_KEYS)
    change.record(Did.CLIENT_KEYS_WRAPPED, fields=(f"{step.done} client keys", *step.broken))
    return step


@action(Keys.ROTATE)
def _seal_batch(change: Change, place: Any) -> rotation.Step:
    step = rotation.reseal_house_values(place, HOUSE_VALUES)
    change.record(Did.HOUSE_VALUES_SEALED, fields=(f"{step.done} values", *step.broken))
    return step


@action(Keys.ROTATE)
def _rekey_batch(change: Change, rewrite: Callable[[Change, int], int]) -> int:
    done = rewrite(change, REKEYED_CLIENTS)
    change.record(Did.KEYED_VALUES_WRITTEN, fields=(f"{done} clients",))
    return done


@action(Keys.ROTATE)
def _destroy_retired_keys(change: Change) -> list[str]:
    """Destroy what nothing is under any more: index keys first, because a wrapping key's row says what is pending."""
    destroyed = [f"index {version}" for version in _unused_index_keys(change)]
    destroyed += [f"wrap {version}" for version in rotation.destroy_retired_wrap_keys()]
    change.record(Did.WRAP_KEYS_DESTROYED, fields=destroyed)
    return destroyed


def _unused_index_keys(change: Change) -> list[int]:
    try:
        for rewrite in _rewriters():
            while rewrite(change, REKEYED_CLIENTS):
                pass
    except SealBroken:
        return []
    return rotation.destroy_retired_index_keys()


def open_directories_to_rekey(change: Change, client_ids: Sequence[UUID]) -> None:
    """Open the directory parts of these clients inside a step that writes their keyed values anew, with an entry.

    A key that does not open leaves its client locked.
    """
    change.actor.must(Keys.ROTATE)
    change.record(Did.KEYED_VALUES_WRITTEN, clients=tuple(client_ids))
    for row in ClientKey.objects.filter(client_id__in=list(client_ids)):
        with suppress(SealBroken):
            keyring.put(row, (Part.DIRECTORY,))


# One client's key -----------------------------------------------------------------------------------------------


@action(Keys.ROTATE)
def replace_client_key(change: Change, client_id: UUID) -> int:
    """Give a client a new key and seal everything of theirs under it; return how many values.

    Files stay as they are: each has a key of its own, which is one of those values. Raises ``NotFound``.
    """
    if not ClientKey.objects.filter(client_id=client_id).exists():
        raise NotFound("there is no such client")
    # Only what its mark still holds for is marked again: a direct edit must not be covered by the new key.
    rows = marks.standing(client_id)
    values = rotation.replace_client_key(client_id)
    marks.mark(rows, change.now)
    change.record(Did.CLIENT_KEY_REPLACED, client_id=client_id, fields=(f"{values} values",))
    return values


@action(Keys.ROTATE)
def destroy_client_key(change: Change, client_id: UUID) -> None:
    """Destroy a deleted client's key and those of their entries: whatever is sealed under them is gone for good.

    What backups hold is gone when the last key copy made before is, see ``policy_defaults.KEY_COPY_LIFE``. Raises
    ``NotFound`` for a client who is not deleted or whose key is destroyed already.
    """
    if not need.is_deleted(client_id) or not ClientKey.objects.filter(client_id=client_id).delete()[0]:
        raise NotFound("there is no such client")
    EntryKey.objects.filter(client_id=client_id).delete()
    change.record(Did.CLIENT_KEY_DESTROYED, client_id=client_id)
