"""The calendar with 23,000 bookings: free times, the day's page, writers at once, and a long run against the model.

    python bench/bookings.py                       both databases, about fifteen minutes
    python bench/bookings.py --operations 1000     a shorter run against the model

Free times of one day for twelve practitioners and the page of a day with twelve columns and 150 appointments are held
against Django's least signed-in page (``bench/card.py``), in turns. The page's bytes are all a browser fetches for it,
each file with gzip -9: page, style sheets, modules; fonts, which a browser keeps for ever, are told apart. Eight
writers on PostgreSQL book through the action (audit, sealing, history) and, in the same run, insert into a bare table
under the same exclusion constraint. (Not called calendar.py: Python's own module of that name would be hidden.)
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import card, scratch
from bench._both import Figures, clock_ms, percentile, run, spread, verdict

PEOPLE, ROOMS, BOOKINGS, CLIENTS, DAY = 12, 12, 23_000, 150, 150
MINUTES, OPENS, CLOSES = 40, 8 * 60, 18 * 60
FIRST = date(2027, 3, 1)
FREE_AIM, PAGE_AIM, BYTES_AIM, WRITERS_AIM = 10, 40, 60_000, 0.05
WRITERS, SECONDS = 8, 6.0
OPERATIONS = 20_000
IMPORTED = re.compile(r"""(?:from|import)\s*["'](\.{1,2}/[^"']+)["']""")


# A busy clinic ----------------------------------------------------------------------------------------------------


def clinic() -> tuple[Any, Any]:
    """Make twelve people in twelve rooms with 23,000 bookings, 150 of them on the first day."""
    from alcove.clinic.calendar.tests import make
    from alcove.clinic.clients.actions import create_client
    from alcove.clinic.practice.models import OpeningHours, WorkingHours
    from alcove.security.access.actors import Actor
    from alcove.security.access.writes import writing

    here = make.clinic(people=PEOPLE, rooms=ROOMS)
    make.add_service(here, "peel", minutes=MINUTES)
    actor = Actor.operator("bench")
    clients = [
        create_client(actor, directory={"given": f"Client{number}", "family": "Okafor-Müller"}).id
        for number in range(CLIENTS)
    ]
    with writing("bench"):
        OpeningHours.objects.update(opens=OPENS, closes=CLOSES)
        WorkingHours.objects.update(starts=OPENS, ends=CLOSES)
        _book_all(here, clients)
    return here, actor


def _book_all(here: Any, clients: list[Any]) -> None:
    from alcove.clinic.calendar.models import Appointment, Booking, Occupancy

    people, rooms, service = list(here.people.values()), list(here.rooms.values()), here.services["peel"]
    bookings: list[Any] = []
    parts, taken = [], []
    a_day = (CLOSES - OPENS) // MINUTES
    for number in range(BOOKINGS):
        # 150 on the first day, then eleven or twelve a day for each of twelve people.
        day, slot = divmod(number, DAY) if number < DAY else (1 + (number - DAY) // (PEOPLE * 12), 0)
        slot = number if number < DAY else (number - DAY) % (PEOPLE * 12)
        which, at = slot % PEOPLE, slot // PEOPLE
        begin = here.at(0, day=FIRST + timedelta(days=day)) + timedelta(minutes=OPENS + at % a_day * MINUTES)
        end = begin + timedelta(minutes=MINUTES)
        one = Booking(
            client_id=clients[number % CLIENTS],
            location=here.location,
            starts_at=begin,
            ends_at=end,
            state="confirmed",
        )
        bookings.append(one)
        parts.append(
            Appointment(
                booking=one,
                client_id=one.client_id,
                service=service,
                profile=people[which],
                room=rooms[which],
                starts_at=begin,
                ends_at=end,
            )
        )
        for kind, resource in (("staff", people[which]), ("room", rooms[which])):
            taken.append(
                Occupancy(booking=one, kind=kind, resource_id=resource.pk, starts_at=begin, ends_at=end)
            )
    Booking.objects.bulk_create(bookings, batch_size=500)
    Appointment.objects.bulk_create(parts, batch_size=500)
    Occupancy.objects.bulk_create(taken, batch_size=500)


# Free times and the page ------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> Figures:
    founded = scratch.practice(options.url)
    card.gather_statics()
    here, actor = clinic()
    cookie = card.signed_in(founded, "front_desk")
    from alcove.project.wsgi import application

    path = "/calendar/"
    asked = _on(application, FIRST)
    status, body = card.requested(asked, path, cookie)
    shown = body.count(b'class="ap ')
    if not status.startswith("200") or shown != DAY or b"Okafor" not in body:
        raise RuntimeError(f"the day answered {status} with {shown} appointments")
    card.timed(asked, path, cookie, card.WARM)
    took = card.in_turns(options.url, asked, {"day": path}, cookie)
    least = percentile(took["least"]["server"], 50)
    figures: Figures = {
        "least": spread(took["least"]["server"]),
        "day": spread(took["day"]["server"]) | {"queries": card.queries(asked, path, cookie)},
        "free": spread(free_times(here)),
        "bytes": weight(body),
    }
    figures["day"]["ratio"] = figures["day"]["p50"] / least
    figures["free"]["ratio"] = figures["free"]["p50"] / least
    if options.url:
        figures["writers"] = writers(here, options.url)
    figures["model"] = against_model(here, actor, options.operations)
    return figures


def _on(application: Callable[..., Any], day: date) -> Callable[..., Any]:
    """Return the application with the day in every request's query."""

    def asked(environ: dict[str, Any], start: Any) -> Any:
        return application(environ | {"QUERY_STRING": f"day={day.isoformat()}"}, start)

    return asked


def free_times(here: Any) -> list[float]:
    """Return how long it takes to find the free times of one day, for whoever does it, in milliseconds."""
    from alcove.clinic.calendar.queries import Ask, free
    from alcove.clinic.practice.models import Service

    service = Service.objects.prefetch_related("rooms", "equipment").get(pk=here.services["facial"].pk)
    took = []
    for number in range(60):
        began = clock_ms()
        free(here.location, FIRST + timedelta(days=40 + number % 30), [Ask(service)])
        took.append(clock_ms() - began)
    return took[10:]


def weight(body: bytes) -> dict[str, int]:
    """Return the gzipped bytes of a page, of its style sheets and modules, and of its fonts."""
    from django.conf import settings

    root = Path(settings.STATIC_ROOT)
    found = [root / one.decode() for one in re.findall(rb'(?:href|src)="/static/([^"]+)"', body)]
    files = {one.resolve() for one in found}
    waiting = [one for one in files if one.suffix == ".js"]
    while waiting:
        one = waiting.pop()
        for name in IMPORTED.findall(one.read_text("utf-8")):
            other = (one.parent / name).resolve()
            if other not in files:
                files.add(other)
                waiting.append(other)
    fonts = sum(one.stat().st_size for one in files if one.suffix == ".woff2")
    rest = sum(len(gzip.compress(one.read_bytes(), 9)) for one in files if one.suffix != ".woff2")
    page = len(gzip.compress(body, 9))
    return {"page": page, "files": rest, "all": page + rest, "fonts": fonts}


# Eight writers ----------------------------------------------------------------------------------------------------


def writers(here: Any, url: str) -> dict[str, Any]:
    """Return bookings a second through the action and bare inserts a second, eight processes each, and the overlaps."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE bare (id uuid PRIMARY KEY, resource_id uuid, starts_at timestamptz, ends_at timestamptz,"
            " EXCLUDE USING gist (resource_id WITH =, tstzrange(starts_at, ends_at) WITH &&))"
        )
    from alcove.clinic.calendar.tests.crowd import verdict as overlaps
    from alcove.clinic.clients.models import Client

    words = [str(here.location.pk), str(Client.objects.values_list("pk", flat=True).first())]
    told = {kind: _all_at_once(kind, words, url) for kind in ("action", "bare")}
    rate = {kind: sum(one["made"] for one in found) / SECONDS for kind, found in told.items()}
    faults: Counter[str] = Counter()
    for found in told.values():
        for one in found:
            faults.update(one["faults"])
    return {
        **rate,
        "share": rate["action"] / rate["bare"],
        "faults": dict(faults),
        "overlaps": overlaps()["overlaps"],
    }


def _all_at_once(kind: str, words: list[str], url: str) -> list[dict[str, Any]]:
    environment = os.environ | {"PYTHONPATH": str(scratch.ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "--writer", kind, str(number), url, *words], env=environment, text=True,
            cwd=scratch.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for number in range(WRITERS)
    ]  # fmt: skip
    for one in processes:
        one.stdout.readline()  # type: ignore[union-attr]  # a pipe, as asked for
    for one in processes:
        one.stdin.write("go\n")  # type: ignore[union-attr]  # as above
        one.stdin.flush()  # type: ignore[union-attr]  # as above
    return [json.loads(one.communicate(timeout=120)[0].splitlines()[-1]) for one in processes]


def be_writer(kind: str, number: str, url: str, location_id: str, client_id: str) -> None:
    """Be one of eight: book, or insert, at random free-looking times for some seconds; print what was made."""
    rng, made, faults = random.Random(int(number)), 0, Counter[str]()
    deed = _booker(rng, location_id, client_id) if kind == "action" else _inserter(rng, url)
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            made += deed()
        except Exception as fault:  # noqa: BLE001 - whatever it is, its name is a figure
            faults[type(fault).__name__] += 1
    print(json.dumps({"made": made, "faults": faults}), flush=True)


def _booker(rng: random.Random, location_id: str, client_id: str) -> Callable[[], bool]:
    scratch.join()
    from uuid import UUID

    from alcove.clinic.calendar import actions
    from alcove.clinic.calendar.queries import Wish
    from alcove.clinic.practice.models import Location, Service, StaffProfile
    from alcove.clinic.practice.queries import at
    from alcove.security.access.actors import Actor

    location, actor = Location.objects.get(pk=location_id), Actor.operator("bench")
    service = Service.objects.prefetch_related("rooms", "equipment").get(name="peel")
    people = list(StaffProfile.objects.order_by("pk"))

    def deed() -> bool:
        # Beyond what is booked already.
        day = FIRST + timedelta(days=400 + rng.randrange(40))
        starts_at = at(day, OPENS + rng.randrange(15) * MINUTES, location.zone)
        try:
            actions.book(
                actor, UUID(client_id), location, [Wish(service, rng.choice(people), starts_at, MINUTES)]
            )
        except actions.SlotTaken:
            return False
        return True

    return deed


def _inserter(rng: random.Random, url: str) -> Callable[[], bool]:
    import uuid
    from datetime import UTC, datetime

    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    people = [uuid.UUID(int=number) for number in range(PEOPLE)]
    zero = datetime(2027, 3, 1, tzinfo=UTC)

    def deed() -> bool:
        starts_at = zero + timedelta(days=rng.randrange(4_000), minutes=OPENS + rng.randrange(15) * MINUTES)
        try:
            connection.execute(
                "INSERT INTO bare VALUES (%s, %s, %s, %s)",
                (uuid.uuid4(), rng.choice(people), starts_at, starts_at + timedelta(minutes=MINUTES)),
            )
        except psycopg.errors.ExclusionViolation:
            return False
        return True

    return deed


# Against the simple model -----------------------------------------------------------------------------------------


def against_model(here: Any, actor: Any, operations: int) -> dict[str, Any]:
    """Do so many random things to one day and compare each with the model; an ``AssertionError`` ends it."""
    from alcove.clinic.calendar.models import Booking
    from alcove.clinic.calendar.tests.model import play
    from alcove.clinic.clients.models import Client
    from alcove.clinic.practice.models import OpeningHours, WorkingHours
    from alcove.security.access.writes import writing

    with writing("an empty calendar"):
        Booking.objects.all().delete()
        OpeningHours.objects.update(opens=9 * 60, closes=18 * 60)
        WorkingHours.objects.update(starts=9 * 60, ends=18 * 60)
    here.people = dict(list(here.people.items())[:3])
    client_id = Client.objects.values_list("pk", flat=True).first()
    began, done = time.monotonic(), Counter[str]()
    disagreed = 0
    try:
        done.update(play(here, actor, client_id, 11, operations))
    except AssertionError:
        disagreed = 1
    return {
        "operations": done.total(),
        "disagreements": disagreed,
        "seconds": time.monotonic() - began,
        **done,
    }


def show(figures: Figures) -> None:
    print(f"least page {figures['least']['p50']:8.2f} ms p50")
    print(f"free times {figures['free']['p50']:8.2f} ms p50   {verdict(figures['free']['ratio'], FREE_AIM)}")
    day = figures["day"]
    print(
        f"the day    {day['p50']:8.2f} ms p50   {verdict(day['ratio'], PAGE_AIM)}, {day['queries']} queries"
    )
    size = figures["bytes"]
    missed = ", MISSED" if size["all"] > BYTES_AIM else ""
    print(
        f"bytes      {size['all']:8,} gzip: page {size['page']:,}, files {size['files']:,} (aim {BYTES_AIM:,}{missed});"
        f" fonts {size['fonts']:,}"
    )
    if "writers" in figures:
        held = figures["writers"]
        missed = ", MISSED" if held["share"] < WRITERS_AIM or held["overlaps"] or held["faults"] else ""
        print(
            f"writers    {held['action']:8.1f} bookings/s, bare {held['bare']:.0f}/s: {held['share']:.3f}x"
            f" (aim {WRITERS_AIM:g}x), {held['overlaps']} overlaps, faults {held['faults'] or 'none'}{missed}"
        )
    model = figures["model"]
    missed = ", MISSED" if model["disagreements"] else ""
    print(
        f"model      {model['operations']:8,} operations, {model['disagreements']} disagreements (aim 0{missed}),"
        f" {model['seconds']:.0f} s"
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--operations", type=int, default=OPERATIONS, help="random things done against the model"
    )


def main() -> None:
    if "--writer" in sys.argv:
        be_writer(*sys.argv[sys.argv.index("--writer") + 1 :])
        return
    os.chdir(scratch.ROOT)
    run(__doc__, measure, show, _arguments)


if __name__ == "__main__":
    main()
