"""What a probe tells is kept once, by the server's clock; anything else is refused and changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alcove.compliance.uptime import actions, forms, tasks
from alcove.compliance.uptime.models import Probe, Stretch
from alcove.compliance.uptime.tests.make import (
    EVERY,
    REPORT,
    added,
    aged,
    body,
    kept,
    now,
    place,
    send,
    stretch,
)
from alcove.security import policy_defaults as policy
from alcove.security.access.errors import NotFound
from alcove.security.access.writes import writing
from alcove.security.audit import clock
from alcove.security.audit.models import Entry
from bench import scratch

HOUR = 3_600_000


@pytest.fixture
def stranger(practice):
    return practice.stranger()


@pytest.fixture
def probe(practice):
    token, row = added(practice)
    row = aged(row)
    row.token = token
    return row


def near(found, wanted, off=5_000):
    return (
        all(abs(a - b) <= off for a, b in zip(found[:2], wanted[:2], strict=True)) and found[2:] == wanted[2:]
    )


# What is taken --------------------------------------------------------------------------------------------------------


def test_a_report_is_kept_as_it_was_told_and_is_on_no_log(stranger, probe):
    at = now()
    entries = Entry.objects.count()
    told = [
        stretch(at - HOUR, at - HOUR // 2), stretch(at - HOUR // 2 + EVERY, at - HOUR // 3, "timeout"),
        stretch(at - HOUR // 3 + EVERY, at),
    ]  # fmt: skip
    assert send(stranger, probe.token, body(*told, at=at)).status_code == 204
    wanted = [(one["from"], one["until"], one["tries"], one["what"]) for one in told]
    assert all(map(near, kept(probe), wanted))
    assert Stretch.objects.get(what="timeout").every_ms == EVERY
    assert Entry.objects.count() == entries


def test_the_same_again_changes_nothing_and_the_newest_stretch_only_grows(stranger, probe):
    at = now()
    first, second = (
        stretch(at - HOUR, at - HOUR // 2),
        stretch(at - HOUR // 2 + EVERY, at - 60_000, "refused"),
    )
    for _ in range(3):
        assert send(stranger, probe.token, body(first, second, at=at)).status_code == 204
    before = kept(probe)
    assert len(before) == 2
    grown = stretch(second["from"], at, "refused")
    send(stranger, probe.token, body(first, grown, at=at))
    after = kept(probe)
    assert after[0] == before[0]
    assert after[1][0] == before[1][0]
    assert after[1][1] > before[1][1]
    send(stranger, probe.token, body(first, second, at=at))
    send(stranger, probe.token, body({**grown, "what": "timeout", "tries": grown["tries"] + 9}, at=at))
    send(stranger, probe.token, body(stretch(first["from"], at - HOUR // 4), at=at))
    assert kept(probe) == after, "neither shrunk, nor of another kind, nor an older one longer"


def test_a_wrong_clock_is_put_right_and_nothing_lies_ahead_or_before_the_probe(stranger, probe):
    away = now() + 3 * 365 * 24 * HOUR
    send(stranger, probe.token, body(stretch(away - HOUR, away - 60_000), at=away))
    (found,) = kept(probe)
    assert near(found, (now() - HOUR, now() - 60_000, *found[2:]), 20_000)
    aged(probe, HOUR)
    with writing("begin anew"):
        Stretch.objects.all().delete()
    at = now()
    send(
        stranger,
        probe.token,
        body(stretch(at - 9 * HOUR, at - 8 * HOUR, "refused"), stretch(at - 4 * HOUR, at), at=at),
    )
    ((began, ended, _, what),) = kept(probe)
    assert what == "reached"
    assert abs(began - (at - HOUR)) < 20_000
    assert ended <= now()


def test_what_overlaps_is_cut_and_never_counted_twice(stranger, probe):
    at = now()
    send(stranger, probe.token, body(stretch(at - HOUR, at - HOUR // 2), at=at))
    send(stranger, probe.token, body(stretch(at - 50 * 60_000, at - 40 * 60_000, "refused"), at=at))
    send(stranger, probe.token, body(stretch(at - 40 * 60_000, at, "timeout"), at=at))
    found = kept(probe)
    assert [one[3] for one in found] == ["reached", "timeout"]
    assert found[0][1] < found[1][0]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_whatever_is_told_in_whatever_order_stays_apart_and_in_the_past(stranger, probe, data):
    with writing("begin anew"):
        Stretch.objects.filter(probe=probe).delete()
    for _ in range(data.draw(st.integers(1, 4))):
        at, told = now() - 40 * HOUR, []
        for _ in range(data.draw(st.integers(1, 4))):
            at += data.draw(st.integers(1, 3 * HOUR))
            length = data.draw(st.integers(0, 2 * HOUR))
            told.append(stretch(at, at + length, data.draw(st.sampled_from(Stretch.What.values))))
            at += length
        off = data.draw(st.integers(0, 3 * HOUR))
        assert send(stranger, probe.token, body(*told, at=at + off)).status_code == 204
    found = kept(probe)
    assert all(one[0] <= one[1] < after[0] for one, after in zip(found, found[1:], strict=False))
    assert found[-1][1] <= now()


# Who may tell ---------------------------------------------------------------------------------------------------------


def test_who_has_no_living_token_finds_nothing_there_as_at_any_other_address(practice, stranger, probe):
    good = body(stretch(now()))
    other, ended = added(practice, "Other"), added(practice, "Ended")
    actions.end_probe(practice.actor("owner"), ended[1])
    renewed, _ = actions.renew_token(practice.actor("owner"), other[1])
    missing = stranger.get("/nothing/here/", secure=True)
    for token in ("", "x" * 43, ended[0], other[0], probe.digest, "Ünknown"):
        answer = send(stranger, token, good)
        assert (answer.status_code, token, b"no such page" in answer.content.lower()) == (
            404, token, b"no such page" in missing.content.lower(),
        )  # fmt: skip
    assert send(stranger, ended[0], b"{").status_code == 404, "not even that it is no report"
    assert not Stretch.objects.exists()
    assert send(stranger, renewed, good).status_code == 204
    assert stranger.get(REPORT, secure=True).status_code == 405


def test_no_server_is_a_token_and_many_wrong_ones_are_stopped(stranger, practice, probe):
    tasks.note_server()
    assert send(stranger, "", body(stretch(now()))).status_code == 404
    answers = [send(stranger, f"wrong-{number}-{'x' * 30}", b"{}").status_code for number in range(12)]
    assert answers[-1] == 429
    assert send(stranger, probe.token, body(stretch(now()))).status_code == 204, (
        "who has a token is not held up"
    )


def test_a_browser_somebody_is_signed_in_with_needs_the_token_too(practice, probe):
    assert send(practice.signed_in("owner"), "", body(stretch(now()))).status_code == 404
    strict = Browser(enforce_csrf_checks=True, headers={"host": "localhost"})
    assert send(strict, probe.token, body(stretch(now()))).status_code == 204


@pytest.mark.parametrize("deed", [actions.end_probe, actions.renew_token])
def test_a_probe_that_ends_while_its_report_is_read_is_not_heard(practice, probe, deed):
    held = Probe.objects.get(pk=probe.pk)
    deed(practice.actor("owner"), probe)
    with pytest.raises(NotFound):
        actions.note(held, [actions.Told(1, 1, 1, "reached")], now=1, every=EVERY, received=clock.now())


# What is refused ------------------------------------------------------------------------------------------------------

GOOD = {"now": 10_000_000, "every": EVERY, "stretches": [stretch(9_000_000, 9_060_000)]}


def wrong(**more):
    return GOOD | more


BAD = [
    b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"now": NaN, "every": 1, "stretches": []}',
    {}, wrong(more=1), {"now": 1, "every": EVERY}, wrong(now="10000000"), wrong(now=1e7), wrong(now=True),
    wrong(now=-1), wrong(now=10**30), wrong(now=9_059_999), wrong(every=0), wrong(every=10**9), wrong(every=None),
    wrong(stretches=[]), wrong(stretches={}), wrong(stretches=[1]), wrong(stretches=[{}]), wrong(stretches=None),
    wrong(stretches=[{**GOOD["stretches"][0], "more": 1}]),
    *(wrong(stretches=[{**GOOD["stretches"][0], **change}]) for change in (
        {"what": "asleep"}, {"what": 1}, {"what": None}, {"what": []}, {"tries": 0}, {"tries": 2.0}, {"tries": True, "until": 9_000_000}, {"tries": 10**12},
        {"from": 9_060_001}, {"from": "now"}, {"until": 0}, {"tries": 1}, {"until": None},
    )),
    wrong(stretches=[stretch(9_000_000, 9_060_000), stretch(9_060_000)]),
    wrong(stretches=[stretch(9_000_000), stretch(8_000_000)]),
    wrong(stretches=[stretch(1 + number, what="refused") for number in range(2_001)]),
]  # fmt: skip


@pytest.mark.parametrize("sent", BAD, ids=range(len(BAD)))
def test_what_is_no_report_is_refused_with_a_sentence_and_nothing_is_kept(stranger, probe, sent):
    answer = send(stranger, probe.token, sent)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.content.decode().strip().endswith(".")
    assert not Stretch.objects.exists()


def test_as_much_as_a_report_may_hold_is_taken_and_more_is_too_large(stranger, probe):
    at = now()
    full = [stretch(at - (2_000 - number) * 60_000, what="refused") for number in range(2_000)]
    report = json.dumps(body(*full, at=at)).encode()
    assert len(report) < policy.REPORT_MAX_BYTES
    assert send(stranger, probe.token, report).status_code == 204
    assert len(kept(probe)) == 2_000
    answer = send(stranger, probe.token, report + b" " * policy.REPORT_MAX_BYTES)
    assert (answer.status_code, len(kept(probe))) == (413, 2_000)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_make_the_reader_fall_over(sent):
    with pytest.raises(forms.NoReport):
        forms.report(sent)


def test_the_database_itself_refuses_what_cannot_be(practice, probe):
    at = clock.now()
    good = {
        "probe": probe, "begun_ms": 1, "from_at": at, "until_at": at, "tries": 1, "every_ms": EVERY, "what": "reached"
    }  # fmt: skip
    Stretch.objects.create(**good)
    later = {"from_at": at + timedelta(hours=1), "until_at": at + timedelta(hours=2)}
    for change in (
        {"begun_ms": 1, **later}, {"begun_ms": 2}, {"begun_ms": 3, **later, "until_at": at},
        {"begun_ms": 4, **later, "tries": 0}, {"begun_ms": 5, **later, "what": "asleep"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Stretch.objects.create(**{**good, **change})
    with writing("faults"):
        for change in (
            {"kind": "place"},
            {"kind": "server"},
            {"digest": ""},
            {"location_id": place().pk},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                Probe.objects.filter(pk=probe.pk).update(**change)


# At once --------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_reports_of_one_probe_at_once_are_as_if_one_came_after_the_other(practice, probe):
    if connection.vendor == "sqlite":
        pytest.skip("threads cannot share SQLite's in-memory test database; the next test has one on disk")
    at, ready = now(), threading.Barrier(6)
    told = [stretch(at - (60 - number) * 60_000, what="refused") for number in range(30)]

    def tell(number):
        try:
            ready.wait(60)
            reports = (body(*told[: 5 * count + number], at=at) for count in range(1, 6))
            return {send(practice.stranger(), probe.token, report).status_code for report in reports}
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as crowd:
        assert list(crowd.map(tell, range(6))) == [{204}] * 6
    are_thirty_apart(kept(probe))


def are_thirty_apart(found):
    assert len(found) == 30
    assert all(one[1] < after[0] for one, after in zip(found, found[1:], strict=False))


def test_and_so_on_sqlite_as_it_is_shipped():
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ALCOVE_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "alcove.compliance.uptime.tests.crowd"],
        env=clean, cwd=scratch.ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    crowd = json.loads(done.stdout.splitlines()[-1])
    assert crowd["said"] == ["taken"] * 6
    are_thirty_apart(crowd["kept"])


# The server's own word ------------------------------------------------------------------------------------------------


def test_the_server_notes_that_it_runs_and_a_new_process_says_nothing_of_before(practice, monkeypatch):
    monkeypatch.setattr(tasks, "_last", None)
    clocks = {"wall": 1_000.0, "awake": 50.0}
    monkeypatch.setattr(tasks.time, "time", lambda: clocks["wall"])
    monkeypatch.setattr(tasks.time, "monotonic", lambda: clocks["awake"])

    def passes(wall, awake):
        clocks["wall"] += wall
        clocks["awake"] += awake
        tasks.note_server()
        server = Probe.objects.get(kind="server")
        return [one[2] for one in kept(server)]

    assert passes(0, 0) == [1]
    assert passes(60, 60) == [2]
    assert passes(1_800, 1_800) == [3], "a job that took half an hour"
    assert passes(1_800, 60) == [3, 1], "the machine slept"
    monkeypatch.setattr(tasks, "_last", None)
    assert passes(60, 60) == [3, 1, 1], "another process"
    assert Entry.objects.filter(event="uptime.server.began").count() == 1


def test_what_is_too_old_for_any_report_is_forgotten(probe, stranger):
    send(stranger, probe.token, body(stretch(now())))
    tasks.forget_old()
    assert Stretch.objects.count() == 1
    with writing("time passes"):
        long_ago = clock.now() - policy.UPTIME_KEPT - timedelta(days=1)
        Stretch.objects.update(from_at=long_ago, until_at=long_ago)
    tasks.forget_old()
    assert not Stretch.objects.exists()
