"""Key providers: who holds the root key. One round trip at start; afterwards keys live in memory only.

A provider wraps and unwraps house keys, each bound to a context (practice, purpose, version). It raises
``VaultShut`` naming itself when it cannot answer. There is no fallback.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from alcove.config import Config
from alcove.security.vault.errors import VaultShut


class KeyProvider(Protocol):
    """``root_id`` names the root key in force (no secret); wrapped keys are stored beside the id that made them."""

    name: str

    def root_id(self) -> str: ...

    def roots(self) -> list[str]:
        """Return the ids of all root keys this practice has there; more than one means a rotation is not finished."""
        ...

    def wrap(self, secret: bytes, context: Mapping[str, str], root_id: str) -> bytes: ...

    def unwrap(self, blob: bytes, context: Mapping[str, str], root_id: str) -> bytes: ...

    def create_root(self) -> str:
        """Make the first or the next root key, keep the older ones readable, return the new id.

        Raises ``RootStays`` where the provider leaves that to people.
        """
        ...

    def retire_roots(self, keep: str) -> None:
        """Destroy every root key but ``keep``; called only when nothing is wrapped by the others any more."""
        ...


def flat(context: Mapping[str, str]) -> bytes:
    """Return a context as unambiguous bytes."""
    return b"\0".join(f"{name}={context[name]}".encode() for name in sorted(context))


def provider(config: Config, practice: str) -> KeyProvider:
    """Return the configured provider for the practice of this id (hex); raise ``VaultShut`` without its library."""
    try:
        if config.key_provider == "pkcs11":
            from alcove.security.vault.providers.pkcs11 import Pkcs11Provider  # noqa: PLC0415 - optional extra

            return Pkcs11Provider(config, practice)
        if config.key_provider == "aws-kms":
            from alcove.security.vault.providers.aws_kms import AwsKmsProvider  # noqa: PLC0415 - optional extra

            return AwsKmsProvider(config)
    except ImportError as error:
        raise VaultShut(
            f"key provider {config.key_provider}: its library is missing ({error.name}); "
            f"install alcove[{config.key_provider}]"
        ) from None
    from alcove.security.vault.providers.file import FileProvider  # noqa: PLC0415 - beside its siblings

    return FileProvider(config.root_keys)
