"""The review of access: twice a year someone else confirms; whoever nobody confirms is suspended (ACC-13)."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions, tasks
from alcove.security.identity.actions import reviews
from alcove.security.identity.models import Membership, Notice, Person, Review
from alcove.security.identity.tests.newcomers import browser_of, put


@pytest.fixture
def people(practice):
    return {role: practice.person(role) for role in ("owner", "manager", "practitioner", "front_desk")}


def of(person):
    return Review.objects.get(person=person)


def test_six_months_after_the_last_one_everyone_is_asked_about_once(practice, people):
    tasks.look_after_accounts()
    assert Review.objects.count() == 0
    put(people["owner"], created_at=timezone.now() - policy.REVIEW_EVERY)
    tasks.look_after_accounts()
    tasks.look_after_accounts()
    assert Review.objects.count() == len(people)
    assert of(people["practitioner"]).rights == ["Practitioner"]
    assert set(Notice.objects.filter(kind="review").values_list("person__name", flat=True)) == {
        "Olive Owner", "Manager Tester",
    }  # fmt: skip
    with writing("a test"):
        Review.objects.update(decided_at=timezone.now(), asked_at=timezone.now() - policy.REVIEW_EVERY)
    tasks.look_after_accounts()
    assert Review.objects.count() == 2 * len(people)


def test_nobody_confirms_their_own_rights(practice, people):
    reviews.begin_review(practice.actor("owner"))
    with pytest.raises(Refused):
        reviews.decide_review(practice.actor("owner"), of(people["owner"]), is_confirmed=True)
    reviews.decide_review(practice.actor("manager"), of(people["owner"]), is_confirmed=True)
    row = of(people["owner"])
    assert (row.outcome, row.decided_by_id) == ("confirmed", people["manager"].id)
    with pytest.raises(Conflict):
        reviews.decide_review(practice.actor("manager"), row, is_confirmed=False)


def test_ended_rights_are_gone_from_the_next_request(practice, people, client_card):
    reviews.begin_review(practice.actor("owner"))
    browser = practice.signed_in("front_desk")
    assert browser.get("/clients/").status_code == 200
    desk = people["front_desk"]
    actions.lend_role(
        practice.actor("owner"), desk, practice.roles["marketing"], ends_at=timezone.now() + timedelta(days=3)
    )
    reviews.decide_review(practice.actor("manager"), of(desk), is_confirmed=False)
    assert browser.get("/clients/").status_code == 403
    assert not Membership.objects.filter(person=desk).exists()
    # The last owner stays; and where there is another, only an owner unmakes one.
    with pytest.raises(Conflict):
        reviews.decide_review(practice.actor("manager"), of(people["owner"]), is_confirmed=False)
    actions.set_roles(Actor.operator("test"), people["practitioner"], [practice.roles["owner"]])
    with pytest.raises(Refused):
        reviews.decide_review(practice.actor("manager"), of(people["owner"]), is_confirmed=False)


def test_on_day_fifteen_an_unreviewed_account_cannot_sign_in_and_the_file_names_it(practice, people):
    reviews.begin_review(practice.actor("owner"))
    reviews.decide_review(practice.actor("owner"), of(people["manager"]), is_confirmed=True)
    nurse = people["practitioner"]
    browser = browser_of(practice, nurse)
    with writing("a test"):
        Review.objects.update(due_at=timezone.now() + timedelta(minutes=1))
    tasks.look_after_accounts()
    assert browser.get("/").status_code == 200
    with writing("a test"):
        Review.objects.update(due_at=timezone.now())
    tasks.look_after_accounts()
    assert browser.get("/").status_code == 401
    nurse.refresh_from_db()
    assert nurse.suspended_why == Person.Why.REVIEW
    people["manager"].refresh_from_db()
    assert people["manager"].is_active
    # The last owner is told, not locked out.
    people["owner"].refresh_from_db()
    assert people["owner"].is_active
    assert Notice.objects.filter(kind="review_late", person=people["owner"]).count() == 1
    text = reviews.file_of_reviews(practice.actor("owner"))
    rows = {row["Name"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows["Practitioner Tester"]["Outcome"] == "suspended"
    assert rows["Manager Tester"]["By"] == "Olive Owner"
    assert Entry.objects.filter(event="identity.review.filed").exists()


def test_no_cell_of_the_file_is_run_by_a_spreadsheet(practice):
    names = ["=HYPERLINK(1)", "+1", "-2+3", "@SUM(A1)", '"quoted", name', "Zoë\nLine"]
    for at, name in enumerate(names):
        actions.add_person(
            Actor.operator("test"),
            email=f"p{at}@clinic.example",
            name=name,
            roles=[practice.roles["marketing"]],
        )
    reviews.begin_review(practice.actor("owner"))
    rows = list(csv.reader(io.StringIO(reviews.file_of_reviews(practice.actor("owner")), newline="")))
    assert all(len(row) == len(rows[0]) for row in rows)
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r")]
    assert {"'=HYPERLINK(1)", '"quoted", name', "Zoë\nLine"} <= {row[0] for row in rows}


def test_the_page_begins_decides_and_gives_the_file(practice, people):
    owner = practice.signed_in("owner")
    assert b"Nobody waits" in owner.get("/setup/reviews/").content
    assert owner.post("/setup/reviews/").status_code == 302
    page = owner.get("/setup/reviews/").content
    assert b"Yours: someone else decides" in page
    answer = owner.post(f"/setup/reviews/{of(people['front_desk']).id}/", {"decide": "confirm"})
    assert answer.status_code == 302
    assert of(people["front_desk"]).outcome == "confirmed"
    file = owner.post("/setup/reviews/file/")
    assert file.headers["Content-Type"].startswith("text/csv")
    assert b"Front Desk Tester" in file.content
    assert owner.post("/setup/reviews/").status_code == 409
    assert practice.signed_in("officer").post("/setup/reviews/file/").status_code == 403
