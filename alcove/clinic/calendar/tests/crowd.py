"""Eight processes and one calendar, on a real database: ``python -m alcove.clinic.calendar.tests.crowd [URL]``.

First all want one and the same slot, a hundred times between them; then each does random things for a while. Prints one
JSON line: who won, what losers were offered, and whether anything was taken twice.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from uuid import UUID

from bench import scratch

WORKERS, TRIES, SECONDS = 8, 13, 4.0


def main(url=""):
    scratch.practice(url)
    from alcove.clinic.calendar.tests.make import clinic
    from alcove.clinic.clients.actions import create_client
    from alcove.security.access.actors import Actor
    from alcove.security.vault.keyring import keyring

    here = clinic(people=3, rooms=3)
    with keyring():
        client = create_client(
            Actor.operator("crowd"), directory={"given": "Cro", "family": "Wd"}, details={}
        )
    words = [str(here.location.pk), str(client.pk)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "alcove.clinic.calendar.tests.crowd", "worker", *words, str(number)],
            cwd=scratch.ROOT, env=os.environ | {"PYTHONPATH": str(scratch.ROOT)}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for number in range(WORKERS)
    ]  # fmt: skip
    # All begin each part together: they say that they are ready and wait for a line.
    for _ in range(2):
        for worker in workers:
            worker.stdout.readline()
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
    said = [json.loads(worker.communicate(timeout=600)[0].splitlines()[-1]) for worker in workers]
    total = Counter()
    for one in said:
        total.update(one["done"])
    sys.stdout.write(
        json.dumps({"done": total, "offered": [one["offered"] for one in said]} | verdict()) + "\n"
    )


def verdict():
    """Return how often something is taken twice, by comparing all rows with all others."""
    from alcove.clinic.calendar.models import Booking, Occupancy

    rows = list(
        Occupancy.objects.order_by("resource_id", "starts_at").values_list(
            "resource_id", "starts_at", "ends_at"
        )
    )
    overlaps = sum(
        one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
        for at, one in enumerate(rows)
        for other in rows[at + 1 : at + 40]
    )
    open_ones = Booking.objects.exclude(state="cancelled")
    bare = open_ones.filter(occupancies=None).count()
    return {"overlaps": overlaps, "rows": len(rows), "bookings": open_ones.count(), "bare": bare}


def _together():
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


def worker(location_id, client_id, number):
    scratch.join()
    from alcove.clinic.calendar import actions
    from alcove.clinic.calendar.models import Booking
    from alcove.clinic.calendar.queries import Ask, Wish, next_free
    from alcove.clinic.calendar.tests.make import MONDAY
    from alcove.clinic.practice.models import Location, Service, StaffProfile
    from alcove.clinic.practice.queries import at
    from alcove.security.access.actors import Actor
    from alcove.security.access.errors import Conflict

    location = Location.objects.get(pk=location_id)
    services = list(Service.objects.prefetch_related("rooms", "equipment").order_by("name"))
    people = list(StaffProfile.objects.order_by("shown_name"))
    actor, done, offered = Actor.operator("crowd"), Counter(), []
    rng = random.Random(int(number))
    _together()

    def book(service, person, minute):
        wish = Wish(service, person, at(MONDAY, minute, location.zone), service.minutes)
        actions.book(actor, UUID(client_id), location, [wish])

    facial = services[0]
    for _ in range(TRIES):
        try:
            book(facial, people[0], 600)
            done["won"] += 1
        except actions.SlotTaken:
            done["lost"] += 1
            asked = [Ask(facial, frozenset({people[0].pk}))]
            offered = [
                one.starts_at.isoformat()
                for one in next_free(location, asked, at(MONDAY, 600, location.zone))
            ]
    _together()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            if rng.random() < 0.6:
                book(rng.choice(services), rng.choice(people), rng.randrange(540, 1080, 15))
                done["booked"] += 1
            else:
                rows = list(Booking.objects.exclude(state="cancelled")[:60])
                if not rows:
                    continue
                row = rng.choice(rows)
                if rng.random() < 0.5:
                    actions.cancel(actor, row)
                    done["cancelled"] += 1
                else:
                    actions.move(
                        actor, row, starts_at=at(MONDAY, rng.randrange(540, 1080, 15), location.zone)
                    )
                    done["moved"] += 1
        except (actions.SlotTaken, actions.OutsideHours, actions.Unworkable, Conflict) as refused:
            done[type(refused).__name__] += 1
        except Exception as fault:  # whatever it is, the test wants to read its name
            done[f"FAULT {type(fault).__name__}"] += 1
    sys.stdout.write(json.dumps({"done": done, "offered": offered}) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
