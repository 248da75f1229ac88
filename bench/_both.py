"""Runs a benchmark on SQLite, PostgreSQL or both, each in a process and a home of its own.

    if __name__ == "__main__":
        run(__doc__, measure, show)

``measure(options)`` is called in a fresh process in which the practice does not exist yet (``scratch.practice`` makes
it) and returns figures that JSON can hold; ``show(figures)`` prints them, in the parent. ``options.database`` says
which database it is, ``options.url`` where.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import scratch

Figures = dict[str, Any]
_SCHEDULED = Path("/proc/thread-self/schedstat")
KINDS = ("sqlite", "postgresql")


def clock_ms() -> float:
    """Milliseconds by the wall, less those in which this thread was ready to run and got no processor.

    On a machine that others use as well, long work is interrupted and short work is not, which spoils a ratio of the
    two. Waiting for the disk or the database counts. Linux only knows it; elsewhere this is the wall's time.
    """
    wall = time.perf_counter() * 1_000
    try:
        return wall - int(_SCHEDULED.read_bytes().split()[1]) / 1e6
    except OSError:
        return wall


def percentile(times: Sequence[float], share: float) -> float:
    """Return the value that ``share`` per cent of the times do not exceed."""
    return sorted(times)[min(int(len(times) * share / 100), len(times) - 1)]


def spread(times: Sequence[float]) -> dict[str, float]:
    """Return p50 and p95."""
    return {"p50": percentile(times, 50), "p95": percentile(times, 95)}


def verdict(ratio: float, aim: float) -> str:
    """Return how a ratio stands to its aim, in a word or two."""
    return f"{ratio:.2f}x (aim {aim:g}x{'' if ratio <= aim else ', MISSED'})"


def machine() -> str:
    """Return what the figures were measured on, in one line."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = (
            line.partition(":")[2].strip()
            for line in info.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        )
        model = next(named, model)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores of {model}, {python}, load {os.getloadavg()[0]:.1f}"


def run(
    text: str | None,
    measure: Callable[[argparse.Namespace], Figures],
    show: Callable[[Figures], None],
    arguments: Callable[[argparse.ArgumentParser], None] = lambda _parser: None,
) -> None:
    """Parse the command line and measure on the databases it names."""
    parser = argparse.ArgumentParser(description=(text or "").partition("\n")[0])
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    arguments(parser)
    options = parser.parse_args()
    # Told to end, it ends as if by itself: servers, clusters and homes go away with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.into:
        options.into.write_text(json.dumps(measure(options)), encoding="utf-8")
        return
    print(machine(), flush=True)
    measured: dict[str, Any] = {"machine": machine()}
    for kind in KINDS if options.database == "both" else (options.database,):
        if kind == "postgresql" and not scratch.has_postgresql():
            print("PostgreSQL 15 is not on this machine: left out")
            continue
        measured[kind] = _apart(kind)
        print(f"\n{'SQLite' if kind == 'sqlite' else 'PostgreSQL'}", flush=True)
        show(measured[kind])
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1), encoding="utf-8")


def _until_done(command: Sequence[str]) -> None:
    """Run a command; whoever stops this process stops that one too, and lets it remove its home."""
    process = subprocess.Popen(command)
    try:
        if process.wait():
            raise SystemExit(f"the benchmark ended with {process.returncode}")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=60)


def _apart(kind: str) -> Figures:
    """Measure in a process of its own: Django's settings are read once in a process."""
    database = scratch.postgresql() if kind == "postgresql" else nullcontext("")
    with database as url, tempfile.TemporaryDirectory(prefix="alcove-figures-") as folder:
        into = Path(folder) / "figures.json"
        own = [sys.executable, *sys.argv, "--database", kind, "--url", url, "--into", str(into)]
        _until_done(own)
        figures: Figures = json.loads(into.read_text(encoding="utf-8"))
        return figures
