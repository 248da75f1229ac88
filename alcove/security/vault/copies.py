"""What leaves for a backup: how its pieces are sealed, and the key copy that travels apart from the data.

A backup's pieces are sealed under keys derived from the house's ``backup`` key; its contents' names are keyed hashes
under another, so a place full of them tells sizes and nothing else. The database in a backup holds no client's key.
Those lie in a **key copy** of their own, with a short life (``policy_defaults.KEY_COPY_LIFE``): house keys wrapped as
the provider wrapped them, clients' keys wrapped as they are and sealed once more. So a destroyed client's key is
destroyed in every backup when the last copy made before dies.

The recovery key is a key pair (X25519). Its private half exists only on three pieces of paper (``shares``); every key
copy holds the house keys sealed for its public half as well. So it opens a practice whose root key is lost, under
whichever provider, and stays good when root and house keys change.

Never: a root key in a key copy; a house key in clear outside memory; an unsigned copy believed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alcove.config import Config
from alcove.security.vault import crypto, files
from alcove.security.vault.errors import SealBroken, VaultShut
from alcove.security.vault.house import context, has_root, house
from alcove.security.vault.models import House
from alcove.security.vault.providers import provider

Row = dict[str, Any]
FORMAT: Final = 1
_RECOVERY: Final = b"alcove/recovery/1\0"
_COPY: Final = b"alcove/key-copy/1\0"


@dataclass(frozen=True, slots=True)
class HouseKeys:
    """All house keys of a practice, opened: ``{(purpose, version): key}``. Needs no database."""

    practice: UUID
    is_demo: bool
    keys: Mapping[tuple[str, int], bytes] = field(repr=False)

    def current(self, purpose: str) -> int:
        """Return the newest version held; raise ``VaultShut`` if there is none."""
        held = [version for name, version in self.keys if name == purpose]
        if not held:
            raise VaultShut(f"the house key {purpose} is missing")
        return max(held)

    def key(self, purpose: str, version: int) -> bytes:
        """Return one version; raise ``SealBroken`` if it is not held."""
        found = self.keys.get((purpose, version))
        if found is None:
            raise SealBroken(f"version {version} of the house key {purpose} is not held")
        return found

    def signers(self) -> set[bytes]:
        """Return the public keys of every signing key held."""
        return {crypto.public_key(key) for (purpose, _), key in self.keys.items() if purpose == "sign"}


def held() -> HouseKeys:
    """Return the keys of the running practice."""
    opened = house()
    keys = {(purpose, version): secret for purpose, version, secret in opened.rows.values()}
    return HouseKeys(opened.id, opened.is_demo, keys)


# Pieces of a backup -----------------------------------------------------------------------------------------------


class Sealing:
    """Names, seals and opens the pieces of a backup under one version of the ``backup`` key.

    Each piece has a key of its own, derived from its name, so no two share nonces.
    """

    def __init__(self, keys: HouseKeys, version: int) -> None:
        root = keys.key("backup", version)
        self.version = version
        self._naming = crypto.derive(root, b"alcove/backup/name/1\0" + keys.practice.bytes)
        self._sealing = crypto.derive(root, b"alcove/backup/piece/1\0" + keys.practice.bytes)
        self.short = crypto.mac_under(crypto.derive(self._naming, b"short"))
        """The 32-byte keyed hash of a short piece."""

    def hasher(self) -> hmac.HMAC:
        """Return a keyed hash to feed with a piece; its ``hexdigest`` is the piece's name."""
        return hmac.new(self._naming, digestmod=hashlib.sha256)

    def sealed(self, name: str, source: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the sealed form of a piece."""
        return files.sealed_stream(self._key(name), source, self._bound(name))

    def opened(self, name: str, source: Any) -> Iterator[bytes]:
        """Yield a piece from a file object; raise ``SealBroken`` where it was changed, cut or moved."""
        return files.opened_stream(self._key(name), source, self._bound(name))

    def _key(self, name: str) -> bytes:
        return crypto.derive(self._sealing, name.encode())

    def _bound(self, name: str) -> bytes:
        return b"alcove/backup\0" + name.encode()


def sign(keys: HouseKeys, message: bytes) -> bytes:
    """Return the signer's public key and its signature: 32 and 64 bytes."""
    seed = keys.key("sign", keys.current("sign"))
    return crypto.public_key(seed) + crypto.sign(seed, message)


def check_signed(keys: HouseKeys, signature: bytes, message: bytes) -> None:
    """Raise ``SealBroken`` unless a signing key of this practice made this signature."""
    if signature[:32] not in keys.signers():
        raise SealBroken("it was signed by another practice or key")
    crypto.check_signature(signature[:32], message, signature[32:])


# The recovery key -------------------------------------------------------------------------------------------------


def new_recovery() -> tuple[bytes, bytes]:
    """Return (public half, private half) of a new recovery key, 32 bytes each. The private half is never stored."""
    private = crypto.new_key()
    return recovery_public(private), private


def recovery_public(private: bytes) -> bytes:
    """Return the public half of a recovery key."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def recovery_name(public: bytes) -> bytes:
    """Return what shares and key copies call a recovery key: 8 bytes, no secret."""
    return hashlib.sha256(_RECOVERY + public).digest()[:8]


def _shared_cipher(shared: bytes, ephemeral: bytes, public: bytes) -> AESGCM:
    return crypto.cipher(crypto.derive(shared, _RECOVERY + ephemeral + public))


def sealed_for(public: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    """Seal for the holder of a recovery key: ephemeral public key (32), nonce (12), ciphertext and tag."""
    ephemeral = X25519PrivateKey.generate()
    mine = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    nonce = os.urandom(crypto.NONCE_BYTES)
    return mine + nonce + _shared_cipher(shared, mine, public).encrypt(nonce, plaintext, bound_to)


def opened_with(private: bytes, blob: bytes, bound_to: bytes) -> bytes:
    """Open what was sealed for this recovery key; raise ``SealBroken`` if it was for another."""
    mine, sealed = blob[:32], blob[32:]
    try:
        shared = X25519PrivateKey.from_private_bytes(private).exchange(
            X25519PublicKey.from_public_bytes(mine)
        )
    except ValueError:
        raise SealBroken("this is not sealed for a recovery key") from None
    cipher = _shared_cipher(shared, mine, recovery_public(private))
    # ``open_sealed`` skips three bytes of header.
    return crypto.open_sealed(cipher, bytes(3) + sealed, bound_to)


# The key copy -----------------------------------------------------------------------------------------------------


def key_copy(
    keys: HouseKeys, house_rows: Sequence[Row], clients: Sequence[Row], *, recovery: bytes | None, at: str
) -> bytes:
    """Return a key copy: rows as they lie in the database, each a dict of texts and numbers (bytes as hex).

    ``recovery``: the public half of the recovery key, if there is one.
    """
    version = keys.current("backup")
    body = zlib.compress(json.dumps(list(clients)).encode(), 1)
    document: dict[str, Any] = {
        "format": FORMAT,
        "practice": keys.practice.hex,
        "is_demo": keys.is_demo,
        "at": at,
        "house": list(house_rows),
        "version": version,
        "clients": b"".join(Sealing(keys, version).sealed(f"keys {at}", [body])).hex(),
        "recovery": None,
    }
    if recovery is not None:
        secrets = {f"{purpose} {number}": secret.hex() for (purpose, number), secret in keys.keys.items()}
        sealed = sealed_for(recovery, json.dumps(secrets).encode(), _COPY + keys.practice.bytes)
        document["recovery"] = {"name": recovery_name(recovery).hex(), "sealed": sealed.hex()}
    text = json.dumps(document, sort_keys=True).encode()
    return sign(keys, _COPY + text) + text


class KeyCopy:
    """A key copy that was read; nothing of it is believed before ``by_root`` or ``by_recovery`` opened it."""

    def __init__(self, blob: bytes) -> None:
        self._signature, self._text = blob[:96], blob[96:]
        try:
            document = json.loads(self._text)
            if document["format"] != FORMAT:
                raise SealBroken("this key copy was made by a newer version of Alcove")
            self.practice = UUID(document["practice"])
            self.is_demo = bool(document["is_demo"])
            self.at = str(document["at"])
            self.house_rows: list[Row] = document["house"]
            self._document = document
        except (ValueError, KeyError, TypeError):
            raise SealBroken("this is not a key copy, or it was cut short") from None

    def by_root(self, config: Config) -> HouseKeys:
        """Open the house keys through the key provider; raise ``VaultShut`` if its root key is another."""
        holder, row = provider(config, self.practice.hex), House(id=self.practice, is_demo=self.is_demo)
        keys = {}
        for item in self.house_rows:
            purpose, version = str(item["purpose"]), int(item["version"])
            wrapped = bytes.fromhex(item["wrapped"])
            keys[purpose, version] = holder.unwrap(wrapped, context(row, purpose, version), item["root_id"])
        return self._made(keys)

    def by_recovery(self, private: bytes) -> HouseKeys:
        """Open the house keys with the private half of the recovery key; raise ``SealBroken``."""
        sealed = self._document["recovery"]
        if sealed is None:
            raise SealBroken("this key copy was made before there was a recovery key")
        if sealed["name"] != recovery_name(recovery_public(private)).hex():
            raise SealBroken("these shares belong to another recovery key")
        text = opened_with(private, bytes.fromhex(sealed["sealed"]), _COPY + self.practice.bytes)
        keys = {}
        for name, secret in json.loads(text).items():
            purpose, version = name.split()
            keys[purpose, int(version)] = bytes.fromhex(secret)
        return self._made(keys)

    def _made(self, opened: Mapping[tuple[str, int], bytes]) -> HouseKeys:
        return self.checked(HouseKeys(self.practice, self.is_demo, opened))

    def checked(self, keys: HouseKeys) -> HouseKeys:
        """Return these keys if one of them signed this copy; raise ``SealBroken``."""
        check_signed(keys, self._signature, _COPY + self._text)
        return keys

    def clients(self, keys: HouseKeys) -> list[Row]:
        """Return the clients' wrapped keys, as rows; raise ``SealBroken``."""
        sealing = Sealing(keys, int(self._document["version"]))
        sealed = Reader(bytes.fromhex(self._document["clients"]))
        rows: list[Row] = json.loads(zlib.decompress(b"".join(sealing.opened(f"keys {self.at}", sealed))))
        return rows


class Reader:
    """The one method of a file that opening a stream asks for."""

    def __init__(self, held: bytes) -> None:
        self._held, self._at = held, 0

    def read(self, count: int) -> bytes:
        self._at += count
        return self._held[self._at - count : self._at]


def under_new_root(keys: HouseKeys, rows: Sequence[Row], config: Config) -> list[Row]:
    """Return the house keys' rows wrapped by the provider of another installation, which gets a root if it has none."""
    holder, row = provider(config, keys.practice.hex), House(id=keys.practice, is_demo=keys.is_demo)
    root_id = holder.root_id() if has_root(holder) else holder.create_root()
    made = []
    for item in rows:
        purpose, version = str(item["purpose"]), int(item["version"])
        blob = holder.wrap(keys.key(purpose, version), context(row, purpose, version), root_id)
        made.append({**item, "wrapped": blob.hex(), "provider": holder.name, "root_id": root_id})
    return made
