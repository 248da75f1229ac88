"""What pages of the calendar show and to whom; booking, moving and steps through them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.models import Block, Booking, CheckInCode
from alcove.clinic.calendar.queries import boards, grid
from alcove.clinic.calendar.queries.looks import Look
from alcove.clinic.calendar.tests.make import MONDAY, clinic
from alcove.clinic.clients.tests.need import later, limit
from alcove.clinic.practice.models import OpeningHours, StaffProfile
from alcove.security.access.models import Role
from alcove.security.access.writes import writing
from alcove.security.audit import clock
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Session
from alcove.security.vault.keyring import keyring

NAME = "Catherine Müller-Okafor"


@pytest.fixture
def here(practice):
    """A small clinic whose first column is the practitioner's own."""
    made = clinic(people=3, rooms=3)
    with writing("whose column"):
        StaffProfile.objects.filter(pk=made.people["P0"].pk).update(person=practice.person("practitioner"))
    return made


def day_url(on: date = MONDAY, **more: str) -> str:
    return "/calendar/?" + "&".join(
        f"{key}={value}" for key, value in {"day": on.isoformat(), **more}.items()
    )


def shown(browser, url, status=200):
    answer = browser.get(url, secure=True)
    assert answer.status_code == status, answer.content[-2000:]
    return answer.content.decode()


def untick(practice, role, *rights):
    row = Role.objects.get(pk=practice.roles[role].pk)
    with writing("rights"):
        Role.objects.filter(pk=row.pk).update(rights=[one for one in row.rights if one not in rights])


# Whose names are shown ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unticked", "own", "others"),
    [
        ((), NAME, NAME),
        (("calendar.names.see",), NAME, "CM"),
        (("clients.view",), "Busy", "Busy"),
        (("calendar.team.see",), NAME, None),
    ],
    ids=["full", "initials", "busy", "own column only"],
)
def test_a_block_says_what_the_viewers_rights_allow(practice, client_card, here, unticked, own, others):
    owner = practice.actor("owner")
    mine = here.book(owner, client_card.pk, here.wish("facial", "P0", 10))
    theirs = here.book(owner, client_card.pk, here.wish("laser", "P1", 12))
    untick(practice, "practitioner", *unticked)
    browser = practice.signed_in("practitioner")
    page = shown(browser, day_url())
    titles = re.findall(r"<b>([^<]*)</b><span>\d", page)
    assert titles == [own, others] if others else titles == [own]
    words = {NAME, "Catherine", "Okafor"}
    assert any(word in page for word in words) == (NAME in {own, others})
    busy = {"Busy"} & {own, others}
    assert ("laser" in page) == (others not in {None, "Busy"})
    for one, face in ((mine, own), (theirs, others)):
        status = 404 if face is None else 200
        found = shown(browser, reverse("calendar:booking", args=[one.pk]), status)
        assert (NAME in found) == (face == NAME)
        assert ("laser" in found) == (one is theirs and status == 200 and not busy)
        assert (one.pk.hex in page.replace("-", "")) == (face not in {None, "Busy"})


def test_a_restricted_client_looks_like_any_busy_time(practice, client_card, here):
    booked = here.book(practice.actor("owner"), client_card.pk, here.wish("laser", "P1", 12))
    before = shown(practice.signed_in("front_desk"), day_url())
    assert NAME in before
    limit(practice, client_card)
    for url in (day_url(), f"/calendar/week/?day={MONDAY}", "/reception/"):
        page = shown(practice.signed_in("front_desk"), url)
        assert "Catherine" not in page
        assert "laser" not in page
        assert str(booked.pk) not in page
    assert re.findall(r"<b>([^<]*)</b><span>\d", shown(practice.signed_in("front_desk"), day_url())) == [
        "Busy"
    ]
    browser = practice.signed_in("front_desk")
    for route in ("booking", "move"):
        shown(browser, reverse(f"calendar:{route}", args=[booked.pk]), 404)
    for route, more in (("shift", []), ("cancel", []), ("undo", []), ("code", []), ("step", ["arrive"])):
        url = reverse(f"calendar:{route}", args=[booked.pk, *more])
        assert browser.post(url, secure=True).status_code == 404
    assert Booking.objects.get().state == "booked"
    # Their own team still finds them by name.
    assert NAME in shown(practice.signed_in("prescriber"), day_url())


def test_one_entry_names_everyone_whose_name_was_shown(practice, client_card, here):
    other = practice.client("Nina", "Petrov")
    owner = practice.actor("owner")
    here.book(owner, client_card.pk, here.wish("facial", "P0", 10))
    here.book(owner, client_card.pk, here.wish("facial", "P0", 14))
    here.book(owner, other.pk, here.wish("facial", "P1", 10))
    browser, before = practice.signed_in("front_desk"), Entry.objects.count()
    shown(browser, day_url())
    made = list(Entry.objects.newest_first()[: Entry.objects.count() - before])
    assert [entry.event for entry in made] == ["clients.list.shown"]
    ids = bytes(made[0].clients)
    assert sorted((ids[:16], ids[16:])) == sorted((client_card.pk.bytes, other.pk.bytes))


def test_no_name_stands_in_a_title_or_an_address(practice, client_card, here):
    booked = here.book(practice.actor("owner"), client_card.pk, here.wish("facial", "P0", 10))
    browser = practice.signed_in("owner")
    for url in (
        day_url(), reverse("calendar:booking", args=[booked.pk]), reverse("calendar:move", args=[booked.pk]),
        reverse("client_calendar:book", args=[client_card.pk]),
    ):  # fmt: skip
        page = shown(browser, url)
        assert "Catherine" in page
        assert "Catherine" not in re.search(r"<title>(.*?)</title>", page)[1]
        assert not [one for one in re.findall(r'(?:href|action)="([^"]*)"', page) if "Cath" in one]


# The grid -----------------------------------------------------------------------------------------------------------


def test_a_day_costs_the_same_queries_however_full_it_is(
    practice, client_card, here, django_assert_max_num_queries
):
    browser, owner = practice.signed_in("front_desk"), practice.actor("owner")
    here.book(owner, client_card.pk, here.wish("toxin", "P0", 17))
    shown(browser, day_url())
    with django_assert_max_num_queries(22) as one:
        shown(browser, day_url())
    count = len(one)  # the next request begins a new log
    for hour in range(9, 17):
        for person in here.people:
            here.book(owner, practice.client(person, f"At {hour}").pk, here.wish("toxin", person, hour))
    shown(browser, day_url())  # by now the session's last use may be written anew
    with django_assert_max_num_queries(count):
        assert shown(browser, day_url()).count("<b>P1 At") == 8


@pytest.mark.parametrize(
    ("day", "hours", "odd"),
    [(date(2027, 3, 14), 23, "03:00"), (date(2027, 11, 7), 25, "01:00 PDT")],
    ids=["an hour is skipped", "an hour comes twice"],
)
def test_the_day_on_which_clocks_change_has_its_own_length(practice, client_card, here, day, hours, odd):
    with writing("a night clinic"):
        OpeningHours.objects.update(opens=0, closes=1440)
    owner = practice.actor("owner")
    here.book(owner, client_card.pk, here.wish("facial", "P0", 10, day=day), outside=True)
    here.book(owner, client_card.pk, here.wish("facial", "P1", 0, 30, day=day), outside=True)
    with keyring():
        board = boards.day(owner, Look(here.location, day))
    assert board.rows == hours * 12
    texts = [text for _, text in board.hours]
    assert odd in texts
    assert len(set(texts)) == len(texts) == hours
    row = {text: row for row, text in board.hours}["10:00"]
    visit = next(item for item in board.columns[0].items if item.kind == "visit")
    assert f" r{row} d9 " in visit.classes
    assert visit.line.startswith("10:00–10:45 · ")
    assert "10:00–10:45" in shown(practice.signed_in("owner"), day_url(day))


def test_an_appointment_over_midnight_stands_on_both_days(practice, client_card, here):
    owner = practice.actor("owner")
    here.book(owner, client_card.pk, here.wish("laser", "P0", 23, 30), outside=True)
    with keyring():
        first = boards.day(owner, Look(here.location, MONDAY))
        second = boards.day(owner, Look(here.location, MONDAY + timedelta(days=1)))
    one = next(item for item in first.columns[0].items if item.kind == "visit")
    two = next(item for item in second.columns[0].items if item.kind == "visit")
    assert f"r{first.rows - 5} d6 " in one.classes
    assert one.line.startswith("23:30–00:30 the next day · ")
    assert "r1 d6 " in two.classes
    assert two.line.startswith("23:30–00:30 since the day before · ")
    assert two.is_fixed


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([(1, 3), (4, 3)], [(0, 1), (0, 1)]),
        ([(1, 6), (4, 6)], [(0, 2), (1, 2)]),
        ([(1, 9), (2, 2), (5, 2)], [(0, 2), (1, 2), (1, 2)]),
        ([(1, 9)] * 5, [(0, 6), (1, 6), (2, 6), (3, 6), (4, 6)]),
        ([], []),
    ],
)  # fmt: skip
def test_what_overlaps_stands_side_by_side(places, expected):
    assert grid.lanes(places) == expected


@pytest.mark.parametrize(
    "query", ["day=nonsense", "day=0001-01-01", "location=x&person=y&by=z&state=gone", "day=9999-12-31", "person='"]
)  # fmt: skip
def test_an_odd_address_shows_today(practice, here, query):
    browser = practice.signed_in("front_desk")
    today = clock.now().astimezone(here.location.zone).date().isoformat()
    for page in ("", "week/", "month/"):
        assert f'name="day" value="{today}"' in shown(browser, f"/calendar/{page}?{query}"), page
    if query.startswith("day="):
        assert shown(browser, f"/calendar/version/?{query}") == shown(
            browser, f"/calendar/version/?day={today}"
        )


def test_the_version_changes_with_what_is_shown_and_does_not_keep_a_session_awake(
    practice, client_card, here
):
    browser, owner = practice.signed_in("front_desk"), practice.actor("owner")
    url = f"/calendar/version/?day={MONDAY}"
    empty = shown(browser, url)
    booked = here.book(owner, client_card.pk, here.wish("facial", "P0", 10))
    one = shown(browser, url)
    actions.move(
        owner, booked, starts_at=booked.starts_at, profiles={booked.appointments.get().pk: here.people["P2"]}
    )
    two = shown(browser, url)
    actions.confirm(owner, booked)
    assert len({empty, one, two, shown(browser, url)}) == 4
    session = Session.objects.get(person=practice.person("front_desk"))
    old = session.seen_at - timedelta(minutes=3)
    with writing("time passes"):
        Session.objects.filter(pk=session.pk).update(seen_at=old)
    assert browser.get(url, secure=True, headers={"X-Alcove-Quiet": "1"}).status_code == 200
    assert Session.objects.get(pk=session.pk).seen_at == old
    assert browser.get(url, secure=True).status_code == 200
    assert Session.objects.get(pk=session.pk).seen_at > old


# Booking ------------------------------------------------------------------------------------------------------------


def fill(here, **more):
    return {
        "service_0": here.services["facial"].pk.hex, "person_0": here.people["P0"].pk.hex, "day": MONDAY.isoformat(),
        "time": "10:00", **more,
    }  # fmt: skip


def send(browser, client, data):
    return browser.post(reverse("client_calendar:book", args=[client.pk]), data, secure=True)


def test_the_loser_of_a_slot_is_offered_the_next_three_and_loses_nothing_typed(practice, client_card, here):
    here.book(practice.actor("owner"), client_card.pk, here.wish("facial", "P0", 10))
    browser = practice.signed_in("front_desk")
    answer = send(browser, client_card, fill(here, note="Brings her mother"))
    page = answer.content.decode()
    assert answer.status_code == 422
    offers = re.findall(r'name="take" value="([^"]*)"', page)
    assert offers == [f"{MONDAY}T10:45", f"{MONDAY}T11:00", f"{MONDAY}T11:15"]
    assert "Brings her mother" in page
    assert "booked twice" not in page  # the front desk has no right to overrule
    row = re.search(r'name="row"[^>]*value="([^"]*)"', page)[1]
    answer = send(browser, client_card, fill(here, note="Brings her mother", row=row, take=offers[1]))
    assert answer.status_code == 302
    assert Booking.objects.latest("starts_at").starts_at == here.at(11)
    # The same form once more, as a second click sends it, books nothing more.
    again = send(browser, client_card, fill(here, person_0="any", row=row, time="15:00"))
    assert again.status_code == 302
    assert again["Location"] == answer["Location"]
    assert Booking.objects.count() == 2


def test_overruling_and_outside_hours_are_asked_for_and_need_the_right(practice, client_card, here):
    here.book(practice.actor("owner"), client_card.pk, here.wish("facial", "P0", 10))
    owner = practice.signed_in("owner")
    page = send(owner, client_card, fill(here)).content.decode()
    assert 'name="overrule"' in page
    assert send(owner, client_card, fill(here, overrule="short")).status_code == 422
    assert send(owner, client_card, fill(here, overrule="She faints if she waits")).status_code == 302
    assert (
        send(practice.signed_in("front_desk"), client_card, fill(here, overrule="I just want to")).status_code
        == 403
    )
    page = send(owner, client_card, fill(here, time="20:00")).content.decode()
    assert 'name="outside"' in page
    assert "not open then" in page
    assert send(owner, client_card, fill(here, time="20:00", outside="on")).status_code == 302
    untick(practice, "front_desk", "calendar.hours.overrule")
    desk = practice.signed_in("front_desk")
    assert 'name="outside"' not in send(desk, client_card, fill(here, time="21:00")).content.decode()
    assert send(desk, client_card, fill(here, time="21:00", outside="on")).status_code == 403
    assert Booking.objects.count() == 3


def test_several_services_stand_in_a_row_or_side_by_side_with_whoever_is_free(practice, client_card, here):
    browser = practice.signed_in("front_desk")
    more = {
        "service_1": here.services["toxin"].pk.hex, "person_1": here.people["P1"].pk.hex,
        "service_2": here.services["laser"].pk.hex, "person_2": "any", "beside_2": "on",
    }  # fmt: skip
    answer = send(browser, client_card, fill(here, **more))
    assert answer.status_code == 302, answer.content[-3000:]
    booked = Booking.objects.get()
    parts = list(booked.appointments.order_by("starts_at", "service__name"))
    assert [(one.service.name, one.starts_at) for one in parts] == [
        ("facial", here.at(10)), ("laser", here.at(10, 45)), ("toxin", here.at(10, 45)),
    ]  # fmt: skip
    assert len({parts[1].profile_id, parts[2].profile_id}) == 2


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"time": "25:00"}, "This is not a time"), ({"day": "2027-02-30"}, "This is not a date"),
        ({"service_0": "nothing"}, "Select a valid choice"), ({"day": "2027-03-14", "time": "02:30"}, "Clocks skip this time"),
        ({"count": "99"}, "less than or equal to 52"), ({"person_0": "x"}, "Select a valid choice"),
    ],
)  # fmt: skip
def test_bad_input_stands_beside_its_field_and_books_nothing(practice, client_card, here, bad, sentence):
    answer = send(practice.signed_in("owner"), client_card, fill(here, note="kept words", **bad))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "kept words" in answer.content.decode()
    assert not Booking.objects.exists()


def test_a_course_names_its_clash_first_and_books_the_other_five(practice, client_card, here):
    clash = MONDAY + timedelta(weeks=2)
    here.book(practice.actor("owner"), client_card.pk, here.wish("facial", "P0", 10, day=clash))
    browser = practice.signed_in("front_desk")
    course = fill(here, count="6", every="1", unit="weeks")
    answer = send(browser, client_card, course)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert Booking.objects.count() == 1
    ticks = re.findall(r'name="date" value="(\d)"( disabled)?', page)
    assert [number for number, off in ticks if off] == ["2"]
    assert "Mon 15 Mar 2027, 10:00 <b" in page
    row = re.search(r'name="row"[^>]*value="([^"]*)"', page)[1]
    agreed = {**course, "row": row, "agreed": "yes", "date": ["0", "1", "3", "4", "5"]}
    answer = send(browser, client_card, agreed)
    assert answer.status_code == 302, answer.content[-3000:]
    assert Booking.objects.exclude(series=None).count() == 5
    assert send(browser, client_card, agreed).status_code == 302
    assert Booking.objects.count() == 6


def test_whom_to_book_is_found_by_post_and_time_and_place_wait_in_the_address(practice, client_card, here):
    from alcove.clinic.clients.queries import directory

    directory.load_now()
    at = int(here.at(14).timestamp() // 60)
    browser, person = practice.signed_in("front_desk"), here.people["P1"].pk.hex
    answer = browser.post(f"/calendar/new/?at={at}&person={person}", {"q": "Okafor"}, secure=True)
    url = re.search(r'class="who" href="([^"]*)"', answer.content.decode())[1].replace("&amp;", "&")
    assert url == f"/clients/{client_card.pk}/book/?at={at}&person={person}"
    page = shown(browser, url)
    assert 'value="14:00"' in page
    assert f'<option value="{person}" selected>' in page


# Moving -------------------------------------------------------------------------------------------------------------


def drag(browser, booked, **data):
    return browser.post(reverse("calendar:shift", args=[booked.pk]), {"version": "1", **data}, secure=True)


def test_a_drag_moves_time_and_person_and_is_undone_for_thirty_seconds(
    practice, client_card, here, monkeypatch
):
    booked = here.book(practice.actor("owner"), client_card.pk, here.wish("facial", "P0", 10))
    part, browser = booked.appointments.get(), practice.signed_in("front_desk")
    to = {"appointment": part.pk.hex, "to": here.people["P2"].pk.hex}
    answer = drag(browser, booked, shift="75", **to)
    assert answer.json()["sentence"] == "Moved to Monday 1 Mar, 11:15."
    part.refresh_from_db()
    assert (part.starts_at, part.profile) == (here.at(11, 15), here.people["P2"])
    undo = answer.json()["undo"]
    with later(monkeypatch, seconds=31):
        assert browser.post(undo, secure=True).status_code == 409
    assert browser.post(undo, secure=True).status_code == 302
    part.refresh_from_db()
    assert (part.starts_at, part.profile) == (here.at(10), here.people["P0"])
    assert browser.post(undo, secure=True).status_code == 409


def test_a_drag_onto_something_taken_or_after_a_colleague_is_answered_plainly(practice, client_card, here):
    owner, browser = practice.actor("owner"), practice.signed_in("front_desk")
    here.book(owner, client_card.pk, here.wish("facial", "P0", 12))
    booked = here.book(owner, client_card.pk, here.wish("facial", "P0", 10))
    answer = drag(browser, booked, shift="120")
    assert answer.status_code == 422
    assert "no longer free" in answer.json()["sentence"]
    assert "12:45" in answer.json()["sentence"]
    assert answer.json()["form"] == f"/calendar/{booked.pk}/move/"
    assert drag(browser, booked, shift="600").status_code == 422
    assert drag(browser, booked, shift="many").status_code == 422
    assert drag(browser, booked, shift="30").status_code == 200
    late = drag(browser, booked, shift="30")
    assert late.status_code == 409
    assert "Someone else changed" in late.json()["sentence"]
    booked.refresh_from_db()
    assert booked.starts_at == here.at(10, 30)


def test_the_form_moves_without_dragging_and_says_when_somebody_was_quicker(practice, client_card, here):
    owner, browser = practice.actor("owner"), practice.signed_in("front_desk")
    booked = here.book(owner, client_card.pk, here.wish("facial", "P0", 10))
    url, part = reverse("calendar:move", args=[booked.pk]), booked.appointments.get()
    data = {
        "day": MONDAY.isoformat(), "time": "13:00", f"person_{part.pk.hex}": here.people["P1"].pk.hex, "version": "1",
        "room": here.rooms["R2"].pk.hex,
    }  # fmt: skip
    actions.move(owner, booked, starts_at=here.at(15))
    answer = browser.post(url, data, secure=True)
    assert answer.status_code == 409
    assert "Someone else changed" in answer.content.decode()
    version = re.search(r'name="version"[^>]*value="(\d+)"', answer.content.decode())[1]
    answer = browser.post(url, {**data, "version": version}, secure=True)
    assert answer.status_code == 302
    part.refresh_from_db()
    assert (part.starts_at, part.profile, part.room) == (here.at(13), here.people["P1"], here.rooms["R2"])
    assert "Undo" in shown(browser, answer["Location"])


def test_steps_cancelling_and_a_second_click(practice, client_card, here):
    booked = here.book(practice.actor("owner"), client_card.pk, here.wish("facial", "P0", 10))
    browser = practice.signed_in("front_desk")

    def press(step):
        return browser.post(reverse("calendar:step", args=[booked.pk, step]), secure=True).status_code

    assert [press(one) for one in ("confirm", "confirm", "arrive", "room", "done", "arrive", "back")] == [
        302, 302, 302, 302, 302, 409, 302,
    ]  # fmt: skip
    assert Booking.objects.get().state == "in_room"
    assert [press("back"), press("back"), press("no-show"), press("nonsense")] == [302, 302, 409, 404]
    cancel = reverse("calendar:cancel", args=[booked.pk])
    assert browser.post(cancel, {"by": "client"}, secure=True).status_code == 302
    assert browser.post(cancel, {"by": "client"}, secure=True).status_code == 302
    assert Booking.objects.get().cancelled_by == "client"
    assert "<b>Catherine" not in shown(browser, day_url())
    assert browser.post(reverse("calendar:undo", args=[booked.pk]), secure=True).status_code == 302
    assert Booking.objects.get().state == "confirmed"


def test_time_is_blocked_and_freed(practice, client_card, here):
    here.book(practice.actor("owner"), client_card.pk, here.wish("facial", "P0", 10))
    browser = practice.signed_in("front_desk")
    data = {
        "of": here.people["P0"].pk.hex,
        "title": "Team meeting",
        "day": MONDAY.isoformat(),
        "time": "10:15",
        "minutes": "30",
    }
    assert browser.post("/calendar/block/new/", data, secure=True).status_code == 422
    assert browser.post("/calendar/block/new/", data | {"time": "12:00"}, secure=True).status_code == 302
    assert "Team meeting" in shown(browser, day_url())
    found = Block.objects.get()
    assert browser.post(reverse("calendar:block_remove", args=[found.pk]), secure=True).status_code == 302
    assert not Block.objects.exists()


# The client's card, reception ---------------------------------------------------------------------------------------


def test_the_card_shows_appointments_and_no_shows(practice, client_card, here, monkeypatch):
    owner = practice.actor("owner")
    first = here.book(owner, client_card.pk, here.wish("facial", "P0", 10))
    here.book(owner, client_card.pk, here.wish("laser", "P1", 12, day=MONDAY + timedelta(days=7)))
    with later(monkeypatch, days=(MONDAY - date.today()).days + 2):
        actions.mark_no_show(owner, first)
    page = shown(practice.signed_in("front_desk"), f"/clients/{client_card.pk}/")
    assert "laser with P1" in page
    assert "<dt>Did not come</dt><dd>1</dd>" in page
    assert "facial with P0" in shown(
        practice.signed_in("front_desk"), f"/clients/{client_card.pk}/appointments/"
    )


def test_reception_says_who_is_late_who_waits_and_for_how_long(practice, client_card, here, monkeypatch):

    owner, nina = practice.actor("owner"), practice.client("Nina", "Petrov")
    leo, zara = practice.client("Leo", "Martin"), practice.client("Zara", "Malik")
    here.book(owner, client_card.pk, here.wish("facial", "P0", 10))
    waits = here.book(owner, nina.pk, here.wish("facial", "P1", 10))
    inside = here.book(owner, leo.pk, here.wish("laser", "P2", 10))
    here.book(owner, zara.pk, here.wish("facial", "P1", 15))
    monkeypatch.setattr(clock, "now", lambda: here.at(9, 55))
    actions.check_in(owner, waits)
    actions.give_room(owner, inside)
    monkeypatch.setattr(clock, "now", lambda: here.at(10, 12))
    page = shown(practice.signed_in("front_desk"), "/reception/")
    parts = {key: text for key, text in re.findall(r'id="g-(\w+)">(.*?)</section>', page, re.DOTALL)}
    assert 'Late <span data-minutes="12">12</span> min' in parts["late"]
    assert NAME in parts["late"]
    assert 'Waits <span data-minutes="17">17</span> min' in parts["waiting"]
    assert "Nina Petrov" in parts["waiting"]
    assert "Leo Martin" in parts["room"]
    assert "Zara Malik" in parts["expected"]
    assert CheckInCode.objects.count() == 0
