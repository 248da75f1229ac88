"""The day's limit, clients watched closely, names not shown, what patients read, and the scope of a breach."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from alcove.compliance.actions import keeping
from alcove.compliance.models import Alert, Shield, Watched
from alcove.compliance.queries import breach, opened
from alcove.compliance.tests.make import begin, look
from alcove.compliance.tests.make import opened as open_records
from alcove.portal.tests.patients import confirmed
from alcove.security.access import limits, rules
from alcove.security.access.errors import Conflict, Held, Refused
from alcove.security.access.models import Setting, TakenDay
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.vault.ids import uuid7

WHY = "A patient waits at the door for it."


@pytest.fixture
def limit():
    """A limit of five clients a day, the least a practice may choose."""
    with writing("a limit"):
        Setting.objects.create(key=limits.RULE, value=5)
    rules.forget()
    yield 5
    rules.forget()


# The limit -----------------------------------------------------------------------------------------------------------


def test_as_shipped_client_201_is_held(practice):
    actor = practice.actor("practitioner")
    with writing("a long day"):
        TakenDay.objects.create(person_id=actor.id, on_day=timezone.localdate(), count=199)
    limits.take(actor, uuid7())
    with pytest.raises(Held):
        limits.take(actor, uuid7())


def test_one_client_too_many_gets_429_and_an_alert_until_somebody_releases(practice, limit):
    browser, actor = practice.signed_in("practitioner"), practice.actor("practitioner")
    clients = [practice.client("Print", f"Number{at}") for at in range(limit + 1)]
    pages = [f"/clients/{one.id}/print/" for one in clients]
    begin()
    assert [browser.get(page).status_code for page in pages] == [200] * limit + [429]
    assert browser.get(pages[0]).status_code == 200, "the same client again is no other one"
    assert "as many as one person may" in browser.get(pages[-1]).content.decode()
    assert not Entry.objects.filter(event="records.chart.printed", client_id=clients[-1].id).exists()
    look()
    alert = Alert.objects.get(rule="limit")
    with pytest.raises(Refused):
        keeping.release(practice.actor("front_desk"), actor.id, reason=WHY)
    officer = practice.signed_in("officer")
    page = f"/compliance/alerts/{alert.id}/"
    assert b"Release for today" in officer.get(page).content
    assert officer.post(f"{page}release/", {"reason": "short"}).status_code == 422
    assert officer.post(f"{page}release/", {"reason": WHY}).status_code == 302
    assert officer.post(f"{page}release/", {"reason": WHY}).status_code == 409
    assert browser.get(pages[-1]).status_code == 200


def test_nobody_releases_themselves(practice, limit):
    owner = practice.actor("owner")
    for _ in range(limit):
        limits.take(owner, uuid7())
    with pytest.raises(Refused, match="themselves"):
        keeping.release(owner, owner.id, reason=WHY)


@pytest.mark.django_db(transaction=True)
def test_many_prints_at_once_are_not_one_too_many(practice, limit):
    if connection.vendor == "sqlite":
        pytest.skip("threads cannot share SQLite's in-memory test database; this runs on PostgreSQL")
    actor = practice.actor("practitioner")

    def take(_):
        try:
            limits.take(actor, uuid7())
        except Held:
            return 0
        finally:
            connections.close_all()
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, range(12))) == limit


# Watched, and names not shown -----------------------------------------------------------------------------------------


def test_a_client_is_watched_by_id_and_not_twice(practice, client_card):
    browser = practice.signed_in("officer")
    page = "/compliance/watched/"
    assert browser.post(page, {"client": uuid7(), "reason": WHY}).status_code == 422
    assert browser.post(page, {"client": client_card.id, "reason": WHY}).status_code == 302
    again = browser.post(page, {"client": client_card.id, "reason": WHY})
    assert again.status_code == 422
    assert WHY.encode() in again.content
    assert browser.post(f"{page}{client_card.id}/end/").status_code == 302
    assert not Watched.objects.exists()


def test_only_the_officer_hides_a_name(practice):
    person = practice.person("practitioner")
    fields = {"person": person.id, "reason": WHY}
    assert practice.signed_in("owner").post("/compliance/shields/", fields).status_code == 403
    assert practice.signed_in("officer").post("/compliance/shields/", fields).status_code == 302
    with pytest.raises(Conflict):
        keeping.shield(practice.actor("officer"), person.id, reason=WHY)


# What patients read ------------------------------------------------------------------------------------------------------


@pytest.fixture
def patient(practice):
    client = practice.client(
        "Paula", "Portal", born="1990-05-05", phones=["+14155550177"], emails=["paula@example.org"]
    )
    return client, confirmed(practice, client, born="1990-05-05")


def test_a_patient_reads_who_opened_the_record_and_why(practice, patient):
    client, browser = patient
    open_records(practice.actor("practitioner"), client.id)
    open_records(practice.actor("prescriber"), client.id, event=Kernel.GLASS_BROKEN)
    page = browser.get("/portal/opened/", secure=True).content.decode()
    assert "Practitioner Tester" in page
    assert "Prescriber Tester" in page
    assert opened.EMERGENCY in page
    assert opened.UNKNOWN in page
    with writing("a shield"):
        Shield.objects.create(person_id=practice.person("practitioner").id, reason=WHY, since=timezone.now())
    page = browser.get("/portal/opened/", secure=True).content.decode()
    assert "Practitioner Tester" not in page
    assert "Prescriber Tester" in page


def test_asking_opens_a_case_with_a_number_for_the_officer(practice, patient):
    client, browser = patient
    begin()
    assert browser.post("/portal/opened/", {"question": "Who?"}, secure=True).status_code == 422
    told = "Why did somebody look at it on Tuesday?"
    assert browser.post("/portal/opened/", {"question": told}, secure=True).status_code == 302
    alert = Alert.objects.get(rule="question")
    assert f"Case {alert.number}" in browser.get("/portal/opened/", secure=True).content.decode()
    shown = practice.signed_in("officer").get(f"/compliance/alerts/{alert.id}/").content.decode()
    assert told in shown
    assert "Portal" not in shown.replace("portal", "")
    assert str(client.id)[-12:] in shown


def test_a_patient_reads_nobody_elses_log_and_staff_have_no_such_page(practice, patient, client_card):
    _, browser = patient
    open_records(practice.actor("marketing"), client_card.id)
    assert "Marketing Tester" not in browser.get("/portal/opened/", secure=True).content.decode()
    assert practice.signed_in("owner").get("/portal/opened/").status_code == 403
    assert browser.get("/compliance/alerts/", secure=True).status_code == 403


# The scope of a breach -----------------------------------------------------------------------------------------------


def test_the_scope_equals_what_was_done(practice):
    thief, other = practice.actor("practitioner"), practice.actor("prescriber")
    since = timezone.now() - timedelta(minutes=1)
    viewed, printed, changed, apart = (uuid7() for _ in range(4))
    open_records(thief, viewed, printed)
    from alcove.clinic.clients.policy import Did as Card

    open_records(thief, printed, event=Card.PRINTED)
    open_records(thief, changed, event=Card.CHANGED, fields=("phones",))
    open_records(other, apart)
    wanted = breach.Wanted(since, timezone.now() + timedelta(minutes=1), person=thief.id)
    found = {one.client_id: one for one in breach.scope(practice.actor("officer"), wanted).clients}
    assert set(found) == {viewed, printed, changed}
    assert found[printed].how == {breach.VIEWED: 1, breach.EXPORTED: 1}
    assert found[changed].fields == {"phones"}
    with pytest.raises(Refused):
        breach.scope(practice.actor("owner"), wanted)


def test_the_page_and_the_file_are_the_officers_and_bad_input_says_so(practice):
    open_records(practice.actor("practitioner"), client := uuid7())
    now = timezone.localtime()
    given = {
        "since": (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
        "until": (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
        "person": practice.person("practitioner").id,
    }
    officer = practice.signed_in("officer")
    assert str(client)[-12:] in officer.post("/compliance/breach/", given).content.decode()
    wrong = officer.post("/compliance/breach/", given | {"address": "not one", "until": given["since"]})
    assert wrong.status_code == 422
    assert "This is no network address." in wrong.content.decode()
    taken = officer.post("/compliance/breach/file/", given)
    assert str(client) in taken.content.decode()
    assert Entry.objects.filter(event="compliance.breach.exported").count() == 1
    for role in ("owner", "auditor", "practitioner"):
        assert practice.signed_in(role).post("/compliance/breach/file/", given).status_code == 403
