"""The waitlist: what became free goes to matching people in order, each for a while (CAL-11)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from alcove.clinic.calendar import actions, tasks
from alcove.clinic.calendar.actions import links, waitlist
from alcove.clinic.calendar.actions.freed import FREED_JOB
from alcove.clinic.calendar.actions.taking import Unworkable
from alcove.clinic.calendar.models import Booking, Occupancy, VisitLink, WaitlistEntry, WaitlistOffer
from alcove.clinic.calendar.policy import Online
from alcove.clinic.calendar.queries import visits
from alcove.clinic.calendar.tests.make import clinic
from alcove.clinic.messaging import actions as messages
from alcove.clinic.messaging.models import Outgoing
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Gone
from alcove.security.access.policy import Open
from alcove.security.access.writes import writing
from alcove.security.jobs.models import Job
from alcove.security.vault.keyring import keyring

HOLDER = Actor.job("visit link", Online.LINK, Open.DIRECTORY)
DAY = timezone.localdate() + timedelta(days=7)


@pytest.fixture
def here(practice):
    return clinic(people=1, rooms=1)


@pytest.fixture
def desk(practice):
    return practice.actor("front_desk")


def somebody(practice, name):
    """Return a client who can be written to at any hour."""
    email = f"{name.lower()}@patients.example"
    client = practice.client(name, "Waiting", emails=[email])
    with keyring():
        actor = practice.actor("front_desk")
        opening.open_client(actor, client.pk)
        messages.choose(actor, client.pk, {"quiet_from": "03:00", "quiet_to": "03:00"}, version=0)
        messages.confirm_address(actor, client.pk, email, how="staff")
    return client


def waits(here, desk, client, service="facial", **more):
    return waitlist.join(
        desk, client.pk, location=here.location, service=here.services[service],
        from_on=more.pop("from_on", timezone.localdate()), **more,
    )  # fmt: skip


def work():
    """Do what the worker does about freed time; return how many were asked."""
    asked = 0
    for job in Job.objects.filter(name=FREED_JOB, state="waiting").order_by("created_at"):
        asked += tasks.offer_freed(**job.arguments)
        Job.objects.filter(pk=job.pk).update(state="done")
    return asked


def token_of(practice, offer):
    """Return the token of an offer's link, as it stands in the message."""
    with keyring():
        opening.open_client(practice.actor("front_desk"), offer.client_id)
        row = Outgoing.objects.get(about=offer.booking_id, kind="waitlist_offer")
        return row.content["facts"]["token"]


def lapse(offer):
    past = timezone.now() - timedelta(seconds=1)
    with writing("time goes by"):
        Booking.objects.filter(pk=offer.booking_id).update(held_until=past)
        WaitlistOffer.objects.filter(pk=offer.pk).update(ends_at=past)


def booked(here, desk, client, hour=10):
    return here.book(desk, client.pk, here.wish("facial", "P0", hour, day=DAY))


def test_a_cancelled_time_is_offered_in_order_and_a_lapsed_link_is_gone(here, desk, practice):
    first, second = somebody(practice, "Ada"), somebody(practice, "Bea")
    comes = practice.client("Cleo", "Comes")
    full(here, desk, comes, but=10)
    booking = booked(here, desk, comes)
    ada, bea = waits(here, desk, first), waits(here, desk, second)
    actions.cancel(desk, booking)
    [job] = Job.objects.filter(name=FREED_JOB)
    assert job.due_at >= timezone.now() + policy.UNDO_LIFE - timedelta(seconds=20), "after it can be undone"
    assert work() == 1
    offer = WaitlistOffer.objects.get()
    assert offer.entry_id == ada.pk
    assert (offer.booking.state, offer.booking.starts_at) == ("held", here.at(10, day=DAY))
    assert abs(offer.ends_at - timezone.now() - policy.WAITLIST_HOLD) < timedelta(minutes=1)
    old = token_of(practice, offer)
    lapse(offer)
    with pytest.raises(Gone):
        visits.link(old)
    assert actions.sweep_holds() == 1
    assert work() == 1
    ada.refresh_from_db()
    assert ada.state == "waiting"
    later = WaitlistOffer.objects.get(entry=bea)
    with keyring():
        taken = links.take_offer(HOLDER, visits.link(token_of(practice, later)))
    assert (taken.client_id, taken.state) == (second.pk, "booked")
    bea.refresh_from_db()
    assert bea.state == "booked"
    with pytest.raises(Gone):
        visits.link(old)


def full(here, desk, client, but):
    """Book the whole day but one hour, so that only that hour can be offered."""
    for hour in range(9, 18):
        if hour != but:
            here.book(desk, client.pk, here.wish("laser", "P0", hour, day=DAY))


def test_one_freed_hour_is_one_offer(here, desk, practice):
    ada, bea = (waits(here, desk, somebody(practice, name)) for name in ("Ada", "Bea"))
    comes = practice.client("Cleo", "Comes")
    full(here, desk, comes, but=10)
    booking = booked(here, desk, comes)
    actions.cancel(desk, booking)
    assert work() == 1
    assert WaitlistOffer.objects.get().entry_id == ada.pk
    with keyring():
        links.decline_offer(HOLDER, visits.link(token_of(practice, WaitlistOffer.objects.get())))
    assert work() == 1
    assert WaitlistOffer.objects.get(ended_at=None).entry_id == bea.pk
    lapse(WaitlistOffer.objects.get(ended_at=None))
    actions.sweep_holds()
    assert work() == 0, "both were asked; the time is free for anybody"
    assert not Occupancy.objects.filter(
        starts_at__gte=here.at(10, day=DAY), starts_at__lt=here.at(11, day=DAY)
    ).exists()


def test_an_offer_begins_within_the_freed_time_though_the_hour_before_is_free_too(here, desk, practice):
    booking = booked(here, desk, practice.client("Cleo", "Comes"), hour=14)
    waits(here, desk, somebody(practice, "Ada"))
    actions.cancel(desk, booking)
    assert work() == 1
    assert WaitlistOffer.objects.get().booking.starts_at == here.at(14, day=DAY)


def test_a_link_pressed_twice_takes_once(here, desk, practice):
    waits(here, desk, somebody(practice, "Ada"))
    booking = booked(here, desk, practice.client("Cleo", "Comes"))
    actions.cancel(desk, booking)
    work()
    link = visits.link(token_of(practice, WaitlistOffer.objects.get()))
    with keyring():
        links.take_offer(HOLDER, link)
        with pytest.raises(Gone):
            links.take_offer(HOLDER, link)
    assert Booking.objects.filter(state="booked").count() == 1


def test_only_what_suits_is_offered(here, desk, practice):
    comes = practice.client("Cleo", "Comes")
    weekday, other = 1 << DAY.weekday(), 1 << (DAY.weekday() + 1) % 7
    wrong = [
        {"days": other}, {"hours": (13 * 60, 18 * 60)}, {"from_on": DAY + timedelta(days=1)},
        {"until_on": DAY - timedelta(days=1)}, {"service": "laser"},
    ]  # fmt: skip
    for at, one in enumerate(wrong):
        waits(here, desk, somebody(practice, f"No{at}"), **one)
    right = waits(here, desk, somebody(practice, "Yes"), days=weekday, hours=(10 * 60, 10 * 60 + 45))
    with writing("test"):
        here.services["laser"].is_active = False
        here.services["laser"].save()
    booking = booked(here, desk, comes)
    actions.cancel(desk, booking)
    work()
    assert {offer.entry_id for offer in WaitlistOffer.objects.all()} == {right.pk}
    assert WaitlistOffer.objects.get().booking.starts_at == here.at(10, day=DAY)


def test_who_cannot_be_reached_is_passed_over(here, desk, practice):
    waits(here, desk, practice.client("Silent", "Waiting"))
    heard = waits(here, desk, somebody(practice, "Bea"))
    actions.cancel(desk, booked(here, desk, practice.client("Cleo", "Comes")))
    work()
    assert {offer.entry_id for offer in WaitlistOffer.objects.all()} == {heard.pk}


def test_a_move_and_a_no_show_free_time_too(here, desk, practice):
    waits(here, desk, somebody(practice, "Ada"))
    booking = booked(here, desk, practice.client("Cleo", "Comes"))
    actions.move(desk, booking, starts_at=here.at(14, day=DAY))
    assert Job.objects.filter(name=FREED_JOB).count() == 1
    with writing("time goes by"):
        at = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=10)
        Booking.objects.filter(pk=booking.pk).update(starts_at=at, ends_at=at + timedelta(minutes=45))
    booking.refresh_from_db()
    actions.mark_no_show(desk, booking)
    assert Job.objects.filter(name=FREED_JOB).count() == 2
    assert not Occupancy.objects.filter(booking=booking).exists()


def test_a_no_show_that_was_none_takes_its_time_again_or_is_refused(here, desk, practice):
    booking = booked(here, desk, practice.client("Cleo", "Comes"))
    held = list(Occupancy.objects.values_list("kind", "starts_at", "ends_at"))
    with writing("time goes by"):
        Booking.objects.filter(pk=booking.pk).update(starts_at=timezone.now() - timedelta(minutes=5))
    actions.mark_no_show(desk, booking)
    assert actions.step_back(desk, booking).state == "booked"
    assert list(Occupancy.objects.values_list("kind", "starts_at", "ends_at")) == held


def test_nothing_is_looked_through_where_nobody_waits(here, desk, practice):
    actions.cancel(desk, booked(here, desk, practice.client("Cleo", "Comes")))
    assert not Job.objects.filter(name=FREED_JOB).exists()


def test_joining_twice_or_for_nothing_is_refused(here, desk, practice):
    client = somebody(practice, "Ada")
    entry = waits(here, desk, client, came_from="walk_in")
    with pytest.raises(Conflict):
        waits(here, desk, client)
    other = somebody(practice, "Bea")
    for wrong in ({"days": 0}, {"hours": (600, 610)}, {"until_on": timezone.localdate() - timedelta(days=1)}):
        with pytest.raises(Unworkable):
            waits(here, desk, other, **wrong)
    waitlist.leave(desk, entry)
    with pytest.raises(Conflict):
        waitlist.leave(desk, entry)
    assert waits(here, desk, client).state == WaitlistEntry.State.WAITING


def test_leaving_gives_the_offered_time_to_the_next(here, desk, practice):
    ada, bea = (waits(here, desk, somebody(practice, name)) for name in ("Ada", "Bea"))
    comes = practice.client("Cleo", "Comes")
    full(here, desk, comes, but=10)
    actions.cancel(desk, booked(here, desk, comes))
    work()
    waitlist.leave(desk, ada)
    work()
    assert WaitlistOffer.objects.get(ended_at=None).entry_id == bea.pk
    assert not VisitLink.objects.filter(client=ada.client_id, used_at=None).exists()


@pytest.mark.parametrize(
    ("days", "hours", "suits"), [(1, (9, 12), True), (2, (9, 12), False), (1, (9, 9.5), False)]
)
def test_what_suits_is_decided_by_the_local_clock(here, days, hours, suits):
    monday = here.at(9, day=DAY - timedelta(days=DAY.weekday())).astimezone(here.location.zone)
    entry = WaitlistEntry(
        days=days, from_minute=int(hours[0] * 60), until_minute=int(hours[1] * 60), from_on=monday.date()
    )
    assert entry.suits(monday, monday + timedelta(minutes=45)) is suits
