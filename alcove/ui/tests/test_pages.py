"""The shell and the error pages keep the policy: no inline script or style, no person in a title."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.template.backends.django import DjangoTemplates
from django.test import RequestFactory
from django.utils import timezone

ROOT = Path(__file__).resolve().parent.parent
ENGINE = DjangoTemplates({"NAME": "ui-pages", "DIRS": [], "APP_DIRS": True, "OPTIONS": {}})
SHELL = {
    "practice_name": "Example practice",
    "is_demo": True,
    "person": {"name": "Ada Example", "initials": "AE", "role_title": "Owner"},
    "nav": [
        {
            "title": "Today",
            "items": [{"name": "Board", "url": "/", "icon": "lock", "current": True, "count": 3}],
        }
    ],
    "search_url": "/search/",
    "search_hint": "Find",
    "lock_url": "/lock/",
    "sign_out_url": "/out/",
    "account_url": "/account/",
    "notice": "Moved.",
    "undo_url": "/undo/",
    "report_code": "AB-12",
    "printed_by": "Ada Example",
    "idle_seconds": 900,
}
MAY_KEEP = {"preferences.js": {"localStorage"}, "early.js": {"localStorage"}, "device.js": {"indexedDB"}}
CODES = (400, 403, 404, 405, 409, 413, 422, 429, 500, 503)


@pytest.fixture(autouse=True)
def _plain_names(settings: Any) -> None:
    """Static files without hashes, so no build step is needed."""
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def draw(name: str, **context: Any) -> str:
    return str(ENGINE.get_template(name).render(context, RequestFactory().get("/somewhere/")))


def assert_keeps_the_policy(html: str) -> None:
    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", html)
    assert " style=" not in html and "<style" not in html
    assert not re.search(r"\son[a-z]+=", html)
    assert "javascript:" not in html and "hx-on" not in html


def test_shell(settings: Any) -> None:
    html = draw("ui/base.html", shell=SHELL)
    assert_keeps_the_policy(html)
    title = re.search(r"<title>(.*?)</title>", html)
    assert title and "Ada" not in title[1]
    assert 'data-idle-seconds="900"' in html and "Demo." in html
    assert html.index("trusted-types.js") < html.index("htmx-2.min.js") < html.index("app.js")
    assert html.count('id="main"') == 1 and 'method="post" action="/search/"' in html


def test_ids_are_unique() -> None:
    ids = re.findall(r'\sid="([^"]+)"', draw("ui/base.html", shell=SHELL))
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("page", ["ui/base.html", "ui/bare.html"])
def test_pages_need_no_shell(page: str) -> None:
    html = draw(page)
    assert_keeps_the_policy(html)
    assert "Demo." not in html


def test_demo_is_said_on_bare_pages() -> None:
    assert "Demo." in draw("ui/bare.html", shell={"is_demo": True})


@pytest.mark.parametrize("code", CODES)
def test_error_pages(code: int) -> None:
    html = draw(f"ui/errors/{code}.html", code="AB-12")
    assert_keeps_the_policy(html)
    assert "AB-12" in html and "<h1>" in html


@pytest.mark.parametrize("code", [code for code in CODES if code != 500])
def test_error_parts_for_htmx(code: int) -> None:
    html = draw(f"ui/errors/{code}.html", code="AB-12", layout="ui/part.html")
    assert "<html" not in html and "<script" not in html and "AB-12" in html


def test_htmx_is_tamed() -> None:
    found = re.search(r"name=\"htmx-config\" content='([^']+)'", draw("ui/base.html"))
    assert found
    config = json.loads(found[1])
    assert config["allowEval"] is config["allowScriptTags"] is config["includeIndicatorStyles"] is False
    assert config["selfRequestsOnly"] is True and config["historyCacheSize"] == 0


def test_our_scripts_use_no_dangerous_sink() -> None:
    sinks = re.compile(
        r"\.innerHTML|\.outerHTML|insertAdjacentHTML\(|document\.write|\beval\(|new Function|cssText"
    )
    for script in (ROOT / "static/ui/js").glob("*.js"):
        text = script.read_text()
        assert not sinks.search(text), script.name
        kept = set(re.findall(r"localStorage|sessionStorage|indexedDB", text))
        assert kept <= MAY_KEEP.get(script.name, set()), script.name


def test_no_script_can_read_the_key_a_browser_keeps() -> None:
    made = re.findall(r"generateKey\(\w+, (\w+),", (ROOT / "static/ui/js/device.js").read_text())
    assert made == ["false"]


def test_style_sheet_names_colours_only_in_the_tokens() -> None:
    css = (ROOT / "static/ui/css/alcove.css").read_text()
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    after = css[css.index("@layer base {") : css.index("@media print {")]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", after.replace("#problem", "").replace("#notices", "")) == [
        "#fff"
    ]
    assert not re.search(r"(?<![-\w])(?:margin|padding|border)-(?:left|right)\b", css)


@pytest.mark.parametrize("page", ["ui/base.html", "ui/bare.html"])
def test_a_band_stays_in_view_while_something_is_in_force(page: str) -> None:
    until = timezone.now() + timedelta(minutes=40)
    band = {"words": "Emergency access is open.", "until": until, "post_url": "/end/", "button": "End now"}
    html = draw(page, shell={"band": band})
    assert_keeps_the_policy(html)
    assert html.index('class="pinned"') < html.index("Emergency access is open.") < html.index("<main")
    assert "End now" in html and "data-countdown=" in html and 'role="region"' in html
    assert 'class="stay' not in draw(page)


def test_a_question_can_be_a_page_of_its_own() -> None:
    ask = {
        "title": "Is it lost?",
        "sentence": "Its sessions end.",
        "verb": "Report as lost",
        "back": "/devices/",
    }
    html = draw("ui/confirm.html", ask=ask | {"danger": True}, csrf_token="tok")
    assert_keeps_the_policy(html)
    assert '<form method="post"' in html and "Report as lost" in html and 'href="/devices/"' in html
    assert "Is it lost?" not in html[: html.index("</title>")]
