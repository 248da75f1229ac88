"""What security costs is measured by the server's clock, and no figure of it can be made up or harm a sign-in (ANA-05)."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from django.utils import timezone

from alcove.project.prove.doors import enrolled
from alcove.security import policy_defaults as policy
from alcove.security.access.errors import Refused
from alcove.security.access.writes import writing
from alcove.security.identity import passwords, tasks, tokens
from alcove.security.identity.models import DevicePin, Effort, Notice, Session, SignIn
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.queries import effort as queries
from alcove.security.identity.sessions import COOKIE
from alcove.security.identity.tests.test_passkeys import new_passkey, options_of
from alcove.security.identity.views import asking


def mark(seconds):
    """Return the mark of a page that was shown so long ago."""
    return tokens.moment_mark(timezone.now() - timedelta(seconds=seconds))


def newest(kind):
    return Effort.objects.filter(kind=kind).latest("at")


def add(session, kind, *, ms=None, days=0, roles=("Practitioner",), method="", taps=None):
    with writing("test"):
        return Effort.objects.create(
            session=session, kind=kind, at=timezone.now() - timedelta(days=days), spent_ms=ms, roles=list(roles),
            method=method, taps=taps,
        )  # fmt: skip


def a_session(person):
    with writing("test"):
        return Session.objects.create(person=person, digest=tokens.new_token()[1], method="test")


# Measuring --------------------------------------------------------------------------------------------------------


def test_password_and_code_are_counted_from_the_first_page_to_the_session(practice):
    person, password, secret = enrolled(practice, "prescriber")
    browser = practice.stranger()
    given = {"email": person.email, "password": password, "began": mark(40), "taps": "12", "tenths": "150"}
    before = timezone.now()
    assert browser.post("/sign-in/", given).status_code == 302
    stage = SignIn.objects.get()
    # Fifteen seconds since the first press, though the page stood there for forty.
    assert before <= stage.begun_at + timedelta(seconds=15) <= timezone.now()
    assert browser.post("/sign-in/code/", {"code": "000000", "taps": "6"}).status_code == 422
    answer = browser.post("/sign-in/code/", {"code": pyotp.TOTP(secret).now(), "taps": "7"})
    assert answer.cookies[COOKIE].value
    row = newest("sign_in")
    assert (row.method, row.steps, row.taps, row.roles) == ("authenticator", 3, 25, ["Prescriber"])
    assert 14_000 < row.spent_ms < 20_000


def test_a_passkey_is_one_form(practice):
    person = practice.person("practitioner")
    device, browser = new_passkey(person), practice.stranger()
    page = browser.get("/sign-in/")
    assert b'name="began"' in page.content
    given = {"answer": device.answer(options_of(page)), "began": mark(3), "taps": "1", "tenths": "21"}
    assert browser.post("/sign-in/passkey/", given).cookies[COOKIE].value
    row = newest("sign_in")
    assert (row.method, row.steps, row.taps) == ("passkey", 1, 1)
    assert 2_000 < row.spent_ms < 2_900


LIES = {
    "no figures at all": ({}, None, None),
    "a mark made up": ({"began": "1700000000000.000000000000000000000000"}, None, None),
    "a mark of rubbish": ({"began": "é" * 500, "taps": "é", "tenths": "-1"}, None, None),
    "taps beyond all measure": ({"taps": "100"}, None, None),
    "a number that is no number": ({"taps": "1e1", "tenths": "nan"}, None, None),
    "many digits": ({"taps": "0" * 4000 + "5"}, None, None),
    "other digits": ({"taps": "٣"}, None, None),
    "the most": ({"taps": "99"}, None, 99),
}


@pytest.mark.parametrize(("given", "ms", "taps"), LIES.values(), ids=LIES)
def test_no_figure_is_needed_and_none_is_believed_beyond_its_bounds(practice, given, ms, taps):
    browser = practice.signed_in("practitioner")
    person = practice.person("practitioner")
    session = Session.objects.filter(person=person).latest("started_at")
    with writing("test"):
        DevicePin.objects.create(device=session.device, person=person, digest=passwords.hashed("482915"))
    browser.post("/lock/")
    assert browser.post("/locked/", {"pin": "482915"} | given).headers["Location"] == "/"
    row = newest("unlock")
    assert (row.method, row.spent_ms, row.taps) == ("PIN", ms, taps)


def test_a_mark_whose_moment_was_moved_counts_for_nothing(practice):
    shown = mark(5)
    moved = str(int(shown.partition(".")[0]) - 60_000) + shown[13:]
    assert tokens.marked_moment(shown) is not None
    assert tokens.marked_moment(moved) is None
    assert tokens.marked_moment("") is None


@pytest.mark.parametrize(("typed", "found"), [("6000", 6000), ("6001", None), ("60000", None), ("", None)])
def test_tenths_of_a_second_end_at_ten_minutes(practice, rf, typed, found):
    assert asking.spent(rf.post("/", {"tenths": typed})).tenths == found


def test_the_browser_may_say_less_than_the_servers_clock_but_never_more():
    now = timezone.now()
    began = now - timedelta(seconds=10)
    assert Spent(began=began, tenths=30).since(now) == now - timedelta(seconds=3)
    assert Spent(began=began, tenths=6000).since(now) == began
    assert Spent(began=began).since(now) == began
    assert Spent(tenths=30).since(now) is None
    assert Spent(began=now + timedelta(seconds=5)).since(now) is None
    assert Spent(began=now - policy.EFFORT_LONGEST - timedelta(seconds=1)).since(now) is None


def test_locking_is_counted_and_a_wrong_pin_is_no_unlocking(practice):
    browser = practice.signed_in("front_desk")
    session = Session.objects.filter(person=practice.person("front_desk")).latest("started_at")
    with writing("test"):
        DevicePin.objects.create(
            device=session.device, person=session.person, digest=passwords.hashed("482915")
        )
    browser.post("/lock/")
    assert browser.post("/locked/", {"pin": "111111"}).status_code == 422
    assert [row.kind for row in Effort.objects.all()] == ["lock"]
    assert Effort.objects.get().roles == ["Front desk"]


def test_a_hand_over_and_its_way_back_are_counted(practice, client_card):
    browser = practice.signed_in("front_desk")
    session = Session.objects.filter(person=practice.person("front_desk")).latest("started_at")
    with writing("test"):
        DevicePin.objects.create(
            device=session.device, person=session.person, digest=passwords.hashed("482915")
        )
    page = f"/clients/{client_card.id}/hand-over/"
    assert b'name="taps"' in browser.get(page).content
    given = {"tasks": ["contact"], "began": mark(4), "taps": "2", "tenths": "35"}
    assert browser.post(page, given).status_code == 302
    row = newest("hand_over")
    assert (row.steps, row.taps) == (2, 2) and 3_000 < row.spent_ms < 4_500
    back = browser.post("/hand-over/end/", {"pin": "482915", "began": mark(3), "taps": "7", "tenths": "20"})
    assert back.status_code == 302
    row = newest("take_back")
    assert (row.method, row.taps) == ("PIN", 7) and 1_500 < row.spent_ms < 3_500


def test_no_figure_says_what_was_typed(practice):
    person, password, _ = enrolled(practice, "prescriber")
    given = {"email": person.email, "password": password, "began": mark(4), "taps": "12", "tenths": "20"}
    practice.stranger().post("/sign-in/", given)
    assert {field.attname for field in Effort._meta.concrete_fields} == {
        "id", "session_id", "kind", "method", "roles", "at", "spent_ms", "steps", "taps"
    }  # fmt: skip


# Showing ----------------------------------------------------------------------------------------------------------


def test_medians_are_by_role_and_way_of_the_last_month(practice):
    session = a_session(practice.person("practitioner"))
    for ms in (1_000, 2_000, 60_000):
        add(session, "sign_in", ms=ms, method="passkey", taps=1)
    add(session, "sign_in", ms=20_000, method="authenticator", taps=11)
    add(session, "sign_in", ms=90_000, method="passkey", days=31)
    add(session, "sign_in", method="passkey")
    found = queries.measured(practice.actor("owner"))
    lines = {line.method: line for line in found.acts["sign_in"]}
    assert (lines["passkey"].seconds, lines["passkey"].count, lines["passkey"].taps) == (2.0, 4, 1)
    assert (lines["authenticator"].seconds, lines["authenticator"].taps) == (20.0, 11)
    (role,) = found.roles["sign_in"]
    assert (role.role, role.count, role.seconds) == ("Practitioner", 5, 11.0)


def test_locks_are_a_median_over_the_days_of_a_person_and_days_without_one_count(practice):
    session = a_session(practice.person("front_desk"))
    for days, count in ((1, 5), (2, 3), (3, 0)):
        add(session, "sign_in", days=days, roles=["Front desk"])
        for _ in range(count):
            add(session, "lock", days=days, roles=["Front desk"])
    (line,) = queries.measured(practice.actor("owner")).locks
    assert (line.role, line.seconds, line.count) == ("Front desk", 3, 3)


def test_alerts_are_a_median_over_people_and_weeks_and_codes_are_none(practice):
    person = practice.person("front_desk")
    with writing("test"):
        for days in (1, 2, 9, 16, 23):
            for kind in ("new_device", "sign_in_code", "set_up"):
                Notice.objects.create(
                    person=person,
                    channel="email",
                    kind=kind,
                    created_at=timezone.now() - timedelta(days=days),
                )
    lines = {line.role: line for line in queries.measured(practice.actor("owner")).alerts}
    assert (lines["Front desk"].seconds, lines["Front desk"].count) == (1.0, 4)


def test_only_owner_and_officer_see_it_and_no_name_is_on_it(practice):
    person = practice.person("practitioner")
    add(a_session(person), "sign_in", ms=4_000, method="passkey", taps=1)
    for role, status in (("owner", 200), ("officer", 200), ("manager", 403), ("it_provider", 403)):
        answer = practice.signed_in(role).get("/setup/effort/")
        assert answer.status_code == status, role
        if status == 200:
            page = answer.content.decode()
            assert "4 s" in page and "Practitioner" in page
            assert person.name not in page and person.email not in page
    with pytest.raises(Refused):
        queries.measured(practice.actor("manager"))


def test_the_page_says_so_while_nothing_is_measured(practice):
    assert b"Nothing measured yet" in practice.signed_in("owner").get("/setup/effort/").content


def test_old_figures_are_removed_by_the_worker(practice):
    session = a_session(practice.person("practitioner"))
    add(session, "lock", days=policy.EFFORT_KEPT.days + 1)
    kept = add(session, "lock", days=policy.EFFORT_KEPT.days - 1)
    tasks.forget_old_effort()
    assert [row.id for row in Effort.objects.all()] == [kept.id]
