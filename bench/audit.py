"""What the audit log costs, and how fast it is proved.

    python bench/audit.py [--entries N] [--json FILE]

- *change*: an audited change of a client's card against the same change without its entry, one process, wall time.
  Both keep the earlier version and seal; the difference is the log.
- *reads*: audited reads a second by eight writing processes against eight processes that insert one plain row each
  time by Django, in turns. On SQLite one writes at a time whatever one does; the aim is for PostgreSQL.
- *verify*: entries a second of ``alcove audit verify`` over a log of ``--entries`` (default 200,000).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import scratch
from bench._both import clock_ms

WRITERS, SECONDS, CHANGES = 8, 4.0, 300
AIM_CHANGE, AIM_READS, AIM_VERIFY = 1.6, 0.6, 100_000


def plain_table() -> Any:
    """Return a plain model of about an entry's size, with a table of its own."""
    from django.db import models

    class BenchRow(models.Model):
        id = models.UUIDField(primary_key=True)
        at = models.BigIntegerField(db_index=True)
        client_id = models.UUIDField(db_index=True)
        text = models.CharField(max_length=200)

        class Meta:
            app_label = "bench"

    return BenchRow


def create_plain_table(model: Any) -> None:
    from django.db import connection

    from alcove.project import database
    from alcove.security.access.writes import writing

    with database.as_owner(), writing("bench"):
        with connection.schema_editor() as editor:
            editor.create_model(model)
        if connection.vendor == "postgresql":
            database.grant()


# One change -----------------------------------------------------------------------------------------------------


def changes() -> tuple[float, float]:
    """Return milliseconds of one audited and one unaudited change, the median of many, taken in turns."""
    from alcove.clinic.clients.actions import change_client, create_client
    from alcove.clinic.clients.models import Client
    from alcove.security.access import change
    from alcove.security.access.actors import Actor
    from alcove.security.access.opening import open_client
    from alcove.security.audit import pen
    from alcove.security.vault.keyring import keyring

    actor = Actor.operator("bench")
    made = create_client(actor, directory={"given": "Ada", "family": "Bench"}, details={"note": "0"})
    times: dict[bool, list[float]] = {True: [], False: []}
    write, settle = pen.write, pen.settle
    with keyring():
        open_client(actor, made.id)
        for number in range(2 * CHANGES):
            audited = number % 2 == 0
            change.pen.write = write if audited else lambda drafts: None  # noqa: ARG005 - stands in for a function that takes it
            change.pen.settle = settle if audited else lambda: None
            client = Client.objects.get(pk=made.id)
            _ = client.details
            began = time.perf_counter()
            change_client(actor, client, details={"note": str(number + 1)})
            times[audited].append((time.perf_counter() - began) * 1000)
    change.pen.write, change.pen.settle = write, settle
    return statistics.median(times[True]), statistics.median(times[False])


# Eight writers --------------------------------------------------------------------------------------------------


def writer(kind: str) -> None:
    """Be one of the eight: write until the time is over, print how many."""
    scratch.join()
    from uuid import uuid4

    from alcove.security.access.actors import Actor
    from alcove.security.access.opening import record_opening
    from alcove.security.access.policy import Open
    from alcove.security.access.writes import write_turn, writing
    from alcove.security.vault import house
    from alcove.security.vault.ids import uuid7

    house.unlock()
    actor = Actor.job("bench", Open.DIRECTORY, Open.RECORD)
    model, clients, count = plain_table(), [uuid4() for _ in range(200)], 0
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        client = clients[count % 200]
        if kind == "audited":
            record_opening(actor, client)
        else:
            with write_turn(), writing("bench"):
                model.objects.create(id=uuid7(), at=time.time_ns(), client_id=client, text="x" * 120)
        count += 1
    print(count)


def eight(kind: str) -> float:
    """Return how many rows a second eight processes write."""
    command = [sys.executable, __file__, "--writer", kind]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(WRITERS)
    ]
    for process in running:
        assert process.stdout  # noqa: S101 - for the type checker
        process.stdout.readline()
    for process in running:
        assert process.stdin  # noqa: S101 - for the type checker
        process.stdin.write("go\n")
        process.stdin.flush()
    return sum(int(process.communicate()[0]) for process in running) / SECONDS


# Verifying ------------------------------------------------------------------------------------------------------


def grow(entries: int) -> None:
    """Write a log of this many entries, as a busy practice would, in blocks."""
    from uuid import uuid4

    from alcove.security.access.actors import Actor
    from alcove.security.access.opening import entry, record_now
    from alcove.security.access.policy import Did
    from alcove.security.audit import chain, pen

    people = [Actor("person", id=uuid4(), roles=("Practitioner",), request=f"req{n}") for n in range(10)]
    clients = [uuid4() for _ in range(500)]
    sequencer, batch = chain.Sequencer(), 500
    for at in range(0, entries, batch):
        drafts = [
            entry(people[n % 10], Did.RECORD_OPENED, client_id=clients[n % 500])
            if n % 10
            else entry(people[n % 10], Did.LIST_SHOWN, clients=clients[:25])
            for n in range(at, at + batch)
        ]
        record_now(*drafts)
        if at % 5000 == 0:
            pen.retire()
        sequencer.link()


def verify() -> tuple[float, float]:
    """Return entries a second by the clock, less waiting for a processor, and by our own CPU; the best of five."""
    from alcove.security.audit import chain

    by_clock = by_cpu = 0.0
    for _ in range(5):
        began, spent = clock_ms(), time.process_time()
        verdict = chain.verify()
        by_clock = max(by_clock, verdict.entries / (clock_ms() - began) * 1_000)
        by_cpu = max(by_cpu, verdict.entries / (time.process_time() - spent))
        if not verdict.holds:
            raise SystemExit(f"the log does not hold: {verdict.first}")
    return by_clock, by_cpu


def measure(database: str, url: str, entries: int) -> dict[str, float]:
    scratch.practice(url)
    create_plain_table(plain_table())
    audited, unaudited = changes()
    rates: dict[str, list[float]] = {"audited": [], "plain": []}
    for _ in range(3):
        for kind, rate in rates.items():
            rate.append(eight(kind))
    reads, plain = (statistics.median(rates[kind]) for kind in ("audited", "plain"))
    grow(entries)
    by_clock, by_cpu = verify()
    figures = {
        "change_ms": audited, "unaudited_ms": unaudited, "change_ratio": audited / unaudited,
        "reads_per_second": reads, "inserts_per_second": plain, "reads_ratio": reads / plain,
        "verify_per_second": by_clock, "verify_per_cpu_second": by_cpu,
    }  # fmt: skip
    print(f"{database}:")
    print(f"  change   {audited:6.2f} ms audited, {unaudited:6.2f} ms not: ratio {audited / unaudited:.2f} (aim: at most {AIM_CHANGE})")  # fmt: skip  # noqa: E501
    print(f"  reads    {reads:6,.0f} a second audited, {plain:6,.0f} plain inserts: ratio {reads / plain:.2f} (aim on PostgreSQL: at least {AIM_READS})")  # fmt: skip  # noqa: E501
    print(
        f"  verify   {by_clock:7,.0f} entries a second, {by_cpu:,.0f} a second of CPU (aim: at least {AIM_VERIFY:,})"
    )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="one only, in this process")
    parser.add_argument("--writer", choices=("audited", "plain"), help="be one of the eight writers")
    given = parser.parse_args()
    if given.writer:
        writer(given.writer)
    elif given.database:
        figures = measure(given.database, os.environ.pop("BENCH_URL", ""), given.entries)
        if given.json:
            given.json.write_text(json.dumps(figures))
    else:
        scratch.each_database(__file__, given.json, "--entries", str(given.entries))


if __name__ == "__main__":
    main()
