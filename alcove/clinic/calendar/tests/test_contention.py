"""Many at one moment: one wins, the others are offered the next three times, nothing is taken twice (CAL-02)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, connections, transaction

from alcove.clinic.calendar.models import Occupancy
from alcove.clinic.calendar.tests.crowd import TRIES, WORKERS
from alcove.clinic.calendar.tests.make import clinic
from alcove.security.access.writes import writing
from bench import scratch


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_of_a_hundred_at_one_moment_one_books_and_nothing_is_ever_taken_twice(database):
    def run(*words):
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ALCOVE_", "DJANGO_"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "alcove.clinic.calendar.tests.crowd", *words],
            env=kept, cwd=scratch.ROOT, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    if database == "sqlite":
        said = run()
    else:
        if not scratch.has_postgresql():
            pytest.skip("PostgreSQL 15 is not here: install Debian's postgresql-15")
        with scratch.postgresql() as url:
            said = run(scratch.new_database(url))
    done = said["done"]
    assert (done["won"], done["lost"]) == (1, WORKERS * TRIES - 1)
    assert all(len(times) == 3 for times in said["offered"])
    assert not [name for name in done if name.startswith("FAULT")], done
    assert (said["overlaps"], said["bare"]) == (0, 0)
    assert min(done["booked"], done["moved"], done["cancelled"], done["SlotTaken"]) > 0, done


def test_postgresql_itself_refuses_the_second_row(practice, client_card):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no exclusion constraint: the writer's turn is what keeps two apart")
    here = clinic()
    booking = here.book(practice.actor("front_desk"), client_card.pk, here.wish("facial", "P0", 10))
    row = Occupancy.objects.filter(booking=booking, kind="staff").get()
    twice = Occupancy(
        booking=booking,
        kind="staff",
        resource_id=row.resource_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )
    with (
        writing("a second row"),
        pytest.raises(IntegrityError, match="calendar_never_twice"),
        transaction.atomic(),
    ):
        twice.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_a_room_that_somebody_is_just_taking_is_passed_over(practice, client_card):
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite there is one writer at a time")
    here, desk = clinic(), practice.actor("front_desk")
    is_taken, may_end = threading.Event(), threading.Event()

    def slow():
        try:
            with transaction.atomic():
                booking = here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
                is_taken.set()
                assert may_end.wait(60), "the quick one waited for the slow one"
            return booking
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow)
        assert is_taken.wait(60)
        quick = here.book(desk, client_card.pk, here.wish("facial", "P1", 10))
        may_end.set()
        rooms = {one.appointments.get().room_id for one in (first.result(), quick)}
    assert len(rooms) == 2
