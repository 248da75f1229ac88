"""Backing up sealed files that lie in a bucket: by name and size, read once, and told when the bucket is away."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from moto.s3.models import S3Backend

from alcove import config
from alcove.operations.backups import checking, copying, points
from alcove.operations.backups.faults import CannotCopy
from alcove.operations.backups.tests import make, s3
from alcove.operations.backups.tests.make import NOW, Shelf, quiet
from alcove.security.vault.tests.bucket import nowhere, place


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with s3.server(tmp_path_factory.mktemp("s3")) as held:
        yield held


@pytest.fixture
def keys():
    return make.keys()


@pytest.fixture
def source(store, keys, tmp_path):
    made = make.source(tmp_path, keys, files=0, database=20_000)
    made.store = place(store.new(is_locking=False))
    for size in (0, 900, 9 * 2**20):
        made.store.save(f"ab/{size:032x}", ContentFile(os.urandom(size)))
    return made


@pytest.fixture
def reads(monkeypatch):
    """The names that were read from any bucket, one for each time."""
    seen, real = [], S3Backend.get_object

    def get_object(self, bucket_name, key_name, *given, **how):
        found = real(self, bucket_name, key_name, *given, **how)
        seen.append(key_name)
        return found

    monkeypatch.setattr(S3Backend, "get_object", get_object)
    return seen


def copied(source, shelf, days=0):
    with shelf.place.alone():
        return copying.copy(source, shelf.place, [shelf.place], NOW + timedelta(days=days), quiet).point


def test_what_the_last_point_has_is_not_read_again(source, keys, tmp_path, reads):
    shelf = Shelf(tmp_path)
    first = copied(source, shelf)
    assert len(first.files) == 3
    assert len(reads) > 0
    reads.clear()
    # Its time in the bucket is when it was put there, so a file that came back from elsewhere is still known.
    gone = first.files[0][0]
    source.store.delete(gone)
    held = source.store.open(first.files[1][0]).read()
    source.store.delete(first.files[1][0])
    source.store.save(first.files[1][0], ContentFile(held))
    source.store.save("cd/" + "1" * 32, ContentFile(b"new"))
    reads.clear()
    second = copied(source, shelf, 1)
    assert {one.rpartition("/")[2] for one in reads} == {"1" * 32}
    assert [one[0] for one in second.files] == [*(one[0] for one in first.files[1:]), "cd/" + "1" * 32]
    assert checking.check(shelf.place, [shelf.place], keys, quiet).faults == []


def test_files_that_rows_name_and_the_bucket_lacks_are_told_by_the_verification(source, keys, tmp_path):
    source.snapshot.stored = {"ab/" + "9" * 32}
    shelf = Shelf(tmp_path)
    assert copied(source, shelf).missing == 1
    [fault] = checking.check(shelf.place, [shelf.place], keys, quiet).faults
    assert "1 files that the records name were not in the store" in fault


def test_a_bucket_that_is_away_makes_no_point_without_its_files(store, source, keys, tmp_path):
    shelf = Shelf(tmp_path)
    source.store = place(nowhere(store))
    with pytest.raises(CannotCopy, match="store of sealed files"):
        copied(source, shelf)
    assert points.names(shelf.place) == []


def test_what_others_put_into_the_bucket_is_not_backed_up(store, source, tmp_path):
    there = config.bucket(source.store.name + "&region=us-east-1")
    store.client.put_object(Bucket=there.bucket, Key="elsewhere/x", Body=b"x")
    assert len(copied(source, Shelf(tmp_path)).files) == 3
