"""A day in the clinic, by keyboard and by phone: what staff do, and what they must not see."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import expect

EVERYONE = ("owner", "practitioner", "front_desk")


def first_card(page):
    """Open the first card of the list."""
    page.goto("/clients/")
    page.locator("tbody a.who").first.click()
    page.wait_for_url(re.compile(r"/clients/[0-9a-f-]{36}/$"))
    return page.url


def tabs(page):
    """Return the addresses of the card's tabs."""
    return page.locator("nav.tabs a").evaluate_all("links => links.map(link => link.href)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("role", EVERYONE)
def test_every_page_is_accessible_and_fits(sign_in, assert_accessible, assert_fits, role, scheme):
    page = sign_in(role, color_scheme=scheme)
    places = page.locator("nav a").evaluate_all("links => links.map(link => link.href)")
    first_card(page)
    for url in dict.fromkeys([*places, "/account/", "/clients/new/", page.url, *tabs(page)]):
        page.goto(url)
        assert_accessible(page)
        assert_fits(page)


def test_a_nurse_finds_a_client_by_a_misspelt_name_and_signs_a_note_by_keyboard_alone(sign_in, served):
    page = sign_in("practitioner")
    page.goto("/clients/")
    name = page.locator("tbody a.who b").first.inner_text()
    page.goto("/")
    page.keyboard.press("/")
    # The family name with two letters swapped: one typing error.
    word = max(name.split(), key=len)
    page.keyboard.type(word[:2] + word[3] + word[2] + word[4:] if len(word) > 4 else word)
    option = page.get_by_role("option").filter(has_text=name).first
    expect(option).to_be_visible()
    while page.locator("[role=option][aria-selected=true]").filter(has_text=name).count() == 0:
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/clients/[0-9a-f-]{36}/$"))
    assert word not in page.title()
    page.goto(page.url + "notes/")
    page.locator("main form button[type=submit], main form button:not([type])").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/notes/[0-9a-f-]{36}/$"))
    area = page.locator("textarea").first
    area.focus()
    page.keyboard.type("Skin calm, no swelling. Sunscreen discussed.")
    expect(page.locator("[data-draft-status]")).to_contain_text("Draft kept", timeout=20_000)
    for tick in page.locator("form#note input[type=checkbox]").all():
        tick.check()
    page.get_by_role("button", name="Sign note").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Signed").first).to_be_visible()
    expect(page.get_by_text("Skin calm, no swelling. Sunscreen discussed.").first).to_be_visible()
    assert page.get_by_role("link", name="Amend").or_(page.get_by_role("button", name="Amend")).count()
    assert page.locator("textarea[name^=body], textarea[name^=section]").count() == 0
    served.alcove("audit", "verify")


def test_front_desk_sees_the_card_and_nothing_clinical(sign_in):
    nurse = sign_in("practitioner")
    url = first_card(nurse)
    nurse.goto(url + "chart/")
    words = [text for text in nurse.locator("main .card b").all_inner_texts() if len(text) > 6]
    desk = sign_in("front_desk")
    desk.goto(url)
    shown = desk.content()
    assert not [word for word in words if word in shown]
    assert not desk.locator("nav.tabs a", has_text="Chart").count()
    answer = desk.goto(url + "chart/")
    assert answer.status == 403
    expect(desk.get_by_role("heading", name="This is not open to you")).to_be_visible()


def test_a_right_that_is_unticked_is_gone_at_the_next_click(sign_in):
    owner, desk = sign_in("owner"), sign_in("front_desk")
    desk.goto("/clients/")
    owner.goto("/setup/roles/")
    owner.get_by_role("link", name="Front desk").click()
    box = owner.locator("input[value='clients.create']")
    box.uncheck()
    owner.get_by_role("button", name="Save rights").click()
    expect(owner.locator("input[value='clients.create']")).not_to_be_checked()
    assert desk.goto("/clients/new/").status == 403
    owner.locator("input[value='clients.create']").check()
    owner.get_by_role("button", name="Save rights").click()
    expect(owner.locator("input[value='clients.create']")).to_be_checked()
    assert desk.goto("/clients/new/").status == 200


def test_a_locked_screen_holds_nothing_of_the_client(sign_in):
    page = sign_in("practitioner")
    first_card(page)
    name = page.locator("h1").inner_text()
    page.keyboard.press("Control+Alt+l")
    page.wait_for_url("**/locked/**")
    assert name not in page.content()
    page.go_back()
    page.wait_for_url("**/locked/**")
    assert name not in page.content()
    kept = page.evaluate("JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])")
    assert name not in kept


def test_the_privacy_screen_covers_the_page(sign_in):
    page = sign_in("practitioner")
    first_card(page)
    heading = page.locator("h1")
    page.get_by_role("button", name="Privacy screen").click()
    expect(page.locator("main")).not_to_be_visible()
    page.get_by_role("button", name="Show the page").click()
    expect(heading).to_be_visible()


def test_a_joiner_comes_in_by_link_password_and_authenticator(sign_in, new_context):
    owner = sign_in("owner")
    owner.goto("/setup/people/new/")
    owner.get_by_label("Name").first.fill("Nova Joiner")
    owner.get_by_label("E-mail").fill("nova.joiner@juniper.example")
    owner.get_by_label("Marketing").check()
    owner.get_by_role("button", name="Add", exact=True).click()
    link = re.search(r"/set-up/\S+/", owner.locator("p.code").inner_text())[0]
    page = new_context().new_page()
    page.goto(link)
    page.locator("input[type=password]").fill("short")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_text("at least 15 characters").first).to_be_visible()
    page.locator("input[type=password]").fill("four quiet otters nap")
    page.get_by_role("button", name="Save and continue").click()
    page.locator("details summary").click()
    secret = page.locator("details .code").inner_text().replace(" ", "")
    page.locator("input[name=code]").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Confirm and sign in").click()
    assert page.locator("ul.codes li").count() == 10
    page.get_by_role("link", name="I have kept them").click()
    # The person is known now; this browser is not, and keeps a key that nobody can copy.
    expect(page.get_by_role("heading", name="No access yet")).to_be_visible()
    assert page.goto("/clients/").url.endswith("/device/")
    owner.goto("/setup/devices/")
    owner.locator("li", has_text="Nova Joiner").get_by_role("link", name="Decide").click()
    owner.get_by_label("Name").fill("Marketing corner")
    owner.get_by_role("button", name="Approve").click()
    expect(owner.get_by_role("link", name="Marketing corner")).to_be_visible()
    expect(page.get_by_role("heading", name="No access yet")).not_to_be_visible(timeout=20_000)
    # Both factors and a known browser: in, but not to clients before somebody has checked who this is.
    assert page.goto("/account/").status == 200
    assert page.goto("/clients/").status == 403
    assert page.goto(link).status in (404, 410) or page.get_by_text("used already").count()


def test_bad_input_stands_beside_its_field_and_nothing_typed_is_lost(sign_in, assert_accessible):
    page = sign_in("front_desk")
    page.goto("/clients/new/")
    page.get_by_label("First name").or_(page.get_by_label("Given name")).first.fill("Ada <b>")
    page.locator("input[name=born]").fill("2999-01-01")
    page.locator("main form button.btn-p").first.click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    assert page.locator("input[name=given]").input_value() == "Ada <b>"
    assert_accessible(page)
