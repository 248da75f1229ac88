"""The calendar by pointer, by keyboard and by two people at once; reception, and a code that checks somebody in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

CLINIC = """
from bench import scratch
scratch.join()
from datetime import timedelta
from alcove.clinic.calendar import actions
from alcove.clinic.calendar.queries import Wish
from alcove.clinic.clients.models import Client
from alcove.clinic.practice.models import *
from alcove.clinic.practice.queries import at
from alcove.security.access.actors import Actor
from alcove.security.access.writes import writing
from alcove.security.audit import clock
from alcove.security.identity.models import Person

with writing("a place for the calendar's journeys"):
    here = Location.objects.create(name="A quiet place", time_zone="America/Los_Angeles")
    OpeningHours.objects.bulk_create(OpeningHours(location=here, weekday=day, opens=480, closes=1200) for day in range(7))
    for number in (1, 2, 3):
        Room.objects.create(location=here, name=f"Quiet room {number}")
    category = Category.objects.create(name="Quiet")
    facial = Service.objects.create(category=category, name="Quiet facial", minutes=60, tint=2)
    people = []
    for number, name in enumerate(("Quiet Quinn", "Quiet Rosa")):
        person = Person.objects.create(email=f"quiet{number}@journey.example", name=name)
        people.append(StaffProfile.objects.create(person=person, shown_name=name))
        ServiceStaff.objects.create(service=facial, profile=people[-1])
        WorkingHours.objects.bulk_create(
            WorkingHours(profile=people[-1], location=here, weekday=day, starts=480, ends=1200) for day in range(7)
        )
client = Client.objects.order_by("created_at").values_list("pk", flat=True).first()
day = clock.now().astimezone(here.zone).date() + timedelta(days=3)
for person, minute in ((people[0], 600), (people[1], 840)):
    actions.book(Actor.operator("journey"), client, here, [Wish(facial, person, at(day, minute, here.zone), 60)])
print("AT", f"/calendar/?location={here.pk.hex}&day={day}")
"""


@pytest.fixture(scope="module")
def address(served):
    """The calendar of a place of its own, two people, two appointments at 10:00 and 14:00."""
    import os
    import subprocess
    import sys
    from pathlib import Path

    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", CLINIC], env=served.environment | {"PYTHONPATH": str(root), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, cwd=root, check=False,
    )  # fmt: skip
    found = re.search(r"AT (\S+)", done.stdout)
    assert found, done.stderr
    return found[1]


def block(page, column):
    return page.locator(".col").nth(column).locator(".ap[id]")


def times(page):
    return [text.split(" ")[0] for text in page.locator(".ap[id] a > span:not(.st)").all_inner_texts()]


def test_an_appointment_is_moved_by_keyboard_and_by_pointer_and_each_is_undone(
    sign_in, address, assert_accessible
):
    page = sign_in("front_desk")
    page.goto(address)
    first = block(page, 0)
    expect(first).to_have_count(1)
    # By keyboard: an hour later, to the other person.
    first.locator("a").focus()
    page.keyboard.press("m")
    expect(page.locator("#said")).to_contain_text("Moving. 10:00")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#said")).to_contain_text("11:00, Quiet Rosa")
    page.keyboard.press("Enter")
    expect(page.locator("#moved")).to_contain_text("11:00")
    expect(block(page, 1)).to_have_count(2)
    assert_accessible(page)
    page.locator("#moved").get_by_role("button", name="Undo").click()
    page.wait_for_url(re.compile(r"/calendar/[0-9a-f-]{36}/"))
    page.goto(address)
    expect(block(page, 0)).to_contain_text("10:00–11:00")
    # Escape leaves it where it was, and nothing is sent.
    block(page, 0).locator("a").focus()
    page.keyboard.press("m")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator("#cover")).to_be_hidden()
    expect(block(page, 0)).to_contain_text("10:00–11:00")
    # By pointer: two hours later in the same column.
    box = block(page, 0).bounding_box()
    pixels = float(
        page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--cal-row')").replace(
            "px", ""
        )
    )
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 42, box["y"] + 20 + 12 * pixels, steps=4)
    page.mouse.move(box["x"] + 42, box["y"] + 20 + 24 * pixels, steps=4)
    page.mouse.up()
    expect(page.locator("#moved")).to_contain_text("12:00")
    expect(block(page, 0)).to_contain_text("12:00–13:00")
    assert "/calendar/?" in page.url  # letting go is no click on the link
    page.locator("#moved").get_by_role("button", name="Undo").click()
    page.wait_for_url(re.compile(r"/calendar/[0-9a-f-]{36}/"))
    # Onto what is taken: put back, and told where it would be free.
    page.goto(address)
    box, other = block(page, 0).bounding_box(), block(page, 1).bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(other["x"] + 40, other["y"] + 4, steps=5)
    page.mouse.move(other["x"] + 40, other["y"] + 10, steps=2)
    page.mouse.up()
    expect(page.locator("#problem")).to_contain_text("no longer free")
    expect(page.locator("#problem").get_by_role("link", name="Move it with a form")).to_be_visible()
    expect(block(page, 0)).to_contain_text("10:00–11:00")


def test_what_a_colleague_does_is_drawn_anew_and_an_empty_place_leads_to_booking(sign_in, address):
    mine, theirs = sign_in("front_desk"), sign_in("owner")
    mine.goto(address)
    theirs.goto(address)
    theirs.locator(".ap[id] a").first.click()
    theirs.get_by_role("button", name="Confirm").click()
    expect(mine.locator(".ap[id]").first).to_contain_text("Confirmed", timeout=25_000)
    column = mine.locator(".col").nth(1).locator("ol").bounding_box()
    mine.mouse.click(column["x"] + 60, column["y"] + 12 * 8 * 1.5 + 6)
    mine.wait_for_url("**/calendar/new/**")
    expect(mine.get_by_text("09:30")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_the_calendar_is_accessible_and_fits(
    sign_in, address, assert_accessible, assert_fits, scheme
):
    page = sign_in("owner", color_scheme=scheme)
    page.goto(address)
    visit = page.locator(".ap[id] a").first.get_attribute("href")
    page.goto("/clients/")
    card = page.locator("tbody a.who").first.get_attribute("href")
    query = address.partition("?")[2]
    for url in (
        address, f"/calendar/week/?{query}", f"/calendar/month/?{query}", f"{address}&by=rooms", visit, f"{visit}move/",
        "/calendar/new/", f"/calendar/block/new/?{query}", f"{card}book/?{query}", f"{card}appointments/", "/reception/",
    ):  # fmt: skip
        page.goto(url)
        for width in (390, 820, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert_accessible(page)
        assert_fits(page)


def test_a_code_checks_somebody_in_once(sign_in, address, new_context):
    desk = sign_in("front_desk")
    desk.goto(address)
    desk.locator(".ap[id] a").last.click()
    desk.get_by_role("button", name="Check-in code").click()
    desk.get_by_text("Show the address instead").click()
    link = re.search(r"/check-in/[\w.-]+/", desk.locator(".secret-text .code").inner_text())[0]
    phone = new_context(viewport={"width": 390, "height": 800}).new_page()
    phone.goto(link)
    phone.get_by_role("button", name="I am here").click()
    expect(phone.get_by_role("heading", name="You are checked in")).to_be_visible()
    assert phone.goto(link).status == 410
    desk.goto(address)
    expect(desk.locator(".ap.s-arrived")).to_contain_text("Arrived")
