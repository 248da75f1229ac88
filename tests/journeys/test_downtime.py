"""A downtime pack in a browser: downloaded, then opened from disk without a network, and not after two days."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect


def _passphrase(page: Page) -> str:
    page.goto("/downtime/")
    page.get_by_role("button", name="Make a new passphrase").click()
    return page.locator("#words").inner_text()


def _pack(page: Page, folder: Path) -> Path:
    """Wait until the worker has made the new packs and download the first."""
    page.get_by_role("link", name="I have printed it").click()
    button = page.get_by_role("button", name="Download the pack").first
    for _ in range(60):
        if button.is_visible():
            break
        page.wait_for_timeout(1000)
        page.reload()
    with page.expect_download() as begun:
        button.click()
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    return path


@pytest.mark.parametrize("width", [1440, 390])
def test_a_pack_opens_from_disk_by_its_passphrase_until_it_expires(
    sign_in, new_context, assert_accessible, assert_fits, tmp_path, width
):
    page = sign_in("manager")
    words = _passphrase(page)
    assert_accessible(page)
    assert_fits(page)
    path = _pack(page, tmp_path)
    assert_accessible(page)
    assert_fits(page)
    name = page.get_by_role("row").nth(1).get_by_role("rowheader").inner_text()
    context = new_context(offline=True, viewport={"width": width, "height": 900})
    away = context.new_page()
    away.goto(path.as_uri())
    field = away.get_by_label("Passphrase")
    field.fill("aaaaa-" + words[6:])
    away.get_by_role("button", name="Open").click()
    expect(away.get_by_text("does not open the pack")).to_be_visible()
    expect(field).to_have_value("aaaaa-" + words[6:])
    assert away.get_by_text("Who to call").count() == 0
    field.fill(words.upper().replace("-", " "))
    field.press("Enter")
    expect(away.locator("h1")).to_have_text(f"Downtime pack, {name}")
    expect(away.get_by_role("heading", name="Treatment note")).to_be_attached()
    # On two days shut in a row nothing is booked.
    expect(away.locator(".day")).to_have_count(2)
    expect(away.locator(".visits li, .day > p").first).to_be_visible()
    assert_accessible(away)
    assert_fits(away)
    for moved, sentence in (
        (timedelta(hours=48), "This pack expired"),
        (timedelta(hours=-2), "before this pack was made"),
    ):
        late = context.new_page()
        late.clock.install(time=timezone.now() + moved)
        late.goto(path.as_uri())
        expect(late.get_by_text(re.compile(sentence))).to_be_visible()
        expect(late.get_by_label("Passphrase")).to_have_count(0)
