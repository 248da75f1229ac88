"""``alcove import fhir``."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from alcove.api.actions.runs import OUTCOMES, Report, import_files
from alcove.console import Command, Console
from alcove.security.access.actors import Actor

SHOWN = 20
"""Refusals shown on the terminal; the report file has all."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help=".json, .ndjson, .gz or .zip of FHIR R4"
    )
    parser.add_argument("--dry-run", action="store_true", help="read and check everything, write nothing")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the whole report there, as JSON")


def run(given: argparse.Namespace, console: Console) -> int:
    """Import; exit 0 if nothing was refused, 1 if something was, 2 if a file is not there."""
    absent = [path for path in given.files if not path.exists()]
    if absent:
        console.warn(f"There is no such file: {absent[0]}")
        return 2
    actor = Actor.operator(console.operator)
    with console.progress("Importing resources", None) as advance:
        report = import_files(actor, given.files, dry_run=given.dry_run, advance=advance)
    held = report.as_report()
    if given.report:
        _write(given.report, held)
    console.result(held)
    _say(report, console)
    return 1 if report.refused else 0


def _write(path: Path, held: object) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(held, file, indent=1)


def _say(report: Report, console: Console) -> None:
    if report.is_dry_run:
        console.say("This was a dry run: nothing was written. What would have happened:")
    console.say(f"{'':24}" + "".join(f"{name:>11}" for name in OUTCOMES))
    for kind, counted in sorted(report.kinds.items()):
        console.say(f"{kind:24}" + "".join(f"{counted[name] or '':>11}" for name in OUTCOMES))
    console.say(f"{'together':24}" + "".join(f"{report.total(name):>11}" for name in OUTCOMES))
    console.say()
    console.say(
        f"{report.clients} new clients. Imported entries wait unverified until a clinician checks them."
    )
    if report.may_be_same:
        console.say(
            f"{report.may_be_same} of them may be someone the practice knows already: compare them by hand."
        )
    if report.total("kept"):
        console.say(
            f"{report.total('kept')} resources have no place in the chart yet and are kept whole, sealed."
        )
    if report.total("shared"):
        console.say(
            f"{report.total('shared')} speak of no client (places, people, organisations) and were not kept."
        )
    doubted = len(report.defects) - len(report.refused)
    if doubted:
        console.say(
            f"{doubted} doubts: these were imported and should be looked at. --report FILE names each place."
        )
    for defect in report.refused[:SHOWN]:
        said = defect.as_report()
        where = ", ".join(f"{key} {said[key]}" for key in ("file", "member", "line", "entry") if key in said)
        console.warn(f"Refused: {where}: {said['path'] or 'document'}: {said['reason']}")
    if len(report.refused) > SHOWN:
        console.warn(f"… and {len(report.refused) - SHOWN} more: --report FILE names each place.")


COMMANDS = [Command(("import", "fhir"), "bring clients and records in from FHIR R4 files", run, _arguments)]
