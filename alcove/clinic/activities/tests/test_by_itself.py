"""What happens by itself: repeats once a period, causes once each, overdue tasks passed on once each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from alcove.clinic.activities import actions, tasks
from alcove.clinic.activities.models import Line, Repeat, Rhythm, Task, Unit, What
from alcove.clinic.activities.policy import Round
from alcove.clinic.activities.queries import days
from alcove.clinic.activities.queries.staff import Whose
from alcove.clinic.activities.tests.make import added, fresh, opened
from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.tests.need import later, limit
from alcove.clinic.messaging.models import Outgoing
from alcove.clinic.messaging.tests import make as messages
from alcove.clinic.practice.models import Practice
from alcove.project import wiring
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NothingRecorded
from alcove.security.access.models import GlassBreak
from alcove.security.access.policy import Open
from alcove.security.access.writes import writing
from alcove.security.audit import clock
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice, Person


def worker():
    return Actor.job("tasks", Round.RUN, Open.DIRECTORY)


def weekly(practice, **more):
    return added(practice, "Count the fridge", due=0, rhythm=Rhythm(days.today(), 1, Unit.WEEK), **more)


# Repeating ---------------------------------------------------------------------------------------------------------


def test_a_month_that_is_too_short_has_its_last_day_and_the_31st_comes_back():
    rhythm = Rhythm(date(2027, 1, 31), 1, Unit.MONTH)
    assert [rhythm.period(number).isoformat() for number in range(4)] == [
        "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"
    ]  # fmt: skip


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 60), st.sampled_from(Unit))
def test_every_period_comes_after_the_one_before(first, every, unit):
    rhythm = Rhythm(first, every, unit)
    found = [rhythm.period(number) for number in range(30)]
    assert found[0] == first
    assert all(one < after for one, after in zip(found, found[1:], strict=False))


def test_each_period_has_one_task_also_after_weeks_without_a_worker(practice, client_card, monkeypatch):
    weekly(practice, client=client_card, lines=["Write the temperature down"])
    assert tasks.repeat_tasks() == 0
    with later(monkeypatch, days=22):
        assert tasks.repeat_tasks() == 3
        assert tasks.repeat_tasks() == 0
    begun = days.today()
    periods = list(Task.objects.order_by("period_on").values_list("period_on", flat=True))
    assert periods == [begun + timedelta(weeks=week) for week in range(4)]
    with opened(practice, client_card):
        assert {task.title for task in Task.objects.all()} == {"Count the fridge"}
        assert {line.text for line in Line.objects.all()} == {"Write the temperature down"}
    assert Line.objects.count() == 4


def test_the_day_is_the_practices_not_the_servers(practice, monkeypatch):
    with writing("a practice far east"):
        Practice.objects.update(time_zone="Pacific/Auckland")
    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 5, 1, 13, 0, tzinfo=UTC))
    assert days.today() == date(2027, 5, 2)
    with writing("a practice far west"):
        Practice.objects.update(time_zone="Pacific/Honolulu")
    assert days.today() == date(2027, 5, 1)


def test_the_database_refuses_a_second_task_of_a_period_and_of_a_cause(practice):
    first = weekly(practice)
    again = Task(title="Twice", text="", repeat=first.repeat, period_on=first.period_on)
    raised = {"cause": "glass", "cause_key": "once"}
    with writing("two of one"):
        with pytest.raises(IntegrityError), transaction.atomic():
            again.save(force_insert=True)
        Task(title="Once", text="", **raised).save(force_insert=True)
        with pytest.raises(IntegrityError), transaction.atomic():
            Task(title="Twice", text="", **raised).save(force_insert=True)


def test_what_was_ended_comes_no_more(practice, monkeypatch):
    task = weekly(practice)
    actions.end_repeat(practice.actor("front_desk"), task)
    with pytest.raises(actions.Unchanged):
        actions.end_repeat(practice.actor("manager"), task)
    with later(monkeypatch, days=30):
        assert tasks.repeat_tasks() == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_each_period_once(practice, monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("threads cannot share SQLite's in-memory test database; this runs on PostgreSQL")
    weekly(practice)

    def work(_):
        try:
            return tasks.repeat_tasks()
        finally:
            connections.close_all()

    with later(monkeypatch, days=71), ThreadPoolExecutor(4) as pool:
        made = list(pool.map(work, range(4)))
    assert sum(made) == 10
    assert Task.objects.values("period_on").distinct().count() == Task.objects.count() == 11


# Causes ------------------------------------------------------------------------------------------------------------


def register(practice, ends_on, role="practitioner"):
    with writing("a registration"):
        Person.objects.filter(pk=practice.person(role).pk).update(
            registration="RN 1", registration_ends_on=ends_on
        )


def test_a_cause_raises_one_task_however_often_it_is_asked_for(practice):
    said = {"cause": "glass", "key": "0189", "title": "Review it"}
    made = actions.raise_task(worker(), **said)
    assert made.role == practice.roles["officer"]
    with pytest.raises(NothingRecorded):
        actions.raise_task(worker(), **said)
    actions.finish(practice.actor("owner"), made)
    with pytest.raises(NothingRecorded):
        actions.raise_task(worker(), **said)
    assert Task.objects.count() == 1
    with pytest.raises(KeyError):
        actions.raise_task(worker(), cause="whim", key="1", title="Nothing")


def test_a_registration_that_runs_out_makes_one_task_which_is_escalated(practice, monkeypatch):
    practice.person("manager")
    ends_on = days.today() + timedelta(days=20)
    register(practice, ends_on)
    tasks.look_after_tasks()
    tasks.look_after_tasks()
    task = Task.objects.get()
    assert (task.assignee, task.due_on, task.cause) == (
        practice.person("practitioner"),
        ends_on,
        "registration",
    )
    with later(monkeypatch, days=20):
        tasks.look_after_tasks()
        assert fresh(task).escalation == Task.NOBODY_TOLD
    with later(monkeypatch, days=21):
        tasks.look_after_tasks()
        assert fresh(task).escalation == Task.TEAM_TOLD
    assert Task.objects.count() == 1
    register(practice, ends_on + timedelta(days=700))
    tasks.look_after_tasks()
    assert fresh(task).state == Task.State.DONE


def test_emergency_access_waits_as_a_task_until_it_is_reviewed(practice, client_card):
    clients.break_glass(practice.actor("practitioner"), client_card.id, reason="She collapsed at the desk.")
    tasks.look_after_tasks()
    tasks.look_after_tasks()
    task = Task.objects.get(cause="glass")
    assert (task.role.key, task.client_id) == ("officer", None)
    clients.review_glass(
        practice.actor("officer"), GlassBreak.objects.get().id, is_justified=True, finding="As it was said."
    )
    tasks.look_after_tasks()
    assert fresh(task).state == Task.State.DONE


def test_a_message_that_came_back_makes_one_task_about_its_client(practice):
    client = messages.somebody(practice)
    row, other = messages.planned(practice, client), messages.planned(practice, client)
    with writing("a bounce"):
        Outgoing.objects.update(state="bounced", fault="recipient refused")
    for one in (row, row, other):
        wiring.follow_failed_message(
            outgoing=one.id.hex, client=client.id.hex, about=uuid4().hex, kind="booked", why="bounced"
        )
    with opened(practice, client):
        task = Task.objects.get()
        assert (task.title, task.client_id) == ("A message did not arrive: Visit booked", client.id)
        assert task.text.startswith("The mail server refused the address.")
        assert task.role.key == "front_desk"


# Passing on --------------------------------------------------------------------------------------------------------


def late_mail():
    rows = Notice.objects.filter(kind="task_late").order_by("created_at")
    return [(row.person.email, row.content["subject"]) for row in rows]


def test_overdue_tasks_go_to_the_manager_then_to_the_owner_once_each(practice, monkeypatch):
    practice.person("manager")
    task = added(practice, "Send the secret parcel", due=1)
    added(practice, due=1)
    with later(monkeypatch, days=1):
        tasks.escalate_tasks()
    assert late_mail() == []
    with later(monkeypatch, days=2):
        tasks.escalate_tasks()
        tasks.escalate_tasks()
    assert late_mail() == [("manager@clinic.example", "2 tasks are overdue")]
    with later(monkeypatch, days=4):
        tasks.escalate_tasks()
        tasks.escalate_tasks()
    assert late_mail()[1:] == [("owner@clinic.example", "2 tasks are overdue")]
    assert fresh(task).escalation == Task.OWNERS_TOLD
    assert not [row for row in Notice.objects.all() if "parcel" in str(row.content)]


def test_the_open_tasks_of_a_leaver_move_to_the_managers_and_what_repeats_goes_on_there(
    practice, client_card
):
    practice.person("manager")
    leaver = practice.person("prescriber")

    about = added(practice, "Ring them", client=client_card, to="prescriber")
    done = added(practice, "Done before", to="prescriber")
    actions.finish(practice.actor("owner"), done)
    staying = added(practice, "Somebody else's")
    repeating = added(practice, to="prescriber", rhythm=Rhythm(days.today(), 1, Unit.WEEK))
    tasks.move_from_leavers()
    assert fresh(about).assignee_id == leaver.pk
    with writing("leaving"):
        Person.objects.filter(pk=leaver.pk).update(leaves_at=clock.now() - timedelta(seconds=1))
    before = Entry.objects.filter(event="activities.task.moved").count()
    tasks.move_from_leavers()
    tasks.move_from_leavers()
    for task in (about, repeating):
        moved = fresh(task)
        assert (moved.assignee_id, moved.role.key, moved.assigned_by_id) == (None, "manager", None)
    assert Repeat.objects.get().role.key == "manager" and Repeat.objects.get().assignee_id is None
    assert fresh(done).assignee_id == leaver.pk
    assert fresh(staying).assignee_id != leaver.pk
    # Two tasks and what repeats, once each; the log says about which client.
    moves = Entry.objects.filter(event="activities.task.moved")
    assert moves.count() - before == 3
    assert moves.filter(client_id=client_card.pk).count() == 1


def test_a_new_day_begins_a_new_count(practice, monkeypatch):
    practice.person("manager")
    task = added(practice, due=1)
    with later(monkeypatch, days=2):
        tasks.escalate_tasks()

    what = What("Order cannulas", due_on=days.today() + timedelta(days=9))
    mine = Whose(person=practice.person("front_desk"))
    actions.change_task(practice.actor("front_desk"), task, what, whose=mine, version=fresh(task).version)
    assert fresh(task).escalation == Task.NOBODY_TOLD


def test_nobody_hears_of_a_task_about_a_client_hidden_from_them(practice, client_card, monkeypatch):
    practice.person("manager")
    limit(practice, client_card)
    added(practice, by="prescriber", client=client_card, due=1)
    with later(monkeypatch, days=2):
        tasks.escalate_tasks()
    with later(monkeypatch, days=5):
        tasks.escalate_tasks()
    assert late_mail() == []


def test_where_nobody_else_answers_for_the_team_the_owner_hears_at_once(practice, monkeypatch):
    added(practice, due=1)
    with later(monkeypatch, days=2):
        tasks.escalate_tasks()
    assert late_mail() == [("owner@clinic.example", "A task is overdue")]
    assert Task.objects.get().escalation == Task.OWNERS_TOLD


def test_the_rows_of_repeating_tasks_are_sealed(practice, client_card):
    weekly(practice, client=client_card, lines=["Adrenaline"])
    with opened(practice, client_card):
        found = Repeat.objects.get()
        assert (found.title, found.lines) == ("Count the fridge", ["Adrenaline"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT title, lines FROM activities_repeat")
        [row] = cursor.fetchall()
    assert b"fridge" not in bytes(row[0])
    assert b"Adrenaline" not in bytes(row[1])
