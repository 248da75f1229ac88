"""Hostile and broken files are named and stop nothing."""

from __future__ import annotations

import gzip
import io
import json
import os
import tracemalloc
import zipfile

import pytest

from alcove.api.actions.runs import import_files
from alcove.api.fhir import bundles
from alcove.api.tests.make import OPERATOR, bundle, patient, save
from alcove.clinic.clients.models import Client


def read(*paths):
    return [(one.place, one.defect.rule if one.defect else None) for one in bundles.read(list(paths))]


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_every_kind_of_file_is_read_and_places_are_counted(practice, tmp_path):
    one, two = json.dumps(bundle(patient("a"))), json.dumps(bundle(patient("b")))
    files = [
        save(tmp_path, one, "a.json"),
        tmp_path / "b.ndjson.gz",
        zipped(
            tmp_path / "c.zip",
            [("x/1.json", one), ("2.ndjson", f"{one}\n\n{two}"), ("3.json.gz", gzip.compress(two.encode()))],
        ),
    ]
    files[1].write_bytes(gzip.compress(f"\ufeff{one}\nnot json\n{two}\n".encode()))
    found = list(bundles.read(files))
    assert [(p.place.file, p.place.member, p.place.line) for p in found] == [
        (1, None, None),
        (2, None, 1),
        (2, None, 2),
        (2, None, 3),
        (3, 1, None),
        (3, 2, 1),
        (3, 2, 3),
        (3, 3, None),
    ]
    assert [p.defect.rule for p in found if p.defect] == ["not_json"]
    report = import_files(OPERATOR, files)
    assert Client.objects.count() == 2
    assert report.kinds["Patient"] == {"read": 7, "created": 2, "unchanged": 5}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        '{"a":' * 50_000,
        "NaN",
        "1e999",
        '{"resourceType":"Bundle","entry":[',
        "\x00",
        "9" * 10_000,
    ],
    ids=["empty", "cut", "deep list", "deep object", "nan", "huge", "cut bundle", "nul", "long number"],
)
def test_what_is_no_json_is_named_and_the_rest_goes_on(practice, tmp_path, text):
    report = import_files(
        OPERATOR, [save(tmp_path, text, "bad.json"), save(tmp_path, bundle(patient()), "good.json")]
    )
    assert report.clients == 1
    assert [one.place.file for one in report.refused] == [1]


def test_bytes_that_are_no_text_are_named(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"\xff\xfe{}")
    assert [rule for _, rule in read(path)] == ["not_json"]


def test_bombs_are_stopped_before_they_fill_the_memory(tmp_path):
    zeros = io.BytesIO()
    with gzip.GzipFile(fileobj=zeros, mode="wb") as packed:
        for _ in range(140):
            packed.write(b" " * 2**20)
    (tmp_path / "bomb.json.gz").write_bytes(zeros.getvalue())
    zipped(tmp_path / "bomb.zip", [("a.json", b" " * (140 * 2**20))])
    zipped(tmp_path / "inner.zip", [("a.json.gz", zeros.getvalue())])
    tracemalloc.start()
    rules = [
        rule for _, rule in read(tmp_path / "bomb.json.gz", tmp_path / "bomb.zip", tmp_path / "inner.zip")
    ]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rules == ["unsafe_archive"] * 3
    assert peak < 100 * 2**20


def test_a_document_beyond_the_limit_is_refused_and_the_next_line_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "DOCUMENT_MAX", 1000)
    path = save(tmp_path, json.dumps({"a": "x" * 5000}) + "\n{}\n", "x.ndjson")
    assert [(place.line, rule) for place, rule in read(path)] == [(1, "too_large"), (2, None)]
    assert [rule for _, rule in read(save(tmp_path, '"' + "x" * 2000 + '"', "y.json"))] == ["too_large"]


@pytest.mark.parametrize(
    "name", ["../../etc/x.json", "/etc/x.json", "a/../../b.json", "C:/x.json", "..\\x.json"]
)
def test_names_that_leave_the_archive_are_refused(tmp_path, name):
    path = zipped(tmp_path / "x.zip", [(name, "{}"), ("fine.json", "{}")])
    assert [rule for _, rule in read(path)] == ["unsafe_archive", None]


def test_links_and_archives_inside_archives_are_refused(tmp_path):
    link = zipfile.ZipInfo("link.json")
    link.external_attr = 0o120777 << 16
    path = zipped(tmp_path / "x.zip", [(link, "/etc/passwd"), ("in.zip", "PK"), ("readme.txt", "x")])
    assert [rule for _, rule in read(path)] == ["unsafe_archive", "unsafe_archive", "unreadable_file"]


def test_damaged_and_strange_files_are_named(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 no")
    (tmp_path / "x.json.gz").write_bytes(b"\x1f\x8bno")
    (tmp_path / "cut.json.gz").write_bytes(gzip.compress(b'{"a": 1}')[:-6])
    os.mkfifo(tmp_path / "pipe.json")
    paths = [tmp_path / name for name in ("x.zip", "x.json.gz", "cut.json.gz", "pipe.json")] + [tmp_path]
    assert [rule for _, rule in read(*paths)] == ["unreadable_file"] * 5


def test_the_published_hostile_archives_stop_nothing(practice, shared, tmp_path):
    hostile = sorted((shared / "attacks/uploads").iterdir())
    report = import_files(OPERATOR, [*hostile, save(tmp_path, bundle(patient()))])
    assert report.clients == 1
    assert len({one.place.file for one in report.refused}) == len(hostile)
