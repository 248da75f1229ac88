"""``alcove import csv``: clients from a CSV or Excel export of another program."""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from alcove.clinic.clients import actions
from alcove.clinic.clients.queries import cells, finding, intake, mapping, tables
from alcove.clinic.clients.queries.arrivals import Arrival
from alcove.clinic.clients.queries.doubles import Doubles
from alcove.clinic.clients.queries.headings import PLACES
from alcove.clinic.clients.queries.intake import Intake, Report, Said
from alcove.clinic.clients.queries.mapping import Told
from alcove.console import Command, Console
from alcove.security.access.actors import Actor
from alcove.security.access.opening import open_directories
from alcove.security.vault.keyring import keyring

_ROWS_SHOWN = 12
_WIDTH = 34
_MAP_FORM = """
A --map file says what the guess from the column names gets wrong (TOML):

  [columns]
  "Loyalty Tier" = "aside"          # column name = place
  "Kundennr." = "number"

  [read]                            # all optional
  dates = "day first"               # or "month first"
  country = "GB"                    # for phone numbers without a prefix
  encoding = "cp1250"
  delimiter = ";"
  sheet = "Clients"

Places: {places}.
"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _MAP_FORM.format(places=", ".join(mapping.SAYABLE))
    parser.add_argument("file", metavar="FILE", type=Path, help="a CSV file, or an Excel workbook (.xlsx)")
    parser.add_argument(
        "--map", metavar="MAP.toml", type=Path, help="says which column goes where (see below)"
    )
    parser.add_argument("--dry-run", action="store_true", help="change nothing, show what would happen")
    parser.add_argument(
        "--rejects",
        metavar="FILE",
        type=Path,
        help="where refused rows go (imports/rejects-DATE.csv in the home)",
    )
    parser.add_argument(
        "--encoding", default="", metavar="NAME", help="the file's encoding, if the guess is wrong"
    )
    parser.add_argument(
        "--sheet", default="", metavar="NAME", help="the sheet of a workbook, if not its first"
    )


def import_csv(given: argparse.Namespace, console: Console) -> int:
    """Import the clients of one table; exit 1 if rows were refused or the table cannot be read."""
    if given.rejects and given.rejects.exists():
        console.warn("The file for refused rows is there already. Name another; nothing was imported.")
        return 2
    try:
        told = mapping.read_map(given.map) if given.map else Told()
        told = replace(told, encoding=given.encoding or told.encoding, sheet=given.sheet or told.sheet)
        found = intake.opened(given.file, told, country=finding.country(), today=timezone.localdate())
    except (mapping.BadMap, intake.NoNames) as wrong:
        console.warn(str(wrong))
        return 2
    except tables.Unreadable as wrong:
        console.warn(str(wrong))
        return 1
    _say_columns(found, console)
    actor = Actor.operator(console.operator)
    report = _run(found, actor, console, is_dry=given.dry_run)
    _log_named(report, actor)
    place = _rejects(found, report, given)
    _say_report(report, console, place, is_dry=given.dry_run)
    console.result(_document(found, report, place, is_dry=given.dry_run))
    return 1 if report.refusals else 0


def _run(found: Intake, actor: Actor, console: Console, *, is_dry: bool) -> Report:
    """Read the whole table and make its clients, batch after batch; each batch is in the database or is not."""
    report = Report()
    doubles = Doubles.of_practice(actor)
    with console.progress("Looking" if is_dry else "Importing", found.table.count) as advance:
        for read, new in intake.sorted_batches(found, doubles, report):
            if is_dry:
                report.created += len(new)
            elif new:
                _make(new, actor, report)
            advance(read)
    return report


def _make(new: Sequence[Arrival], actor: Actor, report: Report) -> None:
    try:
        made = actions.import_clients(actor, new)
    except actions.Unchanged:
        # Another import of the same file was faster.
        made = {}
    report.created += len(made)
    report.unchanged += len(new) - len(made)


def _log_named(report: Report, actor: Actor) -> None:
    """Record that the operator is told of clients who are here already: the report names them by their ids."""
    named = report.clients_named
    for at in range(0, len(named), 500):
        with keyring():
            open_directories(actor, named[at : at + 500])


# The reject file ---------------------------------------------------------------------------------------------------


def _rejects(found: Intake, report: Report, given: argparse.Namespace) -> Path | None:
    """Write the refused rows as they were, each with its reason; return where, None if nothing was written.

    It holds readable data of people, so a dry run writes it only where it was asked to, and nobody else may read it.
    It is written at the end, in one go, so that a killed import leaves none behind.
    """
    if not report.refusals or (given.dry_run and not given.rejects):
        return None
    reasons = report.reasons()
    handle, path = _new_file(given.rejects)
    # Bytes that were no letters leave as they came.
    with os.fdopen(handle, "w", encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file)
        ours = [at for at, name in enumerate(found.table.headings) if name in tables.OURS]
        writer.writerow([*tables.OURS, *_without(found.table.headings, ours)])
        for row in found.table.rows():
            if row.number in reasons:
                texts = (
                    row.cells if found.table.is_reject_file else [cells.harmless(text) for text in row.cells]
                )
                writer.writerow([row.number, row.line, reasons[row.number], *_without(texts, ours)])
        file.flush()
        os.fsync(file.fileno())
    return path


def _without(texts: Iterable[str], places: Sequence[int]) -> list[str]:
    return [text for at, text in enumerate(texts) if at not in places]


def _new_file(wanted: Path | None) -> tuple[int, Path]:
    """Make a new file that only its owner can read; never write over one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    if wanted:
        return os.open(wanted, flags, 0o600), wanted
    folder = settings.ALCOVE.home / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    number = 1
    while True:
        again = f"-{number}" if number > 1 else ""
        path = folder / f"rejects-{timezone.localdate():%Y-%m-%d}{again}.csv"
        try:
            return os.open(path, flags, 0o600), path
        except FileExistsError:
            number += 1


# What is said ------------------------------------------------------------------------------------------------------


def _say_columns(found: Intake, console: Console) -> None:
    kind = " ".join(filter(None, [found.table.form, found.table.encoding]))
    origin = f", as {found.source} writes them" if found.source else ""
    console.say(f"{found.table.count} rows in {len(found.columns)} columns ({kind}{origin}).")
    for notice in found.notices:
        console.say(f"  {notice}")
    console.say("Columns and where they go:")
    columns = found.columns_shown()
    for column in columns:
        if column["filled"] and column["place"] not in mapping.LEFT:
            doubt = {mapping.LIKE: " (guessed)", mapping.SAID: " (as you said)"}.get(column["how"], "")
            meaning = (
                "not known: " + column["meaning"] if column["how"] == mapping.UNKNOWN else column["meaning"]
            )
            console.say(f"  {column['column']:{_WIDTH}} {meaning}{doubt} · {column['filled']} filled")
    for place in mapping.LEFT:
        names = [column["column"] for column in columns if column["place"] == place and column["filled"]]
        if names:
            console.say(f"  {PLACES[place].capitalize()}: {', '.join(names)}.")
    empty = [column["column"] for column in columns if not column["filled"]]
    if empty:
        console.say(f"  Empty: {', '.join(empty)}.")


def _say_report(report: Report, console: Console, place: Path | None, *, is_dry: bool) -> None:
    created = "would be created" if is_dry else "created"
    console.say(
        f"{report.read} read: {report.created} {created}, {report.unchanged} unchanged, {report.refused} refused; "
        f"{report.doubted} with a doubt."
    )
    _say_group("Doubtful, imported all the same:", report.doubts, console)
    _say_group("Refused:", report.refusals, console)
    if is_dry:
        console.say("This was a dry run. Nothing was changed.")
    if place:
        console.say(
            f"The refused rows are in {place}, each with its reason. That file holds readable data of these people: "
            "mend it, import it again, then delete it."
        )


def _say_group(title: str, said: Sequence[Said], console: Console) -> None:
    """Say each reason once, with the rows it is about."""
    groups: dict[str, list[Said]] = {}
    for one in said:
        groups.setdefault(str(one.remark), []).append(one)
    if groups:
        console.say(title)
    for reason, ones in groups.items():
        rows = ", ".join(_where(one) for one in ones[:_ROWS_SHOWN])
        more = f" and {len(ones) - _ROWS_SHOWN} more" if len(ones) > _ROWS_SHOWN else ""
        console.say(f"  {reason}\n    row {rows}{more}")


def _where(one: Said) -> str:
    line = f" (line {one.line})" if one.line != one.row else ""
    return f"{one.row}{line}" + (f" = client {one.client}" if one.client else "")


def _document(found: Intake, report: Report, place: Path | None, *, is_dry: bool) -> dict[str, Any]:
    return {
        "dry_run": is_dry,
        "source": found.source,
        "form": found.table.form,
        "encoding": found.table.encoding,
        "delimiter": found.table.delimiter,
        "columns": found.columns_shown(),
        "notices": found.notices,
        **report.as_dict(),
        "rejects": str(place) if place else None,
    }


COMMANDS = [
    Command(
        ("import", "csv"), "clients from a CSV or Excel export of another program", import_csv, _arguments
    ),
]
