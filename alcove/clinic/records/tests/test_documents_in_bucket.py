"""Documents whose files lie in a bucket: through our guarded page or not at all; a store at fault is a calm sentence."""

from __future__ import annotations

import pytest
from django.db import DatabaseError
from moto.s3.models import S3Backend

from alcove.clinic.records.models import Document
from alcove.clinic.records.tests import make
from alcove.clinic.records.tests.test_documents import PNG, upload
from alcove.operations.backups.tests import s3
from alcove.operations.backups.tests.make import flipped
from alcove.security.access.errors import Refused
from alcove.security.audit.models import Entry
from alcove.security.vault.errors import FileBroken, FileLost, StoreAway
from alcove.security.vault.tests.bucket import in_bucket, nowhere

SCAN = PNG + b"Zimquavor 1971-04-02" * 50


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with s3.server(tmp_path_factory.mktemp("s3")) as held:
        yield held


@pytest.fixture
def shelf(store):
    with in_bucket(store) as held:
        yield held


@pytest.fixture
def browser(practice):
    return practice.signed_in("practitioner")


@pytest.fixture
def kept(shelf, browser, nurse, chart, at):
    """A document that was uploaded into the bucket."""
    assert upload(browser, at("documents"), "scan.png", SCAN, title="Passport").status_code == 302
    return Document.objects.get()


def words(page):
    return page.content.decode()


def test_the_bucket_alone_yields_no_picture_and_the_page_gives_it_back_whole(kept, shelf, browser, at):
    assert list(shelf.held()) == [kept.object_name]
    everything = shelf.scan()
    for word in (
        PNG[:8],
        b"IHDR",
        b"Zimquavor",
        b"1971-04-02",
        b"Passport",
        b"scan.png",
        kept.id.hex.encode(),
    ):
        assert word not in everything
    answer = browser.get(at("document", document_id=kept.id))
    assert answer.content == SCAN
    assert answer["Cache-Control"] == "no-store"


def test_no_page_leads_to_the_bucket_and_an_old_link_opens_for_nobody(
    kept, shelf, browser, practice, client, at
):
    link = at("document", document_id=kept.id)
    answers = [browser.get(at("documents")), browser.get(link)]
    for answer in answers:
        told = (answer.content + repr(sorted(answer.headers.items())).encode()).replace(SCAN, b"")
        for word in (b"Signature", b"X-Amz", shelf.store.endpoint.encode(), kept.object_name.encode()):
            assert word not in told
    # The link that worked a moment ago: from nobody's browser, from somebody else's, and after the session's end.
    assert client.get(link).status_code == 302
    assert practice.signed_in("front_desk").get(link).status_code == 403
    browser.cookies.clear()
    gone = browser.get(link)
    assert gone.status_code == 302
    assert SCAN not in gone.content


def test_a_lost_or_changed_file_is_a_sentence_and_none_of_it_is_shown(kept, shelf, browser, at):
    link = at("document", document_id=kept.id)
    sealed = shelf.held()[kept.object_name][0]
    shelf.spoil(kept.object_name, flipped(sealed, 60))
    answer = browser.get(link)
    assert (answer.status_code, FileBroken.PAGE in words(answer)) == (424, True)
    assert answer["Content-Type"].startswith("text/html")
    shelf.lose(kept.object_name)
    answer = browser.get(link)
    assert (answer.status_code, FileLost.PAGE in words(answer)) == (424, True)
    assert browser.get(at("documents")).status_code == 200


def test_while_the_store_is_away_a_page_says_so_and_an_upload_saves_nothing(kept, store, browser, at):
    before = Entry.objects.filter(event="records.document.added").count()
    with in_bucket(store, nowhere(store)):
        answer = browser.get(at("document", document_id=kept.id))
        assert (answer.status_code, StoreAway.PAGE in words(answer)) == (503, True)
        answer = upload(browser, at("documents"), "b.png", SCAN, title="Kept title")
    assert answer.status_code == 503
    assert StoreAway.PAGE in words(answer)
    assert "Kept title" in words(answer)
    assert "nowhere" not in words(answer)
    assert Document.objects.get() == kept
    assert Entry.objects.filter(event="records.document.added").count() == before


def test_a_file_whose_row_could_not_be_written_does_not_stay(shelf, nurse, chart, monkeypatch):
    seen = []

    def fail(*_, **__):
        seen.extend(shelf.held())
        raise DatabaseError("full")

    monkeypatch.setattr("alcove.security.access.change.Change.create", fail)
    with pytest.raises(DatabaseError):
        make.document(nurse, chart)
    assert len(seen) == 1
    assert shelf.held() == {}
    assert not Document.objects.exists()


def test_who_may_not_add_puts_nothing_there(shelf, practice, chart, monkeypatch):
    puts = []
    monkeypatch.setattr(S3Backend, "put_object", lambda *_, **__: puts.append(1))
    with pytest.raises(Refused):
        make.document(practice.actor("front_desk"), chart)
    assert (puts, shelf.held()) == ([], {})
    assert Entry.objects.filter(event="access.attempt.refused").exists()
