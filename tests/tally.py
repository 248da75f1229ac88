"""A pytest plugin (``-p tests.tally``): leaves what was counted where ``tests.run`` reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

COUNTED = ("failed", "passed", "skipped", "xfailed", "xpassed", "rerun", "warnings", "error")
"""Kinds of outcome in the order of pytest's closing line; ``rerun``: failed once, see ``tests.run.second_look``."""
FAILED = ("failed", "error")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write how many tests ended how, and which of them failed, as JSON."""
    stats, root = terminalreporter.stats, terminalreporter.config.rootpath
    counts = {kind: len(stats.get(kind, [])) for kind in COUNTED}
    names = [report.nodeid.partition("::") for kind in FAILED for report in stats.get(kind, [])]
    ids = sorted({f"{root / file}{mark}{rest}" for file, mark, rest in names})
    said = {"counts": counts, "failed": ids}
    Path(os.environ["ALCOVE_TEST_TALLY"]).write_text(json.dumps(said), "utf-8")


def closing_words(counts: dict[str, int]) -> str:
    """Return the counts as pytest's closing line says them."""
    plural = {"warnings": "warning", "error": "error"}
    words = [
        f"{number} {plural[kind] + ('s' if number > 1 else '') if kind in plural else kind}"
        for kind, number in counts.items()
        if number
    ]
    return ", ".join(words) or "no tests ran"
