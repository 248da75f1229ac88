"""A whole practice out and back again, by the console, on both databases; and what stands in the way of it."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from uuid import uuid4

import psycopg
import pytest

from alcove.operations.backups.places import Folder
from alcove.operations.backups.tests import killing, s3
from alcove.operations.backups.tests.ground import Ground
from alcove.operations.backups.tests.make import flip, flipped, objects
from tests import postgresql

CLIENTS, FILLED, FACTORS = 12, 5, 3
TIMES = int(os.environ.get("ALCOVE_TEST_KILLS", "1"))
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """Founded practices to copy: by kind, home and URL."""
    made = {}

    def made_once(kind, url):
        if kind not in made:
            ground = Ground(tmp_path_factory.mktemp(kind) / "home", url)
            ground.run("found", CLIENTS, FACTORS)
            ground.run("fill", FILLED)
            ground.run("link_log", 0.5)
            ground.forks.close()
            made[kind] = ground.home
        return made[kind]

    return made_once


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL whose login is no superuser, as the guide has it; started when it is asked for."""
    held = []
    stack = []

    def url():
        if not held:
            context = postgresql.cluster()
            held.append(context.__enter__())
            stack.append(context)
        return held[0]

    yield url
    for context in stack:
        context.__exit__(None, None, None)


@pytest.fixture(params=BOTH)
def ground(request, homes, server, tmp_path):
    url = ""
    if request.param == "postgresql":
        if postgresql.programs() is None:
            pytest.skip("PostgreSQL is not here: install Debian's postgresql")
        template = server()
        founded = homes("postgresql", template)
        name = f"alcove_{uuid4().hex}"
        with psycopg.connect(f"{template.rpartition('/')[0]}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE alcove")
        url = f"{template.rpartition('/')[0]}/{name}"
    else:
        founded = homes("sqlite", "")
    shutil.copytree(founded, tmp_path / "home")
    made = Ground(tmp_path / "home", url)
    yield made
    made.forks.close()


@pytest.fixture
def on_sqlite(homes, tmp_path):
    """The same on SQLite alone, for what the database has no part in."""
    shutil.copytree(homes("sqlite", ""), tmp_path / "home")
    made = Ground(tmp_path / "home")
    yield made
    made.forks.close()


def test_a_practice_comes_back_with_every_value_on_an_empty_machine(ground, tmp_path):
    before = ground.run("everything")
    assert len(before) > 100
    ground.backup()
    new, url = tmp_path / "new", ground.new_url()
    said = ground.restore(new, url=url)
    assert said["code"] == 0, said
    told = json.loads(said["out"])
    assert (told["faults"], told["files"], told["clients"]) == ([], FILLED, CLIENTS + FILLED)
    # One client of the sample after the other was opened with its key from the key copy.
    assert told["opened"] == min(20, CLIENTS + FILLED)
    with ground.restored(new, url) as forks:
        assert forks.run("everything") == before
        assert forks.run("alcove", "audit", "verify")["code"] == 0
        # And it is a practice one can work in, and back up again.
        forks.run("fill", 1)
        assert forks.run("alcove", "backup", "run")["code"] == 0


def test_a_point_holds_no_clients_key_so_an_erasure_reaches_it(ground, tmp_path):
    ids = ground.run("fill", 2)
    words = [value for name, value in ground.run("everything").items() if ids[0] in name.replace("-", "")]
    assert words
    place = ground.backup()
    if not ground.url:
        assert ground.run("leaks", str(place)) == 0
    first = json.loads(ground.alcove("backup", "list", "--json")["out"])[0]["point"]
    ground.run("erase", ids[0])
    ground.backup()
    new, url = tmp_path / "new", ground.new_url()
    # The older point, with every key there is: the client is in it, and nothing of theirs opens.
    said = ground.restore(new, "--point", first, url=url)
    told = json.loads(said["out"])
    assert told["clients"] == CLIENTS + FILLED + 1
    with ground.restored(new, url) as forks:
        pid = forks.begin("everything")
        ended = forks.end(pid)
        assert ended["code"] == 1
        assert "RecordLocked" in ended["told"] or "SealBroken" in ended["told"]


def test_two_shares_bring_it_back_without_the_root_key_and_one_does_not(ground, tmp_path):
    texts = ground.run("recovery")
    before = ground.run("everything")
    ground.backup()
    file, new, url = tmp_path / "shares", tmp_path / "new", ground.new_url()
    file.write_text(texts[0])
    said = ground.restore(new, "--shares", file, url=url, by_root=False)
    assert said["code"] == 1
    assert "Two shares" in said["err"]
    file.write_text(f"{texts[2]}\n{texts[0].lower()}\n")
    said = ground.restore(new, "--shares", file, url=url, by_root=False)
    assert said["code"] == 0, said
    assert (new / "keys/root.key").read_text() != (ground.home / "keys/root.key").read_text()
    with ground.restored(new, url) as forks:
        after = forks.run("everything")
    # The recovery key's own row is the newest version of itself; all else is as it was.
    assert after == before


def test_shares_of_another_practice_open_nothing(on_sqlite, tmp_path):
    on_sqlite.run("recovery")
    on_sqlite.backup()
    from alcove.security.vault import copies, shares

    public, private = copies.new_recovery()
    file = tmp_path / "shares"
    texts = [shares.written(one) for one in shares.split(private, copies.recovery_name(public))]
    file.write_text("\n".join(texts[:2]))
    said = on_sqlite.restore(tmp_path / "new", "--shares", file, by_root=False)
    assert said["code"] == 1
    assert "another recovery key" in said["err"]
    assert not (tmp_path / "new").exists()


def test_a_second_run_adds_little_and_reads_everything_back(ground):
    ground.backup()
    ground.run("fill", 1)
    said = json.loads(ground.alcove("backup", "run", "--json")["out"])[0]
    assert said["ok"]
    assert said["bytes_added"] < 900_000
    assert ground.alcove("backup", "verify")["code"] == 0
    assert len(json.loads(ground.alcove("backup", "list", "--json")["out"])) == 2


def test_a_practice_lies_in_a_bucket_and_comes_back_from_there(homes, tmp_path):
    shutil.copytree(homes("sqlite", ""), tmp_path / "home")
    with s3.server(tmp_path) as store:
        url, new = store.new(), tmp_path / "new"
        ground = Ground(tmp_path / "home", places=url)
        before = ground.run("everything")
        ground.backup()
        listed = json.loads(ground.alcove("backup", "list", "--json")["out"])
        assert len({one["place"] for one in listed}) == len(listed) == 2
        assert ground.alcove("backup", "verify")["code"] == 0
        assert ground.alcove("backup", "prune")["code"] == 0
        assert all(
            one["faults"] == 0 for one in json.loads(ground.alcove("backup", "drill", "--json")["out"])
        )
        said = ground.restore(new, "--from", url)
        assert said["code"] == 0, said
        assert json.loads(said["out"])["faults"] == []
        # What a thief of the machine does: everything that can be removed is gone.
        shutil.rmtree(ground.home / "backups")
        assert "is not there" in ground.restore(tmp_path / "other")["err"]
        kept = store.kept(url)
        piece = next(name for name in kept if name.startswith("objects"))
        kept[piece][0].value = flipped(kept[piece][0].value)
        said = ground.restore(tmp_path / "other", "--from", url)
        assert (said["code"], piece.rpartition("/")[2] in said["err"]) == (1, True)
        said = ground.restore(tmp_path / "third", "--from", url.replace("/alcove/one", "/alcove/two"))
        assert (said["code"], "No key copy was found" in said["err"]) == (1, True)
        said = ground.restore(tmp_path / "third", "--from", "s3://bucket/x?secret=abc")
        assert (said["code"], "abc" in said["err"] + said["out"]) == (1, False)
        assert not (tmp_path / "third").exists()
        ground.forks.close()
    with ground.restored(new, "") as forks:
        assert forks.run("everything") == before


def test_damage_is_found_named_and_put_right(on_sqlite, tmp_path):
    before = on_sqlite.run("everything")
    place = on_sqlite.backup()
    for path in objects(place):
        flip(path)
    said = on_sqlite.alcove("backup", "verify")
    assert said["code"] == 1
    assert all(path.name in said["err"] for path in objects(place))
    # The run after damage believes nothing that lies there: all it needs is put there anew.
    on_sqlite.backup()
    assert on_sqlite.restore(tmp_path / "new")["code"] == 0
    with on_sqlite.restored(tmp_path / "new", "") as forks:
        # And a notice that the backup is damaged.
        assert before.items() <= forks.run("everything").items()


def test_a_missing_piece_stops_a_restore_with_its_name(on_sqlite, tmp_path):
    place = on_sqlite.backup()
    path = objects(place)[0]
    path.unlink()
    said = on_sqlite.restore(tmp_path / "new")
    assert said["code"] == 1
    assert path.name in said["err"]
    assert (tmp_path / "new" / ".restoring").exists()


def test_what_cannot_or_must_not_be_restored_is_refused_and_nothing_is_touched(on_sqlite, tmp_path):
    on_sqlite.backup()
    new, home = tmp_path / "new", on_sqlite.home
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    wrong = tmp_path / "wrong.key"
    wrong.write_text(json.dumps({"current": "aa", "keys": {"aa": "00" * 32}}))
    wrong.chmod(0o600)
    for words, sentence in (
        (("--root-key", wrong), "does not hold the root key"),
        (("--root-key", home / "keys/root.key", "--point", "1999"), "holds no point 1999"),
        (("--root-key", home / "keys/root.key", "--keys", tmp_path), "No key copy was found"),
    ):
        said = on_sqlite.restore(new, *words, by_root=False)
        assert (said["code"], sentence in said["err"]) == (1, True), said
        assert not new.exists()
    said = on_sqlite.restore(home)
    assert (said["code"], "is the home in use" in said["err"]) == (1, True)
    new.mkdir()
    (new / "letters").write_text("of someone")
    said = on_sqlite.restore(new)
    assert (said["code"], "is not empty" in said["err"]) == (1, True)
    assert [path.name for path in new.iterdir()] == ["letters"]
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before


def test_a_backup_of_a_newer_version_is_refused(ground, tmp_path):
    ground.run("from_the_future")
    ground.backup()
    said = ground.restore(tmp_path / "new", url=ground.new_url())
    assert said["code"] == 1
    assert "newer version of Alcove" in said["err"]
    assert not (tmp_path / "new").exists()


def test_a_run_meets_no_other(on_sqlite):
    place = on_sqlite.backup()
    with Folder(place).alone():
        said = on_sqlite.alcove("backup", "run")
    assert said["code"] == 1
    assert "in use by another backup run" in said["err"]


def test_a_drill_reports_and_fails_over_a_lost_store(ground):
    ground.backup()
    said = ground.alcove("backup", "drill", "--json")
    told = json.loads(said["out"])[0]
    assert (said["code"], told["faults"], told["files"]) == (0, 0, FILLED)
    assert told["opened"] > 0
    assert list((ground.home / "tmp").iterdir()) == []
    shutil.rmtree(ground.home / "files")
    (ground.home / "files").mkdir()
    ground.backup()
    said = ground.alcove("backup", "drill", "--json")
    # The oldest point is still whole; the newest lacks the store.
    oldest, told = json.loads(said["out"])
    assert oldest["faults"] == 0
    assert said["code"] == 1
    assert f"{FILLED} files that the records name" in told["first_fault"]


def test_whenever_it_is_killed_nothing_acknowledged_is_lost_and_the_next_start_goes_on(ground, tmp_path):
    """Writing, backing up, restoring, rotating keys and erasing; ``bench/kills.py`` tries two hundred moments."""
    tally = killing.often(ground, tmp_path, 10 * TIMES, random.Random(5))
    assert tally.killed
    assert tally.faults == []


def test_a_run_into_a_bucket_that_is_killed_leaves_no_half_point(homes, tmp_path):
    shutil.copytree(homes("sqlite", ""), tmp_path / "home")
    with s3.server(tmp_path) as store:
        url = store.new()
        ground, rng, killed = Ground(tmp_path / "home", places=url), random.Random(7), 0
        ground.backup()
        for _ in range(6 * TIMES):
            ground.run("fill", 1)
            killed += ground.forks.run_and_kill(rng.uniform(0.2, 3), "alcove", "backup", "run")
        ground.backup()
        assert killed
        assert ground.alcove("backup", "verify")["code"] == 0
        # What kills left half put stays unlocked until it is ended, and no point needs it.
        loose = [name for name, held in store.kept(url).items() if held[0].lock_mode != "COMPLIANCE"]
        assert not [name for name in loose if name.startswith("points")]
        for name in loose:
            store.lose(url, name)
        said = ground.alcove("backup", "verify")
        ground.forks.close()
        assert said["code"] == 0, said


def test_a_killed_restore_goes_on_and_ends_equal(ground, tmp_path):
    before = ground.run("everything")
    ground.backup()
    spare, url = tmp_path / "spare", ground.new_url()
    began = time.monotonic()
    assert ground.restore(spare, url=url)["code"] == 0
    takes, rng = time.monotonic() - began, random.Random(6)
    new, url = tmp_path / "new", ground.new_url()
    words = [
        "alcove",
        "backup",
        "restore",
        "--json",
        "--to",
        str(new),
        "--root-key",
        str(ground.home / "keys/root.key"),
    ]
    if url:
        words += ["--database-url", url]
    killed = 0
    for _ in range(5 * TIMES):
        if not ground.forks.run_and_kill(rng.uniform(0, takes * 0.8), *words):
            break
        killed += 1
    assert killed
    if (new / ".restoring").exists() or not new.exists():
        said = ground.restore(new, url=url)
        assert said["code"] == 0, said
    with ground.restored(new, url) as forks:
        assert forks.run("everything") == before
