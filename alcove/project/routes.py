"""Prints ``routes.txt``: every URL, method and right. A change of access is then a line in a diff.

``python -m alcove.project.routes`` writes the file, ``--check`` fails when it is stale.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alcove.project.settings")

import django

django.setup()

from alcove.security.access.checks import routes  # noqa: E402 - after Django is set up

FILE = Path(__file__).resolve().parents[2] / "routes.txt"
HEADER = """\
# Every URL of Alcove, each method with the right it needs. Written by "make routes", checked by "make check".
# public and signed need no sign-in and say why; a lookup is a POST that only reads, because what is looked for
# may not stand in a URL; "opens" unwraps that client's keys for the request and writes the entry first.
"""
COLUMNS = ("url", "method", "right", "remark")


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield (URL pattern, method, right, remark); a route without a guard is shown as UNGUARDED."""
    for pattern, _, view in routes():
        guard = getattr(view, "guard", None)
        if guard is None:
            yield pattern, "*", "UNGUARDED", ""
            continue
        for method, right, remark in guard.lines():
            yield pattern, method, right, remark


def text() -> str:
    """Return the whole file: sorted, in aligned columns, the same for the same program."""
    lines = [COLUMNS, *sorted(set(rows()))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    table = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return HEADER + "\n" + "\n".join(table) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` say whether it is what the program does."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("Usage: python -m alcove.project.routes [--check]\n")
        return 2
    now = text()
    if not arguments:
        FILE.write_text(now, "utf-8")
        sys.stdout.write(f"{FILE.name}: {len(now.splitlines()) - len(HEADER.splitlines()) - 2} lines\n")
        return 0
    if not FILE.exists() or FILE.read_text("utf-8") != now:
        sys.stderr.write(
            "routes.txt is not what the program does: run 'make routes' and look at the difference.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
