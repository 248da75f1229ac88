"""Leavers: sixty seconds after the leaving time each kind of credential is used, and each is refused (IDN-16)."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pyotp
import pytest
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access import rules
from alcove.security.access.actors import Actor
from alcove.security.access.errors import AccessError, Conflict, Refused
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions, passwords, tablets, tasks, tokens
from alcove.security.identity.actions import contacts, leaving
from alcove.security.identity.actions.handing import hand_over
from alcove.security.identity.models import (
    Device,
    HandOver,
    Link,
    Membership,
    Notice,
    Person,
    Session,
    SignIn,
)
from alcove.security.identity.sessions import COOKIE, DEVICE_COOKIE
from alcove.security.identity.tests.newcomers import put
from alcove.security.identity.tests.test_passkeys import enter, new_passkey, own, question
from alcove.security.identity.tests.test_sent_codes import PASSWORD, PHONE, door, sent, stage_for

LATER = timedelta(seconds=60)
PIN = "274159"


@pytest.fixture(autouse=True)
def sms_is_on(settings):
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, sms_url="log://", email_url="log://")
    rules.forget()
    yield
    rules.forget()


def a_browser(practice, person, device=None, **more):
    """Return (browser, session row, its token)."""
    token, digest = tokens.new_token()
    with writing("a test"):
        row = Session.objects.create(
            person=person, digest=digest, method="test", device=device or practice.device(),
            device_proved_at=timezone.now(), **more,
        )  # fmt: skip
    browser = practice.stranger()
    browser.cookies[COOKIE], browser.cookies[DEVICE_COOKIE] = token, "ground"
    return browser, row, token


def opens(answer):
    """Whether an answer led in: a page or a way on that is not the door."""
    return answer.status_code == 200 or (
        answer.status_code == 302 and answer.headers["Location"] != "/sign-in/"
    )


def raises(deed):
    """Whether a deed is refused, by an exception or by giving nothing."""
    try:
        return not deed()
    except (AccessError, passwords.WrongPassword):
        return True


def credentials(practice, person, client_id):
    """Give a person one of each kind of credential; return {kind: function that tells whether it still opens}."""
    put(person, phone=PHONE, phone_confirmed_at=timezone.now())
    secret, recovery = enrol(person)
    authenticator = new_passkey(person)
    with writing("a test"):
        own_device = Device.objects.create(
            key_digest=tokens.digest("ground of their own"), name="Own phone", state=Device.State.APPROVED,
            kind=Device.Kind.PERSONAL, holder=person,
        )  # fmt: skip
    working, row, _ = a_browser(practice, person)
    actions.set_pin(own(person, row), row, pin=PIN)
    locked, *_ = a_browser(practice, person, locked_at=timezone.now())
    _, handed, _ = a_browser(practice, person)
    tablet_token = hand_over(own(person, handed), handed, client_id, ["contact"])
    at_home, _, _ = a_browser(practice, person, own_device)
    at_home.cookies[DEVICE_COOKIE] = "ground of their own"
    stage, sms_stage, recovery_stage = stage_for(person), stage_for(person), stage_for(person)
    sms = sent(person, sms_stage)
    setup = actions.make_link(practice.actor("owner"), person).token
    confirm = a_confirm_link(person)
    waiting = a_link(person, "recover")

    def password():
        visitor = practice.stranger()
        return opens(visitor.post("/sign-in/", {"email": person.email, "password": PASSWORD}))

    def finish(held, code):
        # As a request would, the stage is read anew.
        row = SignIn.objects.filter(pk=held.pk).first()
        return row is not None and not raises(lambda: actions.finish_sign_in(door(row.person), row, code))

    def pin_unlocks():
        return opens(locked.post("/locked/", {"pin": PIN}))

    def password_unlocks():
        return opens(locked.post("/locked/?by=password", {"password": PASSWORD}))

    def by_passkey():
        return not raises(lambda: enter(authenticator.answer(question())))

    def tablet():
        return tablets.find(tablet_token, "test", "ground") is not None

    def tablet_pin():
        held = HandOver.objects.get(session=handed)
        return not raises(lambda: actions.unlock_by_pin(door(person), held.session, PIN))

    def recover_link():
        return Link.objects.filter(
            pk=waiting.pk, used_at__isnull=True, expires_at__gt=timezone.now()
        ).exists()

    return {
        "session": lambda: opens(working.get("/")),
        "locked session by PIN": pin_unlocks,
        "locked session by password": password_unlocks,
        "half-finished sign-in and authenticator": lambda: finish(stage, pyotp.TOTP(secret).now()),
        "password": password,
        "passkey": by_passkey,
        "recovery code": lambda: finish(recovery_stage, recovery[0]),
        "code by SMS": lambda: finish(sms_stage, sms),
        "set-up link": lambda: opens(practice.stranger().post(f"/set-up/{setup}/", {"password": PASSWORD + " two"})),
        "confirming link": lambda: opens(practice.stranger().post(f"/confirm/{confirm}/")),
        "recovery link": recover_link,
        "personal device": lambda: opens(at_home.get("/")),
        "tablet in a client's hands": tablet,
        "device PIN": tablet_pin,
    }  # fmt: skip


def enrol(person):
    actions.set_password(Actor.operator("test"), person, password=PASSWORD)
    from alcove.security.identity.tests.test_door import enrol as by_totp

    return by_totp(person)


def a_link(person, kind):
    with writing("a test"):
        return Link.objects.create(
            kind=kind,
            digest=tokens.new_token()[1],
            person=person,
            expires_at=timezone.now() + timedelta(hours=1),
        )


def a_confirm_link(person):
    contacts.ask_own_email(own(person), person)
    text = Notice.objects.filter(person=person, kind="confirm_email").latest("created_at").content["text"]
    return text.partition("/confirm/")[2].partition("/")[0]


KINDS = (
    "session", "locked session by PIN", "locked session by password", "half-finished sign-in and authenticator",
    "password", "passkey", "recovery code", "code by SMS", "set-up link", "confirming link", "recovery link",
    "personal device",
    "tablet in a client's hands",
    "device PIN",
)  # fmt: skip


@pytest.mark.parametrize("cleared", ["by the clock alone", "cleared away", "cleared away and restored"])
def test_sixty_seconds_after_the_leaving_time_every_kind_of_credential_is_dead(
    practice, client_card, cleared
):
    person = practice.person("practitioner")
    tries = credentials(practice, person, client_card.pk)
    person.refresh_from_db()
    put(person, leaves_at=timezone.now() - LATER)
    if cleared != "by the clock alone":
        tasks.end_leavers()
    if cleared == "cleared away and restored":
        person.refresh_from_db()
        actions.restore(practice.actor("owner"), person)
    alive = [kind for kind, opens_something in tries.items() if opens_something()]
    if cleared == "by the clock alone":
        # A link that only waits opens nothing by itself; that it is refused is tried where it is used.
        alive = [kind for kind in alive if kind not in {"recovery link", "device PIN"}]
    assert alive == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_them_opens_something_before_that_time(practice, client_card, kind):
    """Else the test above would be green for nothing."""
    person = practice.person("practitioner")
    tries = credentials(practice, person, client_card.pk)
    put(person, leaves_at=timezone.now() + timedelta(hours=1))
    assert tries[kind]()


def test_owners_are_told_and_nothing_waits_to_be_sent_to_who_left(practice):
    person = practice.person("practitioner")
    contacts.ask_email(practice.actor("owner"), person)
    put(person, leaves_at=timezone.now())
    tasks.end_leavers()
    assert not Notice.objects.filter(person=person, content__isnull=False).exists()
    told = Notice.objects.get(kind="leaver")
    assert told.person_id == practice.owner.id
    assert Entry.objects.filter(event="identity.person.left").count() == 1
    assert not Membership.objects.filter(person=person).exists()
    tasks.end_leavers()
    assert Entry.objects.filter(event="identity.person.left").count() == 1


def test_the_last_owner_and_the_last_officer_cannot_leave(practice):
    console = Actor.operator("test")
    later = timezone.now() + timedelta(days=1)
    with pytest.raises(Conflict):
        leaving.set_leaving(console, practice.owner, leaves_at=later)
    officer = practice.person("officer")
    with pytest.raises(Conflict):
        leaving.set_leaving(console, officer, leaves_at=later)
    # A second owner who leaves as well does not count.
    second = practice.person("manager")
    actions.set_roles(console, second, [practice.roles["owner"]])
    leaving.set_leaving(console, second, leaves_at=later)
    with pytest.raises(Conflict):
        leaving.set_leaving(console, practice.owner, leaves_at=later)
    with pytest.raises(Conflict):
        actions.suspend(console, practice.owner)
    leaving.set_leaving(console, second, leaves_at=None)
    leaving.set_leaving(console, practice.owner, leaves_at=later)


def test_nobody_sets_their_own_leaving_time_and_a_manager_sets_nobodys(practice):
    person = practice.person("practitioner")
    own_actor = Actor("person", id=person.id, rights=practice.actor("owner").rights)
    with pytest.raises(Refused):
        leaving.set_leaving(own_actor, person, leaves_at=timezone.now())
    assert (
        practice.signed_in("manager").post(f"/setup/people/{person.id}/leave/", {"when": "now"}).status_code
        == 403
    )


def test_the_page_sets_a_moment_takes_it_back_and_ends_someone_at_once(practice):
    owner = practice.signed_in("owner")
    person = practice.person("practitioner")
    url = f"/setup/people/{person.id}/leave/"
    assert owner.get(url).status_code == 200
    past = owner.post(url, {"when": "then", "day": "2020-01-01", "hour": "10:00"})
    assert past.status_code == 422
    assert b"lies in the past" in past.content
    assert b"2020-01-01" in past.content
    assert owner.post(url, {"when": "then", "day": "2099-01-01", "hour": "18:00"}).status_code == 302
    person.refresh_from_db()
    assert timezone.localtime(person.leaves_at, tz("America/Los_Angeles")).hour == 18
    assert b"Take it back" in owner.get(f"/setup/people/{person.id}/").content
    assert owner.post(url, {"when": "stays"}).status_code == 302
    person.refresh_from_db()
    assert person.leaves_at is None
    at_work = practice.signed_in("practitioner")
    assert at_work.get("/").status_code == 200
    assert owner.post(url, {"when": "now"}).status_code == 302
    assert at_work.get("/").status_code == 401
    person.refresh_from_db()
    assert (person.suspended_why, person.password) == ("left", "")
    assert b"Left" in owner.get("/setup/people/").content
    assert owner.post(f"/setup/people/{practice.owner.id}/leave/", {"when": "now"}).status_code == 409


def tz(name):
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


# Unused ------------------------------------------------------------------------------------------------------------


def test_an_account_nobody_used_for_ninety_days_is_suspended_and_told(practice):
    person, fresh = practice.person("practitioner"), practice.person("front_desk")
    long_ago = timezone.now() - policy.UNUSED_LIMIT
    put(person, seen_at=long_ago - timedelta(minutes=1))
    put(fresh, seen_at=long_ago + timedelta(minutes=1), created_at=long_ago - timedelta(days=400))
    browser = practice.signed_in("practitioner")
    tasks.look_after_accounts()
    person.refresh_from_db()
    fresh.refresh_from_db()
    assert person.suspended_why == Person.Why.UNUSED
    assert fresh.is_active
    assert browser.get("/").status_code == 401
    assert Notice.objects.filter(person=person, kind="unused").exists()
    actions.restore(practice.actor("owner"), person)
    tasks.look_after_accounts()
    person.refresh_from_db()
    assert person.is_active


def test_owners_are_never_locked_out_all_at_once(practice):
    second = practice.person("manager")
    actions.set_roles(Actor.operator("test"), second, [practice.roles["owner"]])
    for person in (practice.owner, second):
        put(person, seen_at=timezone.now() - timedelta(days=200))
    tasks.look_after_accounts()
    tasks.look_after_accounts()
    owners = Person.objects.filter(memberships__role__key="owner")
    assert owners.filter(suspended_at__isnull=True).count() == 1
    kept = owners.get(suspended_at__isnull=True)
    assert Notice.objects.filter(person=kept, kind="unused").count() == 1


# Lent roles --------------------------------------------------------------------------------------------------------


def test_a_lent_role_ends_by_itself_and_saving_the_roles_keeps_it(practice, client_card):
    owner, person = practice.actor("owner"), practice.person("marketing")
    desk = practice.roles["front_desk"]
    browser = practice.signed_in("marketing")
    url = f"/clients/{client_card.pk}/"
    assert browser.get(url).status_code == 403
    actions.lend_role(owner, person, desk, ends_at=timezone.now() + timedelta(hours=1))
    assert browser.get(url).status_code == 200
    with pytest.raises(Conflict):
        actions.set_roles(owner, person, [practice.roles["marketing"]])
    actions.set_roles(owner, person, [])
    assert [item.role_id for item in person.memberships.all()] == [desk.id]
    with writing("a test"):
        Membership.objects.filter(person=person).update(ends_at=timezone.now() - timedelta(seconds=1))
    assert browser.get(url).status_code == 403
    actions.lend_role(owner, person, desk, ends_at=timezone.now() + timedelta(hours=1))
    actions.end_loan(owner, person, desk)
    assert browser.get(url).status_code == 403


def test_a_lent_owner_does_not_let_the_last_owner_go(practice):
    console, second = Actor.operator("test"), practice.person("manager")
    actions.lend_role(console, second, practice.roles["owner"], ends_at=timezone.now() + timedelta(days=1))
    with pytest.raises(Conflict):
        actions.suspend(console, practice.owner)


def test_the_page_lends_a_role_and_refuses_a_day_in_the_past(practice):
    owner, person = practice.signed_in("owner"), practice.person("marketing")
    url = f"/setup/people/{person.id}/lend/"
    role = practice.roles["front_desk"].id
    past = owner.post(url, {"role": role, "day": "2020-01-01", "hour": "10:00"})
    assert past.status_code == 422
    assert b"lies in the past" in past.content
    assert owner.post(url, {"role": role, "day": "2099-01-01", "hour": "10:00"}).status_code == 302
    page = owner.get(f"/setup/people/{person.id}/").content
    assert b"End now" in page
    assert owner.post(url, {"end": role}).status_code == 302
    assert owner.post(url, {"end": "nonsense"}).status_code == 404
    assert (
        owner.post(
            f"/setup/people/{practice.owner.id}/lend/", {"role": role, "day": "2099-01-01", "hour": "10:00"}
        ).status_code
        == 403
    )
