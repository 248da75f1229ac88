"""A patient at the booking pages, in a real browser: books end to end, moves and cancels by link, without an account."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

EMAIL = "lena.okafor@patients.example"
BUDGET = 100_000
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def place(served):
    return served.beside("menu", "menu")


def code_in_outbox(page):
    page.goto("/outbox/")
    return re.search(r"(\d{6}) is your code to book", page.locator("main").inner_text())[1]


@pytest.mark.parametrize("with_script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_patient_books_moves_and_cancels(
    served, place, sign_in, new_context, assert_accessible, assert_fits, with_script
):
    email = f"{with_script}.{EMAIL}".lower()
    context = new_context(java_script_enabled=with_script, viewport=PHONE)
    page, sizes = context.new_page(), []
    page.on(
        "response", lambda answer: sizes.append((answer.url, int(answer.headers.get("content-length") or 0)))
    )

    def check():
        if with_script:
            assert_accessible(page)
            assert_fits(page)
            page.set_viewport_size(PHONE)
            wide = page.evaluate("document.scrollingElement.scrollWidth")
            assert wide <= PHONE["width"], f"{page.url} is {wide} wide"

    page.goto("/book/")
    check()
    page.get_by_role("link", name="Harbour House").click()
    check()
    page.get_by_role("link", name="Skin check").click()
    check()
    page.get_by_role("link", name="Marina Costa").click()
    check()
    page.get_by_role("link", name="Later").click()
    page.locator(".times a").first.click()
    check()
    page.get_by_role("button", name="Hold this time").click()
    check()
    if with_script:
        expect(page.locator("[data-countdown-left]")).to_contain_text("min")
        first = page.locator("[data-countdown-left]").inner_text()
        expect(page.locator("[data-countdown-left]")).not_to_have_text(first)
    page.get_by_label("E-mail address or mobile number").fill(email)
    page.get_by_role("button", name="Send me a code").click()
    check()
    desk = sign_in("front_desk")
    page.get_by_label("Code").fill(code_in_outbox(desk))
    page.get_by_role("button", name="Continue").click()
    check()
    page.get_by_label("First name").fill("Lena")
    page.get_by_label("Last name").fill("Okafor")
    page.get_by_label("Birth date").fill("1991-05-04")
    waiting = served.begin("menu", "token", email)
    page.get_by_role("button", name="Book this visit").click()
    page.wait_for_url("**/book/done/")
    check()
    _confirms_moves_and_cancels(served, page, email, check, served.said(waiting))


def _confirms_moves_and_cancels(served, page, email, check, token):
    page.goto(f"/book/visit/{token}/")
    expect(page.locator("main")).not_to_contain_text("Okafor")
    expect(page.locator("main")).not_to_contain_text("Skin check")
    check()
    page.get_by_role("button", name="Yes, I will come").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    page.get_by_role("link", name="Choose another time").click()
    check()
    waiting = served.begin("menu", "token", email, token)
    page.locator(".times button").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your visit is moved")
    check()
    answer = page.goto(f"/book/visit/{token}/")
    assert answer.status == 410
    token = served.said(waiting)
    page.goto(f"/book/visit/{token}/cancel/")
    check()
    page.get_by_role("button", name="Cancel the visit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your visit is cancelled")
    assert page.goto(f"/book/visit/{token}/cancel/").status == 410


def test_the_pages_weigh_less_than_a_hundred_kilobytes(place, new_context):
    for step in ("", f"?at={place}"):
        context = new_context(viewport=PHONE)
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        got = []
        session.on("Network.loadingFinished", lambda told, got=got: got.append(told["encodedDataLength"]))
        page.goto(f"/book/{step}", wait_until="networkidle")
        page.wait_for_timeout(300)
        assert 5_000 < sum(got) < BUDGET, got
        context.close()


def test_the_owner_sees_what_patients_will_see(place, sign_in, assert_accessible, assert_fits):
    page = sign_in("owner")
    page.goto("/setup/online/")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_label("Title", exact=True).fill("See you by the sea")
    expect(page.locator("#preview")).to_contain_text("See you by the sea")
    page.get_by_label("Text", exact=True).last.fill("Bring a towel.")
    page.locator("[name=colour_ink]").fill("#cccccc")
    page.locator("[name=colour_ground]").fill("#ffffff")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".errors")).to_contain_text("Too hard to read")
    page.locator("[name=colour_ink]").fill("#111111")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#notices")).to_contain_text("Saved")


def test_somebody_is_put_on_the_waitlist(place, sign_in, assert_accessible, assert_fits):
    page = sign_in("front_desk")
    page.goto("/clients/")
    page.locator("table a.who, table a.name").first.click()
    page.get_by_role("link", name="Waitlist").click()
    assert_accessible(page)
    assert_fits(page)
    page.get_by_label("Location").select_option(label="Harbour House")
    page.get_by_label("Service").select_option(label="Skin check")
    page.get_by_role("button", name="Put on the waitlist").click()
    expect(page.locator("main")).to_contain_text("Skin check")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name="Take off").first.click()
    expect(page.locator("#notices")).to_contain_text("Taken off")
