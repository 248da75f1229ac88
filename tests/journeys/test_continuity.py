"""The continuity page in a browser: moved by keyboard, a test entered, the page for the wall; and who only reads."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

PAGE = "/compliance/continuity/"


def test_the_officer_moves_by_keyboard_and_enters_the_test_that_was_overdue(
    sign_in, assert_accessible, assert_fits
):
    page = sign_in("officer")
    page.goto(PAGE)
    assert_accessible(page)
    assert_fits(page)
    second = page.locator("#order tbody tr").nth(1).locator(".name").inner_text()
    page.get_by_role("button", name=f"Move {second} down").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#order tbody tr").nth(2).locator(".name")).to_have_text(second)
    expect(page.get_by_role("button", name=f"Move {second} down")).to_be_focused()
    line = page.locator("#tests li").filter(has_text="Failover line, Oakland")
    expect(line).to_contain_text("Overdue")
    page.locator("#tests").get_by_role("link", name="Test", exact=True).click()
    assert_accessible(page)
    page.get_by_label("Location").select_option("Oakland")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Write who made the test.").first).to_be_visible()
    page.get_by_label("Who made it").fill("Kofi Mensah")
    page.get_by_label("Passed").check()
    page.get_by_role("button", name="Add").click()
    expect(line).to_contain_text("In time")
    page.goto("/compliance/alerts/")
    expect(page.get_by_text("Failover line, Oakland")).to_have_count(0)
    page.goto(f"{PAGE}sheet/")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name="It hangs on the wall now").click()
    expect(page.get_by_text("The page on the wall is out of date.")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_front_desk_reads_order_and_contacts_and_nothing_of_the_site(
    sign_in, assert_accessible, assert_fits, scheme
):
    page = sign_in("front_desk", color_scheme=scheme)
    page.get_by_role("link", name="If systems fail").first.click()
    expect(page.get_by_role("heading", name="Whom to ring")).to_be_visible()
    expect(page.get_by_role("heading", name="Who may enter")).to_have_count(0)
    expect(page.get_by_role("button", name="Move")).to_have_count(0)
    assert_accessible(page)
    assert_fits(page)
