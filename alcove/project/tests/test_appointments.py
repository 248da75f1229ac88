"""The demo's calendar: nothing taken twice, rates as in the tables, somebody there whatever the hour."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from random import Random

import pytest
from django.conf import settings

from alcove.clinic.calendar.models import (
    Appointment,
    Block,
    Booking,
    Feed,
    Occupancy,
    Series,
    VisitLink,
    WaitlistEntry,
    WaitlistOffer,
)
from alcove.clinic.calendar.queries.needs import by_resource, staff_spans, whole_span
from alcove.clinic.messaging.models import Outgoing
from alcove.project.demo import appointments, loading, rates
from alcove.project.demo.booking import Life
from alcove.project.demo.menu import MENU, PATCH_TEST
from alcove.project.demo.stage import ZONE, Stage, moment
from alcove.security.access import need
from alcove.security.audit.models import Entry

S = Booking.State
NOON = datetime(2026, 11, 19, 20, 7, tzinfo=UTC)
"""A Thursday, seven past twelve at the practice."""
_came = {S.DONE, S.IN_ROOM, S.ARRIVED}


def _silent(_total):
    return lambda _steps: None


def _stage(at: datetime, clients: int) -> tuple[Stage, list]:
    stage = Stage(Random(7), at.astimezone(ZONE).date(), at)
    return stage, loading.plan(stage, clients, 7)


@pytest.fixture
def life(db) -> Life:
    stage, visits = _stage(NOON, 400)
    loading._found(settings.ALCOVE, stage)
    return appointments.plan(stage, visits, 7)


def _overlaps(taken: list[tuple]) -> list[tuple]:
    found = []
    for resource in {pk for pk, _, _ in taken}:
        spans = sorted((begin, end) for pk, begin, end in taken if pk == resource)
        found += [(resource, one, other) for one, other in pairwise(spans) if other[0] < one[1]]
    return found


# As planned, with 400 clients -------------------------------------------------------------------------------------


def test_the_plan_of_400_clients_takes_nothing_twice_and_looks_like_a_practice(life):
    takes = [(pk, *span) for one in [*life.bookings, *life.blocks] for _, pk, span in one.takes]
    assert len(takes) > 8_000
    assert _overlaps(takes) == []
    past = [one.row for one in life.bookings if one.row.ends_at < life.stage.until - timedelta(hours=3)]
    states = Counter(row.state for row in past)
    assert set(states) == {S.DONE, S.NO_SHOW, S.CANCELLED}
    assert 3_000 < len(life.bookings) < 7_000
    assert 0.035 < states[S.NO_SHOW] / (len(past) - states[S.CANCELLED]) < 0.075
    assert 0.13 < states[S.CANCELLED] / len(past) < 0.20
    leads = sorted((row.starts_at - row.created_at).days for row in past)
    assert 5 <= leads[len(leads) // 2] <= 14
    late = [row for row in past if row.arrived_at and row.arrived_at > row.starts_at]
    assert 0.1 < len(late) / states[S.DONE] < 0.3
    _looks_full(life)


def _looks_full(life):
    """More than half of the time that clinicians work behind us is taken, numbing and masks not counted."""
    worked = taken = 0.0
    for back in range(30, 90):
        day = life.stage.today - timedelta(days=back)
        for key, profile in life.diary.profiles.items():
            spans = life.diary.spans(key, day)
            worked += sum(ends - starts for starts, ends in spans) if spans else 0
            busy = life.diary.taken.get((profile.pk, day), []) if spans else []
            taken += sum((end - begin).total_seconds() / 60 for begin, end in busy)
    assert 0.5 < taken / worked < 0.92


def test_moments_follow_one_another_and_none_lies_ahead_of_now(life):
    until = life.stage.until
    for one in life.bookings:
        row = one.row
        moments = [row.created_at, row.confirmed_at, row.arrived_at, row.in_room_at, row.left_at]
        known = [at for at in moments if at is not None]
        assert all(at <= until for at in known), row.state
        assert known == sorted(known), row.state
        if row.state in _came:
            assert row.arrived_at is not None
        assert (row.cancelled_at is not None) == (row.state == S.CANCELLED)
        if one.card is not None:
            assert row.created_at >= moment(one.card.invented.since, 0)


def test_a_patch_test_comes_before_the_laser_and_a_course_is_six_at_most(life):
    laser = {one.name for one in MENU if one.first == (PATCH_TEST,)}
    tested: dict[int, datetime] = {}
    for one in life.bookings:
        if one.row.state in {S.CANCELLED, S.NO_SHOW} or one.card is None:
            continue
        names = {wish.service.name for wish in one.wishes}
        if PATCH_TEST in names:
            tested.setdefault(id(one.card), one.row.starts_at)
        if names & laser and one.course:
            assert tested[id(one.card)] < one.row.starts_at
    courses = Counter(one.course for one in life.bookings if one.course)
    assert len(courses) > 20
    assert max(courses.values()) <= 6
    assert sum(len(one.wishes) > 1 for one in life.bookings) > 40


def test_somebody_is_about_whatever_the_hour_and_on_a_sunday(db):
    founded, _ = _stage(NOON, 1)
    loading._found(settings.ALCOVE, founded)
    for at in (NOON, datetime(2026, 11, 22, 10, 0, tzinfo=UTC), datetime(2026, 11, 23, 7, 53, tzinfo=UTC)):
        stage, visits = _stage(at, 40)
        stage.people = founded.people
        life = appointments.plan(stage, visits, 7)
        today = [one.row for one in life.bookings if one.row.starts_at.astimezone(ZONE).date() == stage.today]
        states = {row.state for row in today}
        assert states >= {S.ARRIVED, S.IN_ROOM, S.DONE, S.NO_SHOW, S.CONFIRMED}
        late = [row for row in today if row.state == S.CONFIRMED and row.starts_at < stage.until]
        assert late
        assert [one.row.state for one in life.bookings if one.card is None] == [S.HELD, S.HELD]
        assert life.offered is not None
        assert any(len(one.wishes) > 1 for one in life.bookings if one.row in today)


def test_the_same_seed_gives_the_same_calendar(life):
    again = appointments.plan(life.stage, [], 7)
    once_more = appointments.plan(life.stage, [], 7)
    other = appointments.plan(life.stage, [], 8)
    assert _shape(again) == _shape(once_more) != _shape(other)


def _shape(life: Life) -> list:
    return [
        (one.row.starts_at, one.row.state, one.row.created_at, [wish.service.name for wish in one.wishes])
        for one in life.bookings
    ]


def test_fewer_are_booked_the_further_ahead_one_looks():
    shares = [rates.booked_already(ahead) for ahead in (1, 3, 8, 20, 31, 60, 90)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1
    assert shares[-1] == 0
    assert all(rates.lead(Random(at), 12) >= 12 for at in range(50))


def test_every_visit_of_the_charts_stands_in_the_calendar(db):
    stage, visits = _stage(NOON, 400)
    loading._found(settings.ALCOVE, stage)
    life = appointments.plan(stage, visits, 7)
    there = {
        (id(one.card), one.row.starts_at, wish.profile.person_id, one.row.state)
        for one in life.bookings
        for wish in one.wishes
    }
    late = [held for held in visits if (stage.today - held.day).days <= appointments.BEHIND]
    assert len(late) > 500
    alone = [
        (held.treatment.key, held.by, held.at)
        for held in late
        if (id(held.card), held.at, stage.people[held.by].pk, S.DONE) not in there
    ]
    assert alone == []


# Against appointments of an outpatient practice ----------------------------------------------------------------------


REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "data" / "appointments"
"""A synthetic outpatient practice of three months, one clinician, slots of a quarter of an hour."""


def _reference(name: str) -> list[dict[str, str]]:
    path = REFERENCE / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip("../shared/data/appointments is not here: there is nothing to compare the demo with")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _shares(came: int, missed: int, cancelled: int, leads: list[int]) -> dict[str, float]:
    ordered = sorted(leads)
    at = {f"days ahead, {part} %": float(ordered[len(ordered) * part // 100]) for part in (25, 50, 75)}
    return {
        "did not come": missed / (came + missed),
        "cancelled": cancelled / (came + missed + cancelled),
    } | at


def _gaps(free: list[list[bool]]) -> dict[str, float]:
    """Return how much of days given by the quarter of an hour stays free, and how long a gap is, in minutes."""
    runs = [len(list(run)) for day in free for is_free, run in groupby(day) if is_free]
    quarters = [one for day in free for one in day]
    return {"free": sum(quarters) / len(quarters), "gap": 15.0 * sorted(runs)[len(runs) // 2]}


def test_nine_months_go_as_in_the_reference_data(life):
    """Tolerances: 2 and 3 in a hundred for who does not come and cancels, 4 days for quarters of the days ahead."""
    rows = _reference("appointments")
    states = Counter(row["status"] for row in rows)
    leads = [
        int(row["scheduling_interval"]) for row in rows if row["status"] in {"attended", "did not attend"}
    ]
    theirs = _shares(states["attended"], states["did not attend"], states["cancelled"], leads)
    past = [one.row for one in life.bookings if one.row.ends_at < life.stage.until - timedelta(hours=3)]
    ours_by = Counter(row.state for row in past)
    days = [
        (row.starts_at.astimezone(ZONE).date() - row.created_at.astimezone(ZONE).date()).days
        for row in past
        if row.state in {S.DONE, S.NO_SHOW}
    ]
    ours = _shares(ours_by[S.DONE], ours_by[S.NO_SHOW], ours_by[S.CANCELLED], days)
    tolerance = {"did not come": 0.02, "cancelled": 0.03}
    far = {
        key: (ours[key], theirs[key])
        for key in theirs
        if abs(ours[key] - theirs[key]) > tolerance.get(key, 4)
    }
    assert far == {}


def test_days_are_as_full_and_rush_hours_as_in_the_reference_data(life):
    """Tolerances: 15 in a hundred for what stays free, overall and hour by hour; a gap is a half hour at most.

    25 in a hundred in hours with a break or the end of the day: what is left there is too short for most treatments.
    """
    kept = {"attended", "did not attend"}
    booked = {row["slot_id"] for row in _reference("appointments") if row["status"] in kept}
    last = max(row["appointment_date"] for row in _reference("appointments") if row["status"] == "attended")
    slots = [row for row in _reference("slots") if row["appointment_date"] < last]
    theirs: dict[str, list[bool]] = {}
    hours: dict[int, list[bool]] = {}
    for row in slots:
        is_free = row["slot_id"] not in booked
        theirs.setdefault(row["appointment_date"], []).append(is_free)
        hours.setdefault(int(row["appointment_time"][:2]), []).append(is_free)
    ours, our_hours = _days(life)
    own, other = _gaps(ours), _gaps(list(theirs.values()))
    assert abs(own["free"] - other["free"]) < 0.15, (own, other)
    assert own["gap"] <= 30 >= other["gap"]
    shares = {
        hour: (sum(free) / len(free), sum(hours[hour]) / len(hours[hour])) for hour, free in our_hours.items()
    }
    edges = {12, 13, 17}
    far = {
        hour: (here, there)
        for hour, (here, there) in shares.items()
        if abs(here - there) > (0.3 if hour in edges else 0.15)
    }
    assert far == {}


def _days(life: Life) -> tuple[list[list[bool]], dict[int, list[bool]]]:
    """Return which quarters of the working days behind us were free, person by person, and the same by the hour."""
    found: list[list[bool]] = []
    hours: dict[int, list[bool]] = {}
    for back in range(20, 120):
        day = life.stage.today - timedelta(days=back)
        for key, profile in life.diary.profiles.items():
            for starts, ends in life.diary.spans(key, day):
                quarters = list(range(starts, ends, 15))
                at = [moment(day, minute) for minute in quarters]
                free = [life.diary.is_free(profile.pk, (one, one + timedelta(minutes=15))) for one in at]
                found.append(free)
                for minute, is_free in zip(quarters, free, strict=True):
                    hours.setdefault(minute // 60, []).append(is_free)
    return found, hours


# As written -------------------------------------------------------------------------------------------------------


@pytest.fixture
def demo(db):
    return loading.load(settings.ALCOVE, clients=24, seed=7, bar=_silent, at=NOON)


def test_what_is_written_takes_exactly_what_its_appointments_need_and_nothing_twice(demo):
    rows = Occupancy.objects.values_list("resource_id", "starts_at", "ends_at")
    assert len(rows) > 300
    assert _overlaps(list(rows)) == []
    assert not Occupancy.objects.filter(booking__state=S.CANCELLED).exists()
    kinds: dict = {}
    taken = Occupancy.objects.exclude(booking=None)
    for booking_id, kind, pk, begin, end in taken.values_list(
        "booking_id", "kind", "resource_id", "starts_at", "ends_at"
    ):
        kinds.setdefault((booking_id, kind), set()).add((pk, begin, end))
    bookings = Booking.objects.exclude(state=S.CANCELLED).prefetch_related("appointments__service__equipment")
    assert bookings.count() > 100
    for booking in bookings:
        wishes = [_wish(row) for row in booking.appointments.all()]
        staff = by_resource((wish.profile.pk, span) for wish in wishes for span in staff_spans(wish))
        assert kinds[booking.pk, "staff"] == {(pk, *span) for pk, spans in staff.items() for span in spans}
        rooms = by_resource((wish.room.pk, whole_span(wish)) for wish in wishes if wish.room)
        assert kinds[booking.pk, "room"] == {(pk, *span) for pk, spans in rooms.items() for span in spans}
        needs = sum(wish.service.equipment.count() for wish in wishes)
        assert bool(needs) == bool(kinds.get((booking.pk, "equipment")))
        assert booking.client_id is not None or booking.state == S.HELD


def _wish(row: Appointment):
    from alcove.clinic.calendar.queries import Wish

    minutes = int((row.ends_at - row.starts_at).total_seconds() // 60)
    return Wish(row.service, row.profile, row.starts_at, minutes, row.price_minor, row.room)


def test_the_demo_has_blocks_courses_notes_and_a_log_of_the_last_weeks(demo):
    assert Block.objects.filter(title="Team meeting").count() > 50
    assert Block.objects.exclude(room=None).exists()
    assert Series.objects.exists()
    assert Booking.objects.filter(note__isnull=False).exists()
    assert Booking.objects.filter(state=S.HELD, client=None).count() == 2
    events = Counter(Entry.objects.filter(event__startswith="calendar.").values_list("event", flat=True))
    assert events["calendar.booking.booked"] > 5
    assert events["calendar.booking.done"] > 1
    ids = {pk.hex for pk in Booking.objects.values_list("pk", flat=True)}
    named = Entry.objects.filter(event="calendar.booking.arrived").values_list("object", flat=True)
    assert named
    assert all(text.split(" ")[1] in ids for text in named)


def test_a_course_a_limited_client_and_the_waitlist_are_in_the_demo_too(demo):
    colleague = demo.limited.client
    coming = Booking.objects.get(client=colleague)
    assert coming.starts_at > demo.until
    assert coming.client_id in need.hidden_from(demo.actor("maya.johnson"))
    [offer] = WaitlistOffer.objects.select_related("booking", "entry")
    assert (offer.booking.state, offer.entry.state) == (S.HELD, "offered")
    assert offer.ends_at > demo.until + timedelta(hours=6)
    assert sorted(Feed.objects.values_list("shows", flat=True)) == ["busy", "initials"]
    assert WaitlistEntry.objects.filter(state="waiting").count() >= 3
    assert Outgoing.objects.filter(about=offer.booking_id, kind="waitlist_offer").count() == 1


def test_messages_are_about_visits_there_are_and_none_is_left_out(demo):
    about = set(Outgoing.objects.values_list("about", flat=True))
    assert about <= set(Booking.objects.values_list("pk", flat=True))
    coming = Booking.objects.filter(starts_at__gt=demo.until, state__in=[S.BOOKED, S.CONFIRMED])
    assert set(coming.values_list("pk", flat=True)) <= about
    waiting = Outgoing.objects.filter(state="waiting")
    assert {"reminder_far", "reminder_near", "moved"} <= set(waiting.values_list("kind", flat=True))
    assert not waiting.filter(due_at__lt=demo.until, fault="").exists()
    assert set(Outgoing.objects.exclude(state="waiting").values_list("state", flat=True)) >= {
        "sent",
        "dropped",
    }
    for booking in coming:
        near = Outgoing.objects.filter(about=booking.pk, kind="reminder_near").first()
        if near is not None:
            assert near.wanted_at == booking.starts_at - timedelta(hours=2)
    assert VisitLink.objects.values("booking").distinct().count() == VisitLink.objects.count()
