"""Whose releases and news are trusted. Several keys, so that one can be replaced before it is given up."""

from __future__ import annotations

from typing import Final

from alcove.config import Config

SHIPPED: Final[tuple[str, ...]] = ()
"""The maintainers' public keys, as minisign's option -P takes them.

It is EMPTY because the project has no maintainers' key yet: until one stands here, an installation trusts only the keys
its operator names in ``ALCOVE_RELEASE_KEYS``, and refuses every release and all news without.
"""
NONE: Final = (
    "This installation trusts no key yet, so it cannot tell who made this. Set ALCOVE_RELEASE_KEYS to the maintainers' "
    "public key, which you got by another way than the release itself."
)


def keys(config: Config) -> tuple[str, ...]:
    """Return every trusted public key: those that came with the program, and the operator's own."""
    return (*SHIPPED, *config.release_keys)
