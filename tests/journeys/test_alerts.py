"""Alerts in a browser: the officer asks, the person answers, the officer closes; every page fits and is accessible."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

PAGES = ("alerts/", "alerts/?show=closed", "reviews/", "watched/", "shields/", "breach/")


def test_an_alert_is_closed_with_a_reason_that_stays(sign_in, assert_accessible, assert_fits):
    page = sign_in("officer")
    page.goto("/compliance/alerts/")
    page.get_by_role("link", name="Turned away repeatedly").click()
    assert_accessible(page)
    page.get_by_role("button", name="Close the alert").click()
    expect(page.get_by_text("Say what came of it.").first).to_be_visible()
    page.get_by_label("Explained: there was a reason").check()
    page.locator("[name=finding]").fill("The invoices named them by mistake; the list was mended.")
    page.get_by_role("button", name="Close the alert").click()
    expect(page.get_by_text("keeps your reason")).to_be_visible()
    expect(page.get_by_text("the list was mended")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_the_officer_is_accessible_and_fits(sign_in, assert_accessible, assert_fits, scheme):
    page = sign_in("officer", color_scheme=scheme)
    for path in PAGES:
        page.goto(f"/compliance/{path}")
        assert_accessible(page)
        assert_fits(page)
