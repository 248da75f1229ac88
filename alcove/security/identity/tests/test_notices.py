"""What people are told: in the deed's own transaction, sealed, at their own address, and nowhere without its seal."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access import approvals
from alcove.security.access.actors import Actor
from alcove.security.access.change import action
from alcove.security.access.errors import Conflict, Gone, NotFound
from alcove.security.access.models import Approval
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions, tokens
from alcove.security.identity.actions import contacts, notices
from alcove.security.identity.models import Link, Notice, PatientAccount, Person, SentCode
from alcove.security.identity.policy import Did, Door
from alcove.security.vault.errors import RecordLocked
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import House

PLANTED = "Zephyrine Quillfeather"
PHONE = "+14155550123"


@pytest.fixture(autouse=True)
def mail_is_on(settings):
    settings.ALCOVE = dataclasses.replace(
        settings.ALCOVE, sms_url="log://", email_url="log://", public_url="https://juniper.example"
    )


@pytest.fixture
def nurse(practice):
    return practice.person("practitioner")


@pytest.fixture
def patient(practice, client_card):
    person = Person(kind="patient", name="Patient")
    account = PatientAccount(person=person, client_id=client_card.pk, login="0" * 64)
    with writing("test"), keyring():
        person.save(force_insert=True)
        notices.opening.open_client(practice.actor("owner"), client_card.pk)
        account.email, account.phone = "cat@example.org", PHONE
        account.save(force_insert=True)
    return Person.objects.get(pk=person.pk)


@action(Door.PASS)
def say(change, person, text=PLANTED, **more):
    change.record(Did.CODE_SENT, on=person)
    return notices.tell(change, person, "new_device", PLANTED, text, **more)


@action(Door.PASS)
def say_everywhere(change, person):
    change.record(Did.CODE_SENT, on=person)
    return notices.tell_all_addresses(change, person, "recovery", "Subject", "Text")


def door(person=None):
    return actions.at_the_door(Actor.stranger(), person)


def everything():
    """Return every byte of the tables a message passes through."""
    found = b""
    with connection.cursor() as cursor:
        for table in ("identity_notice", "audit_entry", "jobs_job", "access_version"):
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                for value in row:
                    raw = isinstance(value, (bytes, memoryview))
                    found += (bytes(value) if raw else str(value).encode()) + b"\n"
    return found


def link_in(person, kind="confirm_email"):
    text = Notice.objects.filter(person=person, kind=kind).latest("created_at").content["text"]
    return re.search(r"https://juniper\.example(/confirm/[^/\s]+/)", text)[1]


# Telling -----------------------------------------------------------------------------------------------------------


def test_a_notice_goes_to_the_persons_own_address_for_a_day(nurse):
    notice = say(door(), nurse)
    assert notice.content == {"to": "practitioner@clinic.example", "subject": PLANTED, "text": PLANTED}
    assert notice.ends_at - notice.created_at == policy.NOTICE_LIFE


def test_what_is_said_lies_sealed_and_in_no_other_table(nurse):
    say(door(), nurse)
    assert PLANTED.encode() not in everything()
    assert b"practitioner@clinic.example" not in everything()


def test_a_deed_that_fails_tells_nobody(nurse):
    @action(Door.PASS)
    def fails(change):
        say(change, nurse)
        raise Conflict("no")

    with pytest.raises(Conflict):
        fails(door())
    assert not Notice.objects.exists()


def test_whoever_has_no_number_is_told_nothing_by_sms(nurse):
    assert say(door(), nurse, channel="sms") is None
    assert not Notice.objects.exists()


def test_a_warning_goes_to_every_address_that_is_confirmed(nurse):
    assert {notice.channel for notice in say_everywhere(door(), nurse)} == {"email"}
    with writing("test"):
        Person.objects.filter(pk=nurse.pk).update(phone=PHONE, phone_confirmed_at=timezone.now())
    nurse.refresh_from_db()
    assert {notice.channel for notice in say_everywhere(door(), nurse)} == {"email", "sms"}


def test_a_patients_address_is_locked_until_it_is_reached_for_and_that_is_on_the_log(patient, client_card):
    with keyring(), pytest.raises(RecordLocked):
        say(door(), patient)
    with keyring():
        notices.reach(patient)
        assert say(door(), patient).content["to"] == "cat@example.org"
        assert say(door(), patient, channel="sms").content["to"] == PHONE
    entry = Entry.objects.get(event="identity.address.read")
    assert entry.client_id == client_card.pk
    assert b"cat@example.org" not in everything()


def test_reaching_a_patient_does_not_open_the_record(patient, client_card):
    from alcove.security.vault import keyring as rings

    with keyring():
        notices.reach(patient)
        with pytest.raises(RecordLocked):
            rings.current().held("record", client_card.pk)


# The queue ---------------------------------------------------------------------------------------------------------


def deliverer():
    return Actor.job("test", Door.DELIVER)


def test_a_claimed_notice_is_claimed_by_nobody_else_until_its_lease_is_over(nurse):
    say(door(), nurse)
    first = notices.claim(["email"])
    assert not first.was_on_its_way
    assert notices.claim(["email"]) is None
    with writing("test"):
        Notice.objects.update(due_at=timezone.now())
    assert notices.claim(["email"]).was_on_its_way


def test_a_notice_of_a_channel_that_is_off_is_claimed_by_nobody(nurse):
    say(door(), nurse)
    assert notices.claim(["sms"]) is None


def test_what_was_sent_is_forgotten_and_on_the_log_without_a_word_of_it(nurse):
    say(door(), nurse)
    notices.note_sent(deliverer(), notices.claim(["email"]).notice)
    notice = Notice.objects.get()
    assert notice.content is None
    assert notice.sent_at is not None
    entry = Entry.objects.get(event="identity.notice.sent")
    assert entry.fields == "new_device,email"
    assert nurse.pk.hex in entry.object
    assert not notices.is_any_due()


def test_a_notice_ends_once(nurse):
    say(door(), nurse)
    notice = notices.claim(["email"]).notice
    notices.note_sent(deliverer(), notice)
    with pytest.raises(Conflict):
        notices.note_sent(deliverer(), notice)
    with pytest.raises(Conflict):
        notices.give_up(deliverer(), notice, "late")


def test_whoever_lost_the_claim_cannot_end_it(nurse):
    say(door(), nurse)
    lost = notices.claim(["email"]).notice
    with writing("test"):
        Notice.objects.update(due_at=timezone.now())
    notices.claim(["email"])
    with pytest.raises(Conflict):
        notices.note_sent(deliverer(), lost)


def test_waits_grow_and_never_pass_fifteen_minutes(nurse):
    say(door(), nurse)
    waits = []
    for _ in range(12):
        claimed = notices.claim(["email"]).notice
        notices.postpone(claimed, "ConnectionRefusedError")
        row = Notice.objects.get()
        waits.append(round((row.due_at - timezone.now()).total_seconds()))
        with writing("test"):
            Notice.objects.update(due_at=timezone.now())
    assert waits[:4] == [10, 20, 40, 80]
    assert waits == sorted(waits)
    assert waits[-1] == 900
    assert row.fault == "ConnectionRefusedError"


def test_only_the_worker_delivers(nurse, practice):
    from alcove.security.access.errors import Refused

    say(door(), nurse)
    for role in ("owner", "it_provider", "officer"):
        with pytest.raises(Refused):
            notices.note_sent(practice.actor(role), Notice.objects.get())


# Confirming an e-mail address --------------------------------------------------------------------------------------


def test_a_new_person_gets_both_links_by_mail(practice):
    browser = practice.signed_in("owner")
    browser.post(
        "/setup/people/new/",
        {
            "name": "Nora New",
            "email": "nora@clinic.example",
            "title": "",
            "roles": [str(practice.roles["front_desk"].pk)],
        },
    )
    nora = Person.objects.get(email="nora@clinic.example")
    assert set(Notice.objects.filter(person=nora).values_list("kind", flat=True)) == {
        "set_up",
        "confirm_email",
    }
    assert nora.email_confirmed_at is None


def test_a_look_at_the_link_confirms_nothing_and_the_button_does_once(practice, nurse):
    contacts.ask_own_email(practice.actor("practitioner"), nurse)
    url, stranger = link_in(nurse), practice.stranger()
    for _ in range(2):
        page = stranger.get(url)
        assert page.status_code == 200
        assert nurse.email not in page.content.decode()
        assert nurse.name not in page.content.decode()
    nurse.refresh_from_db()
    assert nurse.email_confirmed_at is None
    assert "Address confirmed" in stranger.post(url).content.decode()
    nurse.refresh_from_db()
    assert nurse.email_confirmed_at is not None
    assert stranger.post(url).status_code == 410
    assert stranger.get(url).status_code == 410


def test_a_link_is_good_for_a_day(practice, nurse):
    contacts.ask_own_email(practice.actor("practitioner"), nurse)
    link = Link.objects.get(kind="confirm")
    with writing("test"):
        Link.objects.update(expires_at=link.expires_at - policy.CONFIRM_LINK_LIFE)
    assert practice.stranger().post(link_in(nurse)).status_code == 410


def test_a_newer_link_ends_the_one_before(practice, nurse):
    contacts.ask_own_email(practice.actor("practitioner"), nurse)
    first = link_in(nurse)
    contacts.ask_email(practice.actor("owner"), nurse)
    assert practice.stranger().post(first).status_code == 410
    assert practice.stranger().post(link_in(nurse)).status_code == 200


def test_a_link_to_an_earlier_address_does_not_confirm_the_present_one(practice, nurse):
    contacts.ask_own_email(practice.actor("practitioner"), nurse)
    url = link_in(nurse)
    with writing("test"):
        Person.objects.filter(pk=nurse.pk).update(email="another@clinic.example")
    assert practice.stranger().post(url).status_code == 410
    nurse.refresh_from_db()
    assert nurse.email_confirmed_at is None


def test_a_made_up_link_is_404_and_a_link_of_another_kind_confirms_nothing(practice, nurse):
    stranger = practice.stranger()
    assert stranger.get("/confirm/made-up/").status_code == 404
    link = actions.make_link(practice.actor("owner"), nurse)
    assert stranger.post(f"/confirm/{link.token}/").status_code == 404
    with pytest.raises(NotFound):
        contacts.confirm_email(door(), link.token)


def test_a_confirming_link_sets_up_nothing_and_signs_nobody_in(practice, nurse):
    contacts.ask_own_email(practice.actor("practitioner"), nurse)
    token = link_in(nurse).split("/")[2]
    stranger = practice.stranger()
    assert stranger.get(f"/set-up/{token}/").status_code == 404
    assert stranger.get(f"/demo/{token}/").status_code == 404


def test_links_in_mail_name_our_own_address_whatever_the_request_says(practice, settings):
    browser = practice.signed_in("practitioner")
    browser.post("/account/email/confirm/", headers={"host": "localhost"})
    assert "https://juniper.example/confirm/" in Notice.objects.get().content["text"]
    settings.ALCOVE = dataclasses.replace(
        settings.ALCOVE, public_url="", hosts=("a.example", "b"), bind="0.0.0.0:8443"
    )
    assert settings.ALCOVE.public_address == "https://a.example:8443"


def test_a_confirmed_address_is_not_asked_again(practice, nurse):
    with writing("test"):
        Person.objects.filter(pk=nurse.pk).update(email_confirmed_at=timezone.now())
    assert practice.signed_in("practitioner").post("/account/email/confirm/").status_code == 409
    assert practice.signed_in("owner").post(f"/setup/people/{nurse.pk}/confirm-email/").status_code == 409


def test_a_patients_address_is_confirmed_by_its_link(practice, patient):
    @action(Door.PASS)
    def ask(change):
        contacts.send_confirmation(change, patient)

    with keyring():
        notices.reach(patient)
        ask(door())
    assert practice.stranger().post(link_in(patient)).status_code == 200
    patient.refresh_from_db()
    assert patient.email_confirmed_at is not None


# Confirming a phone ------------------------------------------------------------------------------------------------


def code_for(person):
    return re.match(
        r"\d{6}",
        Notice.objects.filter(person=person, kind="confirm_phone").latest("created_at").content["text"],
    )[0]


def later():
    """Let the half minute between two codes pass."""
    with writing("test"):
        SentCode.objects.update(sent_at=timezone.now() - timedelta(minutes=2))


def test_a_number_is_confirmed_by_its_code_on_the_page(practice, nurse):
    browser = practice.signed_in("practitioner")
    answer = browser.post("/account/phone/", {"phone": "+1 (415) 555-0123"})
    assert answer.headers["Location"] == "/account/phone/code/"
    assert "ending in 23" in browser.get("/account/phone/code/").content.decode()
    wrong = browser.post("/account/phone/code/", {"code": f"{(int(code_for(nurse)) + 1) % 10**6:06}"})
    assert wrong.status_code == 422
    assert "not right" in wrong.content.decode()
    assert browser.post("/account/phone/code/", {"code": code_for(nurse)}).status_code == 302
    nurse.refresh_from_db()
    assert nurse.phone == PHONE
    assert nurse.phone_confirmed_at is not None
    page = browser.get("/account/?done=phone").content.decode()
    assert "The phone number is confirmed." in page
    assert "Change the number" in page


@pytest.mark.parametrize(
    "typed", ["", "0415", "415 555 0123", "+1", "+1415555012345678", "call me", "+999123456789"]
)
def test_what_is_no_number_is_refused_beside_the_field_and_kept(practice, typed):
    answer = practice.signed_in("practitioner").post("/account/phone/", {"phone": typed})
    assert answer.status_code == 422
    assert not SentCode.objects.exists()
    if typed:
        assert f'value="{typed}"' in answer.content.decode()


def test_a_second_code_too_soon_is_refused_in_words(practice):
    browser = practice.signed_in("practitioner")
    browser.post("/account/phone/", {"phone": PHONE})
    answer = browser.post("/account/phone/", {"phone": PHONE})
    assert answer.status_code == 429
    assert "Wait half a minute" in answer.content.decode()


def test_a_code_for_one_number_does_not_confirm_the_next(practice, nurse):
    actor = practice.actor("practitioner")
    contacts.change_phone(actor, nurse, phone=PHONE)
    code = code_for(nurse)
    later()
    contacts.change_phone(actor, nurse, phone="+14155550199")
    if code_for(nurse) != code:
        assert not contacts.confirm_phone(actor, nurse, code=code)
    assert contacts.confirm_phone(actor, nurse, code=code_for(nurse))


def test_a_code_on_its_way_to_one_number_confirms_no_other_that_somebody_else_put_down(practice, nurse):
    actor = practice.actor("practitioner")
    contacts.change_phone(actor, nurse, phone=PHONE)
    with writing("test"):
        Person.objects.filter(pk=nurse.pk).update(phone="+14155550199")
    nurse.refresh_from_db()
    assert not contacts.confirm_phone(actor, nurse, code=code_for(nurse))


def test_a_new_number_counts_for_nothing_until_confirmed_and_the_old_one_is_told(practice, nurse):
    actor = practice.actor("practitioner")
    contacts.change_phone(actor, nurse, phone=PHONE)
    contacts.confirm_phone(actor, nurse, code=code_for(nurse))
    later()
    contacts.change_phone(actor, nurse, phone="+14155550199")
    nurse.refresh_from_db()
    assert nurse.phone_confirmed_at is None
    told = Notice.objects.filter(person=nurse, kind="phone_changed").order_by("created_at", "id")
    assert {notice.content["to"] for notice in told} == {"practitioner@clinic.example", PHONE}


def test_a_number_is_changed_only_after_a_fresh_sign_in(practice):
    from alcove.security.identity.models import Session

    browser = practice.signed_in("practitioner")
    with writing("test"):
        Session.objects.update(proved_at=timezone.now() - policy.FRESH_LIFE - timedelta(seconds=1))
    answer = browser.post("/account/phone/", {"phone": PHONE})
    assert answer.status_code == 302
    assert not SentCode.objects.exists()


def test_a_patients_number_is_confirmed_by_its_code(patient):
    with keyring():
        notices.reach(patient)
        contacts.ask_patient_phone(door(patient), patient)
        assert not contacts.confirm_patient_phone(door(patient), patient, code="abc")
        assert contacts.confirm_patient_phone(door(patient), patient, code=code_for(patient))
    patient.refresh_from_db()
    assert patient.phone_confirmed_at is not None


def test_resetting_factors_forgets_the_number(practice, nurse):
    actor = practice.actor("practitioner")
    contacts.change_phone(actor, nurse, phone=PHONE)
    contacts.confirm_phone(actor, nurse, code=code_for(nurse))
    actions.reset_factors(Actor.operator("test"), nurse)
    nurse.refresh_from_db()
    assert nurse.phone == ""
    assert nurse.phone_confirmed_at is None


def test_the_way_out_for_someone_whose_only_factor_was_a_number_they_lost(practice, nurse):
    """docs/runbooks/phone-number-changed.md, second part."""
    import pyotp

    with writing("test"):
        Person.objects.filter(pk=nurse.pk).update(phone=PHONE, phone_confirmed_at=timezone.now())
    url = f"/setup/people/{nurse.pk}/reset-factors/"
    owner = practice.signed_in("owner")
    assert owner.post(url, {"purpose": "Lost the phone, came in with her passport."}).status_code == 302
    approvals.decide(practice.actor("manager"), Approval.objects.get(), is_granted=True)
    answer = owner.post(url)
    token = re.search(r"/set-up/([^/\s]+)/", answer.content.decode())[1]
    browser = practice.stranger()
    browser.post(f"/set-up/{token}/", {"password": "seven tall herons wade"})
    assert browser.get("/sign-in/code/").headers["Location"] == "/sign-in/set-up/"
    browser.get("/sign-in/set-up/")
    secret = nurse.factors.get().secret
    assert browser.post("/sign-in/set-up/", {"code": pyotp.TOTP(secret).now()}).status_code == 200
    nurse.refresh_from_db()
    assert nurse.phone == ""


# The demo's outbox -------------------------------------------------------------------------------------------------


def test_the_outbox_is_there_in_a_demo_only(practice, nurse):
    from alcove.security.vault import house

    browser = practice.signed_in("front_desk")
    assert browser.get("/outbox/").status_code == 404
    with writing("test"):
        House.objects.update(is_demo=True)
    opened = house.house()
    opened.is_demo = True
    say(door(), nurse)
    page = browser.get("/outbox/")
    assert page.status_code == 200
    assert PLANTED in page.content.decode()
    notices.note_sent(deliverer(), notices.claim(["email"]).notice)
    assert PLANTED in browser.get("/outbox/").content.decode()
    assert practice.stranger().get("/outbox/").headers["Location"] == "/sign-in/"


def test_used_and_outdated_links_raise_gone(practice, nurse):
    contacts.ask_own_email(practice.actor("practitioner"), nurse)
    token = link_in(nurse).split("/")[2]
    contacts.confirm_email(door(), token)
    with pytest.raises(Gone):
        contacts.confirm_email(door(), token)
    assert (
        tokens.address_mark("A@b.example")
        == tokens.address_mark("a@B.example")
        != tokens.address_mark("a@c.example")
    )
