"""Booking: what it takes, what it refuses, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.actions import OutsideHours, SlotTaken, Unworkable
from alcove.clinic.calendar.models import Appointment, Booking, Move, Occupancy
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import free, next_free
from alcove.clinic.calendar.tests.make import MONDAY, add_service, clinic
from alcove.clinic.practice.models import OpeningHours, ServiceRoom
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.vault import crypto
from alcove.security.vault.house import house
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import keyring


@pytest.fixture
def here(practice):
    return clinic()


@pytest.fixture
def desk(practice):
    return practice.actor("front_desk")


def reason_of(entry):
    return house().open(bytes(entry.reason), crypto.binding("audit.entry.reason", entry.id)).decode()


def taken():
    return sorted(Occupancy.objects.values_list("kind", "resource_id", "starts_at", "ends_at"))


def test_a_booking_takes_practitioner_room_and_equipment_with_one_entry(here, desk, client_card):
    before = Entry.objects.count()
    booking = here.book(desk, client_card.pk, here.wish("laser", "P0", 10))
    assert booking.state == "booked"
    (row,) = Appointment.objects.filter(booking=booking)
    assert (row.starts_at, row.ends_at) == (here.at(10), here.at(11))
    assert row.client_id == client_card.pk
    assert row.room in here.rooms.values()
    assert sorted(kind for kind, *_ in taken()) == ["equipment", "room", "staff"]
    (entry,) = Entry.objects.filter(event="calendar.booking.booked")
    assert entry.client_id == client_card.pk
    assert Entry.objects.exclude(event__startswith="messaging.").count() == before + 1


def test_nobody_and_nothing_is_booked_twice(here, desk, client_card):
    here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
    with pytest.raises(SlotTaken) as refused:
        here.book(desk, client_card.pk, here.wish("toxin", "P0", 10, 30))
    assert refused.value.kind == "staff"
    here.book(desk, client_card.pk, here.wish("facial", "P1", 10))
    with pytest.raises(SlotTaken):
        here.book(desk, client_card.pk, here.wish("toxin", "P0", 10, 30))
    assert Booking.objects.count() == 2
    here.book(desk, client_card.pk, here.wish("toxin", "P0", 10, 45))


def test_overlapping_hours_hide_nothing_that_is_taken(here, desk, client_card):
    with writing("a shorter stretch within the day's hours"):
        OpeningHours.objects.create(location=here.location, weekday=0, opens=10 * 60, closes=12 * 60)
    here.book(desk, client_card.pk, here.wish("facial", "P0", 15))
    starts = [one.starts_at for one in free(here.location, MONDAY, [here.ask("facial", "P0")])]
    assert here.at(11) in starts
    assert here.at(15) not in starts


def test_the_last_room_and_the_only_device_decide_too(practice, desk, client_card):
    here = clinic(people=3, rooms=2)
    here.book(desk, client_card.pk, here.wish("laser", "P0", 10))
    with pytest.raises(SlotTaken) as refused:
        here.book(desk, client_card.pk, here.wish("laser", "P1", 10, 30))
    assert refused.value.kind == "equipment"
    here.book(desk, client_card.pk, here.wish("facial", "P1", 10))
    with pytest.raises(SlotTaken) as refused:
        here.book(desk, client_card.pk, here.wish("facial", "P2", 10))
    assert refused.value.kind == "room"


def test_buffers_and_hands_free_time(practice, desk, client_card):
    here = clinic(rooms=3)
    add_service(here, "peel", minutes=30, buffer_after=10)
    numb = add_service(here, "numb", minutes=60, hands_free_from=10, hands_free_minutes=30)
    here.book(desk, client_card.pk, here.wish("peel", "P0", 10))
    starts = [one.starts_at for one in free(here.location, MONDAY, [here.ask("toxin", "P0")])]
    assert here.at(10, 30) not in starts
    assert here.at(10, 45) in starts
    here.book(desk, client_card.pk, here.wish("numb", "P1", 10))
    here.book(desk, client_card.pk, here.wish("toxin", "P1", 10, 10, room=None))
    with pytest.raises(SlotTaken):
        here.book(desk, client_card.pk, here.wish("toxin", "P1", 10, 30))
    assert numb.hands_free_minutes == 30


def test_outside_hours_takes_a_right(here, desk, practice, client_card):
    for wish in (here.wish("toxin", "P0", 8), here.wish("toxin", "P0", 17, 45)):
        with pytest.raises(OutsideHours):
            here.book(desk, client_card.pk, wish)
        here.book(desk, client_card.pk, wish, outside=True)
    poorer = replace(desk, rights=desk.rights - {Calendar.OUTSIDE_HOURS.key})
    with pytest.raises(Refused):
        here.book(poorer, client_card.pk, here.wish("toxin", "P0", 7), outside=True)


def test_overruling_takes_a_right_and_a_reason_and_later_ones_see_it(here, desk, practice, client_card):
    here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
    with pytest.raises(Refused):
        here.book(desk, client_card.pk, here.wish("facial", "P0", 10), overrule="she asked for it")
    owner = practice.actor("owner")
    here.book(owner, client_card.pk, here.wish("facial", "P0", 10), overrule="a burn that cannot wait")
    entry = Entry.objects.get(event="calendar.booking.overruled")
    assert reason_of(entry) == "a burn that cannot wait"
    with pytest.raises(SlotTaken):
        here.book(owner, client_card.pk, here.wish("toxin", "P0", 10, 30))


def test_several_services_are_one_booking(here, desk, client_card):
    wishes = [
        here.wish("facial", "P0", 10),
        here.wish("toxin", "P1", 10, 45),
        here.wish("toxin", "P0", 11, 15),
    ]
    booking = here.book(desk, client_card.pk, *wishes)
    assert (booking.starts_at, booking.ends_at) == (here.at(10), here.at(11, 45))
    rows = list(booking.appointments.all())
    assert len(rows) == 3
    assert len({row.room_id for row in rows}) == 1, "the client stays in the room"
    moved = actions.move(desk, booking, starts_at=here.at(14))
    assert [row.starts_at for row in moved.appointments.all()] == [
        here.at(14),
        here.at(14, 45),
        here.at(15, 15),
    ]
    actions.cancel(desk, moved)
    assert not Occupancy.objects.exists()


def test_one_person_cannot_do_two_at_once_but_two_people_can(here, desk, client_card):
    with pytest.raises(Unworkable, match="same time"):
        here.book(desk, client_card.pk, here.wish("facial", "P0", 10), here.wish("toxin", "P0", 10))
    booking = here.book(desk, client_card.pk, here.wish("facial", "P0", 10), here.wish("toxin", "P1", 10))
    assert len({row.room_id for row in booking.appointments.all()}) == 1


def test_a_move_is_undone_within_its_time_and_not_after(here, desk, client_card):
    booking = here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
    version = booking.version
    moved = actions.move(desk, booking, starts_at=here.at(15), version=version)
    with pytest.raises(Conflict):
        actions.move(desk, booking, starts_at=here.at(16), version=version)
    back = actions.undo(desk, moved)
    assert back.starts_at == here.at(10)
    assert [row.starts_at for row in back.appointments.all()] == [here.at(10)]
    with pytest.raises(Conflict):
        actions.undo(desk, back)
    actions.move(desk, back, starts_at=here.at(15))
    with writing("time goes by"):
        Move.objects.update(at=timezone.now() - policy.UNDO_LIFE - timedelta(seconds=1))
    with pytest.raises(Conflict, match="no longer"):
        actions.undo(desk, back)


def test_a_cancellation_is_undone_unless_somebody_took_its_time(here, desk, client_card):
    booking = here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
    cancelled = actions.cancel(desk, booking)
    assert not Occupancy.objects.exists()
    assert actions.undo(desk, cancelled).state == "booked"
    assert Occupancy.objects.count() == 2
    cancelled = actions.cancel(desk, booking)
    here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
    with pytest.raises(SlotTaken):
        actions.undo(desk, cancelled)
    booking.refresh_from_db()
    assert booking.state == "cancelled"


def test_a_move_to_another_person_and_a_taken_time(here, desk, client_card):
    first = here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
    here.book(desk, client_card.pk, here.wish("facial", "P1", 12))
    (row,) = first.appointments.all()
    with pytest.raises(SlotTaken):
        actions.move(desk, first, starts_at=here.at(12, 15), profiles={row.pk: here.people["P1"]})
    first.refresh_from_db()
    assert first.starts_at == here.at(10)
    moved = actions.move(desk, first, starts_at=here.at(10, 15), profiles={row.pk: here.people["P1"]})
    (row,) = moved.appointments.all()
    assert (row.profile, row.starts_at) == (here.people["P1"], here.at(10, 15))


def test_the_way_of_a_visit(here, desk, client_card):
    booking = here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
    with pytest.raises(Unworkable, match="only after"):
        actions.mark_no_show(desk, booking)
    with pytest.raises(Unworkable, match="cannot become"):
        actions.check_out(desk, booking)
    for step, state in (
        (actions.confirm, "confirmed"), (actions.check_in, "arrived"), (actions.give_room, "in_room"),
        (actions.check_out, "done"),
    ):  # fmt: skip
        assert step(desk, booking).state == state
    assert actions.step_back(desk, booking).state == "in_room"
    booking.refresh_from_db()
    assert booking.left_at is None
    with pytest.raises(Unworkable):
        actions.cancel(desk, booking)


def test_another_room_at_the_door(here, desk, client_card):
    booking = here.book(desk, client_card.pk, here.wish("facial", "P0", 10, room=here.rooms["R0"]))
    here.book(desk, client_card.pk, here.wish("facial", "P1", 10, room=here.rooms["R1"]))
    with pytest.raises(SlotTaken):
        actions.give_room(desk, booking, room=here.rooms["R1"])
    assert Booking.objects.get(pk=booking.pk).state == "booked", "all or nothing"
    other = here.book(desk, client_card.pk, here.wish("facial", "P0", 12, room=here.rooms["R0"]))
    actions.give_room(desk, other, room=here.rooms["R1"])
    assert other.appointments.get().room == here.rooms["R1"]


def test_a_service_that_names_rooms_takes_only_those(here, desk, client_card):
    with writing("a room for toxin"):
        ServiceRoom.objects.create(service=here.services["toxin"], room=here.rooms["R1"])
    booking = here.book(desk, client_card.pk, here.wish("toxin", "P0", 10))
    assert booking.appointments.get().room == here.rooms["R1"]
    with pytest.raises(SlotTaken):
        here.book(desk, client_card.pk, here.wish("toxin", "P1", 10))


def test_a_hold_takes_the_time_until_it_runs_out(here, desk, client_card):
    held = actions.hold(desk, here.location, [here.wish("facial", "P0", 10)])
    with pytest.raises(SlotTaken):
        here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
    booked = actions.claim_hold(desk, held.pk, client_card.pk)
    assert (booked.state, booked.client_id) == ("booked", client_card.pk)
    assert booked.appointments.get().client_id == client_card.pk
    late = actions.hold(desk, here.location, [here.wish("facial", "P1", 10)])
    with writing("time goes by"):
        Booking.objects.filter(pk=late.pk).update(held_until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Conflict, match="not this long"):
        actions.claim_hold(desk, late.pk, client_card.pk)
    assert actions.sweep_holds() == 1
    assert actions.sweep_holds() == 0
    here.book(desk, client_card.pk, here.wish("facial", "P1", 10))


def test_what_nobody_may_book(here, desk, practice, client_card):
    with pytest.raises(NotFound):
        here.book(desk, uuid7(), here.wish("facial", "P0", 10))
    with pytest.raises(Refused):
        here.book(practice.actor("marketing"), client_card.pk, here.wish("facial", "P0", 10))
    with pytest.raises(Unworkable, match="at least one"):
        here.book(desk, client_card.pk)
    with writing("nobody does toxin"):
        here.services["toxin"].staff.all().delete()
    with pytest.raises(Unworkable, match="does not do"):
        here.book(desk, client_card.pk, here.wish("toxin", "P0", 10))
    assert not Occupancy.objects.exists()


def test_losers_are_offered_the_next_three_times(here, desk, client_card):
    here.book(desk, client_card.pk, here.wish("facial", "P0", 10))
    found = next_free(here.location, [here.ask("facial", "P0")], here.at(10))
    assert [one.starts_at for one in found] == [here.at(10, 45), here.at(11), here.at(11, 15)]


def test_a_block_takes_time_and_gives_it_back(here, desk, client_card):
    made = actions.block(
        desk, here.location, of=here.people["P0"], title="Team", starts_at=here.at(10), ends_at=here.at(11)
    )
    with pytest.raises(SlotTaken):
        here.book(desk, client_card.pk, here.wish("facial", "P0", 10, 30))
    starts = [one.starts_at for one in free(here.location, MONDAY, [here.ask("facial", "P0")])]
    assert here.at(10) not in starts
    assert here.at(11) in starts
    booking = here.book(desk, client_card.pk, here.wish("facial", "P0", 12))
    with pytest.raises(SlotTaken):
        actions.move(desk, booking, starts_at=here.at(10))
    actions.unblock(desk, made)
    here.book(desk, client_card.pk, here.wish("facial", "P0", 10, 30))
    with pytest.raises(Unworkable):
        actions.block(
            desk, here.location, of=here.rooms["R0"], title="x", starts_at=here.at(11), ends_at=here.at(11)
        )


def test_a_note_is_sealed(here, desk, client_card):
    with keyring():
        opening.open_client(desk, client_card.pk)
        booking = here.book(
            desk, client_card.pk, here.wish("facial", "P0", 10), note="Prefers the quiet room"
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM calendar_booking")
        ((stored,),) = cursor.fetchall()
    assert b"quiet" not in bytes(stored)
    with keyring():
        opening.open_client(desk, client_card.pk)
        assert Booking.objects.get(pk=booking.pk).note == "Prefers the quiet room"
