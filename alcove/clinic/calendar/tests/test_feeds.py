"""Calendars on phones: what another program reads, what it never gets, and when a link is gone (API-07)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import icalendar
import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.actions import feeds
from alcove.clinic.calendar.models import Booking, Feed
from alcove.clinic.calendar.queries import ical, visits
from alcove.clinic.calendar.tests.make import clinic
from alcove.clinic.clients import actions as clients
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.opening import open_client
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import tokens
from alcove.security.identity.models import Membership
from alcove.security.vault.keyring import keyring

DAY = timezone.localdate() + timedelta(days=7)


@pytest.fixture
def here(practice):
    """A clinic whose P0 is the practice's practitioner."""
    made = clinic()
    with writing("somebody of the practice does it"):
        made.people["P0"].person = practice.person("practitioner")
        made.people["P0"].save()
    return made


@pytest.fixture
def nurse(practice):
    return practice.actor("practitioner")


@pytest.fixture
def desk(practice):
    return practice.actor("front_desk")


def link(actor, shows="busy"):
    token, _ = feeds.make_feed(actor, shows)
    return f"/calendar/feed/{token}/calendar.ics"


def fetch(url, **headers):
    return Browser().get(url, headers=headers)


def events(url):
    answer = fetch(url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == ical.MEDIA_TYPE
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT")


def book(here, desk, client, hour=10, **more):
    return here.book(desk, client.pk, here.wish("facial", "P0", hour, day=more.pop("day", DAY)), **more)


# What it says -------------------------------------------------------------------------------------------------------


def test_a_phone_gets_busy_times_and_nothing_else(here, desk, nurse, client_card):
    url = link(nurse)
    book(here, desk, client_card, note="Call her husband")
    actions.block(desk, here.location, of=here.people["P0"], title="Talk about Catherine", starts_at=here.at(14, day=DAY), ends_at=here.at(15, day=DAY))  # fmt: skip
    visit, block = events(url)
    assert (visit["SUMMARY"], block["SUMMARY"]) == ("Busy", "Busy")
    assert visit.start == here.at(10, day=DAY)
    assert visit.end == here.at(10, 45, day=DAY)
    assert set(visit) == {
        "UID",
        "DTSTAMP",
        "LAST-MODIFIED",
        "SEQUENCE",
        "DTSTART",
        "DTEND",
        "SUMMARY",
        "STATUS",
    }
    said = fetch(url).content.decode()
    for word in ("facial", "Catherine", "Müller", "husband", "Talk", client_card.pk.hex, str(client_card.pk)):
        assert word.lower() not in said.lower()


def test_initials_are_shown_where_they_were_chosen_and_named_on_the_log(here, desk, nurse, client_card):
    url = link(nurse, "initials")
    book(here, desk, client_card)
    [visit] = events(url)
    assert visit["SUMMARY"] == client_card.initials
    assert "facial" not in fetch(url).content.decode()
    entry = Entry.objects.filter(event="calendar.feed.shown").latest("at_us")
    assert bytes(entry.clients) == client_card.pk.bytes
    assert entry.actor_id == nurse.id
    assert entry.origin_id is not None


def test_a_limited_client_is_busy_even_for_their_own_team(here, desk, nurse, client_card, practice):
    url = link(nurse, "initials")
    book(here, desk, client_card)
    assert events(url)[0]["SUMMARY"] == client_card.initials
    with keyring():
        open_client(nurse, client_card.pk)
        clients.limit_client(nurse, client_card)
    assert client_card.pk not in need.hidden_from(nurse)
    before = Entry.objects.filter(event="calendar.feed.shown").count()
    assert events(url)[0]["SUMMARY"] == "Busy"
    assert Entry.objects.filter(event="calendar.feed.shown").count() == before, (
        "nobody's keys are opened for it"
    )


def test_only_ones_own_column_and_only_so_far(here, desk, nurse, client_card):
    url = link(nurse)
    here.book(desk, client_card.pk, here.wish("facial", "P1", 10, day=DAY))
    today = timezone.localdate()
    kept = [today - timedelta(days=13), today + timedelta(days=88)]
    for day in (today - timedelta(days=16), *kept, today + timedelta(days=93)):
        book(here, desk, client_card, day=day)
    assert [one.start.astimezone(here.location.zone).date() for one in events(url)] == kept


def test_a_moved_visit_keeps_its_uid_and_a_cancelled_one_says_so(here, desk, nurse, client_card):
    url = link(nurse)
    booking = book(here, desk, client_card)
    said = [events(url)[0]]
    booking = actions.move(desk, booking, starts_at=here.at(14, day=DAY))
    said.append(events(url)[0])
    booking = actions.undo(desk, booking)
    said.append(events(url)[0])
    actions.cancel(desk, booking)
    said.append(events(url)[0])
    assert len({str(one["UID"]) for one in said}) == 1
    assert all(int(one["SEQUENCE"]) < int(other["SEQUENCE"]) for one, other in pairwise(said))
    assert [str(one["STATUS"]) for one in said] == ["CONFIRMED"] * 3 + ["CANCELLED"]
    assert said[1].start == here.at(14, day=DAY)


# When it is gone ----------------------------------------------------------------------------------------------------


def test_ended_altered_and_unknown_links_are_gone_on_the_same_page(here, nurse):
    url = link(nurse)
    token = url.split("/")[3]
    altered = url.replace(token, token[:-1] + ("A" if token[-1] != "A" else "B"))
    unknown = url.replace(token, tokens.new_token()[0])
    feeds.end_own_feed(nurse)
    answers = [fetch(one) for one in (url, altered, unknown)]
    assert [one.status_code for one in answers] == [410] * 3
    # The nonce and the page's code differ each time; all else is the same page, and says nothing of whose it was.
    pages = {len(one.content.replace(url.encode(), b"")) for one in answers}
    assert len(pages) == 1
    assert here.people["P0"].pk.hex.encode() not in answers[0].content.replace(b"-", b"")


def test_a_new_link_ends_the_old_one(here, nurse):
    old, new = link(nurse), link(nurse)
    assert fetch(old).status_code == 410
    assert fetch(new).status_code == 200
    assert Feed.objects.filter(ended_at=None).count() == 1
    profile = here.people["P0"]
    with writing("past the action"), pytest.raises(IntegrityError), transaction.atomic():
        Feed.objects.create(profile=profile, digest="x" * 64)


@pytest.mark.parametrize("how", ["suspended", "left", "no role"])
def test_whoever_left_leaves_no_link_behind(here, nurse, practice, how):
    url = link(nurse)
    person = practice.person("practitioner")
    with writing("a leaver"):
        if how == "suspended":
            person.suspended_at = timezone.now()
        elif how == "left":
            person.leaves_at = timezone.now() - timedelta(minutes=1)
        else:
            Membership.objects.filter(person=person).delete()
        person.save()
    assert fetch(url).status_code == 410


def test_guessing_is_slowed_down_and_a_right_link_is_not(here, nurse):
    url = link(nurse)
    codes = [
        fetch(f"/calendar/feed/{tokens.new_token()[0]}/calendar.ics").status_code
        for _ in range(policy.ATTEMPTS_IN_WINDOW + 2)
    ]
    assert codes == [410] * policy.ATTEMPTS_IN_WINDOW + [429] * 2
    assert fetch(url).status_code == 200


def test_the_link_is_kept_nowhere_and_changes_nothing(here, nurse):
    url = link(nurse)
    token = url.split("/")[3]
    assert token not in str(vars(Feed.objects.get()))
    for method in ("post", "put", "delete", "patch"):
        assert getattr(Browser(), method)(url).status_code == 405


# Polling ------------------------------------------------------------------------------------------------------------


def test_polling_is_cheap_and_says_when_something_changed(
    here, desk, nurse, client_card, django_assert_max_num_queries
):
    url = link(nurse, "initials")
    booking = book(here, desk, client_card)
    first = fetch(url)
    opened = Entry.objects.filter(event__in=["calendar.feed.shown", "calendar.feed.read"]).count()
    with django_assert_max_num_queries(12):
        again = fetch(url, if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert fetch(url, if_modified_since=first["Last-Modified"]).status_code == 304
    now = Entry.objects.filter(event__in=["calendar.feed.shown", "calendar.feed.read"]).count()
    assert now == opened, "nothing was disclosed, so nothing is on the log"
    actions.move(desk, booking, starts_at=here.at(14, day=DAY))
    changed = fetch(url, if_none_match=first["ETag"])
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_the_first_fetch_of_a_day_is_on_the_log_though_nothing_changed(here, nurse):
    url = link(nurse)
    tag = fetch(url)["ETag"]
    read = Entry.objects.filter(event="calendar.feed.read")
    assert read.count() == 1
    fetch(url)
    assert read.count() == 1
    with writing("yesterday"):
        Feed.objects.update(read_at=timezone.now() - timedelta(days=1))
    assert fetch(url, if_none_match=tag).status_code == 304
    assert read.count() == 2


# Who makes and ends it ----------------------------------------------------------------------------------------------


def test_one_makes_ones_own_and_managers_end_those_of_others(here, nurse, desk, practice):
    with pytest.raises(NotFound):
        feeds.make_feed(desk, "busy")
    url = link(nurse)
    made = Feed.objects.get()
    with pytest.raises(Refused):
        feeds.end_feed(desk, made)
    feeds.end_feed(practice.actor("manager"), made)
    assert fetch(url).status_code == 410
    with pytest.raises(Conflict):
        feeds.end_feed(practice.actor("manager"), made)
    with pytest.raises(Conflict):
        feeds.end_own_feed(nurse)
    events_on_log = list(
        Entry.objects.filter(event__startswith="calendar.feed").values_list("event", flat=True)
    )
    assert sorted(events_on_log) == ["calendar.feed.ended", "calendar.feed.made"]


def test_the_page_shows_the_link_once_and_ends_it(here, practice):
    browser = practice.signed_in("practitioner")
    assert "There is no link" in browser.get("/calendar/phone/").content.decode()
    answer = browser.post("/calendar/phone/new/", {"shows": "initials"})
    page = answer.content.decode()
    assert answer.status_code == 200
    url = page.partition("/calendar/feed/")[2].partition("/")[0]
    assert fetch(f"/calendar/feed/{url}/calendar.ics").status_code == 200
    shown = browser.get("/calendar/phone/").content.decode()
    assert url not in shown
    assert "Clients&#x27; initials" in shown
    wrong = browser.post("/calendar/phone/new/", {"shows": "names"})
    assert wrong.status_code == 422
    assert browser.post("/calendar/phone/end/").status_code == 302
    assert browser.post("/calendar/phone/end/").status_code == 302
    assert fetch(f"/calendar/feed/{url}/calendar.ics").status_code == 410


def test_managers_see_and_end_links_on_the_page(here, nurse, practice):
    url = link(nurse)
    browser = practice.signed_in("manager")
    assert "P0" in browser.get("/calendar/phone/").content.decode()
    made = Feed.objects.get()
    assert practice.signed_in("front_desk").post(f"/calendar/feeds/{made.pk}/end/").status_code == 403
    assert browser.post(f"/calendar/feeds/{made.pk}/end/").status_code == 302
    assert fetch(url).status_code == 410


# Read by an independent library ---------------------------------------------------------------------------------------


PACIFIC = ZoneInfo("America/Los_Angeles")


def parsed(**values):
    given = {"uid": "a@b", "starts_at": datetime(2027, 3, 14, 9, tzinfo=UTC), "summary": "Busy"} | values
    given.setdefault("ends_at", given["starts_at"] + timedelta(minutes=45))
    [found] = icalendar.Calendar.from_ical(ical.calendar("Juniper", [ical.Event(**given)])).walk("VEVENT")
    assert not found.errors
    return found


@pytest.mark.parametrize(
    ("starts_at", "minutes"),
    [
        (datetime(2027, 3, 14, 1, 30, tzinfo=PACIFIC), 45),  # ends after the hour that is left out
        (datetime(2027, 11, 7, 1, 30, tzinfo=PACIFIC), 45),  # the first of two half past one
        (datetime(2027, 11, 7, 1, 30, tzinfo=PACIFIC, fold=1), 45),
        (datetime(2027, 5, 1, 23, 30, tzinfo=PACIFIC), 90),  # over midnight
        (datetime(2027, 12, 31, 23, 50, tzinfo=PACIFIC), 30),
    ],
)
def test_moments_come_back_as_they_were(starts_at, minutes):
    ends_at = starts_at.astimezone(UTC) + timedelta(minutes=minutes)
    found = parsed(starts_at=starts_at, ends_at=ends_at)
    assert found.start.astimezone(UTC) == starts_at.astimezone(UTC)
    assert found.end - found.start == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "words",
    ['Praxis für Haut; Zoë, José\\Søren "quoted"', "長い名前の診療所" * 20, "A" * 75 + "é" * 75, "one\ntwo", "Zoë \U0001f9d6" * 40],
)  # fmt: skip
def test_long_and_strange_names_come_back_as_they_were(words):
    found = parsed(summary=words, place=words)
    assert str(found["SUMMARY"]) == words
    assert str(found["LOCATION"]) == words


def test_a_patients_entry_says_practice_time_and_place_only(here, desk, client_card):
    booking = book(here, desk, client_card)
    first = icalendar.Calendar.from_ical(visits.entry(booking)).walk("VEVENT")[0]
    moved = actions.move(desk, booking, starts_at=here.at(14, day=DAY))
    then = icalendar.Calendar.from_ical(visits.entry(moved)).walk("VEVENT")[0]
    assert first["UID"] == then["UID"]
    assert int(first["SEQUENCE"]) < int(then["SEQUENCE"])
    assert then.start == here.at(14, day=DAY)
    assert here.location.name in str(then["LOCATION"])
    words = visits.entry(moved).decode()
    assert "facial" not in words
    assert "P0" not in words
    assert client_card.family not in words
    actions.cancel(desk, moved)
    gone = icalendar.Calendar.from_ical(visits.entry(Booking.objects.get(pk=booking.pk))).walk("VEVENT")[0]
    assert (gone["UID"], str(gone["STATUS"])) == (first["UID"], "CANCELLED")
