"""The HSM provider: root keys made in a PKCS#11 token and never leaving it.

Each root is an AES-256 key generated in the token: sensitive, not extractable, for encryption and decryption only.
House keys are wrapped by AES-GCM *inside* the token with the context as associated data, so a wrapped key moved to
another practice, purpose or version does not open; AES-KW has no place for a context. The nonce is 12 random bytes
of ours: a root seals a few dozen values in its life, far from the 2^32 of NIST SP 800-38D section 8.3.

Layout of a wrapped key: ``nonce (12) | ciphertext and tag``. A root's label names the practice, so two practices on
one token never touch each other's; its CKA_ID is the root id and grows with time, so the newest is in force.

Keys live in memory after the start, so a session serves a few seconds: the keys opened together at a start or a
rotation share one sign-in to the token. For each session the library is initialised anew, because a forked process
may not go on with its parent's, and a token put in later would not be seen.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, MechanismFlag, ObjectClass

from alcove.config import Config
from alcove.security.vault.errors import VaultShut
from alcove.security.vault.ids import uuid7
from alcove.security.vault.providers import flat

_NONCE = 12
_USES = MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT
_SESSION_SECONDS = 3.0
_lock = threading.Lock()
_held: dict[tuple[int, str, str, bool], tuple[float, pkcs11.Session]] = {}


class Pkcs11Provider:
    """Wraps inside the token; see the module's docstring. ``practice`` is the practice's id in hex."""

    name = "pkcs11"

    def __init__(self, config: Config, practice: str) -> None:
        self._module = str(config.pkcs11_module)
        self._token = config.pkcs11_token
        self._pin_file = config.pkcs11_pin_file
        self._label = f"alcove root {practice}"

    def root_id(self) -> str:
        with self._session() as session:
            return self._newest(session)

    def roots(self) -> list[str]:
        with self._session() as session:
            return self._ids(session)

    def wrap(self, secret: bytes, context: Mapping[str, str], root_id: str) -> bytes:
        nonce = os.urandom(_NONCE)
        with self._session() as session:
            key = self._key(session, root_id)
            sealed = key.encrypt(
                secret, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, flat(context))
            )
        return nonce + bytes(sealed)

    def unwrap(self, blob: bytes, context: Mapping[str, str], root_id: str) -> bytes:
        parameters = GCMParams(blob[:_NONCE], flat(context))
        with self._session() as session:
            key = self._key(session, root_id)
            try:
                return bytes(
                    key.decrypt(blob[_NONCE:], mechanism=Mechanism.AES_GCM, mechanism_param=parameters)
                )
            except (pkcs11.PKCS11Error, ValueError):
                # Tokens answer a wrong tag each in their own way; whatever it was, nothing opens.
                raise self._shut(f"its root key {root_id} does not open this practice's keys") from None

    def create_root(self) -> str:
        root_id = uuid7()
        with self._session(rw=True) as session:
            session.generate_key(
                KeyType.AES,
                256,
                label=self._label,
                id=root_id.bytes,
                store=True,
                capabilities=_USES,
                template={
                    Attribute.PRIVATE: True,
                    Attribute.SENSITIVE: True,
                    Attribute.EXTRACTABLE: False,
                    Attribute.MODIFIABLE: False,
                },
            )
        return root_id.hex

    def retire_roots(self, keep: str) -> None:
        with self._session(rw=True) as session:
            for root_id in self._ids(session):
                if root_id != keep:
                    self._key(session, root_id).destroy()

    # Inside a session ------------------------------------------------------------------------------------------

    def _shut(self, what: str, *, is_final: bool = False) -> VaultShut:
        return VaultShut(f"key provider pkcs11: token {self._token}: {what}", is_final=is_final)

    def _pin(self) -> str:
        try:
            return self._pin_file.read_text("utf-8").strip() if self._pin_file else ""
        except (OSError, ValueError) as error:
            raise self._shut(f"its PIN file cannot be read ({type(error).__name__})") from None

    @contextmanager
    def _session(self, *, rw: bool = False) -> Iterator[pkcs11.Session]:
        with _lock:
            try:
                yield self._signed_in(rw=rw)
            except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
                _held.clear()
                words = _WORDS.get(type(error), f"does not answer ({type(error).__name__})")
                raise self._shut(words, is_final=isinstance(error, _WRONG_PIN)) from None

    def _signed_in(self, *, rw: bool) -> pkcs11.Session:
        wanted = (os.getpid(), self._module, self._token, rw)
        held = _held.get(wanted)
        if held and time.monotonic() - held[0] < _SESSION_SECONDS:
            return held[1]
        _held.clear()
        library = pkcs11.lib(self._module)
        library.reinitialize()
        session = library.get_token(token_label=self._token).open(user_pin=self._pin(), rw=rw)
        _held[wanted] = (time.monotonic(), session)
        return session

    def _ids(self, session: pkcs11.Session) -> list[str]:
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: self._label}
        return sorted(bytes(key.id).hex() for key in session.get_objects(wanted))

    def _newest(self, session: pkcs11.Session) -> str:
        found = self._ids(session)
        if not found:
            raise self._shut("holds no root key of this practice")
        return found[-1]

    def _key(self, session: pkcs11.Session, root_id: str) -> pkcs11.SecretKey:
        wanted = {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.LABEL: self._label,
            Attribute.ID: bytes.fromhex(root_id),
        }
        for key in session.get_objects(wanted):
            return key  # type: ignore[return-value]  # the class was asked for
        raise self._shut(f"does not hold the root key {root_id}")


_WRONG_PIN = (pkcs11.PinIncorrect, pkcs11.PinLocked)
_WORDS = {
    pkcs11.PinIncorrect: "refuses the PIN",
    pkcs11.PinLocked: "has locked the PIN after too many wrong ones",
    pkcs11.NoSuchToken: "is not there",
    pkcs11.TokenNotPresent: "is not there",
}
