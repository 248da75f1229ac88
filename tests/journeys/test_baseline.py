"""The baseline in a browser: the officer accepts a weakness, names a place, compares; every page fits and is accessible."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


def test_the_officer_accepts_names_and_compares(sign_in, assert_accessible, assert_fits):
    page = sign_in("officer")
    page.goto("/compliance/baseline/")
    assert_accessible(page)
    page.get_by_role("link", name="A call to a place the register does not know").click()
    assert_accessible(page)
    page.get_by_role("button", name="Accept until then").click()
    expect(page.get_by_text("Write why this may stay as it is.").first).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Go where it is mended").click()
    page.get_by_role("link", name="telemetry.example.net").click()
    page.locator("[name=purpose]").fill("Counts of the video player, agreed in the contract")
    page.locator("[name=goes]").fill("none")
    page.get_by_role("button", name="Put it on the register").click()
    expect(page.get_by_text("The place is on the register.")).to_be_visible()
    expect(page.get_by_text("Nobody has named these")).to_have_count(0)
    page.goto("/compliance/baseline/")
    page.get_by_role("button", name="Compare now").click()
    expect(page.get_by_text("Compared just now.", exact=True)).to_be_visible()
    left = page.locator("section[aria-labelledby=open-title]")
    expect(left).to_be_visible()
    expect(left.get_by_text("A call to a place the register does not know")).to_have_count(0)
    assert_fits(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(sign_in, assert_accessible, assert_fits, scheme):
    page = sign_in("officer", color_scheme=scheme)
    for path in ("", "places/", "past/"):
        page.goto(f"/compliance/baseline/{path}")
        assert_accessible(page)
        assert_fits(page)
