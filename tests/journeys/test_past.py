"""An entry struck by mistake is undone; a card is looked at as it was, and one field put back."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_the_past_is_looked_at_and_one_thing_put_back(sign_in, assert_accessible, assert_fits):
    page = sign_in("practitioner")
    page.goto("/clients/")
    page.get_by_role("link", name="Halloran").first.click()
    page.get_by_role("link", name="Earlier versions").first.click()
    assert_accessible(page)
    page.get_by_role("link", name=re.compile("Before this.*changed the details")).click()
    expect(page.get_by_text("This is how it was")).to_be_visible()
    expect(page.get_by_text("struck an entry from the chart")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("link", name=re.compile("Put back.*Latex")).click()
    assert_accessible(page)
    assert_fits(page)
    page.get_by_label("Why it is put back").fill("short")
    page.get_by_role("button", name="Put back").click()
    expect(page.get_by_text("Say why in at least").first).to_be_visible()
    expect(page.get_by_label("Why it is put back")).to_have_value("short")
    page.get_by_label("Why it is put back").fill("It was struck in the wrong record.")
    page.get_by_role("button", name="Put back").click()
    expect(page.get_by_text("Put back. What stood there")).to_be_visible()
    page.get_by_role("link", name="Chart").click()
    page.get_by_label("What to do with Latex").click()
    page.get_by_role("button", name="Strike").first.click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Put back. What stood there")).to_be_visible()
