"""Setting a practice up in a browser: a service, a week's hours, and every page of Setup at three widths."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect


def test_a_manager_adds_a_service_and_a_weeks_hours(sign_in, assert_accessible, assert_fits):
    page = sign_in("manager")
    page.goto("/setup/menu/")
    page.get_by_role("link", name="Service", exact=True).click()
    page.get_by_label("Name").fill("Glow facial")
    page.get_by_label("Price").fill("140")
    page.get_by_label("The client is here for").fill("50")
    page.get_by_label("Hands-free time").fill("60")
    page.get_by_role("button", name="Add").click()
    # What does not fit is said beside its field, and nothing typed is lost.
    expect(page.get_by_text("The hands-free time ends after the appointment.").first).to_be_visible()
    assert page.get_by_label("Name").input_value() == "Glow facial"
    page.get_by_label("Hands-free time").fill("15")
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile(r"/setup/menu/[0-9a-f-]{36}/"))
    expect(page.get_by_role("heading", name="Glow facial")).to_be_visible()
    page.get_by_label("Priya Nair", exact=True).check()
    page.get_by_label("Priya Nair: Minutes").fill("45")
    page.get_by_role("button", name="Save who does it").click()
    expect(page.get_by_label("Priya Nair: Minutes")).to_have_value("45")
    assert_accessible(page)
    page.goto("/setup/locations/")
    page.get_by_role("link", name="Oakland", exact=True).click()
    page.get_by_role("link", name="Change opening hours").click()
    page.get_by_label("Sunday, from").fill("10:00")
    page.get_by_label("Sunday, until").fill("13:00")
    page.get_by_label("Sunday, part 2, from").fill("14:00")
    page.get_by_label("Sunday, part 2, until").fill("16:00")
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("10:00–13:00, 14:00–16:00")).to_be_visible()
    assert_fits(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_setup_is_accessible_and_fits(sign_in, assert_accessible, assert_fits, scheme):
    page = sign_in("manager", color_scheme=scheme)
    page.goto("/setup/practice/")
    places = page.locator("nav.tabs a").evaluate_all("links => links.map(link => link.href)")
    assert len(places) == 8
    for list_url, first in (
        ("/setup/locations/", "main .card h2 a"), ("/setup/team/", "tbody a.who"), ("/setup/menu/", "tbody a.name"),
        ("/setup/closures/", "tbody a"),
    ):  # fmt: skip
        page.goto(list_url)
        found = page.locator(first)
        if found.count():
            places.append(found.first.evaluate("link => link.href"))
    places += [place + "hours/" for place in places if re.search(r"/locations/[0-9a-f-]{36}/$", place)]
    places += [
        f"/setup/guide/{step}/"
        for step in ("practice", "hours", "services", "team", "laws", "safety", "finish")
    ]
    for place in places:
        page.goto(place)
        assert_accessible(page)
        assert_fits(page)
