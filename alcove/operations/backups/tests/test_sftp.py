"""Another machine over SFTP: whom it is let in to, whom it lets in, and what a server does that lies or is full."""

from __future__ import annotations

import os
import stat
import threading

import asyncssh
import pytest

from alcove.config import sftp
from alcove.operations.backups import checking, copying, points
from alcove.operations.backups.faults import Busy, PlaceFails
from alcove.operations.backups.places import UNFINISHED
from alcove.operations.backups.sftp import Sftp
from alcove.operations.backups.tests import make, ssh
from alcove.operations.backups.tests.make import NOW, quiet


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with ssh.server(tmp_path_factory.mktemp("ssh")) as held:
        yield held


@pytest.fixture
def rack(machine, tmp_path):
    return ssh.Rack(machine, tmp_path / "locks")


@pytest.fixture
def source(tmp_path):
    return make.source(tmp_path, make.keys(), files=3, database=40_000)


def copied(source, place):
    with place.alone():
        return copying.copy(source, place, [place], NOW, quiet)


def test_a_point_lies_there_for_its_owner_alone_and_is_read_back(rack, source):
    copied(source, rack.place)
    place = rack.place
    assert len(points.names(place)) == 1
    assert not checking.check(place, [place], source.keys, quiet).faults
    for folder, _, files in os.walk(rack.folder):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        assert not [one for one in files if one.startswith(UNFINISHED)]


def test_a_machine_whose_host_key_nobody_knows_gets_nothing(machine, tmp_path, source):
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    for name, content in (("none", ""), ("other", f"[127.0.0.1]:{machine.port} {other}")):
        known = tmp_path / name
        known.write_text(content, "ascii")
        rack = ssh.Rack(machine, tmp_path / "locks")
        rack.url = machine.url("unknown", known_hosts=known)
        with pytest.raises(PlaceFails, match="host key is not in"):
            copied(source, rack.place)
    assert not (machine.folder / "unknown").exists()


def test_a_key_it_does_not_know_a_file_that_is_not_there_and_a_machine_that_is_away(
    machine, tmp_path, source
):
    strange = tmp_path / "strange"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(strange)
    for given, sentence in (
        ({"key": strange}, "does not let this key in"),
        ({"key": tmp_path / "nowhere"}, "the file of the private key is not there"),
        ({"known_hosts": tmp_path / "nowhere"}, "the file of the known host keys is not there"),
        ({"port": 1}, "does not work: NoValidConnectionsError"),
    ):
        with pytest.raises(PlaceFails, match=sentence):
            copied(source, Sftp(sftp(machine.url(**given)), tmp_path / "locks"))


@pytest.mark.parametrize("fault", ["full", "drops"])
def test_a_disk_that_is_full_or_a_server_that_drops_what_it_took_gets_no_point(
    rack, source, monkeypatch, fault
):
    copied(source, rack.place)
    before = rack.held()
    monkeypatch.setattr(ssh.Disk, "faults", frozenset({fault}))
    with pytest.raises(PlaceFails), rack.place.alone():
        rack.place.put("objects/ab/new", [b"x" * 100_000])
    monkeypatch.undo()
    assert rack.held() == before
    with rack.place.alone():
        pass
    assert not [one for one in rack.folder.rglob("*") if one.name.startswith(UNFINISHED)]


def test_a_server_of_before_the_renaming_extension_replaces_in_two_steps(rack, monkeypatch):
    monkeypatch.setattr(ssh.Disk, "faults", frozenset({"old"}))
    place = rack.place
    with place.alone():
        place.put("keys/one", [b"first"])
        place.put("keys/one", [b"second", b" time"])
    assert rack.place.open("keys/one").read() == b"second time"
    assert rack.place.size("keys/one") == 11


def test_a_large_piece_comes_back_as_it_was_in_any_parts(rack):
    content = os.urandom(3_000_001)
    place = rack.place
    with place.alone():
        assert place.put("objects/aa/large", [content[:7], content[7:]]) == len(content)
    with rack.place.open("objects/aa/large") as file:
        parts = iter(lambda: file.read(65_537), b"")
        assert b"".join(parts) == content


def test_two_runs_at_once_and_what_a_killed_one_left(rack):
    place = rack.place
    with place.alone():
        place.put("points/a", [b"a"])
        left = rack.folder / "points" / f"{UNFINISHED}killed"
        left.write_bytes(b"half")
        with pytest.raises(Busy), rack.place.alone():
            pass
    assert [name for name, _, _ in rack.place.names("points")] == ["points/a"]
    with rack.place.alone():
        assert not left.exists()
    assert rack.place.remove("points/a")
    assert rack.place.remove("points/a")
    assert rack.place.turns("points/a") == 0


def test_a_connection_that_ends_in_the_middle_is_a_sentence_and_the_next_question_connects_anew(
    rack, monkeypatch
):
    place = rack.place
    with place.alone():
        place.put("points/a", [b"a"])
        place._client.get_transport().close()
        with pytest.raises(PlaceFails):
            place.put("points/b", [b"b"])
        place.put("points/b", [b"b"])
    assert sorted(name for name, _, _ in rack.place.names("points")) == ["points/a", "points/b"]


def test_nothing_waits_for_a_connection_once_a_run_is_over(rack):
    before = threading.active_count()
    place = rack.place
    with place.alone():
        place.put("points/a", [b"a"])
    assert place._files is None
    assert threading.active_count() <= before + 1
