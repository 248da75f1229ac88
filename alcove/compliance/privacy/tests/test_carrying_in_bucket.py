"""Final erasure where sealed files lie in a bucket that keeps versions, and where the bucket is away for a while."""

from __future__ import annotations

import pytest

from alcove.clinic.records.models import Document
from alcove.compliance.privacy.actions import carrying
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.tests import make
from alcove.compliance.privacy.tests.test_carrying import OLD
from alcove.config import bucket
from alcove.operations.backups.tests import s3
from alcove.security.vault.errors import StoreAway
from alcove.security.vault.tests.bucket import in_bucket, nowhere


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with s3.server(tmp_path_factory.mktemp("s3")) as held:
        yield held


def test_an_erased_clients_files_are_gone_in_every_version(practice, client_card, store):
    with in_bucket(store, is_locking=True) as shelf:
        make.cared_for(practice, client_card, years_ago=OLD)
        name, there = Document.objects.get(client=client_card).object_name, bucket(shelf.url)
        # An earlier version, and one more on top: the bucket keeps both.
        store.client.put_object(Bucket=there.bucket, Key=there.prefix + name, Body=shelf.held()[name][0])
        assert len(shelf.held()[name]) == 2
        assert make.erased(practice, client_card).state == Erasure.State.DONE
        assert shelf.held() == {}


def test_an_erasure_waits_for_a_store_that_is_away_and_then_goes_on(practice, client_card, store):
    with in_bucket(store) as shelf:
        make.cared_for(practice, client_card, years_ago=OLD)
        with in_bucket(store, nowhere(store)), pytest.raises(StoreAway):
            make.erased(practice, client_card)
        held = Erasure.objects.get(client=client_card)
        assert (held.state, len(held.files), len(shelf.held())) == (Erasure.State.ENDED, 1, 1)
        assert carrying.finish(held.id) == Erasure.State.DONE
        assert shelf.held() == {}
