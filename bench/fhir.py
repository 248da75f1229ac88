"""How fast FHIR bundles come in: resources a second, beside the least that reading and storing them costs.

    python bench/fhir.py                       the 120 Synthea bundles of ../shared/data, on both databases
    python bench/fhir.py --database sqlite     on one
    python bench/fhir.py FILE… --json OUT      other files; the figures also as JSON

Three times in one run: the whole import (reading, checks, sealing, log, one transaction a client); parsing the same
JSON and nothing else; and inserting the same rows unsealed, unchecked and unlogged, by Django's ``bulk_create`` into
one plain table with a JSON column, one transaction a client.
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _both, scratch

BUNDLES = Path(__file__).resolve().parents[2] / "shared/data/synthea/synthea_r4_bundles_120.zip"
AIM = 400
"""Resources a second on SQLite on two cores."""


def measure(options: Any) -> dict[str, Any]:
    """Return counts and seconds of the three."""
    files = [Path(one) for one in options.files] or [BUNDLES]
    if not all(one.exists() for one in files):
        return {"skipped": f"{files[0]} is not here"}
    scratch.practice(options.url)
    from alcove.api.actions.runs import import_files
    from alcove.security.access.actors import Actor

    parse = _parse(files)
    wall, cpu = time.perf_counter(), time.process_time()
    report = import_files(Actor.operator("bench"), files)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    began = time.perf_counter()
    again = import_files(Actor.operator("bench"), files)
    repeated = time.perf_counter() - began
    rows, plain = _plain_inserts()
    return {
        "resources": report.total("read"), "refused": report.total("refused"), "clients": report.clients,
        "unchanged_again": again.total("unchanged"), "import": wall, "import_cpu": cpu, "again": repeated,
        "parse": parse, "plain": plain, "rows": rows,
    }  # fmt: skip


def _parse(files: list[Path]) -> float:
    from alcove.api.fhir import bundles

    began = time.perf_counter()
    for _ in bundles.read(files):
        pass
    return time.perf_counter() - began


def _plain_inserts() -> tuple[int, float]:
    """Insert what was imported, opened, into a plain table; return rows and the seconds of inserting."""
    from django.db import connection, models, transaction

    from alcove.api.queries.held import held
    from alcove.clinic.clients.models import Client
    from alcove.project import database
    from alcove.security.access.actors import Actor
    from alcove.security.access.opening import open_client
    from alcove.security.access.writes import writing
    from alcove.security.vault.ids import uuid7
    from alcove.security.vault.keyring import keyring

    class Plain(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid7)
        client = models.UUIDField(db_index=True)
        kind = models.CharField(max_length=12)
        source = models.CharField(max_length=12)
        content = models.JSONField()

        class Meta:
            app_label = "bench"

    actor, rows, seconds = Actor.operator("bench"), 0, 0.0
    # The application's own role may not make tables.
    with database.as_owner(), writing("bench"):
        with connection.schema_editor() as editor:
            editor.create_model(Plain)
        if connection.vendor == "postgresql":
            database.grant()
    for client_id in Client.objects.values_list("pk", flat=True):
        with keyring():
            open_client(actor, client_id)
            found = held(actor, client_id)
            contents = [{"directory": found.client.directory, "details": found.client.details}]
            contents += [one.content for one in found.visits] + [one.content for one in found.items]
            contents += [one.content for one in found.kept]
        began = time.perf_counter()
        with transaction.atomic(), writing("bench"):
            made = [Plain(client=client_id, kind="row", source="import", content=one) for one in contents]
            Plain._default_manager.bulk_create(made, batch_size=200)
        seconds += time.perf_counter() - began
        rows += len(contents)
    return rows, seconds


def show(figures: dict[str, Any]) -> None:
    """Print the figures as ratios."""
    if "skipped" in figures:
        print(f"skipped: {figures['skipped']}")
        return
    number, seconds = figures["resources"], figures["import"]
    rate = number / seconds
    print(f"{number:,} resources of {figures['clients']} clients, {figures['refused']} refused")
    print(
        f"import              {seconds:7.1f} s  {rate:8,.0f} resources a second   (CPU {figures['import_cpu']:.1f} s)"
    )
    print(
        f"the same again      {figures['again']:7.1f} s  {number / figures['again']:8,.0f} resources a second"
    )
    print(
        f"parsing only        {figures['parse']:7.1f} s  import / parsing   {seconds / figures['parse']:.1f}"
    )
    print(f"plain inserts       {figures['plain']:7.1f} s  import / inserting {seconds / figures['plain']:.1f}"
          f"   ({figures['rows']:,} rows)")  # fmt: skip
    print(f"aim: at least {AIM} resources a second on SQLite: {'met' if rate >= AIM else 'MISSED'}")


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE")


if __name__ == "__main__":
    _both.run(__doc__, measure, show, _arguments)
