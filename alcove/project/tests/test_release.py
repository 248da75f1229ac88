"""A release is made from the commit alone, the same twice, whole, and refused once it was touched (FND-08)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from alcove.operations.releases import bom, folder
from alcove.operations.releases.tests.make import KEY, SECRET
from alcove.project import release
from alcove.security.vault import minisign
from tests.house.rules import ROOT

pytestmark = pytest.mark.source
FONTS = (
    "import sys, pathlib; to = pathlib.Path(sys.argv[1]); to.mkdir(); (to / 'a.woff2').write_text('font')\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small repository under Alcove's own pyproject.toml, and its release, made twice."""
    at = tmp_path_factory.mktemp("repository")
    for name in (
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "requirements.lock",
        "SECURITY.md",
        "LICENSE",
    ):
        shutil.copyfile(ROOT / name, at / name)
    for name, text in {
        "alcove/__init__.py": "", "alcove/ui/__init__.py": "", "alcove/ui/fonts.py": FONTS,
        "alcove/ui/templates/ui/a.html": "<p>", "alcove/ui/templates/ui/b.typ": "=", "alcove/ui/static/ui/js/a.js": "1",
        "alcove/clinic/records/__init__.py": "", "alcove/clinic/__init__.py": "",
    }.items():  # fmt: skip
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_text(text)
    who = {
        f"GIT_{one}_{what}": "x@example.org" for one in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run(["git", "-C", at, *words], check=True, env=os.environ | who)
    (at / "alcove" / "__init__.py").write_text("left = 'about'\n")
    (at / "alcove" / "uncommitted.py").write_text("")
    one, two = at.parent / "one", at.parent / "two"
    found = release.make(at, one, SECRET)
    held = os.umask(0o077)
    release.make(at, two, SECRET)
    os.umask(held)
    return found, one, two


def test_the_same_commit_gives_the_same_files(made):
    found, one, two = made
    assert {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in two.iterdir()
    }
    assert {one.split("-")[-1] for one in found.files} == {
        "CHANGES.md", "LICENSE", "SECURITY.md", "any.whl", "source.tar.gz", "bom.cdx.json", "install.txt",
        "requirements.lock",
    }  # fmt: skip


def test_it_holds_the_commit_and_nothing_that_lay_about(made):
    found, at, _ = made
    with zipfile.ZipFile(next(at.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if "dist-info" not in name}
        assert wheel.read("alcove/__init__.py") == b""
    assert {"alcove/ui/templates/ui/a.html", "alcove/ui/templates/ui/b.typ", "alcove/ui/static/ui/js/a.js",
            "alcove/ui/static/ui/fonts/a.woff2", "alcove/clinic/records/__init__.py"} <= names  # fmt: skip
    assert "alcove/uncommitted.py" not in names
    with tarfile.open(next(at.glob("*-source.tar.gz"))) as source:
        assert "alcove/alcove/uncommitted.py" not in source.getnames()
        assert {one.uid for one in source} == {0}
    assert (at / "SECURITY.md").read_bytes() == (ROOT / "SECURITY.md").read_bytes()
    changes = (at / "CHANGES.md").read_text("utf-8")
    assert changes.startswith(f"## {found.version}") and changes.count("\n## ") == 0


def test_every_file_of_the_program_is_of_a_kind_that_a_wheel_carries():
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "alcove"], capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        parts = Path(name).parts
        assert name.endswith((".py", ".gitignore")) or {"templates", "static"} & set(parts), name


def test_it_is_verified_and_refused_once_it_was_touched(made, tmp_path):
    found, one, _ = made
    assert folder.verified(one, [KEY]) == found
    assert minisign.verify(
        (one / "release.json").read_bytes(), (one / "release.json.minisig").read_text(), [KEY]
    ).comment == f"alcove release {found.version}"  # fmt: skip
    shutil.copytree(one, tmp_path / "r")
    wheel = next((tmp_path / "r").glob("*.whl"))
    with zipfile.ZipFile(wheel, "a") as held:
        held.writestr("alcove/back_door.py", "")
    with pytest.raises(folder.Refused, match=r"was changed: alcove-.*\.whl"):
        folder.verified(tmp_path / "r", [KEY])


def test_whoever_has_no_alcove_checks_the_files_by_the_command_in_the_guide(made):
    found, at, _ = made
    [command] = re.findall(
        r"^(python3 -c .*sha256sum.*)$", (ROOT / "docs/releases.md").read_text("utf-8"), re.MULTILINE
    )
    said = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=at, capture_output=True, text=True, check=True
    )
    assert sorted(said.stdout.splitlines()) == sorted(f"{name}: OK" for name in found.files)
    wheel = next(at.glob("*.whl"))
    digest = found.files[wheel.name]["sha256"]
    assert (
        at / "install.txt"
    ).read_text() == f"-r requirements.lock\n./{wheel.name} --hash=sha256:{digest}\n"


def test_the_bill_of_materials_names_every_locked_package_with_its_digests(made):
    _, at, _ = made
    said = json.loads((at / "bom.cdx.json").read_text("utf-8"))
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pins = sorted(line.split(" ")[0] for line in lock.splitlines() if "==" in line and line[0] not in " #")
    assert sorted(f"{one['name']}=={one['version']}" for one in said["components"]) == [
        pin.lower() for pin in pins
    ]
    digests = [
        one["content"] for part in said["components"] for one in part["externalReferences"][0]["hashes"]
    ]
    assert sorted(digests) == sorted(bom._HASH.findall(lock))
    assert {one["name"]: one.get("licenses") for one in said["components"]}["django"] == [
        {"expression": "BSD-3-Clause"}
    ]


def test_without_a_key_it_is_left_unsigned_and_a_version_without_changes_is_not_made(tmp_path):
    with pytest.raises(release.NoRelease, match=r"says nothing of 9\.9"):
        release.changes("# Changelog\n\n## 9.9.1\n\n- x\n", "9.9")
    assert (
        release.changes("## 2.0 (unreleased)\n\n- y\n\n## 1.0\n\n- x\n", "2.0")
        == "## 2.0 (unreleased)\n\n- y\n"
    )
    (tmp_path / "there").mkdir()
    assert release.main(ROOT, str(tmp_path / "there")) == 1
