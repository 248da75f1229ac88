"""Makes a release of the newest commit: ``make release``. It asks no network, and the same commit gives the same files.

The program and the source are taken from the commit, never from what lies about. The maintainers' secret key is read
from the file that ``RELEASE_KEY_FILE`` names; without it the release is made and left for ``minisign`` to sign.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alcove.operations.releases import bom, folder
from alcove.security.vault import minisign
from alcove.ui import fonts

KEY_FILE: Final = "RELEASE_KEY_FILE"
UPGRADES_FROM: Final = "0.1.0"
"""The least version whose data this one upgrades."""
CARRIED: Final = ("requirements.lock", "SECURITY.md", "LICENSE")
"""Files of the commit that a release carries as they are; SECURITY.md is its threat model."""
_BUILD: Final = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


class NoRelease(Exception):
    """Nothing was made; the text says why."""


def make(root: Path, into: Path, secret: str = "") -> folder.Release | None:
    """Make the release of a repository's newest commit into a new folder; return it verified, None if unsigned."""
    if into.exists():
        raise NoRelease(f"{into} is there already: remove it first.")
    commit = _git(root, "rev-parse", "HEAD").decode().strip()
    made = datetime.fromtimestamp(int(_git(root, "log", "-1", "--format=%ct")), UTC)
    into.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        packed = _archive(root, into, made)
        with tarfile.open(packed) as held:
            held.extractall(scratch, filter="data")
        next(Path(scratch).iterdir()).rename(tree)
        version = str(tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]["version"])
        packed.rename(into / f"alcove-{version}-source.tar.gz")
        wheel = _wheel(tree, into, made)
        _papers(tree, into, version, made, wheel)
    return _signed(into, version, commit, made, secret)


def _git(root: Path, *words: str) -> bytes:
    given = ["git", "-C", str(root), *words]
    return subprocess.run(given, check=True, capture_output=True).stdout  # noqa: S603 - our own words


def _archive(root: Path, into: Path, made: datetime) -> Path:
    """Pack the commit's files with one moment, one owner and two modes, so that no machine shows in it."""
    raw = _git(root, "archive", "--format=tar", "--prefix=alcove/", "HEAD")
    target = into / "source.tar.gz"
    with (
        tarfile.open(fileobj=io.BytesIO(raw)) as given,
        target.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as out,
    ):
        for one in sorted(given.getmembers(), key=lambda one: one.name):
            one.mtime, one.uid, one.gid, one.uname, one.gname = int(made.timestamp()), 0, 0, "", ""
            one.mode = 0o755 if one.isdir() or one.mode & 0o100 else 0o644
            one.pax_headers = {}
            out.addfile(one, given.extractfile(one) if one.isfile() else None)
    return target


def _wheel(tree: Path, into: Path, made: datetime) -> Path:
    """Build the program with the locked setuptools, in a process of its own: no pip, no index."""
    epoch = str(int(made.timestamp()))
    environment = {"PATH": os.environ.get("PATH", ""), "SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": "0"}
    environment |= {"TMPDIR": tempfile.gettempdir(), "PYTHONDONTWRITEBYTECODE": "1"}
    for words in (["-m", fonts.__name__, "alcove/ui/static/ui/fonts"], ["-c", _BUILD, str(into.absolute())]):
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, *words], cwd=tree, env=environment, capture_output=True, text=True, check=False,
            umask=0o022,
        )  # fmt: skip
        if done.returncode:
            raise NoRelease(
                f"The program could not be built: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
            )
    return into / done.stdout.strip().splitlines()[-1]


def _papers(tree: Path, into: Path, version: str, made: datetime, wheel: Path) -> None:
    """Lay the bill of materials, the threat model, what is new, the locks and the list for pip beside the program."""
    lock = (tree / "requirements.lock").read_text("utf-8")
    parts = bom.bill(version, made.isoformat(), bom.locked(lock))
    (into / "bom.cdx.json").write_text(json.dumps(parts, indent=1) + "\n", "utf-8")
    (into / "CHANGES.md").write_text(changes((tree / "CHANGELOG.md").read_text("utf-8"), version), "utf-8")
    for name in CARRIED:
        shutil.copyfile(tree / name, into / name)
    (into / "install.txt").write_text(
        f"-r requirements.lock\n./{wheel.name} --hash=sha256:{_sha256(wheel)}\n", "utf-8"
    )


def changes(text: str, version: str) -> str:
    """Return what the change log says of one version; raise ``NoRelease`` if it says nothing."""
    found = re.search(rf"^## {re.escape(version)}(?=\s).*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise NoRelease(f"CHANGELOG.md says nothing of {version}.")
    return found[0].rstrip() + "\n"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _signed(into: Path, version: str, commit: str, made: datetime, secret: str) -> folder.Release | None:
    said = {
        "kind": folder.KIND, "version": version, "commit": commit, "made_at": made.isoformat(),
        "upgrades_from": UPGRADES_FROM,
        "files": {one.name: {"sha256": _sha256(one), "size": one.stat().st_size} for one in sorted(into.iterdir())},
    }  # fmt: skip
    raw = (json.dumps(said, indent=1) + "\n").encode()
    (into / folder.MANIFEST).write_bytes(raw)
    if not secret:
        return None
    (into / folder.SIGNATURE).write_text(minisign.sign(raw, secret, f"{folder.KIND} {version}"), "utf-8")
    return folder.verified(into, [minisign.public_of(secret)])


def main(root: Path = Path(), into: str = "") -> int:
    """Make the release into build/release, or where the first word says."""
    target = Path(into or "build/release").absolute()
    key = os.environ.get(KEY_FILE, "")
    try:
        made = make(root.absolute(), target, Path(key).read_text("utf-8") if key else "")
    except (NoRelease, minisign.NoSecret, OSError, subprocess.CalledProcessError) as wont:
        sys.stderr.write(f"No release: {wont}\n")
        return 1
    if made is None:
        sys.stdout.write(f"Made in {target}, not signed. Sign it: minisign -Sm {target / folder.MANIFEST}\n")
    else:
        sys.stdout.write(f"Made in {target}: {made}.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(into=" ".join(sys.argv[1:])))
