"""A tablet in a client's hands, in a real browser: handed over, filled in, tried to leave, and taken back by PIN."""

from __future__ import annotations

import re

from playwright.sync_api import expect

PIN = "274913"
"""What the demo's lock page prints; a demo's devices are unlocked by it."""
TABLET = {"width": 820, "height": 1180}


def open_card(page):
    page.goto("/clients/")
    page.locator("table a.who, table a.name").first.click()
    expect(page.get_by_role("link", name="Hand to client")).to_be_visible()
    return page.url


def hand_over(page):
    page.get_by_role("link", name="Hand to client").click()
    expect(page.get_by_label("Medical history")).to_be_checked()
    page.get_by_role("button", name="Hand over now").click()
    page.wait_for_url("**/tablet/")


def next_step(page, step):
    page.get_by_role("button", name="Next").click()
    page.wait_for_url(f"**/tablet/{step}/")


def leave_nowhere(page, card, check):
    """Try the back button and a second tab: neither leads anywhere."""
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("This tablet is in your hands")
    check(page)
    tab = page.context.new_page()
    for url in (card, "/clients/", "/account/", "/sign-in/", "/nothing/"):
        answer = tab.goto(url)
        assert answer is not None
        assert answer.status == 403, url
    tab.close()
    page.get_by_role("link", name="Go on where you were").click()


def fill_in(page, check):
    """Go through all steps as a client does, with one slip on the way."""
    page.get_by_role("link", name="Begin").click()
    check(page)
    name, phone = page.get_by_label("What do you like to be called?"), page.locator("[name=phone_0]")
    name.fill("Sunny")
    phone.fill("12")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".error").first).to_contain_text("too few or too many digits")
    expect(name).to_have_value("Sunny")
    phone.fill("+1 415 555 0166")
    next_step(page, "allergies")
    check(page)
    page.locator("[name=new_0]").fill("Latex")
    for step in ("medication", "conditions", "more"):
        next_step(page, step)
        check(page)
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**/tablet/check/")
    expect(page.get_by_text("Latex")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Send to the practice").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    check(page)


def test_a_client_checks_their_details_and_staff_take_the_tablet_back(
    sign_in, assert_accessible, assert_fits
):
    def check(page):
        assert_accessible(page)
        assert_fits(page)

    page = sign_in("practitioner")
    page.set_viewport_size(TABLET)
    card = open_card(page)
    page.get_by_role("link", name="Hand to client").click()
    check(page)
    page.go_back()
    hand_over(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    check(page)
    # The staff session is not in this browser any more.
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert "__Host-handover" in names
    assert "__Host-session" not in names
    leave_nowhere(page, card, check)
    fill_in(page, check)
    # Done is done: the client's own pages are shut as well.
    page.go_back()
    page.wait_for_url("**/hand-over/end/")

    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("button", name="Staff: take it back").click()
    page.wait_for_url("**/told/")
    expect(page.get_by_role("heading", name=re.compile("The client changed"))).to_be_visible()
    check(page)
    accept = page.get_by_role("button", name=re.compile("^Accept"))
    before = accept.count()
    page.get_by_role("button", name="Accept New allergy").click()
    expect(accept).to_have_count(before - 1)
    page.goto(f"{card}chart/")
    expect(page.get_by_role("main").get_by_text("Latex").first).to_be_visible()


def test_typing_comes_back_at_the_next_hand_over(sign_in):
    page = sign_in("practitioner")
    page.set_viewport_size(TABLET)
    open_card(page)
    hand_over(page)
    page.goto(f"{page.url}allergies/")
    page.locator("[name=new_0]").fill("Nickel")
    expect(page.locator("[data-draft-status]")).to_contain_text("Kept", timeout=20_000)
    page.goto("/hand-over/end/")
    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("button", name="Staff: take it back").click()
    page.wait_for_url("**/told/")
    page.get_by_role("link", name="Summary").click()
    hand_over(page)
    page.goto(f"{page.url}allergies/")
    expect(page.locator("[name=new_0]")).to_have_value("Nickel")
