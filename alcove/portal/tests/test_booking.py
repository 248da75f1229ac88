"""Booking online end to end: what a patient sees and what the practice gets."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.calendar.actions import online as actions
from alcove.clinic.calendar.actions import sweep_holds
from alcove.clinic.calendar.models import Appointment, Booking, Occupancy, OnlineForm
from alcove.clinic.calendar.queries import eligible, online
from alcove.clinic.clients.models import Alert, Client
from alcove.clinic.messaging.models import Outgoing
from alcove.clinic.messaging.queries import choosing
from alcove.clinic.practice.models import Prerequisite
from alcove.portal.tests.booking import EMAIL, Visitor, ahead, online_clinic, said
from alcove.security.access import opening
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice
from alcove.security.vault.keyring import keyring


@pytest.fixture
def here(practice):
    return online_clinic()


@pytest.fixture
def visitor(practice, here):
    return Visitor(here, practice.stranger())


@pytest.fixture
def opened(practice):
    """Open a client's card as the front desk does."""

    def open_it(client_id):
        opening.open_client(practice.actor("front_desk"), client_id)
        return Client.objects.get(pk=client_id)

    with keyring():
        yield open_it


def settings_of(practice, **values):
    return actions.set_up(practice.actor("owner"), version=online.settings().version, **values)


def test_a_new_patient_books_and_the_front_desk_is_told_to_check(visitor, here, opened):
    booking = visitor.book()
    assert (booking.state, booking.came_from) == ("booked", "online")
    assert booking.starts_at == here.at(10, day=ahead())
    client = opened(booking.client_id)
    assert (client.name, str(client.born_on), client.emails) == (
        "Wilhelmina Ó Tuama-Nguyễn", "1988-02-29", [EMAIL],
    )  # fmt: skip
    assert [alert.desk_text for alert in Alert.objects.filter(client=client)] == [actions.TO_CHECK]
    assert choosing.confirmed(client.pk, choosing.choice(client.pk)) == {EMAIL: "code"}
    kinds = sorted(Outgoing.objects.filter(about=booking.pk).values_list("kind", flat=True))
    assert kinds == ["booked", "reminder_far", "reminder_near"]
    assert OnlineForm.objects.get().asked is None


def test_every_deed_of_the_visitor_is_on_the_log_with_their_address(visitor):
    visitor.book()
    for event in ("calendar.booking.held", "calendar.form.begun", "calendar.form.code_sent", "calendar.form.confirmed",
                  "clients.client.created", "calendar.booking.booked", "calendar.form.ended"):  # fmt: skip
        entry = Entry.objects.filter(event=event).latest("at_us")
        assert (entry.actor_kind, entry.role) == ("job", "online booking"), event
        assert entry.origin_id is not None, event


def test_a_known_patient_gets_the_visit_on_their_own_card(visitor, practice, opened):
    client = practice.client("Wilhelmina", "Ó Tuama-Nguyễn", born="1988-02-29", emails=[EMAIL])
    booking = visitor.book(given="  wilhelmina ", family="ó tuama-nguyễn")
    assert booking.client_id == client.pk
    assert Client.objects.count() == 1
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    "other",
    [
        {"emails": [EMAIL], "born": "1988-02-28"}, {"emails": [EMAIL], "given": "Mina"},
        {"emails": ["another@patients.example"]}, {"emails": [EMAIL], "family": "Tuama"},
    ],
)  # fmt: skip
def test_whoever_matches_in_part_only_is_a_new_client(visitor, practice, other):
    held = {"given": "Wilhelmina", "family": "Ó Tuama-Nguyễn", "born": "1988-02-29"} | other
    client = practice.client(held.pop("given"), held.pop("family"), **held)
    booking = visitor.book()
    assert booking.client_id != client.pk
    assert Client.objects.count() == 2


def test_two_cards_alike_are_left_to_the_front_desk(visitor, practice):
    for _ in range(2):
        practice.client("Wilhelmina", "Ó Tuama-Nguyễn", born="1988-02-29", emails=[EMAIL])
    visitor.book()
    assert Client.objects.count() == 3


def test_a_phone_number_is_confirmed_by_sms_and_written_to_from_then_on(visitor, settings, opened):
    settings.ALCOVE = replace(settings.ALCOVE, sms_url="log:", email_url="log:")
    booking = visitor.book(contact="(415) 555-0142")
    client = opened(booking.client_id)
    assert client.phones == ["+14155550142"]
    notice = Notice.objects.get(kind="booking_code")
    assert notice.channel == "sms"
    assert choosing.channel_of(client, choosing.choice(client.pk)) == "sms"


def test_the_pages_lead_from_location_to_time_by_links_alone(visitor, here):
    page = visitor.get(reverse("book:choose")).content.decode()
    assert "What would you like to come for?" in page
    assert "$125" in page
    assert "45 minutes" in page
    service = here.services["facial"]
    page = visitor.get(
        f"{reverse('book:choose')}?at={here.location.pk}&service={service.pk}"
    ).content.decode()
    assert "Anyone" in page
    assert "P0" in page
    url = f"{reverse('book:choose')}?at={here.location.pk}&service={service.pk}&with=any&from={ahead()}"
    page = visitor.get(url).content.decode()
    assert f"start={here.at(9, day=ahead()):%Y%m%dT%H%MZ}" in page
    answer = visitor.get(visitor.time_url())
    assert answer.status_code == 200
    assert "Hold this time" in answer.content.decode()


def test_times_keep_to_lead_and_horizon(visitor, here):
    service = here.services["facial"]
    with writing("test"):
        service.lead_minutes, service.horizon_days = 60 * 24 * 8, 9
        service.save()
    assert visitor.get(visitor.time_url(days=7)).status_code == 409
    assert visitor.get(visitor.time_url(days=8, hour=17)).status_code in {200, 409}
    assert visitor.hold(days=7).status_code == 409
    assert visitor.hold(days=12).status_code == 409
    assert not Booking.objects.exists()


def test_a_held_time_is_nobody_elses_until_it_runs_out(visitor, practice, here):
    other = Visitor(here, practice.stranger(), "198.51.100.1")
    assert visitor.hold(person="P0").status_code == 302
    answer = other.hold(person="P0")
    assert answer.status_code == 409
    assert answer.content.decode().count("start=") == 3, "the next three times"
    with writing("time goes by"):
        Booking.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert visitor.ask_code().status_code == 409
    assert not Notice.objects.exists()
    assert sweep_holds() == 1
    assert not Occupancy.objects.exists()
    assert other.hold(person="P0").status_code == 302


def test_giving_a_time_back_frees_it_at_once(visitor):
    visitor.hold()
    assert visitor.post(reverse("book:stop")).status_code == 302
    assert not Occupancy.objects.exists()
    assert OnlineForm.objects.get().ended_at is not None


def test_booking_twice_by_two_presses_books_once(visitor):
    visitor.book()
    answer = visitor.say()
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("book:done"))
    assert Client.objects.count() == 1
    assert Booking.objects.filter(state="booked").count() == 1


def test_what_was_typed_stays_when_something_is_wrong(visitor):
    visitor.hold()
    answer = visitor.post(reverse("book:contact"), {"contact": "not an address@"})
    assert answer.status_code == 422
    assert "not an address@" in answer.content.decode()
    visitor.ask_code()
    visitor.confirm()
    answer = visitor.say(born="2999-01-01", given="Zoë")
    assert answer.status_code == 422
    assert "lies in the future" in answer.content.decode()
    assert 'value="Zoë"' in answer.content.decode()
    assert not Client.objects.exists()


def test_steps_cannot_be_skipped(visitor):
    for name in ("contact", "code", "details"):
        assert visitor.get(reverse(f"book:{name}")).status_code == 409, name
    visitor.hold()
    assert visitor.get(reverse("book:code")).headers["Location"] == reverse("book:contact")
    assert visitor.say().headers["Location"] == reverse("book:contact")
    visitor.ask_code()
    assert visitor.say().headers["Location"] == reverse("book:contact")
    assert not Client.objects.exists()


def test_the_confirmation_has_the_practices_words_and_an_entry_of_time_and_place_only(visitor, practice):
    settings_of(practice, title="Bis bald!", words="Come as you are.")
    visitor.book()
    page = visitor.get(reverse("book:done")).content.decode()
    assert "Bis bald!" in page
    assert "Come as you are." in page
    assert "Wilhelmina" not in page
    entry = visitor.get(reverse("book:entry"))
    words = entry.content.decode()
    assert entry.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Juniper Skin" in words
    assert "facial" not in words
    assert "Wilhelmina" not in words
    assert not re.search(r"\bP0\b", words)


def test_another_browser_is_shown_nothing_of_it(visitor, practice, here):
    visitor.book()
    other = Visitor(here, practice.stranger())
    assert other.get(reverse("book:done")).headers["Location"] == reverse("book:choose")
    assert other.get(reverse("book:entry")).status_code == 404


# Who may (CAL-10) ---------------------------------------------------------------------------------------------------


def rule(here, name="toxin", **values):
    with writing("test"):
        service = here.services[name]
        service.alternative = here.services["facial"]
        service.save()
        return Prerequisite.objects.create(service=service, **values)


def test_a_client_of_17_in_england_is_offered_a_consultation(visitor, here):
    rule(here, kind="age", years=18, area="GB-ENG", why="law")
    with writing("test"):
        here.location.country, here.location.region = "GB", "ENG"
        here.location.save()
    visitor.hold("toxin")
    visitor.ask_code()
    visitor.confirm()
    day = ahead()
    born = day.replace(year=day.year - 18) + timedelta(days=1)
    guardian = {"guardian_name": "Nuala Ó Tuama", "guardian_phone": "+14155550143"}
    answer = visitor.say(born=born.isoformat(), **guardian)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "people of 18 years and older" in page
    assert "facial" in page
    assert not Client.objects.exists()
    # The alternative goes on without another code, and the first time is free again.
    assert visitor.hold("facial", 11).headers["Location"] == reverse("book:details")
    assert visitor.say(born=born.isoformat(), **guardian).headers["Location"] == reverse("book:done")
    assert Occupancy.objects.filter(kind="staff").count() == 1


def test_the_same_rule_holds_nobody_back_elsewhere(visitor, here):
    rule(here, kind="age", years=18, area="GB-ENG", why="law")
    booking = visitor.book("toxin", born=(ahead() - timedelta(days=17 * 365)).isoformat(),
                           guardian_name="Nuala", guardian_phone="+14155550143")  # fmt: skip
    assert booking.state == "booked"


def test_a_minor_names_a_guardian(visitor, here):
    visitor.hold()
    visitor.ask_code()
    visitor.confirm()
    answer = visitor.say(born=(ahead() - timedelta(days=15 * 365)).isoformat())
    assert answer.status_code == 422
    assert "parent or guardian" in answer.content.decode()


def test_an_earlier_visit_counts_within_its_days_and_after_its_wait(visitor, here, practice):
    client = practice.client("Wilhelmina", "Ó Tuama-Nguyễn", born="1988-02-29", emails=[EMAIL])
    rule(here, kind="earlier", earlier=here.services["laser"], why="patch_test", valid_days=90, wait_hours=48)

    def refused(days_ago):
        with writing("test"):
            Appointment.objects.all().delete()
            Booking.objects.all().delete()
        if days_ago is not None:
            with writing("test"):
                ends = here.at(10, day=ahead()) - timedelta(days=days_ago)
                booking = Booking.objects.create(client=client, location=here.location, state="done",
                                                 starts_at=ends - timedelta(hours=1), ends_at=ends)  # fmt: skip
                Appointment.objects.create(booking=booking, client=client, service=here.services["laser"],
                                           profile=here.people["P0"], starts_at=booking.starts_at, ends_at=ends)  # fmt: skip
        return bool(eligible.why_not(here.services["toxin"], here.location, here.at(10, day=ahead()),
                                     born=client_born, client_id=client.pk))  # fmt: skip

    client_born = date(1988, 2, 29)
    assert refused(None)
    assert refused(1)
    assert not refused(3)
    assert not refused(90)
    assert refused(91)


def test_a_form_is_for_staff_to_see_to(visitor, here):
    rule(here, kind="form", form="Medical history")
    visitor.hold("toxin")
    visitor.ask_code()
    visitor.confirm()
    assert "A form has to be filled in first" in visitor.say().content.decode()


# What is shown (CAL-08) ---------------------------------------------------------------------------------------------


def test_what_is_hidden_is_in_no_page(visitor, practice, here):
    with writing("test"):
        person = here.people["P0"]
        person.title, person.about = "Nurse injector", "Likes orchids"
        person.save()
    words = {
        "costs": "$125", "durations": "45 minutes", "descriptions": "plain words", "addresses": "Fillmore",
        "phones": "415-555-0100", "categories": "Face", "titles": "Nurse injector", "about": "orchids", "team": "P0",
    }  # fmt: skip
    service = here.services["facial"]
    chosen = f"{reverse('book:choose')}?at={here.location.pk}&service={service.pk}"

    def pages():
        urls = (reverse("book:choose"), chosen, f"{chosen}&with=any&from={ahead()}", visitor.time_url())
        return "".join(said(visitor.get(url)) for url in urls)

    shown = pages()
    for key, word in words.items():
        assert word in shown, key
    settings_of(practice, shown=dict.fromkeys(words, False))
    hidden = pages()
    for key, word in words.items():
        assert word not in hidden, key


def test_who_is_not_online_is_not_offered(visitor, here):
    with writing("test"):
        for model, key in ((here.people["P0"], "is_online"), (here.services["laser"], "is_online")):
            setattr(model, key, False)
            model.save()
    assert "laser" not in visitor.get(reverse("book:choose")).content.decode()
    assert visitor.get(visitor.time_url("facial", person="P0")).status_code == 404
    assert visitor.hold("laser").status_code == 404
    assert visitor.hold("facial").status_code == 302
    assert Appointment.objects.get().profile == here.people["P1"]


def test_closed_is_closed_on_every_way(visitor, practice):
    settings_of(practice, is_open=False)
    assert "closed" in visitor.get(reverse("book:choose")).content.decode()
    assert visitor.hold().status_code == 404
    assert not Booking.objects.exists()


def test_a_patient_and_a_colleague_may_look_too(practice, here):
    browser = practice.signed_in("front_desk")
    assert Visitor(here, browser).get(reverse("book:choose")).status_code == 200
