"""Sealed files in a bucket: it alone yields nothing, what is erased is gone in every version, faults are sentences."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from django.core.files.storage import storages
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend

from alcove import config
from alcove.config import ConfigError
from alcove.operations.backups.tests import s3 as servers
from alcove.operations.backups.tests.make import flipped
from alcove.security.vault import buckets, crypto, files, s3
from alcove.security.vault.errors import FileBroken, FileLost, StoreAway
from alcove.security.vault.ids import uuid7
from alcove.security.vault.tests.bucket import in_bucket, nowhere, place

LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)
"""Before the moment at which this server says that every put in parts began."""
KEY, ROW, LABEL = crypto.new_key(), uuid7(), "test.file"
PLANTED = (b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", b"Zimquavor")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with servers.server(tmp_path_factory.mktemp("s3")) as held:
        yield held


@pytest.fixture
def shelf(store):
    """A bucket that keeps versions, as careful people have it."""
    with in_bucket(store, is_locking=True) as held:
        yield held


def kept(held=b"words", row=ROW):
    return files.store(KEY, [held], row, LABEL)


def read(name, row=ROW):
    return b"".join(files.fetch(KEY, name, row, LABEL))


def refusing(code):
    def refuse(*_, **__):
        raise S3ClientError(code, "as asked")

    return refuse


# What lies there -------------------------------------------------------------------------------------------------------


def test_the_bucket_alone_yields_nothing_and_no_byte_is_written_aside(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    small = [one + b" of a client " * 40 for one in PLANTED]
    # Larger than one request takes, so that it travels in parts.
    large = b"".join(PLANTED) * (s3.PART // 20)
    names = [kept(one) for one in [*small, large]]
    assert [read(name) for name in names] == [*small, large]
    assert sorted(shelf.held()) == sorted(names)
    everything = shelf.scan()
    assert len(everything) > len(large)
    for word in (*PLANTED, b"client", LABEL.encode(), ROW.hex.encode(), KEY):
        assert word not in everything
    assert list(tmp_path.iterdir()) == []
    for held in shelf.store.kept(shelf.url).values():
        told = f"{held[0].metadata} {held[0].acl}"
        assert "public" not in told.lower()
        assert "AllUsers" not in told


def test_what_is_removed_is_gone_in_every_version(shelf):
    name, other = kept(), kept()
    asked = config.bucket(shelf.url)
    # Somebody else's rights may add: another version on top, and a mark that hides both.
    shelf.store.client.put_object(Bucket=asked.bucket, Key=asked.prefix + name, Body=b"on top")
    shelf.store.client.delete_object(Bucket=asked.bucket, Key=asked.prefix + name)
    files.remove(name)
    assert list(shelf.held()) == [other]
    files.remove(name)
    with pytest.raises(FileLost):
        read(name)
    assert read(other) == b"words"


def test_a_store_without_versions_forgets_too_and_one_that_locks_says_so(shelf, store, monkeypatch):
    name, asked = kept(), config.bucket(shelf.url)
    shelf.store.client.put_object_retention(
        Bucket=asked.bucket, Key=asked.prefix + name,
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=2)},
    )  # fmt: skip
    with pytest.raises(StoreAway):
        files.remove(name)
    assert list(shelf.held()) == [name]
    files.discard(name)
    with in_bucket(store) as plain:
        gone, stays = kept(), kept()
        monkeypatch.setattr(S3Backend, "list_object_versions", refusing("NotImplemented"))
        files.remove(gone)
        assert list(plain.held()) == [stays]


# What comes back -------------------------------------------------------------------------------------------------------


def test_a_file_that_was_changed_cut_swapped_or_lost_opens_for_nobody(shelf):
    held = os.urandom(3 * files.SEGMENT)
    name, other = kept(held), kept(held, uuid7())
    sealed = shelf.held()[name][0]
    for at in (0, 5, 100, files.SEGMENT + 50, len(sealed) - 1):
        shelf.spoil(name, flipped(sealed, at))
        with pytest.raises(FileBroken):
            read(name)
    for cut in (b"", sealed[:-1], sealed[: 8 + files.SEGMENT + 16], shelf.held()[other][0]):
        shelf.spoil(name, cut)
        with pytest.raises(FileBroken):
            read(name)
    shelf.spoil(name, sealed)
    assert read(name) == held
    shelf.lose(name)
    with pytest.raises(FileLost):
        read(name)


@pytest.mark.parametrize(
    ("call", "code", "sentence"),
    [
        ("get_object", "AccessDenied", "refuses these credentials"),
        ("get_object", "InvalidAccessKeyId", "does not know these credentials"),
        ("get_object", "NoSuchBucket", "no such bucket"),
        ("get_object", "Bewildered", "it said Bewildered"),
    ],
)
def test_what_a_store_refuses_is_a_sentence_for_the_operator_alone(shelf, monkeypatch, call, code, sentence):
    name = kept()
    monkeypatch.setattr(S3Backend, call, refusing(code))
    with pytest.raises(StoreAway, match=sentence) as refused:
        read(name)
    assert "as asked" not in str(refused.value)
    assert "bucket" not in refused.value.PAGE
    assert "s3:" not in refused.value.PAGE


def test_a_dead_store_is_asked_once_and_then_left_alone_for_a_moment(store, monkeypatch):
    asked = []
    connected = buckets.Bucket._connected
    monkeypatch.setattr(buckets.Bucket, "_connected", lambda self: asked.append(1) or connected(self))
    with in_bucket(store, nowhere(store)):
        for _ in range(5):
            with pytest.raises(StoreAway, match="does not work"):
                read("00/none")
            with pytest.raises(StoreAway, match="does not work"):
                kept()
        assert len(asked) == 1
        storages["sealed"]._away_until = 0.0
        with pytest.raises(StoreAway):
            kept()
        assert len(asked) == 2


def test_a_store_that_dawdles_is_given_up(shelf, monkeypatch):
    name = kept(os.urandom(200_000))
    monkeypatch.setattr(buckets, "GRACE", -1e6)
    with pytest.raises(StoreAway, match="too slow"):
        read(name)


def test_credentials_that_cannot_be_used_are_said_and_shown_nowhere(store, tmp_path):
    file = tmp_path / "s3"
    with in_bucket(store) as shelf:
        url = shelf.url.replace(str(store.credentials), str(file))
    with in_bucket(store, url):
        with pytest.raises(StoreAway, match="cannot be read"):
            kept()
        file.write_text("only-an-id\n")
        with pytest.raises(StoreAway, match="must hold two lines") as refused:
            kept()
    assert "only-an-id" not in str(refused.value)


# Puts that end too early -----------------------------------------------------------------------------------------------


def test_a_put_that_breaks_off_leaves_nothing_and_what_a_kill_left_is_tidied(shelf, monkeypatch):
    def source():
        yield os.urandom(s3.PART * 3)
        raise OSError("the upload broke off")

    with pytest.raises(OSError, match="broke off"):
        files.store(KEY, source(), ROW, LABEL)
    client, asked = shelf.store.client, config.bucket(shelf.url)

    def left():
        return client.list_multipart_uploads(Bucket=asked.bucket).get("Uploads", [])

    assert (shelf.held(), left()) == ({}, [])
    # A writer that is at work now must not be disturbed; one that was killed a day ago is.
    client.create_multipart_upload(Bucket=asked.bucket, Key=asked.prefix + "ab/half")
    monkeypatch.setattr(buckets, "LEFT", datetime.now(UTC) - LONG_AGO)
    place(shelf.url).tidy()
    assert len(left()) == 1
    monkeypatch.undo()
    place(shelf.url).tidy()
    assert left() == []


# Shapes ----------------------------------------------------------------------------------------------------------------


def test_all_files_are_listed_by_name_size_and_time_and_others_of_the_bucket_are_not(shelf):
    names = sorted(kept(b"x" * size) for size in (0, 10, 100))
    shelf.store.client.put_object(Bucket=config.bucket(shelf.url).bucket, Key="elsewhere", Body=b"x")
    held = list(place(shelf.url).listed())
    assert [one.name for one in held] == names
    assert [one.size for one in held] == [len(shelf.held()[name][0]) for name in names]
    assert [place(shelf.url).size(one.name) for one in held] == [one.size for one in held]
    assert all(one.written > 0 for one in held)


def test_a_process_that_was_forked_uses_no_connection_of_its_parent(shelf):
    name = kept()
    bucket = storages["sealed"]
    pid, client = bucket._client
    bucket._client = (pid + 1, object())
    assert read(name) == b"words"
    assert bucket._client[0] == pid
    assert bucket._client[1] is not client


class Listing:
    """A stranger's client of a server that, other than the one here, lists nothing to strangers."""

    def __init__(self, client):
        self.get_object = client.get_object

    def list_objects_v2(self, **_):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")


def test_a_probe_tells_what_works_and_whether_strangers_read_along(store, monkeypatch):
    tried, real = place(store.new(is_locking=False)), s3.stranger
    # This server lists any bucket to anybody, and that is found out.
    assert tried.probe() is True
    monkeypatch.setattr(s3, "stranger", lambda *given: Listing(real(*given)))
    assert tried.probe() is False
    everybody = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{tried._address.bucket}/*",
            }
        ]
    }
    store.client.put_bucket_policy(Bucket=tried._address.bucket, Policy=json.dumps(everybody))
    assert tried.probe() is True
    assert list(tried.listed()) == []


def test_a_bucket_that_locks_by_itself_is_found_out(store):
    url = store.new(is_locking=True)
    assert place(url).locks() is False
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 7}}
    store.client.put_object_lock_configuration(
        Bucket=config.bucket(url).bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )
    assert place(url).locks() is True
    assert place(store.new(is_locking=False)).locks() is False


def test_a_store_that_drops_or_changes_a_probe_is_said(store, monkeypatch):
    tried, put = place(store.new(is_locking=False)), S3Backend.put_object
    monkeypatch.setattr(
        S3Backend, "put_object", lambda *given, **how: put(*given[:3], b"else", *given[4:], **how)
    )
    with pytest.raises(StoreAway, match="does not give back"):
        tried.probe()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://store.example/x", "must begin with file: or s3:"),
        ("s3://id:secretword@bucket/x", "without a user"),
        ("s3://bucket/x?endpoint=http://store.example", "over https:"),
        ("s3://bucket/x?secretword=abc", "knows endpoint="),
    ],
)
def test_an_address_that_cannot_stand_stops_the_start(url, sentence, tmp_path):
    with pytest.raises(ConfigError, match=sentence) as refused:
        config.load({"ALCOVE_HOME": str(tmp_path), "ALCOVE_FILES_URL": url})
    if "@" in url:
        assert "secretword" not in str(refused.value)


def test_files_lie_in_the_home_unless_the_setting_says_otherwise(tmp_path):
    def at(url):
        return config.load({"ALCOVE_HOME": str(tmp_path), **({"ALCOVE_FILES_URL": url} if url else {})})

    assert (at("").files, at("").files_bucket) == (tmp_path / "files", None)
    assert (str(at("file:///srv/x").files), at("file:///srv/x").files_bucket) == ("/srv/x", None)
    there = at("s3://b/x?endpoint=https://store.example")
    assert there.files_bucket == config.bucket("s3://b/x?endpoint=https://store.example")
    assert there.files == tmp_path / "files"
