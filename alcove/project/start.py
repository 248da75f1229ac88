"""What every process does before it works: keys, checks, and the memory hardening of docs/decisions/0003-search.md."""

from __future__ import annotations

import ctypes
import logging
import resource

from django.conf import settings

from alcove.clinic.clients.queries import directory
from alcove.operations.egress import witness
from alcove.security.access.checks import refuse_to_start_unless_sound
from alcove.security.vault import house
from alcove.security.vault.errors import VaultShut

log = logging.getLogger("alcove")
_PR_SET_DUMPABLE = 4


def keys() -> None:
    """Say who holds the root key, keys open at the first use; note from now on which places outside are called."""
    house.configure(settings.ALCOVE)
    witness.watch(settings.ALCOVE.egress)


def harden() -> None:
    """No core dumps and no reading of this process's memory by others of the same user: it holds keys and names."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def web() -> None:
    """Start a web process: refuse to start unless sound, then load the directory of names in the background."""
    refuse_to_start_unless_sound()
    harden()
    keys()
    try:
        house.unlock()
    except VaultShut as shut:
        # The server answers 503 with this sentence instead of dying, so that whoever looks is told.
        log.error("the vault stays shut: %s", shut)
        return
    directory.load_in_background()
