"""Browsers: a right password and a right code open nothing in a browser that the practice does not know."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.rules import RULES
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions, browsers, sessions, tokens
from alcove.security.identity.models import Device, DeviceCode, DevicePin, Notice, Session


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Key:
    """A browser's key as WebCrypto would make it."""

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        point = self.private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.point = base64url(point)

    def signature(self, text):
        r, s = utils.decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def answer(self, browser, change=lambda words: words):
        asked = browser.get("/device/key/").json()
        words = change(f"alcove-device\n{asked['session']}\n{asked['challenge']}")
        return browser.post("/device/key/", {"point": self.point, "signature": self.signature(words)})


@pytest.fixture
def came(practice):
    """A browser that has just passed both factors, and its session."""

    def arrive(role):
        token, digest = tokens.new_token()
        with writing("a sign-in for the test"):
            session = Session.objects.create(person=practice.person(role), digest=digest, method="test")
        browser = practice.stranger()
        browser.cookies[sessions.COOKIE] = token
        return browser, session

    return arrive


@pytest.fixture
def nurse(came):
    browser, _ = came("practitioner")
    key = Key()
    key.answer(browser)
    return browser, key, Device.objects.get()


def approved(practice, device, kind="office"):
    actions.approve_device(practice.actor("owner"), device, name="Room 2", kind=kind)
    device.refresh_from_db()


def test_a_new_browser_gets_no_access_and_no_data(practice, client_card, nurse):
    browser, _, device = nurse
    assert device.state == Device.State.PENDING
    for path in ("/", "/clients/", f"/clients/{client_card.id}/", "/account/", "/setup/people/"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/device/"), path
    page = browser.get("/device/")
    assert page.status_code == 200
    assert b"No access yet" in page.content
    assert b"ller-Okafor" not in page.content
    assert Entry.objects.filter(event="identity.device.seen").count() == 1
    assert Notice.objects.filter(kind="new_device").count() == 1


def test_an_administrator_approves_it_on_screen(practice, nurse):
    browser, _, device = nurse
    owner = practice.signed_in("owner")
    assert b"Waiting for you" in owner.get("/setup/devices/").content
    done = owner.post(f"/setup/devices/{device.id}/", {"name": "Room 2 tablet", "kind": "room"})
    assert done.status_code == 302
    assert browser.get("/").status_code == 200
    assert Entry.objects.filter(event="identity.device.approved").count() == 1


def test_nobody_approves_their_own(practice, came):
    browser, session = came("manager")
    with writing("planted: a manager's own request"):
        device = Device.objects.create(key_digest="x", name="Mine", asked_by=session.person)
    with pytest.raises(Refused, match="their own"):
        actions.approve_device(practice.actor("manager"), device, name="Mine", kind="office")
    with pytest.raises(Refused, match="their own"):
        actions.make_device_code(practice.actor("manager"), device)
    assert browser.get("/").headers["Location"] == "/device/"


def test_an_administrators_own_browser_is_let_in_and_the_others_are_told(practice, came):
    practice.person("manager")
    browser, _ = came("owner")
    Key().answer(browser)
    device = Device.objects.get()
    assert (device.state, device.kind, device.holder) == ("approved", "personal", practice.owner)
    assert browser.get("/").status_code == 200
    assert [notice.person for notice in Notice.objects.filter(kind="new_device")] == [
        practice.person("manager")
    ]


def test_a_personal_device_is_nobody_elses(practice, came):
    owners, _ = came("owner")
    key = Key()
    key.answer(owners)
    nurses, _ = came("practitioner")
    key.answer(nurses)
    assert nurses.get("/clients/").headers["Location"] == "/device/"
    assert b"someone else" in nurses.get("/device/").content


def test_a_code_approves_this_browser_once(practice, nurse, came):
    browser, _, device = nurse
    code = actions.make_device_code(practice.actor("owner"), device)
    assert len(code) == policy.DEVICE_CODE_DIGITS
    others, _ = came("prescriber")
    Key().answer(others)
    assert others.post("/device/code/", {"code": code}).status_code == 422
    assert browser.post("/device/code/", {"code": code}).status_code == 302
    assert browser.get("/").status_code == 200
    assert DeviceCode.objects.get().used_at is not None
    assert code not in str(DeviceCode.objects.values())


def wrong(code):
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


def test_the_fourth_try_is_refused_even_if_right(practice, nurse):
    browser, _, device = nurse
    code = actions.make_device_code(practice.actor("owner"), device)
    for _ in range(policy.DEVICE_CODE_TRIES):
        assert browser.post("/device/code/", {"code": wrong(code)}).status_code == 422
    assert browser.post("/device/code/", {"code": code}).status_code == 422
    assert browser.get("/").headers["Location"] == "/device/"


def test_the_third_try_may_still_be_right(practice, nurse):
    browser, _, device = nurse
    code = actions.make_device_code(practice.actor("owner"), device)
    for _ in range(policy.DEVICE_CODE_TRIES - 1):
        browser.post("/device/code/", {"code": wrong(code)})
    assert browser.post("/device/code/", {"code": code}).status_code == 302


def test_minute_eleven_and_an_older_code_are_refused(practice, nurse):
    browser, _, device = nurse
    first = actions.make_device_code(practice.actor("owner"), device)
    code = actions.make_device_code(practice.actor("owner"), device)
    if first != code:
        assert browser.post("/device/code/", {"code": first}).status_code == 422
    with writing("a clock moved on"):
        DeviceCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert browser.post("/device/code/", {"code": code}).status_code == 422


def test_codes_have_as_many_digits_as_the_practice_chose(practice, nurse):
    actions.choose(practice.actor("owner"), RULES["device.digits"], 8)
    assert len(actions.make_device_code(practice.actor("owner"), nurse[2])) == 8


def test_a_copied_cookie_soon_stops_working(practice, nurse):
    browser, key, device = nurse
    approved(practice, device)
    assert browser.get("/").status_code == 200
    thief = practice.stranger()
    thief.cookies[sessions.COOKIE] = browser.cookies[sessions.COOKIE].value
    long_ago = timezone.now() - policy.DEVICE_PROOF_LIFE - policy.SESSION_TOUCH - timedelta(seconds=1)
    with writing("minutes passed"):
        Session.objects.update(device_proved_at=long_ago)
    assert thief.get("/clients/").headers["Location"] == "/device/"
    # Neither a key of their own nor a wrong signature helps: a session belongs to one browser for good.
    assert key.answer(thief, lambda words: words + "x").status_code == 409
    assert Key().answer(thief).status_code == 409
    assert thief.post("/device/plain/").status_code == 409
    assert thief.get("/clients/").headers["Location"] == "/device/"
    assert Device.objects.count() == 1


@pytest.mark.parametrize("minutes", [0, 1, 60])
def test_an_administrators_copied_cookie_brings_no_browser_of_the_thiefs(practice, came, minutes):
    browser, session = came("owner")
    Key().answer(browser)
    with writing("minutes passed"):
        Session.objects.filter(pk=session.pk).update(
            device_proved_at=timezone.now() - timedelta(minutes=minutes)
        )
    thief = practice.stranger()
    thief.cookies[sessions.COOKIE] = browser.cookies[sessions.COOKIE].value
    assert Key().answer(thief).status_code == 409
    assert thief.post("/device/plain/").status_code == 409
    assert Device.objects.count() == 1
    if minutes == 60:
        assert thief.get("/clients/").headers["Location"] == "/device/"


def test_a_session_that_waited_too_long_for_its_browser_lets_no_administrators_in(practice, came):
    browser, session = came("owner")
    with writing("a session without a browser lay around"):
        Session.objects.filter(pk=session.pk).update(
            proved_at=timezone.now() - policy.FRESH_LIFE - timedelta(seconds=1)
        )
    assert Key().answer(browser).json()["state"] == "pending"
    assert browser.get("/clients/").headers["Location"] == "/device/"


def test_approving_on_screen_takes_a_fresh_factor(practice, nurse):
    owner = practice.signed_in("owner")
    with writing("an unattended screen"):
        Session.objects.filter(person=practice.owner).update(
            proved_at=timezone.now() - policy.FRESH_LIFE - timedelta(seconds=1)
        )
    answer = owner.post(f"/setup/devices/{nurse[2].id}/", {"name": "Mine", "kind": "room"})
    assert answer.headers["Location"].startswith("/prove-it-is-you/")
    nurse[2].refresh_from_db()
    assert nurse[2].state == Device.State.PENDING


def test_the_right_key_goes_on_where_it_was(practice, nurse):
    browser, key, device = nurse
    approved(practice, device)
    with writing("minutes passed"):
        Session.objects.update(device_proved_at=timezone.now() - timedelta(hours=1))
    assert browser.get("/").headers["Location"] == "/device/"
    before = Entry.objects.count()
    assert key.answer(browser).json()["state"] == "approved"
    assert Entry.objects.count() == before
    assert browser.get("/").status_code == 200


def test_an_answer_counts_once_and_for_its_own_session(practice, nurse, came):
    browser, key, device = nurse
    approved(practice, device)
    asked = browser.get("/device/key/").json()
    signature = key.signature(f"alcove-device\n{asked['session']}\n{asked['challenge']}")
    given = {"point": key.point, "signature": signature}
    others, _ = came("prescriber")
    assert others.post("/device/key/", given).status_code == 409
    assert browser.post("/device/key/", given).status_code == 200
    assert browser.post("/device/key/", given).status_code == 409


@pytest.mark.parametrize(
    ("point", "signature"),
    [("", ""), ("ä", "ö"), ("AAAA", "AAAA"), ("A" * 87, "A" * 86), ("=" * 90, "?" * 90)],
)
def test_malformed_answers_are_refused(came, point, signature):
    browser, _ = came("practitioner")
    browser.get("/device/key/")
    assert browser.post("/device/key/", {"point": point, "signature": signature}).status_code == 409
    assert not Device.objects.exists()


def test_a_browser_without_scripts_is_known_by_its_cookie_and_marked(practice, came):
    browser, _ = came("practitioner")
    assert browser.post("/device/plain/").headers["Location"] == "/device/"
    device = Device.objects.get()
    assert not device.has_key
    owner = practice.signed_in("owner")
    assert b"keeps no key" in owner.get(f"/setup/devices/{device.id}/").content
    approved(practice, device)
    assert browser.get("/").status_code == 200
    thief = practice.stranger()
    thief.cookies[sessions.COOKIE] = browser.cookies[sessions.COOKIE].value
    assert thief.get("/").status_code == 401


def test_lost_means_everything_on_it_is_over(practice, nurse):
    browser, key, device = nurse
    approved(practice, device)
    session = Session.objects.get(device=device)
    actions.set_pin(practice.actor("practitioner"), session, pin="482913")
    owner = practice.signed_in("owner")
    assert owner.post(f"/setup/devices/{device.id}/lost/").status_code == 302
    assert browser.get("/clients/").status_code == 401
    assert not DevicePin.objects.exists()
    # Its key opens nothing either, with a new session and both factors.
    token, digest = tokens.new_token()
    with writing("the thief knows password and code"):
        Session.objects.create(person=practice.person("practitioner"), digest=digest, method="test")
    browser.cookies[sessions.COOKIE] = token
    assert key.answer(browser).json()["state"] == "lost"
    assert browser.get("/clients/").status_code == 401


def test_only_its_holder_or_an_administrator_declares_a_device_lost(practice, nurse):
    approved(practice, nurse[2])
    with pytest.raises(Refused):
        actions.lose_device(practice.actor("front_desk"), nurse[2])
    assert practice.signed_in("front_desk").get("/setup/devices/").status_code == 403


def test_a_decided_device_is_not_decided_again(practice, nurse):
    actions.refuse_device(practice.actor("owner"), nurse[2])
    with pytest.raises(Conflict):
        approved(practice, nurse[2])
    assert nurse[0].get("/").status_code == 401


@pytest.mark.parametrize(("kind", "minutes"), [("desk", 5), ("room", 10), ("office", 15), ("personal", 5)])
def test_the_idle_limit_is_the_devices_and_the_servers(practice, kind, minutes):
    browser = practice.signed_in("practitioner")
    holder = practice.person("practitioner") if kind == "personal" else None
    with writing("another class"):
        Device.objects.update(kind=kind, holder=holder)
        Session.objects.update(seen_at=timezone.now() - timedelta(minutes=minutes) + timedelta(seconds=20))
    assert browser.get("/").status_code == 200
    with writing("a little longer"):
        Session.objects.update(seen_at=timezone.now() - timedelta(minutes=minutes, seconds=1))
    assert browser.get("/").status_code == 401


def test_a_practice_chooses_within_bounds(practice):
    owner = practice.signed_in("owner")
    over = owner.post("/setup/rules/", {"key": "session.hours", "value": "25"})
    assert over.status_code == 422
    assert b"Choose from 4 to 24." in over.content
    assert owner.post("/setup/rules/", {"key": "session.hours", "value": "many"}).status_code == 422
    assert owner.post("/setup/rules/", {"key": "session.hours", "value": "8"}).status_code == 302
    assert RULES["session.hours"].chosen == 8
    assert Entry.objects.filter(event="access.rule.changed").count() == 1
    assert (
        practice.signed_in("manager")
        .post("/setup/rules/", {"key": "session.hours", "value": "9"})
        .status_code
        == 403
    )


def test_a_pin_unlocks_here_and_five_wrong_ones_end_the_session(practice):
    browser = practice.signed_in("practitioner")
    assert browser.post("/account/pin/", {"pin": "123456"}).status_code == 422
    assert browser.post("/account/pin/", {"pin": "48291"}).status_code == 422
    assert browser.post("/account/pin/", {"pin": "482913"}).status_code == 302
    browser.post("/lock/")
    assert browser.post("/locked/", {"pin": "482914"}).status_code == 422
    assert browser.get("/").headers["Location"] == "/locked/"
    assert browser.post("/locked/", {"pin": "482913"}).status_code == 302
    assert browser.get("/").status_code == 200
    browser.post("/lock/")
    for _ in range(policy.PIN_TRIES - 1):
        assert browser.post("/locked/", {"pin": "482914"}).status_code == 422
    assert browser.post("/locked/", {"pin": "482914"}).status_code == 401
    assert browser.get("/").status_code in (302, 401)
    assert not Session.objects.filter(ended_at__isnull=True).exists()
    assert not DevicePin.objects.exists()


def test_a_pin_is_of_its_device_and_person_only(practice):
    nurse, desk = practice.signed_in("practitioner"), practice.signed_in("front_desk")
    nurse.post("/account/pin/", {"pin": "482913"})
    desk.post("/lock/")
    page = desk.get("/locked/")
    assert b'name="pin"' not in page.content


def test_an_old_proof_asks_for_a_factor_first(practice):
    browser = practice.signed_in("practitioner")
    with writing("time passed"):
        Session.objects.update(proved_at=timezone.now() - policy.FRESH_LIFE - timedelta(seconds=1))
    answer = browser.post(
        "/account/pin/", {"pin": "482913"}, headers={"referer": "https://evil.example/account/"}
    )
    assert answer.headers["Location"] == "/prove-it-is-you/?next=%2F"
    assert not DevicePin.objects.exists()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge 142 on Windows",
        ),
        ("Mozilla/5.0 (iPad; CPU OS 19_1 like Mac OS X) Version/19.1 Safari/605.1", "Safari on iPad"),
        ("", "A browser"),
        ("<script>", "A browser"),
    ],
)
def test_browsers_are_named_in_words(agent, name):
    assert browsers.named(agent) == name


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "sqlite" in connection.vendor, reason="threads cannot share SQLite's in-memory test database"
)
def test_two_who_race_with_one_code_get_three_tries_together(practice):
    owner = practice.actor("owner")
    with writing("a waiting browser"):
        device = Device.objects.create(key_digest="race", name="x", asked_by=practice.person("practitioner"))
        session = Session.objects.create(
            person=practice.person("practitioner"), digest="race", method="test", device=device
        )
    code = actions.make_device_code(owner, device)

    def guess(_):
        from django.db import connections

        try:
            door = actions.at_the_door(practice.actor("practitioner"), session.person)
            return actions.use_device_code(door, Session.objects.get(pk=session.pk), wrong(code))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(guess, range(8)))
    assert DeviceCode.objects.get().tries == policy.DEVICE_CODE_TRIES


def test_a_stranger_finds_nothing_at_the_gate(practice):
    stranger = Browser(headers={"host": "localhost"})
    assert stranger.get("/device/").headers["Location"] == "/sign-in/"
    assert stranger.get("/device/key/").status_code == 404
    assert stranger.post("/device/code/", {"code": "1234"}).status_code == 404
