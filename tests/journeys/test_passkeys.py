"""Passkeys in a real browser with an authenticator that Chromium itself plays: one press in, one press back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

IN = re.compile(r"https://[^/]+/$")


@pytest.fixture
def authenticator():
    """Give a page's browser an authenticator inside the machine that checks its holder; return how to steer it."""

    def give(page, *, autofill=False, **over):
        if not autofill:
            # This authenticator picks from a list by itself, so that a press would come too late.
            page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
        steering = page.context.new_cdp_session(page)
        steering.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = steering.send("WebAuthn.addVirtualAuthenticator", {"options": options | over})
        return steering, made["authenticatorId"]

    return give


def credentials(steering, number):
    return steering.send("WebAuthn.getCredentials", {"authenticatorId": number})["credentials"]


def add_passkey(page, name="This laptop"):
    page.goto("/account/passkeys/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url("**/account/passkeys/**done=saved")
    expect(page.get_by_text(name).first).to_be_visible()


def sign_out(page):
    page.goto("/account/")
    page.evaluate("document.querySelector('form[action=\"/sign-out/\"]').submit()")
    page.wait_for_url("**/sign-in/")


def test_a_passkey_is_made_used_and_removed(sign_in, authenticator, assert_accessible, assert_fits):
    page = sign_in("owner")
    steering, number = authenticator(page)
    add_passkey(page)
    (held,) = credentials(steering, number)
    assert held["isResidentCredential"]
    assert held["rpId"] == "localhost"
    assert_accessible(page)
    assert_fits(page)
    # A second one on the same authenticator: it says so in a sentence, and nothing is sent.
    page.goto("/account/passkeys/new/")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.locator("[data-passkey-problem]")).to_contain_text("has a passkey for your account already")
    assert_accessible(page)
    # Out, and in again by one press.
    sign_out(page)
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(IN)
    expect(page.get_by_role("main")).to_be_visible()
    # Locked, and back by one press.
    page.evaluate("document.querySelector('form[data-lock]').submit()")
    page.wait_for_url("**/locked/**")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name="Unlock with your passkey").click()
    page.wait_for_url(IN)
    # The last passkey of an owner stays; with a second one the first can go.
    page.goto("/account/passkeys/")
    page.get_by_role("button", name="Remove").first.click()
    expect(page.get_by_text("Add another one before you remove this")).to_be_visible()
    authenticator(page, transport="usb")
    add_passkey(page, "Blue key")
    page.get_by_role("button", name="Remove This laptop").click()
    page.wait_for_url("**/account/passkeys/**done=saved")
    expect(page.get_by_text("This laptop")).to_have_count(0)


def test_signing_in_by_passkey_takes_one_press_and_three_requests(sign_in, authenticator, new_context):
    page = sign_in("owner")
    authenticator(page)
    add_passkey(page)
    sign_out(page)
    # The first time, this browser makes its own key and is let in as an owner's; from then on it is known.
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(IN)
    page.goto("/setup/devices/")
    known = page.locator("tbody tr").count()
    sign_out(page)
    asked = []
    page.on("request", lambda one: "/static/" in one.url or asked.append(f"{one.method} {one.url}"))
    page.goto("/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(IN)
    expect(page.get_by_role("main")).to_be_visible()
    assert len(asked) == 3, asked
    page.goto("/setup/devices/")
    assert page.locator("tbody tr").count() == known


def test_a_passkey_is_offered_where_the_name_is_typed(sign_in, authenticator):
    page = sign_in("owner")
    authenticator(page, autofill=True)
    add_passkey(page, "From the list")
    page.goto("/account/")
    page.evaluate("document.querySelector('form[action=\"/sign-out/\"]').submit()")
    # The authenticator picks from the list under the field at once, as someone would who taps their name.
    page.wait_for_url(IN)
    page.goto("/account/")
    expect(page.get_by_text("by passkey").first).to_be_visible()


def test_a_cancelled_passkey_is_told_in_a_sentence_and_the_password_stays(
    page, authenticator, assert_accessible
):
    authenticator(page)
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill("someone@example.org")
    # Nothing on this authenticator is for here, so the browser refuses as it does when someone cancels.
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[data-passkey-problem]")).to_contain_text("Nothing was sent")
    expect(page.get_by_label("E-mail")).to_have_value("someone@example.org")
    assert_accessible(page)


def test_without_scripts_the_sign_in_page_offers_the_password(new_context):
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/sign-in/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    expect(page.get_by_role("button", name="Continue with password")).to_be_visible()
    # Playwright switches scripts off after the page was read for them, so the words for such browsers stay text.
    assert "Passkeys need JavaScript" in page.content()


def test_a_question_that_grew_old_is_asked_anew(sign_in, authenticator):
    page = sign_in("owner")
    authenticator(page)
    add_passkey(page, "Old and new")
    page.clock.install()
    page.goto("/account/passkeys/")
    sign_out(page)
    asked = []
    page.on("request", lambda one: asked.append(one.url))
    page.clock.fast_forward(6 * 60_000)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(IN)
    assert any(url.endswith("/sign-in/passkey/") for url in asked)


def test_a_patient_adds_a_passkey_and_comes_back_by_one_press(
    sign_in, new_context, authenticator, assert_accessible, assert_fits
):
    page = new_context().new_page()
    authenticator(page)
    page.goto("/portal/sign-in/")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_label("E-mail").fill("both.of.us@example.org")
    page.get_by_label("Password").fill("three quiet lanterns")
    page.get_by_role("button", name="Continue with password").click()
    page.get_by_role("button", name="Send a code by SMS").click()
    desk = sign_in("owner")
    desk.goto("/outbox/")
    code = re.search(r"\b(\d{6}) is your sign-in code", desk.locator("main").inner_text())[1]
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/portal/")
    page.get_by_role("link", name="Add one").click()
    assert_accessible(page)
    page.get_by_role("link", name="Add a passkey").click()
    assert_accessible(page)
    assert_fits(page)
    page.get_by_label("Name").fill("My phone")
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url("**/portal/passkeys/?done=saved")
    expect(page.get_by_text("My phone").first).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    page.goto("/portal/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/portal/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/portal/")
    expect(page.get_by_text("by passkey").first).to_be_visible()
    # The staff's door does not open by it.
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/portal/sign-in/")
    page.goto("/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[data-passkey-problem]")).to_contain_text("could not be used here")
