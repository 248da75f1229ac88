"""Tasks in a browser: added in one line, ticked, talked about, finished and taken back; My day; by keyboard and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect


def _add(page: Page, title: str) -> None:
    page.goto("/tasks/")
    page.get_by_label("What is to be done").fill(title)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Who does it")).to_be_focused()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("The task is added.")).to_be_visible()


def test_a_task_is_added_worked_on_and_finished(sign_in, assert_accessible, assert_fits):
    page = sign_in("front_desk")
    _add(page, "Ring the plumber")
    page.get_by_role("link", name="Ring the plumber").click()
    for step in ("Find the number", "Agree on a day"):
        page.get_by_label("Add a step").fill(step)
        page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Tick: Find the number").press("Enter")
    expect(page.get_by_text("1 of 2")).to_be_visible()
    page.get_by_label("Add a comment").fill("He comes on Tuesday.")
    page.get_by_role("button", name="Add the comment").click()
    expect(page.get_by_text("He comes on Tuesday.")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name="Done", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Done", exact=True)).to_be_visible()
    page.goto("/tasks/")
    page.get_by_role("button", name="Done: Ring the plumber").click()
    expect(page.get_by_text("One task is done.")).to_be_visible()
    expect(page.get_by_role("link", name="Ring the plumber")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Ring the plumber")).to_be_visible()


def test_a_wrong_entry_keeps_what_was_typed(sign_in, assert_accessible):
    page = sign_in("front_desk")
    page.goto("/tasks/new/")
    page.get_by_label("What is to be done").fill("Count the towels")
    page.get_by_label("Repeat every").fill("2")
    page.get_by_role("button", name="Add the task").click()
    # The list of faults on top and the field itself both say so.
    expect(page.get_by_text("Say on which day it is due first.").first).to_be_visible()
    expect(page.get_by_label("What is to be done")).to_have_value("Count the towels")
    assert_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_tasks_is_accessible_and_fits(sign_in, assert_accessible, assert_fits, scheme):
    page = sign_in("manager", color_scheme=scheme)
    page.goto("/clients/")
    card = page.locator("tbody a.who").first.get_attribute("href")
    page.goto("/tasks/?show=all")
    one = page.locator("a.name").first.get_attribute("href")
    places = [
        "/tasks/",
        "/tasks/?show=all",
        "/tasks/?show=all&state=ended",
        "/tasks/new/",
        "/tasks/team/",
        "/my-day/",
    ]
    for place in [*places, one, f"{one}edit/", f"{card}tasks/", f"{card}tasks/new/"]:
        page.goto(place)
        expect(page.locator("h1")).to_be_visible()
        assert_accessible(page)
        assert_fits(page)
