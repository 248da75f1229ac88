"""How fast clients are found in a practice of 100,000, from the start of a process to the names on the screen.

    python bench/search.py                              both databases, some minutes; most of it makes the clients
    python bench/search.py --database sqlite --clients 20000 --json FILE

*Start*: a fresh web process, from its first instruction to the answer of a search by phone number, and to the
directory of names being ready; also two at once, as ``alcove serve`` starts them. Beside the plain wall time of
*ready*: the same without what its two threads, one after the other, waited for a processor.

*Search*: ``finding.search`` as the page calls it, with the first 25 clients opened, their names and birth dates read,
and its one durable log entry written; beside a plaintext trigram index over the same names in the same database,
asked for the same 25 best with names and birth dates: FTS5 on SQLite, pg_trgm with GIN on PostgreSQL. Both are asked
in turn. The plaintext index gives those that match a beginning in alphabetical order, as we do; for a typing error
FTS5 is asked for all trigrams but three, pg_trgm for the most similar words. ``unordered`` is any 25 of a plaintext
index, which no list shows, for comparison. Times in milliseconds without what was waited for a processor
(``_both.clock_ms``); `found`: how often one of the meant name is among the 25.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from alcove.clinic.clients.queries.spelling import fold, sort_key
from bench import names, scratch
from bench._both import Figures, clock_ms, percentile, run, spread, verdict

if TYPE_CHECKING:
    from alcove.clinic.clients.models import Client
    from alcove.security.access.actors import Actor

BATCH = 2_000
SHOWN = 25
PREFIXES = ("2 letters", "3 letters", "3 + 2 letters")
ERRORS = ("one typing error", "typing error, family name only")
STARTS = 2
QUESTIONS = 120


# A practice of many clients ---------------------------------------------------------------------------------------


def phone(number: int) -> str:
    return f"+1415{2_000_000 + number}"


def born(number: int) -> date:
    return date(1940, 1, 1) + timedelta(days=number * 37 % 25_000)


def directory_part(number: int, name: names.Name) -> dict[str, Any]:
    given, family = name
    return {
        "given": given,
        "family": family,
        "born": born(number).isoformat(),
        "phones": [phone(number)],
    }


def fill(people: Sequence[names.Name]) -> list[UUID]:
    """Make a client of each, sealed under its own key and with its phone number's token; return their ids in order."""
    from alcove.clinic.clients.queries import contacts
    from alcove.security.access.writes import writing
    from alcove.security.vault.models import House

    made: list[UUID] = []
    with writing("bench"):
        House.objects.update(contact_bits=contacts.best_bits(len(people)), directory_seq=1)
        for first in range(0, len(people), BATCH):
            numbered = list(enumerate(people[first : first + BATCH], first))
            made += _fill([directory_part(number, name) for number, name in numbered])
    return made


def _fill(parts: Sequence[dict[str, Any]]) -> list[UUID]:
    from django.db import transaction

    from alcove.clinic.clients.models import Client, ContactToken
    from alcove.clinic.clients.queries import contacts
    from alcove.security.vault import cuts, keyring
    from alcove.security.vault.ids import uuid7
    from alcove.security.vault.keyring import Part
    from alcove.security.vault.models import ClientKey

    cut = cuts.in_force()
    ids = [uuid7() for _ in parts]
    with transaction.atomic(), keyring.keyring():
        rows = keyring.new_client_keys(ids)
        for row in rows:
            keyring.put(row, (Part.DIRECTORY,))
        ClientKey.objects.bulk_create(rows, batch_size=500)
        Client.objects.bulk_create(
            (
                Client(id=id, directory=part, details={"pronouns": "she, her"}, dir_seq=1)
                for id, part in zip(ids, parts, strict=True)
            ),
            batch_size=500,
        )
        ContactToken.objects.bulk_create(
            (
                ContactToken(
                    client_id=id,
                    kind=kind,
                    token=token,
                    key_version=cut.key_version,
                    bits=cut.bits,
                )
                for id, part in zip(ids, parts, strict=True)
                for kind, token in contacts.tokens(part, cut)
            ),
            batch_size=500,
        )
    return ids


# The same names in plaintext --------------------------------------------------------------------------------------


class Plaintext:
    """A trigram index over readable names in the practice's own database."""

    def __init__(self, people: Sequence[names.Name], ids: Sequence[UUID]) -> None:
        from django.db import connection, transaction

        from alcove.project import database
        from alcove.security.access.writes import writing

        self.is_sqlite = connection.vendor == "sqlite"
        with database.as_owner(), writing("bench"), transaction.atomic(), connection.cursor() as cursor:
            for statement in self._before():
                cursor.execute(statement)
            cursor.executemany(
                "INSERT INTO bench_person (id, client, name, sort, shown, born) VALUES (%s, %s, %s, %s, %s, %s)",
                [
                    (
                        number,
                        ids[number].hex,
                        f" {fold(given)} {fold(family)} ",
                        sort_key(family, given),
                        f"{given} {family}",
                        born(number).isoformat(),
                    )
                    for number, (given, family) in enumerate(people)
                ],
            )
            for statement in self._after():
                cursor.execute(statement)
        with database.as_owner(), connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def _before(self) -> list[str]:
        table = (
            "CREATE TABLE bench_person (id INTEGER PRIMARY KEY, client TEXT NOT NULL, name TEXT NOT NULL,"
            " sort TEXT NOT NULL, shown TEXT NOT NULL, born TEXT NOT NULL)"
        )
        return [table] if self.is_sqlite else ["CREATE EXTENSION pg_trgm", table]

    def _after(self) -> list[str]:
        if self.is_sqlite:
            return [
                "CREATE VIRTUAL TABLE bench_name USING fts5(name, tokenize='trigram')",
                "INSERT INTO bench_name (rowid, name) SELECT id, name FROM bench_person",
            ]
        return [
            "CREATE INDEX bench_name ON bench_person USING gin (name gin_trgm_ops)",
            "GRANT SELECT ON bench_person TO alcove_app",
        ]

    def beginning(self, text: str, *, ordered: bool = True) -> list[tuple[str, str, str]]:
        """The first 25 in the alphabet of those with a word of each beginning."""
        asked = fold(text).split()
        if self.is_sqlite:
            return self._matched(" AND ".join(f'" {word}"' for word in asked), ordered=ordered)
        where = " AND ".join(["name LIKE %s"] * len(asked))
        return self._asked(where, [f"% {word}%" for word in asked], "ORDER BY sort" if ordered else "")

    def misspelt(self, text: str) -> list[tuple[str, str, str]]:
        """The 25 best of those whose words differ by a typing error."""
        if self.is_sqlite:
            return self._matched(" AND ".join(map(names._all_but_three, fold(text).split())), ordered=True)  # noqa: SLF001
        asked = fold(text)
        return self._asked("name %%> %s", [asked, asked], "ORDER BY word_similarity(%s, name) DESC")

    def _matched(self, match: str, *, ordered: bool) -> list[tuple[str, str, str]]:
        found = "id IN (SELECT rowid FROM bench_name WHERE bench_name MATCH %s)"
        return self._asked(found, [match], "ORDER BY sort" if ordered else "")

    def _asked(self, where: str, values: list[str], order: str) -> list[tuple[str, str, str]]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT client, shown, born FROM bench_person WHERE {where} {order} LIMIT {SHOWN}",  # noqa: S608 - ours
                values,
            )
            return list(cursor.fetchall())


# Measuring --------------------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> Figures:
    founded = scratch.practice(options.url)
    people = names.invented(options.clients)
    began = time.perf_counter()
    ids = fill(people)
    filled = time.perf_counter()
    plain = Plaintext(people, ids)
    indexed = time.perf_counter()
    return {
        "clients": options.clients,
        "fill_s": filled - began,
        "plaintext_index_s": indexed - filled,
        "start": _starts(options.clients),
        "search": _searches(founded, plain, people, ids),
    }


def _starts(clients: int) -> Figures:
    from django.conf import settings

    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    _started(1, clients)  # compiles what an installation has compiled
    alone = [_started(1, clients)[0] for _ in range(STARTS)]
    pair = _started(2, clients)
    return {
        "ready_s": percentile([one["ready"] for one in alone], 50),
        "ready_cpu_s": percentile([one["ready_cpu"] for one in alone], 50),
        "ready_unhindered_s": percentile([one["ready"] - one["waited"] for one in alone], 50),
        "contact_s": percentile([one["contact"] for one in alone], 50),
        "served_s": percentile([one["served"] for one in alone], 50),
        "two_ready_s": max(one["ready"] for one in pair),
        "two_contact_s": max(one["contact"] for one in pair),
    }


def _started(processes: int, clients: int) -> list[dict[str, float]]:
    """Start web processes at one moment; return when each could do what, in seconds since that moment."""
    command = [sys.executable, __file__, "--clients", str(clients), "--began", str(time.monotonic())]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(processes)]
    answers = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError("a web process did not start")
    return [json.loads(answer) for answer in answers]


def start_web(began: float, clients: int) -> None:
    """Be a web process: start it as the server does and print when names and contacts could be searched."""
    import alcove.project.wsgi  # noqa: F401 - starts it

    served, waited = time.monotonic() - began, waited_s(threading.main_thread())
    from alcove.clinic.clients.queries import directory
    from alcove.security.access.actors import Actor

    found = shown_alcove(Actor.operator("bench"), phone(clients // 2))
    contact = time.monotonic() - began
    if len(found) != 1:
        raise RuntimeError("the client with this phone number was not found")
    while not directory.is_ready():
        time.sleep(0.005)
    ready, cpu = time.monotonic() - began, time.process_time()
    waited += sum(waited_s(thread) for thread in threading.enumerate() if thread.name == "directory")
    figures = {"served": served, "contact": contact, "ready": ready, "ready_cpu": cpu, "waited": waited}
    print(json.dumps(figures))


def waited_s(thread: threading.Thread) -> float:
    """Seconds in which this thread was ready to run and got no processor; only Linux knows."""
    try:
        return int(Path(f"/proc/self/task/{thread.native_id}/schedstat").read_bytes().split()[1]) / 1e9
    except OSError:
        return 0.0


class Pen:
    """How long the log entry of the last search took, in milliseconds."""

    took = 0.0


@contextmanager
def timed_entries() -> Iterator[Pen]:
    """Take the time of ``opening.record_now`` from inside."""
    from alcove.security.access import opening

    pen, original = Pen(), opening.record_now

    def record_now(*drafts: Any) -> None:
        began = clock_ms()
        original(*drafts)
        pen.took = clock_ms() - began

    opening.record_now = record_now
    try:
        yield pen
    finally:
        opening.record_now = original


def _searches(founded: Any, plain: Plaintext, people: list[names.Name], ids: list[UUID]) -> Figures:
    from alcove.clinic.clients.queries import directory
    from alcove.project.prove.ground import Practice

    actor = Practice.of(founded).actor("front_desk")
    directory.load_now()
    asked = names.questions(people, random.Random(5))
    of = dict(zip(ids, people, strict=True))
    rows = {}
    with timed_entries() as pen:
        for kind in (*PREFIXES, *ERRORS):
            meant = [(text, people[number]) for text, number in asked[kind][:QUESTIONS]]
            rows[kind] = _asked(kind, meant, actor, plain, of, pen)
    return {"kinds": rows, **{name: _together(rows, kinds) for name, kinds in _GROUPS.items()}}


_GROUPS = {"prefixes": PREFIXES, "typing_errors": ERRORS}


def _together(rows: Figures, kinds: Sequence[str]) -> Figures:
    """Return p95 over all questions of these kinds, and what is kept of them no longer."""
    both = {}
    for who in ("alcove", "plaintext"):
        both[who] = percentile([took for kind in kinds for took in rows[kind][who].pop("times")], 95)
    return {**both, "ratio": both["alcove"] / both["plaintext"]}


def _asked(
    kind: str,
    asked: Sequence[tuple[str, names.Name]],
    actor: Actor,
    plain: Plaintext,
    of: dict[UUID, names.Name],
    pen: Pen,
) -> Figures:
    search: Callable[[str], list[tuple[str, str, str]]] = (
        plain.misspelt if kind in ERRORS else plain.beginning
    )
    took: dict[str, list[float]] = {"alcove": [], "plaintext": [], "entry": [], "unordered": []}
    found = {"alcove": 0, "plaintext": 0}
    shown_alcove(actor, asked[0][0])
    for text, meant in asked:
        began = clock_ms()
        ours = shown_alcove(actor, text)
        took["alcove"].append(clock_ms() - began)
        took["entry"].append(pen.took)
        began = clock_ms()
        theirs = search(text)
        took["plaintext"].append(clock_ms() - began)
        found["alcove"] += meant in {of[client.id] for client in ours}
        found["plaintext"] += meant in {of[UUID(hex=id)] for id, _, _ in theirs}
        if kind in PREFIXES:
            began = clock_ms()
            plain.beginning(text, ordered=False)
            took["unordered"].append(clock_ms() - began)
    row: Figures = {
        who: {**spread(took[who]), "found": 100 * found[who] / len(asked), "times": took[who]}
        for who in found
    }
    row["entry"] = spread(took["entry"]) | {"share": 100 * sum(took["entry"]) / sum(took["alcove"])}
    if took["unordered"]:
        row["unordered"] = spread(took["unordered"])
    row["ratio"] = row["alcove"]["p95"] / row["plaintext"]["p95"]
    return row


def shown_alcove(actor: Actor, text: str) -> list[Client]:
    """Search as the page does, and read what its list shows; the list's keys go with it."""
    from alcove.clinic.clients.queries import finding
    from alcove.security.vault.keyring import keyring

    with keyring():
        clients = finding.search(actor, text, SHOWN).clients
        for client in clients:
            _ = client.name, client.born_on
        return clients


def show(figures: Figures) -> None:
    start = figures["start"]
    print(
        f"{figures['clients']:,} clients, made in {figures['fill_s']:.0f} s;"
        f" plaintext index in {figures['plaintext_index_s']:.0f} s"
    )
    late = "" if start["ready_unhindered_s"] <= 3 else ", MISSED"
    print(
        f"start: served after {start['served_s']:.2f} s, contacts found after {start['contact_s']:.2f} s, names ready"
        f" after {start['ready_s']:.2f} s, {start['ready_unhindered_s']:.2f} s without what was waited for a processor"
        f" (aim 3 s{late}; {start['ready_cpu_s']:.2f} s of CPU);"
        f" two at once: contacts {start['two_contact_s']:.2f} s, names {start['two_ready_s']:.2f} s"
    )
    print(f"{'':32}{'Alcove':>24}{'of that the entry':>20}{'plaintext':>24}{'ratio':>8}{'unordered':>14}")
    print(
        f"{'':32}{'p50':>8}{'p95':>8}{'found':>8}{'p50':>8}{'p95':>6}{'share':>6}{'p50':>8}{'p95':>8}{'found':>8}{'p95':>8}{'p95':>14}"
    )
    for kind, row in figures["search"]["kinds"].items():
        ours, plain, entry = row["alcove"], row["plaintext"], row["entry"]
        loose = f"{row['unordered']['p95']:14.2f}" if "unordered" in row else ""
        print(
            f"{kind:32}{ours['p50']:8.2f}{ours['p95']:8.2f}{ours['found']:7.0f}%"
            f"{entry['p50']:8.2f}{entry['p95']:6.2f}{entry['share']:5.0f}%"
            f"{plain['p50']:8.2f}{plain['p95']:8.2f}{plain['found']:7.0f}%{row['ratio']:8.2f}{loose}"
        )
    for name, aim in (("prefixes", 3), ("typing_errors", 10)):
        row = figures["search"][name]
        print(
            f"{name.replace('_', ' ')}: p95 {row['alcove']:.2f} ms against {row['plaintext']:.2f} ms:"
            f" {verdict(row['ratio'], aim)}"
        )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, default=100_000)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)


def main() -> None:
    if "--began" in sys.argv:
        os.chdir(scratch.ROOT)
        given = argparse.ArgumentParser()
        _arguments(given)
        options = given.parse_args()
        start_web(options.began, options.clients)
        return
    run(__doc__, measure, show, _arguments)


if __name__ == "__main__":
    main()
