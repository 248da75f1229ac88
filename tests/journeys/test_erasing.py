"""Deleting a client in a browser, undoing it, and what the officer sees of an erasure that waits."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


def test_a_client_is_deleted_from_the_card_and_brought_back(served, sign_in, assert_accessible, assert_fits):
    # Nobody whom another journey has in the house just now: such a client is not deleted.
    card = f"/clients/{served.beside('clinic_day', 'guest', 'Ida', 'ida.gone@patients.example')}/"
    page = sign_in("owner")
    page.goto(f"{card}about/")
    name = page.locator("h1").inner_text()
    page.get_by_role("link", name="Delete this client").click()
    page.get_by_label("In your own words").fill("short")
    page.get_by_role("button", name="Delete this client").click()
    expect(page.get_by_text("Choose why.").first).to_be_visible()
    expect(page.get_by_label("In your own words")).to_have_value("short")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_label("The client asked for it").check()
    page.get_by_label("In your own words").fill("They wrote and asked for it.")
    page.get_by_role("button", name="Delete this client").click()
    expect(page.get_by_text("Deleted: gone from everything")).to_be_visible()
    expect(page.get_by_role("heading", name="Retention check")).to_be_visible()
    gone = page.goto(card)
    assert gone is not None
    assert gone.status == 404
    page.goto("/compliance/privacy/")
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Undo the deletion").click()
    expect(page.get_by_text("The client is back")).to_be_visible()
    page.goto(card)
    expect(page.locator("h1")).to_contain_text(name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_deleted_clients_is_accessible_and_fits(
    sign_in, assert_accessible, assert_fits, scheme
):
    page = sign_in("officer", color_scheme=scheme)
    page.goto("/compliance/privacy/")
    expect(page.locator("h1")).to_have_text("Deleted clients")
    one = str(page.locator("a.name").first.get_attribute("href"))
    paper = str(page.locator('a[href*="certificates"]').first.get_attribute("href"))
    for place in ["/compliance/privacy/", one, paper]:
        page.goto(place)
        expect(page.locator("h1")).to_be_visible()
        assert_accessible(page)
        assert_fits(page)
