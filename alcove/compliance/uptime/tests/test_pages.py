"""The month against the goal, days told by letters, faults in sentences; probes by whoever may; and who gets in."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from alcove.clinic.practice.actions import Unchanged, Unfit
from alcove.compliance.baseline.models import Weakness
from alcove.compliance.baseline.queries import looks
from alcove.compliance.uptime import actions
from alcove.compliance.uptime.models import Probe, Stretch
from alcove.compliance.uptime.queries import months, probes, seen
from alcove.compliance.uptime.queries.months import Row, later
from alcove.compliance.uptime.tests.make import added, aged, place
from alcove.security import policy_defaults as policy
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.audit import clock
from alcove.security.audit.models import Entry
from alcove.security.identity import tokens

PAGE = "/compliance/uptime/"
PROBES = f"{PAGE}probes/"
MINUTE = timedelta(minutes=1)
SEES = {RoleKey.OWNER, RoleKey.OFFICER, RoleKey.MANAGER, RoleKey.IT_PROVIDER, RoleKey.AUDITOR}
KEEPS = {RoleKey.OWNER, RoleKey.IT_PROVIDER}


def last_month():
    return later(months.this_month(), -1)


def saw(probe, began, ended, what="reached", every=30_000):
    """Let a probe have seen this from its first to its last try."""
    Stretch.objects.create(
        probe=probe,
        begun_ms=seen.millis(began),
        from_at=began,
        until_at=ended,
        tries=2,
        every_ms=every,
        what=what,
    )


def reached_but(probe, *faults, began=None, ended=None):
    """Let a probe have reached the server for last month, but for ``(from, how long, what)``."""
    first, last = months.edges(last_month())
    at, last = began or first, ended or last
    every = timedelta(seconds=30)
    for failed, length, what in faults:
        saw(probe, at, failed - every)
        saw(probe, failed, failed + length - every, what)
        at = failed + length
    saw(probe, at, last)


@pytest.fixture
def three(practice):
    """Two locations and outside, for two months; last month's line of Oakland was cut for ten minutes."""
    named = [("Box", place("Oakland")), ("Desk", place("Berkeley")), ("IT", None)]
    made = {name: aged(added(practice, name, where)[1]) for name, where in named}
    server = actions.begin_server(practice.actor("owner"))
    cut = months.edges(last_month())[0] + timedelta(days=9, hours=13)
    with writing("what was seen"):
        reached_but(made["Box"], (cut, 10 * MINUTE, "timeout"))
        for one in (made["Desk"], made["IT"], server):
            reached_but(one)
    made["cut"] = cut
    return made


def report(practice, first=None, of=""):
    return months.month(practice.actor("auditor"), first or last_month(), of)


# The month ------------------------------------------------------------------------------------------------------------


def test_a_ten_minute_line_cut_counts_against_that_location_only(practice, three):
    rows = {row.title: row for row in report(practice).rows}
    assert list(rows) == ["Berkeley", "Oakland", "From outside", "The server"]
    assert (rows["Oakland"].line, rows["Oakland"].server, rows["Oakland"].state) == (600_000, 0, "missed")
    for title in ("Berkeley", "From outside", "The server"):
        assert (rows[title].percent, rows[title].state, rows[title].down) == ("100.000", "met", 0)
    (fault,) = report(practice).faults
    assert (fault.where, fault.kind, fault.length) == ("Oakland", "line", "10 min")
    assert fault.began == three["cut"]
    day = next(one for one in rows["Oakland"].days if one.on == timezone.localtime(three["cut"]).date())
    assert (day.state, day.sign) == ("line", "L")
    assert day.words.endswith("line fault, 10 min")
    assert {one.sign for one in rows["Berkeley"].days} == {"✓"}
    page = practice.signed_in("manager").get(f"{PAGE}?month={last_month():%Y-%m}").content.decode()
    assert "Oakland did not reach the server for 10 min" in page
    assert page.count("100.000 %") >= 3


def test_a_server_fault_stands_once_in_the_list_and_counts_for_everybody(practice):
    first = months.edges(last_month())[0]
    evening = first + timedelta(days=3, hours=20)
    with writing("what was seen"):
        for name, where in (("Box", place("Oakland")), ("IT", None)):
            probe = aged(added(practice, name, where)[1])
            reached_but(probe, (evening, 3 * MINUTE, "status"))
    found = report(practice)
    (fault,) = found.faults
    assert (fault.where, fault.kind) == ("The server", "server")
    assert fault.sentence.endswith("noticed from Oakland, outside.")
    assert {row.title: row.server for row in found.rows} == dict.fromkeys(
        ("Oakland", "From outside", "The server"), 180_000
    )


@given(st.integers(1, 10**10), st.data())
def test_a_share_is_never_rounded_up_to_the_goal(measured, data):
    beside = st.integers(-3, 3).map(lambda off: min(max(measured * 2 // 10_000 + off, 0), measured))
    down = data.draw(st.integers(0, measured) | beside)
    row = Row("x", "X", measured, down, 0, measured, "", [])
    exact = Decimal(measured - down) / measured * 100
    shown = Decimal(row.percent)
    assert shown <= exact < shown + Decimal("0.001")
    is_met = months._state(measured, down, measured, 2 * measured) == months.MET
    assert is_met == ((measured - down) * 10_000 >= 9_998 * measured)
    assert is_met or shown < Decimal("99.98")


def test_ninety_nine_point_nine_seven_nine_nine_is_shown_as_ninety_nine_point_nine_seven_nine():
    row = Row("x", "X", 10_000_000, 2_010, 0, 10_000_000, "", [])
    assert row.percent == "99.979"
    assert months._state(10_000_000, 2_010, 10_000_000, 10_000_000) == months.MISSED
    assert months._state(10_000_000, 2_000, 10_000_000, 10_000_000) == months.MET


def test_what_was_hardly_measured_is_not_called_met_but_can_be_missed(practice):
    first, ended = months.edges(last_month())
    probe = aged(added(practice, "Box", place())[1])
    with writing("what was seen"):
        saw(probe, first, first + timedelta(days=20))
        saw(probe, ended - timedelta(days=2), ended)
    row = report(practice).rows[0]
    assert (row.percent, row.state) == ("100.000", "little")
    assert row.unseen_words != "–"
    assert {one.sign for one in row.days} == {"✓", "–"}
    assert months._state(50, 5, 100, 100) == months.MISSED
    assert months._state(0, 0, 100, 100) == months.NOTHING


def test_a_probe_that_came_in_the_middle_of_a_month_is_judged_from_its_first_try(practice):
    _, ended = months.edges(last_month())
    probe = aged(added(practice, "Box", place())[1])
    with writing("what was seen"):
        saw(probe, ended - timedelta(days=3), ended)
    row = report(practice).rows[0]
    assert (row.state, row.unseen) == ("met", 0)
    assert [one.sign for one in row.days][-3:] == ["✓"] * 3
    assert report(practice, later(last_month(), -1)).rows == []


def test_a_running_month_ends_now_and_the_last_reports_may_be_on_their_way(practice):
    probe = aged(added(practice, "Box", place())[1])
    first, _ = months.edges(months.this_month())
    now = clock.now()
    with writing("what was seen"):
        saw(probe, first - timedelta(hours=1), max(now - 5 * MINUTE, first))
    row = report(practice, months.this_month()).rows[0]
    assert row.unseen == 0
    assert row.days[-1].sign in {"", "✓"}


@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        ("America/Los_Angeles", date(2026, 3, 1), 31 * 24 - 1),
        ("America/Los_Angeles", date(2026, 11, 1), 30 * 24 + 1),
        ("Australia/Lord_Howe", date(2026, 10, 1), 31 * 24 - 0.5),
        ("Asia/Tokyo", date(2026, 2, 1), 28 * 24),
    ],
)
def test_a_month_is_the_practices_with_the_hours_its_clocks_make(zone, first, hours):
    with timezone.override(zone):
        began, ended = months.edges(first)
        assert (ended.astimezone(UTC) - began.astimezone(UTC)) == timedelta(hours=hours)
        minutes = Decimal(str(hours)) * 60 * Decimal("0.0002")
        assert Decimal(months.allowed(first)) <= minutes < Decimal(months.allowed(first)) + Decimal("0.1")


def test_day_and_night_of_a_fault_are_the_practices(practice, three):
    with writing("a fault before midnight in California, the next day in UTC"):
        Stretch.objects.all().delete()
        evening = months.edges(last_month())[0] + timedelta(days=5, hours=23, minutes=30)
        reached_but(three["Box"], (evening, 20 * MINUTE, "name"))
    row = next(row for row in report(practice).rows if row.title == "Oakland")
    assert [one.on.day for one in row.days if one.state == "line"] == [6]


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "x", "9999-01", "0001-01", "2026-01-01", "٢٠٢٦-٠١"])
def test_a_month_that_is_none_is_this_one(practice, text):
    assert months.asked(text) == months.this_month()
    assert practice.signed_in("owner").get(PAGE, {"month": text, "of": text}).status_code == 200


@pytest.mark.parametrize(
    ("length", "words"),
    [(0, ""), (1, "1 s"), (45_000, "45 s"), (200_000, "3 min 20 s"), (600_000, "10 min"), (7_500_000, "2 h 5 min"),
     (100_800_000, "1 d 4 h")],
)  # fmt: skip
def test_lengths_in_words(length, words):
    assert months.long(length) == words


def test_the_chart_is_of_the_place_that_was_asked_for(practice, three):
    oakland = place("Oakland").pk.hex
    assert report(practice).of == "server"
    assert report(practice, of="nothing").of == "server"
    found = report(practice, of=oakland)
    assert (found.of, found.chart[-1][1]) == (oakland, 10)
    assert found.chart[-1][2].endswith(" %, 10 min")


def test_faults_go_into_a_file_that_no_spreadsheet_runs(practice, three):
    with writing("a name that would be a formula"):
        where = place("Oakland")
        where.name = "=1+1"
        where.save()
    answer = practice.signed_in("auditor").get(f"{PAGE}faults.csv?month={last_month():%Y-%m}")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="uptime-{last_month():%Y-%m}.csv"'
    head, line = csv.reader(io.StringIO(answer.content.decode()))
    assert head[:3] == ["From", "Until", "Seconds"]
    assert datetime.fromisoformat(line[0]) == three["cut"]
    assert line[2:5] == ["600", "'=1+1", "line"]
    assert line[5].startswith("'=1+1 did not")


def test_an_empty_page_says_how_to_begin_and_to_whom(practice):
    assert "Add a probe" in practice.signed_in("owner").get(PAGE).content.decode()
    page = practice.signed_in("auditor").get(PAGE).content.decode()
    assert "An owner or the IT provider can add them." in page
    assert f"{PROBES}new/" not in page


# Weaknesses -----------------------------------------------------------------------------------------------------------


def found(*kinds):
    return {(one.kind, one.subject) for one in looks.look(kinds).found}


def test_a_month_that_missed_its_goal_is_a_weakness_until_the_next_has_ended(practice, three, monkeypatch):
    oakland = place("Oakland").pk.hex
    assert found("uptime") == {("uptime", f"{last_month():%Y-%m} {oakland}")}
    ahead = months.edges(later(months.this_month()))[0] + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: ahead)
    assert found("uptime") == set()


def test_a_probe_silent_for_a_day_is_a_weakness_and_gone_when_it_is_ended(practice):
    _, probe = added(practice, "Box", place())
    assert found("probes") == set()
    aged(probe, (policy.PROBE_LOST + MINUTE).total_seconds() * 1000)
    assert found("probes") == {("probes", probe.pk.hex)}
    with writing("it tells"):
        saw(probe, clock.now() - policy.PROBE_LOST, clock.now() - 5 * MINUTE)
    assert found("probes") == set()
    with writing("it is silent"):
        Stretch.objects.all().delete()
    from alcove.compliance.baseline.actions import put_down
    from alcove.compliance.baseline.policy import Baseline
    from alcove.security.access.actors import Actor

    put_down(Actor.job("baseline", Baseline.RUN), looks.look(("probes",)))
    assert Weakness.objects.filter(kind="probes", closed_at=None).count() == 1
    actions.end_probe(practice.actor("it_provider"), probe)
    assert not Weakness.objects.filter(kind="probes", closed_at=None).exists()


# Probes ---------------------------------------------------------------------------------------------------------------


def test_a_probe_is_added_and_its_token_shown_once_with_the_command(practice):
    browser, where = practice.signed_in("it_provider"), place()
    for sent, words in (
        ({"name": "", "location": str(where.pk)}, "Write what tells it from the others."),
        ({"name": "Box", "location": ""}, "Choose where it looks from."),
        ({"name": "Box", "location": "nowhere"}, "Select a valid choice."),
        ({"name": "x" * 81, "location": "outside"}, "at most 80"),
    ):
        answer = browser.post(f"{PROBES}new/", sent)
        assert (answer.status_code, Probe.objects.count()) == (422, 0)
        assert words in answer.content.decode()
        assert f'value="{sent["name"]}"' in answer.content.decode() or not sent["name"]
    answer = browser.post(f"{PROBES}new/", {"name": " Box  one", "location": str(where.pk)})
    probe = Probe.objects.get()
    assert (probe.name, probe.location, probe.kind) == ("Box one", where, "place")
    page = answer.content.decode()
    assert "python3 alcove-probe.py --server https://" in page
    (token,) = {
        word for word in page.replace("<", ">").split(">") if tokens.digest(word.strip()) == probe.digest
    }
    assert token.strip() not in browser.get(PROBES).content.decode()
    assert token.strip() not in str(list(Entry.objects.values()))
    browser.post(f"{PROBES}new/", {"name": "Far away", "location": "outside"})
    assert Probe.objects.get(name="Far away").location is None
    assert browser.post(f"{PROBES}new/", {"name": "Box one", "location": "outside"}).status_code == 422


def test_renaming_renewing_and_ending_are_on_the_log_and_old_pages_are_told_so(practice):
    browser = practice.signed_in("owner")
    token, probe = added(practice)
    url = f"{PROBES}{probe.pk}/"
    assert browser.post(url, {"name": "Other", "version": 1}).status_code == 302
    assert browser.post(url, {"name": "Third", "version": 1}).status_code == 409
    assert browser.post(url, {"name": "", "version": 2}).status_code == 422
    assert browser.post(f"{url}token/", {"version": 1}).status_code == 409
    answer = browser.post(f"{url}token/", {"version": 2})
    assert answer.status_code == 200
    assert token not in answer.content.decode()
    assert Probe.objects.get().digest != probe.digest
    assert browser.post(f"{url}end/", {"version": 2}).status_code == 409
    assert browser.post(f"{url}end/", {"version": 3}).status_code == 302
    assert browser.get(url).status_code == 404
    assert browser.post(f"{url}end/", {"version": 4}).status_code == 404
    events = Entry.objects.filter(event__startswith="uptime.").values_list("event", flat=True)
    assert sorted(events) == [f"uptime.probe.{word}" for word in ("added", "ended", "renamed", "renewed")]
    with pytest.raises(Conflict):
        actions.rename_probe(practice.actor("owner"), Probe.objects.get(), name="Again")
    again = added(practice)[1]
    with pytest.raises(Unchanged):
        actions.rename_probe(practice.actor("owner"), again, name=again.name)


def test_there_are_so_many_probes_and_no_more(practice):
    rows = [added(practice, f"Box {number}")[1] for number in range(policy.PROBES_MOST)]
    with pytest.raises(Unfit):
        added(practice, "One more")
    actions.end_probe(practice.actor("owner"), rows[0])
    added(practice, "One more")


def test_a_silent_probe_is_marked_and_an_ended_one_is_not(practice):
    _, quiet = added(practice, "Quiet")
    _, alive = added(practice, "Alive")
    lines = {one.row.name: one for one in probes.lines(practice.actor("auditor"))}
    assert not any(one.is_silent for one in lines.values()), "just added"
    for one in (quiet, alive):
        aged(one)
    with writing("one tells"):
        saw(alive, clock.now() - 30 * MINUTE, clock.now() - 14 * MINUTE)
    assert [one.row.name for one in probes.silent(practice.actor("auditor"))] == ["Quiet"]
    browser = practice.signed_in("manager")
    assert "1 probe is silent" in browser.get(PAGE).content.decode()
    assert browser.get(PROBES).content.decode().count("Silent</") == 1
    actions.end_probe(practice.actor("owner"), quiet)
    assert probes.silent(practice.actor("auditor")) == []


def test_the_program_is_handed_out_as_it_is(practice):
    answer = practice.signed_in("auditor").get(f"{PAGE}probe.py")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="alcove-probe.py"'
    compile(answer.content, "alcove-probe.py", "exec")


# Who gets in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(RoleKey))
def test_who_sees_and_who_keeps(practice, role):
    _, probe = added(practice)
    browser, may_see, may_keep = practice.signed_in(role), role in SEES, role in KEEPS
    for path in ("", "faults.csv", "probe.py", "probes/"):
        assert browser.get(f"{PAGE}{path}").status_code == (200 if may_see else 403)
    for path in ("new/", f"{probe.pk}/"):
        assert browser.get(f"{PROBES}{path}").status_code == (200 if may_keep else 403)
    page = browser.get(PROBES).content.decode()
    assert (f'href="{PROBES}new/"' in page) == may_keep
    assert (f'href="{PAGE}"' in browser.get("/").content.decode()) == (
        may_see and role not in {RoleKey.OWNER, RoleKey.OFFICER, RoleKey.AUDITOR}
    )
    for path in ("new/", f"{probe.pk}/", f"{probe.pk}/token/", f"{probe.pk}/end/"):
        status = browser.post(f"{PROBES}{path}", {}).status_code
        assert status in {409, 422} if may_keep else status == 403
    actor = practice.actor(role)
    for deed in (lambda: added_by(actor), lambda: actions.end_probe(actor, probe)):
        if not may_keep:
            with pytest.raises(Refused):
                deed()
    if not may_see:
        with pytest.raises(Refused):
            months.month(actor, months.this_month())


def added_by(actor):
    return actions.add_probe(actor, name="Mine", location=None)


def test_strangers_are_sent_to_the_door(practice):
    for path in ("", "faults.csv", "probe.py", "probes/"):
        assert practice.stranger().get(f"{PAGE}{path}").status_code == 302
