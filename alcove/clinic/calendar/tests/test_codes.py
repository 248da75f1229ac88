"""Check-in codes (PRT-04) and appointments as a reason of care (ACC-07)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.actions import codes
from alcove.clinic.calendar.models import Booking, CheckInCode
from alcove.clinic.calendar.queries.care import booked as reason
from alcove.clinic.calendar.tests.make import clinic
from alcove.clinic.clients.tests.need import ask_for_a_reason, later
from alcove.clinic.practice.models import StaffProfile
from alcove.security.access.writes import writing
from alcove.security.audit import clock
from alcove.security.audit.models import Entry


@pytest.fixture
def coming(practice, client_card):
    here = clinic()
    return here.book(practice.actor("owner"), client_card.pk, here.wish("facial", "P0", 10))


def test_a_code_checks_in_once_and_shows_no_name(practice, coming):
    text, made = codes.issue(practice.actor("front_desk"), coming)
    assert text.partition(".")[0] not in str(CheckInCode.objects.values().get())
    stranger, url = practice.stranger(), f"/check-in/{text}/"
    page = stranger.get(url, secure=True).content.decode()
    assert "10:00" in page
    assert "Catherine" not in page
    assert "facial" not in page
    assert Booking.objects.get().state == "booked"  # a look uses nothing
    assert stranger.post(url, secure=True).status_code == 200
    assert Booking.objects.get().state == "arrived"
    entry = Entry.objects.newest_first().filter(event="calendar.booking.arrived").first()
    assert (entry.actor_kind, entry.origin_id is not None) == ("job", True)
    assert stranger.post(url, secure=True).status_code == 410
    assert stranger.get(url, secure=True).status_code == 410
    assert made.expires_at - made.created_at == timedelta(minutes=30)


def test_an_altered_old_or_replaced_code_is_gone(practice, coming, monkeypatch):
    desk, stranger = practice.actor("front_desk"), practice.stranger()
    old, _ = codes.issue(desk, coming)
    text, _ = codes.issue(desk, coming)
    secret, signature = text.split(".")
    changed = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for bad in (old, f"{changed}.{signature}", secret, f"{secret}.x", "nothing"):
        for ask in (stranger.get, stranger.post):
            assert ask(f"/check-in/{bad}/", secure=True).status_code == 410, bad
    with later(monkeypatch, minutes=31):
        assert stranger.post(f"/check-in/{text}/", secure=True).status_code == 410
    actions.cancel(practice.actor("owner"), coming)
    assert stranger.get(f"/check-in/{text}/", secure=True).status_code == 410
    assert stranger.post(f"/check-in/{text}/", secure=True).status_code == 410
    assert CheckInCode.objects.filter(used_at=None).count() == 2


@pytest.mark.parametrize("minutes", [4, 61])
def test_a_code_lives_five_to_sixty_minutes(practice, coming, minutes):
    with pytest.raises(actions.Unworkable):
        codes.issue(practice.actor("front_desk"), coming, life=timedelta(minutes=minutes))


def test_an_appointment_with_oneself_is_a_reason_to_read_the_record(practice, client_card, coming):
    nurse = practice.actor("practitioner")
    ask_for_a_reason(practice)
    browser, url = practice.signed_in("practitioner"), f"/clients/{client_card.pk}/chart/"
    assert browser.get(url, secure=True).status_code == 403
    with writing("the nurse's own column, and soon"):
        StaffProfile.objects.filter(pk=coming.appointments.get().profile_id).update(
            person=practice.person("practitioner")
        )
        coming.appointments.update(starts_at=clock.now(), ends_at=clock.now() + timedelta(hours=1))
    assert set(reason(nurse, [client_card.pk])) == {client_card.pk}
    assert browser.get(url, secure=True).status_code == 200
    assert set(reason(practice.actor("prescriber"), [client_card.pk])) == set()
    for days, found in ((29, True), (31, False), (-29, True), (-31, False)):
        moment = clock.now() + timedelta(days=days)
        with writing("another day"):
            coming.appointments.update(starts_at=moment, ends_at=moment + timedelta(hours=1))
        assert reason(nurse, [client_card.pk]).exists() == found
    with writing("cancelled"):
        coming.appointments.update(starts_at=clock.now(), ends_at=clock.now() + timedelta(hours=1))
        Booking.objects.update(state="cancelled")
    assert set(reason(nurse, [client_card.pk])) == set()
