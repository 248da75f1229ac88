"""Alerts from the log to their result: raised once, seen by officers only, asked, answered, closed by somebody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from alcove.clinic.clients.actions import create_client
from alcove.compliance import tasks
from alcove.compliance.actions import alerts, keeping
from alcove.compliance.models import ActivityReview, Alert, Mark
from alcove.compliance.queries import alerts as alerts_of
from alcove.compliance.queries import watching
from alcove.compliance.tests.make import begin, link, look, opened, raised
from alcove.project import shell
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice, Session
from alcove.security.vault.ids import uuid7

QUEUE = "/compliance/alerts/"
WHY = "She covered for a colleague who was ill."


def url(alert, deed=""):
    return f"{QUEUE}{alert.id}/{deed}"


# Raised once ------------------------------------------------------------------------------------------------------------


def test_a_second_look_raises_nothing_again_and_entries_of_before_are_nobodys(practice):
    opened(practice.actor("practitioner"), *(uuid7() for _ in range(5)))
    begin()
    assert look() == 0
    opened(practice.actor("prescriber"), *(uuid7() for _ in range(4)))
    assert look() == 1
    opened(practice.actor("prescriber"), *(uuid7() for _ in range(4)))
    assert look() == 0
    [alert] = Alert.objects.all()
    assert (alert.rule, alert.person_id, alert.number) == ("no_reason", practice.person("prescriber").id, 1)
    assert Mark.objects.get(pk=watching.AFTERWARDS).block == watching.newest()


def test_whoever_loses_the_race_raises_nothing(practice):
    begin()
    opened(practice.actor("practitioner"), *(uuid7() for _ in range(4)))
    link()
    new = watching.stretch(watching.AFTERWARDS, timedelta())
    found = watching.find(new, watching.rules_of(watching.AFTERWARDS))
    job = tasks.Actor.job("watching", tasks.Round.WATCH)
    alerts.raise_alerts(job, watching.AFTERWARDS, new, found)
    with pytest.raises(Conflict):
        alerts.raise_alerts(job, watching.AFTERWARDS, new, found)
    assert Alert.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_raise_it_once(practice):
    if connection.vendor == "sqlite":
        pytest.skip("threads cannot share SQLite's in-memory test database; this runs on PostgreSQL")
    begin()
    opened(practice.actor("practitioner"), *(uuid7() for _ in range(4)))
    link()

    def work(_):
        try:
            return tasks.catch_up(watching.AFTERWARDS)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == 1
    assert Alert.objects.count() == 1


def test_work_that_is_done_or_a_reason_explains_a_look(practice, client_card):
    begin()
    actor = practice.actor("practitioner")
    clients = [uuid7() for _ in range(3)]
    opened(actor, *clients, client_card.id)
    opened(actor, client_card.id, event=Kernel.TEAM_JOINED)
    assert look() == 0


def test_one_who_only_uses_a_surname_by_chance_is_not_asked(practice):
    begin()
    maker = practice.actor("owner")
    family = practice.person("front_desk").name.split()[-1]
    client = create_client(maker, directory={"given": "Zoe", "family": family})
    opened(practice.actor("front_desk"), client.id, event=Kernel.CARD_OPENED)
    opened(practice.actor("front_desk"), client.id, event=Kernel.TEAM_JOINED)
    assert look() == 0
    opened(practice.actor("marketing"), client.id, event=Kernel.CARD_OPENED)
    assert look() == 1


def test_rules_that_ask_for_work_wait_until_somebody_had_time_to_do_it(practice):
    begin()
    opened(practice.actor("practitioner"), *(uuid7() for _ in range(4)))
    link()
    assert tasks.look() == 0
    assert tasks.catch_up(watching.AFTERWARDS) == 1


def test_a_sign_in_on_a_new_device_tells_the_person(practice):
    practice.signed_in("practitioner")
    begin()
    from alcove.security.access.change import action
    from alcove.security.identity.actions.door import at_the_door, begin_session
    from alcove.security.identity.models import Device
    from alcove.security.identity.policy import Door

    person = practice.person("practitioner")
    with writing("a device"):
        device = Device.objects.create(key_digest="other", name="Other", state="approved")
    sign_in = action(Door.PASS)(lambda change: begin_session(change, person, "test", device=device))
    sign_in(at_the_door(practice.actor("practitioner"), person))
    assert look() == 1
    assert Notice.objects.filter(person=person, kind="sign_in_alert").count() == 1
    assert Session.objects.filter(device=device).exists()


# Who may ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["front_desk", "practitioner", "manager", "auditor", "it_provider"])
def test_nobody_else_sees_the_queue(practice, role):
    alert = raised(practice, "prescriber")
    browser = practice.signed_in(role)
    for page in (QUEUE, url(alert), "/compliance/reviews/", "/compliance/watched/", "/compliance/breach/"):
        assert browser.get(page).status_code == 403, page
    assert browser.post(url(alert, "close/"), {"outcome": "explained", "finding": WHY}).status_code == 403
    assert browser.get(f"/account/questions/{alert.id}/").status_code == 404
    assert Alert.objects.get().state == "open"


def test_an_officer_reads_no_name_of_a_client_and_an_owner_does(practice, client_card):
    begin()
    with writing("watched"):
        from alcove.compliance.models import Watched

        Watched.objects.create(
            client_id=client_card.id, reason="Known to many", since=Entry.objects.first().at
        )
    opened(practice.actor("practitioner"), client_card.id)
    assert look() == 1
    alert = Alert.objects.get(rule="watched")
    officer = practice.signed_in("officer").get(url(alert)).content.decode()
    assert "Okafor" not in officer
    assert str(client_card.id)[-12:] in officer
    assert "Müller-Okafor" in practice.signed_in("owner").get(url(alert)).content.decode()


def test_nobody_decides_on_their_own(practice):
    alert = raised(practice, "owner")
    owner = practice.actor("owner")
    for deed in (
        lambda: alerts.close(owner, alert.id, outcome="explained", finding=WHY),
        lambda: alerts.ask(owner, alert.id, question=WHY),
    ):
        with pytest.raises(Refused, match="about themselves"):
            deed()
    answer = practice.signed_in("owner").post(url(alert, "close/"), {"outcome": "explained", "finding": WHY})
    assert answer.status_code == 403
    assert Alert.objects.get().state == "open"
    alerts.close(practice.actor("officer"), alert.id, outcome="explained", finding=WHY)


# Asked, answered, closed ----------------------------------------------------------------------------------------------


def test_from_the_question_to_the_result_which_stays(practice, monkeypatch):
    monkeypatch.setattr(shell, "FRESH_SECONDS", -1)
    alert = raised(practice)
    officer, asked = practice.signed_in("officer"), practice.signed_in("practitioner")
    assert officer.get("/").content.count(b"alerts waiting") >= 1
    assert officer.post(url(alert, "ask/"), {"question": "Why these four?"}).status_code == 302
    assert b"Questions to you" in asked.get("/").content
    page = f"/account/questions/{alert.id}/"
    assert b"Why these four?" in asked.get(page).content
    assert asked.post(page, {"answer": WHY}).status_code == 302
    assert asked.post(page, {"answer": WHY}).status_code == 409
    assert WHY in officer.get(url(alert)).content.decode()
    closed = officer.post(url(alert, "close/"), {"outcome": "explained", "finding": "Checked with the rota."})
    assert closed.status_code == 302
    assert officer.post(url(alert, "close/"), {"outcome": "misuse", "finding": WHY}).status_code == 409
    again = Alert.objects.get()
    assert (again.state, again.outcome, again.finding) == ("closed", "explained", "Checked with the rota.")
    assert b"Checked with the rota." in officer.get(url(alert)).content


def test_what_is_typed_lies_sealed_and_bad_input_saves_nothing(practice):
    alert = raised(practice)
    officer = practice.signed_in("officer")
    for deed, fields in (
        ("ask/", {"question": "Why?"}), ("close/", {"finding": WHY}),
        ("close/", {"outcome": "explained", "finding": " " * 20}),
    ):  # fmt: skip
        answer = officer.post(url(alert, deed), fields)
        assert answer.status_code == 422
        assert b"error" in answer.content
    assert WHY.encode() in officer.post(url(alert, "close/"), {"finding": WHY}).content
    assert Alert.objects.get().state == "open"
    alerts.ask(practice.actor("officer"), alert.id, question=WHY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT question FROM compliance_alert")
        assert b"covered" not in bytes(cursor.fetchone()[0])


def test_only_the_person_asked_answers(practice):
    alert = raised(practice)
    with pytest.raises(NotFound):
        alerts.answer(practice.actor("practitioner"), alert.id, text=WHY)
    alerts.ask(practice.actor("officer"), alert.id, question=WHY)
    with pytest.raises(NotFound):
        alerts.answer(practice.actor("prescriber"), alert.id, text=WHY)
    assert alerts_of.own(practice.actor("prescriber")) == []


def test_no_client_stands_on_the_entry_of_an_alert(practice, client_card):
    alert = raised(practice)
    alerts.close(practice.actor("officer"), alert.id, outcome="misuse", finding=WHY)
    assert not Entry.objects.filter(event__startswith="compliance.alert.", client_id__isnull=False).exists()


# The monthly review ------------------------------------------------------------------------------------------------------


def test_the_review_is_signed_with_a_fresh_factor_and_red_after_31_days(practice, monkeypatch):
    from alcove.clinic.clients.tests.need import later

    officer, overdue = practice.signed_in("officer"), b"review of activity is overdue"
    assert overdue not in officer.get(QUEUE).content
    with later(monkeypatch, days=32):
        assert overdue in officer.get(QUEUE).content
    assert officer.post("/compliance/reviews/sign/", {"note": "Nothing stood out."}).status_code == 302
    [review] = ActivityReview.objects.all()
    assert review.counts["raised"] == 0
    with writing("time passes"):
        Session.objects.update(proved_at=review.signed_at - timedelta(hours=1))
        ActivityReview.objects.update(signed_at=review.signed_at - timedelta(days=32))
    assert officer.post("/compliance/reviews/sign/", {"note": "Nothing stood out."}).status_code == 302
    assert ActivityReview.objects.count() == 1
    assert overdue in practice.signed_in("officer").get(QUEUE).content


def test_an_owner_does_not_sign_it(practice):
    assert practice.signed_in("owner").get("/compliance/reviews/sign/").status_code == 403
    with pytest.raises(Refused):
        keeping.sign_review(practice.actor("owner"), note=WHY)
