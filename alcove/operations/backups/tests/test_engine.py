"""The format: what is put comes back or is named; what is known is not put twice; the rule of ending."""

from __future__ import annotations

import os
import random
import resource
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alcove.operations.backups import checking, copying, cutting, points, pruning
from alcove.operations.backups.copying import Source
from alcove.operations.backups.faults import Busy, Damaged, PlaceFails
from alcove.operations.backups.places import Folder
from alcove.operations.backups.tests import make, s3, ssh
from alcove.operations.backups.tests.make import NOW, Crate, Shelf, flip, flipped, objects, quiet
from alcove.security.policy_defaults import BACKUP_KEPT, KEY_COPY_LIFE
from alcove.security.vault.copies import HouseKeys


def copied(source, place, at=NOW, **how):
    with place.alone():
        return copying.copy(source, place, [place], at, quiet, **how)


def faults(place, keys, **how):
    return checking.check(place, [place], keys, quiet, **how).faults


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with s3.server(tmp_path_factory.mktemp("s3")) as held:
        yield held


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with ssh.server(tmp_path_factory.mktemp("ssh")) as held:
        yield held


@pytest.fixture(params=["folder", "sftp", "locked"])
def shelf(request, tmp_path):
    """A place of each kind: two whose owner can do everything, one that keeps what it was given."""
    if request.param == "folder":
        return Shelf(tmp_path)
    if request.param == "sftp":
        return ssh.Rack(request.getfixturevalue("machine"), tmp_path / "locks")
    return Crate(request.getfixturevalue("store"), tmp_path)


@dataclass
class Begun:
    """Something that was copied once into a place."""

    shelf: Shelf | Crate
    source: Source
    keys: HouseKeys
    made: copying.Copied

    @property
    def place(self):
        return self.shelf.place

    def faults(self, **how):
        return faults(self.place, self.keys, **how)

    def again(self, *, hours=24, **how):
        return copied(self.source, self.place, NOW + timedelta(hours=hours), **how)


@pytest.fixture
def begun(shelf, tmp_path):
    keys = make.keys()
    source = make.source(tmp_path, keys)
    return Begun(shelf, source, keys, copied(source, shelf.place))


def short(name):
    return name.rpartition("/")[2]


def test_a_point_names_every_object_with_its_size_and_all_read_back(begun):
    lies = {short(name): len(held) for name, held in begun.shelf.held("objects").items()}
    assert begun.made.point.objects == lies
    assert points.read(begun.place, begun.made.point.name, begun.keys) == begun.made.point
    assert begun.faults() == []


def test_nothing_lies_readable_in_a_place(begun):
    paths = (begun.source.snapshot.path, *Path(begun.source.store.location).rglob("*"))
    plain = [path.read_bytes()[:64] for path in paths if path.is_file()]
    assert len(plain) == 7
    for held in begun.shelf.held().values():
        assert not any(one in held for one in plain)
        assert b"audit.head" not in held


def test_a_second_point_brings_only_what_changed(begun):
    with begun.source.snapshot.path.open("r+b") as file:
        file.seek(120_000)
        file.write(b"changed")
    second = begun.again()
    assert (second.objects, begun.made.objects) == (1, 7)
    assert second.bytes_added < 20_000
    assert begun.faults() == []


@pytest.mark.parametrize("at", [0, 9, 40, -1])
def test_one_flipped_bit_is_found_and_named(begun, at):
    held = begun.shelf.held("objects")
    for name in held:
        begun.shelf.spoil(name, flipped(held[name], at))
    found = begun.faults()
    assert len(found) == len(held)
    assert all(any(short(name) in fault for fault in found) for name in held)


def test_a_missing_a_short_and_a_swapped_piece_are_named(begun):
    held = begun.shelf.held("objects")
    one, other = (
        next(name for name in held if short(name) == file[3]) for file in begun.made.point.files[:2]
    )
    begun.shelf.spoil(one, held[one][:-20])
    assert [short(one) in fault and "another size" in fault for fault in begun.faults()] == [True]
    begun.shelf.spoil(one, held[other])
    assert [short(one) in fault for fault in begun.faults()] == [True]
    begun.shelf.lose(one)
    assert [f"{short(one)} is missing" in fault for fault in begun.faults()] == [True]


def test_a_changed_point_and_key_copy_are_named_and_another_practice_is_not_believed(begun):
    held = begun.shelf.held("points", "keys")
    for at in (13, 30, -1):
        for name in held:
            begun.shelf.spoil(name, flipped(held[name], at))
        assert len(begun.faults()) == 2
    for name in held:
        begun.shelf.spoil(name, held[name])
    name = begun.made.point.name
    with pytest.raises(Damaged):
        points.read(begun.place, name, make.keys())
    later = points.Point((NOW + timedelta(days=400)).isoformat(), "", "", "", [], {}, {}).name
    begun.shelf.spoil(later, held[name])
    assert ["changed, cut short or made by another practice" in fault for fault in begun.faults()] == [True]


def test_what_is_damaged_is_put_there_anew(begun):
    """In one run: a folder's bad piece makes room, a locked one gets a right one beside it."""
    held = begun.shelf.held("objects")
    for name in list(held)[:3]:
        begun.shelf.spoil(name, flipped(held[name]))
    assert len(begun.faults()) == 3
    again = begun.again(is_trusted=False)
    assert again.objects == 3
    assert begun.faults() == []


def lying(shelf, deed, how):
    """Return the place of a shelf that says it kept what it dropped, or keeps something else."""
    place = shelf.place
    honest = place.put

    def put(name, parts):
        content = b"".join(parts)
        if deed(name):
            if how == "dropped":
                return len(content)
            content = flipped(content)
        return honest(name, [content])

    place.put = put
    return place


@pytest.mark.parametrize("what", ["objects", "points", "keys"])
@pytest.mark.parametrize("how", ["dropped", "altered"])
def test_a_place_that_lies_is_found_out_and_gets_no_point(shelf, tmp_path, what, how):
    keys = make.keys()
    source = make.source(tmp_path, keys)
    with pytest.raises((PlaceFails, Damaged)):
        copied(source, lying(shelf, lambda name: name.startswith(what), how))
    if what != "points":
        assert points.names(shelf.place) == []
    copied(source, shelf.place, NOW + timedelta(hours=1), is_trusted=False)
    assert points.read(shelf.place, points.names(shelf.place)[-1], keys)


def test_a_full_folder_says_so_and_keeps_what_it_had(tmp_path):
    keys, shelf = make.keys(), Shelf(tmp_path)
    source = make.source(tmp_path, keys)
    copied(source, shelf.place)
    before = shelf.held()
    source.snapshot.path.write_bytes(os.urandom(300_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(PlaceFails, match="is full"):
            copied(source, shelf.place, NOW + timedelta(days=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert shelf.held() == before
    assert faults(shelf.place, keys) == []


def test_two_runs_do_not_meet(begun):
    with begun.place.alone(), pytest.raises(Busy), begun.place.alone():
        pass


def test_an_unplugged_disk_is_not_made_up(tmp_path):
    away = Folder(tmp_path / "disk")
    with pytest.raises(PlaceFails, match="plugged in"), away.alone():
        pass
    assert not away.path.exists()


def test_a_clock_that_was_set_back_is_told_and_nothing_is_changed(begun):
    before = begun.shelf.held()
    with pytest.raises(PlaceFails, match="clock"):
        begun.again(hours=-48)
    assert begun.shelf.held() == before
    assert begun.faults() == []


def test_what_a_killed_run_left_is_used(shelf, tmp_path):
    keys = make.keys()
    source = make.source(tmp_path, keys)
    first = copied(source, shelf.place)
    for name in shelf.held("points", "keys"):
        shelf.lose(name)
    again = copied(source, shelf.place, NOW + timedelta(hours=1))
    assert (first.objects, again.objects) == (7, 0)
    assert faults(shelf.place, keys) == []


def test_the_halves_of_a_killed_run_are_swept_from_a_folder(tmp_path):
    shelf = Shelf(tmp_path)
    copied(make.source(tmp_path, make.keys()), shelf.place)
    half = shelf.folder / "objects" / ".new-half"
    half.write_bytes(b"half")
    with shelf.place.alone():
        assert not half.exists()


def test_a_file_no_backup_may_hold_is_left_out_and_a_lost_one_is_counted(tmp_path):
    keys = make.keys()
    source, place = make.source(tmp_path, keys), make.place(tmp_path)
    source.snapshot.left_out = {f"00/{0:032x}"}
    source.snapshot.stored = {f"01/{1:032x}", "aa/lost"}
    made = copied(source, place)
    assert (len(made.point.files), made.point.missing) == (5, 1)
    assert "1 files that the records name were not in the store" in faults(place, keys)[0]


# Cutting -----------------------------------------------------------------------------------------------------------


def test_a_dump_that_moved_is_known_again(tmp_path):
    path, rng = tmp_path / "dump", random.Random(3)
    first = rng.randbytes(9_000_000)
    path.write_bytes(first)
    before = list(cutting.pieces(path, is_dump=True))
    assert b"".join(before) == first
    assert all(len(piece) <= 64 * 1024 for piece in before)
    # Something is written in at the front and taken out far behind: everything else moves.
    path.write_bytes(rng.randbytes(777) + first[:5_000_000] + first[5_000_333:])
    after = list(cutting.pieces(path, is_dump=True))
    new = Counter(after) - Counter(before)
    assert sum(len(piece) for piece in new.elements()) < 300_000


@given(st.integers(0, 200_000), st.booleans())
@settings(max_examples=25)
def test_pieces_are_the_whole(tmp_path_factory, size, is_dump):
    path = tmp_path_factory.mktemp("cut") / "dump"
    path.write_bytes(random.Random(size).randbytes(size))
    assert b"".join(cutting.pieces(path, is_dump=is_dump)) == path.read_bytes()


# Ending ------------------------------------------------------------------------------------------------------------


def name_at(moment):
    return points.Point(moment.isoformat(), "", "", "", [], {}, {}).name


@given(st.lists(st.integers(0, 400 * 24), max_size=60), st.integers(0, 400))
def test_the_rule_keeps_a_point_of_every_day_of_six_months(hours, kept_days):
    names = sorted({name_at(NOW - timedelta(hours=hour)) for hour in hours})
    ended = set(pruning.over(names, NOW, timedelta(days=kept_days)))
    kept = [name for name in names if name not in ended]
    least = NOW - BACKUP_KEPT
    assert not names or names[-1] in kept
    within = {points.moment_of(name).date() for name in names if points.moment_of(name) >= least}
    assert within <= {points.moment_of(name).date() for name in kept}
    assert all(points.moment_of(name) < NOW - timedelta(days=7) for name in ended)


def test_ending_takes_what_no_point_needs_and_leaves_the_rest_whole(tmp_path):
    keys = make.keys()
    source, place = make.source(tmp_path, keys), make.place(tmp_path)
    for days in (200, 190, 100, 8, 0):
        with source.snapshot.path.open("r+b") as file:
            file.write(os.urandom(500))
        copied(source, place, NOW - timedelta(days=days))
    with place.alone():
        pruned = pruning.prune(place, [place], keys, NOW, timedelta(days=1))
    assert (pruned.points, pruned.key_copies) == (2, 4)
    assert pruned.objects >= 1
    assert len(points.names(place)) == 3
    assert faults(place, keys) == []
    wanted = set().union(*(points.read(place, name, keys).objects for name in points.names(place)))
    assert {path.name for path in objects(place.path)} == wanted
    assert timedelta(days=35) >= KEY_COPY_LIFE


def test_ending_removes_nothing_while_a_point_cannot_be_read(tmp_path):
    keys = make.keys()
    source, place = make.source(tmp_path, keys), make.place(tmp_path)
    for days in (300, 10, 0):
        copied(source, place, NOW - timedelta(days=days))
    flip(place.path / points.names(place)[1])
    before = sorted(path for path in place.path.rglob("*"))
    with place.alone(), pytest.raises(Damaged):
        pruning.prune(place, [place], keys, NOW, timedelta(days=184))
    assert sorted(path for path in place.path.rglob("*")) == before


def test_a_new_version_of_the_backup_key_begins_anew_and_old_points_stay_readable(begun):
    newer = replace(begun.keys, keys={**begun.keys.keys, ("backup", 2): os.urandom(32)})
    second = copied(replace(begun.source, keys=newer), begun.place, NOW + timedelta(days=1))
    assert (second.point.version, second.objects) == (2, 7)
    assert faults(begun.place, newer) == []
