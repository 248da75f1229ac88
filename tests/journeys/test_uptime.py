"""Uptime in a browser: an owner adds a probe, the downloaded program runs beside, and the probe is seen to measure."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

SLOW = 60_000
"""Milliseconds until the program has started, tried and told."""


@contextmanager
def running(folder, served):
    """The program as a machine at a location would run it, until the block ends; yields what it has said so far."""
    said = folder / "said"
    with said.open("wb") as words:
        program = subprocess.Popen(
            [sys.executable, "alcove-probe.py", "--server", served.origin, "--token-file", "probe-token",
             "--ca", str(served.home / "tls" / "cert.pem"), "--every", "15"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=words, stderr=words,
        )  # fmt: skip
    try:
        yield lambda: said.read_text("utf-8")
    finally:
        program.terminate()
        program.wait(30)


def take_token(page, folder):
    """Write the token that the page shows into the machine's file."""
    expect(page.get_by_text("The token is shown only now.")).to_be_visible()
    (folder / "probe-token").write_text(page.locator("#secret").inner_text().strip())


def test_a_probe_is_added_measures_and_is_ended(sign_in, assert_accessible, assert_fits, served, tmp_path):
    page = sign_in("owner")
    page.goto("/compliance/uptime/probes/")
    page.get_by_role("link", name="Probe", exact=True).click()
    page.get_by_label("Where it looks from").select_option(index=1)
    page.get_by_role("button", name="Add", exact=True).click()
    # Nothing typed is lost, and the sentence stands beside the field.
    expect(page.get_by_text("Write what tells it from the others.").first).to_be_visible()
    expect(page.get_by_label("Where it looks from")).not_to_have_value("")
    assert_accessible(page)
    page.get_by_label("Name").fill("Box at the back door")
    page.get_by_role("button", name="Add", exact=True).click()
    take_token(page, tmp_path)
    assert_accessible(page)
    assert_fits(page)
    with page.expect_download() as loading:
        page.get_by_role("link", name="alcove-probe.py").click()
    loading.value.save_as(tmp_path / "alcove-probe.py")

    page.get_by_role("link", name="Done").click()
    row = page.get_by_role("row").filter(has_text="Box at the back door")
    expect(row.get_by_text("Waiting")).to_be_visible()
    with running(tmp_path, served) as said:

        def measures():
            page.reload()
            return row.get_by_text("Measures").count() == 1

        wait_for(page, measures, said)
    assert_accessible(page)
    assert_fits(page)

    # Another token: the machine that has the old one opens nothing and says what to do.
    row.get_by_role("link", name="Box at the back door").click()
    assert_accessible(page)
    page.get_by_role("button", name="Renew the token").click()
    expect(page.get_by_text("The token is shown only now.")).to_be_visible()
    with running(tmp_path, served) as said:
        wait_for(page, lambda: "does not know this token" in said(), said)
    take_token(page, tmp_path)

    page.goto("/compliance/uptime/probes/")
    row.get_by_role("link", name="Box at the back door").click()
    page.get_by_role("button", name="End this probe").click()
    expect(row.get_by_text("Ended")).to_be_visible()


def wait_for(page, happened, said):
    """Wait until something happened; fail with what the program said."""
    for _ in range(SLOW // 500):
        if happened():
            return
        page.wait_for_timeout(500)
    pytest.fail(f"It did not happen; the program said: {said()}", pytrace=False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(sign_in, assert_accessible, assert_fits, scheme):
    page = sign_in("officer", color_scheme=scheme)
    for path in ("", "probes/"):
        page.goto(f"/compliance/uptime/{path}")
        assert_accessible(page)
        assert_fits(page)
