"""The tablet in a client's hands: what it reaches, how it ends, and what becomes of what the client says (IDN-14)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Item, PatientDraft, PatientEntry
from alcove.clinic.records.tests import make
from alcove.security.access.errors import Refused
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import passwords, sessions, tablets
from alcove.security.identity.actions import hand_over
from alcove.security.identity.models import Device, DevicePin, HandOver, Session
from alcove.security.identity.passkeys import Place
from alcove.security.identity.tests.test_passkeys import new_passkey, question
from alcove.security.vault.keyring import keyring
from tests.house.test_walk import ask, doors

PIN = "274913"


@pytest.fixture
def staff(practice):
    """A practitioner's browser whose person has a PIN on its device."""
    browser = practice.signed_in("practitioner")
    with writing("test"):
        DevicePin.objects.create(
            device=practice.device(), person=practice.person("practitioner"), digest=passwords.hashed(PIN)
        )
    return browser


@pytest.fixture
def chart_item(practice, client_card):
    nurse = practice.actor("practitioner")
    with make.opened(nurse, client_card):
        return make.item(nurse, client_card, kind="medication", name="Aspirin", dose="100 mg")


@pytest.fixture
def page(client_card):
    return lambda route, **more: reverse(f"records:{route}", kwargs={"client_id": client_card.id, **more})


def hand(browser, page, tasks=("contact", "history")):
    answer = browser.post(page("hand_over"), {"tasks": list(tasks)}, secure=True)
    assert (answer.status_code, answer["Location"]) == (302, page("tablet"))
    return answer


@pytest.fixture
def tablet(staff, page, chart_item):
    """The same browser, handed over."""
    hand(staff, page)
    return staff


def moved(**columns):
    with writing("test"):
        HandOver.objects.update(**columns)


def get(browser, url):
    return browser.get(url, secure=True)


def last(event):
    return Entry.objects.filter(event=event).newest_first().first()


# Handing over -------------------------------------------------------------------------------------------------------


def test_handing_over_swaps_the_cookie_and_locks_the_staff_session(staff, page, client_card):
    before = staff.cookies[sessions.COOKIE].value
    answer = hand(staff, page)
    assert staff.cookies[sessions.COOKIE].value == ""
    assert answer.cookies[tablets.COOKIE]["httponly"]
    assert answer.cookies[tablets.COOKIE]["secure"]
    assert answer["Clear-Site-Data"] == '"cache"'
    row = HandOver.objects.get()
    assert row.session.locked_at is not None
    entry = last("identity.tablet.handed")
    assert (entry.client_id, entry.actor_kind) == (client_card.id, "person")
    # Whoever kept the staff cookie has a dead one, with and without the tablet's.
    staff.cookies[sessions.COOKIE] = before
    assert get(staff, "/clients/").status_code == 403
    del staff.cookies[tablets.COOKIE]
    assert get(staff, "/clients/").status_code == 401


def test_nobody_hands_over_without_a_way_back(practice, page, client_card):
    browser = practice.signed_in("practitioner")
    answer = browser.post(page("hand_over"), {"tasks": ["contact"]}, secure=True)
    assert answer.status_code == 409
    assert "Set a PIN" in answer.content.decode()
    assert not HandOver.objects.exists()


def test_the_front_desk_hands_over_contact_details_but_no_history(practice, page, client_card):
    browser = practice.signed_in("front_desk")
    with writing("test"):
        DevicePin.objects.create(
            device=practice.device(), person=practice.person("front_desk"), digest=passwords.hashed(PIN)
        )
    assert "Medical history" not in get(browser, page("hand_over")).content.decode()
    assert browser.post(page("hand_over"), {"tasks": ["history"]}, secure=True).status_code == 422
    hand(browser, page, ["contact"])
    assert get(browser, page("tablet_step", step="contact")).status_code == 200
    assert get(browser, page("tablet_step", step="allergies")).status_code == 403


def test_nobody_hands_over_what_they_may_not_read_themselves(practice, client_card):
    person = practice.person("front_desk")
    with writing("test"):
        DevicePin.objects.create(device=practice.device(), person=person, digest=passwords.hashed(PIN))
    practice.signed_in("front_desk")
    session = Session.objects.get(person=person)
    for actor, tasks in (
        (practice.actor("front_desk"), ["history"]),
        (practice.actor("front_desk"), ["everything"]),
        (practice.actor("practitioner"), ["contact"]),
    ):
        with pytest.raises(Refused):
            hand_over(actor, session, client_card.id, tasks)


# What it reaches ----------------------------------------------------------------------------------------------------


def open_to(practice, browser, client_id):
    """Return every (method, pattern) that answers this browser other than 403, for this client."""
    found = []
    for door in doors(practice):
        url = door.url(client_id=client_id) if "client_id" in door.values else door.url()
        for method in ("GET", "POST", "PUT", "DELETE"):
            if (status := ask(browser, method, url).status_code) != 403:
                found.append((method, door.pattern, status))
    return found


GIVE_BACK = {"/hand-over/end/", "/hand-over/passkey/", "/hand-over/here/", "/health/live", "/health/ready"}


def test_no_route_but_the_tasks_answers_a_handed_over_tablet(practice, tablet, client_card):
    found = open_to(practice, tablet, client_card.id)
    strange = [one for one in found if "/tablet/" not in one[1] and one[1] not in GIVE_BACK]
    assert strange == []
    assert ("GET", "/clients/<uuid:client_id>/tablet/", 200) in found


def test_no_route_answers_it_for_another_client(practice, tablet):
    other = practice.client("Somebody", "Else")
    found = open_to(practice, tablet, other.id)
    assert [one for one in found if one[1] not in GIVE_BACK and one[2] != 405] == []


def test_what_does_not_exist_is_answered_like_everything_else(tablet):
    for url in ("/nothing/", "/api/", "/admin/", "/sign-in", "/favicon.ico"):
        assert get(tablet, url).status_code == 403


def test_the_refusal_says_what_the_tablet_is_for_and_shows_nothing_of_the_staff(tablet):
    text = get(tablet, "/clients/").content.decode()
    assert "in your hands to check your contact details and your medical history" in text
    assert "Practitioner Tester" not in text


def test_a_tablets_page_shows_nothing_of_the_staff_session(tablet, page):
    text = get(tablet, page("tablet_step", step="medication")).content.decode()
    assert "Aspirin" in text
    assert "Practitioner Tester" not in text
    assert "/account/" not in text
    assert get(tablet, page("tablet"))["Cache-Control"] == "no-store"


def test_staff_and_strangers_do_not_reach_the_clients_pages(practice, staff, page):
    assert get(staff, page("tablet")).status_code == 403
    assert get(practice.stranger(), page("tablet")).status_code == 302


# How it ends --------------------------------------------------------------------------------------------------------


def test_the_pin_gives_it_back_and_lands_on_what_the_client_said(tablet, page):
    token = tablet.cookies[tablets.COOKIE].value
    answer = tablet.post("/hand-over/end/", {"pin": PIN}, secure=True)
    assert answer["Location"] == page("told")
    assert get(tablet, page("told")).status_code == 200
    row = HandOver.objects.get()
    assert row.ended_how == "staff"
    assert row.session.locked_at is None
    assert last("identity.tablet.returned")
    # The hand-over's token is worth nothing afterwards.
    tablet.cookies[sessions.COOKIE] = ""
    tablet.cookies[tablets.COOKIE] = token
    assert get(tablet, page("tablet")).status_code in {302, 401}


def test_a_passkey_gives_it_back_and_no_answer_to_another_question_does(practice, client_card, page):
    device = new_passkey(practice.person("practitioner"))
    browser = practice.signed_in("practitioner")
    hand(browser, page)
    session = HandOver.objects.get().session
    for purpose, expected in (("unlock", "/hand-over/end/?passkey=refused"), ("hand_back", page("told"))):
        asked = question(
            purpose, session.person_id, session.id, place=Place("https://localhost", "localhost")
        )
        device.origin = "https://localhost"
        answer = browser.post("/hand-over/passkey/", {"answer": device.answer(asked)}, secure=True)
        assert answer["Location"] == expected
    assert get(browser, page("told")).status_code == 200


def test_five_wrong_pins_end_the_staff_session(tablet, page):
    for _ in range(4):
        assert tablet.post("/hand-over/end/", {"pin": "000000"}, secure=True).status_code == 422
    assert tablet.post("/hand-over/end/", {"pin": "000000"}, secure=True).status_code == 401
    assert Session.objects.get().ended_at is not None
    assert get(tablet, page("tablet")).status_code in {302, 401}


@pytest.mark.parametrize(
    ("column", "ago", "how"),
    [("seen_at", timedelta(seconds=91), "idle"), ("started_at", timedelta(minutes=30, seconds=1), "time")],
)
def test_the_servers_clock_ends_it(tablet, page, column, ago, how):
    moved(**{column: timezone.now() - ago})
    answer = get(tablet, page("tablet_step", step="contact"))
    assert answer["Location"] == "/hand-over/end/"
    assert HandOver.objects.get().ended_how == how
    assert last("identity.tablet.ended").fields == how or how in str(last("identity.tablet.ended").fields)
    # Everything leads to the lock now, the tasks as well; staff still come back by their PIN.
    assert get(tablet, "/clients/")["Location"] == "/hand-over/end/"
    text = get(tablet, "/hand-over/end/").content.decode()
    assert "This tablet is locked" in text
    assert page("tablet") not in text
    assert tablet.post("/hand-over/end/", {"pin": PIN}, secure=True)["Location"] == page("told")


def test_just_before_its_time_it_goes_on(tablet, page):
    began = timezone.now()
    moved(seen_at=began - timedelta(seconds=75), started_at=began - timedelta(minutes=29))
    assert get(tablet, page("tablet")).status_code == 200
    assert HandOver.objects.get().seen_at >= began


def test_a_lost_device_ends_it(tablet, practice, page):
    with writing("test"):
        Device.objects.update(state=Device.State.LOST)
    assert get(tablet, page("tablet")).status_code in {302, 401}
    assert HandOver.objects.get().ended_how == "lost"
    assert Session.objects.get().ended_at is not None


def test_the_locked_staff_session_waits_while_the_tablet_is_in_use(tablet, page):
    began = timezone.now()
    with writing("test"):
        Session.objects.update(seen_at=began - timedelta(seconds=60))
    get(tablet, page("tablet"))
    assert Session.objects.get().seen_at >= began


# What the client says -----------------------------------------------------------------------------------------------


def typed(client_card, **over):
    values = {"preferred": "Cat", "phone_0": "+1 415-555-0123", "email_0": "cat@example.org"}
    return values | over


def fill(tablet, page, item, **over):
    contact = typed(None, **over)
    assert tablet.post(page("tablet_step", step="contact"), contact, secure=True).status_code == 302
    assert (
        tablet.post(
            page("tablet_step", step="allergies"), {"new_0": "Latex", "more_0": "Rash"}, secure=True
        ).status_code
        == 302
    )
    gone = {f"is_{item.id.hex}": "gone"}
    assert tablet.post(page("tablet_step", step="medication"), gone, secure=True).status_code == 302
    assert tablet.post(page("tablet_step", step="conditions"), {}, secure=True).status_code == 302
    more = {"pregnant": "Pregnant", "words": ""}
    answer = tablet.post(page("tablet_step", step="more"), more, secure=True)
    assert answer["Location"] == page("tablet_check")


def test_corrections_wait_and_change_nothing_until_accepted(tablet, page, client_card, chart_item):
    fill(tablet, page, chart_item)
    text = get(tablet, page("tablet_check")).content.decode()
    assert "You changed 4 things" in text
    answer = tablet.post(page("tablet_check"), secure=True)
    assert answer["Location"] == "/hand-over/end/"
    assert "Thank you" in get(tablet, "/hand-over/end/").content.decode()
    assert get(tablet, page("tablet"))["Location"] == "/hand-over/end/"
    assert PatientEntry.objects.filter(state="waiting").count() == 4
    assert not PatientDraft.objects.exists()
    assert Item.objects.count() == 1
    assert last("records.told.added").client_id == client_card.id
    # Staff take it back and see each beside what is on file.
    tablet.post("/hand-over/end/", {"pin": PIN}, secure=True)
    text = get(tablet, page("told")).content.decode()
    for words in (
        "The client changed 4 things",
        "Latex",
        "Aspirin",
        "Cat",
        "Pregnant",
        "Waiting for a clinician",
    ):
        assert words in text
    card = get(tablet, reverse("clients:card", kwargs={"client_id": client_card.id})).content.decode()
    assert "The client speaks of an allergy" in card
    for one in PatientEntry.objects.all():
        url = page("told_decide", told_id=one.id)
        assert tablet.post(url, {"verdict": "accept"}, secure=True).status_code == 302
    with keyring():
        from alcove.security.access.opening import open_client

        nurse = make_nurse(client_card)
        open_client(nurse, client_card.id)
        assert Client.objects.get().preferred == "Cat"
        items = {one.kind: one for one in Item.objects.order_by("created_at")}
        assert items["allergy"].content["name"] == "Latex"
        assert (items["allergy"].source, items["allergy"].is_verified) == ("patient", True)
        assert items["medication"].content["status"] == "stopped"
        assert items["observation"].content["value"] == "Pregnant"


def make_nurse(client_card):
    from alcove.security.access.actors import Actor
    from alcove.security.identity.models import Person
    from alcove.security.identity.sessions import roles_of

    person = Person.objects.get(email="practitioner@clinic.example")
    names, rights = roles_of(person.id)
    return Actor("person", id=person.id, name=person.name, roles=names, rights=rights)


def test_declining_needs_a_reason_and_leaves_everything_as_it_is(practice, page, client_card):
    nurse = practice.actor("practitioner")
    with make.opened(nurse, client_card):
        one = make.told(client_card)
    browser = practice.signed_in("front_desk")
    url = page("told_decide", told_id=one.id)
    assert browser.post(url, {"verdict": "decline"}, secure=True).status_code == 422
    assert browser.post(url, {"verdict": "decline", "reason": "Not theirs"}, secure=True).status_code == 302
    assert PatientEntry.objects.get().state == "declined"
    # Twice is once.
    assert browser.post(url, {"verdict": "accept"}, secure=True).status_code == 409


def test_a_card_changed_meanwhile_is_not_overwritten(practice, page, client_card):
    from alcove.clinic.clients.actions import change_client

    nurse = practice.actor("practitioner")
    with make.opened(nurse, client_card):
        one = make.told(client_card)
        change_client(nurse, client_card, directory={**client_card.directory, "preferred": "Kate"})
    browser = practice.signed_in("front_desk")
    answer = browser.post(page("told_decide", told_id=one.id), {"verdict": "accept"}, secure=True)
    assert answer.status_code == 409
    assert PatientEntry.objects.get().state == "waiting"


def test_the_front_desk_sees_contact_corrections_and_nothing_of_the_chart(tablet, practice, page, chart_item):
    fill(tablet, page, chart_item)
    tablet.post(page("tablet_check"), secure=True)
    desk = practice.signed_in("front_desk")
    text = get(desk, page("told")).content.decode()
    assert "The client changed 1 thing" in text
    assert "Latex" not in text
    allergy = PatientEntry.objects.get(kind="allergy")
    url = page("told_decide", told_id=allergy.id)
    assert desk.post(url, {"verdict": "accept"}, secure=True).status_code == 404
    owner = practice.signed_in("owner")
    assert owner.post(url, {"verdict": "accept"}, secure=True).status_code == 403


def test_bad_input_is_said_beside_the_field_and_nothing_typed_is_lost(tablet, page):
    answer = tablet.post(page("tablet_step", step="contact"), typed(None, phone_0="12"), secure=True)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "too few or too many digits" in text
    assert 'value="12"' in text
    assert 'value="12"' in get(tablet, page("tablet_step", step="contact")).content.decode()
    assert get(tablet, page("tablet_check"))["Location"] == page("tablet_step", step="contact")


def test_typing_is_kept_sealed_and_comes_back_after_an_idle_end(tablet, staff, page):
    answer = tablet.post(
        page("tablet_step", step="allergies"),
        {"new_0": "Nickel"},
        secure=True,
        headers={"X-Alcove-Draft": "1"},
    )
    assert answer.content.startswith(b"Kept ")
    moved(seen_at=timezone.now() - timedelta(seconds=91))
    get(tablet, page("tablet"))
    tablet.post("/hand-over/end/", {"pin": PIN}, secure=True)
    hand(staff, page)
    assert "Nickel" in get(staff, page("tablet_step", step="allergies")).content.decode()
    # Half a day later what is on file counts again.
    with writing("test"):
        PatientDraft.objects.update(saved_at=timezone.now() - timedelta(hours=13))
    assert "Nickel" not in get(staff, page("tablet_step", step="allergies")).content.decode()


def test_nothing_changed_is_said_as_well(tablet, page, client_card, chart_item):
    for step in ("allergies", "conditions"):
        tablet.post(page("tablet_step", step=step), {}, secure=True)
    assert "Everything is right" in get(tablet, page("tablet_check")).content.decode()
    tablet.post(page("tablet_check"), secure=True)
    assert not PatientEntry.objects.exists()
    assert last("records.told.confirmed").client_id == client_card.id


def test_each_task_is_on_the_log_with_the_client(tablet, page, client_card):
    get(tablet, page("tablet_step", step="contact"))
    tablet.post(page("tablet_step", step="contact"), typed(None), secure=True)
    for event in ("records.tablet.opened", "records.tablet.kept"):
        entry = last(event)
        assert (entry.client_id, entry.actor_kind, entry.actor_id) == (client_card.id, "tablet", None)
    get(tablet, "/clients/")
    refused = last("access.attempt.refused")
    assert (refused.client_id, refused.actor_kind) == (client_card.id, "tablet")
