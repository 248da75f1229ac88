"""A pytest plugin (``-p tests.tally``): leaves what was counted where ``tests.run`` reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

COUNTED = ("failed", "passed", "skipped", "xfailed", "xpassed", "warnings", "error")
"""Kinds of outcome in the order of pytest's closing line."""


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write how many tests ended how, as JSON."""
    counts = {kind: len(terminalreporter.stats.get(kind, [])) for kind in COUNTED}
    Path(os.environ["ALCOVE_TEST_TALLY"]).write_text(json.dumps(counts), "utf-8")


def closing_words(counts: dict[str, int]) -> str:
    """Return the counts as pytest's closing line says them."""
    plural = {"warnings": "warning", "error": "error"}
    words = [
        f"{number} {plural[kind] + ('s' if number > 1 else '') if kind in plural else kind}"
        for kind, number in counts.items()
        if number
    ]
    return ", ".join(words) or "no tests ran"
