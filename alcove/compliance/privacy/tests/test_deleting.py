"""Deleted: gone at once from everything, for everyone; undone; stopped by a hold and by who is in the house."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.calendar.actions import waitlist
from alcove.clinic.calendar.models import Booking, WaitlistEntry
from alcove.clinic.calendar.tests.make import clinic
from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Deletion, LegalHold
from alcove.clinic.clients.queries import directory, finding
from alcove.clinic.messaging.models import Outgoing
from alcove.compliance.privacy import actions
from alcove.compliance.privacy.tests import make
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound, Refused
from alcove.security.access.opening import open_client
from alcove.security.access.policy import Open
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.actions import patients
from alcove.security.identity.models import Person
from alcove.security.vault.keyring import keyring


def page(name, client):
    return reverse(f"privacy:{name}", kwargs={"client_id": client.id})


def test_a_deleted_client_exists_for_nobody_jobs_and_the_console_included(practice, client_card):
    make.deleted(practice, client_card)
    everyone = [practice.actor(role) for role in ("owner", "prescriber", "front_desk")]
    house = [Actor.job("anything", Open.DIRECTORY, Open.RECORD), Actor.operator("anyone")]
    for actor in [*everyone, *house]:
        assert client_card.id in need.hidden_from(actor)
        with keyring(), pytest.raises(NotFound):
            open_client(actor, client_card.id)


def test_a_deleted_client_leaves_the_directory_in_memory_and_comes_back(practice, client_card):
    directory.load_now()
    owner = practice.actor("owner")
    assert client_card.id in directory.index()
    make.deleted(practice, client_card)
    assert client_card.id not in directory.index()
    with keyring():
        for text in ("Müller", "+14155550123", "cat@example.org"):
            assert not finding.search(owner, text).clients
        assert finding.total(owner) == 0
    actions.undo(owner, client_card.id)
    assert client_card.id in directory.index()


def test_coming_visits_and_what_waits_to_be_said_end_with_the_deletion(practice, client_card):
    place = clinic()
    owner = practice.actor("owner")
    day = timezone.localdate() + timedelta(days=14)
    with keyring():
        open_client(owner, client_card.id)
        booking = place.book(owner, client_card.id, place.wish("facial", "P0", 10, day=day))
    assert Outgoing.objects.filter(client=client_card, state="waiting").exists()
    browser = practice.signed_in("owner")
    assert b"1 coming appointment will be cancelled" in browser.get(page("delete", client_card)).content
    make.deleted(practice, client_card)
    assert Booking.objects.get(pk=booking.pk).state == Booking.State.CANCELLED
    assert not Outgoing.objects.filter(client=client_card, state="waiting").exists()
    actions.undo(owner, client_card.id)
    assert Booking.objects.get(pk=booking.pk).state == Booking.State.CANCELLED


def test_whoever_waits_for_a_time_waits_no_more(practice, client_card):
    place, owner = clinic(), practice.actor("owner")
    with keyring():
        waitlist.join(
            owner, client_card.id, location=place.location, service=place.services["facial"],
            from_on=timezone.localdate(),
        )  # fmt: skip
    make.deleted(practice, client_card)
    assert WaitlistEntry.objects.get(client=client_card).state == WaitlistEntry.State.LEFT


def test_a_deleted_client_is_let_into_the_portal_no_more_and_again_when_it_is_undone(practice, client_card):
    owner = practice.actor("owner")
    with keyring():
        open_client(owner, client_card.id)
        patients.invite_patient(owner, client_card.id, email="cat@example.org", phone="+14155550123")
    make.deleted(practice, client_card)
    person = Person.objects.get(patient__client_id=client_card.id)
    assert person.suspended_why == Person.Why.DELETED
    actions.undo(owner, client_card.id)
    person.refresh_from_db()
    assert person.is_active


def test_a_client_in_the_house_is_not_deleted(practice, client_card):
    place, owner = clinic(), practice.actor("owner")
    with keyring():
        open_client(owner, client_card.id)
        day = timezone.localdate() + timedelta(days=1)
        booking = place.book(owner, client_card.id, place.wish("facial", "P0", 10, day=day))
    with writing("a client who is here"):
        Booking.objects.filter(pk=booking.pk).update(state=Booking.State.IN_ROOM)
    with pytest.raises(actions.InTheHouse):
        make.deleted(practice, client_card)
    assert not Deletion.objects.exists()
    answer = practice.signed_in("owner").post(
        page("delete", client_card), {"ground": "asked", "reason": make.REASON}
    )
    assert answer.status_code == 409
    assert make.REASON.encode() in answer.content


def test_a_hold_stops_the_deletion_and_only_who_may_sees_it_on_the_card(practice, client_card):
    clients.place_hold(practice.actor("owner"), client_card.id, reason="A claim is pending.")
    with pytest.raises(clients.OnHold):
        make.deleted(practice, client_card)
    about = reverse("clients:about", kwargs={"client_id": client_card.id})
    assert b"Legal hold" in practice.signed_in("owner").get(about).content
    assert b"Legal hold" not in practice.signed_in("front_desk").get(about).content
    with pytest.raises(clients.Unchanged):
        clients.place_hold(practice.actor("owner"), client_card.id, reason="A claim is pending.")
    clients.lift_hold(practice.actor("owner"), client_card.id)
    make.deleted(practice, client_card)


def test_who_may_not_does_not_delete_undo_or_hold(practice, client_card):
    for role in ("front_desk", "practitioner", "officer"):
        with pytest.raises(Refused):
            actions.delete(practice.actor(role), client_card.id, ground="asked", reason=make.REASON)
    make.deleted(practice, client_card)
    for role in ("front_desk", "practitioner", "officer"):
        with pytest.raises(Refused):
            actions.undo(practice.actor(role), client_card.id)
    with pytest.raises(Refused):
        clients.place_hold(practice.actor("manager"), client_card.id, reason=make.REASON)
    assert not LegalHold.objects.exists()


def test_bad_input_is_said_beside_the_field_and_nothing_typed_is_lost(practice, client_card):
    browser = practice.signed_in("owner")
    answer = browser.post(page("delete", client_card), {"ground": "", "reason": "short"})
    assert answer.status_code == 422
    assert b"short" in answer.content
    assert b"Choose why" in answer.content
    assert not Deletion.objects.exists()


def test_deleting_twice_changes_nothing_and_the_log_keeps_no_word_of_the_reason(practice, client_card):
    browser = practice.signed_in("owner")
    given = {"ground": "asked", "reason": "Because Mrs Zimquavor wished it"}
    assert browser.post(page("delete", client_card), given).status_code == 302
    assert browser.post(page("delete", client_card), given).status_code == 404
    assert Deletion.objects.count() == 1
    entries = Entry.objects.filter(event="clients.client.deleted")
    assert entries.count() == 1
    assert not entries[0].reason


def test_the_lists_name_a_deleted_client_to_those_who_read_names_only(practice, client_card):
    make.deleted(practice, client_card)
    for_owner = practice.signed_in("owner").get(reverse("privacy:deleted")).content.decode()
    assert "Müller-Okafor" in for_owner
    for_officer = practice.signed_in("officer").get(reverse("privacy:deleted")).content.decode()
    assert "Müller-Okafor" not in for_officer
    assert str(client_card.id)[-12:] in for_officer
    assert practice.signed_in("front_desk").get(reverse("privacy:deleted")).status_code == 403


def test_emergency_access_reaches_no_deleted_client(practice, client_card):
    make.deleted(practice, client_card)
    with pytest.raises(NotFound):
        clients.break_glass(practice.actor("prescriber"), client_card.id, reason="An emergency, now")
