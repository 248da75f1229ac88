"""The folder an export leaves behind: complete with its manifest, or not there at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from alcove.api.fhir import numbers
from alcove.clinic.clients.queries.cells import harmless

_SURROGATE = re.compile("[\ud800-\udfff]")


class FolderTaken(Exception):
    """The folder is there already and holds something; nothing was written."""


class Folder:
    """A new folder under way beside its place: mode 0700, files 0600, each on disk before the folder gets its name."""

    def __init__(self, place: Path) -> None:
        # Not resolve(): a link at the place itself is refused, not followed.
        self.place = Path.cwd() / place
        if self.place.is_symlink() or (
            self.place.exists() and not (self.place.is_dir() and not any(self.place.iterdir()))
        ):
            raise FolderTaken(f"{place} is there already and is not an empty folder. Name a new one.")
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self.aside = self.place.with_name(f"{self.place.name}.unfinished-{secrets.token_hex(4)}")
        self.aside.mkdir(mode=0o700)
        self.written: list[dict[str, Any]] = []

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write one file and remember its size and SHA-256."""
        path, digest, size = self.aside / name, hashlib.sha256(), 0
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        self.written.append({"name": name, "bytes": size, "sha256": digest.hexdigest()})

    def write_text(self, name: str, text: str) -> None:
        """Write text; a lone surrogate, which no encoding has, becomes U+FFFD."""
        self.write(name, [_SURROGATE.sub("\ufffd", text).encode()])

    def write_json(self, name: str, held: Any) -> None:
        """Write JSON; a lone surrogate stands as its escape, so it comes back as it was."""
        text = numbers.dumps(held, indent=1)
        self.write(name, [_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()])

    def write_csv(self, name: str, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a CSV file for spreadsheets: UTF-8 with its mark, every cell quoted, no cell that would run."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerow(heading)
        for row in rows:
            writer.writerow([harmless("" if cell is None else str(cell)) for cell in row])
        self.write_text(name, "\ufeff" + out.getvalue())

    def finish(self, manifest: dict[str, Any], before_naming: Callable[[], None]) -> None:
        """Write the manifest, run the last step that may still refuse, and give the folder its name."""
        files = [*self.written]
        text = json.dumps({**manifest, "files": files}, indent=1)
        self.write_text("manifest.json", text)
        for folder in {self.aside, *(path.parent for path in self.aside.rglob("*"))}:
            _settle(folder)
        before_naming()
        self.aside.rename(self.place)
        _settle(self.place.parent)

    def give_up(self) -> None:
        """Take back whatever was written."""
        shutil.rmtree(self.aside, ignore_errors=True)


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
