"""One visit told twice after a downtime, in two browsers: found, looked at side by side, decided once."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect


def _enter(page: Page, card: str, words: str) -> None:
    """Enter what stands on a sheet of paper as a late entry, and stay in its editor."""
    page.goto(f"{card}notes/")
    page.get_by_text("Late entry", exact=True).first.click()
    then = timezone.now() - timedelta(days=3)
    page.get_by_label("When it happened").fill(f"{then:%Y-%m-%d}T03:10")
    page.get_by_role("button", name="Free text").click()
    page.wait_for_url(re.compile(r"/notes/[0-9a-f-]{36}/$"))
    page.locator("textarea").first.fill(words)


def _sign(page: Page) -> None:
    for tick in page.locator(".ticks input").all():
        tick.check()
    page.get_by_role("button", name="Sign note").click()
    expect(page.get_by_label("Signed text")).to_be_visible()


def test_two_people_who_entered_one_visit_decide_once(sign_in, assert_accessible, assert_fits):
    nurse = sign_in("practitioner")
    nurse.goto("/clients/")
    nurse.locator("tbody a.who").first.click()
    nurse.wait_for_url(re.compile(r"/clients/[0-9a-f-]{36}/$"))
    card = nurse.url
    _enter(nurse, card, "Two units, left brow.")
    _sign(nurse)
    expect(nurse.get_by_text("Another note tells of the same visit")).to_have_count(0)
    doctor = sign_in("prescriber", viewport={"width": 390, "height": 844})
    _enter(doctor, card, "Three units, left brow.")
    expect(doctor.get_by_text("Another note tells of the same visit")).to_be_visible()
    assert_accessible(doctor)
    _sign(doctor)
    doctor.get_by_role("link", name="Look at both").click()
    nurse.goto(doctor.url)
    for page in (doctor, nurse):
        expect(page.get_by_text("Two units, left brow.")).to_be_visible()
        expect(page.get_by_text("Three units, left brow.")).to_be_visible()
        assert_accessible(page)
        assert_fits(page)
    nurse.goto("/my-day/")
    expect(nurse.get_by_role("link", name="Compare the notes on").first).to_be_visible()
    nurse.goto(doctor.url)
    doctor.get_by_label("Reason").fill("Each wrote their own sheet")
    doctor.get_by_role("button", name="Keep both").click()
    expect(doctor.get_by_text("They tell of one visit, and both stand.")).to_be_visible()
    nurse.get_by_role("button", name="different visits").click()
    expect(nurse.get_by_text("Somebody decided about these notes meanwhile")).to_be_visible()
    expect(nurse.get_by_text("Each wrote their own sheet")).to_be_visible()
    assert_accessible(nurse)
