"""The house keys in memory: opened once at start through the key provider, forgotten with the process.

``unlock()`` opens them, ``house()`` gives them. Purposes: ``wrap`` (wraps client keys), ``seal`` (the practice's own
secrets), ``index`` (short keyed values of contacts), ``audit`` (entry authentication), ``sign`` (Ed25519 seed of the
log's head), ``backup``, ``pepper``, ``marks`` (by which imported rows are known again).

A rotation elsewhere adds versions. A running process learns of them in two ways: every ``REFRESH_SECONDS`` it looks
at the ids of the stored keys, and a value that names a version it does not hold makes it look at once. A provider
that is away at that moment costs nothing: what is in memory goes on working.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import DatabaseError, connection

from alcove.config import Config
from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken, VaultShut
from alcove.security.vault.models import House, HouseKey
from alcove.security.vault.providers import KeyProvider, provider

log = logging.getLogger("alcove.vault")

PURPOSES = ("wrap", "seal", "index", "audit", "sign", "backup", "pepper", "marks")
REFRESH_SECONDS = 5.0
"""New values are sealed under a new version at the latest this long after another process made it."""
RETRY_SECONDS = 10.0
"""A provider that did not answer is asked again by requests at most this often."""


@dataclass(frozen=True)
class Versions:
    """All versions of one house key; ``current`` is the one that seals new values."""

    keys: Mapping[int, bytes] = field(repr=False)
    current: int
    purpose: str = ""

    def __getitem__(self, version: int) -> bytes:
        found = self.keys.get(version)
        if found is not None:
            return found
        # Another process may have made it since this one looked.
        if self.purpose and HouseKey.objects.filter(purpose=self.purpose, version=version).exists():
            found = unlock().versions(self.purpose).keys.get(version)
        if found is None:
            raise SealBroken(f"key version {version} is not held any more")
        return found


class OpenHouse:
    """The opened keys of one practice. ``rows``: ids of the stored keys that these came from, each with its key."""

    def __init__(self, row: House, rows: Mapping[UUID, tuple[str, int, bytes]]) -> None:
        self.id = row.id
        self.is_demo = row.is_demo
        self.rows = rows
        self.looked_at = time.monotonic()
        self._keys = _by_purpose(rows)
        self._ciphers: dict[tuple[str, int], AESGCM] = {}

    def versions(self, purpose: str) -> Versions:
        return self._keys[purpose]

    def key(self, purpose: str) -> bytes:
        versions = self._keys[purpose]
        return versions[versions.current]

    def cipher(self, purpose: str, version: int) -> AESGCM:
        """Return the cipher of one key version; kept, because making one costs as much as using it."""
        held = self._ciphers.get((purpose, version))
        if held is None:
            held = self._ciphers[purpose, version] = crypto.cipher(self._keys[purpose][version])
        return held

    def seal(self, plaintext: bytes, bound_to: bytes) -> bytes:
        """Seal a secret of the practice itself under the house's ``seal`` key."""
        version = self._keys["seal"].current
        return crypto.seal(self.cipher("seal", version), version, plaintext, bound_to)

    def open(self, blob: bytes, bound_to: bytes) -> bytes:
        """Open a secret of the practice itself; raise ``SealBroken``."""
        return crypto.open_sealed(self.cipher("seal", crypto.sealed_version(blob)), blob, bound_to)


def _by_purpose(rows: Mapping[UUID, tuple[str, int, bytes]]) -> dict[str, Versions]:
    by_purpose: dict[str, dict[int, bytes]] = {purpose: {} for purpose in PURPOSES}
    for purpose, version, secret in rows.values():
        by_purpose[purpose][version] = secret
    # A practice founded before marks had a key of their own hashed them under the index key.
    by_purpose["marks"] = by_purpose["marks"] or by_purpose["index"]
    missing = [purpose for purpose in PURPOSES if not by_purpose[purpose]]
    if missing:
        raise VaultShut("house keys are missing: " + ", ".join(missing))
    return {purpose: Versions(held, max(held), purpose) for purpose, held in by_purpose.items()}


_lock = threading.Lock()
_open: OpenHouse | None = None
_config: Config | None = None
_shut: tuple[float, VaultShut] | None = None


def context(house: House, purpose: str, version: int) -> dict[str, str]:
    """Return what a wrapped house key is bound to."""
    return {
        "practice": house.id.hex,
        "demo": "yes" if house.is_demo else "no",
        "purpose": purpose,
        "version": str(version),
    }


def configure(config: Config) -> None:
    """Say which provider holds the root key; keys open at the first use. Called once by the settings' owner."""
    global _config, _open, _shut
    with _lock:
        _config, _open, _shut = config, None, None


def configured() -> Config:
    """Return the configuration in force; raise ``VaultShut`` if there is none."""
    if _config is None:
        raise VaultShut("no key provider is configured")
    return _config


def house() -> OpenHouse:
    """Return the opened house keys; raise ``VaultShut`` saying which provider failed."""
    held = _open
    if held is None:
        shut = _shut
        if shut is not None and (shut[1].is_final or time.monotonic() - shut[0] < RETRY_SECONDS):
            raise shut[1]
        return unlock()
    if time.monotonic() - held.looked_at > REFRESH_SECONDS and not connection.in_atomic_block:
        # Not inside a transaction: it might be the one that adds keys, and they are nobody's before its commit.
        held.looked_at = time.monotonic()
        return _refreshed(held)
    return held


def _refreshed(held: OpenHouse) -> OpenHouse:
    try:
        if set(HouseKey.objects.values_list("id", flat=True)) == held.rows.keys():
            return held
        return unlock()
    except (VaultShut, DatabaseError) as error:
        log.warning(
            "the house keys could not be read again: %s",
            error if isinstance(error, VaultShut) else "database",
        )
        return held


def unlock() -> OpenHouse:
    """Open the house keys through the provider (again, after a rotation) and keep them in memory."""
    global _open, _shut  # noqa: PLW0603 - see configure
    with _lock:
        try:
            _open, _shut = _unlocked(), None
        except VaultShut as shut:
            _shut = (time.monotonic(), shut)
            raise
        return _open


def _unlocked() -> OpenHouse:
    config = configured()
    row = House.objects.first()
    if row is None:
        raise VaultShut("this database holds no practice yet: run 'alcove init' or 'alcove demo load'")
    holder = provider(config, row.id.hex)
    known = _open.rows if _open is not None and _open.id == row.id else {}
    stored = list(HouseKey.objects.filter(purpose__in=PURPOSES))
    try:
        return OpenHouse(row, _opened(row, holder, known, stored))
    except VaultShut:
        # A rotation may have moved the keys to another root between reading them and asking the provider.
        again = list(HouseKey.objects.filter(purpose__in=PURPOSES))
        if {(item.id, item.root_id) for item in again} == {(item.id, item.root_id) for item in stored}:
            raise
        return OpenHouse(row, _opened(row, holder, known, again))


def forget() -> None:
    """Drop the keys from memory."""
    global _open, _shut
    with _lock:
        _open, _shut = None, None


def _opened(
    row: House, holder: KeyProvider, known: Mapping[UUID, tuple[str, int, bytes]], stored: Iterable[HouseKey]
) -> dict[UUID, tuple[str, int, bytes]]:
    """Return the stored keys opened, by row id; ``known`` ones are not asked for again."""
    opened = {}
    for item in stored:
        if item.id in known:
            opened[item.id] = known[item.id]
            continue
        if item.provider != holder.name:
            raise VaultShut(
                f"key provider {holder.name}: this practice's keys were wrapped by provider {item.provider}"
            )
        secret = holder.unwrap(bytes(item.wrapped), context(row, item.purpose, item.version), item.root_id)
        opened[item.id] = (item.purpose, item.version, secret)
    return opened


def found(config: Config, *, is_demo: bool) -> House:
    """Make a practice's row and its first house keys; the caller runs this inside a transaction of its own."""
    if House.objects.exists():
        raise VaultShut("this database already holds a practice")
    row = House.objects.create(is_demo=is_demo)
    holder = provider(config, row.id.hex)
    root_id = holder.root_id() if has_root(holder) else holder.create_root()
    for purpose in PURPOSES:
        add_version(row, holder, purpose, 1, crypto.new_key(), root_id)
    return row


def add_version(
    row: House, holder: KeyProvider, purpose: str, version: int, secret: bytes, root_id: str
) -> HouseKey:
    """Store one version of one house key, wrapped."""
    return HouseKey.objects.create(
        purpose=purpose,
        version=version,
        wrapped=holder.wrap(secret, context(row, purpose, version), root_id),
        provider=holder.name,
        root_id=root_id,
    )


def has_root(holder: KeyProvider) -> bool:
    """Whether the provider holds a root key of this practice already."""
    try:
        holder.root_id()
    except VaultShut:
        return False
    return True
