"""Codes by SMS: six digits for one stage, one use, a few minutes, five tries, and never for owners and officers."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from datetime import timedelta

import pyotp
import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access import rules
from alcove.security.access.actors import Actor
from alcove.security.access.change import action
from alcove.security.access.errors import Refused
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions, tokens
from alcove.security.identity.actions import contacts, notices, sent_codes
from alcove.security.identity.actions.rules import choose
from alcove.security.identity.actions.sent_codes import Purpose
from alcove.security.identity.models import Membership, Notice, Person, SentCode, Session, SignIn
from alcove.security.identity.policy import Did, Door
from alcove.security.identity.queries import by_sms
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.throttle import TooMany
from bench import scratch

PASSWORD = "seven tall herons wade"
PHONE = "+14155550123"


@pytest.fixture(autouse=True)
def sms_is_on(settings):
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, sms_url="log://", email_url="log://")
    rules.forget()
    yield
    rules.forget()


def with_phone(practice, role="practitioner"):
    person = practice.person(role)
    actions.set_password(Actor.operator("test"), person, password=PASSWORD)
    with writing("test"):
        Person.objects.filter(pk=person.pk).update(phone=PHONE, phone_confirmed_at=timezone.now())
    return Person.objects.get(pk=person.pk)


@pytest.fixture
def nurse(practice):
    return with_phone(practice)


def door(person):
    return actions.at_the_door(Actor.stranger(), person)


def stage_for(person):
    token = actions.begin_sign_in(door(person), person)
    return SignIn.objects.get(digest=tokens.digest(token))


def code_in(notice):
    return re.match(r"\d{6}\b", notice.content["text"])[0]


def newest_code(person):
    return code_in(Notice.objects.filter(person=person, channel="sms").order_by("-created_at", "-id").first())


def sent(person, stage):
    sent_codes.send_sign_in_code(door(person), stage)
    return newest_code(person)


def other_than(code):
    return f"{(int(code) + 1) % 10**6:06}"


def older(row, by):
    with writing("test"):
        SentCode.objects.filter(pk=row.pk).update(sent_at=row.sent_at - by, expires_at=row.expires_at - by)


def browser_at_the_code_page():
    browser = Browser(headers={"host": "localhost"})
    answer = browser.post("/sign-in/", {"email": "practitioner@clinic.example", "password": PASSWORD})
    assert answer.headers["Location"] == "/sign-in/code/"
    return browser


# The page ----------------------------------------------------------------------------------------------------------


def test_a_code_by_sms_signs_in_and_the_page_says_it_is_the_weakest(nurse):
    browser = browser_at_the_code_page()
    page = browser.get("/sign-in/code/").content.decode()
    assert "Send a code by SMS to the number ending in 23" in page
    assert "weakest" in page
    assert PHONE not in page
    assert browser.post("/sign-in/code/send/").headers["Location"] == "/sign-in/code/"
    assert "is on its way" in browser.get("/sign-in/code/").content.decode()
    answer = browser.post("/sign-in/code/", {"code": newest_code(nurse)})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    assert Session.objects.get(person=nurse).method == "code by SMS"


def test_sending_a_code_signs_nobody_in(nurse):
    browser = browser_at_the_code_page()
    browser.post("/sign-in/code/send/")
    assert not Session.objects.filter(person=nurse).exists()
    assert browser.get("/").headers["Location"] == "/sign-in/"


def test_nobody_asks_for_a_code_without_the_password(nurse):
    answer = Browser(headers={"host": "localhost"}).post("/sign-in/code/send/")
    assert answer.headers["Location"] == "/sign-in/"
    assert not SentCode.objects.exists()


def test_whoever_has_sms_cannot_set_up_another_factor_by_password_alone(nurse):
    browser = browser_at_the_code_page()
    assert browser.get("/sign-in/set-up/").headers["Location"] == "/sign-in/"
    assert not nurse.factors.exists()


def test_a_second_code_within_half_a_minute_is_not_sent_and_the_page_says_so(nurse):
    browser = browser_at_the_code_page()
    browser.post("/sign-in/code/send/")
    answer = browser.post("/sign-in/code/send/", follow=True)
    assert "Wait half a minute" in answer.content.decode()
    assert SentCode.objects.count() == 1


# Who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "officer"])
def test_owners_and_officers_have_no_codes_by_sms(practice, role):
    person = with_phone(practice, role)
    stage = stage_for(person)
    assert not ways(person).sms
    with pytest.raises(Refused):
        sent_codes.send_sign_in_code(door(person), stage)
    assert not SentCode.objects.exists()


def test_a_role_that_copies_the_owners_rights_bars_sms_too(practice, nurse):
    role = actions.add_role(
        practice.actor("owner"), name="Second in command", copy_of=practice.roles["owner"]
    )
    assert by_sms.may_use(nurse)
    with writing("test"):
        Membership.objects.create(person=nurse, role=role)
    assert not by_sms.may_use(nurse)


def test_a_code_sent_before_someone_became_an_owner_counts_for_nothing(practice, nurse):
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    with writing("test"):
        Membership.objects.create(person=nurse, role=practice.roles["owner"])
    assert actions.finish_sign_in(door(nurse), stage, code) is None
    assert not Session.objects.filter(person=nurse).exists()


def test_a_practice_may_bar_sms_for_everyone(practice, nurse):
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    choose(practice.actor("owner"), rules.RULES["sms.allowed"], 0)
    assert not by_sms.is_offered(nurse)
    assert actions.finish_sign_in(door(nurse), stage, code) is None


def test_a_number_that_is_not_confirmed_is_no_factor(nurse):
    with writing("test"):
        Person.objects.filter(pk=nurse.pk).update(phone_confirmed_at=None)
    nurse.refresh_from_db()
    assert not by_sms.may_use(nurse)


def test_where_no_gateway_is_named_no_code_is_offered(nurse, settings):
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, sms_url="")
    assert not by_sms.is_offered(nurse)


# One stage, one person, one purpose, one use -------------------------------------------------------------------------


@action(Door.PASS)
def take(change, person, purpose, subject, code):
    change.record(Did.CODE_SENT)
    return sent_codes.take(change, person, purpose, subject, code)


def test_a_code_counts_once(nurse):
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    assert take(door(nurse), nurse, Purpose.SIGN_IN, stage.id, code)
    assert not take(door(nurse), nurse, Purpose.SIGN_IN, stage.id, code)
    assert actions.finish_sign_in(door(nurse), stage, code) is None


def test_a_code_that_signed_someone_in_is_worth_nothing_in_the_next_sign_in(nurse):
    first, second = stage_for(nurse), stage_for(nurse)
    code = sent(nurse, first)
    assert actions.finish_sign_in(door(nurse), first, code)
    assert actions.finish_sign_in(door(nurse), second, code) is None


def test_a_code_of_one_sign_in_is_no_code_for_another_of_the_same_person(nurse):
    mine, theirs = stage_for(nurse), stage_for(nurse)
    code = sent(nurse, mine)
    assert actions.finish_sign_in(door(nurse), theirs, code) is None
    assert actions.finish_sign_in(door(nurse), mine, code)


def test_a_code_of_one_person_is_no_code_for_another(practice, nurse):
    other = with_phone(practice, "front_desk")
    mine, theirs = stage_for(nurse), stage_for(other)
    code = sent(nurse, mine)
    sent(other, theirs)
    if newest_code(other) != code:
        assert actions.finish_sign_in(door(other), theirs, code) is None


def test_a_code_that_confirms_a_phone_signs_nobody_in_and_the_other_way_round(practice, nurse):
    stage = stage_for(nurse)

    code = sent(nurse, stage)
    assert not take(door(nurse), nurse, Purpose.CONFIRM_PHONE, stage.id, code)
    assert take(door(nurse), nurse, Purpose.SIGN_IN, stage.id, code)


def test_two_rows_with_the_same_code_do_not_show_it(nurse):
    row = SentCode(purpose="sign_in")
    other = SentCode(purpose="sign_in")
    assert tokens.sent_digest("123456", "sign_in", row.id) != tokens.sent_digest(
        "123456", "sign_in", other.id
    )


def test_no_code_lies_in_the_table_or_in_the_log(nurse):
    code = sent(nurse, stage_for(nurse))
    with connection.cursor() as cursor:
        for table in ("identity_sentcode", "identity_notice", "audit_entry"):
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                for value in row:
                    found = bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
                    assert not re.search(rb"(?<![0-9a-f])" + code.encode() + rb"(?![0-9a-f])", found)


# Time, tries, and how often --------------------------------------------------------------------------------------------


def test_a_code_dies_after_five_minutes(nurse):
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    older(SentCode.objects.get(), timedelta(minutes=5, seconds=1))
    assert actions.finish_sign_in(door(nurse), stage, code) is None


def test_with_a_setting_of_two_minutes_the_third_is_refused_and_the_second_is_not(practice, nurse):
    choose(practice.actor("owner"), rules.RULES["sms.minutes"], 2)
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    row = SentCode.objects.get()
    assert row.expires_at - row.sent_at == timedelta(minutes=2)
    older(row, timedelta(minutes=3))
    assert actions.finish_sign_in(door(nurse), stage, code) is None
    older(SentCode.objects.get(), -timedelta(minutes=1, seconds=30))
    assert actions.finish_sign_in(door(nurse), stage, code)


@pytest.mark.parametrize("minutes", [0, 11])
def test_the_time_can_be_set_from_one_to_ten_minutes_only(practice, minutes):
    with pytest.raises(rules.OutOfBounds):
        choose(practice.actor("owner"), rules.RULES["sms.minutes"], minutes)


def test_after_five_wrong_tries_the_right_code_is_wrong_too(nurse):
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    for _ in range(policy.SENT_CODE_TRIES):
        assert actions.finish_sign_in(door(nurse), stage, other_than(code)) is None
    assert actions.finish_sign_in(door(nurse), stage, code) is None


def test_the_fifth_try_may_still_be_right(nurse):
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    for _ in range(policy.SENT_CODE_TRIES - 1):
        assert actions.finish_sign_in(door(nurse), stage, other_than(code)) is None
    assert actions.finish_sign_in(door(nurse), stage, code)


def test_a_new_code_ends_the_one_before(nurse):
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    older(SentCode.objects.get(), policy.SENT_CODE_WAIT)
    newer = sent(nurse, stage)
    if newer != code:
        assert actions.finish_sign_in(door(nurse), stage, code) is None
    assert actions.finish_sign_in(door(nurse), stage, newer)


def test_one_sign_in_gets_three_codes_and_one_person_ten_an_hour(nurse):
    made = 0
    for _ in range(4):
        stage = stage_for(nurse)
        for _ in range(3):
            with writing("test"):
                SentCode.objects.update(sent_at=timezone.now() - timedelta(minutes=2))
            if made == policy.SENT_CODES_PER_HOUR:
                with pytest.raises(TooMany):
                    sent(nurse, stage)
                return
            sent(nurse, stage)
            made += 1
        with writing("test"):
            SentCode.objects.update(sent_at=timezone.now() - timedelta(minutes=2))
        with pytest.raises(TooMany):
            sent(nurse, stage)
    pytest.fail("nothing stopped the codes")


def test_a_hundred_failures_in_a_row_stop_sms_until_the_number_is_confirmed_again(practice, nurse):
    with writing("test"):
        for _ in range(20):
            SentCode.objects.create(
                person=nurse, purpose="sign_in", subject_id=nurse.id, digest="0" * 64, tries=5,
                sent_at=timezone.now() - timedelta(days=2), expires_at=timezone.now() - timedelta(days=2),
            )  # fmt: skip
    stage = stage_for(nurse)
    with pytest.raises(TooMany):
        sent_codes.send_sign_in_code(door(nurse), stage)
    actor = practice.actor("practitioner")
    contacts.change_phone(actor, nurse, phone="+14155550199")
    assert contacts.confirm_phone(actor, nurse, code=newest_code(nurse))
    assert sent(nurse, stage)


def test_a_success_ends_the_run_of_failures(nurse):
    for _ in range(3):
        stage = stage_for(nurse)
        with writing("test"):
            SentCode.objects.update(sent_at=timezone.now() - timedelta(minutes=2))
        code = sent(nurse, stage)
        actions.finish_sign_in(door(nurse), stage, other_than(code))
        assert actions.finish_sign_in(door(nurse), stage, code)
    assert SentCode.objects.count() == 1


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34", "\x00" * 6, "9" * 40]
)
def test_what_is_no_code_is_refused_and_costs_no_try(nurse, typed):
    stage = stage_for(nurse)
    sent(nurse, stage)
    assert actions.finish_sign_in(door(nurse), stage, typed) is None
    assert SentCode.objects.get().tries == 0


def test_spaces_in_a_code_do_not_matter(nurse):
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    assert actions.finish_sign_in(door(nurse), stage, f" {code[:3]} {code[3:]} ")


def test_an_authenticator_still_works_beside_a_code_that_is_on_its_way(nurse):
    factor = actions.begin_factor(door(nurse), nurse)
    with writing("test"):
        nurse.factors.update(confirmed_at=timezone.now())
    stage = stage_for(nurse)
    sent(nurse, stage)
    assert actions.finish_sign_in(door(nurse), stage, pyotp.TOTP(factor.secret).now())


def test_the_holder_is_told_of_a_wrong_code_once_an_hour_and_the_log_every_time(nurse):
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    before = Entry.objects.filter(event="identity.session.failed").count()
    for _ in range(3):
        actions.finish_sign_in(door(nurse), stage, other_than(code))
    told = Notice.objects.filter(person=nurse, kind="factor_failed")
    assert told.count() == 1
    assert told.get().content["to"] == "practitioner@clinic.example"
    assert Entry.objects.filter(event="identity.session.failed").count() == before + 3
    with writing("test"):
        told.update(created_at=timezone.now() - timedelta(hours=1, seconds=1))
    actions.finish_sign_in(door(nurse), stage, other_than(code))
    assert told.count() == 2


# Races -------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def crowd(request):
    """What became of several who came at one moment (``crowd.py``)."""

    def run(*words):
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ALCOVE_", "DJANGO_"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "alcove.security.identity.tests.crowd", *words],
            env=kept, cwd=scratch.ROOT, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    if request.param == "sqlite":
        return run()
    if not scratch.has_postgresql():
        pytest.skip("PostgreSQL 15 is not here: install Debian's postgresql-15")
    with scratch.postgresql() as url:
        return run(scratch.new_database(url))


def test_at_one_moment_one_code_lets_one_in_five_guesses_count_and_one_code_is_sent(crowd):
    assert sorted(map(str, crowd["entered"])) == ["False", "False", "False", "True"]
    assert crowd["sessions"] == 1
    assert crowd["guesses"] == [False] * 12
    assert crowd["tries"] == policy.SENT_CODE_TRIES
    assert crowd["right after"] is False
    assert sorted(map(str, crowd["asked"])) == ["None"] + ["TooMany"] * 5
    assert (crowd["codes"], crowd["notices"]) == (1, 1)


def test_the_text_carries_the_last_line_that_binds_it_to_this_site(nurse, settings):
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, public_url="https://juniper.example:8443/")
    code = sent(nurse, stage_for(nurse))
    text = Notice.objects.get(channel="sms").content["text"]
    assert text.endswith(f"\n\n@juniper.example #{code}")
    assert len(text) <= 160


def test_no_credit_is_asked_for_before_a_code_is_put_on_its_way(nurse):
    sent(nurse, stage_for(nurse))
    notice = Notice.objects.get(channel="sms")
    assert notices.claim(["sms"]).notice.pk == notice.pk
