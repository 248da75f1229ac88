"""Changing keys while the practice works. Every function here is one step inside the caller's transaction.

What is left to do is read from the stored keys and values themselves, never from a note beside them, so a process
killed at any moment leaves nothing to mend: the next run goes on. ``alcove.security.access.keys`` drives the steps and
keeps the log.

- *Root*: every house key is wrapped under the provider's newest root in one transaction; older roots stay until two
  people destroy them.
- *House*: new versions of the house keys seal new values at once. Client keys are wrapped anew, the house's sealed
  values sealed anew and keyed values cut anew (``vault.cuts``) in batches. A retired ``index`` key is destroyed when
  no value is cut with it, then a retired wrapping key when no client key uses it; that its row still stands means the
  rotation is not finished. Retired ``seal``, ``audit``, ``sign`` and ``backup`` keys stay: the log is never rewritten,
  and its reasons, codes and signatures must hold for years.
- *Client*: a new key for one client, and everything of theirs sealed under it, in one transaction.

Never: a client key wrapped under a version that is destroyed (``keyring.hold_wrap_version``), a value committed under
a client key that was replaced (``keyring.confirm``). Proved by ``tests/test_rotation.py`` and ``tests/test_killed.py``.
"""

from alcove.security.vault.rotation.clients import replace_client_key
from alcove.security.vault.rotation.columns import Step, reseal_house_values
from alcove.security.vault.rotation.roots import (
    is_root_pending,
    move_to_new_root,
    move_to_provider,
    replaced_roots,
    retire_old_roots,
    root_in_clear,
)
from alcove.security.vault.rotation.standing import KeyState, State, state
from alcove.security.vault.rotation.versions import (
    ROTATED,
    add_house_versions,
    destroy_retired_index_keys,
    destroy_retired_wrap_keys,
    is_house_pending,
    rewrap_client_keys,
)

__all__ = [
    "ROTATED",
    "KeyState",
    "State",
    "Step",
    "add_house_versions",
    "destroy_retired_index_keys",
    "destroy_retired_wrap_keys",
    "is_house_pending",
    "is_root_pending",
    "move_to_new_root",
    "move_to_provider",
    "replace_client_key",
    "replaced_roots",
    "reseal_house_values",
    "retire_old_roots",
    "rewrap_client_keys",
    "root_in_clear",
    "state",
]
