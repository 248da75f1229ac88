"""The ground of all journeys: pages are watched, and the watch sees what is planted."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import axe


def test_the_sign_in_page_is_clean(page, assert_accessible, assert_fits):
    page.goto("/sign-in/")
    assert page.title()
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.parametrize("role", ["owner", "practitioner", "front_desk"])
def test_a_role_comes_in_by_its_link(sign_in, assert_accessible, assert_fits, role):
    page = sign_in(role)
    assert page.get_by_role("main").is_visible()
    assert_accessible(page)
    assert_fits(page)


def test_the_watch_sees_a_breach_of_the_content_policy(page, watch):
    page.goto("/sign-in/")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("new Promise(done => setTimeout(done, 100))")
    watch.expect("style-src")
    watch.faults.clear()


def test_the_watch_sees_markup_that_is_not_trusted(page, watch):
    page.goto("/sign-in/")
    page.evaluate("setTimeout(() => { document.body.innerHTML = '<img src=x>' })")
    page.evaluate("new Promise(done => setTimeout(done, 100))")
    watch.expect("trusted-types")
    watch.faults.clear()


def test_the_watch_sees_a_script_that_fails(page, watch):
    page.goto("/sign-in/")
    page.evaluate("setTimeout(() => { throw new Error('planted') })")
    page.evaluate("new Promise(done => setTimeout(done, 100))")
    watch.expect("planted")
    watch.faults.clear()


def test_the_watch_sees_a_file_that_is_missing(page, watch):
    page.goto("/sign-in/")
    page.evaluate("document.body.append(Object.assign(new Image(), {src: '/static/planted.png', alt: ''}))")
    page.wait_for_load_state("networkidle")
    watch.expect("404")


def test_axe_sees_a_picture_without_words(page):
    page.goto("/sign-in/")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert any("image-alt" in fault for fault in axe(page))
