"""Journeys in a real browser: Debian's Chromium against ``alcove serve`` with a demo practice, over HTTPS.

``sign_in("front_desk")`` returns a page of that role's own browser profile. Whatever a page does wrong on the way (a breach of
the Content-Security-Policy, a script error, a missing file, a 500) fails the test at its end without being asked for.
``assert_accessible(page)`` finds nothing wrong by axe; ``assert_fits(page)`` finds nothing wider than the window.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Response, expect

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium")
CLIENTS = 40
PATIENCE = 120
"""Seconds until a busy machine has the server up."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (390, 820, 1440)
"""Pixels: a phone, a tablet, a desk."""
DESK = {"width": 1440, "height": 900}
SLOW = 30_000
"""Milliseconds in which a page shows what is expected of it: journeys say what happens, not how fast on a busy machine."""
expect.set_options(timeout=SLOW)
WATCH = """
document.addEventListener("securitypolicyviolation", event =>
  window.alcoveBreach(`${event.violatedDirective}: ${event.blockedURI} ${event.sample} at ${location.pathname}`));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip("there is no Chromium here; on Debian: apt-get install chromium")
                )


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args | {
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync",
        ],
    }  # fmt: skip


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], served: Served) -> dict[str, Any]:
    return browser_context_args | {
        "ignore_https_errors": True,
        "base_url": served.origin,
        "locale": "en-US",
        "timezone_id": "America/Los_Angeles",
    }


# The practice -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Served:
    """A running practice of invented people: its home, its origin, and how to run a verb of the command beside it."""

    home: Path
    port: int

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ALCOVE_")}
        return clean | {
            "ALCOVE_HOME": str(self.home),
            "ALCOVE_BIND": f"127.0.0.1:{self.port}",
            "ALCOVE_WEB_PROCESSES": "1",
        }

    def alcove(self, *words: str) -> str:
        """Run ``alcove`` with these words; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", "from alcove.project.cli import main; raise SystemExit(main())", *words],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"alcove {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def begin(self, module: str, *words: str) -> subprocess.Popen[str]:
        """Start a module of the journeys in this home; ``said`` waits for what it prints."""
        return subprocess.Popen(
            [sys.executable, "-m", f"tests.journeys.{module}", *words], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def said(self, begun: subprocess.Popen[str]) -> str:
        """Wait for a module of the journeys; return the last word it printed."""
        out, err = begun.communicate(timeout=PATIENCE * 2)
        assert begun.returncode == 0, err[-2000:]
        return out.split()[-1]

    def beside(self, module: str, *words: str) -> str:
        """Run a module of the journeys in this home; return the last word it prints."""
        return self.said(self.begin(module, *words))

    def link(self, role: str) -> str:
        """Return a one-time sign-in link for a demo person of this role."""
        found = re.search(r"/demo/[^\s\"]+", self.alcove("demo", "link", "--role", role))
        assert found, "the command printed no link"
        return self.origin + found[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(place: Served, server: subprocess.Popen[bytes], log: Path) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{place.origin}/health/ready", context=trusting, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None or time.monotonic() > until:
                pytest.fail(f"alcove serve did not start: {log.read_text('utf-8', 'replace')}", pytrace=False)
            time.sleep(0.2)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A demo practice behind ``alcove serve``, the same program that a clinic runs."""
    folder = tmp_path_factory.mktemp("journeys")
    place, log = Served(folder / "home", _free_port()), folder / "serve.log"
    place.alcove("demo", "load", "--clients", str(CLIENTS), "--seed", "7")
    with log.open("wb") as words:
        server = subprocess.Popen(
            [sys.executable, "-c", "from alcove.project.cli import main; raise SystemExit(main())", "serve"],
            env=place.environment, stdin=subprocess.DEVNULL, stdout=words, stderr=words,
        )  # fmt: skip
    try:
        _wait_until_ready(place, server, log)
        yield place
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


# What is watched ----------------------------------------------------------------------------------------------------


@dataclass
class Watch:
    """What went wrong in the pages of one test. A test that provokes a fault takes it out with ``expect``."""

    faults: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of a browser profile."""
        context.expose_binding("alcoveBreach", lambda _source, words: self.faults.append(f"policy: {words}"))
        context.add_init_script(WATCH)
        context.on("weberror", lambda found: self.faults.append(f"script: {found.error}"))
        context.on("console", self._console)
        context.on("response", self._response)

    def _console(self, message: Any) -> None:
        # A refused form (422) or a page of another's (404) is no fault of the page; missing files are seen below.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _response(self, answer: Response) -> None:
        is_part = answer.request.resource_type in {
            "script",
            "stylesheet",
            "font",
            "image",
            "manifest",
            "media",
        }
        if answer.status >= 500 or (is_part and answer.status >= 400):
            self.faults.append(f"answer: {answer.status} {answer.url}")

    def expect(self, words: str) -> None:
        """Take out faults that contain these words; there must be one."""
        assert any(words in fault for fault in self.faults), f"no fault says {words!r}: {self.faults}"
        self.faults = [fault for fault in self.faults if words not in fault]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What is noticed in this test's pages; whatever is left at the end fails the test."""
    noticed = Watch()
    yield noticed
    assert noticed.faults == []


@pytest.fixture
def new_context(new_context: Any, watch: Watch) -> Callable[..., BrowserContext]:
    """A new browser profile, watched; a desk's window unless ``viewport`` says another."""

    def made(**options: Any) -> BrowserContext:
        context: BrowserContext = new_context(**{"viewport": DESK} | options)
        watch.over(context)
        return context

    return made


@pytest.fixture
def context(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    """This test's first browser profile, watched."""
    return new_context()


@pytest.fixture
def sign_in(served: Served, new_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """``sign_in("practitioner")`` returns a page where someone of that role has just come in, in a profile of its own."""

    def come_in(role: str, **options: Any) -> Page:
        page = new_context(**options).new_page()
        page.goto(served.link(role))
        page.wait_for_url("**/")
        return page

    return come_in


# What is asked of every page ----------------------------------------------------------------------------------------


def axe(page: Page) -> list[str]:
    """Return what axe finds wrong by WCAG 2.2 AA, one line for each place."""
    found = Axe().run(
        page, options={"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    )
    return [
        f"{page.url}: {fault['id']} ({fault['impact']}): {json.dumps(node['target'])} {node['html'][:160]}"
        for fault in found.response["violations"]
        for node in fault["nodes"]
    ]


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Fail if axe finds anything."""

    def check(page: Page) -> None:
        assert axe(page) == []

    return check


@pytest.fixture
def assert_fits() -> Callable[[Page], None]:
    """Fail if a page is wider than its window at any of the three widths."""

    def check(page: Page) -> None:
        before = page.viewport_size
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.scrollingElement.scrollWidth")
            assert wide <= width, f"{page.url} is {wide} wide in a window of {width}"
        if before:
            page.set_viewport_size(before)

    return check
