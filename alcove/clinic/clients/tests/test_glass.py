"""Reasons of care and emergency access: who gets in, why, for how long, who is told, and who reviews it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients import actions, tasks
from alcove.clinic.clients.queries import directory, glass
from alcove.clinic.clients.tests.need import EMAIL, PHONE, ask_for_a_reason, at, forget_rules, later, limit
from alcove.clinic.records.actions import add_visit
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import GlassBreak
from alcove.security.access.opening import open_client
from alcove.security.access.rules import RULES
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.actions.rules import choose
from alcove.security.identity.models import Notice, Session
from alcove.security.vault.keyring import keyring

WHY = "The client collapsed in the waiting room"


@pytest.fixture(autouse=True)
def _default_rules(db):
    forget_rules()
    yield
    forget_rules()


def notes(client):
    return reverse("records:notes", kwargs={"client_id": client.id})


def visit(practice, client, *, days, role="practitioner"):
    """Note down a visit so many days from now, while the practice asks for no reason."""
    ask_for_a_reason(practice, 0) if RULES["care.reason"].chosen else None
    actor = practice.actor(role)
    with keyring():
        open_client(actor, client.id)
        add_visit(actor, client, starts_at=timezone.now() + timedelta(days=days), content={"type": "Visit"})


# Reasons of care ---------------------------------------------------------------------------------------------------


def test_with_the_rule_on_a_nurse_without_a_reason_gets_403_and_the_offer_and_still_sees_the_card(
    practice, client_card
):
    browser = practice.signed_in("practitioner")
    assert browser.get(notes(client_card)).status_code == 200
    ask_for_a_reason(practice)
    answer = browser.get(notes(client_card))
    assert answer.status_code == 403
    assert at("break_glass", client_id=client_card.id) in answer.content.decode()
    card = browser.get(at("card", client_id=client_card.id))
    assert card.status_code == 200
    assert "Catherine" in card.content.decode()
    assert "break the glass" in card.content.decode()
    assert notes(client_card) not in card.content.decode()
    newest = Entry.objects.filter(client_id=client_card.id, result="refused").newest_first().first()
    assert newest.fields == "records.view"


@pytest.mark.parametrize(("days", "opens"), [(-29, 200), (29, 200), (-31, 403), (31, 403)])
def test_a_visit_with_the_clinician_within_thirty_days_is_a_reason(practice, client_card, days, opens):
    visit(practice, client_card, days=days)
    ask_for_a_reason(practice)
    assert practice.signed_in("practitioner").get(notes(client_card)).status_code == opens
    assert practice.signed_in("prescriber").get(notes(client_card)).status_code == 403


def test_membership_of_the_care_team_is_a_reason(practice, client_card):
    owner = practice.actor("owner")
    with keyring():
        open_client(owner, client_card.id)
        actions.add_to_team(owner, client_card, practice.person("practitioner").id)
    ask_for_a_reason(practice)
    assert practice.signed_in("practitioner").get(notes(client_card)).status_code == 200
    assert practice.signed_in("prescriber").get(notes(client_card)).status_code == 403


def test_without_a_reason_nothing_is_written_and_no_team_is_made(practice, client_card):
    ask_for_a_reason(practice)
    browser = practice.signed_in("practitioner")
    assert (
        browser.post(reverse("records:visit_add", kwargs={"client_id": client_card.id}), {}).status_code
        == 403
    )
    assert browser.post(at("limit", client_id=client_card.id), {"limited": "team"}).status_code == 403
    assert browser.get(at("versions", client_id=client_card.id)).status_code == 200


def test_the_guards_decision_costs_two_queries(practice, client_card, django_assert_num_queries):
    visit(practice, client_card, days=-2)
    ask_for_a_reason(practice)
    nurse = practice.actor("practitioner")
    assert RULES["care.reason"].chosen  # remembered by this thread, as in a running server
    with django_assert_num_queries(2):
        assert need.reach(nurse, client_card.id).opens_record
    ask_for_a_reason(practice, 0)
    assert not RULES["care.reason"].chosen
    with django_assert_num_queries(1):
        need.reach(nurse, client_card.id)


# Breaking the glass --------------------------------------------------------------------------------------------------


def test_breaking_the_glass_opens_the_record_says_so_and_tells(practice, client_card):
    ask_for_a_reason(practice)
    practice.person("officer")
    browser = practice.signed_in("practitioner")
    url = at("break_glass", client_id=client_card.id)
    assert browser.post(url, {"reason": "too short"}).status_code == 422
    assert not GlassBreak.objects.exists()
    answer = browser.post(url, {"reason": WHY})
    assert answer.status_code == 302
    page = browser.get(notes(client_card)).content.decode()
    assert "Emergency access." in page
    assert "Give it back now" in page
    entry = Entry.objects.get(event="access.glass.broken")
    assert (entry.client_id, entry.actor_id) == (client_card.id, practice.person("practitioner").id)
    log = practice.signed_in("prescriber").get(at("access_log", client_id=client_card.id)).content.decode()
    assert "broke the glass" in log
    assert WHY in log
    told = {notice.person_id for notice in Notice.objects.filter(kind="glass")}
    assert told == {practice.owner.id, practice.person("officer").id}
    assert all("Catherine" not in notice.content["text"] for notice in Notice.objects.filter(kind="glass"))
    made = GlassBreak.objects.get()
    assert made.due_at - made.began_at == timedelta(hours=72)


def test_every_entry_made_by_emergency_access_carries_it_as_its_reason(practice, client_card):
    limit(practice, client_card)
    nurse = practice.actor("practitioner")
    actions.break_glass(nurse, client_card.id, reason=WHY)
    practice.signed_in("practitioner").get(notes(client_card))
    log = practice.signed_in("prescriber").get(at("access_log", client_id=client_card.id)).content.decode()
    assert "emergency access" in log


@pytest.mark.parametrize("is_limited", [True, False])
def test_at_minute_sixty_one_the_next_request_is_refused(practice, client_card, monkeypatch, is_limited):
    limit(practice, client_card) if is_limited else ask_for_a_reason(practice)
    actions.break_glass(practice.actor("practitioner"), client_card.id, reason=WHY)
    browser = practice.signed_in("practitioner")
    with later(monkeypatch, minutes=59):
        assert browser.get(notes(client_card)).status_code == 200
    with later(monkeypatch, minutes=61):
        assert browser.get(notes(client_card)).status_code == (404 if is_limited else 403)


def test_the_practice_chooses_how_long_it_lasts(practice, client_card, monkeypatch):
    limit(practice, client_card)
    choose(practice.actor("owner"), RULES["glass.minutes"], 15)
    actions.break_glass(practice.actor("practitioner"), client_card.id, reason=WHY)
    browser = practice.signed_in("practitioner")
    assert browser.get(notes(client_card)).status_code == 200
    with later(monkeypatch, minutes=16):
        assert browser.get(notes(client_card)).status_code == 404


def test_it_is_given_back_at_once(practice, client_card):
    limit(practice, client_card)
    actions.break_glass(practice.actor("practitioner"), client_card.id, reason=WHY)
    browser = practice.signed_in("practitioner")
    answer = browser.post(at("glass_return", client_id=client_card.id))
    assert answer.headers["Location"].startswith(at("list"))
    assert browser.get(notes(client_card)).status_code == 404
    assert browser.post(at("glass_return", client_id=client_card.id)).status_code == 404
    assert Entry.objects.filter(event="access.glass.returned", client_id=client_card.id).count() == 1


def test_what_the_role_does_not_hold_stays_shut(practice, client_card):
    limit(practice, client_card)
    assert practice.signed_in("front_desk").get(at("find_by_glass")).status_code == 403
    with pytest.raises(Refused):
        actions.break_glass(practice.actor("front_desk"), client_card.id, reason=WHY)


def test_it_takes_a_fresh_sign_in(practice, client_card):
    ask_for_a_reason(practice)
    browser = practice.signed_in("practitioner")
    with writing("an old sign-in"):
        Session.objects.update(proved_at=timezone.now() - policy.FRESH_LIFE)
    answer = browser.post(at("break_glass", client_id=client_card.id), {"reason": WHY})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/prove-it-is-you/")
    assert not GlassBreak.objects.exists()


@pytest.mark.parametrize("contact", [PHONE, "(415) 555-0123", EMAIL])
def test_a_limited_client_is_found_by_an_exact_contact_and_by_nothing_else(practice, client_card, contact):
    directory.load_now()
    limit(practice, client_card)
    browser = practice.signed_in("owner")
    for wrong in ("Catherine", "Müller-Okafor", "415 555", "cat@", "1984-02-29"):
        answer = browser.post(at("find_by_glass"), {"contact": wrong, "reason": WHY})
        assert (answer.status_code, "Nothing was opened" in answer.content.decode()) == (422, True)
    answer = browser.post(at("find_by_glass"), {"contact": contact, "reason": WHY})
    assert answer.headers["Location"].startswith(at("card", client_id=client_card.id))
    assert browser.get(at("card", client_id=client_card.id)).status_code == 200
    assert "Catherine" in browser.get(at("list")).content.decode()


def test_whoever_can_be_found_in_the_list_is_answered_like_nobody(practice, client_card):
    browser = practice.signed_in("owner")
    known = browser.post(at("find_by_glass"), {"contact": PHONE, "reason": WHY}).content
    nobody = browser.post(at("find_by_glass"), {"contact": "+14155550000", "reason": WHY}).content
    assert b"Nothing was opened" in known
    assert b"Nothing was opened" in nobody
    assert not GlassBreak.objects.exists()
    assert Entry.objects.filter(event="access.attempt.refused", fields="clients.glass.break").count() == 2


def test_a_birth_date_tells_apart_those_who_share_a_contact(practice, client_card):
    twin = practice.client("Catrin", "Okafor", born="2001-01-01", phones=[PHONE])
    limit(practice, client_card)
    limit(practice, twin)
    owner = practice.actor("owner")
    assert glass.reached_by(owner, PHONE, None) is None
    with keyring():
        open_client(practice.actor("prescriber"), twin.id)
        born = twin.born_on
    assert glass.reached_by(owner, PHONE, born) == twin.id


def test_guessing_contacts_is_stopped(practice, client_card):
    browser = practice.signed_in("owner")
    answers = [
        browser.post(at("find_by_glass"), {"contact": f"+1415555{at_:04}", "reason": WHY}).status_code
        for at_ in range(policy.ATTEMPTS_IN_WINDOW + 1)
    ]
    assert answers == [422] * policy.ATTEMPTS_IN_WINDOW + [429]


def test_it_is_not_taken_twice_at_once(practice, client_card):
    ask_for_a_reason(practice)
    nurse = practice.actor("practitioner")
    actions.break_glass(nurse, client_card.id, reason=WHY)
    with pytest.raises(Conflict):
        actions.break_glass(nurse, client_card.id, reason=WHY)
    with pytest.raises(NotFound):
        actions.break_glass(nurse, nurse.id, reason=WHY)


# Reviews -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def broken(practice, client_card):
    """The owner broke the glass and looked at the card."""
    limit(practice, client_card)
    practice.person("officer")
    made = actions.break_glass(practice.actor("owner"), client_card.id, reason=WHY)
    practice.signed_in("owner").get(at("card", client_id=client_card.id))
    return made


def one(glass_id):
    return reverse("compliance:glass_one", kwargs={"glass_id": glass_id})


def test_nobody_reviews_their_own_and_the_attempt_is_on_the_log(practice, broken):
    browser = practice.signed_in("owner")
    answer = browser.post(one(broken.id), {"outcome": "yes", "finding": "It was quite all right"})
    assert answer.status_code == 403
    assert "Nobody reviews their own" in answer.content.decode()
    assert GlassBreak.objects.get().reviewed_at is None
    assert Entry.objects.filter(event="access.attempt.refused", fields="clients.glass.review").exists()


def test_the_officer_reads_why_and_what_was_done_and_says_what_was_found(practice, broken):
    browser = practice.signed_in("officer")
    page = browser.get(one(broken.id)).content.decode()
    assert WHY in page
    assert "Opened the card" in page or "Opened the record" in page
    assert "Catherine" not in page
    assert browser.post(one(broken.id), {"outcome": "yes", "finding": "ok"}).status_code == 422
    assert browser.post(one(broken.id), {}).status_code == 422
    said = {"outcome": "no", "finding": "The emergency was over an hour before"}
    assert browser.post(one(broken.id), said).status_code == 302
    assert browser.post(one(broken.id), said).status_code == 409
    made = GlassBreak.objects.get()
    assert (made.is_justified, made.reviewed_by_id) == (False, practice.person("officer").id)
    page = browser.get(reverse("compliance:glass")).content.decode()
    assert "Not justified" in page
    entry = Entry.objects.get(event="access.glass.reviewed")
    assert (entry.client_id, entry.fields) == (made.client_id, "not justified")


def test_the_front_desk_reads_no_reviews(practice, broken):
    assert practice.signed_in("front_desk").get(one(broken.id)).status_code == 403
    assert practice.signed_in("manager").get(reverse("compliance:glass")).status_code == 403


def test_an_unreviewed_use_escalates_at_hour_seventy_two_once(practice, broken):
    tasks.escalate_glass()
    assert not Notice.objects.filter(content__isnull=False, kind="glass", person=practice.owner).exists()
    with writing("72 hours later"):
        GlassBreak.objects.update(due_at=timezone.now())
    tasks.escalate_glass()
    tasks.escalate_glass()
    assert Entry.objects.filter(event="access.glass.overdue").count() == 1
    subjects = [notice.content["subject"] for notice in Notice.objects.filter(kind="glass")]
    assert subjects.count("Emergency access was not reviewed in time") == 2
    home = practice.signed_in("officer").get("/").content.decode()
    assert "Emergency access was not reviewed in time" in home
    assert "overdue" in practice.signed_in("officer").get(reverse("compliance:glass")).content.decode()
    # Whoever broke the glass has nothing to review.
    assert "Emergency access was not reviewed" not in practice.signed_in("owner").get("/").content.decode()
