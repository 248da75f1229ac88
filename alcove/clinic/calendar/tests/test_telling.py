"""What clients are told about their bookings, and by which link they answer (CAL-07, CAL-12)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.actions import SlotTaken, Unworkable, links
from alcove.clinic.calendar.models import Booking, VisitLink
from alcove.clinic.calendar.policy import Online
from alcove.clinic.calendar.queries import visits
from alcove.clinic.calendar.queries.rhythm import Rhythm
from alcove.clinic.calendar.tests.make import clinic
from alcove.clinic.messaging.models import Outgoing
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Gone
from alcove.security.access.policy import Open
from alcove.security.access.writes import writing
from alcove.security.vault.keyring import keyring

HOLDER = Actor.job("visit link", Online.LINK, Open.DIRECTORY)
DAY = timezone.localdate() + timedelta(days=7)


@pytest.fixture
def here(practice):
    return clinic()


@pytest.fixture
def desk(practice):
    return practice.actor("front_desk")


@pytest.fixture
def booking(here, desk, client_card):
    return here.book(desk, client_card.pk, here.wish("facial", "P0", 10, day=DAY))


def waiting(booking):
    rows = Outgoing.objects.filter(about=booking.pk, state="waiting").order_by("kind")
    return {row.kind: row.due_at for row in rows}


def tokens_of(practice, booking):
    with keyring():
        opening.open_client(practice.actor("front_desk"), booking.client_id)
        rows = Outgoing.objects.filter(about=booking.pk, state="waiting")
        return {row.content["facts"]["token"] for row in rows}


def sent(booking, kind="booked"):
    """Let a message have left."""
    with writing("test"):
        Outgoing.objects.filter(about=booking.pk, kind=kind).update(state="sent", content=None)


def link_of(practice, booking):
    [token] = tokens_of(practice, booking)
    return visits.link(token)


def test_a_booking_plans_its_confirmation_and_two_reminders_with_one_link(booking, practice, here):
    told = waiting(booking)
    assert set(told) == {"booked", "reminder_far", "reminder_near"}
    rows = {row.kind: row for row in Outgoing.objects.filter(about=booking.pk)}
    assert rows["reminder_far"].wanted_at == booking.starts_at - timedelta(hours=48)
    assert rows["reminder_near"].wanted_at == booking.starts_at - timedelta(hours=2)
    assert link_of(practice, booking).booking_id == booking.pk
    assert VisitLink.objects.count() == 1


def test_a_moved_visit_sends_only_the_new_reminder(booking, here, desk):
    sent(booking)
    actions.move(desk, booking, starts_at=here.at(14, day=DAY))
    rows = Outgoing.objects.filter(about=booking.pk, state="waiting")
    assert {row.kind: row.wanted_at for row in rows if row.kind != "moved"} == {
        "reminder_far": here.at(14, day=DAY) - timedelta(hours=48),
        "reminder_near": here.at(14, day=DAY) - timedelta(hours=2),
    }
    assert rows.filter(kind="moved").count() == 1


def test_who_was_told_nothing_yet_hears_of_one_booking(booking, here, desk):
    moved = actions.move(desk, booking, starts_at=here.at(14, day=DAY))
    assert set(waiting(booking)) == {"booked", "reminder_far", "reminder_near"}
    actions.cancel(desk, moved)
    assert waiting(booking) == {}, "nobody is told that what they never heard of is off"


def test_a_move_that_is_undone_tells_nothing_new(booking, here, desk):
    sent(booking)
    before = {kind: at for kind, at in waiting(booking).items()}
    actions.undo(desk, actions.move(desk, booking, starts_at=here.at(14, day=DAY)))
    assert waiting(booking) == before


def test_a_cancelled_visit_sends_no_reminder(booking, desk):
    sent(booking)
    actions.cancel(desk, booking)
    assert set(waiting(booking)) == {"cancelled"}


def test_nothing_is_told_of_the_past_or_of_what_is_only_held(here, desk, client_card):
    past = timezone.localdate() - timedelta(days=7)
    here.book(desk, client_card.pk, here.wish("facial", "P0", 10, day=past))
    actions.hold(desk, here.location, [here.wish("facial", "P1", 10, day=DAY)])
    assert not Outgoing.objects.exists()
    assert not VisitLink.objects.exists()


def test_who_books_for_soon_is_not_reminded_of_what_they_just_heard(here, desk, client_card):
    soon = timezone.now() + timedelta(hours=3)
    wish = here.wish("facial", "P0", 10)
    booking = here.book(desk, client_card.pk, type(wish)(wish.service, wish.profile, soon, 45), outside=True)
    assert set(waiting(booking)) == {"booked", "reminder_near"}


PLAN = {"booked", "reminder_far", "reminder_near"}
BOTH = {"reminder_far", "reminder_near"}


def by_link(deed):
    """Let a client do it by the link in the message that is waiting."""

    def done(here, desk, booking):
        with keyring():
            opening.open_client(desk, booking.client_id)
            row = Outgoing.objects.filter(about=booking.pk, state="waiting").latest("id")
            token = row.content["facts"]["token"]
        with keyring():
            return deed(HOLDER, visits.link(token))

    return done


def again(*deeds):
    """Do these one after the other, each with what the one before left."""

    def done(here, desk, booking):
        for deed in deeds:
            booking = deed(here, desk, booking)
        return booking

    return done


def moved(here, desk, booking):
    return actions.move(desk, booking, starts_at=here.at(14, day=DAY))


def to_a_colleague(here, desk, booking):
    [row] = booking.appointments.all()
    profiles = {row.pk: here.people["P1"]}
    return actions.move(desk, booking, starts_at=booking.starts_at, profiles=profiles)


def step(deed):
    return lambda here, desk, booking: deed(desk, booking)


CANCEL, UNDO, BACK = step(actions.cancel), step(actions.undo), step(actions.step_back)
ARRIVE, ROOM, DONE = step(actions.check_in), step(actions.give_room), step(actions.check_out)


@pytest.mark.parametrize(
    ("deed", "if_untold", "if_told"),
    [
        (moved, PLAN, {"moved", *BOTH}),
        (to_a_colleague, PLAN, BOTH),
        (CANCEL, set(), {"cancelled"}),
        (again(moved, UNDO), PLAN, BOTH),
        (again(CANCEL, UNDO), PLAN, BOTH),
        (again(moved, UNDO, CANCEL), set(), {"cancelled"}),
        (step(actions.confirm), PLAN, BOTH),
        (ARRIVE, set(), set()),
        (ROOM, set(), set()),
        (again(ARRIVE, ROOM, DONE), set(), set()),
        (again(ARRIVE, BACK), PLAN, BOTH),
        (again(ARRIVE, ROOM, BACK), set(), set()),
        (by_link(links.confirm), PLAN, BOTH),
        (by_link(links.cancel), set(), {"cancelled"}),
        (by_link(lambda who, link: links.move(who, link, starts_at=link.booking.starts_at + timedelta(hours=4))),
         PLAN, {"moved", *BOTH}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_told", [False, True])
def test_each_deed_leaves_exactly_the_messages_that_are_right(
    here, desk, booking, deed, if_untold, if_told, is_told
):
    if is_told:
        sent(booking)
    deed(here, desk, booking)
    waiting_now = list(Outgoing.objects.filter(about=booking.pk, state="waiting"))
    assert sorted(row.kind for row in waiting_now) == sorted(if_told if is_told else if_untold)
    now = Booking.objects.get(pk=booking.pk)
    for row in waiting_now:
        before = {"reminder_far": timedelta(hours=48), "reminder_near": timedelta(hours=2)}.get(row.kind)
        assert before is None or row.wanted_at == now.starts_at - before
    with keyring():
        opening.open_client(desk, booking.client_id)
        rows = Outgoing.objects.filter(about=booking.pk, state="waiting").exclude(kind="cancelled")
        tokens = {row.content["facts"]["token"] for row in rows}
        begins = {row.content["facts"]["starts_at"] for row in rows}
    assert len(tokens) <= 1
    assert begins <= {now.starts_at.isoformat()}
    for token in tokens:
        assert visits.link(token).booking_id == booking.pk


def test_nothing_leaves_before_a_deed_can_no_longer_be_undone(here, desk, booking):
    sent(booking)
    undoable_until = timezone.now() + policy.UNDO_LIFE
    moved(here, desk, booking)
    assert Outgoing.objects.get(about=booking.pk, kind="moved", state="waiting").due_at > undoable_until
    assert policy.MESSAGE_UNDO >= policy.UNDO_LIFE


def test_a_course_is_confirmed_and_reminded_of_date_by_date(here, desk, client_card):
    rhythm = Rhythm(1, "weeks", 3)
    made = actions.book_series(
        desk, client_card.pk, here.location, [here.wish("facial", "P0", 10, day=DAY)], rhythm
    )
    assert [set(waiting(one)) for one in made] == [PLAN] * 3


def test_a_held_time_tells_once_it_is_somebodys(here, desk, client_card):
    held = actions.hold(desk, here.location, [here.wish("facial", "P1", 10, day=DAY)])
    assert waiting(held) == {}
    assert set(waiting(actions.claim_hold(desk, held.pk, client_card.pk))) == PLAN


# Links --------------------------------------------------------------------------------------------------------------


def test_a_visit_is_confirmed_by_its_link_again_and_again(booking, practice):
    link = link_of(practice, booking)
    with keyring():
        assert links.confirm(HOLDER, link).state == "confirmed"
        assert links.confirm(HOLDER, link).state == "confirmed"
    assert visits.link(next(iter(tokens_of(practice, booking)))).confirmed_at is not None


def test_a_visit_is_cancelled_once_and_the_link_is_gone(booking, practice):
    link = link_of(practice, booking)
    with keyring():
        held = links.cancel(HOLDER, link)
        assert (held.state, held.cancelled_by) == ("cancelled", "client")
        with pytest.raises(Gone):
            links.cancel(HOLDER, link)
        with pytest.raises(Gone):
            links.move(HOLDER, link, starts_at=booking.starts_at + timedelta(hours=1))


def test_a_visit_is_moved_once_and_a_new_link_follows(booking, practice, here):
    old = link_of(practice, booking)
    with keyring():
        moved = links.move(HOLDER, old, starts_at=here.at(14, day=DAY))
        assert moved.starts_at == here.at(14, day=DAY)
        with pytest.raises(Gone):
            links.move(HOLDER, old, starts_at=here.at(15, day=DAY))
    assert link_of(practice, booking).pk != old.pk


def test_only_times_that_are_offered_are_taken(booking, practice, here, desk, client_card):
    link = link_of(practice, booking)
    here.book(desk, client_card.pk, here.wish("facial", "P0", 14, day=DAY))
    wrong = [
        here.at(14, day=DAY), here.at(13, 7, day=DAY), here.at(8, day=DAY), here.at(10, day=DAY + timedelta(days=400)),
        timezone.now() + timedelta(minutes=10), booking.starts_at,
    ]  # fmt: skip
    for at in wrong:
        with keyring(), pytest.raises(SlotTaken):
            links.move(HOLDER, link, starts_at=at)
    assert VisitLink.objects.get(pk=link.pk).used_at is None, "a refusal uses nothing up"


def test_after_the_cut_off_nothing_is_changed(booking, practice, here):
    link = link_of(practice, booking)
    with writing("test"):
        here.services["facial"].cutoff_minutes = 60 * 24 * 8
        here.services["facial"].save()
    for deed in (links.cancel, lambda who, one: links.move(who, one, starts_at=here.at(14, day=DAY))):
        with keyring(), pytest.raises(Unworkable, match="too late"):
            deed(HOLDER, link)
    assert Booking.objects.get(pk=booking.pk).state == "booked"
    with keyring():
        assert links.confirm(HOLDER, link).state == "confirmed"


@pytest.mark.parametrize("state", ["cancelled", "done", "no_show", "arrived", "in_room"])
def test_a_link_of_what_is_over_opens_nothing(booking, practice, state):
    [token] = tokens_of(practice, booking)
    with writing("test"):
        Booking.objects.filter(pk=booking.pk).update(state=state)
    with pytest.raises(Gone):
        visits.link(token)


def test_a_link_ends_with_its_visit_and_an_altered_one_never_was(booking, practice):
    [token] = tokens_of(practice, booking)
    for altered in (token[:-1], token + "a", token.swapcase(), "", "x" * 43, "\x00", "é" * 20):
        with pytest.raises(Gone):
            visits.link(altered)
    with writing("time goes by"):
        now = timezone.now()
        Booking.objects.filter(pk=booking.pk).update(
            starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(hours=1)
        )
    with pytest.raises(Gone):
        visits.link(token)


def test_only_the_digest_of_a_link_is_kept(booking, practice):
    [token] = tokens_of(practice, booking)
    row = VisitLink.objects.get()
    assert token not in str(vars(row))
    assert row.digest != token
