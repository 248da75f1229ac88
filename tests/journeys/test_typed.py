"""What was typed when the screen locked is back after unlocking, on the same page, and lay in no browser storage."""

from __future__ import annotations

from playwright.sync_api import expect

WORDS = "Prefers the blue room, and tea without sugar"
EARLY = "Comes on foot, and is often five minutes early"
PIN = "274913"


def kept_by_browser(page):
    """Return all that this page's browser stores, as one text."""
    return page.evaluate(
        """async () => JSON.stringify([
          {...localStorage}, {...sessionStorage},
          await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).length)),
          history.state,
        ])"""
    )


def lock(page):
    page.evaluate("document.querySelector('form[data-lock]').requestSubmit()")
    page.wait_for_url("**/locked/**")


def unlock(page):
    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("button", name="Unlock", exact=True).click()


def a_card(page):
    """Return the page on which the first client of the list is changed."""
    page.goto("/clients/")
    url = page.locator("td a.who, td a.name").first.get_attribute("href")
    return "/".join(url.split("/")[:3]) + "/edit/"


def test_typed_text_comes_back_after_a_lock(sign_in, assert_accessible, assert_fits):
    page = sign_in("owner")
    url = a_card(page)
    page.goto(url)
    note = page.locator("textarea").first
    before = note.input_value()
    note.fill(WORDS)
    lock(page)
    assert WORDS not in page.content() and WORDS not in kept_by_browser(page)
    unlock(page)
    page.wait_for_url(f"**{url}")
    expect(page.locator("textarea").first).to_have_value(WORDS)
    expect(page.locator("[data-keep-status]")).to_contain_text("is back. It is not saved yet.")
    assert WORDS not in kept_by_browser(page)
    assert_accessible(page)
    assert_fits(page)
    # A second lock with nothing new typed keeps it, and a press throws it away.
    lock(page)
    unlock(page)
    expect(page.locator("textarea").first).to_have_value(WORDS)
    page.get_by_role("button", name="Throw it away").click()
    expect(page.locator("[data-keep-status]")).to_contain_text("Thrown away.")
    expect(page.locator("textarea").first).to_have_value(before)
    page.evaluate("document.querySelector('form#client').reset()")
    page.goto("/")
    page.goto(url)
    expect(page.locator("textarea").first).to_have_value(before)


def test_a_saved_form_does_not_come_back(sign_in):
    page = sign_in("owner")
    url = a_card(page)
    page.goto(url)
    page.locator("textarea").first.fill(WORDS)
    lock(page)
    unlock(page)
    page.wait_for_url(f"**{url}")
    expect(page.locator("textarea").first).to_have_value(WORDS)
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url("**done=saved")
    page.goto(url)
    expect(page.locator("textarea").first).to_have_value(WORDS)
    expect(page.locator("[data-keep-status]")).to_have_count(0)


def test_text_typed_before_the_pages_scripts_were_there_is_kept_too(sign_in):
    page = sign_in("owner")
    url = a_card(page)
    late = []
    page.route("**/js/keep*.js", lambda route: late.append(route))  # noqa: PLW0108 - Playwright marks the function
    page.goto(url)
    page.locator("textarea").first.fill(EARLY)
    page.evaluate("document.querySelector('form[data-lock]').requestSubmit()")
    expect(page.locator(".shell")).to_have_count(0)
    for held in late:
        held.continue_()
    page.unroute("**/js/keep*.js")
    page.wait_for_url("**/locked/**")
    unlock(page)
    page.wait_for_url(f"**{url}")
    expect(page.locator("textarea").first).to_have_value(EARLY)
    page.get_by_role("button", name="Throw it away").click()
    expect(page.locator("[data-keep-status]")).to_contain_text("Thrown away.")
