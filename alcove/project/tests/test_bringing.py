"""Sealed files go into a bucket and back, every one compared; a practice with its files there is backed up and restored."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from alcove.config import Config, bucket
from alcove.operations.backups.tests import s3
from alcove.operations.backups.tests.ground import Ground
from alcove.operations.backups.tests.make import flipped
from alcove.project import turns
from alcove.security.vault.tests.bucket import Shelf

CLIENTS, FILLED = 2, 4
pytestmark = pytest.mark.source
"""It brings its own databases, so it runs with one part of the suite and not with both."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with s3.server(tmp_path_factory.mktemp("s3")) as held:
        yield held


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    ground = Ground(tmp_path_factory.mktemp("founded") / "home")
    ground.run("found", CLIENTS, 2)
    ground.run("fill", FILLED)
    ground.run("link_log", 0.3)
    ground.forks.close()
    return ground.home


@pytest.fixture
def at(founded, tmp_path):
    """``at(url)``: the practice at work with its files at that address; the home stays the same."""
    shutil.copytree(founded, tmp_path / "home")
    begun = []

    def made(url=""):
        given = {"ALCOVE_FILES_URL": url} if url else {}
        begun.append(Ground(tmp_path / "home", **given))
        return begun[-1]

    yield made
    for ground in begun:
        ground.forks.close()


def in_folder(home):
    top = home / "files"
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def moved(ground, to):
    said = ground.alcove("files", "move", "--json", "--to", to)
    return said["code"], json.loads(said["out"]) if said["out"] else said["err"]


def test_a_database_that_does_not_say_what_its_records_name_is_no_yes(at, store):
    ground, url = at(), store.new(is_locking=False)
    with closing(sqlite3.connect(ground.home / "alcove.sqlite3")) as database:
        database.execute("ALTER TABLE records_document RENAME TO gone")
        database.commit()
    code, said = moved(ground, url)
    assert (code, "The database refused" in said) == (1, True)
    assert Shelf(store, url).held() == {}
    # The doctor tells of the database, and of the bucket what can be told without it.
    told = at(url).alcove("doctor", "--json")
    found = [(one["state"], one["sentence"]) for one in json.loads(told["out"]) if one["subject"] == "files"]
    assert ("ok", f"{bucket(url).name} takes, gives back and removes a file") in found
    assert not [sentence for _, sentence in found if "records name" in sentence]


def test_files_go_into_a_bucket_are_backed_up_and_restored_there_and_go_back(at, store, tmp_path):
    ground, url = at(), store.new(is_locking=False)
    shelf, before = Shelf(store, url), in_folder(ground.home)
    assert len(before) == FILLED
    code, told = moved(ground, url)
    assert (code, told["files"], told["copied"], told["is_quiet"]) == (0, FILLED, FILLED, True)
    assert {name: held[0] for name, held in shelf.held().items()} == before
    assert moved(ground, url)[1]["copied"] == 0
    assert in_folder(ground.home) == before
    # With the setting changed the practice works there, and needs the folder no more.
    shutil.rmtree(ground.home / "files")
    there, new = at(url), tmp_path / "new"
    there.run("fill", 1)
    values, held = there.run("everything"), shelf.held()
    there.backup()
    said = there.restore(new)
    assert said["code"] == 0, said
    told = json.loads(said["out"])
    assert (told["faults"], told["files"]) == ([], FILLED + 1)
    assert in_folder(new) == {name: kept[0] for name, kept in held.items()}
    with there.restored(new, "") as forks:
        assert forks.run("everything") == values
    # The bucket of the practice at work was only read. Then its files come into another folder.
    assert shelf.held() == held
    code, told = moved(there, f"file://{tmp_path / 'elsewhere' / 'files'}")
    assert (code, told["copied"]) == (0, FILLED + 1)
    assert in_folder(tmp_path / "elsewhere") == {name: kept[0] for name, kept in held.items()}
    assert (tmp_path / "elsewhere/files").stat().st_mode & 0o077 == 0


def test_what_a_kill_left_half_and_what_was_spoilt_is_put_right_and_what_is_lost_is_told(at, store):
    ground, url = at(), store.new(is_locking=True)
    shelf, before = Shelf(store, url), in_folder(ground.home)
    assert moved(ground, url)[0] == 0
    names = sorted(before)
    shelf.lose(names[0])
    shelf.spoil(names[1], before[names[1]][:-1])
    shelf.spoil(names[2], flipped(before[names[2]]))
    with turns.beside_others(Config(home=ground.home)):
        code, told = moved(ground, url)
    assert (code, told["copied"], told["is_quiet"]) == (0, 3, False)
    assert shelf.held() == {name: [held] for name, held in before.items()}
    # Erased since: nothing names it, so it is told, and left for a person to remove. It might be another practice's.
    store.client.put_object(Bucket=bucket(url).bucket, Key=f"{bucket(url).prefix}ab/gone", Body=b"erased")
    assert moved(ground, url)[1]["strays"] == ["ab/gone"]
    assert "ab/gone" in shelf.held()
    shelf.lose(names[0])
    (ground.home / "files" / names[0]).unlink()
    said = ground.alcove("files", "move", "--to", url)
    assert (said["code"], "1 files that records name are not in the new place" in said["err"]) == (1, True)
    for to, code, word in (
        ("https://x", 2, "must begin with file: or s3:"),
        (f"file://{ground.home / 'files'}", 2, "lie there already"),
        (url.replace("s3://b-", "s3://other-"), 1, "there is no such bucket"),
    ):
        said = ground.alcove("files", "move", "--to", to)
        assert (said["code"], word in said["err"]) == (code, True)


def test_the_doctor_tries_the_bucket_and_names_what_is_wrong(at, store):
    url = store.new(is_locking=False)
    ground = at(url)

    def found():
        told = json.loads(ground.alcove("doctor", "--json")["out"])
        return [(one["state"], one["sentence"]) for one in told if one["subject"] == "files"]

    told = found()
    assert told[0][0] == "ok"
    assert ("bad", f"{FILLED} of {FILLED} files that records name are not there") in told
    assert any("still lie in" in sentence for _, sentence in told)
    # This server lists every bucket to everybody.
    assert ("bad", "strangers can read the bucket") in told
    assert Shelf(store, url).held() == {}
