"""Tasks: added, given, ticked, ended and opened again; two people at once; what is told outside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from alcove.clinic.activities import actions
from alcove.clinic.activities.models import Comment, Line, Task, What
from alcove.clinic.activities.queries import days, one, seen
from alcove.clinic.activities.queries.staff import Whose
from alcove.clinic.activities.tests.make import added, fresh, opened
from alcove.clinic.clients.tests.need import later, limit
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice
from alcove.security.vault.errors import RecordLocked
from alcove.security.vault.keyring import keyring


def test_what_a_task_about_a_client_says_opens_with_that_clients_key_only(practice, client_card):
    task = added(
        practice, "Ring about the parking", client=client_card, text="After five", lines=["Find number"]
    )
    with keyring(), pytest.raises(RecordLocked):
        _ = fresh(task).title
    with keyring(), pytest.raises(RecordLocked):
        _ = Line.objects.get(task=task).text
    with opened(practice, client_card):
        assert (fresh(task).title, fresh(task).text) == ("Ring about the parking", "After five")


def test_a_task_about_no_client_is_sealed_as_well(practice):
    task = added(practice, "Order cannulas")
    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM activities_task")
        [(stored,)] = cursor.fetchall()
    assert b"cannulas" not in bytes(stored)
    assert fresh(task).title == "Order cannulas"


def test_the_card_lists_open_tasks_in_the_order_of_every_list(practice, client_card):
    for due, urgent in ((None, False), (2, False), (-1, False), (2, True), (None, True), (-3, True)):
        added(practice, client=client_card, due=due, is_urgent=urgent)
    done = added(practice, client=client_card)
    with opened(practice, client_card) as actor:
        actions.finish(actor, done)
        shown = [row.task.pk for row in seen.of_client(actor, client_card)]
    everywhere = seen.in_state(Task.objects.filter(client_id=client_card.id), "", days.today())
    assert shown == [one.pk for one in everywhere]
    assert len(shown) == 6


def test_a_form_that_comes_twice_makes_one_task(practice):
    task = added(practice)
    with pytest.raises(actions.Again):
        added(practice, task_id=task.pk)
    assert Task.objects.count() == 1


def test_nobody_is_given_a_client_they_may_not_open(practice, client_card):
    with pytest.raises(actions.CannotOpen, match="Bookkeeper Tester may not open this client"):
        added(practice, client=client_card, to="bookkeeper")
    with pytest.raises(actions.CannotOpen, match="The role Bookkeeper opens no clients"):
        added(practice, client=client_card, role="bookkeeper")
    limit(practice, client_card)
    with pytest.raises(actions.CannotOpen):
        added(practice, by="prescriber", client=client_card, to="practitioner")
    assert added(practice, by="prescriber", client=client_card).assignee == practice.person("prescriber")


def test_whoever_is_given_a_task_is_told_so_without_a_word_of_it(practice, client_card):
    added(practice, "Ring about the swelling", to="practitioner", client=client_card)
    added(practice, "Another", to="practitioner")
    [notice] = Notice.objects.filter(person=practice.person("practitioner"), kind="task_given")
    assert notice.content["subject"] == "You have a task"
    said = str(notice.content)
    assert not [word for word in ("swelling", "Müller", "Catherine", client_card.id.hex) if word in said]
    added(practice, "Mine")
    assert not Notice.objects.filter(person=practice.person("front_desk"), kind="task_given").exists()


def test_done_can_be_undone_and_opened_again_later(practice, monkeypatch):
    task, desk = added(practice), practice.actor("front_desk")
    actions.finish(desk, task)
    assert one.is_undoable(desk, fresh(task))
    assert one.just_ended(desk) == task
    assert not one.is_undoable(practice.actor("manager"), fresh(task))
    with later(monkeypatch, seconds=31):
        assert not one.is_undoable(desk, fresh(task))
        assert one.just_ended(desk) is None
        actions.reopen(desk, task)
    found = fresh(task)
    assert (found.state, found.ended_at, found.ended_by_id) == ("open", None, None)
    assert [deed.words for deed in one.whole(desk, found).deeds] == [
        "opened a task again",
        "finished a task",
        "added a task",
    ]


def test_a_task_that_somebody_ended_stays_as_they_left_it(practice):
    task = added(practice)
    actions.drop(practice.actor("manager"), task)
    with pytest.raises(actions.Unchanged):
        actions.drop(practice.actor("front_desk"), task)
    with pytest.raises(Conflict, match="Somebody ended this task meanwhile"):
        actions.finish(practice.actor("front_desk"), task)
    assert fresh(task).ended_by_id == practice.person("manager").pk


def test_a_change_over_somebody_elses_is_refused(practice):
    task, desk = added(practice, due=3), practice.actor("front_desk")
    mine = Whose(person=practice.person("front_desk"))
    actions.change_task(desk, task, What("Order 25G cannulas", due_on=task.due_on), whose=mine, version=1)
    with pytest.raises(Conflict, match="Someone else changed this"):
        actions.change_task(desk, task, What("Order needles"), whose=mine, version=1)
    with pytest.raises(actions.Unchanged):
        actions.change_task(desk, task, What("Order 25G cannulas", due_on=task.due_on), whose=mine, version=2)
    assert fresh(task).title == "Order 25G cannulas"


def test_who_ticked_first_stands_beside_the_step(practice):
    task = added(practice, lines=["Adrenaline", "Hyaluronidase"])
    first, second = Line.objects.filter(task=task)
    actions.tick(practice.actor("front_desk"), task, first.pk)
    with pytest.raises(actions.Unchanged):
        actions.tick(practice.actor("manager"), task, first.pk)
    steps = one.whole(practice.actor("manager"), fresh(task)).steps
    assert [(step.text, step.line.ticked_at is not None) for step in steps] == [
        ("Adrenaline", True), ("Hyaluronidase", False)
    ]  # fmt: skip
    assert steps[0].who == practice.person("front_desk").name
    actions.untick(practice.actor("manager"), task, first.pk)
    with pytest.raises(actions.Unchanged):
        actions.untick(practice.actor("manager"), task, second.pk)
    with pytest.raises(NotFound):
        actions.tick(practice.actor("manager"), added(practice), first.pk)


def test_a_comment_stays_with_its_author(practice):
    task = added(practice)
    actions.comment(practice.actor("manager"), task, text="They deliver on Thursday")
    [said] = one.whole(practice.actor("front_desk"), fresh(task)).comments
    assert (said.text, said.who) == ("They deliver on Thursday", practice.person("manager").name)
    assert Comment.objects.get().author_id == practice.person("manager").pk


def test_every_deed_is_on_the_log_without_a_word(practice, client_card):
    task = added(practice, "Ring about the swelling", client=client_card, lines=["Look at the photo"])
    with opened(practice, client_card) as desk:
        actions.tick(desk, task, Line.objects.get(task=task).pk)
        actions.comment(desk, task, text="No answer yet")
        actions.finish(desk, task)
    found = Entry.objects.filter(client_id=client_card.id, event__startswith="activities.")
    assert sorted(found.values_list("event", flat=True)) == [
        "activities.comment.added", "activities.line.ticked", "activities.task.added", "activities.task.done"
    ]  # fmt: skip
    assert not [entry for entry in found if "swelling" in f"{entry.fields} {entry.object}"]


def test_the_auditor_changes_no_task(practice):
    with pytest.raises(Refused):
        actions.finish(practice.actor("auditor"), added(practice))


@pytest.mark.django_db(transaction=True)
def test_of_four_who_finish_and_tick_at_once_one_did_it(practice):
    if connection.vendor == "sqlite":
        pytest.skip("threads cannot share SQLite's in-memory test database; this runs on PostgreSQL")
    task = added(practice, lines=["Adrenaline"])
    line_id = Line.objects.get(task=task).pk
    actors = [practice.actor(role) for role in ("owner", "manager", "front_desk", "practitioner")]

    def press(actor):
        told = []
        try:
            for deed in (lambda: actions.tick(actor, task, line_id), lambda: actions.finish(actor, task)):
                try:
                    deed()
                    told.append("did it")
                except actions.Unchanged:
                    told.append("was late")
        finally:
            connections.close_all()
        return tuple(told)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(press, actors))
    for deed in zip(*told, strict=True):
        assert sorted(deed) == ["did it", "was late", "was late", "was late"]
    assert Entry.objects.filter(event="activities.task.done").count() == 1
    assert Entry.objects.filter(event="activities.line.ticked").count() == 1
    assert fresh(task).ended_at - fresh(task).created_at < timedelta(minutes=5)
