"""What a client's card costs the server, against the least page a signed-in Django user can get.

    python bench/card.py                       both databases, about two minutes
    python bench/card.py --profile             and where the time goes (cProfile, CPU of the whole request)

The card is of a client with 60 visits and 300 entries on the chart, opened by a practitioner: guard, durable log
entry, keys, queries, opening, page. The least page is another Django project on the same kind of database, with
``contrib.sessions`` and ``contrib.auth`` and nothing else: session and user from the database, and a view that answers
the user's name. Both are called through their WSGI handlers, each in a process of its own, in turns of ten
requests, so that whatever else the machine does falls on both. Times are of the server alone, nothing is sent over
the network, and without what it waited for a processor (``_both.clock_ms``), in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import scratch
from bench._both import Figures, clock_ms, percentile, run, spread, verdict

VISITS, ENTRIES = 60, 300
TURNS, REQUESTS = 10, 10
WARM = 15
AIM = 10
GUARD_QUERIES, GUARD_AIM = 2, 1.5
"""At most so many statements and milliseconds from a request's arrival to its view, without the log entry."""
PAGES = {"card": "/clients/{id}/", "chart": "/clients/{id}/chart/", "values": "/clients/{id}/values/"}


# A client with a history ------------------------------------------------------------------------------------------


def client_with_history(number: int = 0, visits: int = VISITS, entries: int = ENTRIES) -> UUID:
    """Make a client with so many visits and entries of every kind, five notes, an alert; return the id."""
    from alcove.clinic.clients.actions import add_alert, create_client
    from alcove.security.access.actors import Actor
    from alcove.security.access.opening import open_client
    from alcove.security.access.writes import writing
    from alcove.security.vault.keyring import keyring

    actor = Actor.operator("bench")
    client = create_client(
        actor,
        directory={
            "given": "Catherine",
            "family": f"Okafor {number}",
            "born": "1984-02-29",
            "phones": ["+14155550123"],
            "emails": [f"catherine{number}@bench.example"],
        },
        details={
            "pronouns": "she, her",
            "address": {"line": "12 Bench Street", "city": "San Mateo", "state": "CA", "postal": "94401"},
            "language": "English",
        },
        people=[{"role": "Emergency contact", "name": "Oke Okafor", "phone": "+14155550199"}],
    )
    with keyring():
        open_client(actor, client.id)
        add_alert(actor, client, kind="clinical", severity="warning", text="Faints at the sight of needles")
        with writing("bench"):
            _history(client, visits, entries)
    return client.id


def _history(client: Any, visits: int, entries: int) -> None:
    from django.utils import timezone

    from alcove.clinic.records.models import Item, Note, Visit

    now = timezone.now()
    made = [
        Visit(
            client=client,
            starts_at=now - timedelta(days=7 * at, hours=2),
            content={
                "type": "Follow-up",
                "reason": "Melasma",
                "practitioner": "Dr Amara Osei",
                "place": "Room 2",
            },
        )
        for at in range(visits)
    ]
    Visit.objects.bulk_create(made, batch_size=200)
    Item.objects.bulk_create(
        (
            Item(client=client, visit=made[at % visits], kind=kind, content=content)
            for at, (kind, content) in enumerate(_entries(now, entries))
        ),
        batch_size=200,
    )
    Note.objects.bulk_create(
        Note(
            client=client,
            visit=visit,
            title=f"Follow-up {at}",
            body={
                "text": "Skin calm, no swelling. Settings kept as last time. Next visit in four weeks. " * 4
            },
            author_name="Dr Amara Osei",
            state=Note.State.SIGNED,
            written_at=visit.starts_at,
            signed_at=visit.starts_at,
        )
        for at, visit in enumerate(made[:5])
    )


_MEASURED = (
    ("Body weight", "kg", "62.4"),
    ("Heart rate", "/min", "71"),
    ("Glucose", "mg/dL", "96"),
    ("Body temperature", "Cel", "36.6"),
    ("Haemoglobin", "g/dL", "13.2"),
)


def _entries(now: Any, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Entries as a chart has them: half of them values, then treatments, medication, diagnoses, a few allergies."""
    return [_entry(at, (now - timedelta(days=3 * at)).isoformat()) for at in range(count)]


def _entry(at: int, start: str) -> tuple[str, dict[str, Any]]:
    number = at % 20
    for below, make in ((10, _value), (14, _treatment), (16, _medication), (18, _diagnosis), (19, _shot)):
        if number < below:
            return make(at, start)
    return (
        _allergy(at)
        if at < 60
        else ("report", {"name": "Lipid panel", "start": start, "text": "Within range"})
    )


def _value(at: int, start: str) -> tuple[str, dict[str, Any]]:
    name, unit, value = _MEASURED[at % 5]
    return "observation", {
        "name": name, "code": f"{8000 + at % 20}", "system": "http://loinc.org", "start": start, "value": value,
        "unit": unit, "low": "10", "high": "120", "category": "vital-signs",
    }  # fmt: skip


def _treatment(_at: int, start: str) -> tuple[str, dict[str, Any]]:
    return "procedure", {
        "name": "Microneedling", "start": start, "performer": "Dr Amara Osei", "reason": "Melasma",
    }  # fmt: skip


def _medication(at: int, start: str) -> tuple[str, dict[str, Any]]:
    past = {"end": start, "status": "stopped"} if at > 40 else {"status": "active"}
    return "medication", {
        "name": "Tretinoin 0.025 % cream",
        "start": start,
        "dose": "1 thin layer at night",
        **past,
    }


def _diagnosis(at: int, start: str) -> tuple[str, dict[str, Any]]:
    past = {"end": start, "status": "resolved"} if at > 40 else {"status": "active"}
    system = "http://snomed.info/sct"
    return "condition", {"name": "Melasma", "code": "36209000", "system": system, "start": start, **past}


def _shot(_at: int, start: str) -> tuple[str, dict[str, Any]]:
    return "immunisation", {"name": "Influenza, seasonal", "start": start, "lot": "AB1234"}


def _allergy(at: int) -> tuple[str, dict[str, Any]]:
    return "allergy", {
        "name": f"Lidocaine {at}", "criticality": "high" if at < 20 else "low", "reaction": "Hives",
    }  # fmt: skip


def signed_in(founded: Any, role: str = "practitioner") -> str:
    """Return the cookies of a living session of that role and of its browser."""
    from alcove.project.prove.ground import Practice
    from alcove.security.identity.sessions import COOKIE, DEVICE_COOKIE

    browser = Practice.of(founded).signed_in(role)
    return "; ".join(f"{name}={browser.cookies[name].value}" for name in (COOKIE, DEVICE_COOKIE))


def gather_statics() -> None:
    """Make the hashed names of static files, as ``alcove serve`` does before it serves."""
    from django.conf import settings

    from alcove.project.commands.serve import statics

    statics(settings.ALCOVE)


# The two servers --------------------------------------------------------------------------------------------------


def requested(application: Callable[..., Any], path: str, cookie: str) -> tuple[str, bytes]:
    """Call a WSGI application as its server would; return status and body."""
    from io import BytesIO

    answered: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": cookie,
        "HTTP_USER_AGENT": "bench",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    answer = application(environ, lambda status, _headers, _fault=None: answered.append(status))
    body = b"".join(answer)
    answer.close()
    return answered[0], body


def timed(application: Callable[..., Any], path: str, cookie: str, count: int) -> dict[str, list[float]]:
    """Return time, by ``clock_ms``, and CPU time of each request in milliseconds."""
    took: dict[str, list[float]] = {"server": [], "cpu": []}
    for _ in range(count):
        began, cpu = clock_ms(), time.process_time()
        status, _body = requested(application, path, cookie)
        took["cpu"].append((time.process_time() - cpu) * 1_000)
        took["server"].append(clock_ms() - began)
        if not status.startswith("200"):
            raise RuntimeError(f"{path} answered {status}")
    return took


def be_least(database: dict[str, Any]) -> None:
    """Be the least Django project with a signed-in user; answer each line of input with times of some requests."""
    import django
    from django.conf import settings
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.user.get_username())

    settings.configure(
        SECRET_KEY="bench",  # noqa: S106 - a server for a minute, on no network  # noqa: S106 - a page that signs nothing
        ALLOWED_HOSTS=["localhost"],
        DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        ROOT_URLCONF=(path("", page),),
        USE_TZ=True,
    )
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.test import Client

    call_command("migrate", verbosity=0, interactive=False)
    browser = Client()
    browser.force_login(User.objects.create_user("nurse"))
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    application = get_wsgi_application()
    status, body = requested(application, "/", cookie)
    if (status, body) != ("200 OK", b"nurse"):
        raise RuntimeError("the least page does not know its user")
    timed(application, "/", cookie, WARM)
    for line in sys.stdin:
        print(json.dumps(timed(application, "/", cookie, int(line))), flush=True)


def least_database(url: str, folder: str) -> dict[str, Any]:
    """Return Django's settings for a database of the same kind as ours, with the same way to connect."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"{folder}/least.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"},
        }
    from django.conf import settings

    ours: dict[str, Any] = settings.DATABASES["default"]
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{name: ours[name] for name in ("USER", "PASSWORD", "HOST", "PORT")},
        "NAME": "least",
        "OPTIONS": {"pool": ours["OPTIONS"]["pool"]},
    }


def _make_least_database() -> None:
    import psycopg
    from django.conf import settings

    ours: dict[str, Any] = settings.DATABASES["default"]
    with psycopg.connect(
        host=ours["HOST"], port=ours["PORT"], user=ours["USER"], dbname=ours["NAME"], autocommit=True
    ) as connection:
        connection.execute("CREATE DATABASE least")


# Measuring --------------------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> Figures:
    founded = scratch.practice(options.url)
    gather_statics()
    client_id = client_with_history()
    cookie = signed_in(founded)
    from alcove.project.wsgi import application

    paths = {name: path.format(id=client_id) for name, path in PAGES.items()}
    sizes = {name: _warmed(application, name, path, cookie) for name, path in paths.items()}
    took = in_turns(options.url, application, paths, cookie)
    figures: Figures = {
        name: {"server": spread(held["server"]), "cpu": spread(held["cpu"]), "bytes": sizes.get(name, 0)}
        for name, held in took.items()
    }
    for name, path in paths.items():
        figures[name] |= {
            "ratio": percentile(took[name]["server"], 50) / percentile(took["least"]["server"], 50),
            "cpu_ratio": percentile(took[name]["cpu"], 50) / percentile(took["least"]["cpu"], 50),
            "queries": queries(application, path, cookie),
        }
    figures["guard"] = decision(application, paths["card"], cookie)
    if options.profile:
        figures["profile"] = profiled(application, paths["card"], cookie)
    return figures


def _warmed(application: Callable[..., Any], name: str, path: str, cookie: str) -> int:
    """Ask for a page until it is warm; return how long it is, in bytes."""
    status, body = requested(application, path, cookie)
    if not status.startswith("200") or (name == "card" and b"Okafor" not in body):
        raise RuntimeError(f"{name} answered {status}")
    timed(application, path, cookie, WARM)
    return len(body)


def in_turns(
    url: str, application: Callable[..., Any], paths: dict[str, str], cookie: str
) -> dict[str, dict[str, list[float]]]:
    """Return the times of each page and of the least one, asked in turns of ten."""
    took: dict[str, dict[str, list[float]]] = {name: {"server": [], "cpu": []} for name in ("least", *paths)}
    with tempfile.TemporaryDirectory(prefix="alcove-least-") as folder:
        if url:
            _make_least_database()
        command = [sys.executable, __file__, "--least", json.dumps(least_database(url, folder))]
        least = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            for _ in range(TURNS):
                for name, held in took.items():
                    is_least = name == "least"
                    turn = _answer(least) if is_least else timed(application, paths[name], cookie, REQUESTS)
                    for clock, times in turn.items():
                        held[clock] += times
        finally:
            _end(least)
    return took


class Decision:
    """Watches what it takes until the card's view begins: the session, its roles, the client's rule and keys.

    The log entry is a figure of its own: it is not part of deciding, but no view begins before it is durable.
    """

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = {"decision": [], "entry": []}
        self.asked = 0
        self.is_deciding, self.began, self.entry = False, 0.0, 0.0

    def begins(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def begun(*given: Any) -> Any:
            self.is_deciding, self.began, self.entry, self.asked = True, clock_ms(), 0.0, 0
            return call(*given)

        return begun

    def enters(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def entered(*given: Any) -> Any:
            began = clock_ms()
            call(*given)
            self.entry += clock_ms() - began

        return entered

    def ends(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def ended(*given: Any) -> Any:
            if self.is_deciding:
                self.is_deciding = False
                self.took["decision"].append(clock_ms() - self.began - self.entry)
                self.took["entry"].append(self.entry)
            return call(*given)

        return ended

    def counted(self, execute: Callable[..., Any], sql: Any, *given: Any) -> Any:
        self.asked += self.is_deciding and str(sql).lstrip().upper().startswith("SELECT")
        return execute(sql, *given)


def decision(application: Callable[..., Any], path: str, cookie: str) -> dict[str, Any]:
    """Return times and number of statements of the guard's whole decision; see ``Decision``."""
    from unittest.mock import patch

    from django.db import connection

    from alcove.clinic.clients.queries import finding
    from alcove.security.access import opening
    from alcove.security.identity.middleware import Identity

    watch = Decision()
    with (
        patch.object(Identity, "__call__", watch.begins(Identity.__call__)),
        patch.object(opening, "record_now", watch.enters(opening.record_now)),
        # The first thing the card's view asks for.
        patch.object(finding, "client", watch.ends(finding.client)),
    ):
        for _ in range(TURNS * REQUESTS):
            requested(application, path, cookie)
        with connection.execute_wrapper(watch.counted):
            requested(application, path, cookie)
    return {name: spread(times[:-1]) for name, times in watch.took.items()} | {"queries": watch.asked}


def _answer(least: subprocess.Popen[str]) -> dict[str, list[float]]:
    to, back = least.stdin, least.stdout
    if to is None or back is None:
        raise RuntimeError("the least page has no pipes")
    return _asked(to, back)


def _asked(to: IO[str], back: IO[str]) -> dict[str, list[float]]:
    to.write(f"{REQUESTS}\n")
    to.flush()
    line = back.readline()
    if not line:
        raise RuntimeError("the least page ended")
    answer: dict[str, list[float]] = json.loads(line)
    return answer


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        process.stdin.close()
    process.wait(timeout=20)


def queries(application: Callable[..., Any], path: str, cookie: str) -> int:
    """Return how many statements one request makes."""
    from django.db import connection

    made = [0]

    def counted(execute: Callable[..., Any], *given: Any) -> Any:
        made[0] += 1
        return execute(*given)

    with connection.execute_wrapper(counted):
        requested(application, path, cookie)
    return made[0]


def profiled(application: Callable[..., Any], path: str, cookie: str, count: int = 40) -> list[str]:
    """Return where the time of a request goes: functions by their own time, in ms a request."""
    import cProfile
    import pstats
    from io import StringIO

    profile = cProfile.Profile(time.process_time)
    profile.enable()
    for _ in range(count):
        requested(application, path, cookie)
    profile.disable()
    text = StringIO()
    stats = pstats.Stats(profile, stream=text)
    stats.sort_stats("cumulative").print_stats(
        r"alcove|django.template|sqlite|psycopg|commit|compiler|render", 60
    )
    stats.sort_stats("tottime").print_stats(40)
    return text.getvalue().splitlines()


def show(figures: Figures) -> None:
    print(
        f"{'':10}{'p50':>10}{'p95':>8}{'CPU p50':>10}{'queries':>9}{'KB':>7}   p50 to that of the least page; CPU"
    )
    for name in ("least", *PAGES):
        row = figures[name]
        cells = f"{name:10}{row['server']['p50']:10.2f}{row['server']['p95']:8.2f}{row['cpu']['p50']:10.2f}"
        if name == "least":
            print(f"{cells}{2:9}")
            continue
        print(
            f"{cells}{row['queries']:9}{row['bytes'] / 1_000:7.0f}   {verdict(row['ratio'], AIM)},"
            f" {row['cpu_ratio']:.2f}x"
        )
    guard = figures["guard"]
    times = guard["decision"]
    missed = guard["queries"] > GUARD_QUERIES or times["p50"] > GUARD_AIM
    print(
        f"{'guard':10}{times['p50']:10.2f}{times['p95']:8.2f}{'':10}{guard['queries']:9}{'':7}   session, roles, client"
        f" (aim {GUARD_QUERIES} queries, {GUARD_AIM:g} ms{', MISSED' if missed else ''}); then the log entry,"
        f" {guard['entry']['p50']:.2f} ms"
    )
    for line in figures.get("profile", []):
        print(line)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", action="store_true", help="print where the time of the card goes")


def main() -> None:
    if "--least" in sys.argv:
        be_least(json.loads(sys.argv[sys.argv.index("--least") + 1]))
        return
    os.chdir(scratch.ROOT)
    run(__doc__, measure, show, _arguments)


if __name__ == "__main__":
    main()
