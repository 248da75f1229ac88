"""The releases page in a browser: an owner reads what is newer and takes the bill of materials along."""

from __future__ import annotations

import json


def test_an_owner_reads_what_is_newer_and_takes_the_bill_of_materials(
    sign_in, assert_accessible, assert_fits
):
    page = sign_in("owner")
    page.goto("/setup/releases/")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_text("Security release").first.wait_for()
    page.get_by_text("DEMO-0001").wait_for()
    with page.expect_download() as given:
        page.get_by_role("link", name="Bill of materials").click()
    assert json.loads(given.value.path().read_text("utf-8"))["bomFormat"] == "CycloneDX"
