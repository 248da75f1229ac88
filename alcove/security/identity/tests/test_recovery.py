"""Recovery without factors: two proofs or two administrators, everyone is told, and nothing says who exists (IDN-09)."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from alcove.security.access import approvals, rules
from alcove.security.access.approvals import ApprovalNeeded
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Approval
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions, passwords
from alcove.security.identity.actions import recovery
from alcove.security.identity.models import Factor, Link, Notice, Passkey, RecoveryCode, Session
from alcove.security.identity.tests.newcomers import browser_of, put
from alcove.security.identity.tests.test_leaving import enrol
from alcove.security.identity.tests.test_passkeys import new_passkey
from alcove.security.identity.tests.test_sent_codes import PASSWORD, PHONE, newest_code, other_than

WHY = "Lost the phone; came to my office with her passport."


@pytest.fixture(autouse=True)
def sms_is_on(settings):
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, sms_url="log://", email_url="log://")
    rules.forget()
    yield
    rules.forget()


@pytest.fixture
def nurse(practice):
    person = practice.person("practitioner")
    now = timezone.now()
    put(person, phone=PHONE, phone_confirmed_at=now, email_confirmed_at=now)
    enrol(person)
    new_passkey(person)
    person.refresh_from_db()
    return person


def asked(practice, email="practitioner@clinic.example"):
    return practice.stranger().post("/recover/", {"email": email})


def link_in_mail(person):
    notice = Notice.objects.filter(person=person, kind="recover").order_by("-created_at", "-id").first()
    return re.search(r"(/recover/\S+/)", notice.content["text"])[1]


def bare(answer):
    return re.sub(rb"[A-Za-z0-9]{64}|[0-9a-f]{10}", b"", answer.content)


def test_mailbox_and_phone_together_end_everything_of_before_and_lead_to_a_new_password(practice, nurse):
    at_work = browser_of(practice, nurse)
    asked(practice)
    url = link_in_mail(nurse)
    browser = practice.stranger()
    assert browser.get(url).status_code == 200
    assert browser.post(url + "code/").status_code == 302
    answer = browser.post(url, {"code": newest_code(nurse)})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/set-up/")
    for rows in (Factor, Passkey, RecoveryCode):
        assert not rows.objects.filter(person=nurse).exists()
    assert not Session.objects.filter(person=nurse, ended_at__isnull=True).exists()
    assert at_work.get("/").status_code == 401
    told = Notice.objects.filter(person=nurse, kind="recovered")
    assert {row.channel for row in told} == {"email", "sms"}
    assert Entry.objects.filter(event="identity.recovery.done").count() == 1
    old = browser.post(answer.headers["Location"], {"password": PASSWORD})
    assert old.status_code == 422
    assert browser.post(answer.headers["Location"], {"password": "nine green lamps hum"}).status_code == 302
    nurse.refresh_from_db()
    passwords.check("nine green lamps hum", nurse.password)
    assert browser.post(url, {"code": "123456"}).status_code == 410


def test_with_one_proof_it_is_403(practice, nurse):
    asked(practice)
    url = link_in_mail(nurse)
    browser = practice.stranger()
    assert browser.post(url, {}).status_code == 403
    browser.post(url + "code/")
    wrong = browser.post(url, {"code": other_than(newest_code(nurse))})
    assert wrong.status_code == 403
    assert b"not right" in wrong.content
    assert Factor.objects.filter(person=nurse).exists()
    # The code of one recovery is no code for another, and a code alone is nothing.
    code = newest_code(nurse)
    with writing("a test"):
        Notice.objects.filter(kind="recover").delete()
    asked(practice)
    assert browser.post(link_in_mail(nurse), {"code": code}).status_code == 403
    assert browser.get(url).status_code == 410
    assert browser.get("/recover/made-up/").status_code == 404
    assert Passkey.objects.filter(person=nurse).exists()


def test_the_answer_is_alike_whether_the_account_exists(practice, nurse):
    there, nowhere = asked(practice), asked(practice, "nobody@clinic.example")
    put(nurse, suspended_at=timezone.now())
    suspended = asked(practice)
    assert there.status_code == nowhere.status_code == suspended.status_code == 200
    assert bare(there) == bare(nowhere) == bare(suspended)
    assert Notice.objects.filter(kind="recover").count() == 1
    entries = Entry.objects.filter(event="identity.recovery.begun")
    assert len({(row.object, row.fields, row.actor_id) for row in entries}) == 1
    assert practice.stranger().post("/recover/", {"email": "no address"}).status_code == 422


def test_it_is_throttled(practice):
    codes = [asked(practice, f"p{n}@clinic.example").status_code for n in range(12)]
    assert codes[:10] == [200] * 10
    assert codes[-1] == 429


def test_an_address_that_is_not_confirmed_is_no_proof(practice, nurse):
    put(nurse, email_confirmed_at=None)
    asked(practice)
    assert not Link.objects.filter(kind="recover").exists()


def test_an_old_link_and_a_leavers_link_are_dead(practice, nurse):
    asked(practice)
    url = link_in_mail(nurse)
    put(nurse, leaves_at=timezone.now() - timedelta(seconds=60))
    browser = practice.stranger()
    assert browser.get(url).status_code == 410
    assert browser.post(url + "code/").status_code == 410
    put(nurse, leaves_at=None)
    assert browser.get(url).status_code == 200
    with writing("a test"):
        Link.objects.filter(kind="recover").update(expires_at=timezone.now())
    assert browser.get(url).status_code == 410


@pytest.mark.parametrize("role", ["owner", "officer"])
def test_owners_and_officers_have_no_second_proof_by_sms(practice, role):
    person = practice.person(role)
    put(person, phone=PHONE, phone_confirmed_at=timezone.now(), email_confirmed_at=timezone.now())
    asked(practice, person.email)
    url = link_in_mail(person)
    browser = practice.stranger()
    assert b"two of them together" in browser.get(url).content
    assert browser.post(url + "code/").status_code == 403
    assert browser.post(url, {"code": "123456"}).status_code == 403


# Two administrators ------------------------------------------------------------------------------------------------


def test_two_administrators_recover_an_account_and_one_does_not(practice, nurse):
    owner = practice.signed_in("owner")
    url = f"/setup/people/{nurse.id}/reset-factors/"
    assert owner.post(url).status_code == 403
    assert owner.post(url, {"purpose": "short"}).status_code == 422
    assert owner.post(url, {"purpose": WHY}).status_code == 302
    assert owner.post(url, {"purpose": WHY}).status_code == 409
    request = Approval.objects.get(kind="recovery")
    with pytest.raises(Refused):
        approvals.decide(practice.actor("owner"), request, is_granted=True)
    assert owner.post(url).status_code == 403
    assert Factor.objects.filter(person=nurse).exists()
    approvals.decide(practice.actor("manager"), request, is_granted=True)
    # Only whoever asked uses it, once.
    assert practice.signed_in("manager").post(url).status_code == 403
    assert b"Make a new set-up link" in owner.get(f"/setup/people/{nurse.id}/").content
    done = owner.post(url)
    assert b"/set-up/" in done.content
    assert not Factor.objects.filter(person=nurse).exists()
    assert owner.post(url).status_code == 403
    assert {row.channel for row in Notice.objects.filter(person=nurse, kind="recovered")} == {"email", "sms"}
    nurse.refresh_from_db()
    assert nurse.phone == ""
    approver = practice.actor("manager")
    entry = Entry.objects.filter(event="identity.recovery.done").latest("at_us")
    assert entry.fields.startswith(f"approver {approver.id.hex}")
    log = practice.signed_in("officer").get("/compliance/log/").content.decode()
    assert f"Approved by {approver.name}" in log
    assert approver.id.hex not in log


def test_nobody_is_their_own_second_administrator(practice):
    manager = practice.person("manager")
    with pytest.raises(Refused):
        recovery.ask_two(practice.actor("manager"), manager, purpose=WHY)
    request = recovery.ask_two(practice.actor("owner"), manager, purpose=WHY)
    approvals.decide(practice.actor("manager"), request, is_granted=True)
    with pytest.raises(Refused, match="no second administrator"):
        recovery.recover_by_two(practice.actor("owner"), manager)


def test_an_owner_is_recovered_by_another_owner_and_someone_else_only(practice):
    owner = practice.owner
    request = recovery.ask_two(practice.actor("manager"), owner, purpose=WHY)
    approvals.decide(practice.actor("officer"), request, is_granted=True)
    with pytest.raises(Refused, match="by an owner"):
        recovery.recover_by_two(practice.actor("manager"), owner)
    with pytest.raises(ApprovalNeeded):
        recovery.recover_by_two(practice.actor("owner"), practice.person("officer"))


def test_one_administrator_alone_resets_nothing_even_past_the_page(practice, nurse):
    with pytest.raises(Refused):
        actions.reset_factors(practice.actor("owner"), nurse)
    recovery.ask_two(practice.actor("owner"), nurse, purpose=WHY)
    with pytest.raises(Conflict):
        recovery.ask_two(practice.actor("manager"), nurse, purpose=WHY)
