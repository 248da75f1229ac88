"""Reading sealed values, beside the same values in plain columns: CPU time and stored size.

    python bench/vault.py [--json FILE]

5,000 rows of six text fields of 64 characters each, of 50 clients, loaded by Django and every field looked at. Times
are process CPU in milliseconds, the best of seven runs each, taken in turns. ``primitive`` is the decryption alone
(AES-256-GCM by the library, ciphers kept): less is not possible.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import string
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import scratch

ROWS, FIELDS, SIGNS, CLIENTS, RUNS = 5000, 6, 64, 50, 7
AIM_TIME, AIM_SIZE = 4.0, 1.6
NAMES = [f"field_{number}" for number in range(FIELDS)]


def tables() -> tuple[Any, Any]:
    """Return the sealed and the plain model, with tables of their own in the scratch database."""
    from django.db import connection, models

    from alcove.project import database
    from alcove.security.access.writes import writing
    from alcove.security.vault.fields import SealedText
    from alcove.security.vault.ids import uuid7

    def model(name: str, field: Callable[[str], Any]) -> Any:
        body: dict[str, Any] = {
            "__module__": "bench.vault",
            "id": models.UUIDField(primary_key=True, default=uuid7),
            "client_id": models.UUIDField(db_index=True),
            "Meta": type("Meta", (), {"app_label": "bench"}),
            **{each: field(each) for each in NAMES},
        }
        return type(name, (models.Model,), body)

    sealed = model("BenchSealed", lambda name: SealedText(owner="client_id", label=f"bench.{name}"))
    clear = model("BenchPlain", lambda name: models.TextField())  # noqa: ARG005 - stands in for a function that takes it
    with database.as_owner(), writing("bench"):
        with connection.schema_editor() as editor:
            editor.create_model(sealed)
            editor.create_model(clear)
        if connection.vendor == "postgresql":
            database.grant()
    return sealed, clear


def fill(sealed: Any, clear: Any) -> list[Any]:
    """Write the rows; return the clients' ids."""
    from django.db import transaction

    from alcove.security.access.opening import new_clients
    from alcove.security.access.writes import writing
    from alcove.security.vault.ids import uuid7
    from alcove.security.vault.keyring import keyring

    rng, clients = random.Random(5), [uuid7() for _ in range(CLIENTS)]
    texts = [["".join(rng.choices(string.ascii_letters + " ", k=SIGNS)) for _ in NAMES] for _ in range(ROWS)]
    with keyring(), transaction.atomic(), writing("bench"):
        new_clients(clients)
        for kind in (sealed, clear):
            kind.objects.bulk_create(
                [
                    kind(client_id=clients[n % CLIENTS], **dict(zip(NAMES, text, strict=True)))
                    for n, text in enumerate(texts)
                ],
                batch_size=500,
            )
    return clients


def look(kind: Any) -> int:
    """Load every row and look at every field; return how many signs there were."""
    total = 0
    for row in kind.objects.iterator(2000):
        for name in NAMES:
            total += len(getattr(row, name))
    return total


def cpu(work: Callable[[], Any]) -> float:
    gc.collect()
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def primitive(sealed: Any) -> Callable[[], None]:
    """Return the decryption of all values and nothing else."""
    from alcove.security.vault import crypto, keyring

    ring, held = keyring.current(), []
    for row in sealed.objects.all():
        aead = ring.held("record", row.client_id)[0]
        for name in NAMES:
            blob = row.__dict__[name]
            held.append((aead, blob[3:15], blob[15:], crypto.binding(f"bench.{name}", row.pk)))

    def work() -> None:
        for aead, nonce, body, bound_to in held:
            aead.decrypt(nonce, body, bound_to)

    return work


def size(kind: Any) -> int:
    """Return the bytes of the stored values of the six columns."""
    from django.db import connection

    total = " + ".join(
        f"sum({'length' if connection.vendor == 'sqlite' else 'octet_length'}({n}))" for n in NAMES
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {total} FROM {kind._meta.db_table}")  # noqa: S608 - names of ours
        return int(cursor.fetchone()[0])


def measure(database: str, url: str) -> dict[str, float]:
    scratch.practice(url)
    from alcove.security.vault.keyring import Part, keyring, put
    from alcove.security.vault.models import ClientKey

    sealed, clear = tables()
    fill(sealed, clear)
    with keyring():
        for row in ClientKey.objects.all():
            put(row, tuple(Part))
        decrypt = primitive(sealed)
        times: dict[str, list[float]] = {"sealed": [], "plain": [], "primitive": []}
        look(sealed)
        for _ in range(RUNS):
            times["plain"].append(cpu(lambda: look(clear)))
            times["sealed"].append(cpu(lambda: look(sealed)))
            times["primitive"].append(cpu(decrypt))
    best = {name: min(each) for name, each in times.items()}
    figures = {
        **{f"{name}_ms": value for name, value in best.items()},
        "time_ratio": best["sealed"] / best["plain"],
        "size_ratio": size(sealed) / size(clear),
    }
    print(f"{database}: {ROWS} rows of {FIELDS} fields of {SIGNS} signs")
    print(f"  CPU   sealed {best['sealed']:7.1f} ms   plain {best['plain']:7.1f} ms   decryption alone {best['primitive']:.1f} ms")  # fmt: skip  # noqa: E501
    print(f"  ratio {figures['time_ratio']:.2f} (aim: at most {AIM_TIME})")
    print(f"  size  {figures['size_ratio']:.2f} times clear text (aim: at most {AIM_SIZE})")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="one only, in this process")
    given = parser.parse_args()
    if given.database:
        # Set-up is once in a process, so each database gets one of its own.
        figures = measure(given.database, os.environ.pop("BENCH_URL", ""))
        if given.json:
            given.json.write_text(json.dumps(figures))
        return
    scratch.each_database(__file__, given.json)


if __name__ == "__main__":
    main()
