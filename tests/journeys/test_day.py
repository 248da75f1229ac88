"""A day in the clinic, from a stranger's phone to the last empty chair: one journey through booking, reception, messages,
courses and the waitlist, by the people who do it; and those who have no business there stay outside."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

PHONE = {"width": 390, "height": 800}
LENA, NOOR = "lena.day@patients.example", "noor.day@patients.example"
SOON = 120_000
"""Milliseconds in which what the server does by itself has happened: a round of messages, a freed time."""


def until_said(page, url, words):
    """Load a page until it says so."""
    for _ in range(SOON // 1_000):
        page.goto(url)
        if words in page.locator("main").inner_text():
            return
        page.wait_for_timeout(1_000)
    expect(page.locator("main")).to_contain_text(words)


# The steps of the day, in order -------------------------------------------------------------------------------------


def books_online(phone, desk, place):
    """A stranger books the first free time with a code that comes by e-mail."""
    phone.goto(f"/book/?at={place}")
    phone.get_by_role("link", name="Day facial").click()
    phone.locator(".times a").first.click()
    phone.get_by_role("button", name="Hold this time").click()
    phone.get_by_label("E-mail address or mobile number").fill(LENA)
    phone.get_by_role("button", name="Send me a code").click()
    desk.goto("/outbox/")
    code = re.search(r"(\d{6}) is your code to book", desk.locator("main").inner_text())[1]
    phone.get_by_label("Code").fill(code)
    phone.get_by_role("button", name="Continue").click()
    phone.get_by_label("First name").fill("Lena")
    phone.get_by_label("Last name").fill("Daybreak")
    phone.get_by_label("Birth date").fill("1991-05-04")
    phone.get_by_role("button", name="Book this visit").click()
    phone.wait_for_url("**/book/done/")


def finds(desk, email, name):
    """Return the address of the card that the search finds by an e-mail address."""
    desk.goto("/clients/")
    desk.get_by_role("main").get_by_role("searchbox").fill(email)
    desk.keyboard.press("Enter")
    link = desk.locator("tbody a.who").filter(has_text=name).first
    return link.get_attribute("href")


def is_written_to(served, desk, card):
    """The confirmation leaves, and later the reminder; both say when and where, never what for."""
    for kind, title in (("booked", "Visit booked"), ("reminder_near", "Reminder two hours before")):
        assert served.beside("clinic_day", "due", LENA, kind) == "1", f"no {kind} is planned"
        for _ in range(SOON // 1_000):
            desk.goto(f"{card}messages/")
            row = desk.locator(".message-list > li").filter(has_text=title)
            if "Sent" in row.inner_text():
                break
            desk.wait_for_timeout(1_000)
        row.get_by_text("What it said").click()
        expect(row).to_contain_text("Sent")
        expect(row).to_contain_text("Day House")
        expect(row).not_to_contain_text("facial")


def checks_in_by_code(desk, phone, card):
    """The desk shows a code, the phone opens it once, and reception sees who waits."""
    desk.goto(f"{card}appointments/")
    desk.get_by_role("link", name="Day facial").first.click()
    desk.get_by_role("button", name="Check-in code").click()
    desk.get_by_text("Show the address instead").click()
    link = re.search(r"/check-in/[\w.-]+/", desk.locator(".secret-text .code").inner_text())[0]
    phone.goto(link)
    phone.get_by_role("button", name="I am here").click()
    expect(phone.get_by_role("heading", name="You are checked in")).to_be_visible()
    assert phone.goto(link).status == 410


def group(desk, name):
    return desk.get_by_role("region", name=re.compile(f"^{name}"))


def is_treated(desk, reception):
    """From the waiting room into a room, and out again."""
    desk.goto(reception)
    waiting = group(desk, "Waiting")
    expect(waiting).to_contain_text("Lena Daybreak")
    waiting.get_by_label("Room").select_option(label="Garden room")
    waiting.get_by_role("button", name="Bring in").click()
    desk.goto(reception)
    expect(group(desk, "In room")).to_contain_text("Garden room")
    group(desk, "In room").get_by_role("button", name="Check out").click()
    desk.goto(reception)
    expect(group(desk, "Done")).to_contain_text("Lena Daybreak")


def is_closed_for(desk, place, day):
    """Dana's hour is blocked on a day."""
    desk.goto(f"/calendar/block/new/?location={place.replace('-', '')}")
    desk.get_by_label("Whose time").select_option(label="Dana Day")
    desk.get_by_label("What for").fill("Training")
    desk.get_by_label("Day", exact=True).fill(day.isoformat())
    desk.get_by_label("Time", exact=True).fill("10:00")
    desk.get_by_label("Minutes").fill("60")
    desk.get_by_role("button", name="Block", exact=True).click()
    expect(desk.locator("#notices")).to_contain_text("can no longer be booked")


def is_booked_for_a_course(desk, card, place, first):
    """Six visits, a week apart: the one that meets the block is named and left out, the other five are booked."""
    desk.goto(f"{card}book/?location={place.replace('-', '')}")
    desk.get_by_label("Service", exact=True).first.select_option(label="Day facial · 30 min")
    desk.get_by_label("With", exact=True).first.select_option(label="Dana Day")
    desk.get_by_text("More services, or a course").click()
    desk.get_by_label("Visits").fill("6")
    desk.get_by_label("Every").fill("1")
    desk.get_by_label("Day", exact=True).fill(first.isoformat())
    desk.get_by_label("Time", exact=True).fill("10:00")
    desk.get_by_role("button", name="Book", exact=True).click()
    dates = desk.get_by_role("region", name="The dates of this course")
    expect(dates.get_by_role("checkbox")).to_have_count(6)
    expect(dates.locator("input[name=date]:disabled")).to_have_count(1)
    expect(dates.locator("label").nth(2).locator(".bad-text")).not_to_be_empty()
    dates.get_by_role("button", name="Book these dates").click()
    desk.goto(f"{card}appointments/")
    coming = desk.locator("section").filter(has=desk.get_by_role("heading", name="Coming"))
    expect(coming.locator("li")).to_have_count(5)


def does_not_come(desk, reception):
    """Somebody is late, and later than late."""
    desk.goto(reception)
    late = group(desk, "Late")
    expect(late).to_contain_text("Theo Daylight")
    late.get_by_role("button", name="Did not come").click()
    desk.goto(reception)
    expect(group(desk, "Late")).not_to_contain_text("Theo Daylight")


def waits_and_fills_the_gap(served, desk, phone, cards, place, day):
    """One client waits, another cancels: the freed time is offered by a link, and taken."""
    desk.goto(f"{cards['Noor']}waitlist/")
    desk.get_by_label("Location").select_option(label="Day House")
    desk.get_by_label("Service").select_option(label="Day facial")
    desk.get_by_role("button", name="Put on the waitlist").click()
    expect(desk.locator("main")).to_contain_text("Noor Daylight")
    desk.goto(f"/calendar/?location={place.replace('-', '')}&day={day}")
    desk.locator(".ap[id] a").filter(has_text="Lena Daybreak").click()
    waiting = served.begin("menu", "token", NOOR)
    desk.get_by_role("button", name="Cancel the appointment").click()
    until_said(desk, "/calendar/waitlist/", "Offered")
    phone.goto(f"/book/visit/{served.said(waiting)}/")
    expect(phone.get_by_role("heading", level=1)).to_have_text("A time became free")
    phone.get_by_role("button", name="Take this time").click()
    expect(phone.locator("main")).not_to_contain_text("became free")
    desk.goto(f"/calendar/?location={place.replace('-', '')}&day={day}")
    expect(desk.locator(".ap[id]").filter(has_text="Noor Daylight")).to_have_count(1)
    expect(desk.locator(".ap[id]").filter(has_text="Lena Daybreak")).to_have_count(0)


def test_a_day_in_the_clinic(served, sign_in, new_context):
    place = served.beside("clinic_day", "open")
    reception = f"/reception/?location={place.replace('-', '')}"
    desk, phone = sign_in("front_desk"), new_context(viewport=PHONE).new_page()
    books_online(phone, desk, place)
    lena = finds(desk, LENA, "Lena Daybreak")
    is_written_to(served, desk, lena)
    checks_in_by_code(desk, phone, lena)
    is_treated(desk, reception)
    first = date.today() + timedelta(days=2)
    is_closed_for(desk, place, first + timedelta(weeks=2))
    is_booked_for_a_course(desk, lena, place, first)
    theo = served.beside("clinic_day", "guest", "Theo", "theo.day@patients.example")
    served.beside("clinic_day", "late", theo, place)
    does_not_come(desk, reception)
    noor = served.beside("clinic_day", "guest", "Noor", NOOR)
    cards = {"Noor": f"/clients/{noor}/"}
    waits_and_fills_the_gap(served, desk, phone, cards, place, first)
    desk.goto("/calendar/waitlist/")
    expect(desk.locator("main")).to_contain_text("Waitlist")
    expect(desk.locator("main")).not_to_contain_text("Noor Daylight")


@pytest.mark.parametrize("role", ["bookkeeper", "officer"])
def test_who_has_no_business_at_the_desk_stays_outside(sign_in, role):
    page, desk = sign_in(role), sign_in("front_desk")
    desk.goto("/clients/")
    card = desk.locator("tbody a.who").first.get_attribute("href")
    desk.goto("/calendar/")
    for url in (
        "/calendar/", "/calendar/new/", "/calendar/waitlist/", "/reception/", "/messages/", f"{card}book/",
        f"{card}appointments/", f"{card}messages/", f"{card}waitlist/", "/setup/online/",
    ):  # fmt: skip
        assert page.goto(url).status in {403, 404}, url
    expect(page.get_by_role("link", name="Reception")).to_have_count(0)


def test_a_stranger_is_sent_to_the_door(new_context):
    page = new_context().new_page()
    for url in ("/calendar/", "/reception/", "/calendar/waitlist/"):
        page.goto(url)
        expect(page).to_have_url(re.compile(r"/sign-in/"))
