"""Whose fault it was: the acceptance of WAT-02, what a line and a server leave behind, and a reckoning by seconds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alcove.compliance.uptime.queries.judging import LINE, SERVER, Seen, Vantage, judge, of_server
from alcove.compliance.uptime.queries.spans import Closed, minus, total, union, within
from alcove.compliance.uptime.tests.watching import EVERY, MINUTE, SECOND, during, looking, running, vantage

HOUR = 60 * MINUTE
END = 4 * HOUR
ALWAYS = during()
RAN = running((0, END))


def lengths(judged):
    """Return how long each place was down, by whose fault, in seconds."""
    found = {}
    for one in judged.faults:
        key = (one.place, one.kind)
        found[key] = found.get(key, 0) + (one.ended - one.began) // SECOND
    return found


# What the requirement says --------------------------------------------------------------------------------------------


def test_a_ten_minute_line_cut_counts_against_that_location_only():
    cut = during((HOUR, HOUR + 10 * MINUTE), what="timeout")
    seen = [
        vantage("sf", ALWAYS, until=END, phase=3 * SECOND),
        vantage("oakland", cut, until=END, phase=0),
        vantage("outside", ALWAYS, until=END, phase=11 * SECOND),
    ]
    judged = judge(seen, RAN)
    assert lengths(judged) == {("oakland", LINE): 600}
    measured, down = of_server(judged, RAN)
    assert (total(measured), down) == (END, [])
    assert [total(judged.measured[place]) >= END - 2 * EVERY for place in ("sf", "oakland", "outside")]


def test_a_server_outage_counts_for_everybody_and_a_line_cut_at_the_same_time_is_told_from_it():
    gone = (HOUR, HOUR + 3 * MINUTE)
    cut = during((HOUR - 20 * MINUTE, HOUR + 20 * MINUTE), what="timeout")
    seen = [
        vantage("sf", during(gone), until=END, phase=7 * SECOND),
        vantage("oakland", lambda at: during(gone)(at) if cut(at) == "reached" else "timeout", until=END),
    ]
    server = running((0, HOUR), (HOUR + 3 * MINUTE, END))
    found = lengths(judge(seen, server))
    assert found.pop(("sf", SERVER)) == 180
    assert 180 <= found[("oakland", SERVER)] <= 180 + 4 * 30
    assert sum(found.values()) == 40 * 60


def test_an_answer_that_it_does_not_work_is_the_servers_whatever_others_saw():
    seen = [
        vantage("sf", during((HOUR, HOUR + 3 * MINUTE), what="status"), until=END),
        vantage("outside", ALWAYS, until=END),
    ]
    assert lengths(judge(seen, RAN)) == {("sf", SERVER): 180}


def test_a_probe_alone_goes_by_what_the_server_says_of_itself():
    seen = [vantage("sf", during((HOUR, HOUR + 5 * MINUTE)), until=END)]
    assert lengths(judge(seen, RAN)) == {("sf", LINE): 300}
    rebooted = running((0, HOUR - 20 * SECOND), (HOUR + 5 * MINUTE, END))
    assert lengths(judge(seen, rebooted)) == {("sf", SERVER): 300}


def test_time_in_which_a_machine_was_off_is_neither_up_nor_down():
    seen = [vantage("sf", ALWAYS, until=END, off=[(HOUR, 2 * HOUR)]), vantage("outside", ALWAYS, until=END)]
    judged = judge(seen, RAN)
    assert judged.faults == []
    assert total(judged.measured["sf"]) == END - EVERY - HOUR - EVERY
    off_while_failing = vantage(
        "sf", during((HOUR, 2 * HOUR)), until=END, off=[(HOUR + 5 * MINUTE, 3 * HOUR)]
    )
    judged = judge([off_while_failing], RAN)
    assert lengths(judged) == {("sf", LINE): 5 * 60}, "until one rhythm after the last try"


def test_two_probes_of_one_place_stand_for_it_and_prove_nothing_against_its_line():
    cut = during((HOUR, HOUR + 10 * MINUTE))
    both = [vantage("sf", cut, until=END), vantage("sf", cut, until=END, phase=9 * SECOND)]
    assert lengths(judge(both, RAN)) == {("sf", LINE): 591}, "both failing is one line, not a server"
    one_well = [vantage("sf", cut, until=END), vantage("sf", ALWAYS, until=END, phase=9 * SECOND)]
    assert judge(one_well, RAN).faults == []


def test_the_server_says_itself_when_it_did_not_run_and_nobody_looked():
    server = running((0, HOUR), (2 * HOUR, 3 * HOUR), (3 * HOUR + MINUTE, END))
    measured, down = of_server(judge([], server), server)
    assert (measured, down) == ([(0, END)], [(HOUR, 2 * HOUR)]), "a worker that begins anew is no outage"
    seen = [vantage("outside", ALWAYS, until=END)]
    assert of_server(judge(seen, server), server)[1] == [], "it was reached all the time"


def test_nothing_seen_is_nothing_said():
    assert (judge([], []).faults, of_server(judge([], []), [])) == ([], ([], []))
    assert judge([Vantage("sf", [])], []).measured == {"sf": []}


# No slivers -----------------------------------------------------------------------------------------------------------

phases = st.integers(0, EVERY - 1)


def slow(gone, waits):
    """Return a world in which a try begun up to ten seconds before an outage may be caught by it, and times out."""
    began, ended = gone

    def world(at):
        if began - 10 * SECOND <= at < began and waits(at):
            return "timeout"
        return "refused" if began <= at < ended else "reached"

    return world


@settings(max_examples=150)
@given(st.data())
def test_an_outage_that_everybody_saw_leaves_no_sliver_of_a_line_fault(data):
    began = data.draw(st.integers(HOUR, 2 * HOUR))
    gone = (began, began + data.draw(st.integers(EVERY, HOUR)))
    waits = data.draw(st.sampled_from([lambda _: True, lambda _: False, lambda at: at % 2 == 0]))
    seen = [
        vantage(place, slow(gone, waits), until=END, phase=data.draw(phases))
        for place in data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
    ]
    server = running((0, gone[0]), (gone[1], END))
    judged = judge(seen, server)
    assert {one.kind for one in judged.faults} == {SERVER}
    places = {one.place for one in seen}
    assert len(judged.faults) == len(places), "one fault each, in one piece"


@settings(max_examples=150)
@given(st.data())
def test_a_cut_line_leaves_no_sliver_of_a_server_fault_and_nothing_elsewhere(data):
    began = data.draw(st.integers(HOUR, 2 * HOUR))
    cut = (began, began + data.draw(st.integers(EVERY, HOUR)))
    seen = [vantage("cut", slow(cut, lambda _: True), until=END, phase=data.draw(phases))]
    seen += [
        vantage(place, ALWAYS, until=END, phase=data.draw(phases))
        for place in data.draw(st.lists(st.sampled_from("bc"), max_size=3))
    ]
    judged = judge(seen, RAN)
    assert [(one.place, one.kind) for one in judged.faults] == [("cut", LINE)]
    assert of_server(judged, RAN)[1] == []


# Second by second -----------------------------------------------------------------------------------------------------

WHATS = ("reached", "reached", "refused", "timeout", "status", "tls", "name")


@st.composite
def histories(draw):
    """Draw stretches in whole seconds: joined, apart, single tries, alike twice in a row."""
    at, found = draw(st.integers(0, 200)), []
    for _ in range(draw(st.integers(0, 6))):
        every = draw(st.sampled_from([15, 30, 60]))
        length = draw(st.sampled_from([0, every, 3 * every, draw(st.integers(0, 200))]))
        found.append(Seen(at * SECOND, (at + length) * SECOND, every * SECOND, draw(st.sampled_from(WHATS))))
        at += length + draw(st.one_of(st.integers(1, 2 * every), st.integers(1, 5 * every)))
    return found


def joins(seen, number):
    """Whether the next try came in time."""
    here = seen[number]
    return number + 1 < len(seen) and seen[number + 1].began - here.ended <= 2 * here.every


def state_at(seen, moment):
    """Return the stretch that a vantage is in the sign of, and whether it is up; None where it was not measured."""
    for number in reversed(range(len(seen))):
        here = seen[number]
        if here.began <= moment:
            up = here.what == "reached"
            if moment <= here.ended or joins(seen, number) or (not up and moment < here.ended + here.every):
                return here, up
            return None
    return None


def has_proved(seen, moment):
    return any(one.what == "reached" and one.began + 15_000 <= moment <= one.ended - 15_000 for one in seen)


def has_failed_around(seen, moment):
    for number, one in enumerate(seen):
        if one.what == "reached":
            continue
        first, last = one.began - 2 * one.every, one.ended + 2 * one.every
        if number and joins(seen, number - 1):
            first = seen[number - 1].ended - 15_000
        if joins(seen, number):
            last = seen[number + 1].began + 15_000
        if first <= moment <= last:
            return True
    return False


def was_silent(server, moment):
    return any(
        a.ended - 15_000 <= moment <= b.began + 15_000 for a, b in zip(server, server[1:], strict=False)
    )


def by_the_second(vantages, server, place, second):
    """Return ``(was it measured, whose fault)`` of one second, from nothing but what stands in the rules."""
    moment = second * SECOND + SECOND // 2
    mine = [found for one in vantages if one.place == place and (found := state_at(one.seen, moment))]
    if not mine or any(up for _, up in mine):
        return bool(mine), ""
    if any(here.what == "status" for here, _ in mine):
        return True, SERVER
    tried = max(min(moment, here.ended) for here, _ in mine)
    others = [one.seen for one in vantages if one.place != place]
    if any(has_proved(seen, tried) for seen in others):
        return True, LINE
    around = any(has_failed_around(seen, tried) for seen in others)
    return True, SERVER if around or was_silent(server, tried) else LINE


@settings(max_examples=120)
@given(
    st.lists(st.builds(Vantage, st.sampled_from("ab") | st.just("c"), histories()), min_size=1, max_size=5),
    histories(),
)
def test_the_reckoning_is_that_of_second_by_second(vantages, drawn):
    server = [Seen(one.began, one.ended, one.every, "reached") for one in drawn]
    judged = judge(vantages, server)
    last = max((one.ended for v in vantages for one in v.seen), default=0) // SECOND + 130
    for place in {one.place for one in vantages}:
        faults = [one for one in judged.faults if one.place == place]
        for second in range(last):
            at = second * SECOND + SECOND // 2
            measured = any(began <= at < ended for began, ended in judged.measured[place])
            kinds = [one.kind for one in faults if one.began <= at < one.ended]
            assert len(kinds) <= 1
            found = (measured, kinds[0] if kinds else "")
            assert found == by_the_second(vantages, server, place, second), (place, second)


# Spans ----------------------------------------------------------------------------------------------------------------

drawn_spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def seconds(spans):
    return {at for began, ended in spans for at in range(began, ended)}


@given(drawn_spans, drawn_spans, st.integers(0, 60), st.integers(0, 60))
def test_spans_are_sets_of_moments(some, others, low, high):
    mine, taken = union(some), union(others)
    assert seconds(mine) == seconds(some)
    assert all(a[1] < b[0] for a, b in zip(mine, mine[1:], strict=False))
    assert seconds(minus(mine, taken)) == seconds(some) - seconds(others)
    assert seconds(within(mine, low, high)) == seconds(some) & set(range(low, high))
    assert total(mine) == len(seconds(some))


@given(drawn_spans, st.integers(0, 61))
def test_closed_spans_hold_both_their_ends(some, moment):
    assert Closed(some).holds(moment) == any(began <= moment <= ended for began, ended in some)


def test_what_a_watching_probe_tells_is_what_it_saw():
    assert looking(during((60_000, 120_000)), until=180_000) == [
        Seen(0, 30_000, EVERY, "reached"), Seen(60_000, 90_000, EVERY, "refused"),
        Seen(120_000, 150_000, EVERY, "reached"),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [3000])
def test_a_line_that_comes_and_goes_for_days_is_judged_at_once(count):
    flapping = [(at * MINUTE, "reached" if at % 2 else "refused") for at in range(2 * count)]
    seen = [Vantage(place, [Seen(at, at, EVERY, what) for at, what in flapping]) for place in "ab"]
    assert len(judge(seen, running((0, 2 * count * MINUTE))).faults) == 2 * count
