"""A release is refused unless a trusted key signed it and every file is as it was signed (FND-08)."""

from __future__ import annotations

import pytest

from alcove.config import ConfigError, load
from alcove.operations.releases import folder, trusted
from alcove.operations.releases.folder import MANIFEST, SIGNATURE, Refused
from alcove.operations.releases.tests.make import KEY, OTHER, OTHERS_KEY, release, resign
from alcove.security.vault import minisign

pytestmark = pytest.mark.source
LOCK = "requirements.lock"


def refusal(where, keys=(KEY,)):
    with pytest.raises(Refused) as refused:
        folder.verified(where, keys)
    return str(refused.value)


def test_a_release_as_it_was_signed_is_what_it_says(tmp_path):
    found = folder.verified(release(tmp_path / "r"), [OTHERS_KEY, KEY])
    assert (found.version, found.commit, found.upgrades_from) == ("9.1.0", "c" * 40, "0.1.0")
    assert str(found) == f"release 9.1.0 of 2026-11-01, signed by {minisign.name(KEY)}"
    # A key that replaces another: both are on the list, either signs.
    release(tmp_path / "next", secret=OTHER)
    assert folder.verified(tmp_path / "next", [OTHERS_KEY, KEY]).key == minisign.name(OTHERS_KEY)


def _flip(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


CASES = {
    "no release": (lambda at: (at / MANIFEST).unlink(), "There is no release in"),
    "no signature": (lambda at: (at / SIGNATURE).unlink(), "not signed"),
    "unknown key": (lambda at: release(at, secret=OTHER), "Nobody this installation trusts"),
    "other signature": (lambda at: (at / SIGNATURE).write_text("x"), "signature of this release is wrong"),
    "manifest changed": (
        lambda at: _flip(at / MANIFEST),
        "signature of this release is wrong: it does not hold",
    ),
    "file changed": (lambda at: _flip(at / LOCK), f"was changed: {LOCK}"),
    "file longer": (lambda at: (at / LOCK).write_text("x" * 99), f"was changed: {LOCK}"),
    "file missing": (lambda at: (at / LOCK).unlink(), f"is missing: {LOCK}"),
    "file added": (lambda at: (at / "setup.py").write_text(""), "not of the release: setup.py"),
    "folder added": (lambda at: (at / "alcove").mkdir(), "not of the release: alcove"),
    "another product": (lambda at: resign(at, kind="alcove news"), "something else than a release"),
    "no manifest at all": (lambda at: resign(at, files=[]), "lacks what a release"),
    "no version": (lambda at: resign(at, version="new"), "lacks what a release"),
    "a huge manifest": (lambda at: (at / MANIFEST).write_bytes(b" " * 2_000_000), "larger than any"),
}


@pytest.mark.parametrize("case", CASES)
def test_anything_else_is_refused_with_one_sentence(tmp_path, case):
    harm, words = CASES[case]
    where = release(tmp_path / "r")
    harm(where)
    said = refusal(where)
    assert words in said
    assert said.count("\n") == 0 and said.endswith(".")


def test_a_link_is_no_file_of_a_release(tmp_path):
    where = release(tmp_path / "r")
    (where / LOCK).rename(tmp_path / LOCK)
    (where / LOCK).symlink_to(tmp_path / LOCK)
    assert "no plain file" in refusal(where)


def test_names_in_a_manifest_lead_nowhere_else(tmp_path):
    (tmp_path / "beside").write_text("x")
    where = release(tmp_path / "r")
    resign(
        where,
        files={
            "../beside": {
                "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
                "size": 1,
            }
        },
    )
    assert "is missing: ../beside" in refusal(where)


def test_without_a_trusted_key_nothing_holds(tmp_path):
    assert trusted.SHIPPED == ()
    assert refusal(release(tmp_path / "r"), keys=()) == trusted.NONE


def test_an_older_release_and_one_that_asks_for_a_newer_base_are_refused(tmp_path):
    found = folder.verified(release(tmp_path / "r", version="9.2.0", upgrades_from="8.0"), [KEY])
    folder.refuse_older(found, "9.2.0")
    folder.refuse_older(found, "8.4")
    with pytest.raises(Refused, match=r"older \(9\.2\.0\) than the version here \(9\.10\.0\)"):
        folder.refuse_older(found, "9.10.0")
    with pytest.raises(Refused, match=r"Upgrade to 8\.0 first"):
        folder.refuse_older(found, "7.9")


def test_the_program_that_runs_has_to_be_the_one_of_the_release(tmp_path):
    found = folder.verified(where := release(tmp_path / "r"), [KEY])
    here = tmp_path / "site-packages"
    (here / "alcove").mkdir(parents=True)
    (here / "alcove" / "__init__.py").write_text("")
    (here / "alcove" / "one.py").write_text("ONE = 1\n")
    folder.refuse_another_program(where, found, "9.1.0", here)
    (here / "alcove" / "one.py").write_text("ONE = 2\n")
    with pytest.raises(Refused, match=r"alcove/one\.py differs"):
        folder.refuse_another_program(where, found, "9.1.0", here)
    with pytest.raises(Refused, match=r"this program is 9\.0\.0"):
        folder.refuse_another_program(where, found, "9.0.0", here)


def test_keys_of_ones_own_are_a_setting(tmp_path):
    assert trusted.keys(load({"ALCOVE_RELEASE_KEYS": f"{KEY}, {OTHERS_KEY}"})) == (KEY, OTHERS_KEY)
    with pytest.raises(ConfigError, match=r"ALCOVE_RELEASE_KEYS.*public keys of minisign"):
        load({"ALCOVE_RELEASE_KEYS": f"{KEY},nonsense"})
