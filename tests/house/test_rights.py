"""A right keeps its meaning for as long as it keeps its name: ticks are stored by name (ACC-12).

``rights.txt`` holds every right there ever was, with what it lets one do, or ``(gone)``. A right that comes to mean
something else gets a new name, so that the old tick counts as none; the name of a right that is gone is never taken
again, so that no old tick comes back to life.
"""

from __future__ import annotations

import json
import subprocess
import sys

from alcove.security.access.policy import known
from tests.house.rules import ROOT

FILE = ROOT / "tests" / "house" / "rights.txt"
GONE = "(gone)"


def ever() -> dict[str, str]:
    """Return every right there ever was, by name."""
    return dict(line.split("  ", 1) for line in FILE.read_text("utf-8").splitlines() if line)


def faults(declared: dict[str, str], listed: dict[str, str]) -> list[str]:
    """Return what does not hold, in words that say what to do."""
    found = []
    for key, meaning in declared.items():
        if key not in listed:
            found.append(f"{key} is new: add the line '{key}  {meaning}'")
        elif listed[key] == GONE:
            found.append(f"{key} was a right before: an old tick would come back to life; take another name")
        elif listed[key] != meaning:
            found.append(
                f"{key} reads otherwise: does it still mean the same? Then change its line; else rename it"
            )
    return found + [
        f"{key} is gone: write '{key}  {GONE}', and never use the name again"
        for key, meaning in listed.items()
        if key not in declared and meaning != GONE
    ]


def test_every_right_means_what_it_always_meant():
    declared = {
        key: permission.value.meaning
        for key, permission in known().items()
        if type(permission).__module__.endswith(".policy")  # not those that tests declare
    }
    assert faults(declared, ever()) == []


def test_a_changed_a_returned_a_new_and_a_forgotten_right_are_found():
    listed = {"a.view": "See a", "b.view": GONE, "c.view": "See c"}
    declared = {"a.view": "See everything", "b.view": "See b", "d.view": "See d"}
    assert [fault.split()[0] for fault in faults(declared, listed)] == [
        "a.view",
        "b.view",
        "d.view",
        "c.view",
    ]


def test_every_process_knows_every_right_whatever_it_happened_to_import():
    # A worker or a web process that did not import an area's policy would take that area's ticks for none.
    program = (
        "import django; django.setup(); from alcove.security.access.policy import counting; import sys, json;"
        "print(json.dumps(sorted(counting(json.load(sys.stdin)))))"
    )
    keys = sorted(key for key, meaning in ever().items() if meaning != GONE)
    told = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(keys), capture_output=True, text=True, check=True, cwd=ROOT
    )  # fmt: skip
    assert json.loads(told.stdout) == keys
