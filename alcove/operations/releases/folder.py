"""A folder with a release: is it as its maintainers signed it, and may it follow the version that runs.

``release.json`` names every other file with its SHA-256 and size, and ``release.json.minisig`` signs it. What must
never happen: an answer for a folder in which anything was changed, taken out or put in (``tests/test_folder.py``).
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.version import InvalidVersion, Version

from alcove.operations.releases import trusted
from alcove.security.vault import minisign

KIND: Final = "alcove release"
MANIFEST, SIGNATURE = "release.json", "release.json.minisig"
_MOST: Final = 1 << 20
"""Bytes of a manifest and its signature; a real one has some thousand."""
_PIECE: Final = 1 << 20


class Refused(Exception):
    """The release is not to be installed; the text is the sentence that says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a verified manifest says. ``upgrades_from``: the least version it upgrades; ``key``: which key signed."""

    version: str
    commit: str
    made_at: str
    upgrades_from: str
    files: dict[str, dict[str, Any]]
    key: str

    def __str__(self) -> str:
        """Return the words for the log."""
        return f"release {self.version} of {self.made_at[:10]}, signed by {self.key}"


def verified(folder: Path, keys: Sequence[str]) -> Release:
    """Return the release in a folder; raise ``Refused`` unless a trusted key signed it and every file is as signed."""
    said = _read(folder, MANIFEST, f"There is no release in {folder}: {MANIFEST} is missing.")
    signature = _read(folder, SIGNATURE, f"This release is not signed: {SIGNATURE} is missing.")
    if not keys:
        raise Refused(trusted.NONE)
    try:
        signed = minisign.verify(said, signature.decode("utf-8", "replace"), keys)
    except minisign.UnknownKey as unknown:
        raise Refused(f"Nobody this installation trusts signed this release: {unknown}.") from None
    except minisign.WrongSignature as wrong:
        raise Refused(f"The signature of this release is wrong: {wrong}.") from None
    release = _parsed(said, signed.key)
    _compare(folder, release)
    return release


def _read(folder: Path, name: str, missing: str) -> bytes:
    path = folder / name
    if not path.is_file() or path.is_symlink():
        raise Refused(missing)
    if path.stat().st_size > _MOST:
        raise Refused(f"{name} is larger than any release's.")
    return path.read_bytes()


def _parsed(said: bytes, key: str) -> Release:
    """Return what a signed manifest says; raise ``Refused`` if it speaks of another product or makes no sense."""
    try:
        found = json.loads(said)
        kind = found["kind"]
    except (ValueError, KeyError, TypeError):
        raise Refused("This manifest is none of a release of Alcove.") from None
    if kind != KIND:
        raise Refused("This manifest is of something else than a release of Alcove.")
    try:
        files = {
            str(name): {"sha256": str(of["sha256"]), "size": int(of["size"])}
            for name, of in found["files"].items()
        }
        release = Release(
            str(Version(found["version"])), str(found["commit"]), str(found["made_at"]),
            str(Version(found["upgrades_from"])), files, key,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, InvalidVersion):
        raise Refused("This manifest lacks what a release of Alcove says.") from None
    return release


def _compare(folder: Path, release: Release) -> None:
    there = {path.name for path in folder.iterdir()} - {MANIFEST, SIGNATURE}
    if missing := sorted(set(release.files) - there):
        raise Refused(f"A file of this release is missing: {missing[0]}.")
    if more := sorted(there - set(release.files)):
        raise Refused(f"This folder holds a file that is not of the release: {more[0]}.")
    for name, of in sorted(release.files.items()):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise Refused(f"A file of this release is no plain file: {name}.")
        if path.stat().st_size != of["size"] or _digest(path) != of["sha256"]:
            raise Refused(f"A file of this release was changed: {name}.")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def refuse_older(release: Release, running: str) -> None:
    """Raise ``Refused`` if a release is older than what runs, or if what runs is too old to be upgraded to it."""
    if Version(release.version) < Version(running):
        raise Refused(
            f"This release is older ({release.version}) than the version here ({running}). An older one brings back "
            "weaknesses that were mended, and does not know the data of a newer one."
        )
    if Version(running) < Version(release.upgrades_from):
        raise Refused(
            f"Release {release.version} upgrades from {release.upgrades_from} on, and {running} is here. Upgrade to "
            f"{release.upgrades_from} first."
        )


def refuse_another_program(folder: Path, release: Release, running: str, program: Path) -> None:
    """Raise ``Refused`` unless the program that asks is the release: same version, and its files those of the wheel.

    ``program``: the folder that holds the package ``alcove``.
    """
    if Version(release.version) != Version(running):
        raise Refused(
            f"This folder holds {release.version} and this program is {running}: run 'alcove upgrade' with the program "
            "of that release."
        )
    wheels = [name for name in release.files if name.endswith(".whl")]
    if len(wheels) != 1:
        raise Refused("This release holds no program.")
    for name in _differing(folder / wheels[0], program):
        raise Refused(f"The program that runs is not the one of this release: {name} differs.")


def _differing(wheel: Path, program: Path) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as held:
        for one in held.infolist():
            path = program / one.filename
            if one.filename.startswith("alcove/") and (
                not path.is_file() or path.read_bytes() != held.read(one)
            ):
                yield one.filename
