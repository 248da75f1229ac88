"""Buckets over a real server: what is locked stays and goes on counting; every fault of a store is a sentence."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from botocore.exceptions import ClientError
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend

from alcove import config
from alcove.config import ConfigError
from alcove.operations.backups import buckets, checking, copying, points, pruning, restoring
from alcove.operations.backups.faults import Damaged, PlaceFails
from alcove.operations.backups.tests import make, s3
from alcove.operations.backups.tests.make import NOW, Crate, flipped, quiet
from alcove.security.policy_defaults import BACKUP_KEPT, KEY_COPY_LIFE
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.s3 import PART

KEPT = timedelta(days=200)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with s3.server(tmp_path_factory.mktemp("s3")) as held:
        yield held


@pytest.fixture
def crate(store, tmp_path):
    return Crate(store, tmp_path)


@pytest.fixture
def keys():
    return make.keys()


@pytest.fixture
def source(keys, tmp_path):
    return make.source(tmp_path, keys, files=3, database=40_000)


def copied(source, place, at=NOW, **how):
    with place.alone():
        return copying.copy(source, place, [place], at, quiet, **({"kept": KEPT} | how))


def faults(crate, keys):
    place = crate.place
    return checking.check(place, [place], keys, quiet).faults


def locks(crate):
    """Return until when the store keeps each name, by its own account."""
    return {name: held[0].lock_until for name, held in crate.store.kept(crate.url).items()}


def until(text):
    return datetime.fromisoformat(text) if text else None


# Write-once ------------------------------------------------------------------------------------------------------------


def test_the_store_refuses_to_remove_what_is_locked_and_hides_nothing_that_was_overwritten(
    crate, keys, source
):
    copied(source, crate.place)
    held, asked = crate.held(), config.bucket(crate.url)
    for name in held:
        [version] = [one.version_id for one in crate.store.kept(crate.url)[name]]
        with pytest.raises(ClientError, match="AccessDenied"):
            crate.store.client.delete_object(Bucket=asked.bucket, Key=asked.prefix + name, VersionId=version)
        # Nobody keeps these credentials from adding: another version on top, and a mark that hides all below.
        crate.store.client.put_object(Bucket=asked.bucket, Key=asked.prefix + name, Body=b"encrypted, pay")
        crate.store.client.delete_object(Bucket=asked.bucket, Key=asked.prefix + name)
        with pytest.raises(ClientError, match="NoSuchKey"):
            crate.store.client.get_object(Bucket=asked.bucket, Key=asked.prefix + name)
    place = crate.place
    with place.alone():
        assert place.is_write_once
    assert crate.held() == held
    assert faults(crate, keys) == []
    # And the practice goes on backing up into it.
    copied(source, crate.place, NOW + timedelta(days=1))
    assert faults(crate, keys) == []


def test_a_piece_is_locked_past_its_points_end_and_a_key_copy_no_longer_than_an_erasure_waits(crate, source):
    made = copied(source, crate.place)
    kept = locks(crate)
    assert until(kept[made.point.keys]) == NOW + KEY_COPY_LIFE
    assert until(kept[made.point.name]) == NOW + KEPT
    pieces = [until(held) for name, held in kept.items() if name.startswith("objects")]
    assert len(pieces) == 4
    assert min(pieces) >= NOW + KEPT


def test_a_lock_that_would_end_too_soon_is_extended_and_no_other_is_asked_for(
    crate, keys, source, monkeypatch
):
    copied(source, crate.place)
    asked = []
    lock = buckets.Bucket.lock
    monkeypatch.setattr(
        buckets.Bucket, "lock", lambda self, name, day: (asked.append(name), lock(self, name, day))
    )
    copied(source, crate.place, NOW + timedelta(days=1))
    # Points and the key copy only: the pieces are locked for a month more than they need.
    assert [name.partition("/")[0] for name in asked] == ["points", "keys", "points"]
    asked.clear()
    copied(source, crate.place, NOW + timedelta(days=31))
    assert len(asked) == 7
    copied(source, crate.place, NOW + timedelta(days=32), kept=KEPT * 2)
    ends = [until(held) for name, held in locks(crate).items() if name.startswith("objects")]
    assert min(ends) >= NOW + KEPT * 2
    assert faults(crate, keys) == []


def test_a_point_that_a_killed_run_did_not_lock_is_locked_by_the_next(crate, keys, source, monkeypatch):
    lock = buckets.Bucket.lock

    def killed(self, name, day):
        if name.startswith("points"):
            raise KeyboardInterrupt
        lock(self, name, day)

    with monkeypatch.context() as patch:
        patch.setattr(buckets.Bucket, "lock", killed)
        with pytest.raises(KeyboardInterrupt):
            copied(source, crate.place)
    [first] = points.names(crate.place)
    assert locks(crate)[first] is None
    copied(source, crate.place, NOW + timedelta(days=1))
    assert until(locks(crate)[first]) == NOW + KEPT
    assert faults(crate, keys) == []


def test_a_store_that_refuses_to_shorten_a_lock_is_no_fault_and_one_that_refuses_to_lock_is(
    crate, keys, source, monkeypatch
):
    """The server here shortens locks; stores that keep to the protocol refuse."""
    copied(source, crate.place)
    [first] = points.names(crate.place)
    put = S3Backend.put_object_retention

    def refused(self, bucket_name, key_name, version_id, retention):
        until = self.get_object(bucket_name, key_name, version_id=version_id).lock_until
        if is_refusing_all or (until and until > retention[1]):
            raise S3ClientError("AccessDenied", "Access Denied")
        put(self, bucket_name, key_name, version_id, retention)

    monkeypatch.setattr(S3Backend, "put_object_retention", refused)
    is_refusing_all = False
    copied(source, crate.place, NOW + timedelta(days=1), kept=KEPT / 2)
    assert until(locks(crate)[first]) == NOW + KEPT
    is_refusing_all = True
    with pytest.raises(PlaceFails, match="refuses these credentials"):
        copied(source, crate.place, NOW + timedelta(days=2))
    assert faults(crate, keys) == []


def test_ending_leaves_what_is_locked_and_says_so_and_takes_it_when_the_lock_is_over(crate, keys, source):
    copied(source, crate.place, NOW - timedelta(days=190))
    source.snapshot.path.write_bytes(os.urandom(40_000))
    copied(source, crate.place)

    def ended():
        place = crate.place
        with place.alone():
            return pruning.prune(place, [place], keys, NOW, BACKUP_KEPT)

    before = crate.held()
    pruned = ended()
    # The point of 190 days ago is past the rule, and locked for ten days more.
    assert (pruned.points, pruned.objects, pruned.key_copies, pruned.locked) == (0, 0, 1, 1)
    assert {name for name in before if name not in crate.held()} == {
        one for one in before if one.startswith("keys")
    } - set(crate.held("keys"))
    assert faults(crate, keys) == []
    for versions in crate.store.kept(crate.url).values():
        versions[0].lock_until = "2020-01-01T00:00:00Z"
    pruned = ended()
    assert (pruned.points, pruned.objects, pruned.locked) == (1, 1, 0)
    assert faults(crate, keys) == []


def test_a_bucket_without_object_lock_is_a_place_and_not_called_write_once(store, tmp_path, keys, source):
    crate = Crate(store, tmp_path, is_locking=False)
    copied(source, crate.place, NOW - timedelta(days=300))
    made = copied(source, crate.place)
    assert made.point.locks == {}
    place = crate.place
    with place.alone():
        assert not place.is_write_once
        pruned = pruning.prune(place, [place], keys, NOW, BACKUP_KEPT)
    assert (pruned.points, pruned.key_copies, pruned.locked) == (1, 1, 0)
    assert faults(crate, keys) == []


def test_a_bucket_that_locks_by_itself_is_refused_since_key_copies_would_outlive_an_erasure(crate, source):
    crate.store.client.put_object_lock_configuration(
        Bucket=config.bucket(crate.url).bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}},
        },
    )
    with pytest.raises(PlaceFails, match="would outlive an erasure"):
        copied(source, crate.place)
    assert crate.held() == {}


def test_a_locked_piece_that_the_store_spoilt_gets_a_right_one_beside_it_that_restores(crate, keys, source):
    made = copied(source, crate.place)
    name = next(iter(crate.held("objects")))
    crate.spoil(name, flipped(crate.held()[name]))
    copied(source, crate.place, NOW + timedelta(hours=1), is_trusted=False)
    assert crate.place.turns(name) == 2
    place, sealing = crate.place, restoring.Sealing(keys, 1)
    for path in made.point.objects:
        assert b"".join(restoring._opened(place, sealing, path, "it"))


def test_a_key_copy_slipped_in_before_the_right_ones_is_passed_over(crate, keys, source):
    copied(source, crate.place)
    [right] = crate.held("keys")
    crate.spoil("keys/29990101T000000.000000Z", b"not a key copy")
    crate.spoil("keys/29990102T000000.000000Z", flipped(crate.held()[right], 40))

    def unlock(copy):
        copy.checked(keys)
        return keys

    copy, _ = restoring.unlocked(crate.place, [crate.place], unlock)
    assert copy.at == NOW.isoformat()
    # And whoever reads the place back is told.
    assert len(faults(crate, keys)) == 1
    crate.lose(right)
    with pytest.raises((SealBroken, restoring.WontRestore)):
        restoring.unlocked(crate.place, [crate.place], unlock)


# A store's faults --------------------------------------------------------------------------------------------------------


def refusing(code, after=3):
    """Return a stand-in that stores so many pieces and then says no."""
    left, honest = count(), S3Backend.put_object

    def put_object(self, *given, **how):
        if next(left) < after:
            return honest(self, *given, **how)
        raise S3ClientError(code, "words of a store, with a name in them")

    return put_object


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("QuotaExceeded", "is full. Older backups there are unharmed"),
        ("AccessDenied", "refuses these credentials"),
        ("InvalidAccessKeyId", "does not know these credentials"),
        ("RequestTimeTooSkewed", "set the clock right"),
        ("Unheard", "it said Unheard"),
    ],
)
def test_what_a_store_refuses_is_a_sentence_and_what_lay_there_is_whole(
    crate, keys, source, monkeypatch, code, sentence
):
    copied(source, crate.place)
    before = crate.held()
    source.snapshot.path.write_bytes(os.urandom(3_000_000))
    monkeypatch.setattr(S3Backend, "put_object", refusing(code, after=1))
    with pytest.raises(PlaceFails) as refused:
        copied(source, crate.place, NOW + timedelta(days=1))
    assert sentence in str(refused.value)
    assert "words of a store" not in str(refused.value)
    monkeypatch.undo()
    assert {name: held for name, held in crate.held().items() if name in before} == before
    assert len(crate.held("points")) == 1
    copied(source, crate.place, NOW + timedelta(days=2))
    assert faults(crate, keys) == []


def test_a_store_that_says_yes_and_keeps_nothing_gets_no_point(crate, source, monkeypatch):
    honest = S3Backend.put_object

    def dropping(self, bucket_name, key_name, *given, **how):
        made = honest(self, bucket_name, key_name, *given, **how)
        if "/objects/" in key_name:
            crate.store.lose(crate.url, key_name.removeprefix(config.bucket(crate.url).prefix))
        return made

    monkeypatch.setattr(S3Backend, "put_object", dropping)
    with pytest.raises(PlaceFails, match="did not keep what it was given: 4 of 4"):
        copied(source, crate.place)
    assert crate.held("points") == {}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("s3://b-", "s3://another-"), "there is no such bucket"),
        (("127.0.0.1:", "127.0.0.1:1"), "does not work"),
    ],
)
def test_a_bucket_or_store_that_is_not_there_is_said(crate, tmp_path, source, monkeypatch, change, sentence):
    monkeypatch.setattr(
        buckets, "_TIMES", buckets._TIMES.merge(type(buckets._TIMES)(retries={"total_max_attempts": 1}))
    )
    url = (
        crate.url.replace(*change)
        if "another" in change[1]
        else crate.url.replace(crate.store.endpoint, "http://127.0.0.1:9")
    )
    place = s3.bucket(url, tmp_path)
    with pytest.raises(PlaceFails, match=sentence):
        copied(source, place)


def test_credentials_come_from_their_file_and_are_shown_nowhere(crate, tmp_path, source):
    file = tmp_path / "empty"
    file.write_text("only-an-id\n")
    url = crate.url.replace(str(crate.store.credentials), str(file))
    with pytest.raises(PlaceFails, match="must hold two lines") as refused:
        copied(source, s3.bucket(url, tmp_path))
    assert "only-an-id" not in str(refused.value)
    assert "credentials" not in crate.place.name


# Shapes ------------------------------------------------------------------------------------------------------------------


def test_a_large_piece_travels_in_parts_and_what_a_kill_left_of_one_is_swept(crate):
    asked, held = config.bucket(crate.url), os.urandom(PART + 1000)
    left = crate.store.client.create_multipart_upload(Bucket=asked.bucket, Key=asked.prefix + "objects/half")
    place = crate.place
    with place.alone():
        size = place.put("objects/1/large", (held[at : at + 2**20] for at in range(0, len(held), 2**20)))
    assert size == len(held)
    with place.open("objects/1/large") as file:
        assert file.read(1000) + file.read() == held
    assert left["UploadId"]
    assert crate.store.client.list_multipart_uploads(Bucket=asked.bucket).get("Uploads", []) == []
    assert crate.place.size("objects/half") is None


def test_a_list_of_many_pages_is_whole(crate, monkeypatch):
    place = crate.place
    with place.alone():
        for number in range(7):
            place.put(f"points/{number % 4}", [bytes([number])])
    ask = buckets.Bucket._ask

    def paged(self, call, **given):
        return ask(self, call, **given, **({"MaxKeys": 2} if call == "list_object_versions" else {}))

    monkeypatch.setattr(buckets.Bucket, "_ask", paged)
    place = crate.place
    assert [name for name, _, _ in place.names("points")] == [f"points/{number}" for number in range(4)]
    assert [place.turns(f"points/{number}") for number in range(4)] == [2, 2, 2, 1]
    assert place.open("points/1").read() == b"\x01"
    assert place.open("points/1", 1).read() == b"\x05"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s3://bucket/x?endpoint=http://store.example", "what goes there travels over https:"),
        ("s3://id:secret@bucket/x", "without a user"),
        ("s3://bucket/x?secret=abc", "not secret="),
        ("s3:///x", "must be s3://bucket/prefix"),
        ("s3://bucket/x?endpoint=ftp://store.example", "must begin with https:"),
        ("ftp://host/x", "must be a folder, sftp:"),
        ("sftp://host/x", "must be sftp://user@host/folder"),
        ("sftp://id:secret@host/x?key=/k&known_hosts=/h", "holds a password"),
        ("sftp://id@host/x?key=/k", "known_hosts=FILE"),
        ("sftp://id@host/?key=/k&known_hosts=/h", "needs a folder"),
        ("sftp://id@host/x?key=/k&known_hosts=/h&secret=abc", "not secret="),
    ],
)
def test_an_address_that_cannot_stand_stops_the_start_by_name(tmp_path, url, reason):
    with pytest.raises(ConfigError) as refused:
        config.load({"ALCOVE_HOME": str(tmp_path), "ALCOVE_BACKUP_PLACES": f"/mnt/disk,{url}"})
    assert "ALCOVE_BACKUP_PLACES" in str(refused.value)
    assert reason in str(refused.value)
    assert "id:secret" not in str(refused.value)
    assert "abc" not in str(refused.value)


def test_an_address_is_read_and_its_name_shows_no_more_than_where_it_is(tmp_path):
    url = "s3://bucket/a/b?endpoint=https://store.example&credentials=/etc/key"
    held = config.load({"ALCOVE_HOME": str(tmp_path), "ALCOVE_BACKUP_PLACES": f"/mnt/disk, {url}"})
    assert held.backups == (str(tmp_path / "backups"), "/mnt/disk", url)
    asked = config.bucket(url)
    assert (asked.bucket, asked.prefix, str(asked.credentials)) == ("bucket", "a/b/", "/etc/key")
    assert asked.name == "s3://bucket/a/b/?endpoint=https://store.example"
    assert config.bucket("s3://bucket").name == "s3://bucket/"


def test_points_are_found_by_anybody_who_reads(crate, keys, source):
    made = copied(source, crate.place)
    assert points.names(crate.place) == [made.point.name]
    crate.spoil(made.point.name, b"short")
    with pytest.raises(Damaged):
        points.read(crate.place, made.point.name, keys)
    assert datetime.now(UTC) > NOW
