"""The booking pages attacked: enumeration, guessing, exhaustion, replay, framing, forged requests, strange words."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.calendar import actions as calendar
from alcove.clinic.calendar.actions import online as actions
from alcove.clinic.calendar.models import Booking, Occupancy, OnlineForm
from alcove.clinic.calendar.policy import Online
from alcove.clinic.calendar.queries import online
from alcove.clinic.clients.models import Client
from alcove.clinic.messaging.models import Outgoing
from alcove.portal.tests.booking import EMAIL, WHO, Visitor, ahead, code_sent, online_clinic, said
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.checks import routes
from alcove.security.access.writes import writing
from alcove.security.audit import clock
from alcove.security.identity.models import Notice
from alcove.security.vault.keyring import keyring

VARYING = re.compile(
    rb"\b[0-9a-f]{10}\b|\b[A-Za-z0-9]{64}\b|data-countdown=\"\d+\"|\d+ min \d+ s|datetime=\"[^\"]+\""
)


@pytest.fixture
def here(practice):
    return online_clinic()


@pytest.fixture
def visitor(practice, here):
    return Visitor(here, practice.stranger())


def another(practice, here, address="198.51.100.9"):
    return Visitor(here, practice.stranger(), address)


def token_of(practice, booking, kind="booked"):
    with keyring():
        opening.open_client(practice.actor("front_desk"), booking.client_id)
        return Outgoing.objects.get(about=booking.pk, kind=kind).content["facts"]["token"]


# Enumeration --------------------------------------------------------------------------------------------------------


def test_no_answer_tells_whether_the_practice_knows_somebody(practice, here):
    practice.client("Wilhelmina", "Ó Tuama-Nguyễn", born="1988-02-29", emails=[EMAIL])
    answers = []
    for contact, address in ((EMAIL, "203.0.113.7"), ("wilhelmine@patients.example", "203.0.113.8")):
        someone = another(practice, here, address)
        someone.hold(hour=10 if contact == EMAIL else 14)
        said = [someone.ask_code(contact), someone.get(reverse("book:code"))]
        said += [someone.confirm("000000"), someone.confirm()]
        said += [someone.get(reverse("book:details")), someone.say(given=""), someone.say()]
        page = [
            (one.status_code, one.headers.get("Location"),
             re.sub(rb"10:00|2:00", b"", VARYING.sub(b"", one.content)).replace(b"PM", b"AM").replace(b"w\xe2\x80\xa2", b""))
            for one in said
        ]  # fmt: skip
        answers.append(page)
    for known, unknown in zip(*answers, strict=True):
        assert known == unknown
    assert Client.objects.count() == 2


def test_a_contact_alone_or_a_name_alone_opens_no_card(practice, here, visitor):
    known = practice.client("Wilhelmina", "Ó Tuama-Nguyễn", born="1988-02-29", emails=[EMAIL])
    booking = visitor.book(contact="mallory@patients.example")
    assert booking.client_id != known.pk
    other = another(practice, here)
    booking = other.book(hour=14, born="1988-02-28")
    assert booking.client_id != known.pk


def test_ids_in_urls_are_the_practices_own_and_made_up_ones_are_missing(visitor):
    for url in (
        "/book/?at=1", "/book/?at=../../etc", "/book/?at=00000000-0000-0000-0000-000000000000", "/book/?at=%00",
        f"/book/?at={visitor.here.location.pk}&service=x", f"/book/time/?at={visitor.here.location.pk}",
        "/book/time/?start=20270301T1000Z", "/book/team/00000000-0000-0000-0000-000000000000.jpg",
    ):  # fmt: skip
        assert visitor.get(url).status_code == 404, url
    good = visitor.time_url()
    for start in ("", "now", "20270230T1000Z", "99999999T9999Z", "2027-03-01T10:00", "0001", "\x00"):
        assert visitor.get(re.sub(r"start=.*", "start=", good) + start).status_code == 404, start


# Guessing -----------------------------------------------------------------------------------------------------------


def test_a_code_is_tried_five_times_and_not_once_more(visitor):
    visitor.hold()
    visitor.ask_code()
    right = code_sent()
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(policy.BOOKING_CODE_TRIES):
        assert visitor.confirm(wrong).status_code == 422
    assert visitor.confirm(right).status_code == 422
    assert OnlineForm.objects.get().confirmed_at is None


def test_a_code_is_old_after_its_time_and_another_one_kills_it(visitor):
    visitor.hold()
    visitor.ask_code()
    first = code_sent()
    visitor.ask_code()
    if first != code_sent():
        assert visitor.confirm(first).status_code == 422
    with writing("time goes by"):
        OnlineForm.objects.update(
            code_sent_at=timezone.now() - policy.BOOKING_CODE_LIFE - timedelta(seconds=1)
        )
    assert visitor.confirm().status_code == 422


def test_a_code_is_of_one_form_and_one_use(practice, here, visitor):
    other = another(practice, here)
    other.hold(hour=14)
    other.ask_code("other@patients.example")
    visitor.hold()
    visitor.ask_code()
    code = code_sent()
    if other.confirm(code).status_code != 422:
        pytest.fail("somebody else's code was taken")
    assert visitor.confirm(code).status_code == 302
    form = OnlineForm.objects.exclude(confirmed_at=None).get()
    assert form.code_digest == ""
    assert code not in str(vars(form))


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "\x00" * 6, "1" * 500, "1e5000"]
)
def test_what_is_no_code_is_refused(visitor, typed):
    visitor.hold()
    visitor.ask_code()
    assert visitor.post(reverse("book:code"), {"code": typed}).status_code == 422


def test_codes_are_sent_three_times_for_a_form_and_five_an_hour_to_a_contact(practice, here, visitor):
    visitor.hold()
    for _ in range(policy.BOOKING_CODES_PER_FORM):
        assert visitor.ask_code().status_code == 302
    assert visitor.ask_code().status_code == 429
    other = another(practice, here)
    other.hold(hour=14)
    assert other.ask_code(f"  {EMAIL.upper()} ").status_code == 302
    assert other.ask_code().status_code == 302
    assert other.ask_code().status_code == 429
    assert Notice.objects.filter(kind="booking_code").count() == policy.BOOKING_CODES_PER_HOUR


def test_sms_goes_to_numbers_of_the_country_only(visitor, settings):
    settings.ALCOVE = replace(settings.ALCOVE, sms_url="log:")
    visitor.hold()
    for number in ("+44 7700 900123", "+1 876 555 0123", "+1 415 555 0123 ext 5", "+882 16 12345"):
        assert visitor.ask_code(number).status_code == 422, number
    assert not Notice.objects.exists()


# Exhaustion ---------------------------------------------------------------------------------------------------------


def test_one_network_holds_few_times_at_once(practice, here):
    held = 0
    for hour in range(9, 17):
        held += another(practice, here).hold(hour=hour, person="P0").status_code == 302
    assert held == policy.HOLDS_PER_NETWORK
    assert another(practice, here, "192.0.2.1").hold(hour=17, person="P0").status_code == 302


def test_one_browser_holds_one_time(visitor):
    for hour in (9, 11, 13):
        assert visitor.hold(hour=hour).status_code == 302
    assert Booking.objects.filter(state="held").count() == 1
    assert Occupancy.objects.filter(kind="staff").count() == 1


def test_one_contact_holds_few_times_at_once(practice, here):
    for at in range(policy.HOLDS_PER_CONTACT):
        one = another(practice, here, f"198.51.100.{at + 1}")
        one.hold(hour=9 + at)
        one.ask_code()
        assert one.confirm().status_code == 302
    one = another(practice, here, "198.51.100.77")
    one.hold(hour=14)
    one.ask_code()
    assert one.confirm().status_code == 429


def test_a_flood_of_holds_is_slowed_down(practice, here):
    seen = set()
    for _ in range(policy.ATTEMPTS_IN_WINDOW + 1):
        answer = another(practice, here).hold(hour=9, person="P0")
        seen.add(answer.status_code)
    assert 429 in seen


def test_guessing_links_is_slowed_down_and_staff_still_sign_in(visitor, practice):
    codes = [
        visitor.get(f"/book/visit/{'x' * 42}{n:02}/").status_code
        for n in range(policy.ATTEMPTS_IN_WINDOW + 2)
    ]
    assert codes[0] == 410
    assert codes[-1] == 429
    page = visitor.post(reverse("identity:sign_in"), {"email": "owner@clinic.example", "password": "wrong"})
    assert page.status_code == 422, "the same network still signs in"


# Replay and forged requests -----------------------------------------------------------------------------------------


def test_a_form_that_ended_is_no_key_any_more(visitor, practice, here):
    visitor.book()
    for name in ("contact", "code", "details"):
        assert visitor.post(reverse(f"book:{name}"), WHO).headers.get("Location") == reverse("book:done"), (
            name
        )
    with writing("time goes by"):
        OnlineForm.objects.update(ended_at=timezone.now() - timedelta(hours=2))
    assert visitor.get(reverse("book:done")).headers["Location"] == reverse("book:choose")


def test_a_post_without_its_token_is_refused(practice, here):
    strict = Visitor(here, Browser(headers={"host": "localhost"}, enforce_csrf_checks=True))
    for url in (
        strict.time_url(),
        "/book/contact/",
        "/book/code/",
        "/book/details/",
        "/book/stop/",
        "/book/visit/x/cancel/",
    ):
        assert strict.post(url).status_code == 403, url
    assert not Booking.objects.exists()


def test_a_made_up_host_is_refused_and_no_message_names_it(visitor):
    assert visitor.browser.get("/book/", secure=True, headers={"host": "evil.example"}).status_code == 400
    visitor.hold()
    visitor.browser.post(
        reverse("book:contact"), {"contact": EMAIL}, secure=True, headers={"x-forwarded-host": "evil.example"}
    )
    assert "evil" not in str(Notice.objects.get().content)


def test_the_cookie_is_for_this_browser_alone(visitor):
    cookie = visitor.hold().cookies["__Host-book"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (
        True,
        True,
        "Lax",
        "/",
    )
    assert OnlineForm.objects.get().digest != cookie.value


# Framing ------------------------------------------------------------------------------------------------------------


def test_only_the_first_pages_are_framed_and_only_by_chosen_sites(visitor, practice):
    before = visitor.get(reverse("book:choose")).headers
    assert "frame-ancestors 'none'" in before["Content-Security-Policy"]
    assert before["X-Frame-Options"] == "DENY"
    sites = ["https://www.juniper.example", "https://shop.example:8443"]
    actions.set_up(practice.actor("owner"), version=online.settings().version, sites=sites)
    after = visitor.get(reverse("book:choose")).headers
    assert f"frame-ancestors {' '.join(sites)};" in after["Content-Security-Policy"]
    assert "X-Frame-Options" not in after
    assert "require-trusted-types-for 'script'" in after["Content-Security-Policy"]
    visitor.hold()
    plain = [pattern for pattern, _, _ in routes() if "<" not in pattern and pattern != "/book/"]
    assert len(plain) > 30
    for browser in (visitor.browser, practice.signed_in("owner")):
        for path in [*plain, visitor.time_url(), "/book/visit/x/", "/nothing/"]:
            headers = browser.get(path, secure=True).headers
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
            assert headers["X-Frame-Options"] == "DENY", path


# Links --------------------------------------------------------------------------------------------------------------


def test_the_pages_of_a_link_show_time_and_place_only(visitor, practice, here):
    booking = visitor.book()
    token = token_of(practice, booking)
    stranger = another(practice, here)
    pages = ""
    for name in ("visit", "confirm", "cancel", "move", "visit_entry"):
        answer = stranger.get(reverse(f"book:{name}", kwargs={"visit_token": token}))
        assert answer.status_code == 200, name
        pages += said(answer).replace(token, "")
    assert "10:00" in pages
    assert "2100 Fillmore" in pages
    for word in (
        "Wilhelmina",
        "Tuama",
        "facial",
        "P0",
        "P1",
        EMAIL,
        "$125",
        "1988",
        str(booking.pk),
        booking.pk.hex,
    ):
        assert word not in pages, word


def test_a_get_uses_nothing_up(visitor, practice, here):
    booking = visitor.book()
    token = token_of(practice, booking)
    for name in ("visit", "confirm", "cancel", "move"):
        visitor.get(reverse(f"book:{name}", kwargs={"visit_token": token}))
    assert Booking.objects.get(pk=booking.pk).state == "booked"
    assert visitor.post(reverse("book:cancel", kwargs={"visit_token": token})).status_code == 200


def test_a_used_an_altered_and_an_unknown_link_look_the_same(visitor, practice, here):
    booking = visitor.book()
    token = token_of(practice, booking)
    assert visitor.post(reverse("book:cancel", kwargs={"visit_token": token})).status_code == 200
    pages = set()
    for one in (token, token[:-1] + ("A" if token[-1] != "A" else "B"), "x" * 43):
        answer = another(practice, here).get(reverse("book:visit", kwargs={"visit_token": one}))
        assert answer.status_code == 410
        pages.add(VARYING.sub(b"", answer.content))
    [page] = pages
    for word in (b"Wilhelmina", b"facial", b"Fillmore"):
        assert word not in page


def test_a_visit_moved_to_a_taken_time_stays_and_three_others_are_shown(visitor, practice, here, client_card):
    booking = visitor.book()
    person = booking.appointments.get().profile.shown_name
    token = token_of(practice, booking)
    at = here.at(14, day=ahead())
    here.book(practice.actor("front_desk"), client_card.pk, here.wish("facial", person, 14, day=ahead()))
    url = reverse("book:move", kwargs={"visit_token": token})
    answer = visitor.post(url, {"start": f"{at:%Y%m%dT%H%MZ}"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert page.count('name="start"') == 3
    assert Booking.objects.get(pk=booking.pk).starts_at == booking.starts_at
    start = re.search(r'name="start" value="([^"]+)"', page)[1]
    assert visitor.post(url, {"start": start}).status_code == 200
    assert visitor.get(url).status_code == 410


# Strange words and days ---------------------------------------------------------------------------------------------

NAUGHTY = [
    "<script>alert(1)</script>", "{{ 7*7 }}{% csrf_token %}", "'; DROP TABLE clients_client; --", "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
    "\u202eevil\u202c", "名前", "José\u200bMaría", '=HYPERLINK("http://x")', "🧖🏽‍♀️", "O'Brien-Smythe", "null", "Mx. 3rd",
]  # fmt: skip


@pytest.mark.parametrize("name", NAUGHTY)
def test_a_strange_name_is_a_name(visitor, practice, name):
    booking = visitor.book(given=name, family=name)
    with keyring():
        opening.open_client(practice.actor("front_desk"), booking.client_id)
        assert Client.objects.get(pk=booking.client_id).given == name
    assert "alert(1)" not in visitor.get(reverse("book:done")).content.decode()


def test_a_strange_name_is_shown_as_words_when_it_comes_back(visitor):
    visitor.hold()
    visitor.ask_code()
    visitor.confirm()
    page = visitor.say(given="<script>alert(1)</script>", born="").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("born", ["1988-02-29", "1900-01-01"])
def test_birth_dates_there_are(visitor, born):
    assert visitor.book(born=born).state == "booked"


@pytest.mark.parametrize("born", ["1987-02-29", "1988-13-01", "", "29.02.1988", "0001-01-01", "9999-12-31"])
def test_birth_dates_there_are_none_of(visitor, born):
    visitor.hold()
    visitor.ask_code()
    visitor.confirm()
    assert visitor.say(born=born).status_code == 422


def test_a_day_on_which_clocks_go_forward_and_back_is_booked_by_the_wall_clock(
    practice, here, visitor, monkeypatch
):
    for day, now in (
        (date(2027, 3, 14), datetime(2027, 3, 10, 12, tzinfo=UTC)),
        (date(2027, 11, 7), datetime(2027, 11, 1, tzinfo=UTC)),
    ):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        at = here.at(10, day=day)
        chosen = (
            f"at={here.location.pk}&service={here.services['facial'].pk}&with=any&start={at:%Y%m%dT%H%MZ}"
        )
        page = visitor.get(f"/book/time/?{chosen}")
        assert page.status_code == 200
        assert "10:00 AM" in page.content.decode()


# Two at once --------------------------------------------------------------------------------------------------------


@pytest.fixture
def crowded(db):
    """A database that threads can share; the suite's SQLite lies in memory, and one writer at a time is its rule."""
    if connection.vendor == "sqlite":
        pytest.skip(
            "in-memory SQLite cannot be shared by threads; one writer at a time is what it does anyway"
        )


@pytest.mark.django_db(transaction=True)
def test_two_browsers_on_one_time_and_one_has_it(crowded, practice, here):
    def one(number):
        try:
            return another(practice, here, f"198.51.100.{number}").hold(hour=11, person="P0").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        got = sorted(pool.map(one, range(1, 5)))
    assert got == [302, 409, 409, 409]
    assert Booking.objects.filter(state="held").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_pressed_by_four_at_once_cancels_once(crowded, practice, here):
    visitor = Visitor(here, practice.stranger())
    booking = visitor.book()
    url = reverse("book:cancel", kwargs={"visit_token": token_of(practice, booking)})

    def one(number):
        try:
            return another(practice, here, f"198.51.100.{number}").post(url).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        got = sorted(pool.map(one, range(1, 5)))
    assert got == [200, 410, 410, 410]


@pytest.mark.django_db(transaction=True)
def test_a_code_guessed_by_many_at_once_gets_five_tries(crowded, practice, here):
    visitor = Visitor(here, practice.stranger())
    visitor.hold()
    visitor.ask_code()
    right = code_sent()
    wrong = "000000" if right != "000000" else "111111"
    form = OnlineForm.objects.get()

    def one(_):
        try:
            return actions.confirm_contact(actor, form, wrong)
        finally:
            connection.close()

    actor = Actor.job("online booking", Online.BEGIN)
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(one, range(16)))
    form.refresh_from_db()
    assert form.tries == policy.BOOKING_CODE_TRIES
    assert not actions.confirm_contact(actor, form, right)


def test_the_sweep_forgets_whose_contact_it_was(visitor):
    visitor.hold()
    visitor.ask_code()
    with writing("time goes by"):
        Booking.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert calendar.sweep_holds() == 1
    form = OnlineForm.objects.get()
    assert form.asked is None
    assert form.ended_at is not None
