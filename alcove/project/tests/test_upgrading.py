"""An upgrade that goes through, one whose change of the database fails half-way, one that is killed; and maintenance."""

from __future__ import annotations

import shutil
import sqlite3
import ssl
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings

import alcove
from alcove.operations.backups import runs
from alcove.operations.backups.tests.ground import Ground
from alcove.operations.releases.tests import make
from alcove.project import founding, maintenance, turns
from alcove.security.vault import minisign
from tests import postgresql

PLANTED = "alcove.project.tests.planted.settings"
once = pytest.mark.source
"""It brings its own databases, so it runs with one part of the suite and not with both."""
BOTH = [pytest.param("sqlite", marks=once), pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="module")
def server():
    if postgresql.programs() is None:
        pytest.skip("PostgreSQL is not here: install Debian's postgresql")
    with postgresql.cluster() as url:
        yield url


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """Founded practices to copy, by the address of their database."""
    made = {}

    def home(url):
        if url not in made:
            ground = Ground(tmp_path_factory.mktemp("founded") / "home", url)
            ground.run("found", 2, 2)
            ground.run("fill", 1)
            ground.run("link_log", 0.3)
            ground.forks.close()
            made[url] = ground.home
        return made[url]

    return home


@pytest.fixture(params=BOTH)
def ground(request, homes, tmp_path):
    url = ""
    if request.param == "postgresql":
        template = request.getfixturevalue("server")
        founded, name = homes(template), f"alcove_{uuid4().hex}"
        url = f"{template.rpartition('/')[0]}/{name}"
        with psycopg.connect(f"{template.rpartition('/')[0]}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE alcove")
    else:
        founded = homes("")
    shutil.copytree(founded, tmp_path / "home")
    made = Ground(tmp_path / "home", url)
    yield made
    made.forks.close()


@contextmanager
def newer(ground, kind):
    """The same practice under a newer version's program."""
    made = Ground(ground.home, ground.url, DJANGO_SETTINGS_MODULE=PLANTED, ALCOVE_TEST_PLANTED=kind)
    with closing(made.forks):
        yield made


def looks(ground):
    """What a practice is made of, as the version before sees it."""
    found = ground.run("everything")
    log = ground.run("verify_log")
    assert log["faults"] == []
    return found


def test_a_change_that_fails_half_way_ends_with_the_old_data_serving(ground):
    before = looks(ground)
    with newer(ground, "bad") as new:
        said = new.alcove("upgrade", "--json")
    assert said["code"] == 1, said
    assert '"returned": true' in said["out"]
    assert "RuntimeError" in said["err"]
    assert "planted" not in said["err"]
    assert looks(ground) == before
    assert not (ground.home / "before-upgrade").exists()
    # And it goes on: the log knows of it, the practice is worked with and backed up, the database guards the log.
    assert "backups.practice.returned" in _events(ground)
    ground.run("fill", 1)
    assert ground.alcove("backup", "run")["code"] == 0
    assert ground.alcove("audit", "verify")["code"] == 0
    if ground.url:
        with psycopg.connect(ground.url) as connection:
            connection.execute("SET ROLE alcove_app")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("UPDATE audit_entry SET result = 'x'")


def _events(ground):
    return _held(ground, "SELECT event FROM audit_entry")


def _held(ground, text):
    if ground.url:
        with psycopg.connect(ground.url) as connection:
            return {row[0] for row in connection.execute(text)}
    with closing(sqlite3.connect(ground.home / "alcove.sqlite3")) as connection:
        return {row[0] for row in connection.execute(text)}


def test_an_upgrade_backs_up_changes_and_looks(ground):
    with newer(ground, "good") as new:
        said = new.alcove("upgrade")
        assert said["code"] == 0, said
        assert "1 changes of the database, backed up first" in said["out"]
        assert "backups.practice.upgraded" in _events(ground)
        assert not (ground.home / "before-upgrade").exists()
        # A second one finds nothing to change.
        assert "0 changes" in new.alcove("upgrade")["out"]
    assert len(list((ground.home / "backups" / "points").iterdir())) == 2
    # The version before does not work with data of a newer one.
    said = ground.alcove("serve", "--bind", "127.0.0.1:1")
    assert (said["code"], "newer version" in said["err"]) == (1, True), said
    said = ground.alcove("upgrade")
    assert (said["code"], "newer version" in said["err"]) == (1, True), said


def test_a_release_is_verified_before_anything_happens_and_named_on_the_log(ground, tmp_path):
    program = {"alcove/__init__.py": Path(alcove.__file__).read_text("utf-8")}
    where = make.release(tmp_path / "release", version=runs.version(), program=program)
    own = Ground(ground.home, ground.url, ALCOVE_RELEASE_KEYS=make.KEY)
    with closing(own.forks):
        before = looks(ground)
        (where / "requirements.lock").write_text("evil==1\n")
        said = own.alcove("upgrade", "--release", str(where))
        assert (said["code"], "was changed: requirements.lock" in said["err"]) == (1, True), said
        # The program that runs is not the one that was signed.
        make.release(where, version=runs.version(), program={"alcove/__init__.py": "# other\n"})
        said = own.alcove("upgrade", "--release", str(where))
        assert (said["code"], "alcove/__init__.py differs" in said["err"]) == (1, True), said
        assert looks(ground) == before
        assert not (ground.home / "backups" / "points").exists()
        make.release(where, version=runs.version(), program=program)
        said = own.alcove("upgrade", "--release", str(where))
        assert said["code"] == 0, said
    [words] = [one for one in _held(ground, "SELECT fields FROM audit_entry") if "release" in one]
    assert f"signed by {minisign.name(make.KEY)}" in words
    # Without a trusted key the same folder is nobody's.
    said = ground.alcove("upgrade", "--release", str(where))
    assert (said["code"], "trusts no key yet" in said["err"]) == (1, True), said


def test_one_that_was_killed_brings_the_data_back_first(ground):
    before = looks(ground)
    with newer(ground, "slow") as new:
        pid = new.forks.begin("alcove", "upgrade")
        while "planted" not in _held(ground, "SELECT app FROM django_migrations"):
            assert pid
        assert new.forks.kill(pid)
        said = new.alcove("serve", "--bind", "127.0.0.1:1")
        assert (said["code"], "stopped half-way" in said["err"]) == (1, True), said
    with newer(ground, "bad") as new:
        said = new.alcove("upgrade")
        assert said["code"] == 1
        assert "Its data come back first" in said["out"]
    assert looks(ground) == before


@once
def test_no_backup_no_upgrade(homes, tmp_path):
    shutil.copytree(homes(""), tmp_path / "home")
    ground = Ground(tmp_path / "home")
    # Its own place is no folder: nothing can be put there.
    (ground.home / "backups").write_text("in the way")
    with closing(ground.forks), newer(ground, "good") as new:
        said = new.alcove("upgrade")
        assert (said["code"], "nothing was changed" in said["err"]) == (1, True), said
        said = new.alcove("serve", "--bind", "127.0.0.1:1")
        assert (said["code"], "'alcove upgrade'" in said["err"]) == (1, True), said


@once
def test_the_server_steps_aside_and_says_when_to_come_back(tmp_path):
    config = replace(settings.ALCOVE, home=tmp_path / "home", database_url="")
    founding.make_home(config)
    port, stop = postgresql.free_port(), threading.Event()
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with turns.maintenance(config):
        with pytest.raises(turns.InUse), turns.maintenance(config):
            pass
        shown = threading.Thread(
            target=maintenance.show, args=(config, f"127.0.0.1:{port}", stop), kwargs={"is_http": False}
        )
        shown.start()
        until = time.monotonic() + 120
        while True:
            try:
                live = urllib.request.urlopen(f"https://127.0.0.1:{port}/health/live", context=trusting)
                break
            except urllib.error.URLError:
                assert time.monotonic() < until
        assert live.status == 200
        for path, body in (("/", None), ("/health/ready", None), ("/clients/", b"name=Ada")):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"https://127.0.0.1:{port}{path}", body, context=trusting)
            assert refused.value.code == 503
            assert int(refused.value.headers["Retry-After"]) > 0
            assert b"was not saved" in refused.value.read()
    # Whatever ends the upgrade, be it a kill, ends the page.
    shown.join(120)
    assert not shown.is_alive()


def test_a_turn_is_shared_or_alone(tmp_path):
    config = replace(settings.ALCOVE, home=tmp_path, database_url="")
    with (
        turns.beside_others(config),
        turns.beside_others(config),
        pytest.raises(turns.InUse),
        turns.alone(config),
    ):
        pass
    with turns.alone(config), pytest.raises(turns.InUse), turns.beside_others(config):
        pass
    assert not turns.is_maintained(config)
