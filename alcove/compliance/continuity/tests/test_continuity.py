"""What comes back first, whom to ring, who may enter, and tests that are never dated ahead and never forgotten."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from alcove.clinic.practice.actions import Unchanged, Unfit
from alcove.clinic.practice.models import Location
from alcove.compliance.baseline.models import Weakness
from alcove.compliance.baseline.queries import looks
from alcove.compliance.continuity import actions
from alcove.compliance.continuity.models import Contact, Entrant, Printing, Step, Trial
from alcove.compliance.continuity.queries import pages, standing, starter
from alcove.operations.backups.models import Drill
from alcove.security import policy_defaults as policy
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Version
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Person
from alcove.security.vault.models import House

PAGE = "/compliance/continuity/"
CONTACT = {
    "kind": "it",
    "name": "Bayside",
    "purpose": "Server",
    "phone": "+1 415 555 0142",
    "email": "",
    "deputy": "",
}


@pytest.fixture
def officer(practice):
    return practice.actor("officer")


@pytest.fixture
def place(practice):
    return Location.objects.get()


def today():
    return timezone.localdate()


def tried(actor, days, *, passed=True, kind="failover", location=None, what="", again=None):
    """Enter a test of so many days ago."""
    return actions.add_trial(
        actor, kind=kind, location=location, what=what, on=today() - timedelta(days=days), by="Bayside",
        is_passed=passed, learnt="The card was empty." if not passed else "", next_on=again,
    )  # fmt: skip


def state(subject):
    return {one.subject: one.state for one in standing.standings()}[subject]


def line(place):
    return f"failover {place.pk.hex}"


def old_practice():
    with writing("time passes"):
        House.objects.update(created_at=timezone.now() - timedelta(days=400))


def found(*kinds):
    return {(one.kind, one.subject) for one in looks.look(kinds).found}


# How tests stand ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "expected"), [(0, "done"), (183, "done"), (184, "overdue"), (400, "overdue")]
)
def test_a_failover_test_older_than_six_months_is_overdue(officer, place, days, expected):
    tried(officer, days, location=place)
    assert state(line(place)) == expected


def test_each_location_has_a_line_of_its_own_and_never_tested_is_red(officer, place):
    with writing("a second place"):
        other = Location.objects.create(name="Oakland")
        Location.objects.create(name="Shut", is_active=False)
    tried(officer, 1, location=place)
    assert state(line(place)) == "done"
    assert state(line(other)) == "never"
    assert {one.title for one in standing.red()} == {"Failover line, Oakland", "Downtime exercise"}


def test_a_failed_test_stays_until_a_later_one_passed(officer, place):
    tried(officer, 20, location=place)
    failed = tried(officer, 10, location=place, passed=False)
    tried(officer, 15, location=place)
    assert state(line(place)) == "failed"
    again = tried(officer, 10, location=place)
    assert state(line(place)) == "done", "of two on one day the one entered later counts"
    actions.withdraw_trial(officer, again, why="That was the other router.")
    assert state(line(place)) == "failed"
    actions.withdraw_trial(officer, failed, why="That was the other router.")
    assert state(line(place)) == "done"


def test_a_next_day_that_was_set_sooner_counts_and_a_later_one_does_not(officer, place):
    tried(officer, 10, location=place, again=today() - timedelta(days=1))
    assert state(line(place)) == "overdue"
    tried(officer, 184, kind="downtime", again=today() + timedelta(days=700))
    assert {one.subject: one.due_on for one in standing.standings()}["downtime"] == today() + timedelta(
        days=365 - 184
    )
    ups = tried(officer, 900, kind="other", what="Battery")
    assert state(f"other {ups.pk.hex}") == "done", "nobody said that it is made again"


def test_restores_are_read_from_the_backups_and_never_typed(officer, practice):
    assert state("restore") == "never"
    now = timezone.now()
    with writing("a rehearsal"):
        Drill.objects.create(
            place="here", began_at=now, ended_at=now, faults=1, first_fault="A row is missing."
        )
    assert state("restore") == "failed"
    assert "A row is missing." in practice.signed_in("officer").get(PAGE).content.decode()
    assert "restore" not in Trial.Kind.values
    old_practice()
    assert state("restore") == "overdue"


# What the baseline and the first page say -----------------------------------------------------------------------------


def test_an_overdue_test_is_a_weakness_and_gone_when_a_test_has_passed(officer, place):
    assert found("trials") == set(), "a new practice has a month for its first tests"
    old_practice()
    assert found("trials") == {("trials", line(place)), ("trials", "downtime")}
    tried(officer, 3, kind="downtime")
    tried(officer, 2, location=place, passed=False)
    row = Weakness.objects.get(kind="trials", closed_at=None)
    assert row.subject == line(place)
    assert "failed, and none has passed since" in row.what
    tried(officer, 1, location=place)
    assert not Weakness.objects.filter(kind="trials", closed_at=None).exists()


def test_the_officers_first_page_names_red_tests_and_an_empty_one_says_nothing(practice, officer, place):
    browser = practice.signed_in("officer")
    assert f"Failover line, {place.name}" in browser.get("/compliance/alerts/").content.decode()
    tried(officer, 3, kind="downtime")
    tried(officer, 2, location=place)
    assert "emergency test" not in browser.get("/compliance/alerts/").content.decode()


def test_who_left_or_whose_time_is_over_is_shown_as_still_listed(practice, officer, place):
    nurse = practice.person("practitioner", "Lily Left")
    gone = enter(officer, place, person=nurse)
    firm = enter(officer, place, firm="Bright Side", until_on=today())
    assert found("entrants") == set()
    with writing("time passes"):
        Person.objects.filter(pk=nurse.pk).update(leaves_at=timezone.now() - timedelta(minutes=1))
        Entrant.objects.filter(pk=firm.pk).update(until_on=today() - timedelta(days=1))
    assert found("entrants") == {("entrants", gone.pk.hex), ("entrants", firm.pk.hex)}
    page = practice.signed_in("officer").get(PAGE).content.decode()
    assert "Left, still listed" in page
    assert "Time is over, still listed" in page
    assert "Lily Left" not in practice.signed_in("officer").get(f"{PAGE}sheet/").content.decode()
    actions.end_entrant(officer, Entrant.objects.get(pk=gone.pk))
    assert found("entrants") == {("entrants", firm.pk.hex)}


# Bad input ------------------------------------------------------------------------------------------------------------


def test_a_test_cannot_lie_ahead_say_nothing_or_stand_twice(officer, place):
    for fields, field in (
        ({"days": -1, "location": place}, "on"),
        ({"days": 0}, "location"),
        ({"days": 0, "kind": "other"}, "what"),
        ({"days": 5, "location": place, "again": today() - timedelta(days=5)}, "next_on"),
    ):
        with pytest.raises(Unfit) as refused:
            tried(officer, **fields)
        assert refused.value.field == field
    with pytest.raises(Unfit) as refused:
        actions.add_trial(
            officer, kind="failover", location=place, what="", on=today(), by="B", is_passed=False, learnt="",
            next_on=None,
        )  # fmt: skip
    assert refused.value.field == "learnt"
    tried(officer, 4, kind="downtime")
    with pytest.raises(Unfit):
        tried(officer, 4, kind="downtime")
    assert Trial.objects.count() == 1


def enter(actor, place, person=None, firm="", until_on=None):
    return actions.add_entrant(actor, location=place, person=person, firm=firm, how="key", until_on=until_on)


def test_somebody_is_staff_or_a_firm_and_listed_once(practice, officer, place):
    nurse = practice.person("practitioner")
    for given in ({}, {"person": nurse, "firm": "Bright Side"}):
        with pytest.raises(Unfit):
            enter(officer, place, **given)
    enter(officer, place, person=nurse)
    enter(officer, place, firm="Bright Side")
    for given in ({"person": nurse}, {"firm": "Bright Side"}):
        with pytest.raises(Unfit):
            enter(officer, place, **given)
    assert Entrant.objects.count() == 2


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(practice, place):
    browser = practice.signed_in("officer")
    ahead = today() + timedelta(days=2)
    sent = {"kind": "failover", "location": place.pk, "on": ahead, "by": "Bayside", "is_passed": "True"}
    answer = browser.post(f"{PAGE}tests/new/", sent)
    assert answer.status_code == 422
    assert "still to come" in answer.content.decode()
    assert ahead.isoformat() in answer.content.decode()
    answer = browser.post(f"{PAGE}contacts/new/", {**CONTACT, "phone": "ask Jo"})
    assert (answer.status_code, Contact.objects.count()) == (422, 0)
    assert "ask Jo" in answer.content.decode()
    assert browser.post(f"{PAGE}order/new/", {"name": "Line", "hours": "0"}).status_code == 422
    assert not Trial.objects.exists()


# Several people at once -----------------------------------------------------------------------------------------------


def order():
    return [one.name for one in pages.steps()]


def steps(actor, *names):
    return [actions.add_step(actor, name=one, hours=4, by="", book="") for one in names]


def test_the_order_is_moved_and_a_second_press_moves_nothing(officer):
    one, two, three = steps(officer, "one", "two", "three")
    actions.move_step(officer, three, steps=-1, seen=2)
    assert order() == ["one", "three", "two"]
    with pytest.raises(Conflict):
        actions.move_step(officer, three, steps=-1, seen=2)
    with pytest.raises(Unchanged):
        actions.move_step(officer, one, steps=-1, seen=0)
    actions.end_step(officer, Step.objects.get(pk=three.pk))
    with pytest.raises(Conflict):
        actions.move_step(officer, three, steps=1, seen=1)
    actions.move_step(officer, two, steps=-1, seen=2)
    assert order() == ["two", "one"]


def test_two_people_over_one_line_end_in_a_question_and_no_loss(officer):
    (row,) = steps(officer, "Database")
    mine, theirs = Step.objects.get(pk=row.pk), Step.objects.get(pk=row.pk)
    actions.change_step(officer, theirs, name="Database", hours=2, by="Jo", book="")
    with pytest.raises(Conflict):
        actions.change_step(officer, mine, name="Database", hours=8, by="", book="")
    with pytest.raises(Conflict):
        actions.end_step(officer, Step(**{**Step.objects.values().get(), "version": 1}))
    assert (Step.objects.get().hours, Step.objects.get().ended_at) == (2, None)


def test_a_page_that_is_older_than_the_line_is_answered_409_with_what_was_typed(practice, officer):
    (row,) = steps(officer, "Database")
    browser = practice.signed_in("officer")
    actions.change_step(officer, Step.objects.get(), name="Database", hours=2, by="Jo", book="")
    sent = {"name": "Database", "hours": 8, "by": "Nobody else", "version": 1}
    answer = browser.post(f"{PAGE}order/{row.pk}/", sent)
    assert answer.status_code == 409
    assert "Nobody else" in answer.content.decode()
    assert browser.post(f"{PAGE}order/{row.pk}/end/", {"version": 1}).status_code == 409
    assert Step.objects.get().hours == 2
    assert browser.post(f"{PAGE}order/{row.pk}/end/", {"version": 2}).status_code == 302
    assert browser.post(f"{PAGE}order/{row.pk}/end/", {"version": 3}).status_code == 404


def test_the_proposed_order_is_taken_once_and_begins_with_records(practice, officer):
    browser = practice.signed_in("officer")
    assert "Begin with this list" in browser.get(PAGE).content.decode()
    assert browser.post(f"{PAGE}order/proposed/").status_code == 302
    assert browser.post(f"{PAGE}order/proposed/").status_code == 409
    assert order() == [one.name for one in starter.order()]
    names = " ".join(order()).casefold()
    said = [names.index(word) for word in ("database", "calendar", "messages", "online booking")]
    assert said == sorted(said)


# Kept and on the log --------------------------------------------------------------------------------------------------


def test_nothing_is_deleted_and_the_log_names_fields_not_values(officer, place):
    row = actions.add_contact(officer, **CONTACT)
    actions.change_contact(officer, row, **{**CONTACT, "phone": "+1 415 555 0177"})
    actions.end_contact(officer, Contact.objects.get())
    test = tried(officer, 3, location=place, passed=False)
    actions.withdraw_trial(officer, test, why="It was the other router.")
    assert Contact.objects.get().ended_at is not None
    assert Version.objects.filter(object_id=row.pk, event="continuity.contact.changed").get().before["phone"]
    events = Entry.objects.filter(event__startswith="continuity.")
    assert {one.event for one in events} == {
        "continuity.contact.added", "continuity.contact.changed", "continuity.contact.ended",
        "continuity.trial.added", "continuity.trial.withdrawn",
    }  # fmt: skip
    changed = events.get(event="continuity.contact.changed")
    assert "phone" in changed.fields
    said = " ".join(f"{one.fields} {one.reason}" for one in events)
    assert not any(word in said for word in ("555", "Bayside", "router", "empty"))


def test_the_page_says_when_it_has_to_be_printed_anew(practice, officer):
    browser = practice.signed_in("officer")
    assert pages.sheet().is_stale
    assert browser.post(f"{PAGE}sheet/").status_code == 302
    assert not pages.sheet().is_stale
    actions.add_contact(officer, **CONTACT)
    assert pages.sheet().is_stale
    assert "Bayside" in browser.get(f"{PAGE}sheet/").content.decode()
    actions.note_print(officer)
    assert not pages.sheet().is_stale
    with writing("time passes"):
        Printing.objects.update(at=timezone.now() - policy.SHEET_EVERY - timedelta(hours=1))
    assert pages.sheet().is_stale


# Who gets in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(RoleKey))
def test_everyone_on_staff_reads_order_and_contacts_and_few_see_the_site(practice, officer, place, role):
    actions.add_contact(officer, **CONTACT)
    steps(officer, "Database")
    enter(officer, place, firm="Keyholder Ltd")
    sees = role in {RoleKey.OWNER, RoleKey.OFFICER, RoleKey.MANAGER, RoleKey.AUDITOR}
    browser = practice.signed_in(role)
    for path in (PAGE, f"{PAGE}sheet/"):
        page = browser.get(path).content.decode()
        assert "Bayside" in page
        assert "Database" in page
        assert ("Keyholder Ltd" in page) == sees
    found = pages.overview(practice.actor(role))
    assert [bool(found.entrants), bool(found.standings)] == [sees, sees], "not even in the page's hands"
    may = role in {RoleKey.OWNER, RoleKey.OFFICER}
    for path in ("order/new/", "contacts/new/", "enter/new/", "tests/new/"):
        assert browser.get(f"{PAGE}{path}").status_code == (200 if may else 403)
    assert browser.post(f"{PAGE}sheet/").status_code == (302 if may else 403)


def test_who_may_only_read_changes_nothing_and_strangers_see_nothing(practice, officer, place):
    (row,) = steps(officer, "Database")
    desk = practice.actor("front_desk")
    for deed in (
        lambda: steps(desk, "Mine"),
        lambda: actions.end_step(desk, row),
        lambda: actions.move_step(desk, row, steps=1, seen=0),
        lambda: tried(desk, 1, location=place),
        lambda: enter(desk, place, firm="Mine"),
        lambda: actions.add_contact(desk, **CONTACT),
    ):
        with pytest.raises(Refused):
            deed()
    assert order() == ["Database"]
    answer = practice.stranger().get(PAGE)
    assert answer.status_code in {302, 401}
    assert "Database" not in answer.content.decode()


def test_a_due_day_is_the_sooner_of_both():
    made = Trial(kind="failover", on=date(2026, 1, 1), is_passed=True)
    assert standing.due_on(made) == date(2026, 7, 3)
    made.next_on = date(2026, 3, 1)
    assert standing.due_on(made) == date(2026, 3, 1)
