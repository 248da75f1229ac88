"""Setting up a person, and every page about accounts, in a real browser."""

from __future__ import annotations

import os
from pathlib import Path

SHOTS = os.environ.get("ACCOUNT_SHOTS", "")


def shoot(page, name):
    """Keep pictures at three widths, where somebody asked for them."""
    for width in (390, 820, 1440) if SHOTS else ():
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_person_is_set_up_checked_reviewed_and_leaves(
    sign_in, new_context, served, assert_accessible, assert_fits
):
    owner = sign_in("owner")

    def looked_at(page, name):
        assert_accessible(page)
        assert_fits(page)
        shoot(page, name)

    owner.goto("/setup/people/")
    looked_at(owner, "people")
    owner.get_by_role("link", name="Add a person").click()
    looked_at(owner, "new-person")
    owner.get_by_label("Name", exact=True).fill("Nora Newcomer")
    owner.get_by_label("E-mail").fill("nora.newcomer@juniperskin.example")
    owner.get_by_label("Mobile phone").fill("+1 415 555 0188")
    owner.get_by_label("Practitioner", exact=True).check()
    owner.get_by_label("Registration number").fill("RN 4711")
    owner.get_by_label("Registered with").fill("California BRN")
    owner.get_by_role("button", name="Add", exact=True).click()
    assert owner.get_by_text("Their set-up link").is_visible()
    owner.get_by_role("link", name="Done").click()
    assert owner.get_by_text("You typed this account in. Ask a colleague.").is_visible()
    looked_at(owner, "person")
    url = owner.url
    manager = sign_in("manager")
    manager.goto(url)
    manager.get_by_label("Passport").check()
    manager.get_by_role("button", name="I have seen it").click()
    manager.get_by_role("button", name="I found it in the register").click()
    manager.get_by_role("button", name="Training is done").click()
    looked_at(manager, "person-checked")
    owner.goto(url)
    owner.get_by_role("link", name="Set when they leave").click()
    looked_at(owner, "leave")
    owner.get_by_role("button", name="Leaves now").click()
    assert owner.get_by_text("ended at that moment").is_visible()
    owner.goto("/setup/reviews/")
    if owner.get_by_role("button", name="Begin a review now").count():
        owner.get_by_role("button", name="Begin a review now").click()
    looked_at(owner, "reviews")
    owner.goto("/setup/roles/")
    owner.get_by_role("link", name="Front desk").click()
    looked_at(owner, "role")
    owner.goto("/account/agreement/")
    looked_at(owner, "agreement")
    stranger = new_context().new_page()
    stranger.goto("/recover/")
    looked_at(stranger, "recover")
    stranger.get_by_label("E-mail").fill("nobody@juniperskin.example")
    stranger.get_by_role("button", name="Send the link").click()
    assert stranger.get_by_text("Look into your mailbox").is_visible()
