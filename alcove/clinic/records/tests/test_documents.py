"""Documents: sealed, never shown by the server, and nothing active or disguised comes in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.uploadedfile import SimpleUploadedFile

from alcove.clinic.records.models import Document, media
from alcove.clinic.records.models.media import MediaRefused, media_type
from alcove.clinic.records.tests import make
from alcove.clinic.records.tests.test_notes import stored
from alcove.security import policy_defaults as policy
from alcove.security.audit.models import Entry

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)
DICOM = bytes(128) + b"DICM" + bytes(20)


def upload(browser, url, name, data, **fields):
    return browser.post(url, {"file": SimpleUploadedFile(name, data, content_type="text/html"), **fields})


def on_disk():
    return [path.read_bytes() for path in Path(settings.ALCOVE.files).rglob("*") if path.is_file()]


def test_a_document_is_sealed_on_disk_and_in_the_database_and_comes_back_whole(practice, nurse, chart, at):
    text = b"Dear colleague, Ms Okafor has a lidocaine allergy.\n" * 4000
    browser = practice.signed_in("practitioner")
    assert (
        upload(browser, at("documents"), "referral of Okafor.txt", text, title="Referral letter").status_code
        == 302
    )
    found = Document.objects.get()
    held = stored("records_document", found.pk) + b"".join(on_disk())
    for word in (b"Okafor", b"lidocaine", b"Referral", b"colleague"):
        assert word not in held
    assert "Okafor" not in found.object_name
    assert "Referral" in browser.get(at("documents")).content.decode()
    assert browser.get(at("document", document_id=found.id)).content == text


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.pdf", make.PDF, "application/pdf"), ("a.png", PNG, "image/png"), ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
        ("a.gif", b"GIF89a" + bytes(20), "image/gif"), ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        ("a.dcm", DICOM, "application/dicom"), ("a.txt", "Grüße, 5 < 6 & 7 > 2\r\n".encode(), "text/plain"), ("noname", b"plain", "text/plain"),
    ],
)  # fmt: skip
def test_allowed_kinds_leave_as_inert_downloads(practice, nurse, chart, at, name, data, kind):
    browser = practice.signed_in("practitioner")
    assert upload(browser, at("documents"), name, data).status_code == 302
    answer = browser.get(at("document", document_id=Document.objects.get().id))
    assert answer["Content-Type"] == kind
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    disposition = answer["Content-Disposition"]
    assert disposition.startswith('attachment; filename="document-')
    assert disposition.isascii()
    assert "noname" not in disposition
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.html", b"<html><script>alert(1)</script>"), ("a.txt", b"  <!DOCTYPE html><p>x"), ("a.txt", b"hello <SCRIPT>alert(1)</SCRIPT>"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), ("a.png", b"<svg onload=alert(1)>"), ("a.xml", b"<?xml version='1.0'?><a/>"),
        ("a.pdf", b"MZ" + bytes(100)), ("a.exe", b"MZ" + bytes(100)), ("a.pdf", b"\x7fELF" + bytes(100)), ("a.sh", b"#!/bin/sh\nrm -rf /\n"), ("a.zip", b"PK\x03\x04" + bytes(50)),
        ("a.docx", b"PK\x03\x04" + bytes(50)), ("a.doc", b"\xd0\xcf\x11\xe0" + bytes(50)), ("a.ps", b"%!PS-Adobe-3.0"), ("a.pdf", b"junk %PDF-1.4"), ("a.pdf", PNG),
        ("a.txt", make.PDF), ("a.html", b"just words"), ("a.exe", b"just words"), ("a.txt", b"\xff\xfe<\0s\0v\0g\0"), ("a.txt", b"nul\0inside"), ("a.txt", b"\xff\xfe\xfd"),
        ("a.dcm", b"MZ" + bytes(126) + b"DICM" + bytes(20)), ("a.txt", b"+ADw-script+AD4-\x1b"), ("a.txt", b""), ("a.rtf", b"{\\rtf1 x}"), ("a.php", b"<?php system('id');"),
    ],
)  # fmt: skip
def test_active_and_disguised_files_are_refused_with_a_sentence(practice, nurse, chart, at, name, data):
    before = on_disk()
    answer = upload(practice.signed_in("practitioner"), at("documents"), name, data, title="Kept title")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert any(words in text for words in ("is not taken", "ends otherwise", "is empty"))
    assert "Kept title" in text
    assert not Document.objects.exists()
    assert on_disk() == before
    assert Entry.objects.filter(event="records.document.added").count() == 0


def test_hostile_files_of_others_are_refused_or_leave_inert(practice, nurse, chart, at, shared):
    browser, outcome = practice.signed_in("practitioner"), {}
    with (shared / "attacks/uploads_manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        data = (shared / "attacks/uploads" / row["file"]).read_bytes()
        known = set(Document.objects.values_list("pk", flat=True))
        answer = upload(browser, at("documents"), row["file"], data)
        outcome[row["file"]] = answer.status_code
        if answer.status_code == 302:
            new = Document.objects.exclude(pk__in=known).get()
            got = browser.get(at("document", document_id=new.id))
            assert got["Content-Type"] in {"application/pdf", "image/jpeg", "image/png"}
            assert got["Content-Disposition"].startswith("attachment")
            assert "sandbox" in got["Content-Security-Policy"]
            assert got.content == data
        else:
            assert answer.status_code == 422
    assert len(rows) == 19
    refused = {name for name, status in outcome.items() if status == 422}
    assert {Path(name).suffix for name in refused} >= {".svg", ".xml", ".htm", ".zip"}
    assert {Path(name).suffix for name in outcome.keys() - refused} <= {".pdf", ".jpg", ".png"}


def test_a_hostile_file_name_stays_inside_the_seal(practice, nurse, chart, at, shared):
    import json

    names = json.loads((shared / "attacks/payloads/payloads.json").read_text("utf-8"))["filenames"]
    browser = practice.signed_in("practitioner")
    for name in names:
        for spelling in (name, f"{name}.txt"):
            try:
                answer = upload(browser, at("documents"), spelling, b"words")
            except SuspiciousFileOperation:
                continue  # Django's test client will not even send it
            assert answer.status_code in {302, 422}
    for document in Document.objects.all():
        got = browser.get(at("document", document_id=document.id))
        assert got["Content-Disposition"] == f'attachment; filename="document-{document.id.hex[-8:]}.txt"'
        assert document.object_name.replace("/", "").isalnum()
    assert Document.objects.count() > 20


def test_a_file_over_the_limit_gets_a_sentence_and_nothing_is_stored(practice, nurse, chart, at):
    before = on_disk()
    answer = upload(
        practice.signed_in("practitioner"),
        at("documents"),
        "big.pdf",
        make.PDF + bytes(policy.UPLOAD_MAX_BYTES),
        title="Kept title",
    )
    assert answer.status_code == 413
    assert "up to 25 MB" in answer.content.decode()
    assert "Kept title" in answer.content.decode()
    with pytest.raises(MediaRefused, match="25 MB"):
        media_type(make.PDF + bytes(policy.UPLOAD_MAX_BYTES))
    assert not Document.objects.exists()
    assert on_disk() == before


def test_reading_a_document_leaves_one_entry_that_names_it(practice, nurse, chart, at):
    document = make.document(nurse, chart)
    browser = practice.signed_in("prescriber")
    before = set(Entry.objects.values_list("pk", flat=True))
    browser.get(at("document", document_id=document.id))
    (entry,) = Entry.objects.exclude(pk__in=before)
    assert (entry.event, entry.object) == ("records.document.read", f"records.document {document.id.hex}")


def test_a_file_changed_or_swapped_on_disk_answers_nothing(practice, nurse, chart, at):
    one, other = (
        make.document(nurse, chart, data=make.PDF + b"one" * 50_000),
        make.document(nurse, chart, data=make.PDF + b"two"),
    )
    files = Path(settings.ALCOVE.files)
    first = (files / one.object_name).read_bytes()
    browser = practice.signed_in("practitioner")
    for wrong in (
        first[:-1],
        first[:9000] + b"x" + first[9001:],
        (files / other.object_name).read_bytes(),
        b"",
    ):
        (files / one.object_name).write_bytes(wrong)
        answer = browser.get(at("document", document_id=one.id))
        assert answer.status_code == 424
        assert b"%PDF" not in answer.content
    (files / one.object_name).write_bytes(first)
    assert browser.get(at("document", document_id=one.id)).status_code == 200


def test_a_document_whose_row_cannot_be_written_leaves_no_file(nurse, chart, monkeypatch):
    from alcove.security.access.change import Change

    before = on_disk()
    monkeypatch.setattr(Change, "create", lambda *args, **kwargs: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        make.document(nurse, chart)
    assert on_disk() == before


def test_a_struck_document_stays_and_can_still_be_read(practice, nurse, chart, at):
    document = make.document(nurse, chart)
    browser = practice.signed_in("practitioner")
    assert browser.post(at("document_strike", document_id=document.id)).status_code == 302
    assert browser.post(at("document_strike", document_id=document.id)).status_code == 409
    assert "Struck" in browser.get(at("documents")).content.decode()
    assert browser.get(at("document", document_id=document.id)).content == make.PDF


def test_a_stored_kind_that_is_not_ours_leaves_as_bytes(practice, nurse, chart, at):
    from alcove.security.access.writes import writing

    document = make.document(nurse, chart)
    with writing("test"):
        document.content = document.content | {"media_type": "text/html\r\nX-Evil: 1"}
        document.save(update_fields=["content"])
    answer = practice.signed_in("practitioner").get(at("document", document_id=document.id))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].endswith('.bin"')
    assert media.shown("text/html") == "File"
