"""Promise 26 against a real store: what is locked stays; without a store that locks it is not proved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from moto.s3.exceptions import AccessDeniedByLock
from moto.s3.models import S3Backend

from alcove.operations.backups.tests import s3
from alcove.project.commands.prove import _run
from alcove.project.prove import spares
from alcove.project.prove.scratch import scratch_database

pytestmark = pytest.mark.databases


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store that refuses to shorten a lock: the protocol says so, and moto does not know it."""
    honest = S3Backend.put_object_retention

    def put_object_retention(self, bucket_name, key_name, version_id, retention):
        held = self.get_object(bucket_name, key_name, version_id=version_id)
        if held.lock_until and retention[1] < held.lock_until:
            raise AccessDeniedByLock
        return honest(self, bucket_name, key_name, version_id, retention)

    monkeypatch.setattr(S3Backend, "put_object_retention", put_object_retention)
    with s3.server(tmp_path) as held:
        yield held


def proved(settings, *places):
    settings.ALCOVE = replace(settings.ALCOVE, backup_places=places, database_url="")
    with scratch_database(settings.ALCOVE) as scratch:
        [found] = _run([26], scratch)
    return found


def test_a_write_once_bucket_proves_it_and_both_faults_are_seen(settings, store):
    found = proved(settings, store.new())
    assert (found["state"], found["fault_seen"]) == ("proved", True), found["tried"]


def test_a_store_that_lets_a_lock_be_shortened_is_red(settings, tmp_path):
    with s3.server(tmp_path) as shortening:
        found = proved(settings, shortening.new())
    assert (found["state"], "removed a locked piece" in found["tried"]) == ("failed", True)


def test_a_bucket_that_locks_nothing_is_red(settings, store):
    found = proved(settings, store.new(is_locking=False))
    assert found["state"] == "failed"
    assert "whoever has this machine can empty them all" in found["tried"]


def test_a_store_that_does_not_answer_proves_nothing(settings, tmp_path):
    (tmp_path / "s3").write_text("id secret")
    found = proved(settings, f"s3://bucket/x?endpoint=http://127.0.0.1:9&region=x&credentials={tmp_path}/s3")
    assert found["state"] == "not proved"
    assert "does not work" in found["tried"]


def test_without_a_bucket_it_says_what_it_could_not_try(settings):
    found = proved(settings, "/mnt/share")
    assert found["state"] == "not proved"
    assert "one changed byte and one lost piece were told" in found["tried"]
    assert "no bucket holds this practice's backups" in found["tried"]


def test_who_has_no_bucket_does_not_claim_it(settings):
    for places, left_out in (((), {26}), (("/mnt/share",), {26}), (("s3://bucket/x",), set())):
        settings.ALCOVE = replace(settings.ALCOVE, backup_places=places)
        assert spares.unclaimed(settings.ALCOVE) == left_out
