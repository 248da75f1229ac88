"""The file provider: root keys in one file, mode 0600, outside the database and outside every data backup.

The file is JSON: ``{"current": id, "keys": {id: hex}}``. During a rotation it holds two keys; it is replaced in one
step (written aside, synced, renamed), so a killed process leaves the old file or the new one, never half of one.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken, VaultShut
from alcove.security.vault.providers import flat


class FileProvider:
    """Wraps with AES-KW under a key derived from the root for exactly this context (HKDF)."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self.path = path

    def root_id(self) -> str:
        return str(self._read()["current"])

    def roots(self) -> list[str]:
        return sorted(self._read()["keys"])

    def wrap(self, secret: bytes, context: Mapping[str, str], root_id: str) -> bytes:
        return crypto.wrap(self._bound(self._root(root_id), context), secret)

    def unwrap(self, blob: bytes, context: Mapping[str, str], root_id: str) -> bytes:
        root = self._root(root_id)
        try:
            return crypto.unwrap(self._bound(root, context), blob)
        except SealBroken:
            raise VaultShut(
                f"key provider file: the root key in {self.path} does not open this practice's keys"
            ) from None

    def create_root(self) -> str:
        held: dict[str, Any] = self._read() if self.path.exists() else {"current": "", "keys": {}}
        root_id = secrets.token_hex(8)
        held["keys"][root_id] = crypto.new_key().hex()
        held["current"] = root_id
        self._write(held)
        return root_id

    def retire_roots(self, keep: str) -> None:
        held = self._read()
        held["keys"] = {keep: held["keys"][keep]}
        held["current"] = keep
        self._write(held)

    def exported(self) -> str:
        """Return a key file with the root in force alone, for a sealed copy elsewhere."""
        held = self._read()
        return json.dumps(
            {"current": held["current"], "keys": {held["current"]: held["keys"][held["current"]]}}
        )

    def _root(self, root_id: str) -> str:
        found = self._read()["keys"].get(root_id)
        if found is None:
            raise VaultShut(f"key provider file: {self.path} does not hold the root key {root_id}")
        return str(found)

    def _bound(self, root: str, context: Mapping[str, str]) -> bytes:
        return crypto.derive(bytes.fromhex(root), b"alcove/root/1\0" + flat(context))

    def _read(self) -> dict[str, Any]:
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            if mode & 0o077:
                raise VaultShut(
                    f"key provider file: {self.path} can be read by others (mode {mode:o}); chmod 600"
                )
            held = json.loads(self.path.read_text("ascii"))
            return {"current": held["current"], "keys": dict(held["keys"])}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VaultShut(
                f"key provider file: no usable root key at {self.path} ({type(error).__name__})"
            ) from None

    def _write(self, held: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = self.path.with_name(self.path.name + ".new")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(held, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
