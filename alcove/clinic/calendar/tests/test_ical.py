"""Calendars for other programs: what RFC 5545 asks of every line, whatever the words in it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcove.clinic.calendar.queries import ical

AT = datetime(2027, 3, 14, 9, 30, tzinfo=ZoneInfo("America/Los_Angeles"))


def event(**values):
    held = {
        "uid": "0189@clinic.example", "starts_at": AT, "ends_at": AT.replace(hour=10), "summary": "Juniper Skin",
        "place": "2100 Fillmore St, San Francisco", "changed_at": datetime(2027, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return ical.Event(**(held | values))


def read(sent: bytes) -> list[tuple[str, str]]:
    """Read a calendar as another program does: unfold, part names from values, take escapes back."""
    assert sent.endswith(b"\r\n")
    lines = sent.replace(b"\r\n ", b"").split(b"\r\n")[:-1]
    found = []
    for line in lines:
        name, colon, value = line.decode("utf-8").partition(":")
        assert colon, line
        out, signs = "", iter(value)
        for sign in signs:
            out += {"n": "\n", "N": "\n"}.get(follows := next(signs), follows) if sign == "\\" else sign
        found.append((name, out))
    return found


def test_a_calendar_says_when_where_and_that_it_is_utc():
    said = read(ical.calendar("Juniper Skin", [event()]))
    assert said == [
        ("BEGIN", "VCALENDAR"), ("VERSION", "2.0"), ("PRODID", "-//Alcove//Calendar//EN"),
        ("CALSCALE", "GREGORIAN"), ("METHOD", "PUBLISH"), ("X-WR-CALNAME", "Juniper Skin"), ("BEGIN", "VEVENT"),
        ("UID", "0189@clinic.example"), ("DTSTAMP", "20270101T000000Z"), ("LAST-MODIFIED", "20270101T000000Z"),
        ("SEQUENCE", "0"), ("DTSTART", "20270314T163000Z"), ("DTEND", "20270314T173000Z"),
        ("SUMMARY", "Juniper Skin"), ("LOCATION", "2100 Fillmore St, San Francisco"), ("STATUS", "CONFIRMED"),
        ("END", "VEVENT"), ("END", "VCALENDAR"),
    ]  # fmt: skip


def test_a_cancelled_entry_says_so_under_the_same_uid_with_a_higher_sequence():
    said = dict(read(ical.calendar("", [event(sequence=2, is_cancelled=True)]))[5:-2])
    assert (said["UID"], said["SEQUENCE"], said["STATUS"]) == ("0189@clinic.example", "2", "CANCELLED")


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        ical.calendar("", [event(starts_at=datetime(2027, 3, 14, 9, 30))])


@pytest.mark.parametrize(
    "words",
    [
        "one\r\nATTENDEE:mailto:evil@example.org\r\nEND:VEVENT", "semi;colon, comma\\n", "Zoë \U0001f9d6" * 40,
        "\u2028BEGIN:VALARM", "\x00\x0b\x0c\x1b\x85", "tab\there", "", "x" * 300, " leading", "\rBEGIN:VALARM",
    ],
)  # fmt: skip
def test_words_stay_inside_their_line(words):
    said = read(ical.calendar(words, [event(summary=words, place=words)]))
    assert [name for name, _ in said if name in {"BEGIN", "END", "ATTENDEE"}] == [
        "BEGIN",
        "BEGIN",
        "END",
        "END",
    ]


@given(st.text(max_size=200))
def test_no_line_is_longer_than_75_octets_and_no_sign_is_cut(words):
    sent = ical.calendar("", [event(summary=words)])
    for line in sent.split(b"\r\n"):
        assert len(line) <= 75
        line.decode("utf-8")
    kept = dict(read(sent)[6:-2])["SUMMARY"]
    assert [one for one in words if one.isalnum()] == [one for one in kept if one.isalnum()]


def test_what_was_typed_comes_back_as_it_was():
    words = "Straße; 1, \\ no\nnewline"
    assert dict(read(ical.calendar("", [event(summary=words)]))[6:-2])["SUMMARY"] == words
